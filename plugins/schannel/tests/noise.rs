//! Rule N: pairs, sessions, summaries.

use detector_schannel::Schannel;
use detector_schannel::examples::{
    eop_session, noise_logon, noise_warning, repeated, schannel_logon,
};
use logwasp_sdk::testkit::{Kit, TestEvent};
use logwasp_sdk::{Alert, Confidence};

fn run(config: &str, events: impl IntoIterator<Item = TestEvent>) -> Vec<Alert> {
    Kit::<Schannel>::new(config).rows(events).finish()
}

#[track_caller]
fn the_summary(alerts: &[Alert]) -> &Alert {
    let [alert] = alerts else { panic!("{alerts:#?}") };
    assert_eq!(alert.rule, "N");
    alert
}

fn attribute<'a>(alert: &'a Alert, name: &str) -> &'a str {
    alert.attribute_value(name).unwrap_or("(absent)")
}

/// A session of one candidate row, with its certificate's subject.
fn session(second: i64, id: &str, subject: &str) -> TestEvent {
    TestEvent::new(
        "exchange-smtp-session",
        second,
        "EXCH01",
        &[
            ("session-id", id),
            ("direction", "receive"),
            ("tls_subject", subject),
            ("context", "Remote certificate"),
        ],
    )
}

/// Scenario: nine and ten noise records of a host, before the end of input.
/// Guarantees: the summary begins at `summary_min`, counted as the larger half.
#[test]
fn summaries_begin_at_the_threshold() {
    let halves = |logons: i64, warnings: i64| {
        let logons = (0..logons).map(|n| noise_logon(n * 60, "EXCH01"));
        let warnings = (0..warnings).map(|n| noise_warning(n * 60 + 30, "EXCH01"));
        logons.chain(warnings).collect::<Vec<_>>()
    };
    assert!(run("{}", halves(9, 9)).is_empty());
    let alerts = run("{}", halves(9, 10));
    let alert = the_summary(&alerts);
    assert_eq!(alert.count, 10);
    assert_eq!((attribute(alert, "total_4625"), attribute(alert, "total_36879")), ("9", "10"));
    assert_eq!((attribute(alert, "paired"), attribute(alert, "unpaired_36879")), ("0", "10"));
    assert!(run(r#"{"summary_min": 11}"#, halves(9, 10)).is_empty());
    assert_eq!(run(r#"{"summary_min": 1}"#, halves(1, 0)).len(), 1);
}

/// Scenario: halves two seconds apart and a little more, in either order.
/// Guarantees: `pair_window` includes its edge; each half is in one pair only.
#[test]
fn pairs_are_within_the_window() {
    let twelve = |first: fn(i64, &str) -> TestEvent, then: fn(i64, &str) -> TestEvent, millis| {
        (0..12)
            .flat_map(|n| [first(n * 60, "EXCH01"), then(n * 60, "EXCH01").plus_millis(millis)])
            .collect::<Vec<_>>()
    };
    for (config, millis, paired) in [
        ("{}", 2_000, "12"),
        ("{}", 2_001, "0"),
        (r#"{"pair_window": "5s"}"#, 5_000, "12"),
        (r#"{"pair_window": "1s"}"#, 2_000, "0"),
    ] {
        for events in
            [twelve(noise_logon, noise_warning, millis), twelve(noise_warning, noise_logon, millis)]
        {
            let alerts = run(config, events);
            assert_eq!(attribute(the_summary(&alerts), "paired"), paired, "{config} {millis}");
        }
    }
    let three_for_one = (0..12).flat_map(|n| {
        let twin = noise_warning(n * 60, "EXCH01");
        [twin.clone(), noise_logon(n * 60, "EXCH01"), twin.clone(), twin]
    });
    let alerts = run("{}", three_for_one);
    let alert = the_summary(&alerts);
    assert_eq!((attribute(alert, "paired"), attribute(alert, "unpaired_36879")), ("12", "24"));
    assert_eq!(alert.confidence, Confidence::High);
}

/// Scenario: the same second, but on another host.
/// Guarantees: hosts are counted apart; a name and its FQDN are one host.
#[test]
fn hosts_are_counted_apart() {
    let events = (0..10).flat_map(|n| {
        [
            noise_logon(n * 60, "EXCH01.contoso.com"),
            noise_warning(n * 60, "EXCH02"),
            noise_warning(n * 60 + 1, "exch01"),
        ]
    });
    let alerts = run("{}", events);
    let paired: Vec<_> = alerts
        .iter()
        .map(|alert| (alert.entity_value("host").unwrap_or_default(), attribute(alert, "paired")))
        .collect();
    assert_eq!(paired, [("exch01", "10"), ("exch02", "0")]);
}

/// Scenario: noise all day, then again the next day; time goes on after it.
/// Guarantees: a summary a `summary_interval`, the rest counts afresh, and what
/// stays below the threshold is dropped with its interval.
#[test]
fn a_summary_ends_its_period() {
    let day = 86_400;
    let first = (0..12).map(|n| noise_logon(n * 600, "EXCH01"));
    let second = (0..11).map(|n| noise_logon(day + n * 600, "EXCH01"));
    let third = (0..9).map(|n| noise_logon(2 * day + n * 600, "EXCH01"));
    let mut kit = Kit::<Schannel>::new("{}");
    let alerts = kit.rows(first.chain(second).chain(third)).advance(4 * day).finish();
    let counts: Vec<_> = alerts.iter().map(|alert| (alert.count, alert.time)).collect();
    let nanos = logwasp_sdk::time::DAY;
    assert_eq!(counts, [(12, nanos), (11, 2 * nanos)]);
    assert_ne!(alerts[0].key, alerts[1].key);
}

/// Scenario: a summary an hour, asked for.
/// Guarantees: `summary_interval` moves the end of the period.
#[test]
fn the_interval_is_an_option() {
    let events = (0..30).map(|n| noise_logon(n * 200, "EXCH01"));
    let alerts = run(r#"{"summary_interval": "1h"}"#, events);
    assert_eq!(alerts.iter().map(|alert| alert.count).collect::<Vec<_>>(), [18, 12]);
}

/// Scenario: another sub-status is declared noise, as number and as text.
/// Guarantees: `noise_substatus` replaces the default.
#[test]
fn the_noise_codes_are_an_option() {
    let events = |code| (0..10).map(move |n| schannel_logon(n * 60, "EXCH01", "", code));
    for config in [r#"{"noise_substatus": [2148074279]}"#, r#"{"noise_substatus": ["0x80090327"]}"#]
    {
        assert_eq!(the_summary(&run(config, events("0x80090327"))).count, 10);
        assert!(run(config, events("0x80090325")).is_empty());
    }
    assert!(run("{}", events("0x80090327")).is_empty());
}

/// Scenario: Schannel logons that are not quite the noise: another package, a
/// process that only begins alike; 36879 with another code.
/// Guarantees: they are not counted.
#[test]
fn neighbours_of_the_noise_are_not_noise() {
    let with = |name: &'static str, value: &'static str| {
        (0..30).map(move |n| {
            let mut event = noise_logon(n * 10, "EXCH01");
            for field in event.fields.iter_mut().filter(|field| field.0 == name) {
                value.clone_into(&mut field.1);
            }
            event
        })
    };
    assert!(run("{}", with("AuthenticationPackageName", "NTLM")).is_empty());
    assert!(run("{}", with("LogonProcessName", "SchannelX")).is_empty());
    assert!(
        run("{}", repeated(30, 10, "EXCH01", 36879, &[("ErrorCode", "0x80090325")])).is_empty()
    );
    for name in ["schannel", "Schannel  ", "SCHANNEL"] {
        assert_eq!(run("{}", with("LogonProcessName", name)).len(), 1, "{name}");
    }
    for user in ["-", "  ", "N/A"] {
        assert_eq!(run("{}", with("TargetUserName", user)).len(), 1, "{user}");
    }
}

/// Scenario: sessions of two peers, before and after the noise, some too far
/// away, without a certificate, of another host or sent by us.
/// Guarantees: each session explains one failed mapping; the commonest peer
/// comes first; the rest explains nothing.
#[test]
fn sessions_explain_the_noise() {
    let mut events = Vec::new();
    for n in 0..9 {
        let at = n * 100;
        events.extend([noise_logon(at, "EXCH01"), noise_warning(at, "EXCH01")]);
        match n {
            0..3 => events.push(session(at - 2, &format!("A{n}"), "CN=smtp.fabrikam.com, C=US")),
            3..8 => events.extend(eop_session(at + 2, "EXCH01", &format!("B{n}"))),
            _ => events.push(session(at + 3, "C", "CN=far.fabrikam.com")),
        }
    }
    events.push(noise_logon(1_000, "EXCH01"));
    events.push(session(1_000, "D", "-"));
    let mut sent = session(1_000, "E", "CN=we.contoso.com");
    sent.fields.iter_mut().filter(|f| f.0 == "direction").for_each(|f| f.1 = "send".to_owned());
    events.push(sent);
    events.push(TestEvent {
        host: Some("EXCH02".to_owned()),
        ..session(1_000, "F", "CN=elsewhere.fabrikam.com")
    });
    let alerts = run("{}", events);
    let alert = the_summary(&alerts);
    assert_eq!(attribute(alert, "smtp_sessions"), "8");
    let peers = "mail.protection.outlook.com, smtp.fabrikam.com";
    assert_eq!(attribute(alert, "top_peer_subjects"), peers);
    assert!(alert.description.contains("mail.protection.outlook.com (5)"));
    assert_eq!(alert.evidence.len(), 20);
    assert!(alert.evidence.is_sorted_by_key(|evidence| evidence.time));
}

/// Scenario: one session whose certificate row comes seconds before its TLS row.
/// Guarantees: it still is one session: used once, and found by its later row.
#[test]
fn a_session_has_several_rows() {
    let rows = |n: i64, gap: i64| {
        let [certificate, negotiated] = eop_session(n * 60, "EXCH01", &format!("{n:X}"));
        [certificate, TestEvent { time: negotiated.time + gap * 1_000_000_000, ..negotiated }]
    };
    let used_early = (0..10).flat_map(|n| {
        let [certificate, negotiated] = rows(n, 4);
        let noise = [noise_logon(n * 60, "EXCH01"), noise_logon(n * 60 + 5, "EXCH01")];
        noise.into_iter().chain([certificate, negotiated])
    });
    assert_eq!(attribute(the_summary(&run("{}", used_early)), "smtp_sessions"), "10");
    let used_late = (0..10).flat_map(|n| {
        let [certificate, negotiated] = rows(n, 4);
        [certificate, negotiated, noise_logon(n * 60 + 5, "EXCH01")]
    });
    assert_eq!(attribute(the_summary(&run("{}", used_late)), "smtp_sessions"), "10");
}

/// Scenario: only one half of the noise is logged, or some halves are alone.
/// Guarantees: the text says what a missing half means.
#[test]
fn missing_halves_are_explained() {
    let warnings = run("{}", (0..10).map(|n| noise_warning(n * 60, "EXCH01")));
    let alert = the_summary(&warnings);
    assert!(alert.description.contains("No 4625 was seen"), "{}", alert.description);
    assert_eq!(attribute(alert, "event_logging"), "(absent)");
    let mixed = (0..10).flat_map(|n| {
        let twin = (n == 0).then(|| noise_warning(0, "EXCH01"));
        std::iter::once(noise_logon(n * 60, "EXCH01")).chain(twin)
    });
    let alerts = run("{}", mixed);
    let alert = the_summary(&alerts);
    assert!(alert.description.contains("Some 4625 have no 36879 beside them"));
    assert_eq!((attribute(alert, "paired"), attribute(alert, "unpaired_4625")), ("1", "9"));
}

/// Scenario: noise that arrives behind the watermark.
/// Guarantees: it brings no summary about, and joins one that comes anyway.
#[test]
fn late_noise_makes_no_summary() {
    let on_time = |count| (0..count).map(|n| noise_logon(n * 60, "EXCH01"));
    let late = || noise_warning(0, "EXCH01").late();
    assert!(run("{}", on_time(9).chain([noise_logon(1, "EXCH01").late()])).is_empty());
    assert!(run("{}", [late()]).is_empty());
    let alerts = run("{}", on_time(10).chain([late()]));
    let alert = the_summary(&alerts);
    assert_eq!((alert.count, attribute(alert, "total_36879")), (10, "1"));
    assert_eq!((alert.first_seen, alert.evidence.len()), (0, 11));
    let session = session(540, "A", "CN=smtp.fabrikam.com").late();
    let alerts = run("{}", on_time(10).chain([session]));
    assert_eq!(attribute(the_summary(&alerts), "smtp_sessions"), "1");
}
