//! Files that are not as files should be.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, symlink};

use super::super::Start;
use super::*;

/// Scenario: an empty file gets content, little by little; runs end in between.
/// Guarantees: nothing twice; the identity grows with the file.
#[test]
fn a_file_grows_from_nothing() {
    let mut rig = Rig::new();
    rig.append("app.log", "");
    rig.settle();
    assert_eq!(rig.log(), [""; 0]);
    let mut text = String::new();
    for number in 0..400 {
        let line = format!("line {number} of many\n");
        rig.append("app.log", &line);
        text += &line;
        rig.settle();
        if number % 50 == 7 {
            rig.restart();
        }
    }
    assert_eq!(rig.texts(), sorted([text]));
    let lens: Vec<_> = rig.seen.positions.values().map(|position| position.identity.len).collect();
    assert_eq!(lens, [4096]);
}

/// Scenario: two files with the same first 4096 bytes and more.
/// Guarantees: both are read whole; also after a restart.
#[test]
fn files_begin_alike() {
    let mut rig = Rig::new();
    for name in ["a.log", "b.log"] {
        rig.append(name, long("same"));
        rig.append(name, format!("only {name}\n"));
    }
    rig.settle();
    rig.restart();
    for name in ["a.log", "b.log"] {
        rig.append(name, format!("later {name}\n"));
    }
    rig.settle();
    let text = |name| format!("{}only {name}\nlater {name}\n", long("same"));
    assert_eq!(rig.texts(), sorted([text("a.log"), text("b.log")]));
}

/// Scenario: short files with the very same text, in different folders.
/// Guarantees: after a while both are read: they are two files.
#[test]
fn short_files_are_alike() {
    let mut rig = Rig::new();
    fs::create_dir(rig.path("sub")).expect("made");
    rig.append("a.log", "started\n");
    rig.append("sub/a.log", "started\n");
    rig.settle();
    rig.pass(4);
    assert_eq!(rig.texts(), ["started\n", "started\n"]);
}

/// Scenario: one file under two names, by hard and symbolic links, also in a folder
/// that is reached by a link, and by a link that leads in a circle.
/// Guarantees: it is read once, and read on when the first name goes.
#[test]
fn a_file_has_several_names() {
    let mut rig = Rig::new();
    fs::create_dir(rig.path("sub")).expect("made");
    rig.append("sub/a.log", "one\n");
    fs::hard_link(rig.path("sub/a.log"), rig.path("hard.log")).expect("linked");
    symlink("sub/a.log", rig.path("0-soft.log")).expect("linked");
    symlink("sub", rig.path("other")).expect("linked");
    symlink("..", rig.path("sub/circle")).expect("linked");
    rig.settle();
    assert_eq!(rig.log(), ["opened 1 hard.log 0"]);
    rig.remove("hard.log");
    rig.settle();
    rig.append("sub/a.log", "two\n");
    rig.settle();
    assert_eq!(rig.texts(), ["one\ntwo\n"]);
    assert_eq!(rig.log().len(), 1, "renamed");
}

/// Scenario: a link that leads nowhere, then somewhere; a file that becomes a folder
/// and the folder a file; symbolic links that are not to be followed.
/// Guarantees: trouble is told once and ends; the rest goes on.
#[test]
fn what_cannot_be_read_is_told_once() {
    let mut rig = Rig::new();
    symlink("target", rig.path("link.log")).expect("linked");
    rig.append("a.log", "one\n");
    for _ in 0..3 {
        rig.settle();
    }
    let log = rig.log();
    assert_eq!(log.len(), 2, "{log:?}");
    assert!(log.iter().any(|line| line.starts_with("trouble link.log: it cannot be read")));
    rig.append(".target", "two\n");
    rig.remove("link.log");
    symlink(".target", rig.path("link.log")).expect("linked");
    rig.remove("a.log");
    fs::create_dir(rig.path("a.log")).expect("made");
    rig.append("a.log/inner", "three\n");
    rig.settle();
    rig.pass(31);
    fs::remove_dir_all(rig.path("a.log")).expect("removed");
    rig.append("a.log", "four\n");
    rig.settle();
    assert_eq!(rig.texts(), ["four\n", "one\n", "three\n", "two\n"]);
    rig.settings.follow_symlinks = false;
    rig.seen = Seen::default();
    rig.restart();
    rig.settle();
    assert_eq!(rig.texts(), ["four\n"]);
}

