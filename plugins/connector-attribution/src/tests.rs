//! The worked examples, options, edges and bounds.

use logwasp_sdk::testkit::{Kit, TestEvent, clock, incidents};
use logwasp_sdk::{Alert, Confidence, Severity};

use crate::examples::{SITE, TENANT, accepted, alive, all, custom_data, trace};
use crate::{Config, ConnectorAttribution};

fn run(config: &str, events: Vec<TestEvent>) -> Vec<Alert> {
    Kit::<ConnectorAttribution>::new(config).rows(events).finish()
}

fn site(options: &str) -> String {
    format!(
        r#"{{{options} "site": {{"accepted_domains": ["contoso.com"], "own_tenant_ids": ["{TENANT}"],
            "hybrid": {{"onprem_hosts": ["smtp.contoso.com"]}}}}}}"#
    )
}

fn row(sender: &str, recipient: &str, host: &str, oorg: &str) -> TestEvent {
    let custom =
        custom_data(host, "OnPremises", TENANT).replace("varunagroup.de;", &format!("{oorg};"));
    trace("10:00:00", "<x@y.z>", sender, recipient, &custom)
}

fn rules(alerts: &[Alert]) -> Vec<(String, Severity, Option<String>)> {
    incidents(alerts)
        .into_iter()
        .map(|a| (a.rule.clone(), a.severity, a.attribute_value("also").map(str::to_owned)))
        .collect()
}

/// Scenario: the worked examples.
/// Guarantees: each gives exactly what the specification says.
#[test]
fn worked_examples() {
    for example in all() {
        example.run::<ConnectorAttribution>();
    }
}

