//! With inotify, without it, and when it fails.

use std::process::Command;

use super::*;

/// Scenario: no survey is due; lines are written, a file is renamed, made, deleted.
/// Guarantees: inotify tells, without waiting for the next survey.
#[test]
fn changes_are_told() {
    let mut rig = Rig::with(|settings| settings.poll_interval = Duration::from_hours(1));
    rig.append("app.log", "one\n");
    rig.settle();
    let short = |rig: &mut Rig| {
        rig.tail.wait(Duration::from_secs(5));
        rig.now_nanos += SECOND / 10;
        while rig.step(1 << 20).has_more {}
    };
    rig.append("app.log", "two\n");
    short(&mut rig);
    assert_eq!(rig.texts(), ["one\ntwo\n"]);
    rig.rename("app.log", "app.log.1");
    rig.append("app.log", "new\n");
    short(&mut rig);
    fs::create_dir(rig.path("sub")).expect("made");
    short(&mut rig);
    rig.append("sub/b.log", "b\n");
    short(&mut rig);
    assert_eq!(rig.texts(), ["b\n", "new\n", "one\ntwo\n"]);
    assert!(rig.tail.wait_fd().is_some());
    rig.rename("sub", "moved");
    short(&mut rig);
    rig.append("moved/b.log", "more\n");
    short(&mut rig);
    assert_eq!(rig.texts(), ["b\nmore\n", "new\n", "one\ntwo\n"]);
}

/// Scenario: files that nobody wants are written to all the time.
/// Guarantees: they cause no survey.
#[test]
fn others_cause_no_work() {
    let mut rig = Rig::with(|settings| {
        settings.paths = vec!["*.log".into()];
        settings.poll_interval = Duration::from_hours(1);
    });
    rig.append("app.log", "one\n");
    rig.settle();
    rig.append("other.txt", "x");
    rig.rename("other.txt", "another.txt");
    assert!(rig.step(1000).due_in > Duration::from_mins(1));
    rig.append("another.log", "x");
    assert!(rig.step(1000).due_in < Duration::from_secs(1));
}

/// Scenario: more changes than the kernel keeps.
/// Guarantees: the overflow causes a survey, which finds what was not told.
#[test]
fn the_queue_overflows() {
    let queue_max = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").expect("read");
    let queue_max: usize = queue_max.trim().parse().expect("a number");
    let mut rig = Rig::with(|settings| settings.poll_interval = Duration::from_hours(1));
    for name in ["a.log", "b.log"] {
        rig.append(name, format!("{name}\n"));
    }
    rig.settle();
    let open = |name| OpenOptions::new().append(true).open(rig.path(name)).expect("opens");
    // Two files in turns: the kernel would fold equal changes.
    let mut files = [open("a.log"), open("b.log")];
    for turn in 0..=queue_max {
        files[turn % 2].write_all(b"x").expect("written");
    }
    rig.append("c.log", "c\n");
    for _ in 0..3 {
        rig.now_nanos += SECOND / 10;
        while rig.step(1 << 20).has_more {}
    }
    assert!(rig.texts().contains(&"c\n".to_owned()), "{:?}", rig.log());
}

/// Scenario: the system gives no inotify instances, or no watches (limits of a user
/// namespace of our own).
/// Guarantees: everything is found by polling; missing watches are told once.
#[test]
fn there_is_no_inotify() {
    for (limit, is_told) in [("max_inotify_instances", false), ("max_inotify_watches", true)] {
        let script = format!("echo 0 > /proc/sys/user/{limit} && exec \"$0\" \"$@\"");
        let test = std::env::current_exe().expect("a test");
        let output = Command::new("unshare")
            .args(["-Ur", "sh", "-c", &script])
            .arg(test)
            .args(["--exact", "--ignored", "--nocapture"])
            .arg(format!("{}::polls", module_path!().split_once("::").expect("a path").1))
            .env("LOGWASP_TEST_IS_TOLD", is_told.to_string())
            .output();
        let Ok(output) = output else { return println!("skipped: there is no unshare") };
        let stdout = String::from_utf8_lossy(&output.stdout);
        if !stdout.contains("running 1 test") {
            return println!(
                "skipped: no user namespace: {}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
        assert!(output.status.success(), "{limit}: {stdout}");
    }
}

/// Scenario: run by `there_is_no_inotify`, where inotify fails.
/// Guarantees: files are read when a survey is due.
#[test]
#[ignore = "only where inotify fails"]
fn polls() {
    let is_told = std::env::var_os("LOGWASP_TEST_IS_TOLD").is_some_and(|told| told == "true");
    let mut rig = Rig::new();
    assert_eq!(rig.tail.wait_fd().is_some(), is_told);
    rig.append("a.log", "one\n");
    rig.settle();
    rig.append("a.log", "two\n");
    rig.tail.wait(Duration::from_millis(1));
    rig.now_nanos += SECOND / 2;
    rig.step(1000);
    assert_eq!(rig.texts(), ["one\n"], "no survey is due");
    rig.settle();
    rig.settle();
    assert_eq!(rig.texts(), ["one\ntwo\n"]);
    let told = rig.log().iter().filter(|line| line.contains("no more inotify watches")).count();
    assert_eq!(told, usize::from(is_told));
}
