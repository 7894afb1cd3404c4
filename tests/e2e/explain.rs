//! `logwasp explain`: why a detector fired, or stayed silent.

use std::collections::BTreeMap;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::support::root;

fn logwasp(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_logwasp"))
        .args(args)
        .current_dir(root())
        .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .stdin(Stdio::null())
        .output()
        .expect("it runs")
}

/// What it says, when all went well.
fn explain(args: &[&str]) -> String {
    let output = logwasp(&[&["explain"], args].concat());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{errors}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn lines(args: &[&str]) -> Vec<Value> {
    let text = explain(&[args, &["--output", "json"]].concat());
    text.lines().map(|line| serde_json::from_str(line).expect("one object a line")).collect()
}

fn of_type<'a>(lines: &'a [Value], name: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["type"] == name).collect()
}

fn assert_parts(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
}

/// Scenario: a user who was locked out, as a person asks.
/// Guarantees: subscriptions and searches in words, the records, what was counted,
/// and the alert.
#[test]
fn a_detector_that_fires_is_explained() {
    let text = explain(&["-d", "lockout", "--user", "CONTOSO\\erika", "examples/lockout"]);
    assert_parts(
        &text,
        &[
            "formats    winevent-xml 1, exchange-csv 1",
            "asked for  user=CONTOSO\\erika",
            "[1] windows-event where @event_id is 4740",
            "searched  winevent-xml: by the event id",
            "matched   1 record, 1 of them with what was asked for",
            "examples/lockout/Security-DC01.xml@55462",
            "TargetUserName=erika",
            "lockout.T1 erika: failures within 30m: 7, no lockout reported (4740), silent",
            "lockout.T2 erika: 0 of 3 logons refused as locked within 10m, silent",
            "lockout.T1 erika: DC01: erika locked out, decided after 20s",
            "it raised 1 incident:\nMEDIUM    Account CONTOSO\\erika locked out",
        ],
    );
}

/// Scenario: an address of the Internet that was refused less often than it takes.
/// Guarantees: the count, the threshold and the window are said; it is silent.
#[test]
fn a_threshold_that_is_not_reached_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("logwasp.toml");
    std::fs::write(&config, "[detector.relay-denied.config]\nprobe_min = 50\n").expect("written");
    let config = config.to_str().expect("a plain path");
    let log = "plugins/relay-denied/samples/03-internet-probing";
    let lines =
        lines(&["-d", "relay-denied", "--config", config, "--src-ip", "198.51.100.77", log]);
    let decisions = of_type(&lines, "decision");
    let last = decisions.last().expect("something was decided");
    assert_eq!(last["rule"], "relay-denied.R4");
    let reason = last["reason"].as_str().expect("a text");
    assert!(reason.contains("of 50 refusals, ") && reason.ends_with("silent"), "{reason}");
    assert_eq!(of_type(&lines, "verdict")[0]["silent"], true);
    assert_eq!(of_type(&lines, "alert").len(), 0);
}

/// Scenario: the same user, whom the operator chose to ignore.
/// Guarantees: the option is named; it is silent.
#[test]
fn an_option_that_suppresses_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("logwasp.toml");
    std::fs::write(&config, "[site]\nignore_users = ['eri*']\n").expect("written");
    let config = config.to_str().expect("a plain path");
    let text =
        explain(&["-d", "lockout", "--user", "erika", "--config", config, "examples/lockout"]);
    assert_parts(
        &text,
        &[
            "lockout erika: not counted: one of `site.ignore_users`, silent",
            "TargetUserName=erika",
            "  it stayed silent\n",
        ],
    );
}

/// Scenario: a detector over logs that it does not read.
/// Guarantees: it says what was read and which logs are wanted.
#[test]
fn logs_that_are_missing_are_named() {
    let text = explain(&["-d", "tls-failure", "examples/hybrid"]);
    assert_parts(
        &text,
        &[
            "events     mail-headers 1",
            "no record: no exchange-smtp was read; wanted: SMTP protocol logs of Exchange",
            "  it stayed silent: no record of a log matched\n",
        ],
    );
}

