//! A1, A5 and A4.

use logwasp_sdk::testkit::{TestEvent, incidents};
use logwasp_sdk::{Activity, Confidence, Severity};

use super::{run, run_until, run_with, told};
use crate::examples::{ANONYMOUS, GOOD, downgrade, hybrid_block, mail_event, trace_event};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

fn from(second: i64, sender: &str, verdict: &str) -> TestEvent {
    mail_event(second, &hybrid_block(sender, &format!("{second}.{sender}"), verdict))
}

fn bad(second: i64) -> TestEvent {
    from(second, "clint@contoso.com", ANONYMOUS)
}

fn good(second: i64) -> TestEvent {
    from(second, "clint@contoso.com", GOOD)
}

/// Scenario: own mail that is not what A1 is about: another domain, no hop on
/// premises, through us from the Internet, attributed to the connector, anonymous
/// before it left, in the good state otherwise, delivered by Exchange Online to us.
/// Guarantees: silence.
#[test]
fn anonymous_by_design_is_silent() {
    let own = hybrid_block("clint@contoso.com", "m1@contoso.com", ANONYMOUS);
    let foreign = own.replace("clint@contoso.com", "clint@fabrikam.com");
    let forwarder = own.replace("Exchange2013.domain.local", "list.fabrikam.com");
    let through_us = own.replace(
        "Received: from Exchange2013.domain.local (10.0.0.13)",
        "Received: from mail.fabrikam.com (198.51.100.20)",
    );
    let device = own.replace("FromEntityHeader: Internet", "FromEntityHeader: HybridOnPrem");
    let marked = own
        .replace("X-MS-Exchange-CrossTenant-FromEntityHeader: Internet\r\n", "")
        .replace("MIME-Version", "X-MS-Exchange-CrossPremises-AuthAs: Anonymous\r\nMIME-Version");
    let good = GOOD.replace("HybridOnPrem", "Internet");
    let good = hybrid_block("clint@contoso.com", "m1@contoso.com", &good);
    let delivered = "Received: from x.outbound.protection.outlook.com (40.107.1.1) by EXCH01; d\r\n\
        Received: from mail.fabrikam.com (198.51.100.20) by a.mail.protection.outlook.com; d\r\n\
        From: clint@contoso.com\r\nX-MS-Exchange-Organization-AuthAs: Anonymous\r\n";
    for block in [&foreign, &forwarder, &through_us, &device, &marked, &good, delivered] {
        assert_eq!(told(&run([mail_event(0, block)])), [], "{block}");
    }
    assert_eq!(run([mail_event(0, &own)]).len(), 1);
}

/// Scenario: only one of the two verdicts, a third-party relay in between, a header
/// that names the server.
/// Guarantees: A1, less sure.
#[test]
fn weaker_signs_are_less_sure() {
    let own = hybrid_block("clint@contoso.com", "m1@contoso.com", ANONYMOUS);
    let no_entity = own.replace("X-MS-Exchange-CrossTenant-FromEntityHeader: Internet\r\n", "");
    let no_auth_as = own.replace("X-MS-Exchange-Organization-AuthAs: Anonymous\r\n", "");
    let relayed = own.replace(
        "Received: from Exchange2013.domain.local (203.0.113.9)",
        "Received: from cluster1.relay.example (198.51.100.50)",
    );
    let named = "Received: from a by HE1EUR01FT049.mail.protection.outlook.com; d\r\n\
        From: clint@contoso.com\r\nX-OrganizationHeadersPreserved: Exchange2013.domain.local\r\n\
        X-MS-Exchange-Organization-AuthAs: Anonymous\r\n";
    for block in [&no_entity, &no_auth_as, &relayed, named] {
        let alerts = run([mail_event(0, block)]);
        assert_eq!(told(&alerts), [("A1", Severity::Medium)], "{block}");
        assert_eq!(alerts[0].confidence, Confidence::Medium, "{block}");
        assert_eq!(alerts[0].entity_value("host"), Some("exchange2013"), "{block}");
    }
}

