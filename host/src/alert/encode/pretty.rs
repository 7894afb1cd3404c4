//! An alert as a person reads it: what, who, since when, why we think so, what to
//! do.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style as Ansi};

use super::{grouped, printable, short_time};
use crate::alert::{Identified, Severity};
use crate::record::Sources;

/// How wide, and whether with colours.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// Columns of the terminal.
    pub width: usize,
    /// Colours for the severity.
    pub colour: bool,
}

const INDENT: &str = "          ";

/// Evidence lines that are shown; the rest is counted.
const EVIDENCE_SHOWN_MAX: usize = 8;

/// The alert as a few lines of text.
pub fn pretty(told: &Identified, sources: &Sources, style: Style) -> String {
    let alert = &told.alert;
    let mut out = String::new();
    let (on, off) = colour(alert.severity, style);
    let severity = alert.severity.name().to_uppercase();
    let title = wrapped(&alert.title, style.width, "");
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{on}{severity:<8}{off}  {}", title.trim_start());
    let noise = if alert.noise { ", noise" } else { "" };
    let _ = writeln!(
        out,
        "{INDENT}{}.{} (confidence {}{noise})",
        told.detector,
        alert.rule,
        alert.confidence.name()
    );
    let _ = writeln!(
        out,
        "{INDENT}{} .. {}, {} {}",
        short_time(alert.first_seen),
        short_time(alert.last_seen),
        alert.count,
        if alert.count == 1 { "event" } else { "events" }
    );
    for pairs in [&alert.entities, &alert.attributes, &alert.labels] {
        paragraph(&mut out, &in_a_row(pairs), style);
    }
    if !alert.attack.is_empty() {
        paragraph(&mut out, &format!("ATT&CK {}", alert.attack.join(", ")), style);
    }
    paragraph(&mut out, &alert.description, style);
    if !alert.remediation.is_empty() {
        paragraph(&mut out, &format!("What to do: {}", alert.remediation), style);
    }
    for evidence in alert.evidence.iter().take(EVIDENCE_SHOWN_MAX) {
        let (time, source) = (short_time(evidence.time), sources.resolve(evidence.record));
        let _ = writeln!(out, "{INDENT}| {time}  {}", printable(&evidence.summary));
        let _ = writeln!(out, "{INDENT}|   {}", printable(&source));
    }
    let hidden = alert.evidence.len().saturating_sub(EVIDENCE_SHOWN_MAX);
    if hidden > 0 {
        let _ = writeln!(out, "{INDENT}| ... and {hidden} more");
    }
    out
}

fn colour(severity: Severity, style: Style) -> (String, String) {
    if !style.colour {
        return (String::new(), String::new());
    }
    let colour = match severity {
        Severity::Info => AnsiColor::Cyan,
        Severity::Low => AnsiColor::Green,
        Severity::Medium => AnsiColor::Yellow,
        Severity::High => AnsiColor::Red,
        Severity::Critical => AnsiColor::BrightRed,
    };
    let ansi = Ansi::new().bold().fg_color(Some(colour.into()));
    (ansi.render().to_string(), ansi.render_reset().to_string())
}

/// `user=user1  src_ip=a, b`
fn in_a_row(pairs: &[(String, String)]) -> String {
    let groups = grouped(pairs);
    let texts = groups.iter().map(|(name, values)| format!("{name}={}", values.join(", ")));
    texts.collect::<Vec<_>>().join("  ")
}

fn paragraph(out: &mut String, text: &str, style: Style) {
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let _ = writeln!(out, "{}", wrapped(line, style.width, INDENT));
    }
}

fn wrapped(text: &str, width: usize, indent: &str) -> String {
    let options = textwrap::Options::new(width.max(40))
        .initial_indent(INDENT)
        .subsequent_indent(INDENT)
        .break_words(false);
    let filled = textwrap::fill(&printable(text), options);
    if indent.is_empty() { filled.trim_start().to_owned() } else { filled }
}
