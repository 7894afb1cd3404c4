//! The worked examples, options, edges and bounds.

use logwasp_sdk::testkit::{Example, Kit, TestEvent, incidents};
use logwasp_sdk::{Activity, Alert, Runner, Severity};

use crate::examples::{EOP, SITE, all, bounce, loop_headers, mail, tracking};
use crate::{Config, MailLoop};

const TO: &str = "test@contoso.mail.onmicrosoft.com";
const REPLY: &str = "554 5.4.6 Hop count exceeded - possible mail loop";

fn run(config: &str, events: Vec<TestEvent>) -> Vec<Alert> {
    Kit::<MailLoop>::new(config).rows(events).finish()
}

fn with(option: &str) -> String {
    SITE.replacen('{', &format!("{{{option}, "), 1)
}

fn visits(count: i64, every_s: i64) -> Vec<TestEvent> {
    (0..count)
        .flat_map(|n| {
            [
                tracking(n * every_s, "RECEIVE", "SMTP", "gateway", "Exchange2013", TO),
                tracking(n * every_s + 1, "SEND", "SMTP", "Exchange2013", EOP, TO),
            ]
        })
        .collect()
}

/// Scenario: the worked examples.
/// Guarantees: each gives exactly what the specification says.
#[test]
fn worked_examples() {
    for example in all() {
        example.run::<MailLoop>();
    }
}

