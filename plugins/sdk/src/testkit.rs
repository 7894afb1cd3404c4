//! Run a detector in a plain unit test: rows in, alerts out, no wasm.
//!
//! The kit applies the detector's own subscriptions to each event exactly as the
//! host does, so a test that forgets a condition or a column fails here and not
//! in production. It checks every verdict three ways: all rows in one batch, one
//! row a batch with `advance` in between, and through a snapshot in the middle.

use std::collections::BTreeMap;

use crate::abi::{Column, Rows};
use crate::alert::Alert;
use crate::detector::{Detector, Runner};
use crate::event::RecordRef;
use crate::subscription::{Condition, Op, Subscription};
use crate::time::{SECOND, Timestamp};

/// An event as the host's normalization would give it.
#[derive(Debug, Clone, Default)]
pub struct TestEvent {
    /// Event time.
    pub time: Timestamp,
    /// `windows-event`, `iis`, `exchange-smtp`, ...
    pub kind: String,
    /// `@host`, when known.
    pub host: Option<String>,
    /// `@provider`, when there is one.
    pub provider: Option<String>,
    /// `@channel`, when there is one.
    pub channel: Option<String>,
    /// `@event_id`, 0 for none.
    pub event_id: u32,
    /// Name and value; a name may repeat.
    pub fields: Vec<(String, String)>,
    /// Arrived behind the watermark.
    pub late: bool,
}

impl TestEvent {
    /// An event of `kind` at `second` of the test's day.
    pub fn new(kind: &str, second: i64, host: &str, fields: &[(&str, &str)]) -> Self {
        Self {
            time: second * SECOND,
            kind: kind.to_owned(),
            host: Some(host.to_owned()).filter(|host| !host.is_empty()),
            fields: fields.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
            ..Self::default()
        }
    }

    /// Sets `@provider`.
    pub fn provider(mut self, provider: &str) -> Self {
        self.provider = Some(provider.to_owned());
        self
    }

    /// Sets `@channel`.
    pub fn channel(mut self, channel: &str) -> Self {
        self.channel = Some(channel.to_owned());
        self
    }

    /// Moves the event by a part of a second.
    pub fn plus_millis(mut self, millis: i64) -> Self {
        self.time += millis * crate::time::MILLISECOND;
        self
    }

    /// Marks it as behind the watermark.
    pub fn late(mut self) -> Self {
        self.late = true;
        self
    }

    fn values(&self, name: &str) -> Vec<String> {
        let member = |value: &Option<String>| value.clone().into_iter().collect();
        match name {
            "@host" => member(&self.host),
            "@provider" => member(&self.provider),
            "@channel" => member(&self.channel),
            "@kind" => vec![self.kind.clone()],
            "@event_id" if self.event_id == 0 => Vec::new(),
            "@event_id" => vec![self.event_id.to_string()],
            _ => self.field_values(name),
        }
    }

    /// `Name`, `Name#2`, or `Name[*]` (all values joined by U+001F).
    fn field_values(&self, name: &str) -> Vec<String> {
        let all = |name: &str| -> Vec<String> {
            self.fields.iter().filter(|(n, _)| n == name).map(|(_, v)| v.clone()).collect()
        };
        if let Some(name) = name.strip_suffix("[*]") {
            let values = all(name);
            return if values.is_empty() { values } else { vec![values.join("\u{1f}")] };
        }
        match name.rsplit_once('#').and_then(|(n, i)| Some((n, i.parse::<usize>().ok()?))) {
            Some((name, nth)) => all(name).into_iter().skip(nth.max(1) - 1).take(1).collect(),
            None => all(name),
        }
    }
}

/// A Windows event of the Security channel, or of the channel that `event_id`
/// belongs to when it is one of Schannel's or Kerberos'.
pub fn windows(second: i64, host: &str, event_id: u32, fields: &[(&str, &str)]) -> TestEvent {
    let (provider, channel) = match event_id {
        36_864..=36_900 => ("Schannel", "System"),
        512..=700 => ("Security", "Security"),
        _ => ("Microsoft-Windows-Security-Auditing", "Security"),
    };
    let event = TestEvent::new("windows-event", second, host, fields);
    TestEvent { event_id, ..event }.provider(provider).channel(channel)
}

/// An alert of another detector, as second-stage detectors see it: `rule` such as
/// `authas-anomaly.A1`, decided at `second`. Set the rest with [`AlertRow`]'s
/// methods.
pub fn alert_row(second: i64, id: &str, rule: &str) -> AlertRow {
    let detector = rule.split_once('.').map_or(rule, |(detector, _)| detector);
    let seen = (second * SECOND).to_string();
    let fields = [
        ("id", id),
        ("detector", detector),
        ("rule", rule),
        ("key", id),
        ("activity", "create"),
        ("revision", "1"),
        ("severity", "medium"),
        ("confidence", "medium"),
        ("noise", "false"),
        ("title", rule),
        ("first_seen", &seen),
        ("last_seen", &seen),
        ("count", "1"),
    ];
    AlertRow { event: TestEvent::new("alert", second, "", &fields) }
}

