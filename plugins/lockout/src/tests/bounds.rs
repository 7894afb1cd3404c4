//! Bounds: memory under a flood, garbage in every cell, the host's limits.

use logwasp_sdk::testkit::{Example, TestEvent, incidents};
use logwasp_sdk::{Alert, Runner};

use super::attribute;
use crate::Lockout;
use crate::examples::write::{self, Http};
use crate::storm::TOLD_PER_MINUTE_MAX;

const BYTES_MAX: usize = 1024 * 1024;

/// Feeds all events in one batch; gives the alerts and the size of the snapshot.
fn feed(config: &str, events: Vec<TestEvent>) -> (Vec<Alert>, usize) {
    let (mut runner, subscriptions) = Runner::<Lockout>::start(config, None).expect("it starts");
    let example = Example { name: "", config: "", events, advance: None, check: |_| {} };
    let mut alerts = runner.process(&example.batch(&subscriptions)).expect("the batch is read");
    let snapshot = runner.snapshot().expect("a snapshot");
    alerts.extend(runner.finish());
    (alerts, snapshot.len())
}

fn small() -> String {
    format!(r#"{{"state_bytes_max": {BYTES_MAX}}}"#)
}

/// Scenario: a slow job fails once a minute for one account; from its third failure
/// on, 200,000 other accounts fail once each; then the account is locked out.
/// Guarantees: memory stays within its bound, and the slow job is still found with
/// its rhythm.
#[test]
fn a_flood_of_accounts_does_not_hide_a_slow_job() {
    let mut events: Vec<TestEvent> = (0..200_000)
        .map(|n| write::ntlm(125 + n / 250, "DC01", &format!("guess{n}"), "0xc0000064", "KALI"))
        .collect();
    events.extend((0..17).map(|n| write::smtp_auth(60 * n, "EXCH01", "10.1.2.3", "user1")));
    events.push(write::locked(990, "DC01", "user1", "EXCH01"));
    let (alerts, bytes) = feed(&small(), events);
    assert_eq!(alerts.len(), 1);
    assert_eq!(
        (attribute(&alerts[0], "kind"), attribute(&alerts[0], "period_s")),
        ("smtp_auth", "60")
    );
    assert!(bytes < BYTES_MAX, "{bytes}");
}

/// Scenario: 100,000 sources, and 2,000 servers without a user, appear once each
/// when one source has slowly tried three accounts and goes on.
/// Guarantees: memory stays within its bound, and the guesser is still known.
#[test]
fn a_flood_of_sources_does_not_hide_a_guesser() {
    let mut events: Vec<TestEvent> = (0..100_000)
        .map(|n| write::ntlm(125 + n / 1_000, "DC01", "user9", "0xc000006a", &format!("WS{n}")))
        .collect();
    events.extend(
        (0..2_000).map(|n| write::smtp_auth(125 + n / 10, &format!("MAIL{n}"), "10.1.2.3", "")),
    );
    events.extend(
        (0..5).map(|n| write::ntlm(60 * n, "DC01", &format!("user{n}"), "0xc000006a", "KALI")),
    );
    events.push(write::locked(390, "DC01", "user1", "KALI"));
    let (alerts, bytes) = feed(&small(), events);
    assert_eq!(attribute(&alerts[0], "cause"), "password_guessing");
    assert!(bytes < BYTES_MAX, "{bytes}");
}

/// Scenario: 20,000 accounts are locked out within 20 seconds, more than the memory
/// holds; then one more, later.
/// Guarantees: memory stays within its bound; the first lockouts have alerts of
/// their own, one alert counts all others, each is counted once; the storm is over
/// when its minute is.
#[test]
fn a_storm_of_lockouts_is_told_together() {
    let lock = |second: i64, n: i64| write::locked(second, "DC01", &format!("user{n}"), "WS042");
    let mut events: Vec<TestEvent> = (0..20_000).map(|n| lock(n / 1_000, n)).collect();
    events.push(lock(600, 20_000));
    let (alerts, bytes) = feed(&small(), events);
    assert!(bytes < BYTES_MAX, "{bytes}");
    let told = incidents(&alerts);
    let alone = TOLD_PER_MINUTE_MAX as usize;
    assert_eq!((told.len(), alerts.len()), (alone + 2, alone + 3));
    let storm = told[alone];
    assert_eq!((storm.count, alerts[alone + 1].count), (20_000 - alone as u64, storm.count));
    assert_eq!(storm.title, "19750 more accounts locked out within a minute");
    assert_eq!(storm.entities.len(), 32);
    assert!(storm.time <= 60_000_000_000);
    assert_eq!(told[alone + 1].entity_value("user"), Some("user20000"));
}

/// Scenario: the input ends in the middle of a storm.
/// Guarantees: all of it is counted.
#[test]
fn the_end_of_input_ends_a_storm() {
    let locks = (0..600).map(|n| write::locked(5, "DC01", &format!("user{n}"), "WS042"));
    let alerts = super::run("{}", locks);
    let counted: u64 = incidents(&alerts).iter().map(|alert| alert.count).sum();
    assert_eq!(counted, 600);
}

/// A generator of arbitrary but repeatable choices (Knuth's MMIX).
struct Choices(u64);

impl Choices {
    fn below(&mut self, bound: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}

/// Texts that cells may hold, whatever they should hold.
fn nasty() -> Vec<String> {
    let mut texts: Vec<String> = [
        "",
        "-",
        " ",
        "user1",
        "CONTOSO\\user1",
        "user1@contoso.com",
        "EXCH01",
        "\\\\",
        "\\",
        "@",
        "10.0.0.25",
        "::1",
        "[::1]:25",
        ":::::",
        "999.1.1.1",
        "0xc000006a",
        "0xc0000234",
        "0x12",
        "-1073741718",
        "99999999999999999999",
        "1326",
        "2148074252",
        "535",
        "535 ",
        "535 5.7.3",
        "AUTH",
        "SMTPSVC1",
        "User=user1&DeviceId=A%",
        "jAAJBAp2MTQw",
        "login",
        "user",
        "pass",
        "a NO LOGIN failed",
        "-ERR",
        "Inbound AUTH LOGIN failed because of LogonDenied",
        " failed because of ",
        "true",
        "iis",
        "exchange-smtp",
        "receive",
        "\u{0}",
        "%%2313",
        "é\u{301}",
    ]
    .map(str::to_owned)
    .to_vec();
    texts.extend(["é".repeat(5_000), "\\".repeat(9_000), "a.".repeat(40_000), "%".repeat(3_000)]);
    texts
}

/// An event of some kind whose cells hold anything: at `second`, or late at any
/// time.
fn garbage(choices: &mut Choices, texts: &[String], second: i64) -> TestEvent {
    const IDS: [u32; 16] =
        [4740, 644, 4767, 671, 4723, 4724, 4625, 529, 539, 4771, 675, 4768, 4776, 681, 1035, 0];
    let templates = [
        write::locked(0, "DC01", "user1", "EXCH01"),
        write::logon(0, "EXCH01", "user1", &[]),
        write::kerberos(0, "DC01", "user1", "0x18", "10.0.0.25"),
        write::ntlm(0, "DC01", "user1", "0xc000006a", ""),
        write::netlogon(0, "user1", "", "RADIUS01", "0xC000006A"),
        Http::default().at(0, &[("X-Forwarded-For", ""), ("s-computername", "EXCH01")]),
        write::iis6_auth(0, "EXCH01", "10.1.2.3"),
        write::smtp_auth(0, "EXCH01", "10.1.2.3", "user1"),
        write::smtp_reply(0, "EXCH01", "10.1.2.3"),
        write::coverage(0, 9, "EXCH01", "iis", true),
    ];
    let mut event = templates[choices.below(templates.len())].clone();
    if event.kind == "windows-event" && choices.below(3) == 0 {
        event.event_id = IDS[choices.below(IDS.len())];
    }
    event.late = choices.below(3) == 0;
    event.time = match choices.below(30) {
        0 if event.late => i64::MIN,
        1 if event.late => i64::MAX,
        n if event.late => (second - 60 * n as i64).max(0) * 1_000_000_000,
        _ => second * 1_000_000_000,
    };
    for _ in 0..choices.below(4) {
        let cell = choices.below(event.fields.len());
        event.fields[cell].1.clone_from(&texts[choices.below(texts.len())]);
    }
    if choices.below(9) == 0 {
        event.host = Some(texts[choices.below(texts.len())].clone());
    }
    event
}

#[track_caller]
fn assert_within_limits(alert: &Alert) {
    assert!(alert.rule.len() <= 32 && alert.key.len() <= 512, "{}", alert.key);
    assert!(alert.title.len() <= 512, "{}", alert.title);
    assert!(alert.description.len() <= 8_192 && alert.remediation.len() <= 8_192);
    assert!(alert.entities.len() <= 64 && alert.attributes.len() <= 64);
    assert!(alert.labels.len() <= 64 && alert.attack.len() <= 16 && alert.evidence.len() <= 20);
    let pairs = alert.entities.iter().chain(&alert.attributes).chain(&alert.labels);
    assert!(pairs.into_iter().all(|(_, value)| value.len() <= 4_096));
    assert!(alert.evidence.iter().all(|evidence| evidence.summary.len() <= 512));
    assert!(alert.first_seen <= alert.last_seen);
}

/// Scenario: 60,000 events with anything in any cell, at any time, many late.
/// Guarantees: nothing panics, every alert is within the host's limits, and the
/// first sight of an incident never moves.
#[test]
fn garbage_is_harmless() {
    let texts = nasty();
    let mut told = 0;
    for seed in 0..60 {
        let mut choices = Choices(seed);
        let events: Vec<TestEvent> =
            (0..1_000).map(|n| garbage(&mut choices, &texts, 5 * n)).collect();
        let (alerts, _) = feed(&small(), events);
        for alert in &alerts {
            assert_within_limits(alert);
            let first = alerts.iter().find(|other| other.key == alert.key).expect("itself");
            assert_eq!(alert.first_seen, first.first_seen);
        }
        told += alerts.len();
    }
    assert!(told > 100, "the garbage must come near enough to alerts: {told}");
}
