//! The survey: looks on while the inputs are read, and remembers what matched, what
//! nearly did, and what was there at all.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use bumpalo::Bump;
use logwasp_core::event::{Event, Kind};
use logwasp_core::format::Format;
use logwasp_core::interest::{Subscription, SubscriptionSpec};
use logwasp_core::time::TimeQuality;

use super::entity::Entities;
use super::fit::{Fit, fit};
use crate::pipeline::Witness;

/// A subscription that is watched.
#[derive(Debug)]
pub struct Watched {
    /// Whose it is.
    pub detector: String,
    /// Its number among that detector's, from 1.
    pub number: usize,
    /// As the detector wrote it.
    pub spec: SubscriptionSpec,
    /// As the host tests it.
    pub subscription: Subscription,
}

/// What satisfied a subscription, and what nearly did.
#[derive(Debug, Default)]
pub struct Sighted {
    /// Records that matched.
    pub matched: u64,
    /// Of these, the ones that name the entities.
    pub named: u64,
    /// The oldest of those.
    pub records: BTreeMap<(i64, u64, u64), SeenRecord>,
    /// Records that failed by one condition, by its place.
    pub near: BTreeMap<usize, NearMiss>,
}

/// A record that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenRecord {
    /// Event time; none when the record has none.
    pub time: Option<i64>,
    /// Its reference.
    pub record: u64,
    /// Column and value, none when it is absent.
    pub cells: Vec<(String, Option<String>)>,
}

/// Records that failed by the same condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearMiss {
    /// How many.
    pub count: u64,
    /// The oldest, with the value of the condition's field.
    pub first: SeenRecord,
}

/// What was seen.
#[derive(Debug, Default)]
pub struct Report {
    /// Inputs of each format.
    pub formats: BTreeMap<Format, u64>,
    /// Events of each kind.
    pub kinds: BTreeMap<Kind, u64>,
    /// Windows events of each id, up to a limit.
    pub event_ids: BTreeMap<u32, u64>,
    /// The subscriptions.
    pub watched: Vec<Watched>,
    /// What was seen of each.
    pub sighted: Vec<Sighted>,
}

/// Event ids that are counted.
const EVENT_IDS_MAX: usize = 4_096;
/// Bytes of a value that are kept.
const CELL_BYTES_MAX: usize = 1_024;

/// Looks on; see [`Report`] for what it saw.
pub struct Survey {
    watched: Vec<Watched>,
    entities: Entities,
    records_max: usize,
    report: Mutex<Report>,
}

impl Survey {
    /// Watches subscriptions; keeps `records_max` records of each.
    pub fn new(watched: Vec<Watched>, entities: Entities, records_max: usize) -> Self {
        let sighted = watched.iter().map(|_| Sighted::default()).collect();
        let report = Mutex::new(Report { sighted, ..Report::default() });
        Self { watched, entities, records_max, report }
    }

    /// What was seen.
    pub fn into_report(self) -> Report {
        let report = self.report.into_inner().unwrap_or_else(PoisonError::into_inner);
        Report { watched: self.watched, ..report }
    }
}

impl Witness for Survey {
    fn recognized(&self, format: Format) {
        let mut report = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        *report.formats.entry(format).or_default() += 1;
    }

    fn see<'c>(&self, event: &Event<'c>, record: u64, arena: &'c Bump) {
        let mut report = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        report.count(event);
        for (watched, sighted) in self.watched.iter().zip(&mut report.sighted) {
            if watched.subscription.kind != event.kind {
                continue;
            }
            let fit = fit(&watched.subscription, event, arena);
            if fit == Fit::Other {
                continue;
            }
            let is_named = self.entities.all_in_event(event, arena);
            let look = Look { watched, event, record, arena };
            match fit {
                Fit::Matches => {
                    sighted.matched += 1;
                    if is_named {
                        sighted.matches(&look, self.records_max);
                    }
                }
                Fit::AllBut(failing) if is_named => sighted.nearly_matches(&look, failing),
                Fit::AllBut(_) | Fit::Other => {}
            }
        }
    }
}

impl Report {
    fn count(&mut self, event: &Event<'_>) {
        *self.kinds.entry(event.kind).or_default() += 1;
        let has_room = self.event_ids.len() < EVENT_IDS_MAX;
        if event.event_id != 0 && (has_room || self.event_ids.contains_key(&event.event_id)) {
            *self.event_ids.entry(event.event_id).or_default() += 1;
        }
    }
}

/// One event, looked at for one subscription.
struct Look<'a, 'c> {
    watched: &'a Watched,
    event: &'a Event<'c>,
    record: u64,
    arena: &'c Bump,
}

