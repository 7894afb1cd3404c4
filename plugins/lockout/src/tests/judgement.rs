//! Cause, severity, confidence, labels.

use logwasp_sdk::testkit::{TestEvent, incidents};
use logwasp_sdk::{Alert, Severity};

use super::{attribute, label, one, run};
use crate::examples::write;

const DAY: i64 = 86_400;

fn locked_after(config: &str, events: impl IntoIterator<Item = TestEvent>) -> Alert {
    let mut events: Vec<TestEvent> = events.into_iter().collect();
    events.push(write::locked(20 * DAY, "DC01", "user1", "WS042"));
    one(config, events)
}

fn logon(second: i64, logon_type: &str) -> TestEvent {
    let fields = [("LogonType", logon_type), ("WorkstationName", "WS042")];
    write::logon(second, "WS042", "user1", &fields)
}

/// Scenario: the password was changed within 14 days, a second earlier, after the
/// lockout, and a change that failed.
/// Guarantees: only a recent change is a cause and is told of.
#[test]
fn recent_password_changes() {
    let cause = |second: i64, keywords: &str| {
        let mut change = write::password_changed(second, "DC01", "user1");
        change.fields = vec![
            ("TargetUserName".to_owned(), "user1".to_owned()),
            ("Keywords".to_owned(), keywords.to_owned()),
        ];
        let alert = locked_after("{}", [change]);
        (
            attribute(&alert, "cause").to_owned(),
            attribute(&alert, "password_changed_ago").to_owned(),
        )
    };
    let told = |cause: &str, ago: &str| (cause.to_owned(), ago.to_owned());
    let success = "0x8020000000000000";
    let stale = "stale_after_password_change";
    assert_eq!(cause(20 * DAY - 3 * 3_600, success), told(stale, "3 h"));
    assert_eq!(cause(6 * DAY, success), told(stale, "14 days"));
    assert_eq!(cause(6 * DAY - 1, success), told("unknown", ""));
    assert_eq!(cause(20 * DAY + 1, success), told("unknown", ""));
    assert_eq!(cause(20 * DAY - 60, "0x8010000000000000"), told("unknown", ""));
}

/// Scenario: a password change and failures of a phone.
/// Guarantees: the cause stays the phone's; the change is told in the text.
#[test]
fn a_change_is_told_whatever_the_cause() {
    let request = write::Http::default().at(20 * DAY - 30, &[]);
    let change = write::password_changed(20 * DAY - 600, "DC01", "user1");
    let lock = write::locked(20 * DAY, "DC01", "user1", "EXCH01");
    let alert = one("{}", [change, request, lock]);
    assert_eq!(attribute(&alert, "cause"), "stale_credential_mobile");
    assert!(alert.description.contains("password was changed 10 min before"));
}

/// Scenario: failures at the keyboard, ten and eleven; with another logon type
/// among them; without any type.
/// Guarantees: only few failures that are all at a keyboard are a person's.
#[test]
fn user_errors() {
    let irregular = |n: i64| 20 * DAY - 700 + 3 * n * n + 17 * n;
    let at_keyboard = |count: i64| (0..count).map(move |n| logon(irregular(n), "2"));
    let judged = |events: Vec<TestEvent>| {
        let alert = locked_after("{}", events);
        (attribute(&alert, "cause").to_owned(), alert.severity)
    };
    let user_error = || ("user_error".to_owned(), Severity::Low);
    let unknown = || ("unknown".to_owned(), Severity::Medium);
    assert_eq!(judged(at_keyboard(10).collect()), user_error());
    assert_eq!(judged(at_keyboard(11).collect()), unknown());
    for logon_type in ["7", "10", "11"] {
        assert_eq!(judged(vec![logon(irregular(0), logon_type)]), user_error());
    }
    assert_eq!(judged(at_keyboard(3).chain([logon(irregular(4), "5")]).collect()), unknown());
    let untyped = write::kerberos(20 * DAY - 60, "DC01", "user1", "0x18", "10.0.3.42");
    assert_eq!(judged(vec![untyped]), unknown());
}

/// Scenario: failures every minute at a workstation.
/// Guarantees: a program, though the logon type is a keyboard's.
#[test]
fn rhythm_is_a_program() {
    let alert = locked_after("{}", (0..8).map(|n| logon(20 * DAY - 500 + 60 * n, "2")));
    assert_eq!(attribute(&alert, "cause"), "stale_credential_app");
    assert_eq!((attribute(&alert, "automation"), attribute(&alert, "period_s")), ("true", "60"));
    assert!(alert.description.contains("every 60 s"));
}

/// Scenario: failures from two and from three addresses outside, and from three
/// inside.
/// Guarantees: three outside guess one account's password.
#[test]
fn guessing() {
    let from = |net: &str, count: i64| {
        let failures = (0..count).map(|n| {
            let ip = format!("{net}.{n}");
            write::kerberos(20 * DAY - 300 + 7 * n, "DC01", "user1", "0x18", &ip)
        });
        locked_after("{}", failures.collect::<Vec<_>>())
    };
    let alert = from("198.51.100", 3);
    assert_eq!((attribute(&alert, "cause"), alert.severity), ("password_guessing", Severity::High));
    assert_eq!(alert.attack, ["T1110.001"]);
    for alert in [from("198.51.100", 2), from("10.7.7", 3)] {
        assert_eq!((attribute(&alert, "cause"), alert.attack.len()), ("unknown", 0));
    }
}

