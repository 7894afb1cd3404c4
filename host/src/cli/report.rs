//! What is told on stderr: errors, warnings, accounts.

use std::io::Write;

use anstyle::{AnsiColor, Style};

use super::args::StatsForm;
use crate::alert::encode::printable;
use crate::pipeline::{Finding, Stats};
use crate::problem::Problem;

/// Damaged records that are told one by one.
const DAMAGE_SHOWN_MAX: usize = 5;

fn tell(colour: AnsiColor, word: &str, text: &str) {
    let style = Style::new().bold().fg_color(Some(colour.into()));
    // Nothing can be told when stderr is gone.
    let _ = writeln!(anstream::stderr(), "{style}{word}:{style:#} {}", printable(text));
}

pub(super) fn error(problem: &Problem) {
    tell(AnsiColor::Red, "error", &problem.to_string());
}

pub(super) fn warning(problem: &Problem) {
    tell(AnsiColor::Yellow, "warning", &problem.to_string());
}

/// Tells of unknown inputs, of the first damaged records, and how many there are.
pub(super) fn findings(findings: &[Finding], damaged_count: u64) {
    let mut shown = 0;
    for finding in findings {
        match finding {
            Finding::Unrecognised { name } => warning(
                &Problem::new("its format is not known, it was read as text")
                    .at(name)
                    .hint("name it with --format if you know it"),
            ),
            Finding::Damaged { reason, place, .. } if shown < DAMAGE_SHOWN_MAX => {
                shown += 1;
                warning(&Problem::new(format!("damaged record: {reason}")).at(place));
            }
            Finding::Damaged { .. } => {}
        }
    }
    if damaged_count > shown as u64 {
        let what = format!("{} more damaged records", damaged_count - shown as u64);
        warning(&Problem::new(what).hint("`logwasp parse --damaged` lists them"));
    }
}

/// The ledger and the speed.
pub(super) fn stats(stats: &Stats, form: StatsForm) {
    let text = match form {
        StatsForm::None => return,
        StatsForm::Json => json(stats).to_string(),
        StatsForm::Text => text(stats),
    };
    let _ = writeln!(anstream::stderr(), "{text}");
}

fn text(stats: &Stats) -> String {
    let ledger = &stats.ledger;
    let seconds = stats.elapsed.as_secs_f64().max(1e-9);
    let lines = [
        format!(
            "{} {}, {} in {:.2} s ({}/s; {:.2} s of CPU)",
            stats.inputs,
            if stats.inputs == 1 { "input" } else { "inputs" },
            bytes(ledger.bytes_in),
            seconds,
            bytes((ledger.bytes_in as f64 / seconds) as u64),
            stats.cpu.as_secs_f64(),
        ),
        format!(
            "bytes    {} in = {} skipped by scan (damage in there is not counted) + {} of records",
            ledger.bytes_in, ledger.bytes_skipped, ledger.bytes_records
        ),
        format!(
            "records  {} = {} decoded + {} damaged",
            ledger.records, ledger.decoded, ledger.damaged
        ),
        format!(
            "rows     {} matched (of {} events) = {} delivered + {} quarantined",
            stats.rows_matched, ledger.events_matched, stats.rows_delivered, stats.rows_quarantined
        ),
        format!(
            "alerts   {} raised = {} delivered + {} pending",
            stats.alerts_raised,
            stats.alerts_delivered,
            stats.alerts_raised - stats.alerts_delivered
        ),
    ];
    let future = (stats.future_times > 0).then(|| {
        format!("times    {} probes lie in the future and moved nothing", stats.future_times)
    });
    let balance = (!stats.is_balanced()).then(|| "the ledger does NOT balance".to_owned());
    lines.into_iter().chain(future).chain(balance).collect::<Vec<_>>().join("\n")
}

fn json(stats: &Stats) -> serde_json::Value {
    let ledger = &stats.ledger;
    serde_json::json!({
        "inputs": stats.inputs,
        "bytes_read": stats.bytes_read,
        "bytes_in": ledger.bytes_in,
        "bytes_skipped": ledger.bytes_skipped,
        "bytes_records": ledger.bytes_records,
        "records": ledger.records,
        "decoded": ledger.decoded,
        "damaged": ledger.damaged,
        "events_matched": ledger.events_matched,
        "rows_matched": stats.rows_matched,
        "rows_delivered": stats.rows_delivered,
        "rows_quarantined": stats.rows_quarantined,
        "alerts_raised": stats.alerts_raised,
        "alerts_delivered": stats.alerts_delivered,
        "alerts_pending": stats.alerts_raised - stats.alerts_delivered,
        "future_times": stats.future_times,
        "balanced": stats.is_balanced(),
        "elapsed_s": stats.elapsed.as_secs_f64(),
        "cpu_s": stats.cpu.as_secs_f64(),
    })
}

/// `1.23 GB`
fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let mut value = count as f64;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1_000.0;
        unit += 1;
    }
    let name = UNITS.get(unit).copied().unwrap_or_default();
    // Three digits are all that a person compares.
    match value {
        _ if unit == 0 => format!("{count} {name}"),
        ..9.995 => format!("{value:.2} {name}"),
        ..99.95 => format!("{value:.1} {name}"),
        _ => format!("{value:.0} {name}"),
    }
}
