//! The life of an incident, late rows, limits, and hostile input.

use super::*;

/// Scenario: a refusal a minute for two hours.
/// Guarantees: one incident per `cooldown`, told every `update_interval`, closed
/// at its end with its severity and its first time.
#[test]
fn an_incident_lives_for_the_cooldown() {
    let minutes = (0..90).map(|m| refused(m * 60, "10.1.9.7", "a@fabrikam.com"));
    let config = r#"{"cooldown": "30m", "update_interval": "10m"}"#;
    let alerts = run_until(config, minutes, 5_400);
    let per_incident = [
        (Activity::Create, 0, 1),
        (Activity::Update, 600, 10),
        (Activity::Update, 1_200, 20),
        (Activity::Close, 1_800, 30),
    ];
    let expected: Vec<_> = (0..3)
        .flat_map(|n| per_incident.map(|(activity, at, count)| (activity, at + n * 1_800, count)))
        .collect();
    assert_eq!(told(&alerts), expected);
    assert!(alerts[..4].iter().all(|alert| alert.first_seen == 0));
    assert_eq!((alerts[3].severity, alerts[3].last_seen), (Severity::Medium, 29 * MINUTE));
    assert_eq!(alerts[0].evidence.len(), 1);
    assert_eq!(alerts[3].evidence.len(), 20);
    let times: Vec<i64> = alerts[3].evidence.iter().map(|e| e.time / MINUTE).collect();
    assert_eq!((times[0], times[9], times[10], times[19]), (0, 9, 20, 29));
}

/// Scenario: held refusals, then nothing; and the end of the input.
/// Guarantees: they are told when the interval is over, or at the end; nothing is
/// closed because the input ended; a quiet incident is not told again.
#[test]
fn held_refusals_are_told() {
    let events = || [0, 60, 120].map(|s| refused(s, "10.1.9.7", "a@fabrikam.com"));
    let create = (Activity::Create, 0, 1);
    assert_eq!(told(&run("{}", events())), [create, (Activity::Update, 120, 3)]);
    let alerts = run_until("{}", events(), 299);
    assert_eq!(told(&alerts), [create, (Activity::Update, 299, 3)]);
    let alerts = run_until("{}", events(), 3_599);
    assert_eq!(told(&alerts), [create, (Activity::Update, 300, 3)]);
    let alerts = run_until("{}", events(), 3_600);
    assert_eq!(told(&alerts)[2..], [(Activity::Close, 3_600, 3)]);
}

/// Scenario: refusals that arrive late, without and with an open incident.
/// Guarantees: never an alert of their own and no count towards one; evidence
/// and count of an open one, whose first time stays.
#[test]
fn late_refusals_are_evidence_only() {
    let late = |second| refused(second, "10.1.9.7", "a@fabrikam.com").late();
    assert_eq!(run("{}", [late(0)]), []);
    let probe = |second| refused(second, "198.51.100.77", "a@fabrikam.com");
    let probes = [probe(10), probe(11), probe(12), probe(13), probe(5).late()];
    assert_eq!(run("{}", probes), []);
    let alerts = run("{}", [refused(100, "10.1.9.7", "a@fabrikam.com"), late(40)]);
    assert_eq!(told(&alerts), [(Activity::Create, 100, 1), (Activity::Update, 100, 2)]);
    let last = &alerts[1];
    assert_eq!((last.first_seen, last.last_seen), (100 * SECOND, 100 * SECOND));
    assert_eq!(last.evidence.iter().map(|e| e.time / SECOND).collect::<Vec<_>>(), [40, 100]);
}

