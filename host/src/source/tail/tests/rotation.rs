//! Every way in which a file gets another name, or a name another file.

use super::*;

/// Scenario: a file grows, is renamed, its writer is late; a new one takes its name.
/// Guarantees: each text whole, under its own stream; the rotated one ends when quiet.
#[test]
fn a_file_is_renamed() {
    let mut rig = Rig::new();
    rig.append("app.log", "one\n");
    rig.settle();
    rig.append("app.log", "two\n");
    rig.rename("app.log", "app.log.1");
    rig.append("app.log", "new\n");
    rig.settle();
    rig.append("app.log.1", "late\n");
    rig.settle();
    assert_eq!(rig.log(), ["opened 1 app.log 0", "renamed 1 app.log.1", "opened 2 app.log 0"]);
    rig.pass(31);
    assert_eq!(rig.log(), ["ended 1"]);
    rig.append("app.log.1", "very late\n");
    rig.settle();
    assert_eq!(rig.log(), ["opened 1 app.log.1 13"]);
    assert_eq!(rig.texts(), ["new\n", "one\ntwo\nlate\nvery late\n"]);
}

/// Scenario: only `app.log` is wanted; it is renamed with unread lines, and later
/// while it is closed.
/// Guarantees: the rest is read wherever it went, then the stream ends.
#[test]
fn a_file_leaves_the_patterns() {
    let mut rig = Rig::with(|settings| {
        settings.paths = vec!["app.log".into()];
        settings.close_idle_after = Duration::from_secs(10);
    });
    rig.append("app.log", "one\n");
    rig.settle();
    rig.append("app.log", "two\n");
    rig.rename("app.log", "app.log.1");
    rig.append("app.log", "new\n");
    rig.settle();
    rig.append("app.log.1", "late\n");
    rig.settle();
    rig.pass(31);
    assert_eq!(rig.tail.open_count, 0, "both are closed");
    rig.append("app.log", "unread\n");
    rig.rename("app.log", "app.log.2");
    rig.settle();
    rig.append("app.log.2", "late\n");
    rig.settle();
    rig.pass(31);
    let expected =
        ["opened 1 app.log 0", "opened 2 app.log 0", "ended 1", "renamed 2 app.log.2", "ended 2"];
    assert_eq!(rig.log(), expected);
    assert_eq!(rig.texts(), ["new\nunread\nlate\n", "one\ntwo\nlate\n"]);
}

/// Scenario: a chain of numbered files is shifted, several times between two looks and
/// while the tail does not run.
/// Guarantees: nothing twice, nothing lost.
#[test]
fn a_chain_is_shifted() {
    let mut rig = Rig::new();
    for generation in 0..12 {
        rig.append("app.log", format!("generation {generation}\n"));
        if generation % 3 == 0 {
            rig.settle();
        }
        if generation % 4 == 2 {
            rig.restart();
        }
        for number in (0..20).rev() {
            let name = if number == 0 { "app.log".into() } else { format!("app.log.{number}") };
            if rig.path(&name).exists() {
                rig.append(&name, format!("late {generation}\n"));
                rig.rename(&name, &format!("app.log.{}", number + 1));
            }
        }
    }
    rig.settle();
    let expected = (0..12).map(|first| {
        let late = (first..12).map(|generation| format!("late {generation}\n"));
        format!("generation {first}\n{}", late.collect::<String>())
    });
    assert_eq!(rig.texts(), sorted(expected));
}

/// Scenario: copy and truncate, with lines that were not read before, seen at once or
/// after the file has grown beyond its old size; with a copy that nobody wants.
/// Guarantees: the old text goes on in the copy, the new one is another stream.
#[test]
fn a_file_is_copied_and_truncated() {
    for (begin, new) in [("old\n".to_owned(), "n\n".to_owned()), (long("old"), long("new") + "x\n")]
    {
        for paths in [vec![PathBuf::new()], vec![PathBuf::from("app.log")]] {
            let mut rig = Rig::with(|settings| settings.paths = paths);
            rig.append("app.log", &begin);
            rig.settle();
            rig.append("app.log", "unread\n");
            rig.copytruncate("app.log", "app.log.1");
            rig.append("app.log", &new);
            rig.settle();
            rig.append("app.log", "more\n");
            rig.settle();
            let expected = sorted([format!("{begin}unread\n"), format!("{new}more\n")]);
            assert_eq!(rig.texts(), expected);
            rig.restart();
            rig.settle();
            assert_eq!(rig.texts(), expected);
        }
    }
}

