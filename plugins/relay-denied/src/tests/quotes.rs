//! Refusals of our own mail, in send logs and in what others quote.

use super::*;

/// Scenario: the next hop of a send connector refuses to relay our mail.
/// Guarantees: R9 of our server, with the connector and who refused.
#[test]
fn a_next_hop_that_refuses_is_reported() {
    let fields = [
        ("direction", "send"),
        ("event", "<"),
        ("server", "10.0.0.25"),
        ("connector", "To smarthost"),
        ("ip", "10.0.9.9"),
        ("peer_name", "relay.contoso.com"),
        ("mail_from", "user1@contoso.com"),
        ("rcpts", "a@fabrikam.com"),
        ("reply", "550 5.7.1 Unable to relay"),
    ];
    let alerts = run("{}", [session(0, &fields)]);
    assert_eq!(verdict(&alerts), is("R9", Severity::Medium, Confidence::Medium));
    assert_eq!(alerts[0].attribute_value("refused_by"), Some("relay.contoso.com"));
    assert_eq!(alerts[0].entity_value("connector"), Some("To smarthost"));
    assert_eq!(alerts[0].attribute_value("peer_class"), Some("internal"));
}

/// Scenario: 5.7.64 by two connectors and in a tracking log; two blocked
/// addresses, one of them quoted by a gateway too.
/// Guarantees: one R5 that lists both connectors at once; one R6 per address,
/// the quoted one less sure.
#[test]
fn what_exchange_online_refuses_is_one_incident_per_cause() {
    let send = |second, connector, reply| {
        let side = [("direction", "send"), ("event", "<"), ("ip", "104.47.8.36")];
        session(second, &[side.as_slice(), &[("connector", connector), ("reply", reply)]].concat())
    };
    let attribution = "550 5.7.64 TenantAttribution; Relay Access Denied SMTP";
    let led = format!("[{{LRT=}};{{LED={attribution}}};{{FQDN=x}};{{IP=}}]");
    let fail = [("event-id", "FAIL"), ("server-hostname", "EXCH01"), ("recipient-status", &*led)];
    let alerts = run(
        "{}",
        [
            send(0, "Outbound to Office 365", attribution),
            send(1, "Outbound 2", attribution),
            TestEvent::new("exchange-tracking", 2, "", &fail),
        ],
    );
    assert_eq!(verdict(&alerts), is("R5", Severity::High, Confidence::High));
    assert_eq!(told(&alerts)[1], (Activity::Update, 1, 2));
    assert_eq!(incidents(&alerts)[0].count, 3);
    assert_eq!(incidents(&alerts)[0].entities.iter().filter(|(n, _)| n == "connector").count(), 2);

    let quoted = "host x.mail.protection.outlook.com[104.47.8.36] said: 550 5.7.606 Access denied, \
                  banned sending IP [203.0.113.10] (in reply to RCPT TO command)";
    let banned = "550 5.7.511 Access denied, banned sender[203.0.113.9]";
    let alerts = run("{}", [send(0, "Outbound", banned), syslog(1, quoted)]);
    let found: Vec<_> = incidents(&alerts)
        .into_iter()
        .map(|a| (a.rule.as_str(), a.entity_value("src_ip"), a.confidence))
        .collect();
    assert_eq!(
        found,
        [
            ("R6", Some("203.0.113.9"), Confidence::High),
            ("R6", Some("203.0.113.10"), Confidence::Medium)
        ]
    );
}

