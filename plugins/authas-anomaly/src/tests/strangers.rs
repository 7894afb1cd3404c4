//! A2 and A3.

use logwasp_sdk::testkit::{Kit, TestEvent, incidents};
use logwasp_sdk::{Alert, Confidence, Severity};

use super::{check_limits, run, told};
use crate::AuthAsAnomaly;
use crate::examples::{EXCHANGE_STAMP, GOOD, hybrid_block, inbound_block, mail_event};

const INTERNAL: &str = "X-MS-Exchange-Organization-AuthAs: Internal\r\n";

fn inbound(ip: &str, brought: &str, stamped: &str) -> Vec<Alert> {
    run([mail_event(0, &inbound_block(ip, "ceo@contoso.com", brought, stamped))])
}

fn vouched_by(source: &str) -> String {
    format!("{INTERNAL}X-MS-Exchange-Organization-AuthSource: {source}\r\n")
}

/// Scenario: internal mail vouched for by all kinds of servers, from inside and from
/// the Internet.
/// Guarantees: a stranger's server always; what may be ours only from the Internet.
#[test]
fn the_source_decides_with_the_address() {
    let a2 = vec![("A2", Severity::High)];
    for (source, from_inside, from_internet) in [
        ("EXCH01.contoso.com", false, true),
        ("exchange2013", false, true),
        ("exch07.contoso.com", false, true),
        ("exch07", false, true),
        ("AM0PR01MB0001.eurprd01.prod.outlook.com", false, true),
        ("mx.fabrikam.com", true, true),
    ] {
        let of = |expected: bool| if expected { a2.clone() } else { Vec::new() };
        assert_eq!(
            told(&inbound("10.0.0.9", "", &vouched_by(source))),
            of(from_inside),
            "{source}"
        );
        assert_eq!(
            told(&inbound("198.51.100.9", "", &vouched_by(source))),
            of(from_internet),
            "{source}"
        );
        assert_eq!(
            told(&inbound("40.107.1.1", "", &vouched_by(source))),
            of(from_inside),
            "{source}"
        );
    }
    assert_eq!(inbound("10.0.0.9", "", INTERNAL), []);
}

/// Scenario: our own server vouches for a stranger (externally secured), a stranger's
/// server vouches, nobody is known for the address.
/// Guarantees: how sure it is, and whether it was an injection as well.
#[test]
fn the_verdict_says_why() {
    let own = &inbound("198.51.100.9", "", &vouched_by("EXCH01"))[0];
    assert_eq!(own.confidence, Confidence::Medium);
    assert_eq!(own.attribute_value("foreign"), Some("address"));
    assert_eq!(own.attribute_value("also"), None);
    let foreign = &inbound("198.51.100.9", "", &vouched_by("mx.fabrikam.com"))[0];
    assert_eq!(
        (foreign.confidence, foreign.attribute_value("also")),
        (Confidence::High, Some("A3"))
    );
    let inside = &inbound("10.0.0.9", "", &vouched_by("mx.fabrikam.com"))[0];
    assert_eq!(inside.confidence, Confidence::Medium);
    assert_eq!(inside.entity_value("src_ip"), None);
}

/// Scenario: servers of Exchange Online vouch; the tenant is ours, another's, unknown.
/// Guarantees: only another tenant's id makes them strangers.
#[test]
fn the_tenant_decides_for_exchange_online() {
    let of = |tenant: &str| {
        let stamp = vouched_by("AM0PR01MB0001.eurprd01.prod.outlook.com");
        inbound("10.0.0.9", "", &format!("{stamp}{tenant}"))
    };
    let id = |id: &str| format!("X-MS-Exchange-CrossTenant-Id: {id}\r\n");
    assert_eq!(of(""), []);
    assert_eq!(of(&id("11111111-2222-3333-4444-555555555555")), []);
    let alerts = of(&id("99999999-2222-3333-4444-555555555555"));
    assert_eq!(told(&alerts), [("A2", Severity::High)]);
}

