//! Cooldown, updates, late rows, the end of input.

use detector_schannel::Schannel;
use detector_schannel::examples::repeated;
use logwasp_sdk::Activity::{Create, Update};
use logwasp_sdk::testkit::{Kit, TestEvent, windows};
use logwasp_sdk::time::{MINUTE, SECOND};
use logwasp_sdk::{Activity, Alert};

fn run(config: &str, events: impl IntoIterator<Item = TestEvent>) -> Vec<Alert> {
    Kit::<Schannel>::new(config).rows(events).finish()
}

fn key_event(second: i64) -> TestEvent {
    windows(second, "GW01", 36870, &[("ErrorCode", "0x8009030d"), ("ErrorStatus", "10001")])
}

/// Activity, minute of the decision, count.
fn told(alerts: &[Alert]) -> Vec<(Activity, i64, u64)> {
    alerts.iter().map(|alert| (alert.activity, alert.time / MINUTE, alert.count)).collect()
}

/// Scenario: a private key fails every minute for seven hours.
/// Guarantees: one incident a cooldown, updates every five minutes, each with
/// the key and the beginning of its own incident.
#[test]
fn hits_become_updates() {
    let alerts = run("{}", (0..420).map(|minute| key_event(minute * 60)));
    let creates: Vec<_> = alerts.iter().filter(|a| a.activity == Create).collect();
    assert_eq!(creates.len(), 2);
    assert_eq!((creates[0].time / MINUTE, creates[1].time / MINUTE), (0, 360));
    assert_ne!(creates[0].key, creates[1].key);
    assert_eq!(told(&alerts)[1], (Update, 5, 5));
    for alert in &alerts {
        let create = creates.iter().find(|create| create.key == alert.key);
        assert_eq!(create.map(|create| create.first_seen), Some(alert.first_seen));
        assert!(alert.last_seen <= alert.time && alert.evidence.len() <= 20);
    }
    let last = alerts.iter().rfind(|alert| alert.key == creates[0].key);
    assert_eq!(last.map(|alert| alert.count), Some(360));
}

/// Scenario: three hits within a second, then time passes.
/// Guarantees: what was held back is told once the interval is over, and not
/// again at the end.
#[test]
fn held_hits_are_told_later() {
    let mut kit = Kit::<Schannel>::new("{}");
    let alerts = kit.rows((0..3).map(key_event)).advance(900).finish();
    assert_eq!(told(&alerts), [(Create, 0, 1), (Update, 5, 3)]);
    assert_eq!(alerts[1].last_seen, 2 * SECOND);
}

/// Scenario: three hits within a second, then the input ends.
/// Guarantees: the last count is told at once.
#[test]
fn the_end_tells_what_is_left() {
    let alerts = run("{}", (0..3).map(key_event));
    assert_eq!(told(&alerts), [(Create, 0, 1), (Update, 0, 3)]);
    assert_eq!(told(&run("{}", [key_event(0)])), [(Create, 0, 1)]);
}

/// Scenario: other intervals, down to none.
/// Guarantees: `cooldown` and `update_interval` are what they say, at their edges.
#[test]
fn intervals_are_options() {
    let minutes = |config| told(&run(config, (0..6).map(|minute| key_event(minute * 60))));
    assert_eq!(
        minutes(r#"{"cooldown": "3m", "update_interval": "1m"}"#),
        [
            (Create, 0, 1),
            (Update, 1, 2),
            (Update, 2, 3),
            (Create, 3, 1),
            (Update, 4, 2),
            (Update, 5, 3),
        ]
    );
    assert_eq!(
        minutes(r#"{"update_interval": "0s"}"#),
        [
            (Create, 0, 1),
            (Update, 1, 2),
            (Update, 2, 3),
            (Update, 3, 4),
            (Update, 4, 5),
            (Update, 5, 6),
        ]
    );
    assert_eq!(minutes(r#"{"cooldown": "0s"}"#).len(), 6);
}

/// Scenario: an update is due later than the cooldown ends, and a new incident
/// begins before it.
/// Guarantees: the first incident gets its last update before the second begins.
#[test]
fn a_new_incident_finishes_the_former() {
    let events = [key_event(0), key_event(30), key_event(60)];
    let alerts = run(r#"{"cooldown": "1m"}"#, events);
    assert_eq!(told(&alerts), [(Create, 0, 1), (Update, 1, 2), (Create, 1, 1)]);
    assert_eq!(alerts[0].key, alerts[1].key);
}

/// Scenario: after the cooldown, one hit less than the threshold.
/// Guarantees: a threshold counts fresh hits only.
#[test]
fn hits_belong_to_one_incident() {
    let event = |second| windows(second, "EXCH01", 36884, &[("Name", "mail.contoso.com")]);
    let config = r#"{"cooldown": "1m"}"#;
    let alerts = run(config, [0, 1, 2, 30, 70, 71].map(event));
    assert_eq!(alerts.iter().filter(|a| a.activity == Create).count(), 1);
    let alerts = run(config, [0, 1, 2, 30, 70, 71, 72].map(event));
    assert_eq!(alerts.iter().filter(|a| a.activity == Create).count(), 2);
}

/// Scenario: hits behind the watermark: alone, below a threshold, during an
/// incident, from long before it, and after its cooldown.
/// Guarantees: never a new alert; an open incident counts them.
#[test]
fn late_hits_are_evidence_only() {
    assert!(run("{}", [key_event(0).late()]).is_empty());
    let refused = |second| windows(second, "EXCH01", 36881, &[]);
    assert!(run("{}", [refused(10), refused(20), refused(15).late()]).is_empty());

    let alerts = run("{}", [key_event(3_600), key_event(3_590).late()]);
    assert_eq!(told(&alerts), [(Create, 60, 1), (Update, 60, 2)]);
    assert_eq!(alerts[1].first_seen, 3_600 * SECOND);
    assert_eq!(alerts[1].last_seen, 3_600 * SECOND);
    assert_eq!(alerts[1].evidence.first().map(|e| e.time), Some(3_590 * SECOND));

    assert_eq!(run("{}", [key_event(3_600), key_event(2_999).late()]).len(), 1);
    assert_eq!(run("{}", [key_event(3_600), key_event(3_000).late()]).len(), 2);
    let other = windows(90_000, "EXCH02", 36874, &[("Protocol", "TLS 1.0")]);
    assert_eq!(run("{}", [key_event(3_600), other, key_event(3_601).late()]).len(), 1);
}

/// Scenario: a hundred hits.
/// Guarantees: the evidence holds the first ten and the last ten, in order.
#[test]
fn evidence_keeps_both_ends() {
    let fields = [("AlertDesc", "48")];
    let alerts = run("{}", repeated(100, 5, "EXCH01", 36887, &fields));
    let evidence = alerts.last().map(|alert| alert.evidence.clone()).unwrap_or_default();
    let records: Vec<_> = evidence.iter().map(|e| e.record).collect();
    assert_eq!(records, (1..=10).chain(91..=100).collect::<Vec<u64>>());
    assert_eq!(evidence[0].summary, "Schannel 36887 alert=48 alert_name=unknown_ca");
}