/// Scenario: a privileged account, also with a person's error.
/// Guarantees: high in both cases; others are not.
#[test]
fn privileged_users() {
    let config = r#"{"site": {"privileged_users": ["user1", "adm-*"]}}"#;
    assert_eq!(locked_after(config, []).severity, Severity::High);
    assert_eq!(locked_after(config, [logon(20 * DAY - 9, "2")]).severity, Severity::High);
    assert_eq!(locked_after("{}", []).severity, Severity::Medium);
}

/// Scenario: an account the operator ignores, a computer, a health mailbox.
/// Guarantees: their lockouts are not told.
#[test]
fn ignored_users() {
    let config = r#"{"site": {"ignore_users": ["svc_monitor"]}}"#;
    for user in ["svc_monitor", "WS042$", "HealthMailbox1f2e"] {
        assert!(run(config, [write::locked(100, "DC01", user, "WS042")]).is_empty(), "{user}");
    }
}

/// Scenario: a member server, a domain controller and the PDC emulator lock an
/// account, with and without a list of domain controllers.
/// Guarantees: only what is known not to be a domain controller locks local
/// accounts.
#[test]
fn local_accounts() {
    let locked_by = |config: &str, dc: &str| {
        let alert = one(config, [write::locked(100, dc, "user1", "WS042")]);
        (label(&alert, "local_account").is_some(), alert.title)
    };
    let config = r#"{"site": {"pdc": "DC01", "dcs": ["DC02"]}}"#;
    let (is_local, title) = locked_by(config, "FS01.contoso.com");
    assert!(is_local && title.starts_with("Account FS01\\user1 "), "{title}");
    assert!(!locked_by(config, "DC01.contoso.com").0 && !locked_by(config, "dc02").0);
    assert!(!locked_by("{}", "FS01").0);
}

/// Scenario: one workstation locks ten accounts in a day.
/// Guarantees: the tenth alert has the label, the ninth has not.
#[test]
fn mass_lockouts() {
    let locks = (0..10).map(|n| write::locked(3_600 * n, "DC01", &format!("user{n}"), "WS042"));
    let alerts = run("{}", locks);
    assert_eq!(label(&alerts[8], "T1531"), None);
    assert_eq!(label(&alerts[9], "T1531"), Some("10"));
    assert!(alerts[9].attack.is_empty());
}

/// Scenario: many phones behind one address lock their owners out.
/// Guarantees: each device stands for itself: nobody guesses.
#[test]
fn phones_of_one_site_are_not_a_guesser() {
    let events = (0..8).flat_map(|n| {
        let (user, query) = (format!("user{n}"), format!("DeviceId=DEV{n}&DeviceType=iPhone"));
        let request = write::Http { user: &user, query: &query, ..write::Http::default() };
        [request.at(100 + n, &[]), write::locked(120 + n, "DC01", &user, "EXCH01")]
    });
    let alerts = run("{}", events);
    assert_eq!(incidents(&alerts).len(), 8);
    assert!(alerts.iter().all(|a| attribute(a, "cause") == "stale_credential_mobile"));
}

/// Scenario: a guesser without a device tries many accounts over the web.
/// Guarantees: the address is the guesser.
#[test]
fn guessing_over_the_web() {
    let mut events: Vec<TestEvent> = (0..6)
        .map(|n| {
            let user = format!("user{n}");
            let path = "/Microsoft-Server-ActiveSync";
            write::Http { user: &user, path, ip: "198.51.100.7", ..write::Http::default() }
                .at(100 + n, &[])
        })
        .collect();
    events.push(write::locked(120, "DC01", "user1", "EXCH01"));
    let alert = one("{}", events);
    assert_eq!((attribute(&alert, "cause"), alert.severity), ("password_guessing", Severity::High));
    assert_eq!(
        (alert.attack[0].as_str(), alert.entity_value("src_ip")),
        ("T1110.003", Some("198.51.100.7"))
    );
}

/// Scenario: an Exchange server fails for many accounts within minutes.
/// Guarantees: it asks for others, so it is no guesser.
#[test]
fn a_server_is_not_a_guesser() {
    let config = r#"{"site": {"exchange_hosts": ["EXCH01"]}}"#;
    let mut events: Vec<TestEvent> = (0..9)
        .map(|n| write::ntlm(100 + n, "DC01", &format!("user{n}"), "0xc000006a", "EXCH01"))
        .collect();
    events.push(write::locked(120, "DC01", "user1", "EXCH01"));
    let alert = one(config, events);
    assert_eq!(
        (attribute(&alert, "kind"), attribute(&alert, "cause")),
        ("exchange_unknown", "unknown")
    );
}
