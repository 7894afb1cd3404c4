//! The life of an incident, with a story that counts hits within ten minutes.

#![expect(unreachable_pub, reason = "elsewhere the macros are another crate's")]

use serde::{Deserialize, Serialize};

use super::{Book, Hit, Pace, Seen, Story, Verdict};
use crate::state::{Keep, Ring};
use crate::testkit::{Kit, TestEvent};
use crate::time::{Duration, MINUTE, SECOND, Timestamp};
use crate::{
    Activity, Alert, Alerts, Detector, Event, Runner, Severity, Site, Subscription, present,
    read_row,
};

crate::options! {
    /// Options of the counter.
    pub struct Config {
        /// Hits that make an alert.
        min: u32 = 3,
        /// Hits that make a grave one.
        grave: u32 = 6,
        /// A decision waits this long after the second hit.
        settle: Duration = Duration::minutes(2),
        /// The cooldown.
        cooldown: Duration = Duration::minutes(60),
    }
}

crate::rows! {
    /// What it reads.
    pub enum Row<'a> {
        /// A hit.
        Line on "text" { key: "key", over: "over", clearer: "clearer" }
    }
}

/// Three hits within ten minutes are an incident; two are one after a while.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Hits {
    times: Ring<Timestamp>,
    total: u64,
    first: Timestamp,
    overflow: bool,
}

impl Hits {
    fn new(overflow: bool) -> Self {
        Self { times: Ring::new(8), total: 0, first: 0, overflow }
    }

    fn take(&mut self, at: Timestamp) {
        self.times.drop_while(|time| *time < at - 10 * MINUTE);
        if self.times.is_empty() {
            (self.first, self.total) = (at, 0);
        }
        self.times.push(at);
        self.total += 1;
    }
}

impl Story for Hits {
    type Config = Config;

    fn pace(&self, config: &Config) -> Pace {
        Pace {
            cooldown: config.cooldown,
            update_interval: Duration::minutes(5),
            quiet: Duration::minutes(30),
        }
    }

    fn verdict(&mut self, now: Timestamp, config: &Config) -> Verdict {
        let hits = self.times.len() as u32;
        let due = self.times.iter().nth(1).map(|second| second + config.settle.nanos());
        match due {
            _ if self.overflow => Verdict::Alert(Severity::Low),
            _ if hits >= config.grave => Verdict::Alert(Severity::High),
            _ if hits >= config.min => Verdict::Alert(Severity::Medium),
            Some(due) if due > now => Verdict::Pending(due, Severity::Low),
            Some(_) => Verdict::Alert(Severity::Low),
            None => Verdict::Silent,
        }
    }

    fn count(&self) -> u64 {
        self.total
    }

    fn first_seen(&self) -> Timestamp {
        self.first
    }

    fn alert(&self, key: &str, seen: &Seen, _: &Config) -> Alert {
        Alert::create("X1", key, seen.severity).title(format!("{} hits of {key}", seen.count))
    }

    fn overflow(&self, _: &Config) -> (String, Self) {
        ("others".to_owned(), Self::new(true))
    }

    fn heap_bytes(&self) -> usize {
        self.times.heap_bytes()
    }

    fn keep(&self) -> Keep {
        if self.times.len() > 1 { Keep::Protected } else { Keep::Once }
    }
}

struct Counter {
    config: Config,
    book: Book<Hits>,
}

impl Detector for Counter {
    const NAME: &'static str = "counter";
    const SUMMARY: &'static str = "Counts hits.";
    type Config = Config;
    type State = Book<Hits>;

    fn subscriptions(_: &Config, _: &Site) -> Vec<Subscription> {
        vec![Line::subscribe([present("key")])]
    }

    fn new(config: Config, _: Site, mut book: Book<Hits>) -> Result<Self, String> {
        book.set_bytes_max(600_000);
        Ok(Self { config, book })
    }

    fn event(&mut self, event: &Event<'_>, alerts: &mut Alerts) {
        let Some(Row::Line(row)) = read_row(event) else { return };
        let (key, config) = (row.key.unwrap_or_default(), &self.config);
        if row.over.is_some() {
            let hit = Hit { key, event, summary: "over" };
            self.book.recover(hit, |_| true, config, alerts);
            return;
        }
        let take = |hits: &mut Hits| {
            hits.take(event.time());
            row.clearer.is_some()
        };
        let hit = Hit { key, event, summary: "hit" };
        self.book.enter(hit, || Hits::new(false), take, config, alerts);
    }

