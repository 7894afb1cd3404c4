//! The worked examples.

use logwasp_sdk::testkit::{Example, TestEvent, clock, incidents, windows};
use logwasp_sdk::{Activity, Alert, Confidence, Severity};

/// Every worked example; each checks itself.
pub fn all() -> Vec<Example> {
    vec![
        noise_in_pairs(),
        noise_without_warnings(),
        private_key(),
        no_shared_cipher(),
        no_shared_cipher_silence(),
        unknown_ca(),
        handshake_failure(),
        certificate_logon(),
        few_warnings_silence(),
        other_logons_silence(),
    ]
}

/// A 4625 of Schannel as Windows writes it.
pub fn schannel_logon(second: i64, host: &str, user: &str, sub_status: &str) -> TestEvent {
    windows(
        second,
        host,
        4625,
        &[
            ("SubjectUserSid", "S-1-0-0"),
            ("SubjectUserName", "-"),
            ("TargetUserSid", "S-1-0-0"),
            ("TargetUserName", user),
            ("TargetDomainName", ""),
            ("Status", "0xc000006d"),
            ("FailureReason", "%%2304"),
            ("SubStatus", sub_status),
            ("LogonType", "3"),
            ("LogonProcessName", "Schannel"),
            ("AuthenticationPackageName", "Microsoft Unified Security Protocol Provider"),
            ("WorkstationName", "-"),
            ("ProcessId", "0x0"),
            ("ProcessName", "-"),
            ("IpAddress", "-"),
            ("IpPort", "-"),
        ],
    )
}

/// The 4625 half of the noise.
pub fn noise_logon(second: i64, host: &str) -> TestEvent {
    schannel_logon(second, host, "", "0x80090325")
}

/// The 36879 half of the noise.
pub fn noise_warning(second: i64, host: &str) -> TestEvent {
    windows(second, host, 36879, &[("ErrorCode", "0xc000006d"), ("__binLength", "1482")])
}

/// The candidate rows of an SMTP session with Exchange Online.
pub fn eop_session(second: i64, server: &str, id: &str) -> [TestEvent; 2] {
    let connector = format!("{server}\\Default Frontend {server}");
    let row = |context: &str| {
        TestEvent::new(
            "exchange-smtp-session",
            second,
            server,
            &[
                ("session-id", id),
                ("direction", "receive"),
                ("server", server),
                ("connector", &connector),
                ("ip", "104.47.45.54"),
                ("ehlo", "NAM04-CO1-obe.outbound.protection.outlook.com"),
                ("tls_subject", EOP_SUBJECT),
                ("context", context),
            ],
        )
    };
    [
        row("Remote certificate Subject Issuer name Serial number Thumbprint"),
        row("TLS protocol SP_PROT_TLS1_2_SERVER negotiation succeeded using bulk encryption \
             algorithm CALG_AES_256 with strength 256 bits"),
    ]
}

const EOP_SUBJECT: &str =
    "CN=mail.protection.outlook.com, O=Microsoft Corporation, L=Redmond, S=Washington, C=US";

/// `count` events of one id, `gap` seconds apart.
pub fn repeated(
    count: i64,
    gap: i64,
    host: &str,
    event_id: u32,
    fields: &[(&str, &str)],
) -> Vec<TestEvent> {
    (0..count).map(|n| windows(clock("09:00:00") + n * gap, host, event_id, fields)).collect()
}

fn attribute<'a>(alert: &'a Alert, name: &str) -> &'a str {
    alert.attribute_value(name).unwrap_or("(absent)")
}

/// The only incident, as it stands at the end.
#[track_caller]
fn only<'a>(alerts: &'a [Alert], rule: &str, severity: Severity) -> &'a Alert {
    let found = incidents(alerts);
    assert_eq!(found.len(), 1, "{found:#?}");
    let alert = found[0];
    assert_eq!((alert.rule.as_str(), alert.severity), (rule, severity));
    assert_eq!(alert.confidence, Confidence::High);
    assert_eq!(alert.noise, rule == "N");
    assert!(alert.attack.is_empty());
    assert!((1..=20).contains(&alert.evidence.len()));
    alert
}

#[track_caller]
fn silence(alerts: &[Alert]) {
    assert!(alerts.is_empty(), "{alerts:#?}");
}

fn noise_in_pairs() -> Example {
    let events = (0..12).flat_map(|n| {
        let second = n * 7_200 + 1_800;
        let mut events = vec![
            noise_warning(second, "EXCH01.contoso.com"),
            noise_logon(second, "EXCH01.contoso.com").plus_millis(3),
        ];
        events.extend(eop_session(second, "EXCH01", &format!("08D8EAE82C60{n:04X}")));
        events
    });
    Example {
        name: "2.1 noise in pairs, with the sessions behind it",
        config: "{}",
        events: events.collect(),
        advance: None,
        check: |alerts| {
            assert_eq!(alerts.len(), 1);
            let alert = only(alerts, "N", Severity::Info);
            assert_eq!((alert.activity, alert.count), (Activity::Create, 12));
            assert_eq!(alert.title, "Schannel certificate-mapping noise on EXCH01 (12 events)");
            assert_eq!(alert.entities, [("host".to_owned(), "exch01".to_owned())]);
            for (name, value) in [
                ("total_4625", "12"),
                ("total_36879", "12"),
                ("paired", "12"),
                ("unpaired_4625", "0"),
                ("unpaired_36879", "0"),
                ("smtp_sessions", "12"),
                ("top_peer_subjects", "mail.protection.outlook.com"),
                ("event_logging", "(absent)"),
            ] {
                assert_eq!(attribute(alert, name), value, "{name}");
            }
            assert_eq!(alert.labels, [("schannel_noise".to_owned(), "true".to_owned())]);
            assert!(alert.evidence.iter().any(|e| e.summary.contains("104.47.45.54")));
        },
    }
}

