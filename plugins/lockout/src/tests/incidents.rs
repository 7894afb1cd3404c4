//! What is told, and when: creates, updates, closes, late records.

use logwasp_sdk::testkit::{Kit, TestEvent, incidents};
use logwasp_sdk::{Activity, Alert};

use super::{attribute, label, one, run};
use crate::Lockout;
use crate::examples::write::{self, Http};

const LOCKED: &str = "0xc0000234";

fn lock(second: i64) -> TestEvent {
    write::locked(second, "DC01", "user1", "WS042")
}

fn activities(alerts: &[Alert]) -> Vec<Activity> {
    alerts.iter().map(|alert| alert.activity).collect()
}

/// Scenario: an account is locked, unlocked, and locked again by the same source.
/// Guarantees: the unlock closes with the severity as it was; the next lockout is a
/// new incident that tells of the first.
#[test]
fn an_unlock_closes() {
    let alerts = run("{}", [lock(100), write::unlocked(300, "DC02", "user1"), lock(900)]);
    assert_eq!(activities(&alerts), [Activity::Create, Activity::Close, Activity::Create]);
    assert_eq!(alerts[1].key, alerts[0].key);
    assert_eq!(alerts[1].severity, alerts[0].severity);
    assert_eq!(
        (alerts[1].first_seen, alerts[1].last_seen),
        (alerts[0].first_seen, 300_000_000_000)
    );
    assert!(alerts[1].evidence.iter().any(|e| e.summary == "unlocked by helpdesk7"));
    assert_ne!(alerts[2].key, alerts[0].key);
    assert!(label(&alerts[2], "previous").is_some());
}

/// Scenario: the helpdesk is faster than the settling time; a second unlock; an
/// unlock of another account; an unlock before any lockout.
/// Guarantees: the lockout is told and closed at once, and closed only once.
#[test]
fn quick_and_needless_unlocks() {
    let unlock = |second| write::unlocked(second, "DC01", "user1");
    let alerts = run("{}", [unlock(50), lock(100), unlock(110), unlock(400)]);
    assert_eq!(activities(&alerts), [Activity::Create, Activity::Close]);
    let alerts = run("{}", [lock(100), write::unlocked(300, "DC01", "user2")]);
    assert_eq!(activities(&alerts), [Activity::Create]);
}

/// Scenario: failures every minute, a lockout, an unlock, more failures and a
/// lockout.
/// Guarantees: the rhythm survives the unlock.
#[test]
fn the_rhythm_survives_an_unlock() {
    let failure = |n: i64| write::ntlm(100 + 60 * n, "DC01", "user1", "0xc000006a", "WS042");
    let mut events: Vec<TestEvent> = (0..4).map(failure).collect();
    events.extend([lock(301), write::unlocked(330, "DC01", "user1")]);
    events.extend((4..6).map(failure));
    events.push(lock(421));
    let alerts = run("{}", events);
    assert_eq!(attribute(&alerts[0], "period_s"), "");
    assert_eq!(attribute(&alerts[2], "period_s"), "60");
}

/// Scenario: another source locks the same account within the cooldown.
/// Guarantees: it is an incident of its own, without a predecessor.
#[test]
fn another_source_is_another_incident() {
    let other = write::locked(400, "DC01", "user1", "WS077");
    let alerts = run("{}", [lock(100), other]);
    assert_eq!(incidents(&alerts).len(), 2);
    assert_eq!(label(&alerts[1], "previous"), None);
    assert_eq!(attribute(&alerts[1], "locks_24h"), "2");
}

/// Scenario: two accounts of one name in two domains are locked within seconds.
/// Guarantees: different SIDs are different lockouts.
#[test]
fn namesakes_are_told_apart() {
    let mut other = write::locked(102, "DC09", "user1", "WS077");
    for (name, value) in &mut other.fields {
        match name.as_str() {
            "TargetSid" => *value = "S-1-5-21-9-9-9-1104".to_owned(),
            "SubjectDomainName" => *value = "FABRIKAM".to_owned(),
            _ => {}
        }
    }
    let alerts = run("{}", [lock(100), other]);
    assert_eq!(alerts.len(), 2, "{alerts:#?}");
    assert!(alerts[1].title.starts_with("Account FABRIKAM\\user1 "), "{}", alerts[1].title);
}