/// Scenario: a stranger's mail to us through the hybrid connector.
/// Guarantees: silence by default; low, with its label, when asked for.
#[test]
fn inbound_via_hybrid_is_an_option() {
    let mail = || row("a@fabrikam.com", "user1@contoso.com", "smtp.contoso.com", "contoso.com");
    assert_eq!(run(&site(""), vec![mail()]), []);
    let alerts = run(&site(r#""report_inbound_via_hybrid": true,"#), vec![mail()]);
    assert_eq!(rules(&alerts), [("C1".to_owned(), Severity::Low, None)]);
    assert_eq!(alerts[0].labels, [("inbound_via_hybrid".to_owned(), "true".to_owned())]);
    let to_tenant =
        row("a@fabrikam.com", "u@contoso.mail.onmicrosoft.com", "smtp.contoso.com", "contoso.com");
    assert_eq!(run(&site(""), vec![to_tenant]), []);
}

/// Scenario: organizations that are foreign, fit, or do not fit the host's domain.
/// Guarantees: C4 for what does not fit; an allowed host fits any own organization.
#[test]
fn organizations_must_fit() {
    let judge = |oorg, host| {
        rules(&run(&site(""), vec![row("u@contoso.com", "a@fabrikam.com", host, oorg)]))
    };
    let c4 = [("C4".to_owned(), Severity::Medium, None)];
    assert_eq!(judge("fabrikam.com", "smtp.contoso.com"), c4);
    assert_eq!(judge("contoso.com", "mx.fabrikam.com"), c4);
    assert_eq!(judge("contoso.com", "smtp.contoso.com"), []);
    let both = judge("fabrikam.com", "mx.contoso.com");
    assert_eq!(both, [("C2".to_owned(), Severity::Medium, Some("C4".to_owned()))]);
}

/// Scenario: nothing is known of the site.
/// Guarantees: nothing is called foreign.
#[test]
fn an_unknown_site_is_silent() {
    let mail = row("a@fabrikam.com", "b@example.org", "mx.contoso.com", "contoso.com");
    assert_eq!(run("{}", vec![mail]), []);
}

/// Scenario: header and trace of one message name different tenants, in both orders;
/// then the same tenant.
/// Guarantees: C3 when they disagree.
#[test]
fn header_and_trace_must_agree() {
    let header = |time, tenant: &str| {
        let value = format!("{tenant}:0");
        let fields = [("Message-ID", "<x@y.z>"), ("X-EOPTenantAttributedMessage", value.as_str())];
        TestEvent::new("mail-headers", clock(time), "", &fields)
    };
    let traced = || row("u@contoso.com", "a@fabrikam.com", "smtp.contoso.com", "contoso.com");
    for time in ["09:59:00", "10:01:00"] {
        let alerts = run(&site(""), vec![traced(), header(time, "2222")]);
        assert_eq!(rules(&alerts), [("C3".to_owned(), Severity::High, None)], "{time}");
        assert_eq!(alerts[0].attribute_value("header_tenant"), Some("2222"));
        assert_eq!(run(&site(""), vec![traced(), header(time, TENANT)]), []);
    }
}

/// Scenario: deliveries that wait, with a trace that stops before, at and after the
/// deadline.
/// Guarantees: only a row behind the deadline proves the loss.
#[test]
fn the_trace_must_be_alive() {
    let lost = |time| {
        let sent = accepted("09:00:00", "m1@contoso.com", "a@fabrikam.com");
        rules(&run(&site(""), vec![sent, alive(time, "<o@contoso.com>")])).len()
    };
    assert_eq!((lost("09:29:00"), lost("09:30:00"), lost("09:30:01")), (0, 0, 1));
    let short = run(
        &site(r#""discard_wait": "5m","#),
        vec![
            accepted("09:00:00", "m1@contoso.com", "a@fabrikam.com"),
            alive("09:05:01", "<o@contoso.com>"),
        ],
    );
    assert_eq!(short.len(), 1);
}

/// Scenario: 1 to 5 lost messages to one domain; two messages to two domains.
/// Guarantees: high after five messages or two domains.
#[test]
fn losses_add_up() {
    let severity = |rcpts: &[&str]| {
        let mut events: Vec<_> = rcpts
            .iter()
            .enumerate()
            .map(|(n, rcpt)| {
                accepted("09:00:00", &format!("m{n}@contoso.com"), rcpt).plus_millis(n as i64)
            })
            .collect();
        events.push(alive("09:31:00", "<o@contoso.com>"));
        let alerts = run(&site(""), events);
        let incidents = incidents(&alerts);
        assert_eq!(incidents.len(), 1);
        (incidents[0].severity, incidents[0].count)
    };
    assert_eq!(severity(&["a@fabrikam.com"; 4]), (Severity::Medium, 4));
    assert_eq!(severity(&["a@fabrikam.com"; 5]), (Severity::High, 5));
    assert_eq!(severity(&["a@fabrikam.com", "b@example.org"]), (Severity::High, 2));
}

/// Scenario: the certificate of the lost message was also sent to the own tenant.
/// Guarantees: confidence high, and the text says so.
#[test]
fn one_certificate_on_both_connectors_is_sure() {
    let with_certificate = |mut event: TestEvent| {
        event
            .fields
            .push(("sent_thumbprint".into(), "6185A6B241DE02FCD5DEAA247130D947F912D04F".into()));
        event
    };
    let alerts = run(
        &site(""),
        vec![
            with_certificate(accepted("08:59:00", "own@contoso.com", "user2@contoso.com")),
            with_certificate(accepted("09:00:00", "m1@contoso.com", "a@fabrikam.com")),
            alive("09:31:00", "<o@contoso.com>"),
        ],
    );
    assert_eq!(alerts[0].confidence, Confidence::High);
    assert!(alerts[0].description.contains("The same certificate"));
}

/// Scenario: a gateway's syslog line; a foreign sender; a delivery elsewhere; the
/// first way of the message out of Exchange Online.
/// Guarantees: only own mail to front doors of Exchange Online waits, and only the
/// way in ends the wait.
#[test]
fn deliveries_are_chosen() {
    let line = |message: &str| {
        TestEvent::new("syslog", clock("09:00:00"), "gw01", &[("message", message)])
    };
    let postfix = "4F1: to=<a@fabrikam.com>, relay=fabrikam-com.mail.protection.outlook.com[104.47.8.36]:25, \
        status=sent (250 2.6.0 <m1@contoso.com> [InternalId=1] Queued mail for delivery)";
    let later = || alive("09:31:00", "<o@contoso.com>");
    let found = run(&site(""), vec![line(postfix), later()]);
    assert_eq!(found[0].entity_value("host"), Some("gw01"));
    assert_eq!(
        run(&site(""), vec![line(&postfix.replace("<m1@contoso.com>", "<m1@a.example>")), later()]),
        []
    );
    assert_eq!(
        run(&site(""), vec![line(&postfix.replace("protection.outlook", "fabrikam")), later()]),
        []
    );
    let first_way = alive("08:59:58", "<m1@contoso.com>");
    assert_eq!(run(&site(""), vec![first_way, line(postfix), later()]).len(), 1);
}

/// Scenario: a late row of C1, alone and with an open incident; the row that ends a
/// wait comes late.
/// Guarantees: no alert out of late rows; evidence, and an end of the wait.
#[test]
fn late_rows_only_add() {
    let first = || row("a@fabrikam.com", "b@example.org", "smtp.contoso.com", "contoso.com");
    let mut early = first();
    early.time -= 1;
    assert_eq!(run(&site(""), vec![early.clone().late()]), []);
    let alerts = run(&site(""), vec![first(), early.late()]);
    assert_eq!(incidents(&alerts)[0].count, 2);
    let events = vec![
        accepted("09:00:00", "m1@contoso.com", "a@fabrikam.com"),
        alive("09:29:00", "<o@contoso.com>"),
        trace("09:01:00", "<m1@contoso.com>", "user1@contoso.com", "a@fabrikam.com", "").late(),
        alive("09:31:00", "<p@contoso.com>"),
    ];
    assert_eq!(run(&site(""), events), []);
}

/// Scenario: a row a minute for seven hours.
/// Guarantees: two incidents, updates of the first every five minutes, its close.
#[test]
fn a_cooldown_holds_an_incident_together() {
    let events = (0..420).map(|minute| {
        let mut event = row("a@fabrikam.com", "b@example.org", "smtp.contoso.com", "contoso.com");
        event.time += minute * 60_000_000_000;
        event
    });
    let alerts = run(&site(""), events.collect());
    assert_eq!(incidents(&alerts).len(), 2);
    let first = incidents(&alerts)[0];
    assert_eq!((first.activity, first.count), (logwasp_sdk::Activity::Close, 360));
    assert!(alerts.len() < 90);
}

/// Scenario: slow trouble, and fifty thousand messages of others, with little memory.
/// Guarantees: what is remembered stays within `state_bytes_max`; nothing slow is lost.
#[test]
fn floods_are_bounded() {
    crate::flood::flood().run::<ConnectorAttribution>(1_000_000, 50_000);
}

/// Scenario: options that make no sense; cells that are empty or garbage.
/// Guarantees: refused with a text; no panic.
#[test]
fn nonsense_is_refused_or_passed_over() {
    assert!(
        Config { discard_wait: logwasp_sdk::Duration::seconds(0), ..Config::default() }
            .check()
            .is_err()
    );
    for garbage in ["", "-", ";;;", "S:InboundConnectorData=;S:Oorg=é", "<>", "@", "\u{0}"] {
        let fields =
            ["message-id", "recipient-address", "sender-address", "custom-data", "tenant-id"]
                .map(|name| (name, garbage));
        let mut all =
            vec![("event-id", "RECEIVE"), ("source", "SMTP"), ("client-hostname", garbage)];
        all.extend(fields);
        run(SITE, vec![TestEvent::new("exchange-tracking", 1, garbage, &all)]);
    }
}
