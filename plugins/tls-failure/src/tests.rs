//! Thresholds, peers, the life of an incident, hostile input.

use logwasp_sdk::testkit::{Kit, TestEvent, incidents};
use logwasp_sdk::time::HOUR;
use logwasp_sdk::{Activity, Alert, Runner, Severity};

use crate::examples::{failed, send, transport, verdict};
use crate::{TlsFailure, examples};

fn run(config: &str, events: impl IntoIterator<Item = TestEvent>) -> Vec<Alert> {
    Kit::<TlsFailure>::new(config).rows(events).finish()
}

/// Rule and severity of each incident.
fn found(alerts: &[Alert]) -> Vec<(&str, Severity)> {
    incidents(alerts).into_iter().map(|alert| (verdict(alert).0, alert.severity)).collect()
}

fn many(count: i64, remote: &str, error: &str) -> Vec<TestEvent> {
    (0..count).map(|n| failed(n, remote, error)).collect()
}

/// Scenario: the worked examples.
/// Guarantees: each gives exactly what the specification says.
#[test]
fn worked_examples() {
    for example in examples::all() {
        example.run::<TlsFailure>();
    }
}

/// Scenario: every error, one less than its threshold and at it.
/// Guarantees: silence, then the error's severity; the peer decides for handshakes.
#[test]
fn errors_have_thresholds() {
    let (eop, stranger) = ("104.47.8.36:25", "198.51.100.7:25");
    for (error, remote, min, severity) in [
        ("NoCredentials", stranger, 1, Severity::High),
        ("UnknownCredentials", eop, 1, Severity::High),
        ("UntrustedRoot", stranger, 3, Severity::Medium),
        ("WrongPrincipal", eop, 3, Severity::Medium),
        ("CertExpired", stranger, 3, Severity::Medium),
        ("AlgorithmMismatch", stranger, 10, Severity::Low),
        ("IllegalMessage", stranger, 10, Severity::Low),
        ("SocketError", eop, 10, Severity::Medium),
        ("SomethingNew", stranger, 10, Severity::Low),
    ] {
        assert_eq!(run("{}", many(min - 1, remote, error)), [], "{error}");
        assert_eq!(found(&run("{}", many(min, remote, error))), [("F1", severity)], "{error}");
    }
    let gateway = r#"{"site": {"gateways": ["GW01=10.0.0.5"]}}"#;
    let alerts = run(gateway, many(10, "10.0.0.5:25", "SocketError"));
    assert_eq!(found(&alerts), [("F1", Severity::Medium)]);
    assert_eq!(alerts[0].attribute_value("peer"), Some("gw01"));
}