/// Builds the row of an alert; see [`alert_row`].
#[derive(Debug, Clone)]
pub struct AlertRow {
    event: TestEvent,
}

impl AlertRow {
    /// Sets a field: `severity`, `activity`, `first_seen` (decimal nanoseconds),
    /// `entity.host`, `attribute.error`, `label.planned`, ...
    pub fn with(mut self, name: &str, value: &str) -> Self {
        match self.event.fields.iter_mut().find(|(have, _)| have == name) {
            Some((_, have)) => value.clone_into(have),
            None => self.event.fields.push((name.to_owned(), value.to_owned())),
        }
        self
    }

    /// The row.
    pub fn build(self) -> TestEvent {
        self.event
    }
}

/// Seconds of a clock time such as `"09:13:58"`.
pub fn clock(text: &str) -> i64 {
    text.split(':').fold(0, |sum, part| sum * 60 + part.parse::<i64>().expect("hh:mm:ss"))
}

/// A worked example of a detector. The detector's own tests run
/// it natively; the host's tests run the same one through wasm and compare.
pub struct Example {
    /// Section and number, then a few words: `1.3 blank caller, NTLM`.
    pub name: &'static str,
    /// JSON of the options and `site`.
    pub config: &'static str,
    /// What happens.
    pub events: Vec<TestEvent>,
    /// Time goes on to this second after the last event.
    pub advance: Option<i64>,
    /// Panics when the alerts are not what its name says.
    pub check: fn(&[Alert]),
}

impl Example {
    /// Runs the example natively, in every way of feeding, and checks it.
    pub fn run<D: Detector>(&self) -> Vec<Alert> {
        let mut kit = Kit::<D>::new(self.config);
        kit.rows(self.events.iter().cloned());
        kit.watermark = self.advance.map(|second| second * SECOND);
        let alerts = kit.finish();
        (self.check)(&alerts);
        alerts
    }

    /// The example's events as one batch, projected for `subscriptions`.
    pub fn batch(&self, subscriptions: &[Subscription]) -> Vec<Rows> {
        let mut events = self.events.clone();
        sort_by_time(&mut events);
        project(subscriptions, &events, 0)
    }

    /// How far time goes: as the example says, else to its newest event.
    pub fn watermark(&self) -> Option<Timestamp> {
        self.advance.map(|second| second * SECOND).or_else(|| newest(&self.events))
    }
}

/// The newest revision of each incident, in the order in which they were created.
pub fn incidents(alerts: &[Alert]) -> Vec<&Alert> {
    let mut newest: Vec<&Alert> = Vec::new();
    for alert in alerts {
        match newest.iter_mut().find(|seen| seen.key == alert.key) {
            Some(seen) => *seen = alert,
            None => newest.push(alert),
        }
    }
    newest
}

/// Sorts events by time, as the host does; with late ones among them the order
/// is the test's own.
fn sort_by_time(events: &mut [TestEvent]) {
    if !events.iter().any(|event| event.late) {
        events.sort_by_key(|event| event.time);
    }
}

/// The newest time among events that are not late.
fn newest(events: &[TestEvent]) -> Option<Timestamp> {
    events.iter().filter(|event| !event.late).map(|event| event.time).max()
}

/// A detector under test.
pub struct Kit<D: Detector> {
    config: String,
    events: Vec<TestEvent>,
    watermark: Option<Timestamp>,
    detector: std::marker::PhantomData<D>,
}

impl<D: Detector> Kit<D> {
    /// A kit for the detector with `config`, the JSON of its options and `site`.
    pub fn new(config: &str) -> Self {
        Self {
            config: config.to_owned(),
            events: Vec::new(),
            watermark: None,
            detector: std::marker::PhantomData,
        }
    }

    /// Adds an event. Events are sorted by time before they are fed, as the host
    /// does; a late one stays where it stands.
    pub fn row(&mut self, event: TestEvent) -> &mut Self {
        self.events.push(event);
        self
    }

    /// Adds several events.
    pub fn rows(&mut self, events: impl IntoIterator<Item = TestEvent>) -> &mut Self {
        self.events.extend(events);
        self
    }

    /// Time goes on to `second` after the last row.
    pub fn advance(&mut self, second: i64) -> &mut Self {
        self.watermark = Some(second * SECOND);
        self
    }

    /// Feeds everything and ends the input. Panics when the way of feeding
    /// changes the alerts.
    pub fn finish(&mut self) -> Vec<Alert> {
        sort_by_time(&mut self.events);
        let whole = self.run(usize::MAX, false);
        let single = self.run(1, false);
        assert_eq!(whole, single, "the size of batches changed the alerts");
        let restarted = self.run(1, true);
        assert_eq!(whole, restarted, "snapshots changed the alerts");
        whole
    }

