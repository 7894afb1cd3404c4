//! The page: its head, its sections in their order, its end.

use std::fmt::{self, Write as _};
use std::io::{self, Write};

use logwasp_core::time::to_rfc3339;

use super::cases::{Case, Cases, Role};
use super::evidence::Records;
use super::excerpt::Excerpts;
use super::html::text;
use super::policy::policy;
use super::shape::badge;
use super::story::story;
use super::timeline::{LANES_MAX, timeline};
use super::words::{count_of, counted};
use super::{Report, account, rest};
use crate::alert::Severity;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// Detectors that can be filtered by.
const DETECTORS_MAX: usize = 100;
const NAME_CHARS_MAX: usize = 100;

/// Writes the page, story by story.
pub(super) fn write(out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
    let cases = Cases::new(&report.outcome.alerts, report.alerts_max);
    let records =
        Records { sources: &report.outcome.sources, excerpts: Excerpts::new(report.inputs) };
    in_memory(out, |text| write_head(text, &cases))?;
    in_memory(out, |text| write_summary(text, report, &cases))?;
    write_stories(out, &cases, records)?;
    in_memory(out, |text| rest::write(text, &cases.rest))?;
    in_memory(out, |text| write_end(text, report))
}

/// Writes a part that is known to be small.
fn in_memory(
    out: &mut dyn Write,
    write: impl FnOnce(&mut String) -> fmt::Result,
) -> io::Result<()> {
    let mut text = String::new();
    write(&mut text).map_err(io::Error::other)?;
    out.write_all(text.as_bytes())
}

fn write_head(out: &mut String, cases: &Cases<'_>) -> fmt::Result {
    writeln!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <meta name=\"generator\" content=\"logwasp {}\">\n\
         <title>logwasp report: {}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#stories\">To the stories</a>",
        policy(STYLE, SCRIPT),
        env!("CARGO_PKG_VERSION"),
        summary(cases)
    )
}

/// `5 alerts, 2 high, 2 medium, 1 noise`
fn summary(cases: &Cases<'_>) -> String {
    let mut parts = vec![count_of(cases.count(), "alert")];
    for (severity, count) in cases.severities.iter().filter(|(_, count)| *count > 0) {
        parts.push(format!("{} {}", counted(*count), severity.name()));
    }
    if cases.noise > 0 {
        parts.push(format!("{} noise", counted(cases.noise)));
    }
    parts.join(", ")
}

fn write_summary(out: &mut String, report: &Report<'_>, cases: &Cases<'_>) -> fmt::Result {
    writeln!(
        out,
        "<header>\n<h1>logwasp report</h1>\n<p>Made <time>{}</time> by logwasp {}. All times are UTC.</p>\n</header>\n\
         <main>\n<section aria-labelledby=\"h-found\">\n<h2 id=\"h-found\">What was found</h2>",
        to_rfc3339(report.made_nanos).get(..19).unwrap_or_default().replace('T', " "),
        env!("CARGO_PKG_VERSION"),
    )?;
    write_totals(out, cases)?;
    if !cases.shown.is_empty() {
        write_timeline(out, cases)?;
    }
    out.push_str("</section>\n<section aria-labelledby=\"h-read\">\n");
    account::write(out, report)?;
    out.push_str("</section>\n");
    write_filter(out, cases)
}

fn write_totals(out: &mut String, cases: &Cases<'_>) -> fmt::Result {
    if cases.count() == 0 {
        out.push_str("<p>No alert was raised.</p>\n");
        return Ok(());
    }
    out.push_str("<ul class=\"totals\">\n");
    for (severity, count) in cases.severities.iter().filter(|(_, count)| *count > 0) {
        writeln!(out, "<li><strong>{}</strong> {}</li>", counted(*count), badge(*severity))?;
    }
    if cases.noise > 0 {
        writeln!(out, "<li><strong>{}</strong> noise</li>", counted(cases.noise))?;
    }
    out.push_str("</ul>\n");
    Ok(())
}

