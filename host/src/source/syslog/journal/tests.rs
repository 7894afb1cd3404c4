//! Segments, their bounds, and what a crash leaves of them.

use super::*;

fn settings(segment_bytes_max: u64, bytes_max: u64) -> JournalSettings {
    JournalSettings { segment_bytes_max, bytes_max, fsync: Fsync::Always }
}

fn numbers(journal: &Journal) -> Vec<u64> {
    journal.sealed_segments().iter().map(|segment| segment.number).collect()
}

/// Scenario: batches over several segments, read and deleted from the oldest on.
/// Guarantees: each line is in one segment, in order; when there is no room nothing is
/// written, and room comes with deleting.
#[test]
fn segments_are_filled_sealed_and_deleted() {
    let dir = tempfile::tempdir().expect("a directory");
    let journal = Journal::open(&dir.path().join("a/b"), settings(10, 25)).expect("opens");
    let append = |text: &str| journal.append(text.as_bytes()).expect("written");
    assert_eq!(append("one\ntwo\n"), Appended::Written { segment: 1 });
    assert_eq!(append("three\n"), Appended::Written { segment: 2 });
    assert_eq!(append("fo\n"), Appended::Written { segment: 2 });
    assert_eq!(append("five\n"), Appended::Written { segment: 3 });
    assert_eq!((numbers(&journal), journal.bytes()), (vec![1, 2], 22));
    assert_eq!(append("six!\n"), Appended::Full);
    let texts = || {
        let sealed = journal.sealed_segments().into_iter();
        let read = |segment: Segment| fs::read_to_string(segment.path).expect("readable");
        sealed.chain([journal.active_segment()]).map(read).collect::<Vec<_>>()
    };
    assert_eq!(texts(), ["one\ntwo\n", "three\nfo\n", "five\n"]);
    journal.delete_up_to(1).expect("deleted");
    assert_eq!(append("six!\n"), Appended::Written { segment: 3 });
    journal.seal().expect("sealed");
    journal.delete_up_to(9).expect("deleted");
    assert_eq!((texts(), journal.bytes()), (vec![String::new()], 0));
    assert_eq!(append(&"x".repeat(30)), Appended::Written { segment: 4 });
}

/// Scenario: a journal whose last line was not written to its end, opened again.
/// Guarantees: that line is cut off and counted, all others are there; numbers go on;
/// foreign files are left alone.
#[test]
fn a_torn_tail_is_repaired() {
    let dir = tempfile::tempdir().expect("a directory");
    let open = || Journal::open(dir.path(), settings(1 << 20, 1 << 30)).expect("opens");
    let journal = open();
    journal.append(b"one\ntwo\n").expect("written");
    drop(journal);
    let path = dir.path().join("0000000000000001.log");
    let long = [b"one\ntwo\nthr".to_vec(), vec![0; 200_000]].concat();
    fs::write(&path, &long).expect("written");
    fs::write(dir.path().join("1.log"), "foreign").expect("written");
    let journal = open();
    assert_eq!(journal.torn_bytes(), long.len() as u64 - 8);
    assert_eq!(fs::read(&path).expect("readable"), b"one\ntwo\n");
    assert_eq!((numbers(&journal), journal.active_segment().number), (vec![1], 2));
    drop(journal);
    // An empty segment leaves its number behind, not its file.
    let journal = open();
    assert_eq!((numbers(&journal), journal.active_segment().number), (vec![1], 3));
    assert_eq!((journal.torn_bytes(), journal.bytes()), (0, 8));
}

/// Scenario: a writer without room, and a reader that deletes.
/// Guarantees: the writer goes on as soon as there is room.
#[test]
fn a_waiting_writer_is_woken() {
    let dir = tempfile::tempdir().expect("a directory");
    let journal = Journal::open(dir.path(), settings(4, 4)).expect("opens");
    journal.append(b"one\n").expect("written");
    journal.seal().expect("sealed");
    assert_eq!(journal.append(b"two\n"), Ok(Appended::Full));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while journal.append(b"two\n") == Ok(Appended::Full) {
                journal.wait_for_room(Duration::from_secs(10));
            }
        });
        journal.delete_up_to(1).expect("deleted");
    });
    assert_eq!(journal.active_segment().bytes, 4);
}