/// Scenario: a slow probe under way, then refusals of 200,000 other addresses.
/// Guarantees: the memory limit holds, and the slow probe is still found.
#[test]
fn a_flood_does_not_hide_a_slow_probe() {
    use logwasp_sdk::Runner;
    let config = r#"{"state_bytes_max": 4000000, "window": "1h"}"#;
    let feed = |runner: &mut Runner<RelayDenied>, subscriptions: &[_], events| {
        let example = Example { name: "", config: "{}", events, advance: None, check: |_| {} };
        runner.process(&example.batch(subscriptions)).expect("the batch is accepted")
    };
    let (mut runner, subscriptions) = Runner::<RelayDenied>::start(config, None).expect("starts");
    let slow = |second| refused(second, "198.51.100.77", "a@fabrikam.com");
    let mut alerts = feed(&mut runner, &subscriptions, (0..3).map(slow).collect());
    for chunk in 0..200_u32 {
        let flood = (0..1_000).map(|n| {
            let ip = std::net::Ipv4Addr::from(0x2d00_0000 + chunk * 1_000 + n).to_string();
            refused(10 + i64::from(chunk), &ip, "a@fabrikam.com")
        });
        alerts.extend(feed(&mut runner, &subscriptions, flood.collect()));
    }
    assert!(runner.snapshot().expect("a snapshot").len() < 4_000_000);
    alerts.extend(feed(&mut runner, &subscriptions, (1_000..1_002).map(slow).collect()));
    assert_eq!(verdict(&alerts).0, "R4");
}

/// Scenario: more internal hosts than may have an incident of their own.
/// Guarantees: the rest share one; the calls stay below the host's limit of
/// alerts.
#[test]
fn many_incidents_share_one() {
    let hosts =
        (0..300).map(|n| refused(n, &format!("10.2.{}.{}", n / 200, n % 200), "a@b.example"));
    let alerts = run_until("{}", hosts.collect::<Vec<_>>(), 10_000);
    let incidents = incidents(&alerts);
    assert_eq!(incidents.len(), 81);
    assert_eq!((incidents[80].count, incidents[80].activity), (220, Activity::Close));
    assert!(incidents[80].title.contains("several addresses"));
    assert!(alerts.len() < 1_000);
}

/// Scenario: options that make no sense, unknown ones, and broken networks.
/// Guarantees: the detector does not start, and the text names the option.
#[test]
fn nonsense_is_refused() {
    for (config, word) in [
        (r#"{"window": "0s"}"#, "window"),
        (r#"{"cooldown": "0s"}"#, "cooldown"),
        (r#"{"internal_min": 0}"#, "internal_min"),
        (r#"{"probe_min": 10001}"#, "probe_min"),
        (r#"{"prob_min": 5}"#, "prob_min"),
        (r#"{"site": {"internal_nets": ["ten"]}}"#, "internal_nets"),
    ] {
        let error = logwasp_sdk::Runner::<RelayDenied>::start(config, None).err();
        assert!(error.as_deref().is_some_and(|e| e.contains(word)), "{config}: {error:?}");
    }
}

/// Scenario: every cell is huge, or garbage, or missing.
/// Guarantees: no panic, and alerts within the host's limits.
#[test]
fn hostile_cells_stay_within_limits() {
    let huge = "ä\u{1f}<\r\n[".repeat(50_000);
    let reply = format!("{RELAY} {huge}");
    let names = [
        "connector",
        "server",
        "local_ip",
        "ehlo",
        "tls_subject",
        "mail_from",
        "rcpts",
        "accepted_rcpts",
        "auth_user",
        "xoorg",
        "peer_name",
        "sent_subject",
    ];
    let mut fields: Vec<(&str, &str)> = names.iter().map(|name| (*name, huge.as_str())).collect();
    fields.extend([("ip", "10.1.9.7"), ("reply", &reply)]);
    let line = format!("host {} said: 550 5.7.1 Unable to relay {huge}", "ä".repeat(5_000));
    let mail = [("body", line.as_str()), ("To", &huge), ("From", &huge)];
    let alerts = run(
        OWN_DOMAINS,
        [
            session(0, &fields),
            session(1, &[("reply", "550 5.7.1 Unable to relay")]),
            syslog(2, &line),
            TestEvent::new("mail-headers", 3, "", &mail),
        ],
    );
    assert_eq!(alerts.len(), 3);
    for alert in &alerts {
        assert!(alert.key.len() <= 512 && alert.title.len() <= 512, "{}", alert.title);
        assert!(alert.description.len() <= 8_192 && alert.remediation.len() <= 8_192);
        assert!(alert.entities.len() <= 64 && alert.attributes.len() <= 64);
        assert!(alert.entities.iter().chain(&alert.attributes).all(|(_, v)| v.len() <= 4_096));
        assert!(alert.evidence.iter().all(|e| e.summary.len() <= 512));
        assert!(!alert.title.contains(['\r', '\n']));
    }
}