/// Scenario: records that satisfy a subscription, and some that fail by one condition,
/// for a detector that knows nothing of the question.
/// Guarantees: the host's side is told for it too, with near misses and their values;
/// the rest is counted.
#[test]
fn a_foreign_detector_gets_the_hosts_side() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("foreign.wasm");
    std::fs::write(&path, crate::foreign::component()).expect("written");
    let path = path.to_str().expect("a plain path");
    let text = explain(&["-d", path, "examples/lockout"]);
    assert_parts(
        &text,
        &[
            "foreign: Made without the SDK.",
            "[2] windows-event where @event_id is 4740, and TargetUserName is nobody",
            "matched   no record: 60 windows-event were read, none matches",
            "near miss 1 record matches but for `TargetUserName is nobody`: it is \"erika\" at \
             2026-11-20 09:09:01  examples/lockout/Security-DC01.xml@55462",
            "  why: this detector does not explain itself\n",
            "  it stayed silent\n",
        ],
    );
    let lines = lines(&["-d", path, "--records", "0", "examples/lockout"]);
    assert_eq!(of_type(&lines, "record").len(), 0);
    assert_eq!(of_type(&lines, "subscription")[0]["matched"], 1);
    assert_eq!(of_type(&lines, "near_miss")[0]["first"]["value"]["TargetUserName"], "erika");
}

/// Scenario: all detectors over all example logs.
/// Guarantees: the question changes no alert; each detector has a verdict.
#[test]
fn the_question_changes_nothing() {
    let config = "examples/logwasp.toml";
    let explained = lines(&["--config", config, "--records", "1", "examples"]);
    let alert = |line: &&Value| (line["alert"]["id"].to_string(), line["alert"].clone());
    let explained_alerts: BTreeMap<String, Value> =
        of_type(&explained, "alert").iter().map(alert).collect();
    let output = logwasp(&["detect", "--config", config, "--stats", "none", "examples"]);
    let detected = String::from_utf8(output.stdout).expect("UTF-8");
    // Of each incident the newest revision.
    let detected: BTreeMap<String, Value> = detected
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"))
        .map(|alert| (alert["id"].to_string(), alert))
        .collect();
    assert!(detected.len() > 3, "{}", detected.len());
    assert_eq!(explained_alerts, detected);
    let verdicts = of_type(&explained, "verdict");
    assert_eq!(verdicts.len(), logwasp_detectors::BUNDLED.len());
    assert!(verdicts.iter().all(|verdict| verdict["explains_itself"] == true));
}

/// Scenario: a mail, whose words may be encoded.
/// Guarantees: it is told that the format is never searched, and for whom it is read.
#[test]
fn what_is_never_searched_is_told() {
    let text = explain(&["-d", "authas-anomaly", "examples/hybrid"]);
    assert_parts(
        &text,
        &[
            "  in full    mail, for authas-anomaly [1]",
            "searched  mail: each record is decoded, this format is never searched",
        ],
    );
}

/// Scenario: wrong arguments, and an input that is not there.
/// Guarantees: the exit codes and three-part errors of the other commands.
#[test]
fn errors_are_as_everywhere() {
    for (args, code, part) in [
        (vec!["explain"], 2, "required"),
        (vec!["explain", "x", "-d", "lokout"], 2, "did you mean `lockout`?"),
        (vec!["explain", "x", "--user", "CONTOSO\\"], 2, "names no user\nhint: "),
        (vec!["explain", "-d", "lockout", "/nowhere.log"], 1, "\n  at /nowhere.log\nhint: "),
    ] {
        let output = logwasp(&args);
        assert_eq!(output.status.code(), Some(code), "{args:?}");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(errors.contains(part), "{args:?}: {errors}");
    }
}
