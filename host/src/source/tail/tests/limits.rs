//! Many files, few descriptors, small budgets.

use std::process::Command;

use super::*;

/// Scenario: 5,000 files that grow, in a process that may open 64 descriptors.
/// Guarantees: every line, in few rounds; the descriptors suffice.
#[test]
fn many_files_in_few_descriptors() {
    let output = Command::new("sh")
        .args(["-c", "ulimit -n 64 && exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().expect("a test"))
        .args(["--exact", "--ignored", "--nocapture"])
        .arg(format!("{}::many_files", module_path!().split_once("::").expect("a path").1))
        .output()
        .expect("a shell");
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(stdout.contains("1 passed"), "{stdout}{}", String::from_utf8_lossy(&output.stderr));
}

/// Scenario: run by `many_files_in_few_descriptors`.
/// Guarantees: no file is left out.
#[test]
#[ignore = "needs a low limit of descriptors"]
fn many_files() {
    const FILES: usize = 5_000;
    let mut rig = Rig::with(|settings| settings.files_open_max = 32);
    let names: Vec<_> = (0..FILES).map(|number| format!("{number:04}.log")).collect();
    for round in 0..3 {
        for name in &names {
            rig.append(name, format!("{name} {round}\n"));
        }
        rig.settle();
        assert!(rig.tail.open_count <= 32);
        if round == 1 {
            rig.restart();
        }
    }
    for name in &names[..100] {
        rig.append(name, "last\n");
        rig.rename(name, &format!("{name}.1"));
    }
    rig.settle();
    let is_whole = |text: &&Vec<u8>| text.split(|byte| *byte == b'\n').count() > 3;
    assert_eq!(rig.seen.texts.values().filter(is_whole).count(), FILES);
    let bytes: usize = rig.seen.texts.values().map(Vec::len).sum();
    assert_eq!(bytes, FILES * 3 * 11 + 100 * 5);
    assert!(!rig.log().iter().any(|line| line.starts_with("trouble")));
}

/// Scenario: compressed files, more than may be open.
/// Guarantees: all are read.
#[test]
fn many_compressed_files() {
    let mut rig = Rig::with(|settings| {
        settings.files_open_max = 4;
        settings.chunk_bytes = 512;
    });
    let names: Vec<_> = (0..20).map(|number| format!("{number:02}")).collect();
    for name in &names {
        rig.append(&format!("{name}.gz"), super::compressed::gzip(long(name).as_bytes()));
        rig.append(&format!("{name}.log"), format!("{name} plain\n"));
    }
    rig.settle();
    let plain = names.iter().map(|name| format!("{name} plain\n"));
    let expected = sorted(names.iter().map(|name| long(name)).chain(plain));
    assert_eq!(rig.texts(), expected);
    rig.restart();
    rig.settle();
    assert_eq!(rig.texts(), expected);
}

/// Scenario: a large file beside small ones, and a small budget.
/// Guarantees: the budget is kept, and the small ones do not wait for the large one.
#[test]
fn files_are_read_in_turns() {
    let mut rig = Rig::with(|settings| settings.chunk_bytes = 1000);
    rig.append("a-large.log", long("large").repeat(10));
    for number in 0..5 {
        rig.append(&format!("b-{number}.log"), format!("small {number}\n"));
    }
    let progress = rig.step(2000);
    assert!(progress.bytes <= 2000 && progress.has_more);
    assert_eq!(rig.texts().iter().filter(|text| text.starts_with("small")).count(), 5);
    let mut total = progress.bytes;
    while total < 60_000 {
        let progress = rig.step(777);
        assert!(progress.bytes <= 777);
        total += progress.bytes;
        if !progress.has_more {
            break;
        }
    }
    assert!(rig.texts().contains(&sorted([long("large").repeat(10)])[0]));
}

/// Scenario: files that are quiet.
/// Guarantees: they are closed, and read on when they grow.
#[test]
fn quiet_files_are_closed() {
    let mut rig = Rig::new();
    for number in 0..5 {
        rig.append(&format!("{number}.log"), format!("{number}\n"));
    }
    rig.settle();
    assert_eq!(rig.tail.open_count, 5);
    rig.pass(301);
    assert_eq!(rig.tail.open_count, 0);
    rig.append("3.log", "more\n");
    rig.settle();
    assert!(rig.texts().contains(&"3\nmore\n".to_owned()));
    assert_eq!(rig.tail.open_count, 1);
}

/// Scenario: a closed file is deleted with lines that nobody has read.
/// Guarantees: the loss is told.
#[test]
fn a_loss_is_told() {
    let mut rig = Rig::new();
    rig.append("a.log", "one\n");
    rig.settle();
    rig.pass(301);
    rig.append("a.log", "unread\n");
    // It is seen, but there is no budget to read it.
    rig.now_nanos += 2 * SECOND;
    rig.step(0);
    rig.remove("a.log");
    rig.settle();
    rig.pass(31);
    let log = rig.log();
    assert!(log.iter().any(|line| line.contains("its last 7 bytes")), "{log:?}");
    assert_eq!(log.last().map(String::as_str), Some("ended 1"));
}

/// Scenario: a file and a compressed one, read a little at a time.
/// Guarantees: what is left of the first is told, and nothing of the second.
#[test]
fn what_was_not_read_is_told() {
    let mut rig = Rig::with(|settings| settings.chunk_bytes = 4_096);
    rig.append("plain.log", vec![b'a'; 10_000]);
    let packed = zstd::stream::encode_all(vec![b'b'; 100_000].as_slice(), 1).expect("in memory");
    rig.append("packed.zst", packed);
    rig.step(1);
    rig.step(1);
    let read: usize = rig.seen.texts.values().filter(|text| text[0] == b'a').map(Vec::len).sum();
    assert!(read < 10_000, "{read}");
    assert_eq!(rig.tail.unread_bytes(), 10_000 - read as u64);
    rig.settle();
    assert_eq!(rig.tail.unread_bytes(), 0);
}

/// Scenario: two files are held, or all are; one of them is deleted meanwhile, one is
/// renamed.
/// Guarantees: nothing of them is handed on, but of the others; there is said to be
/// more; when they are read again nothing is missing.
#[test]
fn held_files_wait_and_are_not_lost() {
    let mut rig = Rig::new();
    let texts = ["a", "b", "c"].map(long);
    for (name, text) in ["a", "b", "c"].iter().zip(&texts) {
        rig.append(name, text);
    }
    rig.tail.hold_back(Hold::All);
    assert!(rig.step(1 << 20).has_more);
    assert!(rig.seen.texts.values().all(Vec::is_empty));
    let ids: Vec<FileId> = rig.seen.positions.keys().copied().collect();
    assert!(ids.iter().all(|id| rig.tail.is_ready(*id)));
    let held = |id: &FileId| rig.seen.positions[id].path != rig.path("c");
    rig.tail.hold_back(Hold::Some(ids.iter().copied().filter(held).collect()));
    rig.remove("a");
    rig.rename("b", "b.1");
    for _ in 0..10 {
        rig.now_nanos += 60 * SECOND;
        assert!(rig.step(1 << 20).has_more);
    }
    assert_eq!(rig.seen.texts.values().map(Vec::len).sum::<usize>(), texts[2].len());
    rig.tail.hold_back(Hold::None);
    rig.pass(60);
    assert_eq!(rig.texts(), sorted(texts));
}
