//! Who is behind the lockout: one example for each way the chain can end.

use logwasp_sdk::testkit::{Example, TestEvent, clock};
use logwasp_sdk::{Confidence, Severity};

use super::write::{self, Http};
use super::{assert_attributes, only};

pub(super) fn all() -> Vec<Example> {
    vec![
        activesync(),
        smtp_by_time(),
        blank_caller(),
        relay_in_netlogon(),
        other_host_in_netlogon(),
        user_error(),
        not_http(),
        smtp_auth(),
    ]
}

fn activesync() -> Example {
    let request = Http { query: "User=user1&DeviceId=ABC123&DeviceType=iPhone", ..Http::default() };
    let first = clock("09:11:58");
    let mut events: Vec<TestEvent> = (0..5).map(|n| request.at(first + 30 * n, &[])).collect();
    events.push(write::kerberos(clock("09:13:58"), "DC02", "user1", "0x18", "::ffff:10.0.0.25"));
    events.push(write::locked(clock("09:14:03"), "DC01", "user1", "EXCH01"));
    Example {
        name: "1.1 ActiveSync",
        config: "{}",
        events,
        advance: Some(clock("09:15:00")),
        check: |alerts| {
            let alert = only(alerts, "user1", Severity::Medium, Confidence::High);
            assert_eq!(alerts.len(), 1);
            assert_eq!(alert.entity_value("src_ip"), Some("203.0.113.45"));
            assert_eq!(alert.entity_value("device"), Some("iPhone/ABC123"));
            assert_eq!(alert.entity_value("host"), Some("exch01"));
            assert_attributes(
                alert,
                &[
                    ("kind", "activesync"),
                    ("cause", "stale_credential_mobile"),
                    ("caller", "EXCH01"),
                    ("caller_blank", ""),
                    ("dc", "DC01"),
                    ("dc_with_failures", "DC02"),
                    ("http_excluded", ""),
                ],
            );
            assert_eq!(
                alert.title,
                "Account CONTOSO\\user1 locked out - ActiveSync device iPhone ABC123 at \
                 203.0.113.45 via EXCH01"
            );
            assert!(alert.attack.is_empty() && alert.labels.is_empty());
            assert!(alert.remediation.contains("mobile device access rule"));
            assert_eq!(alert.time, (clock("09:14:03") + 20) * 1_000_000_000);
        },
    }
}

fn smtp_by_time() -> Example {
    let mut events = Vec::new();
    for minute in 0..10 {
        let second = clock("10:00:01") + 60 * minute;
        events.push(write::legacy_logon(second, "EXCHSRV01", "user1", "1728"));
        events.push(write::netlogon(second, "CONTOSO\\user1", "EXCHSRV01", "", "0xC000006A"));
        events.push(write::iis6_auth(second, "EXCHSRV01", "10.1.2.3"));
    }
    events.push(write::iis6_auth(clock("10:03:40"), "EXCHSRV01", "10.1.7.7"));
    let lock = write::locked(clock("10:09:03"), "DC01", "user1", "EXCHSRV01");
    events.push(TestEvent { event_id: 644, provider: Some("Security".to_owned()), ..lock });
    Example {
        name: "1.2 60 s SMTP, user not logged",
        config: r#"{"site": {"exchange_hosts": ["EXCHSRV01"]}}"#,
        events,
        advance: None,
        check: |alerts| {
            let alert = only(alerts, "user1", Severity::Medium, Confidence::Medium);
            assert_eq!(alert.entity_value("src_ip"), Some("10.1.2.3"));
            assert_eq!(alert.entity_value("host"), Some("exchsrv01"));
            assert_attributes(
                alert,
                &[
                    ("kind", "smtp_auth_inferred"),
                    ("cause", "stale_credential_app"),
                    ("period_s", "60"),
                    ("jitter_s", "0"),
                    ("automation", "true"),
                    ("caller_process", "pid 1728"),
                    ("failures", "10"),
                ],
            );
            assert_eq!(
                alert.title,
                "Account CONTOSO\\user1 locked out - SMTP AUTH from 10.1.2.3 via EXCHSRV01 every \
                 ~60s"
            );
            assert!(alert.remediation.contains("service account"));
        },
    }
}

fn blank_caller() -> Example {
    let mut events: Vec<TestEvent> = (0..6)
        .map(|n| write::ntlm(clock("11:00:00") + 7 * n * n, "DC02", "user1", "0xc000006a", ""))
        .collect();
    events.push(write::locked(clock("11:03:00"), "DC01", "user1", ""));
    Example {
        name: "1.3 blank caller, NTLM with blank workstation",
        config: r#"{"site": {"dcs": ["DC01", "DC02"]}}"#,
        events,
        advance: None,
        check: |alerts| {
            let alert = only(alerts, "user1", Severity::Medium, Confidence::Low);
            assert_eq!(alert.entity_value("host"), None);
            assert_eq!(alert.entity_value("src_ip"), None);
            assert_attributes(
                alert,
                &[
                    ("kind", "non_domain_device"),
                    ("dc_with_failures", "DC02"),
                    ("caller_blank", "true"),
                    ("cause", "unknown"),
                    ("hop1", ""),
                ],
            );
            assert!(alert.title.ends_with("locked out - unidentified non-domain device"));
            for device in ["phones", "proxy", "Java", "Linux"] {
                assert!(alert.remediation.contains(device), "{}", alert.remediation);
            }
        },
    }
}

