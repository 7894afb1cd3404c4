//! The worked examples of the specification, for the native tests and the host's.

use logwasp_sdk::testkit::{Example, TestEvent, clock, incidents};
use logwasp_sdk::{Activity, Alert, Confidence, Severity};

/// The site of the examples.
pub(crate) const SITE: &str = r#"{"site": {"exchange_hosts": ["Exchange2013"],
    "accepted_domains": ["contoso.com"]}}"#;
pub(crate) const EOP: &str = "contoso-com.mail.protection.outlook.com";
const TENANT: &str = "11111111-2222-3333-4444-555555555555";

/// A mail with these headers and this body.
pub(crate) fn mail(second: i64, headers: &[(&str, &str)], body: &str) -> TestEvent {
    let lines: Vec<String> =
        headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let block = lines.concat();
    let mut fields: Vec<(&str, &str)> = headers.to_vec();
    fields.push(("@raw", &block));
    if !body.is_empty() {
        fields.push(("body", body));
    }
    TestEvent::new("mail-headers", second, "", &fields)
}

/// A bounce that returns only the reply.
pub(crate) fn bounce(second: i64, id: &str, recipient: &str, reply: &str) -> TestEvent {
    let body = format!(
        "Generating server: Exchange2013.domain.local\r\n\r\n{recipient}\r\nRemote Server returned '{reply}'\r\n"
    );
    let headers = [
        (
            "Received",
            "from Exchange2013.domain.local (10.0.0.13) by Exchange2013.domain.local (10.0.0.13) with Microsoft SMTP Server; 20 Nov 2026 10:04:00 +0000",
        ),
        ("From", "postmaster@contoso.com"),
        ("To", "clint@contoso.com"),
        ("Message-ID", id),
        ("Subject", "Undeliverable: RE: Test"),
        ("Content-Type", "multipart/report; report-type=delivery-status"),
        ("Return-Path", "<>"),
    ];
    mail(second, &headers, &body)
}

/// A RECEIVE or SEND row of a tracking log.
pub(crate) fn tracking(
    second: i64,
    event: &str,
    source: &str,
    client: &str,
    server: &str,
    recipient: &str,
) -> TestEvent {
    let fields = [
        ("client-hostname", client),
        ("server-hostname", server),
        ("source", source),
        ("event-id", event),
        ("message-id", "<loop1@contoso.com>"),
        ("recipient-address", recipient),
        ("recipient-status", ""),
        ("sender-address", "clint@contoso.com"),
        ("tenant-id", ""),
    ];
    TestEvent::new("exchange-tracking", second, server, &fields)
}

const RECIPIENT: &str = "test@contoso.mail.onmicrosoft.com";

fn example(name: &'static str, events: Vec<TestEvent>, check: fn(&[Alert])) -> Example {
    Example { name, config: SITE, events, advance: None, check }
}

fn silence(alerts: &[Alert]) {
    assert_eq!(alerts, []);
}

/// The one incident, of which one alert was created.
fn only(alerts: &[Alert]) -> &Alert {
    let created = alerts.iter().filter(|alert| alert.activity == Activity::Create).count();
    let incidents = incidents(alerts);
    assert_eq!((created, incidents.len()), (1, 1), "{incidents:#?}");
    incidents[0]
}

/// Rule, severity, confidence, count.
fn verdict(alert: &Alert) -> (&str, Severity, Confidence, u64) {
    (&alert.rule, alert.severity, alert.confidence, alert.count)
}

/// The header block of the loop, as a bounce returns it.
pub(crate) fn loop_headers() -> String {
    let eop = "HE1EUR01FT049.mail.protection.outlook.com (10.152.0.221)";
    let own = "Exchange2013.domain.local (10.0.0.13)";
    let mut block = String::new();
    for pass in (0..3).rev() {
        let second = 7 + 16 * pass;
        let minute = format!("20 Nov 2026 10:03:{second:02} +0000");
        let line = format!(
            "Received: from Exchange2013.domain.local (203.0.113.9) by {eop} with x; {minute}\r\n"
        );
        block.push_str(&line);
        if pass > 0 {
            let line = format!(
                "Received: from mail-eop.outbound.protection.outlook.com (40.107.110.98) by {own} with x; {minute}\r\n"
            );
            block.push_str(&line);
        }
    }
    block.push_str(
        "From: <clint@contoso.com>\r\nTo: <test@contoso.mail.onmicrosoft.com>\r\n\
         Message-ID: <loop1@contoso.com>\r\n\
         X-MS-TrafficTypeDiagnostic: AM0PR01MB0001:|DB8PR02MB0002:|VI1PR03MB0003:\r\n\
         X-EOPAttributedMessage: 2\r\n\
         X-EOPTenantAttributedMessage: 11111111-2222-3333-4444-555555555555:2\r\n\
         X-MS-Exchange-Organization-AuthAs: Anonymous\r\n",
    );
    block
}

/// Every example of the section.
pub fn all() -> Vec<Example> {
    let mut all = loops();
    all.extend(silences());
    all
}