    fn deadline(&self) -> Option<Timestamp> {
        self.book.deadline()
    }

    fn timer(&mut self, now: Timestamp, alerts: &mut Alerts) {
        self.book.timer(now, &self.config, alerts);
    }

    fn finish(&mut self, alerts: &mut Alerts) {
        self.book.finish(&self.config, alerts);
    }

    fn state(&self) -> &Book<Hits> {
        &self.book
    }
}

fn hit(second: i64, key: &str) -> TestEvent {
    TestEvent::new("text", second, "", &[("key", key)])
}

fn over(second: i64) -> TestEvent {
    TestEvent::new("text", second, "", &[("key", "a"), ("over", "")])
}

fn hits(seconds: impl IntoIterator<Item = i64>) -> Vec<TestEvent> {
    seconds.into_iter().map(|second| hit(second, "a")).collect()
}

fn run(events: Vec<TestEvent>, until: i64) -> Vec<Alert> {
    Kit::<Counter>::new("{}").rows(events).advance(until).finish()
}

/// Activity, second of the decision, count, severity.
fn told(alerts: &[Alert]) -> Vec<(Activity, i64, u64, Severity)> {
    let line = |alert: &Alert| (alert.activity, alert.time / SECOND, alert.count, alert.severity);
    alerts.iter().map(line).collect()
}

/// Scenario: one hit; two hits, and time passes; two hits, and the input ends.
/// Guarantees: not enough is silent; a pending decision falls at its time, or at
/// the end of the input.
#[test]
fn pending_decisions_fall() {
    assert_eq!(told(&run(hits([0]), 9_000)), []);
    let low = |at| (Activity::Create, at, 2, Severity::Low);
    assert_eq!(told(&run(hits([0, 10]), 129)), [low(129)]);
    assert_eq!(told(&run(hits([0, 10]), 131)), [low(130)]);
}

/// Scenario: hits until it gets worse, then held ones, then silence.
/// Guarantees: create, an update at once when worse, one per interval otherwise, a
/// close after the quiet time with the severity and the first time of the create.
#[test]
fn an_incident_lives_while_hits_come() {
    let alerts = run(hits([0, 10, 20, 30, 40, 50, 60]), 9_000);
    assert_eq!(
        told(&alerts),
        [
            (Activity::Create, 20, 3, Severity::Medium),
            (Activity::Update, 50, 6, Severity::High),
            (Activity::Update, 350, 7, Severity::High),
            (Activity::Close, 1_860, 7, Severity::High),
        ]
    );
    assert!(alerts.iter().all(|alert| alert.first_seen == 0 && alert.key == "a"));
    assert_eq!(alerts[3].last_seen, 60 * SECOND);
    assert_eq!(alerts[3].evidence.len(), 7);
    let clearer = TestEvent::new("text", 25, "", &[("key", "a"), ("clearer", "")]);
    let alerts = run([hits([0, 10, 20]), vec![clearer]].concat(), 26);
    assert_eq!(told(&alerts)[1], (Activity::Update, 25, 4, Severity::Medium));
}

/// Scenario: forty hits a minute apart, and the input ends while some are held.
/// Guarantees: first and last evidence are kept, held news are told, nothing is
/// closed.
#[test]
fn the_end_of_input_closes_nothing() {
    let alerts = run(hits((0..40).map(|n| n * 60)), 0);
    let last = alerts.last().expect("alerts");
    assert_eq!((last.activity, last.count), (Activity::Update, 40));
    let times: Vec<i64> = last.evidence.iter().map(|e| e.time / MINUTE).collect();
    assert_eq!((times.len(), times[0], times[9], times[10], times[19]), (20, 0, 9, 30, 39));
}

