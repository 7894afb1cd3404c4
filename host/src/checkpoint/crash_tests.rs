//! Lives that end in a power cut.

use std::fmt::Write as _;

use redb::ReadableTable;

use super::power_cut::{Coin, Disk, Survivors};
use super::tests::{alert, blocking, open};
use super::{Commit, Snapshot, Store, tables};
use crate::alert::OpenIncident;
use crate::problem::Problem;

/// Everything that is in a store, as text.
fn dump(store: &Store) -> String {
    let mut text = format!("{:?}\n", store.recover().expect("it is read"));
    for row in store.journal_from(0).expect("it is read") {
        let (seq, entry) = row.expect("a row");
        writeln!(text, "journal {seq} {}", String::from_utf8_lossy(&entry)).expect("text");
    }
    let rest = store.read(|txn| {
        let mut rest = Vec::new();
        for row in txn.open_table(tables::OUTBOX)?.iter()? {
            let (seq, value) = row?;
            rest.push(format!("outbox {} {:?}", seq.value(), value.value()));
        }
        for row in txn.open_table(tables::RECORDED)?.iter()? {
            let (key, value) = row?;
            rest.push(format!("recorded {:?} {}", key.value(), value.value()));
        }
        for row in txn.open_table(tables::SINKS)?.iter()? {
            let (key, value) = row?;
            rest.push(format!("sink {} {:?}", key.value(), value.value()));
        }
        for row in txn.open_table(tables::DEAD_LETTERS)?.iter()? {
            let (key, value) = row?;
            rest.push(format!("dead {} {:?}", key.value(), value.value()));
        }
        Ok(rest.join("\n"))
    });
    text + &rest.expect("it is read")
}

/// One step of a service's life.
type Step = Box<dyn Fn(&Store) -> Result<(), Problem>>;

/// A life with everything in it.
fn script(seed: u64) -> Vec<Step> {
    let mut steps: Vec<Step> = vec![
        Box::new(|store| store.set_detectors(&["lockout", "schannel"])),
        Box::new(|store| store.set_sinks(&blocking(&["file", "siem"]))),
    ];
    let mut coin = Coin(seed);
    for round in 0..8_u64 {
        let (rows, size) = (1 + coin.next() % 20, (coin.next() % 6_000) as usize);
        steps.push(Box::new(move |store| {
            let position = round.to_be_bytes().to_vec();
            let commit = Commit {
                positions: vec![(b"auth.log".to_vec(), Some(position))],
                journal: (0..rows).map(|row| format!("{round}/{row}").into_bytes()).collect(),
                alerts: vec![alert("lockout", "id", round + 1, &vec![b'a'; size])],
            };
            store.commit(&commit).map(drop)
        }));
        match coin.next() % 4 {
            0 => steps.push(Box::new(move |store| store.acknowledge("file", round))),
            1 => steps.push(Box::new(move |store| store.acknowledge("siem", round / 2))),
            2 => steps.push(Box::new(move |store| {
                let open = OpenIncident { key: "k".into(), id: "id".into(), revision: round + 1 };
                let next = store.recover()?.journal_next;
                store.snapshot(&Snapshot {
                    detector: "lockout",
                    journal_seq: next,
                    state: Some(&vec![round as u8; 3_000]),
                    incidents: &[open],
                })
            })),
            _ => steps.push(Box::new(move |store| {
                store.dead_letters("siem", &[(round, "400 Bad Request".to_owned())])
            })),
        }
    }
    steps
}

/// What the store holds after each number of steps.
fn expected(steps: &[Step]) -> (Vec<String>, u64) {
    let disk = empty();
    let store = open(disk.clone()).expect("it opens");
    let mut dumps = vec![dump(&store)];
    for step in steps {
        step(&store).expect("it works");
        dumps.push(dump(&store));
    }
    drop(store);
    (dumps, disk.operations())
}

/// A disk with an empty store: creating one is `Store::open`'s business.
fn empty() -> Disk {
    let disk = Disk::default();
    drop(open(disk.clone()).expect("it opens"));
    Disk::with_contents(disk.after_the_cut(Survivors::Nothing))
}

/// Lives through the steps until the power goes; how many were done, or `None` when
/// it did not get to open.
fn live(disk: Disk, steps: &[Step]) -> Option<usize> {
    let store = open(disk).ok()?;
    Some(steps.iter().take_while(|step| step(&store).is_ok()).count())
}

/// The store after the cut holds what was done, or that and the step under way.
fn assert_whole(image: Vec<u8>, done: Option<usize>, dumps: &[String], what: &str) {
    let mut store =
        open(Disk::with_contents(image)).unwrap_or_else(|error| panic!("{what}: {error}"));
    let found = dump(&store);
    let done = done.unwrap_or(0);
    let place = dumps.iter().skip(done).take(2).position(|dump| *dump == found);
    assert!(place.is_some(), "{what}: neither before nor after step {done}:\n{found}");
    let checked = store.check().expect("it is checked");
    assert_eq!(checked.broken, Vec::<String>::new(), "{what}");
}

/// Scenario: the power is cut before each single write and sync of a scripted life,
/// and nothing, everything or some sectors of what was not synced survive.
/// Guarantees: the store opens again, with every commit that returned, and the one
/// under way either whole or not at all.
#[test]
fn a_power_cut_at_any_write_leaves_whole_commits() {
    let steps = script(1);
    let (dumps, operations) = expected(&steps);
    assert!(operations > 50, "{operations} operations are no life");
    for cut in 0..operations {
        let disk = empty().cut_at(cut);
        let done = live(disk.clone(), &steps);
        for survivors in [Survivors::Nothing, Survivors::Everything, Survivors::Some(cut)] {
            let image = disk.after_the_cut(survivors);
            assert_whole(image, done, &dumps, &format!("cut at {cut}, {survivors:?}"));
        }
    }
}

/// Scenario: other lives, cut at seeded places, sectors tossed by seed.
/// Guarantees: the same.
#[test]
fn random_power_cuts_leave_whole_commits() {
    for seed in 2..8 {
        let steps = script(seed);
        let (dumps, operations) = expected(&steps);
        let mut coin = Coin(seed);
        for _ in 0..40 {
            let (cut, toss) = (coin.next() % operations, coin.next());
            let disk = empty().cut_at(cut);
            let done = live(disk.clone(), &steps);
            let image = disk.after_the_cut(Survivors::Some(toss));
            assert_whole(image, done, &dumps, &format!("seed {seed}, cut at {cut}"));
        }
    }
}

/// Scenario: the power goes a second time, while the store of the first cut opens.
/// Guarantees: recovery itself loses nothing.
#[test]
fn a_power_cut_during_recovery_loses_nothing() {
    let steps = script(9);
    let (dumps, operations) = expected(&steps);
    let disk = empty().cut_at(operations * 2 / 3);
    let done = live(disk.clone(), &steps);
    let image = disk.after_the_cut(Survivors::Some(9));
    for cut in 0..40 {
        let second = Disk::with_contents(image.clone()).cut_at(cut);
        drop(open(second.clone()));
        let image = second.after_the_cut(Survivors::Some(cut));
        assert_whole(image, done, &dumps, &format!("second cut at {cut}"));
    }
}
