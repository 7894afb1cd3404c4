//! The worked examples that need alerts of several detectors.

use logwasp_sdk::testkit::{Example, TestEvent, alert_row, clock};
use logwasp_sdk::{Activity, Alert, Confidence, Severity};

/// Own mail that arrives anonymous.
pub(crate) fn anonymous(second: i64, id: &str) -> TestEvent {
    alert_row(second, id, "authas-anomaly.A1").with("entity.host", "exchange2013").build()
}

pub(crate) fn throttled(second: i64, id: &str) -> TestEvent {
    let row = alert_row(second, id, "tenant-throttle.Q1").with("entity.src_ip", "203.0.113.9");
    row.with("attribute.cause", "sending pattern changed").build()
}

pub(crate) fn looping(second: i64, id: &str) -> TestEvent {
    alert_row(second, id, "mail-loop.L1").with("severity", "high").build()
}

pub(crate) fn key_unusable(second: i64, id: &str, host: &str) -> TestEvent {
    let row = alert_row(second, id, "schannel.R1").with("severity", "high");
    row.with("confidence", "high").with("entity.host", host).build()
}

pub(crate) fn tls_failed(second: i64, id: &str, rule: &str, host: &str) -> TestEvent {
    let row = alert_row(second, id, &format!("tls-failure.{rule}")).with("entity.host", host);
    row.with("attribute.error", "NoCredentials").with("confidence", "high").build()
}

pub(crate) fn broken_tls(second: i64, id: &str, host: &str, peer: &str) -> TestEvent {
    let row = alert_row(second, id, "tls-failure.F1").with("entity.host", host);
    row.with("attribute.error", "SocketError").with("attribute.peer", peer).build()
}

pub(crate) fn inactive(second: i64, id: &str, host: &str) -> TestEvent {
    let row = alert_row(second, id, "service-inactive.S1").with("severity", "critical");
    row.with("entity.host", host).build()
}

fn example(name: &'static str, events: Vec<TestEvent>, check: fn(&[Alert])) -> Example {
    Example { name, config: "{}", events, advance: None, check }
}

/// Alerts of its own.
pub(crate) fn parents(alerts: &[Alert]) -> Vec<&Alert> {
    alerts.iter().filter(|alert| alert.amends.is_none()).collect()
}

/// The one amendment of the alert `id`.
pub(crate) fn amendment<'a>(alerts: &'a [Alert], id: &str) -> &'a Alert {
    let of: Vec<&Alert> = alerts.iter().filter(|a| a.amends.as_deref() == Some(id)).collect();
    assert_eq!(of.len(), 1, "{id}: {of:#?}");
    of[0]
}

/// Every example.
pub fn all() -> Vec<Example> {
    vec![
        example(
            "10.3 throttled after anonymous own mail",
            vec![anonymous(clock("08:00:00"), "a1"), throttled(clock("09:35:50"), "q1")],
            |alerts| {
                let parents = parents(alerts);
                assert_eq!(parents.len(), 1);
                assert_eq!(parents[0].rule, "hybrid-trust");
                assert_eq!(parents[0].activity, Activity::Create);
                assert_eq!(
                    (parents[0].severity, parents[0].confidence, parents[0].count),
                    (Severity::High, Confidence::High, 2)
                );
                assert_eq!(parents[0].attribute_value("children"), Some("a1,q1"));
                assert_eq!(parents[0].title, "Hybrid trust broken");
                let throttled = amendment(alerts, "q1");
                assert_eq!(
                    (throttled.severity, throttled.confidence),
                    (Severity::Medium, Confidence::High)
                );
                assert_eq!(throttled.label_value("parent"), Some("incident.hybrid-trust"));
                assert_eq!(
                    throttled.attribute_value("cause"),
                    Some("unattributed (anonymous) submission")
                );
                assert_eq!(throttled.attribute_value("linked"), Some("a1"));
                let anonymous = amendment(alerts, "a1");
                assert_eq!(anonymous.label_value("parent"), Some("incident.hybrid-trust"));
                assert_eq!(anonymous.attributes, []);
            },
        ),
        example(
            "11.1 a loop and anonymous own mail: the same parent",
            vec![
                looping(clock("08:00:00"), "l1"),
                anonymous(clock("09:00:00"), "a1"),
                throttled(clock("10:00:00"), "q1"),
            ],
            |alerts| {
                let parents = parents(alerts);
                let told: Vec<_> = parents.iter().map(|a| (a.activity, a.confidence)).collect();
                assert_eq!(
                    told,
                    [(Activity::Create, Confidence::Medium), (Activity::Update, Confidence::High)]
                );
                assert_eq!(parents[0].attribute_value("children"), Some("l1,a1"));
                assert_eq!(parents[1].attribute_value("children"), Some("l1,a1,q1"));
                assert_eq!(parents[1].first_seen, parents[0].first_seen);
                let label = amendment(alerts, "l1").label_value("parent");
                assert_eq!(label, Some("incident.hybrid-trust"));
            },
        ),
        example(
            "9.6 an unusable key, no certificate and no credentials on one host",
            vec![
                key_unusable(clock("08:00:00"), "r1", "exch01"),
                tls_failed(clock("08:02:00"), "f3", "F3", "exch01"),
                tls_failed(clock("08:04:00"), "f1", "F1", "exch01"),
            ],
            |alerts| {
                let parents = parents(alerts);
                let last = parents.last().expect("a parent");
                assert_eq!((parents.len(), last.activity), (2, Activity::Update));
                assert_eq!((last.rule.as_str(), last.severity), ("tls-key", Severity::High));
                assert_eq!(last.confidence, Confidence::High);
                assert_eq!(last.entity_value("host"), Some("exch01"));
                assert_eq!(last.attribute_value("children"), Some("r1,f3,f1"));
                for id in ["r1", "f3", "f1"] {
                    let label = amendment(alerts, id).label_value("parent");
                    assert_eq!(label, Some("incident.tls-key exch01"));
                }
            },
        ),
        example(
            "11.3 broken TLS of an inactive server",
            vec![
                inactive(clock("08:00:00"), "s1", "exch01"),
                broken_tls(clock("08:05:00"), "f1", "exch02", "exch01"),
            ],
            |alerts| {
                assert_eq!(parents(alerts), [] as [&Alert; 0]);
                let suppressed = amendment(alerts, "f1");
                assert_eq!(suppressed.label_value("suppressed_by"), Some("s1"));
                assert!(suppressed.noise);
                assert_eq!(suppressed.severity, Severity::Medium);
            },
        ),
        example(
            "11.2 Schannel's noise suppresses nothing: silence",
            vec![
                alert_row(0, "n", "schannel.N").with("noise", "true").build(),
                tls_failed(10, "f1", "F1", "exch01"),
            ],
            |alerts| assert_eq!(alerts, []),
        ),
    ]
}