/// Scenario: 3 and 4 receives; other thresholds; too slow for the window; no SEND.
/// Guarantees: `loop_receives` and `window` at their edges; a SEND elsewhere is needed.
#[test]
fn visits_have_thresholds() {
    let alerts = |config: &str, events| incidents(&run(config, events)).len();
    assert_eq!((alerts(SITE, visits(3, 60)), alerts(SITE, visits(4, 60))), (0, 1));
    assert_eq!(alerts(&with(r#""loop_receives": 3"#), visits(3, 60)), 1);
    assert_eq!((alerts(SITE, visits(4, 600)), alerts(SITE, visits(5, 601))), (1, 0));
    assert_eq!(alerts(&with(r#""window": "2m""#), visits(4, 60)), 0);
    let receives = visits(4, 60).into_iter().step_by(2).collect();
    assert_eq!(alerts(SITE, receives), 0);
    let to_itself: Vec<_> = (0..4)
        .flat_map(|n| {
            [
                tracking(n * 60, "RECEIVE", "SMTP", "x", "Exchange2013", TO),
                tracking(
                    n * 60 + 1,
                    "SEND",
                    "SMTP",
                    "Exchange2013",
                    "Exchange2013.domain.local",
                    TO,
                ),
            ]
        })
        .collect();
    assert_eq!(alerts(SITE, to_itself), 0);
}

/// Scenario: visits, a failed row and a bounce of one message, in this order.
/// Guarantees: one incident, one message counted, the other rules named.
#[test]
fn one_message_is_one_alert() {
    let mut failed = tracking(300, "FAIL", "ROUTING", "", "Exchange2013", TO);
    failed.fields.retain(|(name, _)| name != "recipient-status");
    let status = "[{LRT=};{LED=554 5.4.6 Hop count exceeded - possible mail loop};{FQDN=};{IP=}]";
    failed.fields.push(("recipient-status".to_owned(), status.to_owned()));
    let body = format!(
        "Remote Server returned '554 5.4.6 '\r\n\r\nOriginal message headers:\r\n\r\n{}",
        loop_headers()
    );
    let mut events = visits(4, 60);
    events.push(failed.clone());
    events.push(mail(
        310,
        &[("From", "postmaster@contoso.com"), ("Received", "from x by y; d")],
        &body,
    ));
    let alerts = run(SITE, events);
    let found = incidents(&alerts);
    assert_eq!((found.len(), found[0].rule.as_str(), found[0].count), (1, "L2", 1));
    assert_eq!(found[0].attribute_value("also"), Some("L1,L3"));
    assert_eq!(found[0].attribute_value("origin"), Some("on-premises"));
    let alone = run(SITE, vec![failed]);
    assert_eq!((alone[0].rule.as_str(), alone[0].severity), ("L1", Severity::High));
}

/// Scenario: only the headers of a loop; `attr_min` below and above what they say.
/// Guarantees: medium without a reply; each mark stands for itself.
#[test]
fn headers_alone_are_medium() {
    let block =
        |n| format!("Message-ID: <x@y>\r\nX-EOPAttributedMessage: {n}\r\nTo: a@contoso.com\r\n");
    let event = |n: u32| {
        let text = block(n);
        TestEvent::new(
            "mail-headers",
            1,
            "",
            &[("@raw", &text), ("X-EOPAttributedMessage", &n.to_string())],
        )
    };
    let alerts = run(SITE, vec![event(2)]);
    assert_eq!((alerts[0].rule.as_str(), alerts[0].severity), ("L3", Severity::Medium));
    assert!(alerts[0].remediation.contains("RemoteRoutingAddress"));
    assert_eq!(run(&with(r#""attr_min": 3"#), vec![event(2)]), []);
    assert_eq!(run(&with(r#""attr_min": 1"#), vec![event(1)]).len(), 1);
}

/// Scenario: 19 and 20 bounces in ten minutes, and 20 in more.
/// Guarantees: critical from 20 messages within ten minutes on.
#[test]
fn floods_are_critical() {
    let severity = |count: i64, every_s: i64| {
        let events = (0..count).map(|n| bounce(n * every_s, &format!("<n{n}@x>"), TO, REPLY));
        let alerts = run(SITE, events.collect());
        incidents(&alerts)[0].severity
    };
    assert_eq!(severity(19, 20), Severity::High);
    assert_eq!(severity(20, 30), Severity::Critical);
    assert_eq!(severity(20, 32), Severity::High);
}

/// Scenario: a bounce every minute for 40 minutes.
/// Guarantees: updates of one incident, a close after the cooldown, a second incident.
#[test]
fn incidents_live_for_the_cooldown() {
    let events = (0..40).map(|n| bounce(n * 60, &format!("<n{n}@x>"), TO, REPLY));
    let alerts = run(SITE, events.collect());
    let found = incidents(&alerts);
    assert_eq!(found.len(), 2);
    assert_eq!((found[0].activity, found[0].count), (Activity::Close, 30));
    assert_eq!(found[1].count, 10);
}

/// Scenario: a late bounce alone, and behind an open incident; late visits.
/// Guarantees: nothing begins with a late row; the open incident counts it.
#[test]
fn late_rows_only_add() {
    assert_eq!(run(SITE, vec![bounce(1, "<n1@x>", TO, REPLY).late()]), []);
    let alerts =
        run(SITE, vec![bounce(9, "<n2@x>", TO, REPLY), bounce(1, "<n1@x>", TO, REPLY).late()]);
    assert_eq!(incidents(&alerts)[0].count, 2);
    let late = visits(4, 60).into_iter().map(TestEvent::late).collect();
    assert_eq!(run(SITE, late), []);
}

/// Scenario: a gateway quotes the reply; our own alert comes back by syslog; a
/// colleague writes about the error.
/// Guarantees: found, ignored, and found with low confidence.
#[test]
fn quotes_are_weighed() {
    let line = "4F1: to=<a@contoso.com>, relay=x.mail.protection.outlook.com[104.47.8.36]:25, \
        status=bounced (host x said: 554 5.4.14 Hop count exceeded - possible mail loop ATTR34)";
    let syslog = |app| TestEvent::new("syslog", 1, "gw01", &[("app-name", app), ("message", line)]);
    let alerts = run(SITE, vec![syslog("postfix/smtp")]);
    assert_eq!(alerts[0].attribute_value("participants"), Some("exchange-online, gw01"));
    assert_eq!(run(SITE, vec![syslog("logwasp")]), []);
    let headers =
        [("Received", "from a by b; d"), ("From", "a@contoso.com"), ("Message-ID", "<q@x>")];
    let mail = mail(1, &headers, &format!("what does {REPLY} mean?"));
    assert_eq!(run(SITE, vec![mail])[0].confidence, logwasp_sdk::Confidence::Low);
}

/// Scenario: a loop of three visits, a flood of messages seen once, the fourth visit.
/// Guarantees: memory stays bounded and the flood does not hide the loop.
#[test]
fn floods_are_bounded() {
    let config = with(r#""state_bytes_max": 1000000"#);
    let (mut runner, subscriptions) = Runner::<MailLoop>::start(&config, None).expect("it starts");
    let mut feed = |events: Vec<TestEvent>| {
        let example = Example { name: "", config: "", events, advance: None, check: |_| () };
        runner.process(&example.batch(&subscriptions)).expect("it is accepted")
    };
    assert_eq!(feed(visits(3, 60)), []);
    for round in 0..20 {
        let events = (0..10_000).map(|n| {
            let mut event = tracking(200, "RECEIVE", "SMTP", "gateway", "Exchange2013", TO);
            event.fields.retain(|(name, _)| name != "message-id");
            event.fields.push(("message-id".to_owned(), format!("<m{round}-{n}@x>")));
            event
        });
        assert_eq!(feed(events.collect()), []);
    }
    let fourth = tracking(240, "RECEIVE", "SMTP", "gateway", "Exchange2013", TO);
    assert_eq!(feed(vec![fourth]).len(), 1);
    assert!(runner.snapshot().expect("a snapshot").len() < 1_000_000);
}

/// Scenario: options that make no sense; cells that are empty or garbage.
/// Guarantees: refused with a text; no panic.
#[test]
fn nonsense_is_refused_or_passed_over() {
    assert!(Config { loop_receives: 1, ..Config::default() }.check().is_err());
    assert!(Config { attr_min: 0, ..Config::default() }.check().is_err());
    for garbage in ["", "-", "5.4.6", "5.4.14 attr34 é", "554 5.4.6 hop count", "\u{0}", "<>"] {
        for kind in ["exchange-tracking", "mail-headers", "syslog", "text", "exchange-smtp-session"]
        {
            let names = [
                "@raw",
                "body",
                "Received",
                "message",
                "reply",
                "recipient-status",
                "message-id",
                "server-hostname",
                "recipient-address",
                "rcpts",
                "ip",
            ];
            let fields: Vec<_> = names.into_iter().map(|name| (name, garbage)).collect();
            run(SITE, vec![TestEvent::new(kind, 1, garbage, &fields)]);
        }
    }
}