fn write_timeline(out: &mut String, cases: &Cases<'_>) -> fmt::Result {
    out.push_str(
        "<figure>\n<div class=\"wide lanes\" role=\"region\" aria-label=\"Time axis\" tabindex=\"0\">\n",
    );
    out.push_str(&timeline(&cases.shown));
    out.push_str(
        "</div>\n<figcaption>Each lane is an alert, from its first to its last event; dots are evidence. \
         A lane leads to its story. ",
    );
    if let Some(hidden @ 1..) = cases.shown.len().checked_sub(LANES_MAX) {
        write!(out, "{} more without a lane are below. ", count_of(hidden as u64, "alert"))?;
    }
    out.push_str("</figcaption>\n</figure>\n");
    Ok(())
}

/// Shown by the script, which does the work.
fn write_filter(out: &mut String, cases: &Cases<'_>) -> fmt::Result {
    let mut detectors: Vec<&str> = cases.shown.iter().map(|case| &*case.told.detector).collect();
    detectors.sort_unstable();
    detectors.dedup();
    let has =
        |severity: &Severity| cases.shown.iter().any(|case| case.told.alert.severity == *severity);
    let severities: Vec<Severity> = Severity::ALL.into_iter().rev().filter(has).collect();
    if cases.shown.len() < 2 {
        return Ok(());
    }
    out.push_str("<form id=\"filter\" aria-label=\"Filter\" hidden>\n<fieldset><legend>Only severity</legend>\n");
    for severity in severities {
        let (name, badge) = (severity.name(), badge(severity));
        writeln!(
            out,
            "<label><input type=\"checkbox\" name=\"severity\" value=\"{name}\"> {badge}</label>"
        )?;
    }
    out.push_str("</fieldset>\n<fieldset><legend>Only detector</legend>\n");
    for detector in detectors.into_iter().take(DETECTORS_MAX) {
        let name = text(detector, NAME_CHARS_MAX);
        writeln!(
            out,
            "<label><input type=\"checkbox\" name=\"detector\" value=\"{name}\"> {name}</label>"
        )?;
    }
    out.push_str("</fieldset>\n<p><output id=\"told\"></output></p>\n</form>\n");
    Ok(())
}

fn write_stories(
    out: &mut dyn Write,
    cases: &Cases<'_>,
    mut records: Records<'_>,
) -> io::Result<()> {
    out.write_all(b"<div id=\"stories\">\n")?;
    let sections = cases.shown.chunk_by(|one, next| section_of(one) == section_of(next));
    for section in sections {
        let Some(first) = section.first() else { continue };
        let (begin, end) = frame(section_of(first), section);
        out.write_all(begin.as_bytes())?;
        for case in section {
            out.write_all(story(case, &mut records).as_bytes())?;
        }
        out.write_all(end.as_bytes())?;
    }
    out.write_all(b"</div>\n")
}

/// Members stand in the section of incidents.
fn section_of(case: &Case<'_>) -> Role {
    match case.role {
        Role::Member => Role::Incident,
        role => role,
    }
}

/// What stands before and behind the stories of a section.
fn frame(role: Role, section: &[Case<'_>]) -> (String, &'static str) {
    let count = |role| section.iter().filter(|case| case.role == role).count() as u64;
    let of = count_of(count(role), "alert");
    let (id, title) = match role {
        Role::Incident | Role::Member => {
            let of = count_of(count(Role::Incident), "incident");
            ("h-incidents", format!("{of}: alerts that are one story"))
        }
        Role::Single => ("h-alerts", of),
        Role::Noise => {
            let begin = format!(
                "<details class=\"group noise\">\n<summary><h2>Noise: {of} that need nobody</h2></summary>\n"
            );
            return (begin, "</details>\n");
        }
    };
    let begin = format!(
        "<section class=\"group\" aria-labelledby=\"{id}\">\n<h2 id=\"{id}\">{title}</h2>\n"
    );
    (begin, "</section>\n")
}

fn write_end(out: &mut String, report: &Report<'_>) -> fmt::Result {
    writeln!(
        out,
        "</main>\n<footer>\n<p>Texts are as the logs and the detectors said them; what cannot be seen is \
         shown by its code, as \u{2039}U+202E\u{203a}. At most {} are told in full. This page loads nothing \
         and sends nothing.</p>\n</footer>\n<script>{SCRIPT}</script>\n</body>\n</html>",
        count_of(report.alerts_max as u64, "alert")
    )
}