fn noise_without_warnings() -> Example {
    Example {
        name: "2.2 noise without 36879",
        config: "{}",
        events: (0..40).map(|n| noise_logon(n * 60, "EXCH01")).collect(),
        advance: None,
        check: |alerts| {
            let found = incidents(alerts);
            assert_eq!(found.len(), 1, "{found:#?}");
            let alert = found[0];
            assert_eq!((alert.rule.as_str(), alert.severity), ("N", Severity::Info));
            assert!(alert.noise && alert.attack.is_empty());
            assert_eq!((alert.confidence, alert.count), (Confidence::Medium, 40));
            assert_eq!(attribute(alert, "unpaired_4625"), "40");
            assert_eq!(attribute(alert, "total_36879"), "0");
            assert_eq!(attribute(alert, "event_logging"), "default");
            assert!(alert.description.contains("EventLogging is at its default"));
        },
    }
}

fn private_key() -> Example {
    let fields = [("Type", "server"), ("ErrorCode", "0x8009030d"), ("ErrorStatus", "10001")];
    Example {
        name: "2.3 private key not readable",
        config: "{}",
        events: vec![windows(clock("10:00:00"), "GW01", 36870, &fields)],
        advance: None,
        check: |alerts| {
            let alert = only(alerts, "R1", Severity::High);
            assert_eq!(alert.title, "TLS private key not readable on GW01");
            assert_eq!(alert.count, 1);
            assert_eq!(alert.entity_value("host"), Some("gw01"));
            assert_eq!(attribute(alert, "error_code"), "0x8009030D");
            assert_eq!(attribute(alert, "error_status"), "10001");
            assert_eq!(attribute(alert, "type"), "server");
            assert_eq!(attribute(alert, "cause"), "key_not_readable");
            assert!(alert.remediation.contains("Manage Private Keys"));
        },
    }
}

fn no_shared_cipher() -> Example {
    Example {
        name: "2.4 no shared cipher",
        config: "{}",
        events: repeated(15, 20, "EXCH01", 36874, &[("Protocol", "TLS 1.0")]),
        advance: None,
        check: |alerts| {
            let alert = only(alerts, "R3", Severity::Medium);
            assert_eq!(alert.count, 15);
            assert_eq!(alert.title, "EXCH01: no shared cipher with clients using TLS 1.0");
            assert_eq!(attribute(alert, "protocol"), "TLS 1.0");
        },
    }
}

fn no_shared_cipher_silence() -> Example {
    Example {
        name: "2.4 no shared cipher, silence",
        config: "{}",
        events: repeated(5, 20, "EXCH01", 36874, &[("Protocol", "TLS 1.0")]),
        advance: None,
        check: silence,
    }
}

fn unknown_ca() -> Example {
    Example {
        name: "2.5 unknown_ca received",
        config: "{}",
        events: repeated(25, 24, "EXCH01", 36887, &[("AlertDesc", "48")]),
        advance: None,
        check: |alerts| {
            let alert = only(alerts, "R4", Severity::Medium);
            assert_eq!(alert.count, 25);
            assert!(
                alert.title.contains("peers do not trust our certificate chain (unknown_ca)"),
                "{}",
                alert.title
            );
            assert_eq!(attribute(alert, "alert"), "48");
            assert_eq!(attribute(alert, "alert_name"), "unknown_ca");
            assert_eq!(attribute(alert, "event_id"), "36887");
        },
    }
}

fn handshake_failure() -> Example {
    Example {
        name: "2.5 handshake_failure received",
        config: "{}",
        events: repeated(25, 24, "EXCH01", 36887, &[("AlertDesc", "40")]),
        advance: None,
        check: |alerts| {
            let alert = only(alerts, "R4", Severity::Low);
            assert_eq!((alert.count, attribute(alert, "alert")), (25, "40"));
            assert!(alert.title.contains("handshake_failure"), "{}", alert.title);
        },
    }
}

fn certificate_logon() -> Example {
    Example {
        name: "2.6 certificate logon of a user",
        config: "{}",
        events: (0..3)
            .map(|n| schannel_logon(n * 30, "EXCH01", "svc_cert", "0xc0000072"))
            .collect(),
        advance: None,
        check: |alerts| {
            let alert = only(alerts, "R0", Severity::Medium);
            assert_eq!(alert.count, 3);
            assert_eq!(alert.entity_value("user"), Some("svc_cert"));
            assert_eq!(alert.entity_value("host"), Some("exch01"));
            assert_eq!(attribute(alert, "sub_status"), "0xC0000072");
        },
    }
}

fn few_warnings_silence() -> Example {
    Example {
        name: "2.7 few 36879, silence",
        config: "{}",
        events: (0..3).map(|n| noise_warning(n * 60, "EXCH01")).collect(),
        advance: None,
        check: silence,
    }
}

fn other_logons_silence() -> Example {
    let fields = [
        ("TargetUserName", ""),
        ("Status", "0xc000006d"),
        ("SubStatus", "0xc0000064"),
        ("LogonType", "3"),
        ("LogonProcessName", "NtLmSsp "),
        ("AuthenticationPackageName", "NTLM"),
    ];
    Example {
        name: "2.8 logons of others, silence",
        config: "{}",
        events: repeated(40, 10, "EXCH01", 4625, &fields),
        advance: None,
        check: silence,
    }
}