    /// Feeds everything with the host's question switched on. What the detector said of
    /// its decisions, as `rule key: reason`, in order. Panics when the question
    /// changes the alerts.
    pub fn explain(&mut self) -> Vec<String> {
        let unasked = self.finish();
        let mut config: serde_json::Value = serde_json::from_str(&self.config).expect("JSON");
        config[crate::explain::CONFIG_KEY] = true.into();
        let silent = std::mem::replace(&mut self.config, config.to_string());
        crate::explain::native::take();
        let asked = self.run(usize::MAX, false);
        crate::explain::set_asked(false);
        self.config = silent;
        assert_eq!(unasked, asked, "the question changed the alerts");
        crate::explain::native::take()
    }

    fn run(&self, batch_rows: usize, restart: bool) -> Vec<Alert> {
        let (mut runner, subscriptions) =
            Runner::<D>::start(&self.config, None).expect("the detector starts");
        let mut alerts = Vec::new();
        for (index, events) in
            self.events.chunks(batch_rows.min(self.events.len().max(1))).enumerate()
        {
            let first = index * batch_rows.min(self.events.len().max(1));
            let batch = project(&subscriptions, events, first);
            if batch_rows == 1 && !events[0].late {
                alerts.extend(runner.advance(events[0].time - 1));
            }
            alerts.extend(runner.process(&batch).expect("the batch is accepted"));
            if restart {
                let snapshot = runner.snapshot().expect("a snapshot");
                runner = Runner::start(&self.config, Some(&snapshot)).expect("it starts again").0;
            }
        }
        // Without it, an unmatched last event would move time in one way only.
        if let Some(watermark) = self.watermark.or_else(|| newest(&self.events)) {
            alerts.extend(runner.advance(watermark));
        }
        alerts.extend(runner.finish());
        alerts
    }
}

/// The rows of a batch, as the host projects them.
fn project(subscriptions: &[Subscription], events: &[TestEvent], first: usize) -> Vec<Rows> {
    let mut groups: BTreeMap<u32, Rows> = BTreeMap::new();
    for (place, event) in events.iter().enumerate() {
        for (index, subscription) in subscriptions.iter().enumerate() {
            if satisfies(subscription, event) {
                let rows = groups.entry(index as u32).or_insert_with(|| Rows {
                    subscription: index as u32,
                    columns: vec![Column::default(); subscription.columns.len()],
                    ..Rows::default()
                });
                push(rows, subscription, event, place as u32, (first + place) as RecordRef);
            }
        }
    }
    groups.into_values().collect()
}

fn push(
    rows: &mut Rows,
    subscription: &Subscription,
    event: &TestEvent,
    order: u32,
    record: RecordRef,
) {
    rows.order.push(order);
    rows.times.push(event.time);
    rows.time_quality.push(0);
    rows.late.push(u8::from(event.late));
    rows.records.push(record);
    for (column, name) in rows.columns.iter_mut().zip(&subscription.columns) {
        column.push(event.values(name).first().map(String::as_str));
    }
}

fn satisfies(subscription: &Subscription, event: &TestEvent) -> bool {
    subscription.kind == event.kind
        && subscription.all_of.iter().all(|condition| holds(condition, event))
}

fn holds(condition: &Condition, event: &TestEvent) -> bool {
    let values = event.values(&condition.field);
    let fold = |text: &str| {
        if condition.ignore_case { text.to_ascii_lowercase() } else { text.to_owned() }
    };
    let any = |test: &dyn Fn(&str, &str) -> bool| {
        values
            .iter()
            .any(|value| condition.values.iter().any(|want| test(&fold(value), &fold(want))))
    };
    let result = match condition.op {
        Op::Equals | Op::AnyOf => any(&|value, want| value == want),
        Op::Prefix => any(&|value, want| value.starts_with(want)),
        Op::Suffix => any(&|value, want| value.ends_with(want)),
        Op::Contains => any(&|value, want| value.contains(want)),
        Op::Present => !values.is_empty(),
        Op::Absent => values.is_empty(),
        Op::NumberIn => any(&|value, want| {
            let Some(value) = number(value) else { return false };
            match want.split_once("..") {
                Some((low, high)) => {
                    number(low).zip(number(high)).is_some_and(|(l, h)| (l..=h).contains(&value))
                }
                None => number(want) == Some(value),
            }
        }),
    };
    result != condition.negate
}

/// Decimal or 0x hex; negative numbers fold to u32, or to u64 when they do not fit.
fn number(text: &str) -> Option<u64> {
    let text = text.trim();
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return u64::from_str_radix(hex, 16).ok();
    }
    if text.starts_with('-') {
        let signed: i64 = text.parse().ok()?;
        return Some(
            i32::try_from(signed).map_or(signed.cast_unsigned(), |v| v.cast_unsigned().into()),
        );
    }
    text.parse().ok()
}