/// Scenario: a phone that authenticated, and the hybrid in its good state with an
/// unlisted server behind.
/// Guarantees: silence.
#[test]
fn what_is_vouched_for_is_silent() {
    let phone = inbound_block("198.51.100.9", "user1@contoso.com", "", &vouched_by("EXCH01"))
        .replace("with Microsoft\r\n SMTP Server", "with ESMTPSA");
    assert_eq!(run([mail_event(0, &phone)]), []);
    let unlisted = GOOD.replace("Exchange2013.domain.local", "mbx7.branch.local");
    let block = hybrid_block("clint@contoso.com", "m1@contoso.com", &unlisted);
    assert_eq!(run([mail_event(0, &block)]), []);
    let unattributed = unlisted.replace("Originating", "Incoming");
    let block = hybrid_block("clint@contoso.com", "m1@contoso.com", &unattributed);
    assert_eq!(told(&run([mail_event(0, &block)])), [("A2", Severity::High)]);
}

/// Scenario: a site of which nothing is known: good hybrid mail, internal mail, a
/// stranger's, an ordinary one.
/// Guarantees: only what an address of the Internet gives away.
#[test]
fn an_unknown_site_is_judged_with_care() {
    let run = |block: &str| {
        let mut kit = Kit::<AuthAsAnomaly>::new("{}");
        kit.row(mail_event(0, block));
        kit.finish()
    };
    assert_eq!(run(&hybrid_block("clint@contoso.com", "m1@contoso.com", GOOD)), []);
    assert_eq!(run(&inbound_block("10.0.0.9", "a@contoso.com", "", &vouched_by("mbx"))), []);
    assert_eq!(run(&inbound_block("198.51.100.9", "a@fabrikam.com", "", EXCHANGE_STAMP)), []);
    let foreign =
        inbound_block("198.51.100.9", "a@b.example", "", &vouched_by("mail.evil.example"));
    assert_eq!(told(&run(&foreign)), [("A2", Severity::High)]);
}

/// Scenario: headers amid what the sender wrote: by a stranger, by our own server
/// before Exchange Online gave the message back, above the line of the entry, at a
/// server that is not ours; and the last headers, as Exchange and others write them.
/// Guarantees: only what a stranger brought is an injection.
#[test]
fn the_place_gives_injections_away() {
    let scl = "X-MS-Exchange-Organization-SCL: -1\r\n";
    let a3 = [("A3", Severity::High)];
    let stranger = "198.51.100.9";
    assert_eq!(told(&inbound(stranger, scl, EXCHANGE_STAMP)), a3);
    assert_eq!(told(&inbound(stranger, "", scl)), a3);
    assert_eq!(told(&inbound(stranger, "", EXCHANGE_STAMP)), []);
    assert_eq!(told(&inbound(stranger, "", "X-MS-Exchange-Organization-SCL: 6\r\n")), []);
    assert_eq!(told(&inbound("40.107.1.1", &vouched_by("EXCH01"), EXCHANGE_STAMP)), []);
    let block = inbound_block(stranger, "a@fabrikam.com", "", "");
    let above = format!("X-MS-Exchange-Organization-AuthAs: External\r\n{block}");
    assert_eq!(run([mail_event(0, &above)]), []);
    let elsewhere = inbound_block(stranger, "a@fabrikam.com", scl, EXCHANGE_STAMP)
        .replace("EXCH01.contoso.com (", "mx.fabrikam.com (");
    assert_eq!(run([mail_event(0, &elsewhere)]), []);
}

/// Scenario: a stranger forges the whole good state, and our own server's name, and
/// older lines of our servers.
/// Guarantees: an injection all the same.
#[test]
fn a_forged_good_state_is_an_injection() {
    let forged = format!(
        "Received: from EXCH01 (10.0.0.25) by EXCH01.contoso.com (10.0.0.25) with mapi; d\r\n\
         X-EOPAttributedMessage: 0\r\n{}",
        GOOD.replace("Exchange2013.domain.local", "EXCH01.contoso.com")
    );
    let block = inbound_block("198.51.100.9", "ceo@contoso.com", &forged, EXCHANGE_STAMP)
        .replace("from mail.evil.example", "from EXCH01.contoso.com");
    let alerts = run([mail_event(0, &block)]);
    assert_eq!(told(&alerts), [("A3", Severity::High)]);
    let headers = alerts[0].attribute_value("headers").unwrap_or_default();
    assert!(headers.contains("-authas") && headers.contains("-scl"), "{headers}");
}