/// Scenario: each threshold set to another value; a window shorter than the
/// failures' span.
/// Guarantees: the option moves its threshold and no other.
#[test]
fn options_move_thresholds() {
    let peer = "198.51.100.7:25";
    for (option, error, count) in [
        ("own_key_min", "NoCredentials", 4),
        ("peer_certificate_min", "UntrustedRoot", 4),
        ("handshake_min", "SocketError", 4),
    ] {
        let config = format!(r#"{{"{option}": 4}}"#);
        assert_eq!(run(&config, many(count - 1, peer, error)), [], "{option}");
        assert_eq!(run(&config, many(count, peer, error)).len(), 1, "{option}");
    }
    let spread = [0, 300, 601].map(|second| failed(second, peer, "CertExpired"));
    assert_eq!(run("{}", spread.clone()), []);
    assert_eq!(run(r#"{"window": "601s"}"#, spread).len(), 1);
}

/// Scenario: a peer that demands STARTTLS, in the send log and in our own words.
/// Guarantees: F4 from the fifth in the send log; what we say is not counted.
#[test]
fn must_starttls_counts_on_send() {
    let demand = |second: i64, direction: &str, event: &str| {
        let fields = [
            ("direction", direction),
            ("connector-id", "Partner"),
            ("local-endpoint", "10.0.0.25:30300"),
            ("remote-endpoint", "198.51.100.7:25"),
            ("event", event),
            ("data", "451 5.7.3 Must issue a STARTTLS command first"),
            ("context", ""),
        ];
        TestEvent::new("exchange-smtp", second, "10.0.0.25", &fields)
    };
    let send = |count| (0..count).map(|n| demand(n, "send", "<")).collect::<Vec<_>>();
    assert_eq!(run("{}", send(4)), []);
    let alerts = run("{}", send(5));
    assert_eq!(found(&alerts), [("F4", Severity::Medium)]);
    assert!(alerts[0].title.contains("198.51.100.7 requires TLS"));
    assert_eq!(run("{}", (0..9).map(|n| demand(n, "receive", ">"))), []);
}

/// Scenario: other codes of instant messaging, on one server and on two; a file of
/// unknown format.
/// Guarantees: low from the tenth per server and code; text is read as well.
#[test]
fn other_codes_of_instant_messaging() {
    let line = |n: i64, host: &str, code: &str| {
        let line = format!("x,\"ERROR:UCWEB Failure: Code={code}, SubCode=Y, Reason=z\"");
        TestEvent::new("text", n, host, &[("message", &line)])
    };
    assert_eq!(run("{}", (0..9).map(|n| line(n, "", "Timeout"))), []);
    let alerts = run("{}", (0..10).map(|n| line(n, "", "Timeout")));
    assert_eq!(found(&alerts), [("F2", Severity::Low)]);
    let two = (0..4).map(|n| line(n, if n % 2 == 0 { "EXCH01" } else { "EXCH02" }, "TlsFailure"));
    assert_eq!(run("{}", two), []);
}

/// Scenario: the internal certificate is gone; the event comes again within a day
/// and after it.
/// Guarantees: one alert a day, updated; other certificates have their own.
#[test]
fn events_have_a_day_of_cooldown() {
    let print = "6185A6B241DE02FCD5DEAA247130D947F912D04F";
    let hour = |n: i64, id| transport(n * 3_600, id, &[print]);
    let alerts = run("{}", [hour(0, 12_013), hour(20, 12_013), hour(45, 12_013), hour(46, 12_024)]);
    let told: Vec<_> = alerts.iter().map(|a| (a.activity, a.time / HOUR, a.count)).collect();
    assert_eq!(
        told,
        [
            (Activity::Create, 0, 1),
            (Activity::Update, 20, 2),
            (Activity::Close, 44, 2),
            (Activity::Create, 45, 1),
            (Activity::Create, 46, 1)
        ]
    );
    assert_eq!(alerts[0].attribute_value("thumbprint"), Some(print));
    assert!(alerts[0].title.contains(print));
}

/// Scenario: late failures, without and with an open incident.
/// Guarantees: never an alert of their own.
#[test]
fn late_failures_are_evidence() {
    let late = |second| failed(second, "104.47.8.36:25", "NoCredentials").late();
    assert_eq!(run("{}", [late(5)]), []);
    let alerts = run("{}", [failed(100, "104.47.8.36:25", "NoCredentials"), late(5)]);
    assert_eq!((alerts.len(), alerts[1].count, alerts[1].first_seen), (2, 2, alerts[0].first_seen));
}

/// Scenario: nine failures of one peer, then failures of 200,000 other peers.
/// Guarantees: the memory limit holds, the slow peer is still found.
#[test]
fn a_flood_does_not_hide_a_slow_peer() {
    let config = r#"{"state_bytes_max": 3000000}"#;
    let (mut runner, subscriptions) = Runner::<TlsFailure>::start(config, None).expect("starts");
    let mut feed = |events: Vec<TestEvent>| {
        let example = logwasp_sdk::testkit::Example {
            name: "",
            config: "{}",
            events,
            advance: None,
            check: |_| {},
        };
        runner.process(&example.batch(&subscriptions)).expect("it is accepted")
    };
    assert_eq!(feed(many(9, "198.51.100.7:25", "SocketError")), []);
    for chunk in 0..200_u32 {
        let flood = (0..1_000).map(|n| {
            let ip = std::net::Ipv4Addr::from(0x2d00_0000 + chunk * 1_000 + n);
            failed(10, &format!("{ip}:25"), "SocketError")
        });
        assert_eq!(feed(flood.collect()), []);
    }
    assert_eq!(feed(vec![failed(20, "198.51.100.7:25", "SocketError")]).len(), 1);
    assert!(runner.snapshot().expect("a snapshot").len() < 3_000_000);
}

/// Scenario: options that make no sense; cells that are huge, garbage or missing.
/// Guarantees: the first do not start, the second raise alerts within the limits.
#[test]
fn nonsense_is_survived() {
    for (config, word) in [
        (r#"{"window": "0s"}"#, "window"),
        (r#"{"window": "7h"}"#, "cooldown"),
        (r#"{"handshake_min": 0}"#, "handshake_min"),
        (r#"{"own_key_min": 10001}"#, "own_key_min"),
        (r#"{"site": {"eop_nets": ["x"]}}"#, "eop_nets"),
    ] {
        let error = Runner::<TlsFailure>::start(config, None).err();
        assert!(error.as_deref().is_some_and(|e| e.contains(word)), "{config}: {error:?}");
    }
    let huge = "\u{e4}\\r\\n ---> ".repeat(20_000);
    let context = format!("TLS negotiation failed with error {huge}NoCredentials");
    let line = format!("UCWEB Failure: Code={huge}, SubCode={huge}, Reason={huge}");
    let mut events = vec![
        send(0, "", "TLS negotiation failed with error"),
        send(1, &huge, "TLS negotiation failed with error NoCredentials"),
        transport(2, 12_014, &[]),
        transport(3, 12_014, &[&huge, &huge]),
    ];
    events.extend((0..12).map(|n| send(n, "198.51.100.7:25", &context)));
    events.extend((0..12).map(|n| TestEvent::new("text", n, &huge, &[("message", &line)])));
    for alert in run("{}", events) {
        assert!(alert.title.len() <= 512 && alert.key.len() <= 512 && alert.rule.len() <= 32);
        assert!(alert.entities.iter().chain(&alert.attributes).all(|(_, v)| v.len() <= 4_096));
        assert!(alert.evidence.iter().all(|evidence| evidence.summary.len() <= 512));
        assert!(alert.description.len() <= 8_192);
    }
}

/// Scenario: two handshakes that fail for a certificate, of three that it takes.
/// Guarantees: the count, the threshold and the window are told.
#[test]
fn silence_is_explained() {
    let events = many(2, "198.51.100.7:25", "UntrustedRoot");
    let told = Kit::<TlsFailure>::new("{}").rows(events).explain();
    let last = told.last().map(String::as_str).unwrap_or_default();
    assert!(
        last.starts_with("F1 ") && last.ends_with("2 of 3 failures within 10m, silent"),
        "{last}"
    );
}
