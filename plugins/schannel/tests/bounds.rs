//! Options that make no sense, and floods.

use detector_schannel::examples::{noise_logon, schannel_logon};
use detector_schannel::{Config, Schannel};
use logwasp_sdk::testkit::{Example, TestEvent, windows};
use logwasp_sdk::{Alert, Options, Runner};

/// Feeds everything in one batch; the kit's snapshots after each row would take
/// hours with so many.
fn feed(runner: &mut Runner<Schannel>, events: Vec<TestEvent>) -> Vec<Alert> {
    let subscriptions = Runner::<Schannel>::start("{}", None).expect("it starts").1;
    let example = Example { name: "", config: "{}", events, advance: None, check: |_| {} };
    runner.process(&example.batch(&subscriptions)).expect("the batch is accepted")
}

fn start(config: &str) -> Runner<Schannel> {
    Runner::start(config, None).expect("it starts").0
}

/// Scenario: thresholds of nothing or of too much, intervals of nothing.
/// Guarantees: refused with the option's name; the schema has every option.
#[test]
fn senseless_options_are_refused() {
    for (config, name) in [
        (r#"{"r0_min": 0}"#, "r0_min"),
        (r#"{"r4_min": 10001}"#, "r4_min"),
        (r#"{"summary_min": 0}"#, "summary_min"),
        (r#"{"window": "0s"}"#, "window"),
        (r#"{"summary_interval": "0s"}"#, "summary_interval"),
        (r#"{"noise_substatus": ["x"]}"#, "0x80090325"),
        (r#"{"unknown": 1}"#, "unknown"),
    ] {
        let error = Runner::<Schannel>::start(config, None).err().unwrap_or_default();
        assert!(error.contains(name), "{config}: {error}");
    }
    let schema = Config::schema();
    assert_eq!(schema["properties"]["cooldown"]["default"], "6h");
    assert_eq!(schema["properties"]["noise_substatus"]["default"][0], 0x8009_0325_u32);
    assert_eq!(schema["properties"]["state_bytes_max"]["default"], 25_165_824);
}

/// Scenario: the longest intervals that can be written, and times at both ends.
/// Guarantees: arithmetic saturates.
#[test]
fn extremes_do_not_overflow() {
    let long = "100000d";
    let config = format!(
        r#"{{"cooldown": "{long}", "window": "{long}", "summary_interval": "{long}",
            "update_interval": "{long}", "pair_window": "{long}", "summary_min": 1}}"#
    );
    let mut runner = start(&config);
    let mut alerts = Vec::new();
    for time in [i64::MIN, 0, i64::MAX] {
        let events = vec![
            windows(0, "GW01", 36870, &[]),
            noise_logon(0, "GW01"),
            schannel_logon(0, "GW01", "svc_cert", "0x0"),
        ];
        let events = events.into_iter().map(|event| TestEvent { time, ..event }).collect();
        alerts.extend(feed(&mut runner, events));
    }
    alerts.extend(runner.finish());
    let summaries = alerts.iter().filter(|alert| alert.rule == "N").count();
    assert_eq!((summaries, alerts.len() > 3), (3, true));
}

/// Scenario: a user with two of three failures, then 200,000 users with one
/// each, then the third failure.
/// Guarantees: memory stays bounded and the slow one is found all the same.
#[test]
fn a_flood_of_users_hides_nobody() {
    let slow = |second| schannel_logon(second, "EXCH01", "svc_cert", "0xc0000072");
    let mut runner = start("{}");
    assert!(feed(&mut runner, vec![slow(0), slow(1)]).is_empty());
    for part in 0..20_i64 {
        let users = (0..10_000).map(|n| {
            let user = format!("user{}", part * 10_000 + n);
            schannel_logon(2 + part * 20, "EXCH01", &user, "0xc0000064").plus_millis(n)
        });
        assert!(feed(&mut runner, users.collect()).is_empty());
    }
    assert!(runner.snapshot().expect("a snapshot").len() < 25_165_824);
    let alerts = feed(&mut runner, vec![slow(500)]);
    assert_eq!(alerts.len(), 1);
    assert_eq!((alerts[0].entity_value("user"), alerts[0].count), (Some("svc_cert"), 3));
}

/// Scenario: a host with nine noise records, then 200,000 hosts with one each,
/// then the tenth record.
/// Guarantees: memory stays bounded, the host gets its summary, nobody else.
#[test]
fn a_flood_of_hosts_hides_nobody() {
    let mut runner = start("{}");
    feed(&mut runner, (0..9).map(|n| noise_logon(n, "EXCH01")).collect());
    for part in 0..20_i64 {
        let hosts = (0..10_000).map(|n| {
            noise_logon(10 + part, &format!("WEB{}", part * 10_000 + n)).plus_millis(n / 20)
        });
        assert!(feed(&mut runner, hosts.collect()).is_empty());
    }
    assert!(runner.snapshot().expect("a snapshot").len() < 25_165_824);
    feed(&mut runner, vec![noise_logon(500, "EXCH01")]);
    let alerts = runner.finish();
    assert_eq!(alerts.len(), 1);
    assert_eq!((alerts[0].entity_value("host"), alerts[0].count), (Some("exch01"), 10));
}

/// Scenario: little memory, and more open incidents than it holds, each with
/// hits that were not told yet.
/// Guarantees: memory stays bounded; what goes says its last word.
#[test]
fn what_goes_says_its_last_word() {
    let mut runner = start(r#"{"state_bytes_max": 200000}"#);
    let events = (0..2_000_i64).flat_map(|n| {
        let code = format!("0x{n:08x}");
        let event = windows(0, "GW01", 36870, &[("ErrorCode", &code)]).plus_millis(n * 10);
        [event.clone(), event]
    });
    let alerts = feed(&mut runner, events.collect());
    assert!(runner.snapshot().expect("a snapshot").len() < 200_000);
    let rest = runner.finish();
    let updates = |alerts: &[Alert]| alerts.iter().filter(|alert| alert.count == 2).count();
    assert!(updates(&alerts) > 1_000 && updates(&rest) > 10);
    assert_eq!(updates(&alerts) + updates(&rest), 2_000);
}

/// Scenario: little memory, and more hosts with a day's noise than it holds.
/// Guarantees: hosts that go are summed up early; none is lost.
#[test]
fn hosts_that_go_are_summed_up() {
    let mut runner = start(r#"{"state_bytes_max": 200000}"#);
    let events = (0..300_i64)
        .flat_map(|host| (0..10).map(move |n| noise_logon(host * 20 + n, &format!("WEB{host}"))));
    let alerts = feed(&mut runner, events.collect());
    assert!(runner.snapshot().expect("a snapshot").len() < 200_000);
    assert!(alerts.len() > 100);
    assert_eq!(alerts.len() + runner.finish().len(), 300);
}

/// Scenario: fifty thousand noise records of one host within two seconds, with
/// sessions of as many peers.
/// Guarantees: one host's memory is bounded too.
#[test]
fn one_noisy_host_is_bounded() {
    let mut runner = start("{}");
    let events = (0..50_000_i64).flat_map(|n| {
        let session = TestEvent::new(
            "exchange-smtp-session",
            n / 25_000,
            "EXCH01",
            &[
                ("session-id", &format!("{n:016X}")),
                ("tls_subject", &format!("CN=peer{n}.fabrikam.com")),
                ("context", "Remote certificate"),
            ],
        );
        [noise_logon(n / 25_000, "EXCH01"), noise_logon(n / 25_000, "EXCH01"), session]
    });
    feed(&mut runner, events.collect());
    assert!(runner.snapshot().expect("a snapshot").len() < 128 * 1024);
    let alerts = runner.finish();
    assert_eq!((alerts.len(), alerts[0].count), (1, 100_000));
}

/// Scenario: more hosts with noise at the end than the host takes alerts.
/// Guarantees: the answer stays below its limit of a thousand.
#[test]
fn the_end_stays_within_the_limit() {
    let mut runner = start(r#"{"summary_min": 1}"#);
    feed(&mut runner, (0..1_500).map(|n| noise_logon(n, &format!("WEB{n}"))).collect());
    assert_eq!(runner.finish().len(), 500);
}
