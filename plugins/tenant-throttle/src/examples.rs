//! The worked examples of the specification, for the native tests and the host's.

use logwasp_sdk::testkit::{Example, TestEvent, clock, incidents};
use logwasp_sdk::{Activity, Alert, Confidence, Severity};

/// What Exchange Online says to an address that it throttles.
pub(crate) const BUSY: &str =
    "451 4.7.500 Server busy. Please try again later from [203.0.113.9]. (S77714)";

/// A reply in the send log of the connector to Exchange Online.
pub(crate) fn replied(second: i64, reply: &str) -> TestEvent {
    let fields = [
        ("direction", "send"),
        ("connector-id", "Outbound to Office 365"),
        ("session-id", "08DE1F0A5C000302"),
        ("sequence-number", "9"),
        ("local-endpoint", "10.0.0.25:30120"),
        ("remote-endpoint", "104.47.8.36:25"),
        ("event", "<"),
        ("data", reply),
        ("context", ""),
    ];
    TestEvent::new("exchange-smtp", second, "10.0.0.25", &fields)
}

/// A deferred recipient in the message tracking log.
pub(crate) fn deferred(second: i64, status: &str) -> TestEvent {
    let fields = [
        ("server-hostname", "EXCH01"),
        ("source", "SMTP"),
        ("event-id", "DEFER"),
        ("message-id", "<m1@contoso.com>"),
        ("recipient-status", status),
    ];
    TestEvent::new("exchange-tracking", second, "EXCH01", &fields)
}

fn example(name: &'static str, events: Vec<TestEvent>, check: fn(&[Alert])) -> Example {
    Example { name, config: "{}", events, advance: None, check }
}

fn silence(alerts: &[Alert]) {
    assert_eq!(alerts, []);
}

/// The one incident, of which one alert was created.
pub(crate) fn only(alerts: &[Alert]) -> &Alert {
    let created = alerts.iter().filter(|alert| alert.activity == Activity::Create).count();
    let incidents = incidents(alerts);
    assert_eq!((created, incidents.len()), (1, 1), "{incidents:#?}");
    incidents[0]
}

/// Rule, severity, confidence, count.
pub(crate) fn verdict(alert: &Alert) -> (&str, Severity, Confidence, u64) {
    (&alert.rule, alert.severity, alert.confidence, alert.count)
}

fn at(time: &str, reply: &str) -> TestEvent {
    replied(clock(time), reply)
}

/// Every example of the section. The third, throttling after anonymous own mail, is
/// the first one here and goes on where alerts are joined.
pub fn all() -> Vec<Example> {
    vec![
        example(
            "10.1 throttled six times in 5 min",
            (0..6).map(|n| replied(clock("09:31:40") + n * 50, BUSY)).collect(),
            |alerts| {
                let alert = only(alerts);
                assert_eq!(verdict(alert), ("Q1", Severity::Medium, Confidence::Medium, 6));
                assert_eq!(alert.title, "Exchange Online throttles 203.0.113.9: 451 4.7.500");
                assert_eq!(alert.entity_value("src_ip"), Some("203.0.113.9"));
                assert_eq!(alert.entity_value("connector"), Some("Outbound to Office 365"));
                assert_eq!(alert.attribute_value("cause"), Some("sending pattern changed"));
                assert_eq!(alert.attribute_value("reply"), Some(BUSY));
                assert!(alert.attack.is_empty() && alert.labels.is_empty());
                assert!(alert.remediation.contains("inbound connector"));
            },
        ),
        example("10.2 twice: silence", vec![at("09:31:40", BUSY), at("09:32:40", BUSY)], silence),
        example(
            "10.4 300 times in 10 min",
            (0..300).map(|n| replied(clock("09:30:00") + n * 2, BUSY)).collect(),
            |alerts| {
                let alert = only(alerts);
                assert_eq!(verdict(alert), ("Q1", Severity::High, Confidence::Medium, 300));
                assert_eq!(alert.evidence.len(), 20);
            },
        ),
        example(
            "10.5 a timeout: silence",
            (0..9).map(|n| replied(n, "451 4.7.0 Timeout waiting for client input")).collect(),
            silence,
        ),
        example(
            "10.6 a busy mailbox: silence",
            (0..9)
                .map(|n| deferred(n, "432 4.3.2 STOREDRV.Deliver; recipient thread limit exceeded"))
                .collect(),
            silence,
        ),
        example(
            "10 a busy agent: silence",
            (0..9).map(|n| replied(n, "451 4.7.700 PFA agent busy, please try again.")).collect(),
            silence,
        ),
        example(
            "10 the tenant is blocked",
            vec![at("09:00:00", "550 5.7.705 Access denied, tenant has exceeded threshold")],
            |alerts| {
                let alert = only(alerts);
                assert_eq!(verdict(alert), ("Q2", Severity::High, Confidence::High, 1));
                assert!(alert.title.starts_with("Tenant blocked"));
                assert_eq!(alert.entity_value("src_ip"), Some("10.0.0.25"));
                assert_eq!(alert.attribute_value("code"), Some("5.7.705"));
            },
        ),
    ]
}
