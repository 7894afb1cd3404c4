//! The explanation as a person reads it.

use std::fmt::Write as _;

use logwasp_core::event::Kind;

use super::survey::{NearMiss, SeenRecord, Sighted, Watched};
use super::{Asked, Explanation, logs, rule_name, words};
use crate::alert::encode::{pretty, printable, short_time};
use crate::pipeline::reasons::{Reasons, Told};
use crate::record::Sources;

/// Characters of a value that are shown.
const VALUE_CHARS_MAX: usize = 120;
/// Rules and keys of one detector that are shown.
const SUBJECTS_SHOWN_MAX: usize = 200;
/// Event ids of the input that are shown.
const EVENT_IDS_SHOWN_MAX: usize = 12;

/// The whole explanation. Writing to a String cannot fail.
pub fn text(explanation: &Explanation<'_>) -> String {
    let mut out = input(explanation);
    for asked in explanation.detectors {
        let _ = write!(out, "\n{}: {}\n", asked.name, printable(&asked.summary));
        subscriptions(&mut out, asked, explanation);
        decisions(&mut out, asked, explanation);
        verdict(&mut out, asked, explanation);
    }
    out
}

/// What was read.
fn input(explanation: &Explanation<'_>) -> String {
    let report = explanation.report;
    let formats = report.formats.iter().map(|(format, count)| format!("{} {count}", format.name()));
    let formats = formats.collect::<Vec<_>>().join(", ");
    let kinds = kinds(explanation);
    let mut ids: Vec<_> = report.event_ids.iter().collect();
    ids.sort_by_key(|(id, count)| (std::cmp::Reverse(**count), **id));
    let hidden = ids.len().saturating_sub(EVENT_IDS_SHOWN_MAX);
    let ids = ids.iter().take(EVENT_IDS_SHOWN_MAX);
    let ids = ids.map(|(id, count)| format!("{id} ({count})")).collect::<Vec<_>>().join(", ");
    let mut out = format!("Input\n  formats    {}\n", or_none(&formats));
    let _ = writeln!(out, "  events     {}", or_none(&kinds));
    if !ids.is_empty() {
        let more = if hidden > 0 { format!(" and {hidden} more") } else { String::new() };
        let _ = writeln!(out, "  event ids  {ids}{more}");
    }
    for format in report.formats.keys() {
        let needed = report.watched.iter().filter(|watched| words::is_read_fully(watched, *format));
        let needed = needed.map(|watched| format!("{} [{}]", watched.detector, watched.number));
        let needed = needed.collect::<Vec<_>>().join(", ");
        if !needed.is_empty() {
            let _ = writeln!(out, "  in full    {}, for {}", format.name(), printable(&needed));
        }
    }
    let about = explanation.entities.0.iter();
    let about = about.map(|entity| format!("{}={}", entity.name, printable(&entity.written)));
    let about = about.collect::<Vec<_>>().join("  ");
    if !about.is_empty() {
        let _ = writeln!(out, "  asked for  {about}");
    }
    out
}

fn kinds(explanation: &Explanation<'_>) -> String {
    let kinds = explanation.report.kinds.iter();
    kinds.map(|(kind, count)| format!("{} {count}", kind.name())).collect::<Vec<_>>().join(", ")
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { "none" } else { text }
}

fn subscriptions(out: &mut String, asked: &Asked, explanation: &Explanation<'_>) {
    let report = explanation.report;
    let of_detector = report.watched.iter().zip(&report.sighted);
    for (watched, sighted) in of_detector.filter(|(watched, _)| watched.detector == asked.name) {
        let subscription = printable(&words::subscription(&watched.spec));
        let _ = writeln!(out, "  [{}] {subscription}", watched.number);
        let _ = writeln!(out, "      columns   {}", printable(&watched.spec.columns.join(", ")));
        for searched in words::searched(watched, report.formats.keys().copied()) {
            let _ = writeln!(out, "      searched  {}", printable(&searched));
        }
        let _ = writeln!(out, "      matched   {}", matched(watched, sighted, explanation));
        records(out, sighted, &explanation.outcome.sources);
        for (condition, near) in &sighted.near {
            near_miss(out, watched, *condition, near, &explanation.outcome.sources);
        }
    }
}

/// `3 records, 2 of them name what was asked for`, or why there is none.
fn matched(watched: &Watched, sighted: &Sighted, explanation: &Explanation<'_>) -> String {
    let kind = watched.subscription.kind;
    let of_kind = explanation.report.kinds.get(&kind).copied().unwrap_or_default();
    match (sighted.matched, of_kind) {
        (0, 0) if kind == Kind::Alert => "no record: no detector raised an alert".to_owned(),
        (0, 0) => format!("no record: no {} was read; wanted: {}", kind.name(), logs::of(kind)),
        (0, 1) => format!("no record: one {} was read, it does not match", kind.name()),
        (0, all) => format!("no record: {all} {} were read, none matches", kind.name()),
        (count, _) if explanation.entities.is_empty() => records_of(count),
        (count, _) => {
            format!("{}, {} of them with what was asked for", records_of(count), sighted.named)
        }
    }
}

fn records_of(count: u64) -> String {
    if count == 1 { "1 record".to_owned() } else { format!("{count} records") }
}