/// Scenario: the copy of a short file is seen before the file is truncated.
/// Guarantees: the copy is not read, and neither is the line lost that comes after.
#[test]
fn a_copy_is_seen_before_the_truncation() {
    for begin in ["old\n".to_owned(), long("old")] {
        let mut rig = Rig::new();
        rig.append("app.log", &begin);
        rig.settle();
        fs::copy(rig.path("app.log"), rig.path("app.log.1")).expect("copied");
        rig.settle();
        rig.truncate("app.log");
        rig.settle();
        rig.append("app.log", "new\n");
        rig.settle();
        rig.pass(10);
        assert_eq!(rig.texts(), sorted(["new\n".to_owned(), begin]));
    }
}

/// Scenario: truncated with no copy anywhere, then the very same line again.
/// Guarantees: the end of the one, a new stream for the other.
#[test]
fn a_file_is_truncated() {
    let mut rig = Rig::new();
    rig.append("app.log", "same\n");
    rig.settle();
    rig.truncate("app.log");
    rig.settle();
    assert_eq!(rig.log(), ["opened 1 app.log 0", "truncated 1", "ended 1"]);
    rig.append("app.log", "same\n");
    rig.settle();
    assert_eq!(rig.log(), ["opened 2 app.log 0"]);
    // Overwritten in place, to the same length.
    fs::write(rig.path("app.log"), "othr\n").expect("written");
    rig.settle();
    assert_eq!(rig.log(), ["truncated 2", "ended 2", "opened 3 app.log 0"]);
    assert_eq!(rig.texts(), ["othr\n", "same\n", "same\n"]);
}

/// Scenario: deleted and made again under the same name, with another and with the
/// same first line; the file system may use the inode again.
/// Guarantees: each is a stream of its own, and the deleted one is read to its end.
#[test]
fn a_file_is_made_again() {
    let mut rig = Rig::new();
    rig.append("app.log", "one\n");
    rig.settle();
    rig.append("app.log", "unread\n");
    rig.remove("app.log");
    rig.append("app.log", "two\n");
    rig.settle();
    rig.remove("app.log");
    rig.settle();
    rig.append("app.log", "two\n");
    rig.settle();
    rig.pass(31);
    assert_eq!(rig.texts(), ["one\nunread\n", "two\n", "two\n"]);
    let ended = rig.log().into_iter().filter(|line| line.starts_with("ended")).count();
    assert_eq!(ended, 2);
}

/// Scenario: a position of the last run whose inode holds another text now.
/// Guarantees: the text decides: it is read from its beginning.
#[test]
fn an_inode_is_used_again() {
    let mut rig = Rig::new();
    rig.append("a.log", "first text\n");
    rig.settle();
    fs::write(rig.path("a.log"), "other text, and longer\n").expect("written");
    rig.restart();
    rig.settle();
    assert_eq!(rig.texts(), ["first text\n", "other text, and longer\n"]);
}

/// Scenario: after a remount or a restore from a backup, devices and inodes are others.
/// Guarantees: the texts are recognised and read on.
#[test]
fn files_are_restored_elsewhere() {
    let mut rig = Rig::new();
    for name in ["a.log", "b.log"] {
        rig.append(name, format!("{name} begins\n"));
    }
    rig.settle();
    for name in ["a.log", "b.log"] {
        fs::copy(rig.path(name), rig.path("copy")).expect("copied");
        rig.remove(name);
        rig.rename("copy", name);
        rig.append(name, "goes on\n");
    }
    for position in rig.seen.positions.values_mut() {
        position.place =
            Place { device: 1, inode: position.place.inode + 1_000_000, born_nanos: None };
    }
    rig.restart();
    rig.settle();
    assert_eq!(rig.texts(), ["a.log begins\ngoes on\n", "b.log begins\ngoes on\n"]);
}

/// Scenario: a symbolic link is pointed at one file after the other.
/// Guarantees: each is read to its end.
#[test]
fn a_link_is_retargeted() {
    let mut rig = Rig::with(|settings| settings.paths = vec!["current".into()]);
    rig.append("app-1", "one\n");
    std::os::unix::fs::symlink("app-1", rig.path("current")).expect("linked");
    rig.settle();
    rig.append("app-1", "unread\n");
    rig.append("app-2", "two\n");
    rig.remove("current");
    std::os::unix::fs::symlink("app-2", rig.path("current")).expect("linked");
    rig.settle();
    rig.append("app-1", "late\n");
    rig.settle();
    assert_eq!(rig.texts(), ["one\nunread\nlate\n", "two\n"]);
}
