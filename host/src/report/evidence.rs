//! Evidence: the records that support an alert, and what stands in them.

use std::fmt::{self, Write as _};

use super::excerpt::Excerpts;
use super::html::text;
use super::words::counted;
use crate::alert::encode::short_time;
use crate::alert::{Evidence, Identified};
use crate::record::Sources;

/// Characters of one summary, and of the name of a place.
const SUMMARY_CHARS_MAX: usize = 1_000;
/// Characters of raw text: an excerpt is no longer.
const RAW_CHARS_MAX: usize = 4_000;

/// Where evidence is looked up.
pub(super) struct Records<'a> {
    /// The names of the sources.
    pub sources: &'a Sources,
    /// Their text.
    pub excerpts: Excerpts<'a>,
}

/// Writes the evidence of an alert, until the story has so many bytes; what does not
/// fit is counted.
pub(super) fn write(
    out: &mut String,
    told: &Identified,
    records: &mut Records<'_>,
    story_bytes_max: usize,
) -> fmt::Result {
    let all = &told.alert.evidence;
    if all.is_empty() {
        return Ok(());
    }
    out.push_str("<h4>Why we think so</h4>\n<ol class=\"evidence\">\n");
    let mut shown = 0;
    for evidence in all {
        if out.len() >= story_bytes_max {
            break;
        }
        write_one(out, evidence, records)?;
        shown += 1;
    }
    out.push_str("</ol>\n");
    if shown < all.len() {
        let hidden = counted((all.len() - shown) as u64);
        writeln!(out, "<p class=\"note\">{hidden} more pieces of evidence are not shown.</p>")?;
    }
    Ok(())
}

fn write_one(out: &mut String, evidence: &Evidence, records: &mut Records<'_>) -> fmt::Result {
    writeln!(
        out,
        "<li><time>{}</time> <span class=\"said\">{}</span> <code class=\"place\">{}</code>",
        short_time(evidence.time),
        text(&evidence.summary, SUMMARY_CHARS_MAX),
        text(&records.sources.resolve(evidence.record), SUMMARY_CHARS_MAX)
    )?;
    let place = records.sources.place(evidence.record);
    if let Some(raw) = place.and_then(|(input, offset)| records.excerpts.at(input, offset)) {
        // A line end right behind the tag is no part of the text.
        writeln!(
            out,
            "<details class=\"raw\"><summary>The record{}</summary><pre>\n{}{}</pre></details>",
            if raw.is_decoded { ", decoded" } else { " itself" },
            text(&raw.text, RAW_CHARS_MAX),
            if raw.is_cut { "\u{2026} [the record goes on]" } else { "" }
        )?;
    }
    out.push_str("</li>\n");
    Ok(())
}
