//! The promises of the store, also through power cuts.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use super::power_cut::{Disk, Survivors};
use super::tables::{self, META};
use super::*;
use crate::alert::OpenIncident;
use crate::clock::Clock;
use crate::problem::Problem;

/// A clock that stands where it was put.
#[derive(Debug, Default)]
pub(crate) struct HandClock(AtomicI64);

impl HandClock {
    pub(crate) fn go_on(&self, by: Duration) {
        self.0.fetch_add(by.as_nanos() as i64, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now_nanos(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }

    fn uptime(&self) -> Duration {
        Duration::from_nanos(self.now_nanos() as u64)
    }
}

pub(crate) fn alert(detector: &str, id: &str, revision: u64, bytes: &[u8]) -> NewAlert {
    NewAlert { detector: detector.into(), id: id.into(), revision, bytes: bytes.to_vec() }
}

pub(crate) fn bound(name: &str, on_full: OnFull, backlog_bytes_max: u64) -> SinkBound {
    SinkBound {
        name: name.into(),
        on_full,
        backlog_bytes_max,
        spill_bytes_max: backlog_bytes_max * 4,
        backlog_age_max: None,
    }
}

pub(crate) fn blocking(names: &[&str]) -> Vec<SinkBound> {
    names.iter().map(|name| bound(name, OnFull::Block, 1 << 20)).collect()
}

fn in_memory() -> (Store, Arc<HandClock>) {
    let clock = Arc::new(HandClock::default());
    let handed: Arc<HandClock> = Arc::clone(&clock);
    (Store::on_backend(Disk::default(), handed).expect("it opens"), clock)
}

pub(super) fn open(disk: Disk) -> Result<Store, Problem> {
    Store::on_backend(disk, Arc::new(HandClock::default()))
}

fn alerts(alerts: Vec<NewAlert>) -> Commit {
    Commit { alerts, ..Commit::default() }
}

fn entries(count: usize) -> Commit {
    Commit { journal: vec![b"row".to_vec(); count], ..Commit::default() }
}

/// Scenario: the journal is fed again after a crash, and raises the same alerts.
/// Guarantees: they are dropped and counted until a snapshot has their rows behind
/// it, also when all sinks have them.
#[test]
fn a_repeat_is_dropped_until_a_snapshot_covers_it() {
    let (store, _) = in_memory();
    store.set_detectors(&["lockout"]).expect("set");
    store.set_sinks(&blocking(&["file"])).expect("set");
    let commit = Commit { alerts: vec![alert("lockout", "a", 1, b"x")], ..entries(3) };
    let committed = store.commit(&commit).expect("committed");
    assert_eq!((committed.repeats, committed.journal_next), (0, 3));
    store.acknowledge("file", 0).expect("acknowledged");
    let repeat = alerts(vec![alert("lockout", "a", 1, b"x"), alert("lockout", "a", 2, b"y")]);
    assert_eq!(store.commit(&repeat).expect("committed").repeats, 1);
    let pending = store.pending("file", 10, 1 << 20).expect("read");
    assert_eq!(pending.iter().map(|out| out.revision).collect::<Vec<_>>(), [2]);
    let snapshot =
        |seq| Snapshot { detector: "lockout", journal_seq: seq, state: None, incidents: &[] };
    store.snapshot(&snapshot(2)).expect("kept");
    assert_eq!(store.show().expect("shown").recorded_alerts, 2, "row 2 may raise them again");
    store.snapshot(&snapshot(3)).expect("kept");
    assert_eq!(store.show().expect("shown").recorded_alerts, 0);
}

/// Scenario: two detectors, one of which takes no snapshot for long; one leaves.
/// Guarantees: the journal is kept from the place of the one that is furthest
/// behind; a detector that is not named any more holds nothing.
#[test]
fn the_journal_is_cut_below_the_least_snapshot() {
    let (store, _) = in_memory();
    store.set_detectors(&["fast", "slow"]).expect("set");
    store.commit(&entries(10)).expect("committed");
    let open = [OpenIncident { key: "user1".into(), id: "ab".into(), revision: 4 }];
    let snapshot =
        Snapshot { detector: "fast", journal_seq: 10, state: Some(b"state"), incidents: &open };
    store.snapshot(&snapshot).expect("kept");
    assert_eq!(store.journal_from(0).expect("read").count(), 10, "`slow` needs them all");
    for wrong in [9, 11] {
        let snapshot = Snapshot { journal_seq: wrong, ..snapshot.clone() };
        assert!(store.snapshot(&snapshot).is_err(), "{wrong} is behind or beyond");
    }
    store.set_detectors(&["fast", "late"]).expect("set");
    assert_eq!(store.journal_from(0).expect("read").count(), 0);
    let recovered = store.recover().expect("read");
    let [fast, late] = recovered.detectors.as_slice() else { panic!("two") };
    assert_eq!(fast.state.as_deref(), Some(b"state".as_slice()));
    assert_eq!(fast.incidents, open);
    assert_eq!((late.journal_seq, &late.state), (10, &None), "it begins at the present");
    store.commit(&entries(2)).expect("committed");
    let seqs: Vec<u64> =
        store.journal_from(11).expect("read").map(|row| row.expect("row").0).collect();
    assert_eq!(seqs, [11]);
}

/// Scenario: two sinks acknowledge at their own pace; one is added, one removed.
/// Guarantees: an entry goes when all have it; a new sink begins at the present; a
/// removed one holds nothing back.
#[test]
fn each_sink_has_its_own_cursor() {
    let (store, _) = in_memory();
    store.set_sinks(&blocking(&["a", "b"])).expect("set");
    let ids = |sink: &str| -> Vec<String> {
        store.pending(sink, 10, 1 << 20).expect("read").into_iter().map(|out| out.id).collect()
    };
    let raise =
        |id: &str| store.commit(&alerts(vec![alert("d", id, 1, id.as_bytes())])).expect("ok");
    for id in ["1", "2", "3"] {
        raise(id);
    }
    store.acknowledge("a", 1).expect("acknowledged");
    assert_eq!((ids("a"), ids("b").len()), (vec!["3".to_owned()], 3));
    assert_eq!(store.show().expect("shown").outbox_entries, 3);
    store.set_sinks(&blocking(&["a", "c"])).expect("set");
    assert_eq!(store.show().expect("shown").outbox_entries, 1, "`b` is forgotten");
    raise("4");
    assert_eq!((ids("a").len(), ids("c")), (2, vec!["4".to_owned()]));
    store.acknowledge("a", 99).expect("acknowledged");
    assert_eq!(store.backlog("a").expect("read").count, 0, "no further than the present");
    store.acknowledge("a", 0).expect("acknowledged");
    assert_eq!(ids("a"), Vec::<String>::new(), "a cursor never goes back");
    let limited = |count, bytes| store.pending("c", count, bytes).expect("read").len();
    raise("5");
    assert_eq!((limited(1, 99), limited(9, 1), limited(9, 0), limited(9, 2)), (1, 1, 1, 2));
}

/// Scenario: backlogs over their bounds, under each policy.
/// Guarantees: `block` and `spill` say so and lose nothing, `drop-counted` gives up
/// the oldest and counts them, also by age.
#[test]
fn a_full_backlog_follows_the_policy() {
    let raise = |store: &Store, id: &str| {
        store.commit(&alerts(vec![alert("d", id, 1, &[b'x'; 36])])).expect("committed").full
    };
    for (on_full, full_after) in [(OnFull::Block, 3), (OnFull::Spill, 12)] {
        let (store, _) = in_memory();
        store.set_sinks(&[bound("s", on_full, 300)]).expect("set");
        let full = (1..20).find(|id| raise(&store, &id.to_string()).is_some());
        assert_eq!(full, Some(full_after), "{on_full:?}");
        assert_eq!(store.full_sink().expect("read").as_deref(), Some("s"));
        store.acknowledge("s", 0).expect("acknowledged");
        assert_eq!(store.full_sink().expect("read"), None);
    }
    let (store, clock) = in_memory();
    let age_max = Some(Duration::from_mins(1));
    let drop = SinkBound { backlog_age_max: age_max, ..bound("s", OnFull::DropCounted, 300) };
    store.set_sinks(&[drop]).expect("set");
    for id in ["1", "2", "3", "4", "5"] {
        assert_eq!(raise(&store, id), None);
    }
    let backlog = store.backlog("s").expect("read");
    assert_eq!((backlog.count, backlog.bytes, backlog.dropped), (3, 300, 2));
    clock.go_on(Duration::from_secs(61));
    raise(&store, "6");
    let backlog = store.backlog("s").expect("read");
    assert_eq!((backlog.count, backlog.dropped), (1, 5));
}

/// Scenario: a peer refuses an alert for good.
/// Guarantees: it is kept aside, and the cursor stays until it is acknowledged.
#[test]
fn dead_letters_are_kept() {
    let (store, _) = in_memory();
    store.set_sinks(&blocking(&["s"])).expect("set");
    store.commit(&alerts(vec![alert("d", "1", 1, b"x")])).expect("committed");
    store.dead_letters("s", &[(0, "refused".into()), (7, "not there".into())]).expect("kept");
    assert_eq!(store.backlog("s").expect("read").count, 1);
    store.acknowledge("s", 0).expect("acknowledged");
    let shown = store.show().expect("shown");
    assert_eq!((shown.dead_letters, shown.outbox_entries), (1, 0));
}

fn open_dir(dir: &Path) -> Result<Store, Problem> {
    Store::open(dir, Arc::new(HandClock::default()))
}

/// Scenario: a directory is opened twice, then again after it was closed.
/// Guarantees: the second is told who has it; afterwards everything is there; both
/// the directory and the file are for their owner alone.
#[test]
fn a_directory_has_one_owner() {
    use std::os::unix::fs::PermissionsExt;
    let outer = tempfile::tempdir().expect("a directory");
    let dir = outer.path().join("state");
    let store = open_dir(&dir).expect("it opens");
    store
        .commit(&Commit { positions: vec![(b"s".into(), Some(b"1".into()))], ..entries(1) })
        .expect("ok");
    let problem = open_dir(&dir).expect_err("it is held");
    assert_eq!(
        problem.what,
        format!("the state directory is in use by process {}", std::process::id())
    );
    drop(store);
    let store = open_dir(&dir).expect("it opens");
    let recovered = store.recover().expect("read");
    assert_eq!((recovered.positions.len(), recovered.journal_next), (1, 1));
    for (path, mode) in [(dir.clone(), 0o700), (dir.join("state.redb"), 0o600)] {
        let found = std::fs::metadata(path).expect("there").permissions().mode();
        assert_eq!(found & 0o777, mode);
    }
}

/// Scenario: a store that a newer version wrote; no store; something else.
/// Guarantees: each is refused with what to do, and nothing is written over.
#[test]
fn a_strange_store_is_refused() {
    let disk = Disk::default();
    let store = open(disk.clone()).expect("it opens");
    let newer = |txn: &redb::WriteTransaction| {
        txn.open_table(META)?.insert("format", tables::FORMAT + 1)?;
        Ok(())
    };
    store.write(newer).expect("written");
    drop(store);
    let image = disk.after_the_cut(Survivors::Everything);
    let problem = open(Disk::with_contents(image)).expect_err("too new");
    assert_eq!(problem.what, "the state is of format 2, this build knows 1");
    let dir = tempfile::tempdir().expect("a directory");
    let clock = Arc::new(HandClock::default());
    let problem = Store::open_existing(dir.path(), clock).expect_err("nothing there");
    assert_eq!(problem.what, "there is no state here");
    let path = dir.path().join("state.redb");
    std::fs::write(&path, "no database").expect("written");
    assert!(open_dir(dir.path()).is_err());
    assert_eq!(std::fs::read(&path).expect("read"), b"no database");
}

/// Scenario: the power went while the store was created for the first time.
/// Guarantees: it is created anew.
#[test]
fn an_unfinished_store_is_created_anew() {
    let dir = tempfile::tempdir().expect("a directory");
    let new = dir.path().join("state.redb.new");
    std::fs::write(&new, vec![0; 5_000]).expect("written");
    let store = open_dir(dir.path()).expect("it opens");
    assert_eq!(store.commit(&entries(2)).expect("committed").journal_next, 2);
    assert!(!new.exists());
}

/// Scenario: numbers that do not fit together.
/// Guarantees: `check` names them.
#[test]
fn check_finds_what_does_not_fit() {
    let (mut store, _) = in_memory();
    store.set_detectors(&["d"]).expect("set");
    store.set_sinks(&blocking(&["s"])).expect("set");
    store.commit(&Commit { alerts: vec![alert("d", "1", 1, b"x")], ..entries(3) }).expect("ok");
    assert_eq!(store.check().expect("checked").broken.len(), 0);
    let spoil = |txn: &redb::WriteTransaction| {
        txn.open_table(tables::JOURNAL)?.remove(1)?;
        txn.open_table(tables::SINKS)?.insert("s", (0, 7, 0))?;
        txn.open_table(tables::INCIDENTS)?.insert(("gone", "k"), ("id", 1))?;
        Ok(())
    };
    store.write(spoil).expect("written");
    let broken = store.check().expect("checked").broken;
    assert_eq!(broken.len(), 3, "{broken:?}");
}

/// Scenario: a sink waits while another thread commits, or calls.
/// Guarantees: it is woken at once.
#[test]
fn an_alert_wakes_those_who_wait() {
    let (store, _) = in_memory();
    store.set_sinks(&blocking(&["s"])).expect("set");
    let long = Duration::from_secs(20);
    let watch = crate::clock::Stopwatch::start();
    std::thread::scope(|scope| {
        scope.spawn(|| store.wait_for_alerts(0, long));
        store.commit(&alerts(vec![alert("d", "1", 1, b"x")])).expect("committed");
    });
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| store.wait_for_alerts(1, long));
        while !waiting.is_finished() {
            store.wake();
            std::thread::yield_now();
        }
    });
    assert_eq!(store.outbox_next(), 1);
    assert!(watch.elapsed() < long);
}