fn through_radius() -> Vec<TestEvent> {
    let mut events: Vec<TestEvent> = [0, 17, 25, 61]
        .iter()
        .map(|n| {
            let second = clock("09:12:00") + n;
            write::netlogon(second, "CONTOSO\\user1", "", "RADIUS01", "0xC000006A")
        })
        .collect();
    events.push(write::locked(clock("09:14:03"), "DC01", "user1", ""));
    events
}

fn relay_in_netlogon() -> Example {
    Example {
        name: "1.4 blank caller, netlogon names a relay",
        config: r#"{"site": {"relay_hosts": ["RADIUS01"]}}"#,
        events: through_radius(),
        advance: None,
        check: |alerts| {
            let alert = only(alerts, "user1", Severity::Medium, Confidence::Medium);
            assert_eq!(alert.entity_value("host"), Some("radius01"));
            assert_attributes(
                alert,
                &[("kind", "intermediary"), ("hop1", "RADIUS01"), ("caller_blank", "true")],
            );
        },
    }
}

fn other_host_in_netlogon() -> Example {
    Example {
        name: "1.4 blank caller, netlogon names another machine",
        config: "{}",
        events: through_radius(),
        advance: None,
        check: |alerts| {
            let alert = only(alerts, "user1", Severity::Medium, Confidence::Medium);
            assert_eq!(alert.entity_value("host"), Some("radius01"));
            assert_attributes(
                alert,
                &[("kind", "workstation"), ("hop1", "RADIUS01"), ("caller_blank", "true")],
            );
        },
    }
}

fn user_error() -> Example {
    let keyboard = [
        ("LogonType", "2"),
        ("LogonProcessName", "User32 "),
        ("WorkstationName", "WS042"),
        ("ProcessName", "C:\\Windows\\System32\\winlogon.exe"),
        ("IpAddress", "127.0.0.1"),
    ];
    let mut events: Vec<TestEvent> = [0, 6, 15, 27, 40]
        .iter()
        .map(|n| write::logon(clock("08:01:00") + n, "WS042", "user2", &keyboard))
        .collect();
    events.push(write::locked(clock("08:01:41"), "DC01", "user2", "WS042"));
    Example {
        name: "1.6 user error",
        config: "{}",
        events,
        advance: None,
        check: |alerts| {
            let alert = only(alerts, "user2", Severity::Low, Confidence::Medium);
            assert_eq!(alert.entity_value("host"), Some("ws042"));
            assert_attributes(
                alert,
                &[("kind", "workstation"), ("cause", "user_error"), ("failures", "5")],
            );
            assert!(alert.title.ends_with("locked out - workstation WS042"), "{}", alert.title);
            assert!(alert.attack.is_empty());
        },
    }
}

fn not_http() -> Example {
    let others = |second: i64, user: &str| {
        let request = Http { host: "10.0.0.25", user, ..Http::default() };
        request.at(second, &[])
    };
    let events = vec![
        write::coverage(clock("09:00:00"), clock("09:20:00"), "10.0.0.25", "iis", false),
        others(clock("09:10:00"), "CONTOSO\\user7"),
        others(clock("09:12:00"), "CONTOSO\\user8"),
        write::kerberos(clock("09:13:58"), "DC02", "user1", "0x18", "::ffff:10.0.0.25"),
        write::locked(clock("09:14:03"), "DC01", "user1", "EXCH01"),
    ];
    Example {
        name: "1.9 Exchange but not HTTP",
        config: r#"{"site": {"exchange_hosts": ["EXCH01"]}}"#,
        events,
        advance: None,
        check: |alerts| {
            let alert = only(alerts, "user1", Severity::Medium, Confidence::Medium);
            assert_eq!(alert.entity_value("host"), Some("exch01"));
            assert_eq!(alert.entity_value("src_ip"), None);
            assert_attributes(
                alert,
                &[("kind", "exchange_unknown"), ("http_excluded", "true"), ("cause", "unknown")],
            );
            let absent = "SMTP/IMAP/POP logs were not collected";
            assert!(alert.description.contains(absent), "{}", alert.description);
            assert!(alert.remediation.contains("ProtocolLoggingLevel"));
        },
    }
}

fn smtp_auth() -> Example {
    let mut events: Vec<TestEvent> = (0..6)
        .map(|n| {
            let second = clock("09:13:01") + 60 * n;
            write::smtp_auth(second, "EXCH01", "10.1.2.3", "user1@contoso.com")
        })
        .collect();
    events.push(write::locked(clock("09:18:03"), "DC01", "user1", "EXCH01"));
    Example {
        name: "1.10 modern SMTP AUTH with user",
        config: "{}",
        events,
        advance: None,
        check: |alerts| {
            let alert = only(alerts, "user1", Severity::Medium, Confidence::High);
            assert_eq!(alert.entity_value("src_ip"), Some("10.1.2.3"));
            assert_eq!(alert.entity_value("host"), Some("exch01"));
            assert_attributes(
                alert,
                &[
                    ("kind", "smtp_auth"),
                    ("cause", "stale_credential_app"),
                    ("period_s", "60"),
                    ("client_agent", "LOGIN"),
                ],
            );
        },
    }
}
