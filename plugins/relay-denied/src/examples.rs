//! The worked examples, for the native tests and the host's.

use logwasp_sdk::testkit::{Example, TestEvent, clock, incidents};
use logwasp_sdk::{Activity, Alert, Confidence, Severity};

/// A refusal in a receive log with its session.
fn receive(time: &str, server: &str, fields: &[(&str, &str)]) -> TestEvent {
    let connector = format!("Default Frontend {server}");
    let mut all = vec![
        ("direction", "receive"),
        ("event", ">"),
        ("server", server),
        ("connector", &connector),
    ];
    all.extend(fields);
    TestEvent::new("exchange-smtp-session", clock(time), server, &all)
}

/// A refusal in the send log of the connector to Exchange Online.
fn send(time: &str, fields: &[(&str, &str)]) -> TestEvent {
    let mut all = vec![
        ("direction", "send"),
        ("event", "<"),
        ("server", "10.0.0.25"),
        ("connector", "Outbound to Office 365"),
        ("local_ip", "10.0.0.25"),
        ("ip", "104.47.8.36"),
    ];
    all.extend(fields);
    TestEvent::new("exchange-smtp-session", clock(time), "10.0.0.25", &all)
}

fn probe(time: &str, session: &str) -> TestEvent {
    receive(
        time,
        "EXCH01",
        &[
            ("session-id", session),
            ("ip", "198.51.100.77"),
            ("mail_from", "spam@example.net"),
            ("rcpts", "victim@example.org"),
            ("reply", "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain"),
        ],
    )
}

/// Every example of the section.
pub fn all() -> Vec<Example> {
    let mut all = own_logs();
    all.extend(send_logs());
    all.extend(other_logs());
    all
}

fn example(name: &'static str, events: Vec<TestEvent>, check: fn(&[Alert])) -> Example {
    Example { name, config: "{}", events, advance: None, check }
}

fn silence(alerts: &[Alert]) {
    assert_eq!(alerts, []);
}

/// The one incident, of which one alert was created.
fn only(alerts: &[Alert]) -> &Alert {
    let created = alerts.iter().filter(|alert| alert.activity == Activity::Create).count();
    let incidents = incidents(alerts);
    assert_eq!((created, incidents.len()), (1, 1), "one incident");
    incidents[0]
}

/// Rule, severity, confidence, count.
fn verdict(alert: &Alert) -> (&str, Severity, Confidence, u64) {
    (&alert.rule, alert.severity, alert.confidence, alert.count)
}

fn own_logs() -> Vec<Example> {
    vec![
        example(
            "3.1 relay refused for Exchange Online",
            vec![receive(
                "09:40:02",
                "EXCHANGE2013",
                &[
                    ("session-id", "S1"),
                    ("ip", "40.107.110.98"),
                    ("ehlo", "x.outbound.protection.outlook.com"),
                    ("rcpts", "a@fabrikam.com"),
                    ("reply", "550 5.7.1 Unable to relay"),
                ],
            )],
            |alerts| {
                let alert = only(alerts);
                assert_eq!(verdict(alert), ("R1", Severity::High, Confidence::High, 1));
                assert_eq!(
                    alert.title,
                    "Centralized transport broken: relay refused for Exchange Online on Default \
                     Frontend EXCHANGE2013"
                );
                assert_eq!(alert.entity_value("src_ip"), Some("40.107.110.98"));
                assert_eq!(alert.entity_value("host"), Some("exchange2013"));
                let connector = alert.entity_value("connector");
                assert_eq!(connector, Some("Default Frontend EXCHANGE2013"));
                assert_eq!(alert.attribute_value("peer_class"), Some("eop"));
                assert_eq!(alert.attribute_value("recipient"), Some("a@fabrikam.com"));
                assert_eq!(alert.attribute_value("reply"), Some("550 5.7.1 Unable to relay"));
                assert!(alert.attack.is_empty() && alert.labels.is_empty());
                assert!(alert.remediation.contains("ms-Exch-SMTP-Accept-Any-Recipient"));
            },
        ),
        example(
            "3.2 an internal application, once",
            vec![receive(
                "09:20:16",
                "EXCH01",
                &[
                    ("session-id", "08DE1F0A5C0000A1"),
                    ("ip", "10.1.9.7"),
                    ("mail_from", "erp@contoso.com"),
                    ("rcpts", "kunde@fabrikam.com"),
                    ("reply", "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain"),
                ],
            )],
            |alerts| {
                let alert = only(alerts);
                assert_eq!(verdict(alert), ("R3", Severity::Medium, Confidence::High, 1));
                assert_eq!(alert.entity_value("src_ip"), Some("10.1.9.7"));
                assert_eq!(alert.attribute_value("peer_class"), Some("internal"));
                assert_eq!(alert.attribute_value("sender"), Some("erp@contoso.com"));
                assert_eq!(alert.attribute_value("recipient"), Some("kunde@fabrikam.com"));
                assert!(alert.attack.is_empty());
            },
        ),
        example("3.3 an Internet address, once: silence", vec![probe("03:02:44", "S200")], silence),
        example(
            "3.3 an Internet address, six times in 3 min",
            ["03:02:44", "03:03:10", "03:03:40", "03:04:20", "03:05:00", "03:05:44"]
                .map(|time| probe(time, time))
                .to_vec(),
            |alerts| {
                let alert = only(alerts);
                assert_eq!(verdict(alert), ("R4", Severity::Low, Confidence::Medium, 6));
                assert_eq!(alert.title, "Open-relay probing from 198.51.100.77");
                assert_eq!(alert.entity_value("src_ip"), Some("198.51.100.77"));
                assert_eq!(alert.attribute_value("peer_class"), Some("internet"));
                assert_eq!(alert.attack, ["T1595"]);
            },
        ),
        example(
            "3.6 receive log, the client says the words: silence",
            vec![receive(
                "09:30:00",
                "EXCH01",
                &[("ip", "10.1.9.7"), ("event", "<"), ("data", "550 5.7.1 Unable to relay")],
            )],
            silence,
        ),
    ]
}

