//! The encodings of one alert with everything awkward in it.

use serde_json::Value;

use super::*;
use crate::alert::{Activity, Alert, Confidence, Evidence, Severity};
use crate::record::reference;

fn told() -> Identified {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Identified {
        id: "00ff".into(),
        revision: 1,
        detector: "lockout".into(),
        alert: Alert {
            activity: Activity::Create,
            rule: "T1".into(),
            key: "user1".into(),
            severity: Severity::Medium,
            confidence: Confidence::High,
            noise: false,
            time: 1_795_166_064_000_000_000,
            first_seen: 1_795_166_038_000_000_000,
            last_seen: 1_795_166_043_118_000_000,
            count: 6,
            title: "Account CONTOSO\\user1 locked out | \"x\" ^ a=b]".into(),
            description: "two\nlines".into(),
            remediation: "Update the password.".into(),
            entities: vec![
                pair("user", "user1"),
                pair("src_ip", "203.0.113.45"),
                pair("host", "exch01"),
            ],
            attributes: vec![pair("kind", "activesync"), pair("cause", "stale")],
            labels: vec![pair("parent", "p1")],
            attack: vec!["T1110.001".into()],
            evidence: vec![Evidence {
                record: reference(0, 9),
                time: 1_795_166_043_118_000_000,
                summary: "4740".into(),
            }],
            amends: None,
        },
    }
}

fn sources() -> Sources {
    Sources::new(vec!["dc.xml".into()])
}

/// Scenario: an alert as an OCSF finding.
/// Guarantees: every member that class 2004 requires, with its numbers.
#[test]
fn ocsf_has_what_the_class_requires() {
    let finding: Value = serde_json::from_str(&ocsf(&told(), &sources())).expect("JSON");
    for (member, expected) in [
        ("activity_id", 1_i64),
        ("category_uid", 2),
        ("class_uid", 2004),
        ("type_uid", 200_401),
        ("severity_id", 3),
        ("status_id", 1),
        ("confidence_id", 3),
        ("time", 1_795_166_064_000),
        ("start_time", 1_795_166_038_000),
        ("end_time", 1_795_166_043_118),
        ("count", 6),
    ] {
        assert_eq!(finding[member], expected, "{member}");
    }
    assert_eq!(finding["metadata"]["product"]["vendor_name"], "logwasp");
    assert_eq!(finding["metadata"]["version"], "1.5.0");
    assert_eq!(finding["finding_info"]["uid"], "00ff");
    assert_eq!(finding["finding_info"]["attacks"][0]["technique"]["uid"], "T1110");
    assert_eq!(finding["evidences"][0]["uid"], "dc.xml@9");
    assert_eq!(finding["remediation"]["desc"], "Update the password.");
    assert_eq!(finding["is_alert"], true);
    let closed = Identified {
        alert: Alert { activity: Activity::Close, ..told().alert },
        revision: 2,
        ..told()
    };
    let finding: Value = serde_json::from_str(&ocsf(&closed, &sources())).expect("JSON");
    assert_eq!((&finding["type_uid"], &finding["status_id"]), (&200_403.into(), &4.into()));
    assert_eq!(finding["metadata"]["uid"], "00ff-2");
}

/// Scenario: an alert as an ECS document.
/// Guarantees: the members that Elastic's detections are made of.
#[test]
fn ecs_says_who_and_what() {
    let document: Value = serde_json::from_str(&ecs(&told(), &sources())).expect("JSON");
    assert_eq!(document["@timestamp"], "2026-11-20T09:14:24.000000000Z");
    assert_eq!(document["event"]["kind"], "alert");
    assert_eq!(document["event"]["severity"], 47);
    assert_eq!(document["event"]["action"], "account-locked-out");
    assert_eq!(document["user"]["name"], "user1");
    assert_eq!(document["source"]["ip"], "203.0.113.45");
    assert_eq!(document["rule"]["id"], "lockout.T1");
    assert_eq!(document["threat"]["technique"]["subtechnique"]["id"][0], "T1110.001");
    assert_eq!(document["logwasp"]["alert"]["attributes"]["kind"], "activesync");
}

/// Scenario: an alert as CEF, with pipes, backslashes and equals signs in it.
/// Guarantees: the header has seven parts; the extension reads back.
#[test]
fn cef_is_escaped() {
    let line = cef(&told(), &sources());
    let version = env!("CARGO_PKG_VERSION");
    let header = format!(
        r#"CEF:0|logwasp|logwasp|{version}|lockout.T1|Account CONTOSO\\user1 locked out \| "x" ^ a=b]|5|rt=1795166064000 "#
    );
    assert!(line.starts_with(&header), "{line}");
    for part in [
        " duser=user1 ",
        " src=203.0.113.45 ",
        " cs1Label=kind cs1=activesync ",
        r" reason=two\nlines ",
        r"\\user1 locked out | ",
        r" a\=b]",
    ] {
        assert!(line.contains(part), "{part} in {line}");
    }
    assert!(!line.contains('\n'));
}

/// Scenario: an alert as LEEF, with its delimiter in the title.
/// Guarantees: six header parts, attributes that split at the delimiter alone.
#[test]
fn leef_has_no_stray_delimiters() {
    let line = leef(&told(), &sources());
    let parts: Vec<&str> = line.splitn(7, '|').collect();
    assert_eq!((parts[0], parts[4], parts[5]), ("LEEF:2.0", "lockout.T1", "^"));
    let pairs: Vec<(&str, &str)> =
        parts[6].split('^').map(|pair| pair.split_once('=').expect("a pair")).collect();
    assert!(pairs.contains(&("devTime", "2026-11-20T09:14:24.000Z")));
    assert!(pairs.contains(&("usrName", "user1")));
    assert!(pairs.contains(&("alertId", "00ff")));
}

/// Scenario: an alert as a syslog message.
/// Guarantees: our own reader gets every part back.
#[test]
fn syslog_reads_back() {
    let line = syslog(&told(), &sources());
    assert!(line.starts_with("<108>1 2026-11-20T09:14:24.000000Z "), "{line}");
    let (_, rest) = line.split_once(" lockout [alert@32473 ").expect("a message id");
    assert!(rest.starts_with("id=\"00ff\" revision=\"1\" activity=\"create\" rule=\"lockout.T1\""));
    assert!(rest.contains(r#"evidence="dc.xml@9"] Account CONTOSO\user1"#), "{rest}");
}