/// Scenario: `min_messages` less one, then one more; the same spread too wide.
/// Guarantees: the n-th within the window creates, and all n are told.
#[test]
fn min_messages_must_come_within_the_window() {
    let options = r#"{"min_messages": 3, "window": "10m"}"#;
    assert_eq!(run_with(options, [bad(0), bad(300)]), []);
    let alerts = run_with(options, [bad(0), bad(300), bad(600)]);
    assert_eq!(told(&alerts), [("A1", Severity::Medium)]);
    assert_eq!((alerts[0].count, alerts[0].first_seen, alerts[0].evidence.len()), (3, 0, 3));
    assert_eq!(run_with(options, [bad(0), bad(300), bad(601)]), []);
}

/// Scenario: messages of one sender up to `burst`, and of two and three senders.
/// Guarantees: high from the n-th message or the third sender on, told at once.
#[test]
fn bursts_are_high() {
    let burst = |count: i64, step: i64| run((0..count).map(|n| bad(n * step)));
    assert!(burst(19, 10).iter().all(|alert| alert.severity == Severity::Medium));
    let twenty = burst(20, 10);
    assert_eq!(told(&twenty), [("A1", Severity::Medium), ("A1", Severity::High)]);
    assert_eq!((twenty[1].activity, twenty[1].count), (Activity::Update, 20));
    assert!(burst(20, 95).iter().all(|alert| alert.severity == Severity::Medium));

    let mut senders =
        vec![from(0, "a@contoso.com", ANONYMOUS), from(1, "b@contoso.com", ANONYMOUS)];
    assert!(run(senders.clone()).iter().all(|alert| alert.severity == Severity::Medium));
    senders.push(from(2, "c@contoso.com", ANONYMOUS));
    let alerts = run(senders);
    assert_eq!(told(&alerts), [("A1", Severity::Medium), ("A1", Severity::High)]);
    assert_eq!(alerts[1].attribute_value("senders"), Some("3"));
    assert_eq!(told(&run_with(r#"{"burst": 1}"#, [bad(0)])), [("A1", Severity::High)]);
}

/// Scenario: the same mail of two sender domains or by two servers.
/// Guarantees: a case for each.
#[test]
fn flows_are_told_apart() {
    let other_server = hybrid_block("clint@contoso.com", "x", ANONYMOUS)
        .replace("Exchange2013.domain.local", "EXCH01.contoso.com");
    let alerts = run([bad(0), mail_event(1, &other_server)]);
    assert_eq!(incidents(&alerts).len(), 2);
}

/// Scenario: an alert, a good message, then anonymous ones within the quiet time
/// and after it.
/// Guarantees: nothing new while a repair spreads; afterwards it counts again.
#[test]
fn a_repair_gets_its_time() {
    let fixed = 50 * MINUTE;
    let quiet_end = fixed + 60 * MINUTE;
    let until = |last: i64| run([bad(0), good(fixed), bad(70 * MINUTE), bad(last)]);
    assert_eq!(told(&until(quiet_end - 1)), [("A1", Severity::Medium)]);
    let alerts = until(quiet_end);
    assert_eq!(alerts.iter().filter(|a| a.activity == Activity::Create).count(), 2);
    assert_eq!(incidents(&alerts).len(), 2);
    let impatient =
        run_with(r#"{"post_fix_quiet": "5m"}"#, [bad(0), good(fixed), bad(70 * MINUTE)]);
    assert_eq!(impatient.iter().filter(|a| a.activity == Activity::Create).count(), 2);
}

/// Scenario: an alert, then good messages for the quiet time; and until just before.
/// Guarantees: closed then, with its severity; the end of input closes nothing.
#[test]
fn a_proven_repair_closes() {
    let events = [bad(0), good(600), good(700)];
    let alerts = run_until("{}", events.clone(), Some(600 + HOUR));
    assert_eq!(told(&alerts), [("A1", Severity::Medium); 2]);
    assert_eq!(alerts[1].activity, Activity::Close);
    assert_eq!(alerts[1].key, alerts[0].key);
    assert!(alerts[1].description.starts_with("Over"));
    assert_eq!(run_until("{}", events.clone(), Some(599 + HOUR)).len(), 1);
    let relapse = [bad(0), good(600), bad(700)];
    let alerts = run_until("{}", relapse, Some(600 + HOUR));
    assert!(alerts.iter().all(|alert| alert.activity != Activity::Close));
}

/// Scenario: 75 sound minutes, then 12 anonymous messages; A1 has no reason of its
/// own to alert.
/// Guarantees: A5 alerts by itself, and says when it broke.
#[test]
fn a_downgrade_alone_is_a5() {
    let alerts = run_with(r#"{"min_messages": 100}"#, downgrade());
    let cases = incidents(&alerts);
    assert_eq!(cases.len(), 1);
    assert_eq!((cases[0].rule.as_str(), cases[0].severity), ("A5", Severity::Medium));
    assert_eq!(cases[0].count, 12);
    assert_eq!(alerts[0].count, 8);
    assert!(cases[0].title.contains("hybrid trust broke at 1970-01-01 10:00:00 UTC"));
    assert_eq!(alerts[0].first_seen, alerts[0].evidence[0].time);
}

/// Scenario: after such an alert the flow is mixed, so that it is broken no more; a
/// message comes late.
/// Guarantees: updates of the same alert, with its title.
#[test]
fn a_downgrade_goes_on() {
    let end = 10 * HOUR + 12 * MINUTE;
    let mixed = (0..30).map(|n| good(end + n)).chain([bad(end + 400), bad(end - 60).late()]);
    let alerts = run_with(r#"{"min_messages": 100}"#, downgrade().into_iter().chain(mixed));
    let cases = incidents(&alerts);
    assert_eq!((cases.len(), cases[0].count), (1, 14));
    assert!(cases[0].title.contains("hybrid trust broke at"));
}

/// The last quarter of an hour and the hour before, as (good, bad).
fn quarter(before: (i64, i64), now: (i64, i64)) -> Vec<&'static str> {
    let start = 10 * HOUR;
    let hour = (0..before.0)
        .map(|n| good(start - HOUR + n))
        .chain((0..before.1).map(|n| bad(start - HOUR + 900 + n)));
    let recent =
        (0..now.0).map(|n| good(start + n)).chain((0..now.1).map(|n| bad(start + 300 + n)));
    let alerts = run_with(r#"{"min_messages": 1000}"#, hour.chain(recent));
    incidents(&alerts).iter().map(|alert| if alert.rule == "A5" { "A5" } else { "?" }).collect()
}

/// Scenario: every threshold of A5 at its boundary.
/// Guarantees: 10 messages in each span, half of the new ones, a tenth of the old.
#[test]
fn thresholds_of_a_downgrade() {
    assert_eq!(quarter((10, 0), (5, 5)), ["A5"]);
    assert_eq!(quarter((9, 0), (5, 5)), [""; 0]);
    assert_eq!(quarter((10, 0), (4, 5)), [""; 0]);
    assert_eq!(quarter((10, 0), (6, 5)), [""; 0]);
    assert_eq!(quarter((18, 2), (0, 10)), ["A5"]);
    assert_eq!(quarter((17, 2), (0, 10)), [""; 0]);
    assert_eq!(quarter((0, 0), (0, 30)), [""; 0]);
}

/// Scenario: a trace row, then the headers of the same message; a copy of it.
/// Guarantees: one message, understood better: told at once, counted once.
#[test]
fn copies_count_once() {
    let block = hybrid_block("clint@contoso.com", "loop1@contoso.com", ANONYMOUS);
    let alerts = run([trace_event(0, "Internet"), mail_event(60, &block), mail_event(120, &block)]);
    let confidences: Vec<_> = alerts.iter().map(|a| (a.confidence, a.count, a.activity)).collect();
    let expected =
        [(Confidence::Low, 1, Activity::Create), (Confidence::High, 1, Activity::Update)];
    assert_eq!(confidences, expected);
    let later = run([mail_event(0, &block), mail_event(2 * HOUR, &block)]);
    assert_eq!(incidents(&later).len(), 2);
}

/// Scenario: rows that are no RECEIVE by SMTP, of a server on premises, of a foreign
/// sender, of a client that authenticated to Exchange Online.
/// Guarantees: silence.
#[test]
fn other_trace_rows_are_silent() {
    let with = |changes: &[(&str, &str)]| {
        let mut event = trace_event(0, "Internet");
        for (name, value) in &mut event.fields {
            if let Some((_, new)) = changes.iter().find(|(changed, _)| changed == name) {
                (*new).clone_into(value);
            }
        }
        run([event])
    };
    assert_eq!(with(&[("event-id", "HARECEIVE")]), []);
    assert_eq!(with(&[("source", "STOREDRIVER")]), []);
    assert_eq!(with(&[("sender-address", "info@fabrikam.com")]), []);
    let on_prem = "S:FromEntity=Internet;S:ProxiedClientHostname=EXCH01";
    assert_eq!(with(&[("custom-data", on_prem)]), []);
    let client = "S:ProxyHop1=HE1EUR01FT049.mail.protection.outlook.com(10.152.0.221);\
        S:FromEntity=Hosted;S:ProxiedClientIPAddress=198.51.100.9";
    assert_eq!(with(&[("custom-data", client), ("message-info", "04I: ")]), []);
    assert_eq!(with(&[("message-info", "04I: ")]).len(), 1);
}

fn stamped(second: i64, source: &str, auth_as: &str, mechanism: &str) -> TestEvent {
    let block = format!(
        "Received: from a (10.0.0.9) by EXCH01 (10.0.0.25) with x; d\r\nFrom: a@fabrikam.com\r\n\
         X-MS-Exchange-Organization-AuthSource: {source}\r\n\
         X-MS-Exchange-Organization-AuthAs: {auth_as}\r\n\
         X-MS-Exchange-Organization-AuthMechanism: {mechanism}\r\n"
    );
    mail_event(second, &block)
}

fn drifted(messages: i64, then: TestEvent) -> Vec<logwasp_sdk::Alert> {
    run((0..messages).map(|n| stamped(n, "EXCH01", "Internal", "07")).chain([then]))
}

/// Scenario: a new mechanism after 49 and after 50 messages; of another server, for
/// another verdict; the hybrid's own 04.
/// Guarantees: low from the 50th on, for that server and verdict only; 04 is known.
#[test]
fn unusual_mechanisms_are_told() {
    assert_eq!(drifted(49, stamped(100, "EXCH01", "Internal", "0a")), []);
    let alerts = drifted(50, stamped(100, "exch01", "Internal", "0A"));
    assert_eq!(told(&alerts), [("A4", Severity::Low)]);
    assert_eq!(alerts[0].entity_value("host"), Some("exch01"));
    assert_eq!(alerts[0].attribute_value("usual_mechanisms"), Some("07"));
    assert_eq!(alerts[0].attribute_value("auth_mechanism"), Some("0a"));
    assert_eq!(drifted(50, stamped(100, "EXCH01", "External", "0a")), []);
    assert_eq!(drifted(50, stamped(100, "Exchange2013", "Internal", "0a")), []);
    assert_eq!(drifted(50, stamped(100, "EXCH01", "Internal", "04")), []);
    assert_eq!(drifted(50, stamped(100, "EXCH01", "Internal", "07")), []);
}

/// Scenario: the unusual mechanism comes again, soon and after the cooldown; a usual
/// one comes again after more than a week.
/// Guarantees: an update, then silence; what was forgotten is new.
#[test]
fn mechanisms_are_learned_and_forgotten() {
    let usual = |from: i64| (0..50).map(move |n| stamped(from + n, "EXCH01", "Internal", "07"));
    let odd = |second: i64| stamped(second, "EXCH01", "Internal", "0a");
    let alerts = run(usual(0).chain([odd(100), odd(200), odd(2 * HOUR)]));
    assert_eq!(incidents(&alerts).len(), 1);
    assert_eq!(incidents(&alerts)[0].count, 2);
    let week = |day: i64| run([odd(0)].into_iter().chain(usual(day - 100)).chain([odd(day)]));
    assert_eq!(week(7 * DAY), []);
    assert_eq!(told(&week(7 * DAY + 1)), [("A4", Severity::Low)]);
    let old_baseline = usual(0).chain([odd(8 * DAY)]);
    assert_eq!(run(old_baseline), []);
}
