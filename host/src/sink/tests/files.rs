//! Files, and sinks on threads.

use std::fs;
use std::time::Duration;

use super::*;
use crate::checkpoint::tests::HandClock;

fn lines(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).expect("it is there");
    let id = |line: &str| {
        let value: serde_json::Value = serde_json::from_str(line).expect("one object a line");
        value["id"].as_str().expect("an id").to_owned()
    };
    text.lines().map(id).collect()
}

fn ids(numbers: std::ops::Range<u64>) -> Vec<String> {
    numbers.map(|number| format!("id{number:04}")).collect()
}

/// Scenario: alerts for a file with a filter; a torn line from a crash; the file is
/// moved away by another program.
/// Guarantees: whole lines in order; what the filter leaves out is counted; the torn
/// line goes; a new file is begun.
#[test]
fn a_file_holds_whole_lines() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = store(dir.path());
    let path = dir.path().join("out/alerts.ndjson");
    let sink = sink(&format!("type = 'file'\npath = '{}'\nmin_severity = 'high'", path.display()));
    let mut worker = self::worker(&sink, &store);
    raise(&store, 0..4);
    work_off(&mut worker);
    assert_eq!(lines(&path), ["id0000", "id0002"]);
    let numbers = worker.counters().numbers();
    assert_eq!((numbers.delivered, numbers.filtered, pending(&store)), (2, 2, 0));
    let text = fs::read_to_string(&path).expect("read");
    assert_eq!(numbers.delivered_bytes, text.len() as u64 - 2);
    drop(worker);
    fs::write(&path, text + "{\"id\":\"torn").expect("written");
    let mut worker = self::worker(&sink, &store);
    raise(&store, 4..5);
    work_off(&mut worker);
    assert_eq!(lines(&path), ["id0000", "id0002", "id0004"]);
    fs::rename(&path, path.with_extension("moved")).expect("moved");
    raise(&store, 6..7);
    work_off(&mut worker);
    assert_eq!(lines(&path), ["id0006"]);
}

/// Scenario: more alerts than a file may hold, and a new period.
/// Guarantees: files are rotated and so many kept; nothing is lost between them.
#[test]
fn a_file_is_rotated() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = store(dir.path());
    let path = dir.path().join("a.ndjson");
    let sink = sink(&format!(
        "type = 'file'\npath = '{}'\nrotate_bytes = 9_000\nkeep = 2\nrotate_every = '24h'",
        path.display()
    ));
    store.set_sinks(&bounds(std::slice::from_ref(&sink))).expect("set");
    let time = Arc::new(HandClock::default());
    let handed: Arc<dyn Clock> = Arc::clone(&time) as _;
    time.go_on(Duration::from_nanos(clock().now_nanos() as u64));
    let transport = transport(&sink, &handed).expect("made");
    let mut worker = Worker::new(sink, transport, Arc::clone(&store), handed);
    raise(&store, 0..60);
    work_off(&mut worker);
    let numbered = |number: u64| path.with_extension(format!("ndjson.{number}"));
    let mut found = Vec::new();
    for path in [&numbered(2), &numbered(1), &path] {
        assert!(fs::metadata(path).expect("there").len() <= 9_000);
        found.extend(lines(path));
    }
    assert!(!numbered(3).exists());
    assert_eq!(found, ids(60 - found.len() as u64..60));
    time.go_on(Duration::from_hours(24));
    raise(&store, 60..61);
    work_off(&mut worker);
    assert_eq!(lines(&path), ["id0060"]);
}

/// Scenario: a folder in place of the file, then a sink that works beside it.
/// Guarantees: the one in trouble says why and loses nothing; the other goes on;
/// draining ends in time and tells what waits.
#[test]
fn sinks_on_threads_do_not_disturb_each_other() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = store(dir.path());
    let (good, bad) = (dir.path().join("good"), dir.path().join("bad"));
    fs::create_dir(&bad).expect("created");
    let named = |name: &str, path: &Path| {
        let sink = sink(&format!("type = 'file'\npath = '{}'", path.display()));
        Sink { name: name.into(), ..sink }
    };
    let sinks = [named("bad", &bad), named("s", &good)];
    let running = start(&sinks, &store, &clock()).expect("started");
    raise(&store, 0..25);
    let watch = Stopwatch::start();
    while pending(&store) > 0 || running.watch().trouble("bad").is_none() {
        assert!(watch.elapsed() < LONG);
        std::thread::sleep(Duration::from_millis(1));
    }
    let seen = running.watch();
    assert_eq!((seen.trouble("s"), seen.numbers("bad").delivered), (None, 0));
    assert!(store.backlog("bad").expect("read").oldest.is_some());
    assert_eq!(
        (seen.names().collect::<Vec<_>>(), seen.numbers("s").delivered),
        (vec!["bad", "s"], 25)
    );
    let drained = running.drain(Duration::from_millis(100)).expect("drained");
    assert_eq!(drained.pending, [("bad".to_owned(), 25)]);
    assert_eq!(lines(&good), ids(0..25));
    // After a restart the other way round: what waited is delivered while draining.
    fs::remove_dir(&bad).expect("removed");
    let running = start(&sinks, &store, &clock()).expect("started");
    assert_eq!(running.drain(LONG).expect("drained").pending, []);
    assert_eq!(lines(&bad), ids(0..25));
}

/// Scenario: a batch that is not full, before and after its linger, and when the
/// service ends.
/// Guarantees: it waits so long and no longer.
#[test]
fn a_batch_lingers() {
    let dir = tempfile::tempdir().expect("a directory");
    let time = Arc::new(HandClock::default());
    let handed: Arc<dyn Clock> = Arc::clone(&time) as _;
    let store = Arc::new(Store::open(dir.path(), Arc::clone(&handed)).expect("it opens"));
    let mut sink = sink(&format!("type = 'file'\npath = '{}'", dir.path().join("f").display()));
    sink.batch.linger = Duration::from_secs(5);
    store.set_sinks(&bounds(std::slice::from_ref(&sink))).expect("set");
    let transport = transport(&sink, &handed).expect("made");
    let mut worker = Worker::new(sink, transport, Arc::clone(&store), handed);
    raise(&store, 0..1);
    time.go_on(Duration::from_secs(2));
    assert_eq!(worker.step(&Hurry), Ok(Next::After(Duration::from_secs(3))));
    time.go_on(Duration::from_secs(3));
    assert_eq!(worker.step(&Hurry), Ok(Next::Now));
    raise(&store, 1..11);
    assert_eq!(worker.step(&Hurry), Ok(Next::Now), "it is full");
    raise(&store, 11..12);
    assert!(matches!(worker.step(&Hurry), Ok(Next::After(_))));
    worker.draining().store(true, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(worker.step(&Hurry), Ok(Next::Now));
    assert_eq!((worker.step(&Hurry), pending(&store)), (Ok(Next::Idle(12)), 0));
}