/// Scenario: the incident ends by silence or by recovery, and hits come again.
/// Guarantees: after silence the cooldown holds a new create back; after recovery
/// it does not; a recovery makes a pending decision fall first.
#[test]
fn the_cooldown_holds_back() {
    let again = hits([0, 10, 20, 2_400, 2_410, 2_420, 3_500, 3_505, 3_510]);
    let created: Vec<i64> = told(&run(again, 9_000))
        .iter()
        .filter(|(activity, ..)| *activity == Activity::Create)
        .map(|(_, at, ..)| *at)
        .collect();
    assert_eq!(created, [20, 3_620]);
    let events = [hits([0, 10, 20]), vec![over(30)], hits([40, 50, 60])].concat();
    let alerts = run(events, 60);
    let kinds: Vec<_> = alerts.iter().map(|a| (a.activity, a.time / SECOND)).collect();
    assert_eq!(kinds, [(Activity::Create, 20), (Activity::Close, 30), (Activity::Create, 60)]);
    let alerts = run([hits([0, 10]), vec![over(30)]].concat(), 9_000);
    assert_eq!(
        told(&alerts),
        [(Activity::Create, 30, 2, Severity::Low), (Activity::Close, 30, 2, Severity::Low)]
    );
    assert_eq!(run([hits([0]), vec![over(5)], hits([6])].concat(), 9_000), []);
}

/// Scenario: late hits without and with an incident, a late recovery.
/// Guarantees: no alert of their own; count and evidence of the open incident; no
/// end.
#[test]
fn late_rows_decide_nothing() {
    let late = |second| hit(second, "a").late();
    assert_eq!(run(vec![late(1), late(2), late(3)], 9_000), []);
    let events = [hits([100, 110, 120]), vec![late(5), over(6).late()]].concat();
    let alerts = run(events, 121);
    assert_eq!(
        told(&alerts),
        [
            (Activity::Create, 120, 3, Severity::Medium),
            (Activity::Update, 121, 4, Severity::Medium)
        ]
    );
    assert_eq!((alerts[1].first_seen, alerts[1].evidence[0].time), (100 * SECOND, 5 * SECOND));
}

/// Scenario: more incidents than may be open at once.
/// Guarantees: the rest share one; all of them are closed.
#[test]
fn too_many_incidents_share_one() {
    let events = (0..400).flat_map(|n| (0..3).map(move |s| hit(s, &format!("key{n}"))));
    let alerts = run(events.collect(), 9_000);
    let of = |activity| alerts.iter().filter(|alert| alert.activity == activity).count();
    assert_eq!((of(Activity::Create), of(Activity::Close)), (301, 301));
    let shared: Vec<_> = alerts.iter().filter(|alert| alert.key == "others").collect();
    assert_eq!((shared[0].severity, shared.last().map(|a| a.count)), (Severity::Low, Some(100)));
}

/// Scenario: a slow attack, then hits of 20,000 fresh keys.
/// Guarantees: memory and timers stay bounded, the slow attack is found.
#[test]
fn a_flood_does_not_evict_a_slow_attack() {
    let (mut runner, subscriptions) = Runner::<Counter>::start("{}", None).expect("it starts");
    let mut feed = |events: Vec<TestEvent>| {
        let example = crate::testkit::Example {
            name: "",
            config: "{}",
            events,
            advance: None,
            check: |_| {},
        };
        runner.process(&example.batch(&subscriptions)).expect("it is accepted")
    };
    assert_eq!(feed(hits([0, 1])), []);
    for chunk in 0..20 {
        let flood = (0..1_000).map(|n| hit(2, &format!("{chunk}-{n}")));
        assert_eq!(feed(flood.collect()), []);
    }
    assert_eq!(feed(hits([3])).len(), 1);
    assert!(runner.snapshot().expect("a snapshot").len() < 600_000);
}

/// Scenario: a first hit, a second that is one of two, a late one, the incident, and
/// its end.
/// Guarantees: each step is told, with the time until which a decision waits.
#[test]
fn decisions_are_explained() {
    let mut events = hits([0, 10]);
    events.push(over(20));
    let told = Kit::<Counter>::new("{}").rows(events).explain();
    let decided = "a: 2 hits, decided at 1970-01-01 00:02:10 UTC unless more comes";
    let expected = [
        "a: 1 hits, silent",
        decided,
        "a: it works again: what was pending is decided",
        "X1 a: alert (create, low, count 2): 2 hits of a",
        "X1 a: alert (close, low, count 2): 2 hits of a",
    ];
    let told: Vec<&str> = told.iter().map(|line| line.trim_start()).collect();
    assert_eq!(told, expected);
}
