//! Copies of one lockout, and one source with many victims.

use logwasp_sdk::testkit::{Example, TestEvent, clock, incidents};
use logwasp_sdk::{Confidence, Severity};

use super::only;
use super::write;

pub(super) fn all() -> Vec<Example> {
    vec![duplicates(), spray()]
}

fn duplicates() -> Example {
    let at = |dc: &str, millis: i64| {
        write::locked(clock("09:14:03"), dc, "user1", "WS042").plus_millis(millis)
    };
    Example {
        name: "1.5 copies of PDC and DC",
        config: r#"{"site": {"pdc": "DC01", "dcs": ["DC01", "DC02"]}}"#,
        events: vec![at("DC02", 100), at("DC01", 200)],
        advance: Some(clock("10:30:00")),
        check: |alerts| {
            assert_eq!(alerts.len(), 1, "{alerts:#?}");
            let alert = only(alerts, "user1", Severity::Medium, Confidence::Medium);
            let said: Vec<&str> = alert.evidence.iter().map(|e| e.summary.as_str()).collect();
            assert_eq!(said.len(), 2);
            assert!(said[0].starts_with("DC02: ") && said[1].starts_with("DC01: "), "{said:?}");
            assert_eq!(alert.attribute_value("dc"), Some("DC01"));
            assert_eq!((alert.count, alert.attribute_value("locks_24h")), (1, Some("1")));
        },
    }
}

fn spray() -> Example {
    let start = clock("03:00:00");
    let mut events: Vec<TestEvent> = (0..12)
        .map(|n| write::ntlm(start + 25 * n, "DC01", &format!("user{n}"), "0xc000006a", "KALI"))
        .collect();
    for (n, user) in ["user2", "user5", "user9"].iter().enumerate() {
        events.push(write::locked(start + 302 + n as i64, "DC01", user, "KALI"));
    }
    Example {
        name: "1.7 spray",
        config: "{}",
        events,
        advance: None,
        check: |alerts| {
            let found = incidents(alerts);
            assert_eq!((found.len(), alerts.len()), (3, 3), "{alerts:#?}");
            for (alert, user) in found.into_iter().zip(["user2", "user5", "user9"]) {
                assert_eq!(alert.rule, "T1");
                assert_eq!(alert.severity, Severity::High);
                assert_eq!(alert.entity_value("user"), Some(user));
                assert_eq!(alert.entity_value("host"), Some("kali"));
                assert_eq!(alert.attribute_value("cause"), Some("password_guessing"));
                assert_eq!(alert.attack, ["T1110.003"]);
                assert!(alert.labels.is_empty());
            }
        },
    }
}
