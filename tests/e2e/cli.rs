//! The command line: what goes to stdout, what to stderr, and the exit code.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::support::root;

fn logwasp(args: &[&str]) -> Output {
    let folder = root();
    Command::new(env!("CARGO_BIN_EXE_logwasp"))
        .args(args)
        .current_dir(folder)
        .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .stdin(Stdio::null())
        .output()
        .expect("it runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

const LOCKOUT: &str = "plugins/lockout/samples/09-smtp-auth";

/// Scenario: alerts as NDJSON, with statistics.
/// Guarantees: stdout holds nothing but one object a line; the ledger is on stderr.
#[test]
fn stdout_carries_data_only() {
    let logs = [format!("{LOCKOUT}/RECV2026112009-1.LOG"), format!("{LOCKOUT}/Security-DC01.xml")];
    let output = logwasp(&["detect", &logs[0], &logs[1], "--stats", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let lines: Vec<serde_json::Value> = text(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).expect("one object a line"))
        .collect();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["rule"], "lockout.T1");
    assert_eq!(lines[0]["attributes"]["period_s"], "60");
    let source = lines[0]["evidence"][0]["source"].as_str().expect("a source");
    let (path, offset) = source.rsplit_once('@').expect("path@offset");
    let log = std::fs::read(root().join(path)).expect("the log");
    let at = offset.parse::<usize>().expect("an offset");
    assert!(text(&log[at..]).starts_with("2026-11-20T09:13:01"), "{source}");
    let stats: serde_json::Value = serde_json::from_slice(&output.stderr).expect("JSON");
    assert_eq!((&stats["balanced"], &stats["alerts_delivered"]), (&true.into(), &1.into()));
}

/// Scenario: `--fail-on` above, at and below the severity of the alert.
/// Guarantees: exit 3 only when it is reached.
#[test]
fn fail_on_decides_the_exit_code() {
    for (severity, code) in [("high", 0), ("medium", 3), ("info", 3)] {
        let output = logwasp(&["detect", LOCKOUT, "--fail-on", severity, "--stats", "none"]);
        assert_eq!(output.status.code(), Some(code), "{severity}");
    }
}

/// Scenario: one input of several cannot be found.
/// Guarantees: the rest is processed, exit 1, and an error in three parts.
#[test]
fn a_missing_input_does_not_stop_the_others() {
    let output = logwasp(&["detect", LOCKOUT, "/nowhere/at-all.log", "--stats", "none"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stdout).lines().count(), 1);
    let errors = text(&output.stderr);
    assert!(errors.contains("error: it cannot be read"), "{errors}");
    assert!(errors.contains("\n  at /nowhere/at-all.log\nhint: "), "{errors}");
}

/// Scenario: wrong arguments, a wrong config, a wrong detector.
/// Guarantees: exit 2, nothing on stdout, and what to do.
#[test]
fn usage_errors_exit_with_2() {
    let config = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(config.path(), "[site]\npcd = 'DC01'\n").expect("written");
    let config = config.path().to_str().expect("a plain path");
    for (args, part) in [
        (vec!["detect"], "required"),
        (vec!["detect", "x", "--format", "nonsense"], "possible values"),
        (vec!["detect", "x", "--detector", "lokout"], "did you mean `lockout`?"),
        (vec!["detect", "x", "--config", config], "did you mean `pdc`?"),
        (vec!["check", "--config", "/nowhere.toml"], "cannot be read"),
        (vec!["man", "detekt"], "did you mean `detect`?"),
    ] {
        let output = logwasp(&args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(output.stdout.is_empty(), "{args:?}");
        assert!(text(&output.stderr).contains(part), "{args:?}: {}", text(&output.stderr));
    }
}

/// Scenario: files of unknown, empty and damaged content, with wrong names.
/// Guarantees: warnings on stderr with the place, exit 0, good records read.
#[test]
fn bad_input_is_told_and_passed_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, bytes: &[u8]| {
        std::fs::write(folder.path().join(name), bytes).expect("written");
    };
    write("empty.evtx", b"");
    write("notes.evtx", b"just some words\n");
    let event =
        std::fs::read_to_string(root().join(LOCKOUT).join("Security-DC01.xml")).expect("log");
    let last = event.lines().last().expect("a line");
    write("wrong-name.csv", format!("{last}\njunk\n{}\n{last}\n", &last[..100]).as_bytes());
    let folder = folder.path().to_str().expect("a plain path");
    let output = logwasp(&["parse", folder]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let kinds = text(&output.stdout);
    assert_eq!(kinds.matches("\"kind\":\"windows-event\"").count(), 2);
    assert_eq!(kinds.matches("\"kind\":\"text\"").count(), 1);
    let told = text(&output.stderr);
    assert!(told.contains("read as text\n  at ") && told.contains("notes.evtx"), "{told}");
    assert!(told.contains(&format!("wrong-name.csv@{}", last.len() + 1)), "{told}");
    let damaged = text(&logwasp(&["parse", "--damaged", folder]).stdout);
    assert_eq!(damaged.lines().count(), 2, "{damaged}");
    assert!(damaged.contains("\"reason\":\"cut off"), "{damaged}");
}

/// Scenario: the reader of stdout goes away.
/// Guarantees: a normal end.
#[test]
fn a_closed_pipe_is_a_normal_end() {
    let logs = root().join("plugins");
    let script = format!(
        "{} parse {} 2>/dev/null | head -n 1 >/dev/null; echo ${{PIPESTATUS[0]}}",
        env!("CARGO_BIN_EXE_logwasp"),
        logs.display()
    );
    let output = Command::new("bash").args(["-c", &script]).output().expect("bash runs");
    assert_eq!(text(&output.stdout).trim(), "0");
}

/// Scenario: the same logs through stdin.
/// Guarantees: the same alert, with `<stdin>` as its source.
#[test]
fn stdin_is_an_input() {
    let log = std::fs::File::open(root().join(LOCKOUT).join("Security-DC01.xml")).expect("log");
    let output = Command::new(env!("CARGO_BIN_EXE_logwasp"))
        .args(["detect", "-", "--stats", "none"])
        .stdin(log)
        .output()
        .expect("it runs");
    assert!(text(&output.stdout).contains("<stdin>@"), "{}", text(&output.stderr));
}

/// Scenario: `check` of a config with one option set.
/// Guarantees: the resolved config, with every default, reads back the same.
#[test]
fn check_prints_the_resolved_config() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("logwasp.toml");
    std::fs::write(&path, "[site]\npdc = 'DC01'\n[detector.lockout.config]\nlookback = '1h'\n")
        .expect("written");
    let check = |path: &Path| {
        let output = logwasp(&["check", "-c", path.to_str().expect("a plain path")]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    let resolved = check(&path);
    for part in
        ["lookback = \"1h\"", "settle = \"20s\"", "[detector.schannel.config]", "pdc = \"DC01\""]
    {
        assert!(resolved.contains(part), "{part}: {resolved}");
    }
    std::fs::write(&path, &resolved).expect("written");
    assert_eq!(check(&path), resolved);
}

/// Scenario: completions and manual pages.
/// Guarantees: they are made, for every shell and command.
#[test]
fn documents_are_printed() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(text(&logwasp(&["completions", shell]).stdout).contains("logwasp"));
    }
    assert!(text(&logwasp(&["man"]).stdout).contains(".TH logwasp"));
    assert!(text(&logwasp(&["man", "detect"]).stdout).contains("fail\\-on"));
}

/// Scenario: `state` on a directory with a store, while a service holds it, and on
/// one without.
/// Guarantees: numbers on stdout; the other two are operating errors that say why.
#[test]
fn state_shows_what_a_stopped_service_left() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().to_str().expect("UTF-8");
    let none = logwasp(&["state", "show", "--dir", path]);
    assert_eq!(none.status.code(), Some(1));
    assert!(text(&none.stderr).contains("there is no state here"), "{}", text(&none.stderr));
    let clock = std::sync::Arc::new(logwasp::clock::SystemClock);
    let store = logwasp::checkpoint::Store::open(dir.path(), clock).expect("it opens");
    store.set_detectors(&["lockout"]).expect("set");
    let held = logwasp(&["state", "check", "--dir", path]);
    assert_eq!(held.status.code(), Some(1));
    let owner = format!("in use by process {}", std::process::id());
    assert!(text(&held.stderr).contains(&owner), "{}", text(&held.stderr));
    drop(store);
    let shown = logwasp(&["state", "show", "--json", "--dir", path]);
    let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).expect("JSON");
    assert_eq!((&shown["format"], &shown["detectors"][0]["name"]), (&1.into(), &"lockout".into()));
    let checked = logwasp(&["state", "check", "--dir", path]);
    assert_eq!((checked.status.code(), text(&checked.stdout).as_str()), (Some(0), "all is well\n"));
}