fn log_line(kind: &str, host: &str, line: &str) -> TestEvent {
    TestEvent::new(kind, 0, host, &[("message", line)])
}

/// Scenario: a gateway quotes headers of a stranger, of our server, with a harmless
/// value, of an authenticated client, without any client.
/// Guarantees: only the stranger's is told.
#[test]
fn gateway_logs_are_read() {
    let quoted =
        |value: &str, rest: &str| format!("x-ms-exchange-organization-AuthAs: {value} {rest}");
    let stranger = "from mx.evil.example[198.51.100.9]; from=<ceo@contoso.com>";
    for kind in ["syslog", "text"] {
        let alerts = run([log_line(kind, "gw01", &quoted("Internal", stranger))]);
        assert_eq!(told(&alerts), [("A3", Severity::High)]);
        assert_eq!(alerts[0].entity_value("src_ip"), Some("198.51.100.9"));
        for line in [
            quoted("Anonymous", stranger),
            quoted("Internal", "from exch01[10.0.0.25]; from=<a@contoso.com>"),
            quoted("Internal", &format!("{stranger} sasl_username=user1")),
            quoted("Internal", ""),
        ] {
            assert_eq!(run([log_line(kind, "gw01", &line)]), [], "{line}");
        }
    }
    let joined = "AuthDump X-MS-Exchange-Organization-AuthAs: Internal; \
        X-MS-Exchange-Organization-AuthSource: mail.evil.example; client-ip=198.51.100.9; \
        From: ceo@contoso.com";
    let alerts = run([log_line("text", "gw01", joined)]);
    assert_eq!(told(&alerts), [("A2", Severity::High)]);
}

/// Scenario: many strangers at one open door; one stranger with many names.
/// Guarantees: one case each, with the first few of what varies.
#[test]
fn what_belongs_together_is_one_case() {
    let door = (1..=50).map(|n| {
        let block =
            inbound_block(&format!("198.51.100.{n}"), "a@b.example", "", &vouched_by("EXCH01"));
        mail_event(n, &block)
    });
    let alerts = run(door);
    let cases = incidents(&alerts);
    assert_eq!((cases.len(), cases[0].count, cases[0].evidence.len()), (1, 50, 20));
    assert_eq!(cases[0].entities.iter().filter(|(name, _)| name == "src_ip").count(), 8);
    let names = (1..=50).map(|n| {
        let source = vouched_by(&format!("mx{n}.evil.example"));
        mail_event(n, &inbound_block("198.51.100.9", "a@b.example", "", &source))
    });
    assert_eq!(incidents(&run(names)).len(), 1);
}

/// Scenario: huge and hostile values in every header.
/// Guarantees: alerts within the host's limits, no panic.
#[test]
fn hostile_values_are_bounded() {
    let long = "é€𝄞\"'(;[".repeat(2_000);
    let stamp = format!(
        "{}X-MS-Exchange-Organization-{long}: {long}\r\nX-OriginatorOrg: {long}\r\n\
         X-MS-Exchange-CrossTenant-Id: {long}\r\nX-EOPAttributedMessage: {long}\r\n",
        vouched_by(&format!("{long}.evil.example"))
    );
    for ip in ["198.51.100.9", "10.0.0.9"] {
        let sender = format!("{long}@{long}");
        let block = inbound_block(ip, &sender, &stamp, &stamp).replace("m1@evil", &long);
        let alerts = run([mail_event(0, &block)]);
        alerts.iter().for_each(check_limits);
    }
    for text in [long.as_str(), "", "\u{0}", ":"] {
        run([mail_event(0, &format!("Received: {text}\r\n{text}: {text}\r\n"))]);
        let line = format!("{text} X-MS-Exchange-Organization-AuthAs: {text}");
        run([log_line("syslog", text, &line)]);
        let fields = [
            ("source", "SMTP"),
            ("event-id", "RECEIVE"),
            ("message-info", text),
            ("sender-address", text),
            ("custom-data", &format!("S:FromEntity={text};S:ProxiedClientIPAddress={text}")),
        ];
        run([TestEvent::new("exchange-tracking", 0, text, &fields)]);
    }
}
