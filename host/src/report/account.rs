//! The account: what was read, the ledger in words, and what this page cannot know.

use std::fmt::{self, Write as _};

use super::Report;
use super::html::text;
use super::words::{count_of, counted, span};
use crate::pipeline::{Finding, Stats};

const LINE_CHARS_MAX: usize = 1_000;
/// Inputs that are named.
const INPUTS_MAX: usize = 200;
/// Troubles of one kind that are told one by one.
const TROUBLES_MAX: usize = 20;

/// Inputs, the span of time, and the ledger.
pub(super) fn write(out: &mut String, report: &Report<'_>) -> fmt::Result {
    let stats = &report.outcome.stats;
    out.push_str("<h2 id=\"h-read\">What was read</h2>\n<dl class=\"facts\">\n");
    writeln!(
        out,
        "<div><dt>Read</dt><dd>{}, {}</dd></div>",
        count_of(stats.inputs, "input"),
        count_of(stats.ledger.bytes_in, "byte")
    )?;
    let covered = match (stats.oldest, stats.newest) {
        (Some(oldest), Some(newest)) => span(oldest, newest),
        _ => "no record with a time of its own".to_owned(),
    };
    writeln!(out, "<div><dt>Time covered</dt><dd>{covered}</dd></div>\n</dl>")?;
    write_inputs(out, report.outcome.sources.names())?;
    out.push_str("<ul class=\"ledger\">\n");
    for sentence in sentences(stats) {
        writeln!(out, "<li>{sentence}</li>")?;
    }
    out.push_str("</ul>\n");
    write_troubles(out, report)
}

fn write_inputs(out: &mut String, names: &[String]) -> fmt::Result {
    if names.is_empty() {
        return Ok(());
    }
    out.push_str("<details><summary>The inputs</summary>\n<ul>\n");
    for name in names.iter().take(INPUTS_MAX) {
        writeln!(out, "<li><code>{}</code></li>", text(name, LINE_CHARS_MAX))?;
    }
    if let Some(hidden @ 1..) = names.len().checked_sub(INPUTS_MAX) {
        writeln!(out, "<li>and {} more</li>", counted(hidden as u64))?;
    }
    out.push_str("</ul>\n</details>\n");
    Ok(())
}

/// The ledger, a sentence a line.
fn sentences(stats: &Stats) -> Vec<String> {
    let ledger = &stats.ledger;
    let records = format!(
        "{} of the bytes are of {} that a detector might want; the other {} were passed over \
         unread, so damage in there is not counted.",
        counted(ledger.bytes_records),
        count_of(ledger.records, "record"),
        counted(ledger.bytes_skipped)
    );
    let decoded = format!(
        "Of the records {} could be read and {} could not (damaged).",
        counted(ledger.decoded),
        counted(ledger.damaged)
    );
    let rows = format!(
        "{} matched what a detector asked for: {} delivered, {} not taken by detectors that were stopped.",
        count_of(stats.rows_matched, "row"),
        counted(stats.rows_delivered),
        counted(stats.rows_quarantined)
    );
    let alerts = format!(
        "{} raised, every revision counted; this page tells the newest of each.",
        count_of(stats.alerts_raised, "alert")
    );
    let balance = match stats.is_balanced() {
        true => "The ledger balances: all that came in is accounted for.",
        false => "The ledger does <strong>not</strong> balance: do not trust the counts.",
    };
    let mut sentences = vec![records, decoded, rows, alerts, balance.to_owned()];
    if stats.future_times > 0 {
        let times = count_of(stats.future_times, "time");
        sentences
            .push(format!("{times} looked at lie in the future and were left out of the span."));
    }
    sentences
}

/// Troubles of one kind.
struct Troubles {
    what: &'static str,
    /// Whether alerts are sure to lack something for it: then it is not folded away.
    is_grave: bool,
    count: u64,
    lines: Vec<String>,
}

impl Troubles {
    fn new(what: &'static str, is_grave: bool, mut lines: impl Iterator<Item = String>) -> Self {
        let first: Vec<String> = lines.by_ref().take(TROUBLES_MAX).collect();
        let count = (first.len() + lines.count()) as u64;
        Self { what, is_grave, count, lines: first }
    }
}

/// What could not be read, and who was stopped: the page may lack something for it.
fn troubles(report: &Report<'_>) -> Vec<Troubles> {
    let outcome = report.outcome;
    let stopped = outcome.faulted.iter().map(|faulted| {
        format!("{}: {}; its alerts are incomplete", faulted.detector, faulted.fault)
    });
    let problems = report.problems.iter().chain(&outcome.problems);
    let unread = problems.map(|problem| match &problem.place {
        Some(place) => format!("{place}: {}", problem.what),
        None => problem.what.clone(),
    });
    let unknown = outcome.findings.iter().filter_map(|finding| match finding {
        Finding::Unrecognised { name } => Some(name.clone()),
        Finding::Damaged { .. } => None,
    });
    let damaged = outcome.findings.iter().filter_map(|finding| match finding {
        Finding::Damaged { reason, place, .. } => Some(format!("{place}: {reason}")),
        Finding::Unrecognised { .. } => None,
    });
    let mut damaged = Troubles::new("Damaged records", false, damaged);
    damaged.count = damaged.count.max(outcome.stats.ledger.damaged);
    let all = [
        Troubles::new("Detectors that were stopped", true, stopped),
        Troubles::new("Inputs that could not be read to their end", true, unread),
        Troubles::new("Inputs of unknown format, read as text", false, unknown),
        damaged,
    ];
    all.into_iter().filter(|troubles| troubles.count > 0).collect()
}

fn write_troubles(out: &mut String, report: &Report<'_>) -> fmt::Result {
    let all = troubles(report);
    if all.is_empty() {
        return Ok(());
    }
    out.push_str("<h3>What this page may lack</h3>\n");
    for Troubles { what, is_grave, count, lines } in &all {
        let open = if *is_grave { " open" } else { "" };
        let count_text = counted(*count);
        writeln!(out, "<details{open}><summary>{what}: {count_text}</summary>\n<ul>")?;
        for line in lines {
            writeln!(out, "<li>{}</li>", text(line, LINE_CHARS_MAX))?;
        }
        if let Some(hidden @ 1..) = count.checked_sub(lines.len() as u64) {
            writeln!(out, "<li>and {} more</li>", counted(hidden))?;
        }
        out.push_str("</ul>\n</details>\n");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: accounts that balance, and accounts that do not.
    /// Guarantees: the words say which.
    #[test]
    fn the_ledger_is_told_in_words() {
        let mut stats = Stats { rows_matched: 1_234, rows_delivered: 1_234, ..Stats::default() };
        let told = sentences(&stats).join(" ");
        assert!(told.contains("1,234 rows matched") && told.contains("ledger balances"), "{told}");
        assert!(!told.contains("future"));
        stats.rows_delivered = 1_000;
        stats.future_times = 1;
        let told = sentences(&stats).join(" ");
        assert!(
            told.contains("<strong>not</strong> balance") && told.contains("1 time looked at"),
            "{told}"
        );
    }
}
