//! Windows, hosts, the life of a parent, hostile input.

use logwasp_sdk::testkit::{Kit, TestEvent, alert_row};
use logwasp_sdk::time::SECOND;
use logwasp_sdk::{Activity, Alert, Confidence, Runner, Severity};

use crate::examples::{
    amendment, anonymous, broken_tls, inactive, key_unusable, looping, parents, throttled,
    tls_failed,
};
use crate::{Incident, examples};

const DAY: i64 = 86_400;

fn run(config: &str, events: impl IntoIterator<Item = TestEvent>) -> Vec<Alert> {
    Kit::<Incident>::new(config).rows(events).finish()
}

/// Scenario: the worked examples.
/// Guarantees: each gives exactly what the specification says.
#[test]
fn worked_examples() {
    for example in examples::all() {
        example.run::<Incident>();
    }
}

/// Scenario: throttling before anonymous mail, a day apart, more than a day apart,
/// alone; another option; other rules of the same detectors.
/// Guarantees: either order joins within the window, and only these rules do.
#[test]
fn hybrid_trust_has_a_window() {
    assert_eq!(parents(&run("{}", [throttled(0, "q"), anonymous(60, "a")])).len(), 1);
    let apart = |gap| [anonymous(0, "a"), throttled(gap, "q")];
    assert_eq!(parents(&run("{}", apart(DAY))).len(), 1);
    assert_eq!(run("{}", apart(DAY + 1)), []);
    assert_eq!(run(r#"{"window": "1h"}"#, apart(3_601)), []);
    assert_eq!(run("{}", [throttled(0, "q"), looping(1, "l")]), []);
    assert_eq!(run("{}", [anonymous(0, "a"), anonymous(1, "b")]), []);
    let other = alert_row(0, "x", "authas-anomaly.A2").build();
    assert_eq!(run("{}", [other, throttled(1, "q")]), []);
    let a5 = alert_row(0, "x", "authas-anomaly.A5").build();
    let blocked = alert_row(1, "q", "tenant-throttle.Q2").build();
    assert_eq!(parents(&run("{}", [a5, blocked])).len(), 1);
}

/// Scenario: throttling near mail that was refused as unattributed, without and with
/// anonymous mail; and the alert is updated afterwards.
/// Guarantees: the cause is known without a parent; the refusal joins a parent that
/// is there; nothing is said twice.
#[test]
fn refused_mail_explains_throttling() {
    let refused = |second| alert_row(second, "r5", "relay-denied.R5").build();
    let alerts = run("{}", [refused(0), throttled(60, "q")]);
    assert_eq!(parents(&alerts), [] as [&Alert; 0]);
    let told = amendment(&alerts, "q");
    assert_eq!((told.confidence, told.attribute_value("linked")), (Confidence::High, Some("r5")));
    assert_eq!(told.labels, []);
    let update = alert_row(120, "q", "tenant-throttle.Q1").with("activity", "update").build();
    let again = run("{}", [refused(0), throttled(60, "q"), update]);
    assert_eq!(again, alerts);
    let alerts = run("{}", [anonymous(0, "a"), throttled(60, "q"), refused(120)]);
    let last = parents(&alerts).pop().expect("a parent");
    assert_eq!(last.attribute_value("children"), Some("a,q,r5"));
    assert_eq!(amendment(&alerts, "r5").label_value("parent"), Some("incident.hybrid-trust"));
}

/// Scenario: children close one after the other; one gets worse; no row for a day.
/// Guarantees: the parent ends with the last child, or after the window, keeps its
/// severity and first time, and follows a child that gets worse.
#[test]
fn a_parent_lives_as_long_as_its_children() {
    let of = |second: i64, id: &str, rule: &str, activity: &str, severity: &str| {
        alert_row(second, id, rule).with("activity", activity).with("severity", severity).build()
    };
    let (a, q) = ("authas-anomaly.A1", "tenant-throttle.Q1");
    let events = [
        of(0, "a", a, "create", "medium"),
        of(10, "q", q, "create", "medium"),
        of(20, "q", q, "update", "critical"),
        of(30, "q", q, "update", "critical"),
        of(40, "a", a, "close", "medium"),
        of(50, "q", q, "close", "critical"),
    ];
    let alerts = run("{}", events);
    let told: Vec<_> = parents(&alerts)
        .iter()
        .map(|alert| (alert.activity, alert.time / SECOND, alert.severity, alert.first_seen))
        .collect();
    assert_eq!(
        told,
        [
            (Activity::Create, 10, Severity::High, 0),
            (Activity::Update, 20, Severity::Critical, 0),
            (Activity::Close, 50, Severity::Critical, 0)
        ]
    );
    let quiet = [anonymous(0, "a"), throttled(10, "q")];
    let alerts = Kit::<Incident>::new("{}").rows(quiet).advance(2 * DAY).finish();
    assert_eq!(parents(&alerts).len(), 2);
    assert_eq!(parents(&alerts)[1].activity, Activity::Close);
    assert_eq!(parents(&alerts)[1].attribute_value("children"), Some("a,q"));
}

/// Scenario: an amended alert gets worse, surer, and stays as it is; a suppressed one
/// gets a parent.
/// Guarantees: severity and confidence of the amendment follow; noise stays.
#[test]
fn amendments_follow_their_alert() {
    let worse =
        |second| alert_row(second, "q", "tenant-throttle.Q1").with("severity", "high").build();
    let events = [anonymous(0, "a"), throttled(10, "q"), worse(20), worse(30)];
    let alerts = run("{}", events);
    let of_q = alerts.iter().filter(|alert| alert.amends.as_deref() == Some("q"));
    let told: Vec<_> = of_q.map(|alert| (alert.severity, alert.confidence)).collect();
    let high = Confidence::High;
    assert_eq!(told, [(Severity::Medium, high), (Severity::High, high)]);
    let events = [
        inactive(0, "s", "exch01"),
        broken_tls(10, "f", "exch01", "x"),
        key_unusable(20, "r1", "exch01"),
    ];
    let alerts = run("{}", events);
    let of_f: Vec<_> = alerts.iter().filter(|a| a.amends.as_deref() == Some("f")).collect();
    assert_eq!(of_f.len(), 2);
    assert!(of_f.iter().all(|alert| alert.noise));
    assert_eq!(of_f[1].label_value("parent"), Some("incident.tls-key exch01"));
}

/// Scenario: an unusable key and failing TLS on two hosts, ten minutes apart and
/// more, by name and by address; either alone.
/// Guarantees: one parent per host within the window.
#[test]
fn tls_key_needs_one_host() {
    let key = |second| key_unusable(second, "r1", "EXCH01.contoso.com");
    let tls = |second, host: &str| tls_failed(second, "f1", "F1", host);
    assert_eq!(parents(&run("{}", [tls(0, "exch01"), key(600)])).len(), 1);
    assert_eq!(run("{}", [tls(0, "exch01"), key(601)]), []);
    assert_eq!(run(r#"{"tls_window": "1m"}"#, [tls(0, "exch01"), key(61)]), []);
    assert_eq!(run("{}", [tls(0, "exch02"), key(1)]), []);
    assert_eq!(run("{}", [tls(0, "exch01"), tls_failed(1, "f3", "F3", "exch01")]), []);
    let site = r#"{"site": {"exchange_hosts": ["EXCH01=10.0.0.25"]}}"#;
    let alerts = run(site, [tls(0, "10.0.0.25"), key(1)]);
    assert_eq!(parents(&alerts)[0].key, "tls-key exch01");
    let taught = [tls_failed(0, "f3", "F3", "exch01"), tls(1, "10.0.0.25"), key(2)];
    let alerts = run("{}", taught);
    assert_eq!(parents(&alerts)[0].attribute_value("children"), Some("f3,f1,r1"));
}

/// Scenario: broken TLS before and after an outage, on the server and with it, too
/// long after it, on another server, with another error.
/// Guarantees: only what the outage explains is suppressed.
#[test]
fn an_outage_suppresses_broken_tls() {
    let outage = || inactive(1_000, "s1", "exch01");
    for broken in [
        broken_tls(900, "f1", "exch01", "198.51.100.7"),
        broken_tls(1_600, "f1", "exch02", "exch01"),
    ] {
        let alerts = run("{}", [outage(), broken]);
        assert_eq!(amendment(&alerts, "f1").label_value("suppressed_by"), Some("s1"));
    }
    for other in [
        broken_tls(1_601, "f1", "exch01", "198.51.100.7"),
        broken_tls(1_000, "f1", "exch02", "exch03"),
        tls_failed(1_000, "f1", "F1", "exch01"),
    ] {
        assert_eq!(run("{}", [outage(), other]), []);
    }
    let config = r#"{"suppress_window": "1h"}"#;
    assert_eq!(run(config, [outage(), broken_tls(4_600, "f1", "exch01", "x")]).len(), 1);
}

/// Scenario: late alerts, noise, alerts without an id, cells that are huge.
/// Guarantees: nothing is said because of them alone; limits hold.
#[test]
fn odd_alerts_are_survived() {
    assert_eq!(run("{}", [anonymous(10, "a"), throttled(5, "q").late()]), []);
    let noise = alert_row(1, "q", "tenant-throttle.Q1").with("noise", "true").build();
    assert_eq!(run("{}", [anonymous(0, "a"), noise]), []);
    assert_eq!(run("{}", [anonymous(0, "a"), throttled(1, "")]), []);
    let huge = "\u{e4}\u{1f}\r\n".repeat(50_000);
    let row = |id: &str, rule: &str| {
        ["key", "title", "entity.host", "first_seen", "severity", "attribute.peer"]
            .iter()
            .fold(alert_row(1, id, rule), |row, name| row.with(name, &huge))
            .build()
    };
    let events = [row(&huge, "authas-anomaly.A1"), row("q", "tenant-throttle.Q1")];
    for alert in run("{}", events) {
        assert!(alert.title.len() <= 512 && alert.key.len() <= 512);
        assert!(alert.description.len() <= 8_192);
        assert!(alert.attributes.iter().all(|(_, value)| value.len() <= 4_096));
        assert!(alert.evidence.iter().all(|evidence| evidence.summary.len() <= 512));
    }
    let many = (0..300).map(|n| throttled(n, &format!("{n:032x}")));
    let alerts = run("{}", std::iter::once(anonymous(0, "a")).chain(many));
    let last = parents(&alerts).pop().expect("a parent");
    assert!(last.attribute_value("children").is_some_and(|ids| ids.len() <= 4_096));
    assert!(last.evidence.len() <= 20 && last.count <= 60);
}

/// Scenario: options that make no sense.
/// Guarantees: the detector does not start, and the text names the option.
#[test]
fn nonsense_is_refused() {
    for (config, word) in [
        (r#"{"window": "5m"}"#, "window"),
        (r#"{"suppress_window": "2d"}"#, "suppress_window"),
        (r#"{"windov": "5m"}"#, "windov"),
    ] {
        let error = Runner::<Incident>::start(config, None).err();
        assert!(error.as_deref().is_some_and(|e| e.contains(word)), "{config}: {error:?}");
    }
}

/// Scenario: two alerts with several records each, one of which gets a newer one; an
/// alert whose evidence is no evidence.
/// Guarantees: the parent names the first and the newest record of each child, with
/// the child's rule, in the order of time; nonsense is left out.
#[test]
fn a_parent_shows_the_records_of_its_children() {
    let trust = alert_row(10, "a", "authas-anomaly.A1");
    let trust = trust.evidence(1, 3, "first").evidence(2, 5, "second").evidence(3, 9, "third");
    let throttled = |second: i64| {
        alert_row(second, "q", "tenant-throttle.Q1").evidence(
            70 + u64::from(second > 20),
            second,
            "451",
        )
    };
    let events =
        [trust.build(), throttled(20).build(), throttled(30).build(), inactive(40, "s", "x")];
    let worse = throttled(50).with("severity", "critical").build();
    let alerts = run("{}", events.into_iter().chain([worse]));
    let last = parents(&alerts).pop().expect("a parent");
    let told: Vec<_> = last.evidence.iter().map(|e| (e.record, e.summary.as_str())).collect();
    let (a, q) = ("authas-anomaly.A1", "tenant-throttle.Q1");
    let expected = [
        (1, format!("{a}: first")),
        (3, format!("{a}: third")),
        (70, format!("{q}: 451")),
        (71, format!("{q}: 451")),
    ];
    assert_eq!(told, expected.each_ref().map(|(record, text)| (*record, text.as_str())));
    let nonsense = alert_row(0, "a", "authas-anomaly.A1")
        .with("evidence.record", "x")
        .with("evidence.time", "1")
        .with("evidence.summary", "y");
    let alerts = run("{}", [nonsense.build(), throttled(1).build()]);
    assert_eq!(parents(&alerts)[0].evidence.len(), 1);
}
