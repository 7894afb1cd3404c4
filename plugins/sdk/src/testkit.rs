//! Run a detector in a plain unit test: rows in, alerts out, no wasm.
//!
//! The kit applies the detector's own subscriptions to each event exactly as the
//! host does, so a test that forgets a condition or a column fails here and not
//! in production. It checks every verdict three ways: all rows in one batch, one
//! row a batch with `advance` in between, and through a snapshot in the middle.

mod feed;
mod flood;
mod project;

pub use feed::Feed;
pub use flood::Flood;

use crate::abi::Rows;
use crate::alert::Alert;
use crate::detector::Detector;
use crate::event::RecordRef;
use crate::subscription::Subscription;
use crate::time::{SECOND, Timestamp};
use project::project;

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

    /// Adds a piece of evidence: a record, seen at `second`.
    pub fn evidence(mut self, record: RecordRef, second: i64, summary: &str) -> Self {
        for (name, value) in [
            ("evidence.record", record.to_string()),
            ("evidence.time", (second * SECOND).to_string()),
            ("evidence.summary", summary.to_owned()),
        ] {
            self.event.fields.push((name.to_owned(), value));
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
        project(subscriptions, (1..).zip(&events))
    }

    /// The example's events in the host's order, to be fed in another way.
    pub fn feed(&self) -> Feed {
        let mut events = self.events.clone();
        sort_by_time(&mut events);
        let mut feed = Feed::new(events);
        feed.watermark = self.watermark();
        feed
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
        let mut feed = Feed::new(self.events.clone());
        feed.watermark = self.watermark.or(feed.watermark);
        feed.advances = batch_rows == 1;
        if batch_rows == 1 {
            feed.cuts = (0..self.events.len()).collect();
        }
        if restart {
            feed.restarts = feed.cuts.clone();
        }
        feed.run::<D>(&self.config)
    }
}
