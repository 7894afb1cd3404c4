//! The life of cases, late rows, and the bounds of memory.

use logwasp_sdk::testkit::{Example, TestEvent, incidents};
use logwasp_sdk::{Activity, Alert, Runner, Severity};

use super::{config, run, run_until, run_with};
use crate::AuthAsAnomaly;
use crate::examples::{ANONYMOUS, SITE, hybrid_block, inbound_block, mail_event};

const MINUTE: i64 = 60;

fn bad(second: i64) -> TestEvent {
    let id = format!("{second}@contoso.com");
    mail_event(second, &hybrid_block("clint@contoso.com", &id, ANONYMOUS))
}

fn activities(alerts: &[Alert]) -> Vec<(Activity, u64)> {
    alerts.iter().map(|alert| (alert.activity, alert.count)).collect()
}

/// Scenario: messages until the end of the cooldown, and one after it.
/// Guarantees: one create in the cooldown; then a case of its own.
#[test]
fn one_create_a_cooldown() {
    let alerts = run([bad(0), bad(60 * MINUTE - 1)]);
    assert_eq!(activities(&alerts), [(Activity::Create, 1), (Activity::Update, 2)]);
    assert_eq!((alerts[1].first_seen, alerts[1].key.as_str()), (0, alerts[0].key.as_str()));
    let alerts = run([bad(0), bad(60 * MINUTE)]);
    assert_eq!(activities(&alerts), [(Activity::Create, 1), (Activity::Create, 1)]);
    assert_eq!(incidents(&alerts).len(), 2);
    let short = run_with(r#"{"cooldown": "10m"}"#, [bad(0), bad(10 * MINUTE)]);
    assert_eq!(incidents(&short).len(), 2);
}

/// Scenario: an update is held back when the cooldown ends and a new case begins.
/// Guarantees: the old case tells it first.
#[test]
fn a_case_ends_complete() {
    let alerts = run([bad(0), bad(55 * MINUTE), bad(56 * MINUTE), bad(60 * MINUTE)]);
    let expected = [
        (Activity::Create, 1),
        (Activity::Update, 2),
        (Activity::Update, 3),
        (Activity::Create, 1),
    ];
    assert_eq!(activities(&alerts), expected);
    assert_eq!(alerts[2].key, alerts[0].key);
}

/// Scenario: a message every minute for a quarter of an hour.
/// Guarantees: an update every `update_interval`, and what was held back at the end.
#[test]
fn updates_are_held_back() {
    let alerts = run((0..16).map(|n| bad(n * MINUTE)));
    let expected = [
        (Activity::Create, 1),
        (Activity::Update, 6),
        (Activity::Update, 11),
        (Activity::Update, 16),
    ];
    assert_eq!(activities(&alerts), expected);
    let eager = run_with(r#"{"update_interval": "0s"}"#, (0..4).map(|n| bad(n * MINUTE)));
    assert_eq!(eager.len(), 4);
    assert_eq!(
        activities(&run([bad(0), bad(1), bad(2)])),
        [(Activity::Create, 1), (Activity::Update, 3)]
    );
}

/// Scenario: two messages, then nothing; time goes on.
/// Guarantees: what was held back is told an interval later, once.
#[test]
fn held_back_updates_are_told_in_time() {
    let until = |second: i64| {
        let alerts = run_until("{}", [bad(0), bad(60)], Some(second));
        alerts.iter().map(|alert| alert.time / logwasp_sdk::time::SECOND).collect::<Vec<_>>()
    };
    assert_eq!(until(359), [0, 359]);
    assert_eq!(until(360), [0, 360]);
    assert_eq!(until(100_000), [0, 360]);
}

/// Scenario: late rows of each rule, before and after a case is open.
/// Guarantees: never a new alert; evidence and count of an open one.
#[test]
fn late_rows_only_add() {
    let forged = |second: i64| {
        let stamp = "X-MS-Exchange-Organization-AuthAs: Internal\r\n\
            X-MS-Exchange-Organization-AuthSource: mx.fabrikam.com\r\n";
        mail_event(second, &inbound_block("198.51.100.9", "a@contoso.com", "", stamp))
    };
    assert_eq!(run([bad(0).late(), bad(1).late(), forged(2).late()]), []);
    let alerts = run([bad(600), bad(10).late(), forged(700), forged(20).late()]);
    let cases = incidents(&alerts);
    assert_eq!(cases.iter().map(|a| a.count).collect::<Vec<_>>(), [2, 2]);
    for case in cases {
        assert!(case.first_seen >= 600 * logwasp_sdk::time::SECOND);
        assert_eq!(case.evidence.len(), 2);
    }
    let closed = run([bad(0), bad(2 * 60 * MINUTE), bad(60).late()]);
    assert_eq!(incidents(&closed).iter().map(|a| a.count).collect::<Vec<_>>(), [1, 2]);
}

/// Scenario: a thousand messages of one case.
/// Guarantees: the first and the newest records stay as evidence.
#[test]
fn evidence_is_the_first_and_the_newest() {
    let alerts = run_with(r#"{"update_interval": "10s"}"#, (0..40).map(bad));
    let last = alerts.last().expect("there are some");
    assert_eq!((last.count, last.evidence.len(), last.evidence[0].time), (40, 20, 0));
    assert_eq!(last.evidence[19].time, last.last_seen);
    assert!(last.severity == Severity::High);
}

/// Scenario: an attack in progress, own mail that breaks and a learned mechanism; then
/// a hundred thousand strangers, and as many servers with mechanisms of their own.
/// Guarantees: memory stays within its bound; what was in progress goes on.
#[test]
fn a_flood_stays_within_bounds() {
    let bytes_max = 512 * 1024;
    let options = format!(r#"{{"state_bytes_max": {bytes_max}}}"#);
    let (mut runner, subscriptions) =
        Runner::<AuthAsAnomaly>::start(&config(&options, SITE), None).expect("it starts");
    let mut feed = |events: Vec<TestEvent>| {
        let example = Example { name: "", config: "", events, advance: None, check: |_| {} };
        let alerts = runner.process(&example.batch(&subscriptions)).expect("taken");
        (alerts, runner.snapshot().expect("a snapshot").len())
    };
    let attacker = u32::from_be_bytes([198, 51, 100, 9]);
    let (slow, _) = feed((0..3).map(|second| stranger(second, attacker)).collect());
    let (broken, _) = feed(vec![bad(3), bad(4)]);
    feed((0..50).map(|_| server(5, 0, "07")).collect());
    assert_eq!((slow.len(), broken.len()), (1, 1));
    for batch in 0..100_u32 {
        let flood = (0..1_000_u32).flat_map(|n| {
            let number = 1 + batch * 1_000 + n;
            let second = 10 + i64::from(number) / 50;
            let fresh = u32::from_be_bytes([20, 0, 0, 0]) + number;
            [stranger(second, fresh), server(second, number, "07")]
        });
        let (_, bytes) = feed(flood.collect());
        assert!(bytes <= bytes_max, "{bytes}");
    }
    let (alerts, _) = feed(vec![stranger(2_100, attacker), bad(2_100), server(2_100, 0, "0a")]);
    let told: Vec<_> = alerts.iter().map(|a| (a.rule.as_str(), a.activity, a.count)).collect();
    let expected =
        [("A2", Activity::Update, 4), ("A1", Activity::Update, 3), ("A4", Activity::Create, 1)];
    assert_eq!(told, expected);
    assert_eq!((&alerts[0].key, &alerts[1].key), (&slow[0].key, &broken[0].key));
}

/// A gateway's line of a message that an address of the Internet brought, vouched for
/// by a server named after it.
fn stranger(second: i64, address: u32) -> TestEvent {
    let ip = std::net::Ipv4Addr::from_bits(address);
    let line = format!(
        "X-MS-Exchange-Organization-AuthAs: Internal; \
         X-MS-Exchange-Organization-AuthSource: mx{address}.fabrikam.com; client-ip={ip}"
    );
    TestEvent::new("syslog", second, "gw01", &[("message", &line)])
}

/// A line of a message that a server, by its number, stamped.
fn server(second: i64, number: u32, mechanism: &str) -> TestEvent {
    let line = format!(
        "X-MS-Exchange-Organization-AuthAs: Anonymous; \
         X-MS-Exchange-Organization-AuthSource: mx{number}.fabrikam.com; \
         X-MS-Exchange-Organization-AuthMechanism: {mechanism}"
    );
    TestEvent::new("syslog", second, "gw01", &[("message", &line)])
}
