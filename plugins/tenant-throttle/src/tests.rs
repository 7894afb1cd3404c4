//! Thresholds, sources, the life of an incident, hostile input.

use logwasp_sdk::testkit::{Example, Kit, TestEvent};
use logwasp_sdk::time::MINUTE;
use logwasp_sdk::{Activity, Alert, Runner, Severity};

use crate::examples::{BUSY, deferred, only, replied};
use crate::{TenantThrottle, examples};

fn run(config: &str, events: impl IntoIterator<Item = TestEvent>) -> Vec<Alert> {
    Kit::<TenantThrottle>::new(config).rows(events).finish()
}

fn busy(seconds: impl IntoIterator<Item = i64>) -> Vec<TestEvent> {
    seconds.into_iter().map(|second| replied(second, BUSY)).collect()
}

/// Activity, minute, count, severity.
fn told(alerts: &[Alert]) -> Vec<(Activity, i64, u64, Severity)> {
    alerts.iter().map(|a| (a.activity, a.time / MINUTE, a.count, a.severity)).collect()
}

/// Scenario: the worked examples.
/// Guarantees: each gives exactly what the specification says.
#[test]
fn worked_examples() {
    for example in examples::all() {
        example.run::<TenantThrottle>();
    }
}

/// Scenario: one less than each threshold and at it; the window's edge.
/// Guarantees: options move their own threshold.
#[test]
fn thresholds_have_options() {
    assert_eq!(run("{}", busy(0..4)), []);
    assert_eq!(only(&run("{}", busy(0..5))).severity, Severity::Medium);
    assert_eq!(run(r#"{"min": 6}"#, busy(0..5)), []);
    assert_eq!(only(&run("{}", busy(0..199))).severity, Severity::Medium);
    assert_eq!(only(&run("{}", busy(0..200))).severity, Severity::High);
    assert_eq!(only(&run(r#"{"burst": 7}"#, busy(0..7))).severity, Severity::High);
    let spread = || busy([0, 1, 2, 3, 601]);
    assert_eq!(run("{}", spread()), []);
    assert_eq!(run(r#"{"window": "601s"}"#, spread()).len(), 1);
}

/// Scenario: throttling every four minutes for longer than an hour, then silence.
/// Guarantees: it becomes grave after the hour, and is closed half an hour after the
/// last one with that severity.
#[test]
fn lasting_throttling_is_grave() {
    let events = [busy(0..5), busy((1..=16).map(|n| n * 240))].concat();
    let alerts = Kit::<TenantThrottle>::new("{}").rows(events).advance(9_000).finish();
    let last: Vec<_> = told(&alerts).into_iter().rev().take(2).collect();
    assert_eq!(
        last,
        [(Activity::Close, 94, 21, Severity::High), (Activity::Update, 64, 21, Severity::High)]
    );
    let before = &alerts[alerts.len() - 3];
    assert_eq!((before.severity, before.time / MINUTE), (Severity::Medium, 60));
    assert!(alerts.iter().all(|alert| alert.first_seen == 0));
}

/// Scenario: after the recovery throttling begins anew within the cooldown.
/// Guarantees: the new alert waits for the cooldown, and comes if it goes on.
#[test]
fn the_cooldown_holds_a_new_alert_back() {
    let burst = |minute: i64| busy((0..6).map(move |n| minute * 60 + n));
    let events = [burst(0), burst(45), burst(55)].concat();
    let alerts = Kit::<TenantThrottle>::new("{}").rows(events).advance(3_700).finish();
    let told: Vec<_> = alerts.iter().map(|a| (a.activity, a.time / MINUTE)).collect();
    assert_eq!(
        told,
        [
            (Activity::Create, 0),
            (Activity::Update, 5),
            (Activity::Close, 30),
            (Activity::Create, 60)
        ]
    );
}

/// Scenario: the same three submissions in send log and tracking log and by a
/// gateway; another five by a gateway alone.
/// Guarantees: copies do not add up; each kind of log is enough by itself.
#[test]
fn copies_do_not_add_up() {
    let syslog = |second: i64, reply: &str| {
        let line = format!(
            "to=<a@b>, relay=contoso-com.mail.protection.outlook.com[104.47.8.36]:25, dsn=4.7.500, \
             status=deferred (host contoso-com.mail.protection.outlook.com said: {reply} (in reply \
             to RCPT TO command))"
        );
        TestEvent::new("syslog", second, "gw01", &[("app-name", "postfix"), ("message", &line)])
    };
    let status = format!("[{{LRT=}};{{LED={BUSY}}};{{FQDN=}};{{IP=}}]");
    let copies = (0..3).flat_map(|n| [replied(n, BUSY), deferred(n, &status), syslog(n, BUSY)]);
    assert_eq!(run("{}", copies.collect::<Vec<_>>()), []);
    let alerts = run("{}", (0..5).map(|n| syslog(n, "451 4.7.500 Server busy. (AS843)")));
    let alert = only(&alerts);
    assert_eq!((alert.entity_value("host"), alert.entity_value("src_ip")), (Some("gw01"), None));
    let alerts = run("{}", (0..5).map(|n| deferred(n, &status)));
    assert_eq!(only(&alerts).entity_value("src_ip"), Some("203.0.113.9"));
    let own = (0..9)
        .map(|n| TestEvent::new("syslog", n, "log", &[("app-name", "logwasp"), ("message", BUSY)]));
    assert_eq!(run("{}", own), []);
}

/// Scenario: the same reply of a server that is not Exchange Online, without its
/// words; the words in the receive log; two source addresses.
/// Guarantees: silence for the first two; addresses are counted apart.
#[test]
fn only_exchange_online_throttles() {
    let foreign = |n: i64, remote: &str, direction: &str, reply: &str| {
        let mut event = replied(n, reply);
        for (name, value) in &mut event.fields {
            match name.as_str() {
                "remote-endpoint" => remote.clone_into(value),
                "direction" => direction.clone_into(value),
                _ => {}
            }
        }
        event
    };
    let plain = "451 4.7.500 Server busy";
    assert_eq!(run("{}", (0..9).map(|n| foreign(n, "198.51.100.7:25", "send", plain))), []);
    assert_eq!(run("{}", (0..9).map(|n| foreign(n, "104.47.8.36:25", "receive", BUSY))), []);
    assert_eq!(run("{}", (0..9).map(|n| foreign(n, "104.47.8.36:25", "send", plain))).len(), 2);
    let two = (0..8).map(|n| {
        let ip = if n % 2 == 0 { "203.0.113.9" } else { "203.0.113.10" };
        replied(n, &format!("451 4.7.500 Server busy. Please try again later from [{ip}]."))
    });
    assert_eq!(run("{}", two), []);
}

/// Scenario: late replies, without and with an open incident.
/// Guarantees: never an alert of their own and no count towards one.
#[test]
fn late_replies_are_evidence() {
    let late = (0..9).map(|n| replied(n, BUSY).late());
    assert_eq!(run("{}", late), []);
    let events = [busy(100..105), vec![replied(5, BUSY).late()]].concat();
    let alerts = run("{}", events);
    assert_eq!((alerts.len(), alerts[1].count, alerts[1].first_seen), (2, 6, alerts[0].first_seen));
}

/// Scenario: four replies to one address, then replies to 200,000 others.
/// Guarantees: the memory limit holds, the slow one is still found.
#[test]
fn a_flood_does_not_hide_a_slow_address() {
    let config = r#"{"state_bytes_max": 3000000}"#;
    let (mut runner, subscriptions) =
        Runner::<TenantThrottle>::start(config, None).expect("it starts");
    let mut feed = |events: Vec<TestEvent>| {
        let example = Example { name: "", config: "{}", events, advance: None, check: |_| {} };
        runner.process(&example.batch(&subscriptions)).expect("it is accepted")
    };
    assert_eq!(feed(busy(0..4)), []);
    for chunk in 0..200_u32 {
        let flood = (0..1_000).map(|n| {
            let ip = std::net::Ipv4Addr::from(0x2d00_0000 + chunk * 1_000 + n);
            replied(10, &format!("451 4.7.500 Server busy. Please try again later from [{ip}]."))
        });
        assert_eq!(feed(flood.collect()), []);
    }
    assert_eq!(feed(busy([20])).len(), 1);
    assert!(runner.snapshot().expect("a snapshot").len() < 3_000_000);
}

/// Scenario: options that make no sense; cells that are huge or garbage.
/// Guarantees: the first do not start, the second raise alerts within the limits.
#[test]
fn nonsense_is_survived() {
    for (config, word) in [
        (r#"{"window": "0s"}"#, "window"),
        (r#"{"window": "31m"}"#, "recovery"),
        (r#"{"min": 0}"#, "min"),
        (r#"{"burst": 10001}"#, "burst"),
        (r#"{"site": {"eop_nets": ["x"]}}"#, "eop_nets"),
    ] {
        let error = Runner::<TenantThrottle>::start(config, None).err();
        assert!(error.as_deref().is_some_and(|e| e.contains(word)), "{config}: {error:?}");
    }
    let huge = format!("451 4.7.500 {}", "\u{e4}\r\n [".repeat(50_000));
    let line = |n| TestEvent::new("text", n, &huge, &[("message", &huge)]);
    let events: Vec<_> = (0..9).flat_map(|n| [replied(n, &huge), line(n)]).collect();
    let alerts = run("{}", events);
    assert_eq!(only(&alerts).count, 9);
    for alert in alerts {
        assert!(alert.title.len() <= 512 && alert.key.len() <= 512);
        assert!(alert.entities.iter().chain(&alert.attributes).all(|(_, v)| v.len() <= 4_096));
        assert!(alert.evidence.iter().all(|evidence| evidence.summary.len() <= 512));
    }
}