/// Scenario: a file nobody may read, then everybody. (Root may read anything.)
/// Guarantees: told once; read as soon as it may be, though it has not changed.
#[test]
fn a_file_becomes_readable() {
    use std::os::unix::fs::PermissionsExt;
    let mut rig = Rig::new();
    rig.append("a.log", "one\n");
    let mode = |mode| {
        fs::set_permissions(rig.folder.path().join("a.log"), fs::Permissions::from_mode(mode))
    };
    mode(0).expect("changed");
    if fs::File::open(rig.path("a.log")).is_ok() {
        return;
    }
    rig.settle();
    rig.settle();
    assert_eq!(rig.log().len(), 1);
    fs::set_permissions(rig.path("a.log"), fs::Permissions::from_mode(0o600)).expect("changed");
    rig.settle();
    assert_eq!(rig.texts(), ["one\n"]);
}

/// Scenario: names that are no UTF-8, and the longest that the system allows.
/// Guarantees: they are files like others.
#[test]
fn names_are_odd() {
    let mut rig = Rig::with(|settings| settings.paths = vec!["**/*.log".into()]);
    let odd = OsStr::from_bytes(b"caf\xe9 \xff\n.log");
    fs::write(rig.folder.path().join(odd), "odd\n").expect("written");
    rig.append(&format!("{}.log", "n".repeat(251)), "long name\n");
    let mut deep = rig.folder.path().to_owned();
    while deep.as_os_str().len() < 3_800 {
        deep.push("d".repeat(200));
    }
    fs::create_dir_all(&deep).expect("made");
    append(&deep.join("a.log"), b"deep\n");
    rig.append("[x].log", "brackets\n");
    rig.settle();
    append(&deep.join("a.log"), b"deeper\n");
    rig.settle();
    assert_eq!(rig.texts(), ["brackets\n", "deep\ndeeper\n", "long name\n", "odd\n"]);
}

/// Scenario: a writer allocates space ahead and fills it; another goes on at its old
/// place after a truncation, so that a hole comes first; a third is of NULs only.
/// Guarantees: the lines, no padding, nothing lost.
#[test]
fn files_are_padded_with_nuls() {
    let mut rig = Rig::with(|settings| settings.chunk_bytes = 64);
    let file = fs::File::create(rig.path("padded.log")).expect("made");
    file.set_len(1 << 20).expect("grown");
    fs::write(rig.path("nuls.log"), [0; 5000]).expect("written");
    rig.append("sparse.log", "before\n");
    rig.settle();
    let mut at = 0;
    for line in ["first\n", &long("second"), "third\n"] {
        file.write_all_at(line.as_bytes(), at).expect("written");
        at += line.len() as u64;
        rig.settle();
        rig.settle();
    }
    let sparse = OpenOptions::new().write(true).open(rig.path("sparse.log")).expect("opens");
    sparse.set_len(0).expect("truncated");
    for (number, line) in ["after 0\n", "after 1\n"].iter().enumerate() {
        sparse.write_all_at(line.as_bytes(), 100_007 + 8 * number as u64).expect("written");
        rig.settle();
    }
    let padded = format!("first\n{}third\n", long("second"));
    assert_eq!(rig.texts(), sorted([padded, "before\n".into(), "after 0\nafter 1\n".into()]));
}

/// Scenario: NULs within a text, and a binary file that ends with them.
/// Guarantees: they are handed on as they are.
#[test]
fn nuls_may_be_content() {
    let mut rig = Rig::with(|settings| settings.chunk_bytes = 4096);
    let binary = [b"ElfFile\0".as_slice(), &[7; 9000], &[0; 9000]].concat();
    rig.append("a.evtx", &binary);
    rig.append("b.log", [b"x\n".as_slice(), &[0; 9000], b"y\n"].concat());
    rig.settle();
    let lens: Vec<_> = rig.seen.texts.values().map(Vec::len).collect();
    assert_eq!(lens, [18_008, 9_004]);
}