fn bounce_with_headers() -> TestEvent {
    let body = format!(
        "Generating server: Exchange2013.domain.local\r\n\r\n{RECIPIENT}\r\n\
         Remote Server returned '554 5.4.6 '\r\n\r\nOriginal message headers:\r\n\r\n{}",
        loop_headers()
    );
    let headers = [
        ("From", "postmaster@contoso.com"),
        ("To", "clint@contoso.com"),
        ("Message-ID", "<ndr1@contoso.com>"),
        ("Subject", "Undeliverable: RE: Test"),
        ("Return-Path", "<>"),
    ];
    mail(clock("10:04:00"), &headers, &body)
}

fn visits() -> Vec<TestEvent> {
    let start = clock("09:59:06");
    (0..4)
        .flat_map(|pass| {
            let second = start + 80 * pass;
            let (own, front) = ("Exchange2013", EOP);
            [
                tracking(second, "RECEIVE", "SMTP", "gateway", own, RECIPIENT),
                tracking(second + 2, "SEND", "SMTP", own, front, RECIPIENT),
            ]
        })
        .collect()
}

fn refused() -> TestEvent {
    let fields = [
        ("direction", "send"),
        ("event", "<"),
        ("session-id", "08DE1F0A5C000303"),
        ("server", "10.0.0.25"),
        ("connector", "Outbound to Office 365"),
        ("local_ip", "10.0.0.25"),
        ("ip", "104.47.8.36"),
        ("mail_from", "clint@contoso.com"),
        ("rcpts", RECIPIENT),
        (
            "reply",
            "554 5.4.14 Hop count exceeded - possible mail loop ATTR34 [HE1EUR01FT049.eop-EUR01.prod.protection.outlook.com]",
        ),
    ];
    TestEvent::new("exchange-smtp-session", clock("09:32:05"), "10.0.0.25", &fields)
}

fn loops() -> Vec<Example> {
    let flood = (0..25_i64).map(|n| {
        let id = format!("<ndr{n}@contoso.com>");
        let reply = "554 5.4.6 Hop count exceeded - possible mail loop";
        bounce(clock("10:00:00") + 19 * n, &id, RECIPIENT, reply)
    });
    vec![
        example("6.1 bounce with the loop's headers", vec![bounce_with_headers()], |alerts| {
            let alert = only(alerts);
            assert_eq!(verdict(alert), ("L1", Severity::High, Confidence::High, 1));
            assert_eq!(alert.attribute_value("also"), Some("L3"));
            assert_eq!(alert.attribute_value("origin"), Some("on-premises"));
            assert_eq!(alert.attribute_value("passes"), Some("3"));
            assert_eq!(alert.attribute_value("period_s"), Some("16"));
            assert_eq!(
                alert.attribute_value("participants"),
                Some("exchange2013, exchange-online")
            );
            assert_eq!(alert.attribute_value("recipient"), Some(RECIPIENT));
            assert_eq!(alert.entity_value("message_id"), Some("loop1@contoso.com"));
            assert_eq!(alert.entity_value("tenant"), Some(TENANT));
            assert_eq!(alert.entity_value("host"), Some("exchange2013"));
            assert!(alert.remediation.contains("identity of the inbound connector"));
            assert!(alert.remediation.contains("RouteAllMessagesViaOnPremises"));
            assert!(alert.attack.is_empty() && alert.labels.is_empty());
        }),
        example("6.2 four visits", visits(), |alerts| {
            let alert = only(alerts);
            assert_eq!(verdict(alert), ("L2", Severity::High, Confidence::Medium, 1));
            assert_eq!(alert.attribute_value("passes"), Some("4"));
            assert_eq!(alert.attribute_value("period_s"), Some("80"));
            assert_eq!(
                alert.attribute_value("participants"),
                Some("exchange2013, exchange-online")
            );
            assert_eq!(alert.entity_value("message_id"), Some("loop1@contoso.com"));
        }),
        example("6.3 refused by Exchange Online", vec![refused()], |alerts| {
            let alert = only(alerts);
            assert_eq!(verdict(alert), ("L1", Severity::High, Confidence::High, 1));
            assert_eq!(alert.attribute_value("origin"), Some("exchange_online"));
            assert_eq!(alert.attribute_value("recipient"), Some(RECIPIENT));
        }),
        example("6.7 a flood of bounces", flood.collect(), |alerts| {
            let alert = only(alerts);
            assert_eq!(verdict(alert), ("L1", Severity::Critical, Confidence::High, 25));
            assert!(alert.title.contains("queues are flooding"));
        }),
    ]
}

fn silences() -> Vec<Example> {
    let once = mail(
        clock("10:00:00"),
        &[
            (
                "Received",
                "from a.example.org (198.51.100.9) by EXCH01.contoso.com (10.0.0.25); 20 Nov 2026 10:00:00 +0000",
            ),
            ("Message-ID", "<list1@example.org>"),
            ("X-EOPAttributedMessage", "1"),
        ],
        "",
    );
    let frontend = tracking(0, "RECEIVE", "SMTP", "gateway", "EXCH01", RECIPIENT);
    let mailbox = tracking(1, "RECEIVE", "SMTP", "EXCH01", "EXCH02", RECIPIENT);
    let shadow = tracking(1, "HARECEIVE", "SMTP", "EXCH01", "EXCH02", RECIPIENT);
    vec![
        example("6.4 frontend and mailbox server", vec![frontend.clone(), mailbox], silence),
        example("6.5 two passes are normal", vec![once], silence),
        example("6.6 shadow copy", vec![frontend, shadow], silence),
    ]
}