/// Scenario: the web log of the look-back arrives when the lockout was told.
/// Guarantees: the better explanation is told at once, under the same key and with
/// the same beginning; it is no second alert.
#[test]
fn a_late_record_improves_the_attribution() {
    let config = r#"{"site": {"exchange_hosts": ["EXCH01"]}}"#;
    let lock = write::locked(1_000, "DC01", "user1", "EXCH01");
    let other = write::kerberos(1_100, "DC01", "user9", "0x18", "10.0.3.9");
    let query = "DeviceId=ABC123&DeviceType=iPhone";
    let late = Http { query, ..Http::default() }.at(990, &[]).late();
    let alerts = run(config, [lock, other, late]);
    assert_eq!(activities(&alerts), [Activity::Create, Activity::Update]);
    assert_eq!(attribute(&alerts[0], "kind"), "exchange_unknown");
    assert_eq!(attribute(&alerts[1], "kind"), "activesync");
    assert_eq!(alerts[1].entity_value("device"), Some("iPhone/ABC123"));
    assert_eq!((&alerts[1].key, alerts[1].first_seen), (&alerts[0].key, alerts[0].first_seen));
    assert_eq!(alerts[1].count, 1);
}

/// Scenario: late records that explain nothing more, and one of another time.
/// Guarantees: they become evidence of the open incident, told with the next
/// update; what lies outside of the look-back does not.
#[test]
fn a_late_record_is_evidence() {
    let failure = |second| write::ntlm(second, "DC02", "user1", "0xc000006a", "WS042").late();
    let other = write::kerberos(1_100, "DC01", "user9", "0x18", "10.0.3.9");
    let alerts = run("{}", [lock(1_000), other, failure(980), failure(990), failure(1_050)]);
    assert_eq!(activities(&alerts), [Activity::Create, Activity::Update]);
    assert_eq!((alerts[0].evidence.len(), alerts[1].evidence.len()), (1, 3));
    assert_eq!(alerts[1].first_seen, alerts[0].first_seen);
}

/// Scenario: lockouts and refusals that arrive late, with nothing told before.
/// Guarantees: they never begin an incident.
#[test]
fn late_records_begin_nothing() {
    let other = write::kerberos(1_100, "DC01", "user9", "0x18", "10.0.3.9");
    let refused = |second| write::ntlm(second, "DC02", "user1", LOCKED, "WS042").late();
    assert!(run("{}", [other.clone(), lock(1_000).late()]).is_empty());
    assert!(run("{}", [other, refused(900), refused(930), refused(960)]).is_empty());
}

/// Scenario: the PDC emulator's report arrives when the lockout was told.
/// Guarantees: it is evidence, and no second lockout.
#[test]
fn a_late_copy_is_evidence() {
    let other = write::kerberos(1_100, "DC01", "user9", "0x18", "10.0.3.9");
    let alerts = run("{}", [lock(1_000), other, lock(1_001).late()]);
    let newest = incidents(&alerts);
    assert_eq!((newest.len(), newest[0].count, newest[0].evidence.len()), (1, 1, 2));
    assert_eq!(attribute(newest[0], "locks_24h"), "1");
}

fn refused(second: i64) -> TestEvent {
    write::ntlm(second, "DC01", "user1", LOCKED, "WS042")
}

/// Scenario: an account stays locked all day and its phone goes on; no domain
/// controller reports a lockout.
/// Guarantees: one T2, not one an hour.
#[test]
fn an_implied_lockout_is_told_once() {
    let alert = one("{}", (0..200).map(|n| refused(100 + 300 * n)));
    assert_eq!((alert.rule.as_str(), alert.count), ("T2", 1));
    assert_eq!(attribute(&alert, "caller_blank"), "");
    assert!(alert.description.contains("no domain controller's report"));
    assert_eq!((attribute(&alert, "kind"), attribute(&alert, "hop1")), ("workstation", "WS042"));
}

