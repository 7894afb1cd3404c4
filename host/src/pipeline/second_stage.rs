//! Second stage: detectors that look at the alerts of the others.

use bumpalo::Bump;
use logwasp_core::event::{Event, Kind, Value};
use logwasp_core::interest::Interest;
use logwasp_core::time::TimeQuality;

use super::detectors::Loaded;
use super::dispatch::{Dispatcher, Work};
use super::row::{self, Row};
use super::witness::Witness;
use crate::alert::{Alert, Amended, Identified, Severity};

/// What the second stage made of the alerts of the first.
pub(super) struct Correlated {
    /// All alerts in the order of their decisions, with what was amended in them.
    pub alerts: Vec<Identified>,
    /// What each detector of the second stage did, in their order.
    pub works: Vec<Work>,
    /// Rows matched.
    pub rows_matched: u64,
}

/// Hands the alerts of the first stage, which are in order, to the detectors of the
/// second, and merges what these say.
pub(super) fn correlate(
    first: Vec<Identified>,
    interest: &Interest,
    loaded: Vec<Loaded>,
    newest: Option<i64>,
    witness: Option<&dyn Witness>,
) -> Correlated {
    let grants: Vec<bool> = loaded.iter().map(|detector| detector.may_amend).collect();
    let mut dispatcher = Dispatcher::here(loaded);
    let rows_matched = give(&first, interest, &mut dispatcher, witness);
    let end = newest.max(first.last().map(|told| told.alert.time));
    let mut works = dispatcher.finish(end);
    let alerts = merge(first, &mut works, &grants, &mut Amended::default());
    Correlated { alerts, works, rows_matched }
}

/// Hands alerts to the detectors of the second stage. How many rows they gave.
pub(crate) fn give(
    first: &[Identified],
    interest: &Interest,
    dispatcher: &mut Dispatcher<'_>,
    witness: Option<&dyn Witness>,
) -> u64 {
    let mut rows_matched = 0;
    let (mut matches, mut bytes) = (Vec::new(), Vec::new());
    let mut arena = Bump::new();
    for told in first {
        let event = event_of(told, &arena);
        interest.matching(&event, &arena, &mut matches);
        let record = told.alert.evidence.first().map_or(0, |evidence| evidence.record);
        if let Some(witness) = witness {
            witness.see(&event, record, &arena);
        }
        if !matches.is_empty() {
            rows_matched += matches.len() as u64;
            bytes.clear();
            row::write(&mut bytes, interest, &matches, &event, record, &arena);
            if let Some(row) = Row::new(told.alert.time, &bytes) {
                dispatcher.row(row);
            }
        }
        drop(event);
        arena.reset();
    }
    rows_matched
}

/// One thing that was said.
enum Said {
    Told(Identified),
    Amendment(Alert),
}

impl Said {
    fn time(&self) -> i64 {
        match self {
            Self::Told(told) => told.alert.time,
            Self::Amendment(alert) => alert.time,
        }
    }
}

/// All alerts in the order of their decisions, with what was amended in them, now
/// or before.
pub(crate) fn merge(
    first: Vec<Identified>,
    works: &mut [Work],
    grants: &[bool],
    amended: &mut Amended,
) -> Vec<Identified> {
    let mut said: Vec<Said> = first.into_iter().map(Said::Told).collect();
    for (work, may_amend) in works.iter_mut().zip(grants) {
        said.extend(std::mem::take(&mut work.alerts).into_iter().map(Said::Told));
        let amendments = std::mem::take(&mut work.amendments);
        if *may_amend {
            said.extend(amendments.into_iter().map(Said::Amendment));
        } else if !amendments.is_empty() {
            work.log.push((Severity::Low, not_granted(amendments.len())));
        }
    }
    // What an alert led to comes behind it, for the sort is stable.
    said.sort_by_key(Said::time);
    let told = said.into_iter().filter_map(|said| match said {
        Said::Told(told) => Some(amended.told(told)),
        Said::Amendment(amendment) => amended.amend(&amendment),
    });
    told.collect()
}

fn not_granted(count: usize) -> String {
    format!("{count} amendments of others' alerts were left out: `amends = true` would grant them")
}

/// An alert as the event that second-stage detectors see.
fn event_of<'c>(told: &'c Identified, arena: &'c Bump) -> Event<'c> {
    let alert = &told.alert;
    let mut event = Event::default();
    event.reset(Kind::Alert, b"");
    event.set_time((alert.time, TimeQuality::Exact));
    let number = |number: String| -> &'c str { arena.alloc_str(&number) };
    let members: [(&str, &str); 13] = [
        ("id", &told.id),
        ("revision", number(told.revision.to_string())),
        ("activity", alert.activity.name()),
        ("detector", &told.detector),
        ("rule", number(format!("{}.{}", told.detector, alert.rule))),
        ("key", &alert.key),
        ("severity", alert.severity.name()),
        ("confidence", alert.confidence.name()),
        ("noise", if alert.noise { "true" } else { "false" }),
        ("title", &alert.title),
        ("first_seen", number(alert.first_seen.to_string())),
        ("last_seen", number(alert.last_seen.to_string())),
        ("count", number(alert.count.to_string())),
    ];
    for (name, value) in members {
        event.push(name.as_bytes(), Value::plain(value.as_bytes()));
    }
    let groups =
        [("entity", &alert.entities), ("attribute", &alert.attributes), ("label", &alert.labels)];
    for (group, pairs) in groups {
        for (name, value) in pairs {
            let name = number(format!("{group}.{name}"));
            event.push(name.as_bytes(), Value::plain(value.as_bytes()));
        }
    }
    for evidence in &alert.evidence {
        // Values of a repeated field are told apart by U+001F.
        let summary = number(evidence.summary.replace('\u{1f}', " "));
        let record = number(evidence.record.to_string());
        let time = number(evidence.time.to_string());
        for (name, value) in
            [("evidence.record", record), ("evidence.time", time), ("evidence.summary", summary)]
        {
            event.push(name.as_bytes(), Value::plain(value.as_bytes()));
        }
    }
    event
}
