//! The worked examples of the specification, for the native tests and the host's.

use logwasp_sdk::testkit::{Example, TestEvent, clock, incidents};
use logwasp_sdk::{Activity, Alert, Confidence, Severity};

pub(crate) const INACTIVE: &str = "421 4.3.2 Service not active";
pub(crate) const UNAVAILABLE: &str = "421 4.3.2 Service not available";
pub(crate) const READY: &str =
    "220 EXCH01.contoso.com Microsoft ESMTP MAIL Service ready at Fri, 20 Nov 2026 09:40:00 +0000";

/// What a server says first to `peer`, in its own log.
pub(crate) fn greets(second: i64, server: &str, peer: &str, line: &str) -> TestEvent {
    let connector = format!("{server}\\Default Frontend {server}");
    let session = format!("08DE{second:012}");
    let remote = format!("{peer}:41222");
    let fields = [
        ("direction", "receive"),
        ("connector-id", connector.as_str()),
        ("session-id", &session),
        ("sequence-number", "1"),
        ("local-endpoint", "10.0.0.25:25"),
        ("remote-endpoint", &remote),
        ("event", ">"),
        ("data", line),
    ];
    TestEvent::new("exchange-smtp", second, server, &fields)
}

/// What the server at `remote` says first, in the log of the sender at `local`.
pub(crate) fn greeted(second: i64, connector: &str, remote: &str, line: &str) -> TestEvent {
    let fields = [
        ("direction", "send"),
        ("connector-id", connector),
        ("session-id", "08DE1F0A5C000304"),
        ("sequence-number", "2"),
        ("local-endpoint", "10.0.0.26:30201"),
        ("remote-endpoint", remote),
        ("event", "<"),
        ("data", line),
    ];
    TestEvent::new("exchange-smtp", second, "10.0.0.26", &fields)
}

/// A deferred recipient whose status quotes the refusal.
pub(crate) fn deferred(second: i64, fqdn: &str) -> TestEvent {
    let status = format!(
        "[{{LRT=}};{{LED=451 4.4.395 Target host responded with error. -> \
         421 4.3.2 Service not available}};{{FQDN={fqdn}}};{{IP=}}]"
    );
    TestEvent::new("exchange-tracking", second, "EXCH01", &[("recipient-status", &status)])
}

/// A successful command of an administrator.
pub(crate) fn command(second: i64, parameters: &str) -> TestEvent {
    let fields = [
        ("Data", "Set-ServerComponentState"),
        ("Data", parameters),
        ("Data", "contoso.com/Users/admin1"),
    ];
    let event = TestEvent::new("windows-event", second, "EXCH01.contoso.com", &fields);
    TestEvent { event_id: 1, ..event }
        .provider("MSExchange CmdletLogs")
        .channel("MSExchange Management")
}

pub(crate) const MAINTENANCE: &str = "-Identity \"EXCH01\" -Component \"ServerWideOffline\" \
    -State \"Inactive\" -Requester \"Maintenance\"";

fn three_peers() -> Vec<TestEvent> {
    [("09:33:05", "10.0.0.26"), ("09:33:20", "10.0.0.27"), ("09:33:40", "10.0.0.28")]
        .map(|(time, peer)| greets(clock(time), "EXCH01", peer, INACTIVE))
        .to_vec()
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

/// Every example of the section.
pub fn all() -> Vec<Example> {
    [refusals(), context()].into_iter().flatten().collect()
}

fn refusals() -> Vec<Example> {
    vec![
        example("8.1 three peers", three_peers(), |alerts| {
            let alert = only(alerts);
            assert_eq!(verdict(alert), ("S1", Severity::Critical, Confidence::High, 3));
            assert_eq!(alert.title, "Transport inactive on exch01");
            assert_eq!(alert.entity_value("host"), Some("exch01"));
            assert_eq!(alert.entities.iter().filter(|(name, _)| name == "src_ip").count(), 3);
            assert!(alert.attack.is_empty() && alert.labels.is_empty());
            assert!(alert.remediation.contains("-Requester Functional"));
        }),
        example(
            "8.2 a test from the server itself, once",
            vec![greets(clock("09:33:05"), "EXCH01", "127.0.0.1", INACTIVE)],
            |alerts| {
                let alert = only(alerts);
                assert_eq!(verdict(alert), ("S2", Severity::Medium, Confidence::Medium, 1));
                assert_eq!(alert.entity_value("host"), Some("exch01"));
            },
        ),
        example(
            "8.3 a partner's server: silence",
            (0..9)
                .map(|n| greeted(n * 10, "Outbound to Internet", "198.51.100.25:25", INACTIVE))
                .collect(),
            silence,
        ),
        example(
            "8.4 not available five times",
            (0..5).map(|n| greets(n * 20, "EXCH02", "10.0.0.26", UNAVAILABLE)).collect(),
            |alerts| {
                let alert = only(alerts);
                assert_eq!(verdict(alert), ("S3", Severity::Medium, Confidence::Medium, 5));
                assert_eq!(alert.entity_value("host"), Some("exch02"));
                assert!(alert.description.contains("port 25"));
            },
        ),
        Example {
            config: r#"{"site": {"exchange_hosts": ["EXCH02"]}}"#,
            ..example(
                "8.6 quoted in tracking: counts for the FQDN in the same record",
                (0..3).map(|n| deferred(n * 30, "exch02.contoso.com")).collect(),
                |alerts| {
                    let alert = only(alerts);
                    assert_eq!(verdict(alert), ("S3", Severity::Medium, Confidence::Medium, 3));
                    assert_eq!(alert.entity_value("host"), Some("exch02"));
                },
            )
        },
        Example {
            config: r#"{"site": {"exchange_hosts": ["EXCH02"]}}"#,
            ..example("8.6 quoted once: silence", vec![deferred(0, "exch02.contoso.com")], silence)
        },
    ]
}

fn context() -> Vec<Example> {
    vec![
        example(
            "8.5 inactive, then ready",
            [three_peers(), vec![greets(clock("09:36:00"), "EXCH01", "10.0.0.26", READY)]].concat(),
            |alerts| {
                let told: Vec<_> = alerts.iter().map(|a| (a.activity, a.severity)).collect();
                assert_eq!(
                    told,
                    [(Activity::Create, Severity::Critical), (Activity::Close, Severity::Critical)]
                );
                assert_eq!(verdict(&alerts[1]).0, "S1");
            },
        ),
        example(
            "8.7 planned maintenance",
            [vec![command(clock("09:23:05"), MAINTENANCE)], three_peers()].concat(),
            |alerts| {
                let alert = only(alerts);
                assert_eq!(verdict(alert), ("S1", Severity::Medium, Confidence::High, 3));
                assert_eq!(alert.labels, [("planned".to_owned(), "true".to_owned())]);
                assert_eq!(alert.attribute_value("component_requester"), Some("Maintenance"));
                assert_eq!(alert.attribute_value("component_state"), Some("Inactive"));
                assert!(alert.description.contains("put into maintenance by contoso.com/Users"));
            },
        ),
    ]
}