/// Scenario: an implied lockout ends, as a wrong password shows, and comes again.
/// Guarantees: that is a second lockout.
#[test]
fn an_implied_lockout_ends_with_a_wrong_password() {
    let wrong = write::ntlm(4_000, "DC01", "user1", "0xc000006a", "WS042");
    let first = [100, 160, 220].map(refused);
    let second = [4_100, 4_160, 4_220].map(refused);
    let alerts = run("{}", first.clone().into_iter().chain([wrong]).chain(second.clone()));
    assert_eq!(incidents(&alerts).len(), 2);
    assert_eq!(run("{}", first.into_iter().chain(second)).len(), 1);
}

/// Scenario: refusals of the web server only.
/// Guarantees: they imply a lockout as well, and name the device.
#[test]
fn web_refusals_imply_a_lockout() {
    let request =
        Http { query: "DeviceId=ABC123&DeviceType=iPhone", win32: "1909", ..Http::default() };
    let alert = one("{}", [100, 160, 220].map(|second| request.at(second, &[])));
    assert_eq!((alert.rule.as_str(), attribute(&alert, "kind")), ("T2", "activesync"));
    assert_eq!(alert.entity_value("device"), Some("iPhone/ABC123"));
}

/// Scenario: logons refused as locked after a reported lockout, within a day and
/// after; also when the account was unlocked in between.
/// Guarantees: the report explains them for 24 hours.
#[test]
fn a_report_explains_refusals_for_a_day() {
    let refusals = |first: i64| [0, 60, 120].map(|n| refused(first + n));
    let after = |first: i64| run("{}", [lock(100)].into_iter().chain(refusals(first)));
    assert_eq!(after(3_600).len(), 1);
    assert_eq!(after(100 + 86_400 - 121).len(), 1);
    assert_eq!(after(100 + 86_400).len(), 2);
    let unlocked = [lock(100), write::unlocked(200, "DC01", "user1")];
    let alerts = run("{}", unlocked.into_iter().chain(refusals(3_600)));
    assert_eq!(activities(&alerts), [Activity::Create, Activity::Close]);
}

/// Scenario: a domain controller's report follows within the settling time of an
/// implied lockout.
/// Guarantees: it is one lockout, T1, with the report's caller.
#[test]
fn a_report_replaces_what_was_implied() {
    let refusals = [100, 130, 160].map(refused);
    let report = write::locked(175, "DC01", "user1", "WS077");
    let alert = one("{}", refusals.into_iter().chain([report]));
    assert_eq!((alert.rule.as_str(), attribute(&alert, "hop1")), ("T1", "WS077"));
    assert_eq!(attribute(&alert, "locks_24h"), "1");
}

/// Scenario: "revoked" (0x12) for an account that a known lockout explains.
/// Guarantees: it counts as locked; without one it does not.
#[test]
fn revoked_means_locked_after_a_lockout() {
    let revoked = write::kerberos(110, "DC01", "user1", "0x12", "10.0.3.42");
    let failures = |events: Vec<TestEvent>| attribute(&one("{}", events), "failures").to_owned();
    assert_eq!(failures(vec![lock(100), revoked.clone()]), "1");
    let before = write::kerberos(90, "DC01", "user1", "0x12", "10.0.3.42");
    assert_eq!(failures(vec![before, lock(100)]), "0");
}

/// Scenario: pre-authentication required and clock skew before a lockout.
/// Guarantees: they are nobody's failure.
#[test]
fn ordinary_kerberos_legs_do_not_count() {
    let leg = |status| write::kerberos(90, "DC01", "user1", status, "10.0.3.42");
    let alert = one("{}", [leg("0x19"), leg("0x25"), lock(100)]);
    assert_eq!((attribute(&alert, "failures"), attribute(&alert, "hop1")), ("0", "WS042"));
}

/// Scenario: time goes on without any event.
/// Guarantees: the verdict falls when the settling time is over, not when the next
/// event comes.
#[test]
fn the_watermark_decides() {
    let alerts = Kit::<Lockout>::new("{}").row(lock(100)).advance(120).finish();
    assert_eq!(alerts[0].time, 120_000_000_000);
}