fn send_logs() -> Vec<Example> {
    vec![
        example(
            "3.4 Exchange Online does not attribute our mail",
            vec![send(
                "09:31:00",
                &[
                    ("session-id", "08DE1F0A5C000301"),
                    ("sent_subject", "CN=mail.contoso.com, O=Contoso, C=DE"),
                    ("sent_thumbprint", "6185A6B241DE02FCD5DEAA247130D947F912D04F"),
                    ("mail_from", "user1@contoso.com"),
                    ("rcpts", "user2@contoso.com"),
                    ("reply", "550 5.7.64 TenantAttribution; Relay Access Denied SMTP"),
                ],
            )],
            |alerts| {
                let alert = only(alerts);
                assert_eq!(verdict(alert), ("R5", Severity::High, Confidence::High, 1));
                let title = "Exchange Online no longer attributes our mail (5.7.64)";
                assert_eq!(alert.title, title);
                assert_eq!(alert.entity_value("connector"), Some("Outbound to Office 365"));
                assert_eq!(alert.entity_value("src_ip"), Some("10.0.0.25"));
                let subject = alert.attribute_value("sent_certificate_subject");
                assert_eq!(subject, Some("CN=mail.contoso.com, O=Contoso, C=DE"));
                assert!(alert.attack.is_empty());
            },
        ),
        example(
            "3.6 send log, we say the words: silence",
            vec![send("09:30:00", &[("event", ">"), ("data", "550 5.7.1 Unable to relay")])],
            silence,
        ),
        example(
            "3.8 our sending address is blocked",
            vec![send(
                "09:45:00",
                &[("reply", "550 5.7.606 Access denied, banned sending IP [203.0.113.9]")],
            )],
            |alerts| {
                let alert = only(alerts);
                assert_eq!(verdict(alert), ("R6", Severity::High, Confidence::High, 1));
                assert!(alert.title.starts_with("Our sending IP is blocked by Exchange Online"));
                assert_eq!(alert.entity_value("src_ip"), Some("203.0.113.9"));
                assert!(alert.attack.is_empty());
            },
        ),
    ]
}

fn other_logs() -> Vec<Example> {
    vec![
        example(
            "3.5 a restricted recipient: silence",
            vec![TestEvent::new(
                "exchange-tracking",
                clock("10:03:54"),
                "EXCH01",
                &[
                    ("event-id", "FAIL"),
                    ("server-hostname", "EXCH01"),
                    ("recipient-address", "all@contoso.com"),
                    (
                        "recipient-status",
                        "[{LRT=};{LED=550 5.7.1 RESOLVER.RST.AuthRequired; authentication \
                         required};{FQDN=};{IP=}]",
                    ),
                ],
            )],
            silence,
        ),
        example(
            "3.7 a gateway quotes the refusal",
            vec![TestEvent::new(
                "syslog",
                clock("09:50:00"),
                "gw01",
                &[
                    ("app-name", "postfix/smtp"),
                    (
                        "message",
                        "4F1Q2w3e: to=<kunde@fabrikam.com>, relay=mail.contoso.com[10.0.0.25]:25, \
                         dsn=5.7.1, status=bounced (host mail.contoso.com said: 550 5.7.1 Unable \
                         to relay (in reply to RCPT TO command))",
                    ),
                ],
            )],
            |alerts| {
                let alert = only(alerts);
                assert_eq!(verdict(alert), ("R9", Severity::Medium, Confidence::Medium, 1));
                assert_eq!(alert.entity_value("host"), Some("gw01"));
                assert_eq!(alert.attribute_value("reply"), Some("550 5.7.1 Unable to relay"));
                assert_eq!(alert.attribute_value("refused_by"), Some("mail.contoso.com"));
                assert_eq!(alert.attribute_value("recipient"), Some("kunde@fabrikam.com"));
                assert!(alert.attack.is_empty());
            },
        ),
    ]
}