impl Sighted {
    fn matches(&mut self, look: &Look<'_, '_>, records_max: usize) {
        self.named += 1;
        // The oldest are kept, whichever thread found them.
        let key = (look.event.time, look.record, self.named);
        let is_older = || self.records.last_key_value().is_some_and(|(last, _)| key < *last);
        if self.records.len() < records_max || is_older() {
            self.records.insert(key, look.columns());
            if self.records.len() > records_max {
                self.records.pop_last();
            }
        }
    }

    fn nearly_matches(&mut self, look: &Look<'_, '_>, failing: usize) {
        let first = || look.field(failing);
        let near =
            self.near.entry(failing).or_insert_with(|| NearMiss { count: 0, first: first() });
        near.count += 1;
        let age = |seen: &SeenRecord| (seen.time.unwrap_or(i64::MAX), seen.record);
        if (look.time().unwrap_or(i64::MAX), look.record) < age(&near.first) {
            near.first = first();
        }
    }
}

impl Look<'_, '_> {
    fn time(&self) -> Option<i64> {
        (self.event.time_quality < TimeQuality::Receipt).then_some(self.event.time)
    }

    fn columns(&self) -> SeenRecord {
        let Watched { spec, subscription, .. } = self.watched;
        let cells = spec.columns.iter().zip(&subscription.columns);
        let cells = cells
            .map(|(name, column)| (name.clone(), column.project(self.event, self.arena).map(text)));
        SeenRecord { time: self.time(), record: self.record, cells: cells.collect() }
    }

    /// The field of a condition.
    fn field(&self, condition: usize) -> SeenRecord {
        let Watched { spec, subscription, .. } = self.watched;
        let cells = spec.all_of.iter().zip(&subscription.all_of).skip(condition).take(1);
        let cells = cells.map(|(spec, condition)| {
            let value = condition.selector.project(self.event, self.arena);
            (spec.field.clone(), value.map(text))
        });
        SeenRecord { time: self.time(), record: self.record, cells: cells.collect() }
    }
}

fn text(bytes: &[u8]) -> String {
    let kept = bytes.get(..CELL_BYTES_MAX).unwrap_or(bytes);
    String::from_utf8_lossy(kept).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::Entity;
    use logwasp_core::event::Value;
    use logwasp_core::interest::ConditionSpec;

    fn watched() -> Watched {
        let condition = |field: &str, value: &str| ConditionSpec {
            field: field.to_owned(),
            op: "equals".to_owned(),
            values: vec![value.to_owned()],
            ignore_case: false,
            negate: false,
        };
        let spec = SubscriptionSpec {
            kind: "iis".to_owned(),
            all_of: vec![condition("cs-method", "GET"), condition("sc-status", "401")],
            columns: vec!["cs-username".to_owned(), "c-ip".to_owned()],
        };
        let subscription = Subscription::compile(&spec).expect("it compiles");
        Watched { detector: "lockout".to_owned(), number: 1, spec, subscription }
    }

    fn see(survey: &Survey, time: i64, user: &str, status: &str) {
        let arena = Bump::new();
        let mut event = Event { kind: Kind::Iis, ..Event::default() };
        event.set_time((time, TimeQuality::Exact));
        for (name, value) in [("cs-method", "GET"), ("sc-status", status), ("cs-username", user)] {
            event.push(name.as_bytes(), Value::plain(value.as_bytes()));
        }
        survey.see(&event, u64::try_from(time).expect("small"), &arena);
    }

    /// Scenario: rows of two users, in no order, some with another status.
    /// Guarantees: all matches are counted; of the user's the oldest are kept; the
    /// oldest near miss is the example, with the value that was in the way.
    #[test]
    fn a_survey_counts_and_keeps_examples() {
        let entities = Entities(vec![Entity::user("CONTOSO\\user1")]);
        let survey = Survey::new(vec![watched()], entities, 2);
        for (time, user, status) in [
            (9, "user1", "401"),
            (3, "user1", "401"),
            (5, "user1", "401"),
            (4, "user2", "401"),
            (8, "user1", "200"),
            (7, "user1", "403"),
            (6, "user2", "200"),
        ] {
            see(&survey, time, user, status);
        }
        let report = survey.into_report();
        let sighted = &report.sighted[0];
        assert_eq!((sighted.matched, sighted.named), (4, 3));
        let times: Vec<_> = sighted.records.values().filter_map(|seen| seen.time).collect();
        assert_eq!(times, [3, 5]);
        let near = &sighted.near[&1];
        assert_eq!((near.count, near.first.time), (2, Some(7)));
        assert_eq!(near.first.cells, [("sc-status".to_owned(), Some("403".to_owned()))]);
        assert_eq!(report.kinds[&Kind::Iis], 7);
    }
}