/// Scenario: the first run begins at the end; files appear later, one by one and in a
/// new folder; then another run.
/// Guarantees: what was there is not read, all else is.
#[test]
fn reading_begins_at_the_end() {
    let mut rig = Rig::with(|settings| settings.start = Start::End);
    rig.append("old.log", "old\n");
    rig.append("old.gz", super::compressed::gzip(b"old packed\n"));
    rig.append("empty.log", "");
    rig.settle();
    rig.append("old.log", "added\n");
    rig.append("empty.log", "first\n");
    fs::create_dir(rig.path("sub")).expect("made");
    rig.append("sub/new.log", "new\n");
    rig.settle();
    rig.rename("old.log", "old.log.1");
    rig.append("while-down.log", "down\n");
    rig.restart();
    rig.settle();
    assert_eq!(rig.texts(), ["", "added\n", "down\n", "first\n", "new\n"]);
}

/// Scenario: old files are to be ignored; one of them is written to, and another is
/// compressed.
/// Guarantees: of the old ones only what is new is read.
#[test]
fn old_files_are_ignored() {
    let mut rig = Rig::new();
    rig.append("a.log", "old a\n");
    rig.append("b.log", "old b\n");
    rig.settings.ignore_older_than = Some(Duration::from_mins(1));
    let far_future = i64::MAX / 2;
    rig.tail = Tail::new(rig.settings.clone(), Vec::new(), far_future).expect("good patterns");
    rig.settle();
    assert_eq!(rig.log(), [""; 0]);
    rig.append("a.log", "new a\n");
    rig.append("b.log.gz", super::compressed::gzip(b"old b\n"));
    rig.remove("b.log");
    rig.settle();
    assert_eq!(rig.texts(), ["", "new a\n"]);
}

/// Scenario: patterns of every kind, exclusions, hidden files.
/// Guarantees: what they mean is read; a wrong one is refused with its place.
#[test]
fn patterns_choose_files() {
    let chosen = |paths: &[&str], exclude: &[&str]| {
        let mut rig = Rig::with(|settings| {
            settings.paths = paths.iter().map(Into::into).collect();
            settings.exclude = exclude.iter().map(ToString::to_string).collect();
        });
        fs::create_dir_all(rig.path("sub/deep")).expect("made");
        for name in ["a.log", "b.txt", ".hidden.log", "sub/c.log", "sub/deep/d.log"] {
            rig.append(name, format!("{name}\n"));
        }
        rig.settle();
        rig.texts().concat().replace('\n', " ")
    };
    assert_eq!(chosen(&["*.log"], &[]), "a.log ");
    assert_eq!(chosen(&["**/*.log"], &[]), "a.log sub/c.log sub/deep/d.log ");
    assert_eq!(chosen(&["*/*.log", "b.txt", "."], &["a*"]), "b.txt sub/c.log sub/deep/d.log ");
    assert_eq!(chosen(&["sub"], &["deep"]), "sub/c.log ");
    assert_eq!(chosen(&["."], &["sub/*.log"]), "a.log b.txt sub/deep/d.log ");
    assert_eq!(chosen(&[".hidden.log", "{a,b}.*"], &[]), ".hidden.log a.log b.txt ");
    let settings = Settings { paths: vec!["/x/[a".into()], ..Settings::default() };
    let problem = Tail::new(settings, Vec::new(), 0).err().expect("refused");
    assert_eq!(problem.place.as_deref(), Some("/x/[a"));
}

/// Scenario: what was handed on was not taken, of a plain and of a compressed file.
/// Guarantees: it comes again, from there on.
#[test]
fn a_stream_is_rewound() {
    let mut rig = Rig::new();
    rig.append("a.log", "plain text\n");
    rig.append("b.gz", super::compressed::gzip(b"packed text\n"));
    rig.settle();
    for (file, position) in &mut rig.seen.positions {
        position.offset = 4;
        rig.seen.texts.get_mut(file).expect("read").truncate(4);
        rig.tail.rewind(*file, 4);
    }
    rig.settle();
    assert_eq!(rig.texts(), ["packed text\n", "plain text\n"]);
}
