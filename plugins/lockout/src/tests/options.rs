//! Each option at its boundary.

use logwasp_sdk::Severity;
use logwasp_sdk::testkit::{Kit, TestEvent, incidents};

use super::{attribute, one, run};
use crate::Lockout;
use crate::examples::write::{self, Http};

const BAD: &str = "0xc000006a";
const LOCKED: &str = "0xc0000234";

fn ntlm(second: i64, status: &str) -> TestEvent {
    write::ntlm(second, "DC01", "user1", status, "WS042")
}

/// Scenario: a failure exactly `lookback` before the lockout, and one a second
/// earlier.
/// Guarantees: the edge counts, what lies before does not.
#[test]
fn lookback() {
    let failures = |config: &str, second: i64| {
        let lock = write::locked(10_000, "DC01", "user1", "WS042");
        attribute(&one(config, [ntlm(second, BAD), lock]), "failures").to_owned()
    };
    assert_eq!(failures("{}", 10_000 - 1_800), "1");
    assert_eq!(failures("{}", 10_000 - 1_801), "0");
    assert_eq!(failures(r#"{"lookback": "5m"}"#, 10_000 - 300), "1");
    assert_eq!(failures(r#"{"lookback": "5m"}"#, 10_000 - 301), "0");
}

/// Scenario: a failure after the lockout, inside and outside of the settling time.
/// Guarantees: the verdict falls when `settle` is over, and counts what came till
/// then.
#[test]
fn settle() {
    for (config, settle) in [("{}", 20), (r#"{"settle": "5s"}"#, 5)] {
        let lock = write::locked(100, "DC01", "user1", "WS042");
        let alert = one(config, [lock, ntlm(100 + settle - 1, LOCKED), ntlm(100 + settle, LOCKED)]);
        assert_eq!(attribute(&alert, "failures"), "1");
        assert_eq!(alert.time, (100 + settle) * 1_000_000_000);
    }
}

/// Scenario: a second report of a lockout at the edge of `dup_window`, and after.
/// Guarantees: a copy makes no second lockout, a later one does.
#[test]
fn dup_window() {
    let locks = |config: &str, gap: i64| {
        let lock = |second, dc| write::locked(second, dc, "user1", "WS042");
        let alerts = run(config, [lock(100, "DC02"), lock(100 + gap, "DC01")]);
        incidents(&alerts)[0].count
    };
    assert_eq!((locks("{}", 10), locks("{}", 11)), (1, 2));
    let config = r#"{"dup_window": "2s"}"#;
    assert_eq!((locks(config, 2), locks(config, 3)), (1, 2));
}

/// Scenario: logons refused as locked without any report of a lockout.
/// Guarantees: one fewer than `implied_min` is silent; that many are T2, at the
/// time of the last; copies of one refusal do not add up.
#[test]
fn implied_min() {
    let refused = |count: i64| (0..count).map(|n| ntlm(100 + 60 * n, LOCKED));
    assert!(run("{}", refused(2)).is_empty());
    let alert = one("{}", refused(3));
    assert_eq!((alert.rule.as_str(), alert.severity), ("T2", Severity::Medium));
    assert_eq!((alert.first_seen, alert.last_seen), (100_000_000_000, 220_000_000_000));
    let copies = refused(2).chain([write::ntlm(161, "DC02", "user1", LOCKED, "WS042")]);
    assert!(run("{}", copies).is_empty());
    let config = r#"{"implied_min": 4}"#;
    assert!(run(config, refused(3)).is_empty());
    assert_eq!(one(config, refused(4)).rule, "T2");
}

/// Scenario: three refusals that span ten minutes, and ten minutes and a second.
/// Guarantees: the window's edge counts.
#[test]
fn implied_window() {
    let spanning = |span: i64| [0, 60, span].map(|n| ntlm(100 + n, LOCKED));
    assert_eq!(run("{}", spanning(600)).len(), 1);
    assert!(run("{}", spanning(601)).is_empty());
}

/// A lockout after `count` failures on the Exchange server; each has a failure of
/// the client `skew` seconds later.
fn joined(count: i64, matched: i64, failure: impl Fn(i64) -> TestEvent) -> Vec<TestEvent> {
    let mut events = vec![write::locked(1_000, "DC01", "user1", "EXCH01")];
    for n in 0..count {
        let second = 400 + 97 * n + 7 * n * n;
        events.push(write::logon(second, "EXCH01", "user1", &[("LogonType", "8")]));
        if n < matched {
            events.push(failure(second));
        }
    }
    events
}

fn kind(config: &str, events: Vec<TestEvent>) -> String {
    attribute(&one(config, events), "kind").to_owned()
}

const UNKNOWN: &str = "exchange_unknown";
const INFERRED: &str = "smtp_auth_inferred";

/// Scenario: failures of a client without a user, off by the skew, and by more.
/// Guarantees: `join_skew` is the most that may lie between, on both sides.
#[test]
fn join_skew() {
    let off = |skew: i64| {
        joined(4, 4, move |second| write::smtp_auth(second + skew, "EXCH01", "10.1.2.3", ""))
    };
    for (skew, expected) in [(3, INFERRED), (-3, INFERRED), (4, UNKNOWN), (-4, UNKNOWN)] {
        assert_eq!(kind("{}", off(skew)), expected, "{skew}");
    }
    assert_eq!(kind(r#"{"join_skew": "4s"}"#, off(4)), INFERRED);
    assert_eq!(kind(r#"{"join_skew": "2s"}"#, off(3)), UNKNOWN);
}

/// Scenario: only the 535 reply was logged, which the server holds back.
/// Guarantees: it may be later by `tarpit` more, but not earlier.
#[test]
fn tarpit() {
    let off = |skew: i64| {
        joined(4, 4, move |second| write::smtp_reply(second + skew, "EXCH01", "10.1.2.3"))
    };
    for (skew, expected) in [(9, INFERRED), (-3, INFERRED), (10, UNKNOWN), (-4, UNKNOWN)] {
        assert_eq!(kind("{}", off(skew)), expected, "{skew}");
    }
    assert_eq!(kind(r#"{"tarpit": "0s"}"#, off(4)), UNKNOWN);
}

/// Scenario: two and three coinciding failures; four of five, three of four.
/// Guarantees: `join_min` and `join_ratio` are the least that is accepted.
#[test]
fn join_min_and_ratio() {
    let matched = |count, matched| {
        joined(count, matched, |second| write::smtp_auth(second, "EXCH01", "10.1.2.3", ""))
    };
    assert_eq!(kind("{}", matched(2, 2)), UNKNOWN);
    assert_eq!(kind("{}", matched(3, 3)), INFERRED);
    assert_eq!(kind(r#"{"join_min": 4}"#, matched(3, 3)), UNKNOWN);
    assert_eq!(kind(r#"{"join_min": 2}"#, matched(2, 2)), INFERRED);
    assert_eq!(kind("{}", matched(5, 4)), INFERRED);
    assert_eq!(kind("{}", matched(4, 3)), UNKNOWN);
    assert_eq!(kind(r#"{"join_ratio": 0.75}"#, matched(4, 3)), INFERRED);
}

/// Scenario: a second client coincides with half of the failures, and with more.
/// Guarantees: half is tolerated, more makes both doubtful.
#[test]
fn runner_up() {
    let with_other = |others: i64| {
        let mut events = joined(4, 4, |second| write::smtp_auth(second, "EXCH01", "10.1.2.3", ""));
        events.extend(
            joined(others, others, |second| write::smtp_auth(second, "EXCH01", "10.1.7.7", ""))
                .into_iter()
                .filter(|event| event.kind == "exchange-smtp-session"),
        );
        events
    };
    assert_eq!(kind("{}", with_other(2)), INFERRED);
    assert_eq!(kind("{}", with_other(3)), UNKNOWN);
}

/// Scenario: a source fails for four and for five accounts, within ten minutes and
/// beyond, then one of them is locked out.
/// Guarantees: `spray_users` within ten minutes make it a guesser.
#[test]
fn spray_users() {
    let spray = |users: i64, first: i64| {
        let failures = (0..users).map(move |n| {
            let second = if n == 0 { first } else { 900 };
            write::ntlm(second + n, "DC01", &format!("user{}", n + 1), BAD, "KALI")
        });
        failures.chain([write::locked(1_000, "DC01", "user2", "KALI")])
    };
    let cause = |config: &str, users, first| {
        attribute(&one(config, spray(users, first)), "cause").to_owned()
    };
    assert_eq!(cause("{}", 4, 900), "unknown");
    assert_eq!(cause("{}", 5, 900), "password_guessing");
    assert_eq!(cause("{}", 5, 400), "password_guessing");
    assert_eq!(cause("{}", 5, 399), "unknown");
    assert_eq!(cause(r#"{"spray_users": 4}"#, 4, 900), "password_guessing");
}

/// Scenario: an account is locked out every two hours.
/// Guarantees: the alert is high from lockout number `relock_high` on.
#[test]
fn relock_high() {
    let severities = |config: &str| -> Vec<Severity> {
        let locks = (0..6).map(|n| write::locked(7_200 * n, "DC01", "user1", "WS042"));
        run(config, locks).iter().map(|alert| alert.severity).collect()
    };
    let high_from = |config: &str| {
        let severities = severities(config);
        assert!(severities.is_sorted());
        severities.iter().filter(|severity| **severity == Severity::Medium).count() + 1
    };
    assert_eq!((high_from("{}"), high_from(r#"{"relock_high": 6}"#)), (5, 6));
}

/// Scenario: a lockout a day after four others, and a second less than a day after.
/// Guarantees: `locks_24h` counts 24 hours, the current lockout included.
#[test]
fn locks_in_24_hours() {
    let counted = |last: i64| {
        let lock = |second| write::locked(second, "DC01", "user1", "WS042");
        let alerts = run("{}", [lock(0), lock(7_200), lock(last)]);
        attribute(&alerts[2], "locks_24h").to_owned()
    };
    assert_eq!(counted(86_399), "3");
    assert_eq!(counted(86_400), "2");
}

/// Scenario: failures every minute, with four and with five intervals.
/// Guarantees: `cadence_min` intervals are needed to call it a program.
#[test]
fn cadence_min() {
    let every_minute = |count: i64| {
        let failures = (0..count).map(|n| ntlm(100 + 60 * n, BAD));
        failures.chain([write::locked(100 + 60 * count, "DC01", "user1", "WS042")])
    };
    let period =
        |config: &str, count| attribute(&one(config, every_minute(count)), "period_s").to_owned();
    assert_eq!(period("{}", 5), "");
    assert_eq!(period("{}", 6), "60");
    assert_eq!(period(r#"{"cadence_min": 6}"#, 6), "");
    assert_eq!(period(r#"{"cadence_min": 4}"#, 5), "60");
}

/// Scenario: one source locks an account again just before and at `cooldown`.
/// Guarantees: before, it is an update of the first alert; at it, a new alert that
/// tells of the first.
#[test]
fn cooldown() {
    let again = |config: &str, gap: i64| {
        let lock = |second| write::locked(second, "DC01", "user1", "WS042");
        run(config, [lock(1_000), lock(1_000 + gap)])
    };
    let alerts = again("{}", 3_599);
    assert_eq!((incidents(&alerts).len(), alerts[1].count), (1, 2));
    let alerts = again("{}", 3_600);
    assert_eq!((incidents(&alerts).len(), alerts[1].count), (2, 1));
    assert_eq!(super::label(&alerts[1], "previous"), Some("1970-01-01 00:16:40 UTC"));
    assert_eq!(incidents(&again(r#"{"cooldown": "10m"}"#, 600)).len(), 2);
}

/// Scenario: one source locks an account every minute for eight minutes.
/// Guarantees: updates come at most once in `update_interval`, none is lost, and
/// each tells all that was held back.
#[test]
fn update_interval() {
    let told = |config: &str| -> Vec<(i64, u64)> {
        let locks = (0..9).map(|n| write::locked(1_000 + 60 * n, "DC01", "user1", "WS042"));
        let alerts = run(config, locks.chain([ntlm(3_000, BAD)]));
        alerts.iter().map(|alert| (alert.time / 1_000_000_000 - 1_020, alert.count)).collect()
    };
    let config = r#"{"relock_high": 100}"#;
    assert_eq!(told(config), [(0, 1), (300, 6), (600, 9)]);
    let config = r#"{"relock_high": 100, "update_interval": "2m"}"#;
    assert_eq!(told(config), [(0, 1), (120, 3), (240, 5), (360, 7), (480, 9)]);
    // The severity rises with the fifth lockout: that is told at once.
    assert_eq!(told("{}"), [(0, 1), (240, 5), (540, 9)]);
}

/// Scenario: options that an operator mistypes.
/// Guarantees: they are refused with the option's name.
#[test]
fn nonsense_is_refused() {
    use logwasp_sdk::Runner;
    for (config, word) in [
        (r#"{"lookbak": "1h"}"#, "lookbak"),
        (r#"{"join_ratio": 2}"#, "join_ratio"),
        (r#"{"site": {"internal_nets": ["10.0.0.0/99"]}}"#, "10.0.0.0/99"),
    ] {
        let error = Runner::<crate::Lockout>::start(config, None).err().unwrap_or_default();
        assert!(error.contains(word), "{config}: {error}");
    }
}

/// Scenario: refused requests of a device, before the look-back and in it.
/// Guarantees: a client that was refused only before does not explain the lockout.
#[test]
fn refusals_before_the_lookback_explain_nothing() {
    let kind = |second: i64| {
        let lock = write::locked(10_000, "DC01", "user1", "EXCH01");
        kind("{}", vec![Http::default().at(second, &[]), lock])
    };
    assert_eq!(kind(10_000 - 1_800), "activesync");
    assert_eq!(kind(10_000 - 1_801), UNKNOWN);
}

/// Scenario: two logons refused as locked, of an account that counts and of one that
/// the site ignores; then a third of the first.
/// Guarantees: counts and thresholds are told, and the option that leaves one out.
#[test]
fn silence_is_explained() {
    let explain = |config: &str, count: i64| {
        let events = (0..count).map(|n| ntlm(20 * n, LOCKED));
        Kit::<Lockout>::new(config).rows(events).explain()
    };
    let two = explain("{}", 2);
    assert!(
        two.contains(
            &"T1 user1: failures within 30m: 2, no lockout reported (4740), silent".into()
        ),
        "{two:#?}"
    );
    assert_eq!(
        two.last().map(String::as_str),
        Some("T2 user1: 2 of 3 logons refused as locked within 10m, silent")
    );
    let three = explain("{}", 3);
    let enough = "T2 user1: 3 of 3 logons refused as locked within 10m, enough: decided after 20s";
    assert!(three.contains(&enough.into()), "{three:#?}");
    let ignored = explain(r#"{"site": {"ignore_users": ["user*"]}}"#, 3);
    let because = "user1: not counted: one of `site.ignore_users`, silent";
    assert!(ignored.iter().any(|line| line.trim() == because), "{ignored:#?}");
}