/// Scenario: a bounce of Exchange, one whose header quotes the reply, a line that
/// is broken in the middle, and a colleague who writes about the error.
/// Guarantees: R9 from each, the letter with low confidence.
#[test]
fn bounces_are_read() {
    let mail = |fields: &[(&str, &str)]| run("{}", [TestEvent::new("mail-headers", 0, "", fields)]);
    let body = "Diagnostic information for administrators:\n\nGenerating server: \
                EXCH01.contoso.com\n\nkunde@fabrikam.com\nRemote Server returned '550 5.7.1 \
                Unable to\n relay'\n";
    let bounce = [
        ("From", "Microsoft Outlook <MicrosoftExchange329e71@contoso.com>"),
        ("To", "erp@contoso.com"),
        ("X-Failed-Recipients", "kunde@fabrikam.com"),
        ("body", body),
    ];
    let alerts = mail(&bounce);
    assert_eq!(verdict(&alerts), is("R9", Severity::Medium, Confidence::Medium));
    let alert = &alerts[0];
    assert_eq!(alert.entity_value("host"), Some("exch01"));
    assert_eq!(alert.attribute_value("sender"), Some("erp@contoso.com"));
    assert_eq!(alert.attribute_value("recipient"), Some("kunde@fabrikam.com"));
    assert_eq!(alert.attribute_value("reply"), Some("550 5.7.1 Unable to relay"));

    let headers = "Return-Path: <>\r\nX-Error: 550 5.7.1 Unable to relay\r\n";
    let alerts = mail(&[("Return-Path", "<>"), ("@raw", headers), ("body", "Sorry.")]);
    assert_eq!(verdict(&alerts), is("R9", Severity::Medium, Confidence::Medium));
    let both = [("Return-Path", "<>"), ("@raw", headers), ("body", body)];
    assert_eq!(incidents(&mail(&both))[0].count, 1);

    let letter = "Hello, my printer says 550 5.7.1 Unable to relay. Can you help?";
    let alerts = mail(&[("From", "user1@contoso.com"), ("Subject", "printer"), ("body", letter)]);
    assert_eq!(verdict(&alerts), is("R9", Severity::Medium, Confidence::Low));
    let other = "550 5.7.1 RESOLVER.RST.AuthRequired; authentication required";
    assert_eq!(mail(&[("X-Failed-Recipients", "all@contoso.com"), ("body", other)]), []);
}

/// Scenario: text and tracking rows that quote, another event of tracking, and
/// our own alert that comes back by syslog.
/// Guarantees: R9 by source and refusing host; silence for what is no news.
#[test]
fn quoting_logs_are_read() {
    let line = "(host mail.contoso.com said: 530 5.7.57 SMTP; Client was not authenticated to \
                send anonymous mail during MAIL FROM (in reply to MAIL FROM command))";
    let text = TestEvent::new("text", 0, "", &[("message", line)]);
    assert_eq!(verdict(&run("{}", [text])), is("R9", Severity::Medium, Confidence::Medium));

    let tracked = |event: &str| {
        let fields = [
            ("event-id", event),
            ("server-hostname", "EXCH01.contoso.com"),
            ("sender-address", "user1@contoso.com"),
            ("recipient-address", "kunde@fabrikam.com"),
            ("message-id", "<m1@contoso.com>"),
            (
                "recipient-status",
                "[{LRT=};{LED=451 4.4.397 Error -> 550 5.7.1 Unable to relay};\
                 {FQDN=relay.contoso.com};{IP=10.0.9.9}]",
            ),
        ];
        run("{}", [TestEvent::new("exchange-tracking", 0, "", &fields)])
    };
    let alerts = tracked("FAIL");
    assert_eq!(verdict(&alerts), is("R9", Severity::Medium, Confidence::Medium));
    assert_eq!(alerts[0].entity_value("message_id"), Some("<m1@contoso.com>"));
    assert_eq!(alerts[0].attribute_value("refused_by"), Some("relay.contoso.com"));
    assert_eq!(tracked("DEFER"), []);

    let ours = [("app-name", "logwasp"), ("message", line)];
    assert_eq!(run("{}", [TestEvent::new("syslog", 0, "siem", &ours)]), []);
    let other = "host mail.contoso.com said: 550 5.7.1 Message rejected; access denied";
    assert_eq!(run("{}", [syslog(0, other)]), []);
}
