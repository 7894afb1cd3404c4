//! Thresholds, logs, recovery, maintenance, hostile input.

use logwasp_sdk::testkit::{Kit, TestEvent};
use logwasp_sdk::time::SECOND;
use logwasp_sdk::{Activity, Alert, Runner, Severity};

use crate::examples::{
    INACTIVE, MAINTENANCE, READY, UNAVAILABLE, command, deferred, greeted, greets, only, verdict,
};
use crate::{ServiceInactive, examples};

const INTERNAL: &str = "Intra-Organization SMTP Send Connector";

fn run(config: &str, events: impl IntoIterator<Item = TestEvent>) -> Vec<Alert> {
    Kit::<ServiceInactive>::new(config).rows(events).finish()
}

fn run_until(events: impl IntoIterator<Item = TestEvent>, second: i64) -> Vec<Alert> {
    Kit::<ServiceInactive>::new("{}").rows(events).advance(second).finish()
}

fn refused(second: i64) -> TestEvent {
    greets(second, "EXCH01", "10.0.0.26", INACTIVE)
}

/// Activity, rule, second, count.
fn told(alerts: &[Alert]) -> Vec<(Activity, &str, i64, u64)> {
    alerts.iter().map(|a| (a.activity, verdict(a).0, a.time / SECOND, a.count)).collect()
}

/// Scenario: the worked examples.
/// Guarantees: each gives exactly what the specification says.
#[test]
fn worked_examples() {
    for example in examples::all() {
        example.run::<ServiceInactive>();
    }
}

