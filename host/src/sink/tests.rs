//! Sinks against peers that really speak, and fail.

mod certificates;
mod files;
mod peer;
mod rsyslog;
mod web;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::worker::{Next, Pace, Worker};
use super::{bounds, start, transport};
use crate::alert::{Activity, Alert, Confidence, Identified, Severity, to_stored};
use crate::checkpoint::{Commit, NewAlert, Store};
use crate::clock::{Clock, Stopwatch, SystemClock};
use crate::config::{Config, Sink};
use crate::record::Sources;

/// Nothing takes longer than this unless it is broken.
const LONG: Duration = Duration::from_secs(20);

fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

fn store(dir: &Path) -> Arc<Store> {
    let store = Arc::new(Store::open(dir, clock()).expect("it opens"));
    store.set_detectors(&["lockout"]).expect("set");
    store
}

/// A sink as a config says it, that tries again at once.
fn sink(text: &str) -> Sink {
    let text = format!(
        "[sink.s]\n{text}\nretry = {{ initial = '1ms', max = '5ms' }}\n\
         batch = {{ count = 10, linger = '0s' }}\n"
    );
    let config = Config::embedded("test.toml", &text).unwrap_or_else(|error| panic!("{error}"));
    config.sinks.into_iter().next().expect("one")
}

fn identified(number: u64, revision: u64) -> Identified {
    let alert = Alert {
        activity: if revision == 1 { Activity::Create } else { Activity::Update },
        rule: "T1".into(),
        key: format!("user{number}"),
        severity: if number.is_multiple_of(2) { Severity::High } else { Severity::Low },
        confidence: Confidence::High,
        noise: false,
        time: 1_700_000_000_000_000_000,
        first_seen: 1_700_000_000_000_000_000,
        last_seen: 1_700_000_000_000_000_000,
        count: 1,
        title: format!("alert number {number} \u{e4}"),
        description: "what <happened> & why".into(),
        remediation: String::new(),
        entities: vec![("user".into(), format!("user{number}"))],
        attributes: Vec::new(),
        labels: vec![("team".into(), "blue".into())],
        attack: Vec::new(),
        evidence: Vec::new(),
        amends: None,
    };
    Identified { id: format!("id{number:04}"), revision, detector: "lockout".into(), alert }
}

/// Commits alerts with these numbers, first revisions.
fn raise(store: &Store, numbers: std::ops::Range<u64>) {
    let new = |number| {
        let told = identified(number, 1);
        let bytes = to_stored(&told, &Sources::default());
        NewAlert { detector: told.detector, id: told.id, revision: 1, bytes }
    };
    let commit = Commit { alerts: numbers.map(new).collect(), ..Commit::default() };
    store.commit(&commit).expect("committed");
}

/// Waits inside of exchanges are cut short.
struct Hurry;

impl Pace for Hurry {
    fn pause(&self, time: Duration) -> bool {
        std::thread::sleep(time.min(Duration::from_millis(2)));
        true
    }
}

fn worker(sink: &Sink, store: &Arc<Store>) -> Worker {
    store.set_sinks(&bounds(std::slice::from_ref(sink))).expect("set");
    let transport = transport(sink, &clock()).unwrap_or_else(|error| panic!("{error}"));
    Worker::new(sink.clone(), transport, Arc::clone(store), clock())
}

/// Steps until nothing is left.
fn work_off(worker: &mut Worker) {
    let watch = Stopwatch::start();
    while !matches!(worker.step(&Hurry).expect("the store works"), Next::Idle(_)) {
        assert!(watch.elapsed() < LONG, "it does not end: {:?}", worker.trouble());
    }
}

/// Steps until the sink is in trouble for this reason.
fn try_until(worker: &mut Worker, reason: &str) {
    let watch = Stopwatch::start();
    while !worker.trouble().is_some_and(|why| why.contains(reason)) {
        assert!(watch.elapsed() < LONG, "{:?}", worker.trouble());
        worker.step(&Hurry).expect("the store works");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn pending(store: &Store) -> u64 {
    store.backlog("s").expect("read").count
}