fn records(out: &mut String, sighted: &Sighted, sources: &Sources) {
    for seen in sighted.records.values() {
        let cells = cells(seen);
        let _ = writeln!(out, "        {}", place(seen, sources));
        let _ = writeln!(out, "          {}", or_none(&cells));
    }
    let hidden = sighted.named - sighted.records.len() as u64;
    if hidden > 0 {
        let _ = writeln!(out, "        ... and {hidden} more (--records)");
    }
}

fn near_miss(
    out: &mut String,
    watched: &Watched,
    condition: usize,
    near: &NearMiss,
    sources: &Sources,
) {
    let missed = watched.spec.all_of.get(condition).map(words::condition).unwrap_or_default();
    let value = match near.first.cells.first() {
        Some((_, Some(value))) => format!("it is {:?}", cut(value)),
        _ => "it is not there".to_owned(),
    };
    let verb = if near.count == 1 { "matches" } else { "match" };
    let _ = writeln!(
        out,
        "      near miss {} {verb} but for `{}`: {value} at {}",
        records_of(near.count),
        printable(&missed),
        place(&near.first, sources),
    );
}

/// `2026-11-20 09:14:03  path@123`
fn place(seen: &SeenRecord, sources: &Sources) -> String {
    let time = seen.time.map_or_else(|| "(no time)".to_owned(), short_time);
    format!("{time}  {}", printable(&sources.resolve(seen.record)))
}

fn cells(seen: &SeenRecord) -> String {
    let present = seen.cells.iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
    let cells = present.map(|(name, value)| format!("{}={}", printable(name), cut(value)));
    cells.collect::<Vec<_>>().join("  ")
}

/// The beginning of a value, on one line.
fn cut(value: &str) -> String {
    let mut shown: String = value.chars().take(VALUE_CHARS_MAX).collect();
    if shown.len() < value.len() {
        shown.push_str("...");
    }
    printable(&shown.replace(['\r', '\n', '\t'], " "))
}

fn decisions(out: &mut String, asked: &Asked, explanation: &Explanation<'_>) {
    if !asked.explains_itself {
        let _ = writeln!(out, "  why: this detector does not explain itself");
        return;
    }
    let Some((_, reasons)) =
        explanation.outcome.reasons.iter().find(|(name, _)| *name == asked.name)
    else {
        return;
    };
    let about = about(reasons, explanation);
    if about.is_empty() {
        let nothing = match explanation.entities.is_empty() {
            true => "it had nothing to decide",
            false => "it says nothing of what was asked for",
        };
        let _ = writeln!(out, "  why: {nothing}");
        return;
    }
    let _ = writeln!(out, "  why:");
    for (rule, key, told) in about.iter().take(SUBJECTS_SHOWN_MAX) {
        // Many keys begin with their rule.
        let key = key.strip_prefix(*rule).map_or(*key, |key| key.trim_start_matches([' ', '|']));
        reasons_of(out, &format!("{} {key}", rule_name(&asked.name, rule)), told);
    }
    let hidden = about.len().saturating_sub(SUBJECTS_SHOWN_MAX) as u64 + reasons.left_out;
    if hidden > 0 {
        let _ = writeln!(out, "    ... and {hidden} more keys; ask for one of them");
    }
}

/// The reasons that name the entities, the earliest subject first.
fn about<'a>(
    reasons: &'a Reasons,
    explanation: &Explanation<'_>,
) -> Vec<(&'a str, &'a str, &'a Told)> {
    let is_about = |key: &str, told: &Told| {
        explanation.entities.any_in(key)
            || told.kept().any(|reason| explanation.entities.any_in(&reason.text))
    };
    let mut about: Vec<_> =
        reasons.subjects().filter(|(_, key, told)| is_about(key, told)).collect();
    about.sort_by_key(|(_, _, told)| told.first.first().map(|reason| reason.time));
    about
}

fn reasons_of(out: &mut String, subject: &str, told: &Told) {
    for (place, reason) in told.kept().enumerate() {
        if place == told.first.len() && told.hidden > 0 {
            let _ = writeln!(out, "      ... and {} more", told.hidden);
        }
        let (time, text) = (short_time(reason.time), printable(&reason.text));
        let times =
            if reason.times > 1 { format!(" ({} times)", reason.times) } else { String::new() };
        let _ = writeln!(out, "    {time}  {}: {text}{times}", printable(subject));
    }
}

/// True when it got more than the news that a log was read.
fn got_records(asked: &Asked, explanation: &Explanation<'_>) -> bool {
    let of_all = explanation.report.watched.iter().zip(&explanation.report.sighted);
    let of_logs = of_all.filter(|(watched, _)| {
        watched.detector == asked.name && watched.subscription.kind != Kind::Coverage
    });
    of_logs.into_iter().any(|(_, sighted)| sighted.matched > 0)
}

fn verdict(out: &mut String, asked: &Asked, explanation: &Explanation<'_>) {
    let incidents = explanation.incidents_of(&asked.name);
    let others = explanation.incidents_count(&asked.name) - incidents.len();
    let about = match others {
        0 => String::new(),
        others => format!(" ({others} of its incidents do not name what was asked for)"),
    };
    if incidents.is_empty() {
        let why = if got_records(asked, explanation) { "" } else { ": no record of a log matched" };
        let _ = writeln!(out, "  it stayed silent{why}{about}");
        return;
    }
    let word = if incidents.len() == 1 { "incident" } else { "incidents" };
    let _ = writeln!(out, "  it raised {} {word}{about}:", incidents.len());
    for told in incidents {
        out.push_str(&pretty(told, &explanation.outcome.sources, explanation.style));
    }
}