/// Scenario: two connections of one peer, three, three in too long a time, two of
/// two peers; each option moved.
/// Guarantees: S2 when the window has passed, S1 at once when it is enough.
#[test]
fn an_outage_takes_three_connections_or_two_peers() {
    assert_eq!(told(&run_until([refused(0)], 119)), [(Activity::Create, "S2", 119, 1)]);
    let two = [refused(0), refused(60)];
    assert_eq!(told(&run_until(two.clone(), 200)), [(Activity::Create, "S2", 120, 2)]);
    let three = [refused(0), refused(60), refused(119)];
    assert_eq!(told(&run_until(three, 200)), [(Activity::Create, "S1", 119, 3)]);
    assert_eq!(run(r#"{"min": 2}"#, two)[0].severity, Severity::Critical);
    let spread = [refused(0), refused(60), refused(121)];
    assert_eq!(verdict(only(&run("{}", spread.clone()))).0, "S2");
    assert_eq!(verdict(only(&run(r#"{"window": "3m"}"#, spread))).0, "S1");
    let peers = [refused(0), greets(1, "EXCH01", "10.0.0.27", INACTIVE)];
    assert_eq!(told(&run_until(peers, 200)), [(Activity::Create, "S1", 1, 2)]);
}

/// Scenario: one refusal that was told as S2, and later another peer's.
/// Guarantees: the incident becomes an outage at once, under its key.
#[test]
fn a_second_peer_makes_it_an_outage() {
    let alerts = run_until([refused(0), greets(600, "EXCH01", "10.0.0.27", INACTIVE)], 601);
    assert_eq!(told(&alerts), [(Activity::Create, "S2", 120, 1), (Activity::Update, "S1", 600, 2)]);
    assert_eq!(alerts[1].severity, Severity::Critical);
    assert!(alerts[0].key == alerts[1].key && alerts[1].first_seen == 0);
}

/// Scenario: one connection in the refusing server's log, the sender's log, the
/// connectivity log (twice) and the tracking log.
/// Guarantees: it counts once.
#[test]
fn copies_count_once() {
    let config = r#"{"site": {"exchange_hosts": ["EXCH01=10.0.0.25", "EXCH02=10.0.0.26"]}}"#;
    let connectivity = |second: i64, text: &str| {
        let fields = [
            ("session", "08DE1F0A5C000304"),
            ("source", "SMTP"),
            ("Destination", "exch01.contoso.com"),
            ("description", text),
        ];
        TestEvent::new("exchange-connectivity", second, "", &fields)
    };
    let failed = "Failed connection to 10.0.0.25:2525 (TargetHostResponded: 421 4.3.2 Service not \
                  active)";
    let retry = "Messages: 0 Bytes: 0 (Retry : 421 4.3.2 Service not active)";
    let status = "[{LED=421 4.3.2 Service not active};{FQDN=};{IP=10.0.0.25}]";
    let tracking = |n| TestEvent::new("exchange-tracking", n, "E", &[("recipient-status", status)]);
    let events = vec![
        refused(10),
        greeted(10, INTERNAL, "10.0.0.25:2525", INACTIVE),
        connectivity(10, failed),
        connectivity(11, retry),
        tracking(11),
        tracking(12),
    ];
    assert_eq!(verdict(only(&run(config, events))).3, 1);
    let address = TestEvent::new(
        "exchange-connectivity",
        0,
        "",
        &[("destination", "mail.example"), ("description", failed)],
    );
    assert_eq!(only(&run(config, [address])).entity_value("host"), Some("exch01"));
}

/// Scenario: the peer is ours by the site, by what a log taught, by the connector,
/// or not at all.
/// Guarantees: only servers of ours are reported, by name when it is known.
#[test]
fn only_own_servers_count() {
    let sent = |connector| greeted(5, connector, "10.0.0.25:2525", INACTIVE);
    assert_eq!(run("{}", [sent("Outbound")]), []);
    assert_eq!(only(&run("{}", [sent(INTERNAL)])).entity_value("host"), Some("10.0.0.25"));
    let config = r#"{"site": {"exchange_hosts": ["EXCH01=10.0.0.25"]}}"#;
    assert_eq!(only(&run(config, [sent("Outbound")])).entity_value("host"), Some("exch01"));
    let taught = [greets(0, "EXCH01", "10.0.0.26", READY), sent("Outbound")];
    assert_eq!(only(&run("{}", taught)).entity_value("host"), Some("exch01"));
    assert_eq!(run("{}", (0..9).map(|n| deferred(n * 10, "mx.partner.example"))), []);
}

/// Scenario: the words later in a session, from the client, in another column.
/// Guarantees: only greetings count.
#[test]
fn only_greetings_count() {
    let with = |name: &str, value: &str| {
        let mut event = refused(0);
        event.fields.iter_mut().filter(|(n, _)| n == name).for_each(|f| f.1 = value.to_owned());
        event
    };
    assert_eq!(run("{}", [with("sequence-number", "3")]), []);
    assert_eq!(run("{}", [with("sequence-number", "2")]).len(), 1);
    assert_eq!(run("{}", [with("event", "<")]), []);
    assert_eq!(run("{}", [with("data", "250 quoting 421 4.3.2 Service not active")]), []);
    assert_eq!(run("{}", [with("data", "421 4.3.2 Service not nice")]), []);
    assert_eq!(run("{}", [with("direction", "send")]), []);
}

/// Scenario: another port of the server greets; then the one that refused; mail is
/// accepted; a late greeting.
/// Guarantees: only the port that refused ends the incident; a pending verdict falls
/// before its end.
#[test]
fn the_port_that_refused_must_work() {
    let internal = |second, line| greeted(second, INTERNAL, "10.0.0.25:2525", line);
    let base = || vec![internal(0, INACTIVE), greets(1, "EXCH01", "10.0.0.9", READY)];
    assert_eq!(told(&run_until(base(), 130)).len(), 1);
    let queued = "250 2.6.0 <m1@contoso.com> [InternalId=1, Hostname=EXCH01] 5 bytes in 0.1, 1 \
                  KB/sec Queued mail for delivery";
    for line in [READY, queued] {
        let known = [refused(0), greets(60, "EXCH01", "10.0.0.9", line)];
        let expected = [(Activity::Create, "S2", 60, 1), (Activity::Close, "S2", 60, 1)];
        assert_eq!(told(&run_until(known, 300)), expected);
    }
    let late = [refused(0), greets(60, "EXCH01", "10.0.0.9", READY).late()];
    assert_eq!(told(&run_until(late, 300)), [(Activity::Create, "S2", 120, 1)]);
    let other = [refused(0), greets(60, "EXCH02", "10.0.0.9", READY)];
    assert_eq!(told(&run_until(other, 300)), [(Activity::Create, "S2", 120, 1)]);
}

/// Scenario: an outage without recovery; silence for the cooldown; not available
/// with a gap.
/// Guarantees: updates while it lasts, closed after `cooldown` of silence.
#[test]
fn silence_ends_an_incident() {
    let alerts = run_until((0..30).map(|n| refused(n * 30)), 9_000);
    let last = alerts.last().expect("alerts");
    assert_eq!((last.activity, last.time / SECOND, last.count), (Activity::Close, 2_670, 30));
    assert_eq!(alerts.iter().filter(|a| a.activity == Activity::Create).count(), 1);
    let two = [0, 300, 600].map(|n| greets(n, "EXCH02", "10.0.0.26", UNAVAILABLE));
    assert_eq!(run_until(two, 9_000), []);
}

/// Scenario: maintenance too long ago, of another server, taken back, of a single
/// component; one refusal during maintenance.
/// Guarantees: only this server's maintenance within `planned_window` is planned;
/// other changes are told.
#[test]
fn maintenance_must_fit() {
    let outage = |second: i64| (0..3).map(move |n| refused(second + n));
    let severity = |first: TestEvent, second: i64| {
        let alerts = run("{}", std::iter::once(first).chain(outage(second)));
        let alert = only(&alerts);
        (alert.severity, alert.label_value("planned").is_some())
    };
    let day = 4 * 3_600;
    assert_eq!(severity(command(0, MAINTENANCE), day - 2), (Severity::Medium, true));
    assert_eq!(severity(command(0, MAINTENANCE), day + 1), (Severity::Critical, false));
    for (from, to) in
        [("EXCH01", "EXCH02"), ("Inactive", "Active"), ("ServerWideOffline", "HubTransport")]
    {
        let other = command(0, &MAINTENANCE.replace(from, to));
        assert_eq!(severity(other, 60), (Severity::Critical, false), "{to}");
    }
    let hub = MAINTENANCE.replace("ServerWideOffline", "HubTransport");
    let alerts = run("{}", std::iter::once(command(0, &hub)).chain(outage(60)));
    assert_eq!(only(&alerts).attribute_value("component"), Some("HubTransport"));
    let alerts = run("{}", [command(0, MAINTENANCE), refused(60)]);
    assert_eq!(only(&alerts).label_value("planned"), Some("true"));
}

/// Scenario: late refusals; 20,000 servers that nobody knows.
/// Guarantees: no alert of late rows; the memory limit holds.
#[test]
fn late_rows_and_floods() {
    assert_eq!(run("{}", (0..9).map(|n| refused(n).late())), []);
    let config = r#"{"state_bytes_max": 2000000}"#;
    let (mut runner, subscriptions) =
        Runner::<ServiceInactive>::start(config, None).expect("it starts");
    for chunk in 0..20 {
        let events = (0..1_000)
            .map(|n| greets(chunk, &format!("E{chunk}X{n}"), "10.0.0.9", UNAVAILABLE))
            .collect();
        let example = logwasp_sdk::testkit::Example {
            name: "",
            config: "{}",
            events,
            advance: None,
            check: |_| {},
        };
        runner.process(&example.batch(&subscriptions)).expect("it is accepted");
    }
    assert!(runner.snapshot().expect("a snapshot").len() < 2_500_000);
}

/// Scenario: options that make no sense; cells that are huge, garbage or missing.
/// Guarantees: the first do not start, the second raise alerts within the limits.
#[test]
fn nonsense_is_survived() {
    for (config, word) in [
        (r#"{"window": "0s"}"#, "window"),
        (r#"{"window": "31m"}"#, "cooldown"),
        (r#"{"min": 0}"#, "min"),
        (r#"{"mni": 3}"#, "mni"),
    ] {
        let error = Runner::<ServiceInactive>::start(config, None).err();
        assert!(error.as_deref().is_some_and(|e| e.contains(word)), "{config}: {error:?}");
    }
    let huge = "\u{e4}\"'\r\n: ".repeat(50_000);
    let line = format!("421 4.3.2 Service not active {huge}");
    let smtp = [("direction", "receive"), ("event", ">"), ("data", line.as_str())];
    let events = vec![
        TestEvent::new("exchange-smtp", 0, "", &smtp),
        TestEvent::new("exchange-smtp", 0, &huge, &smtp),
        command(0, &huge),
        command(0, ""),
        TestEvent::new("exchange-connectivity", 0, "", &[("description", &line)]),
        TestEvent::new("exchange-tracking", 0, "", &[("recipient-status", &line)]),
    ];
    for alert in run("{}", events) {
        assert!(alert.title.len() <= 512 && alert.key.len() <= 512);
        assert!(alert.entities.iter().chain(&alert.attributes).all(|(_, v)| v.len() <= 4_096));
        assert!(alert.evidence.iter().all(|evidence| evidence.summary.len() <= 512));
    }
}
