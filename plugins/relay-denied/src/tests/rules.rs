//! Which rule fires, at which threshold, with which confidence.

use super::*;

/// Scenario: the same refusals by peers of every class.
/// Guarantees: R1, R2, R3, R7 by the class and the reply; a stranger is silence.
#[test]
fn the_peer_decides_the_rule() {
    let site = r#"{"site": {"exchange_hosts": ["EXCH02=10.0.0.26"]}}"#;
    let one = |ip: &str, reply: &str| {
        run(site, [session(0, &[("ip", ip), ("rcpts", "a@fabrikam.com"), ("reply", reply)])])
    };
    for reply in [RELAY, NOT_AUTHENTICATED, "530 5.7.1 Client was not authenticated"] {
        let alerts = one("40.107.110.98", reply);
        assert_eq!(verdict(&alerts), is("R1", Severity::High, Confidence::High));
        let alerts = one("10.0.0.26", reply);
        assert_eq!(verdict(&alerts), is("R2", Severity::High, Confidence::High));
        assert_eq!(one("198.51.100.77", reply), []);
    }
    assert_eq!(verdict(&one("10.1.9.7", RELAY)), is("R3", Severity::Medium, Confidence::High));
    let alerts = one("10.1.9.7", NOT_AUTHENTICATED);
    assert_eq!(verdict(&alerts), is("R7", Severity::Low, Confidence::High));
    assert!(alerts[0].title.contains("10.1.9.7"));
}

/// Scenario: Exchange Online by its EHLO name alone, later by its certificate.
/// Guarantees: low confidence at first, an update at once when it is sure.
#[test]
fn an_ehlo_name_alone_is_a_guess() {
    let peer = [
        ("ip", "198.51.100.9"),
        ("ehlo", "x.outbound.protection.outlook.com"),
        ("reply", RELAY),
        ("tls_subject", "CN=mail.protection.outlook.com, O=Microsoft Corporation"),
    ];
    let alerts = run("{}", [session(0, &peer[..3]), session(10, &peer)]);
    assert_eq!(alerts[0].confidence, Confidence::Low);
    assert_eq!(told(&alerts), [(Activity::Create, 0, 1), (Activity::Update, 10, 2)]);
    assert_eq!(verdict(&alerts), is("R1", Severity::High, Confidence::High));
}

/// Scenario: an Exchange server known only from its own logs is refused by
/// another; both write it down, and a coverage row names a third.
/// Guarantees: learned addresses count as own servers; both sides are one
/// incident.
#[test]
fn exchange_servers_are_learned() {
    let ours = [
        session(
            0,
            &[
                ("ip", "203.0.113.1"),
                ("server", "EXCH02"),
                ("local_ip", "10.0.0.26"),
                ("reply", RELAY),
            ],
        ),
        session(10, &[("ip", "10.0.0.26"), ("reply", RELAY)]),
        session(
            11,
            &[
                ("direction", "send"),
                ("event", "<"),
                ("server", "10.0.0.26"),
                ("local_ip", "10.0.0.26"),
                ("ip", "10.0.0.25"),
                ("connector", "Intra-Organization SMTP Send Connector"),
                ("reply", RELAY),
            ],
        ),
    ];
    let alerts = run("{}", ours);
    assert_eq!(verdict(&alerts), is("R2", Severity::High, Confidence::High));
    assert_eq!(incidents(&alerts)[0].count, 2);
    assert_eq!(alerts[0].entity_value("host"), Some("exch01"));
    assert_eq!(alerts[0].entity_value("src_ip"), Some("10.0.0.26"));
    let coverage = TestEvent::new("coverage", 0, "10.0.0.27", &[("exchange", "true")]);
    let alerts = run("{}", [coverage, refused(1, "10.0.0.27", "a@fabrikam.com")]);
    assert_eq!(verdict(&alerts).0, "R2");
    // A loopback address is every host's.
    let own = session(0, &[("ip", "203.0.113.1"), ("local_ip", "127.0.0.1"), ("reply", RELAY)]);
    let alerts = run("{}", [own, refused(1, "127.0.0.1", "a@fabrikam.com")]);
    assert_eq!(verdict(&alerts).0, "R3");
}

/// Scenario: an internal host is refused n-1 and n times, within and beyond the
/// window, and 50 times.
/// Guarantees: `internal_min`, `window` and the rise to high at their edges; R7
/// does not depend on them.
#[test]
fn internal_thresholds() {
    let config = r#"{"internal_min": 3, "window": "1m"}"#;
    let at = |seconds: &[i64]| -> Vec<TestEvent> {
        seconds.iter().map(|&s| refused(s, "10.1.9.7", "a@fabrikam.com")).collect()
    };
    assert_eq!(run(config, at(&[0, 10])), []);
    assert_eq!(run(config, at(&[0, 10, 61])), []);
    let alerts = run(config, at(&[0, 10, 60]));
    assert_eq!((alerts[0].count, alerts[0].first_seen, alerts.len()), (3, 0, 1));
    assert_eq!(alerts[0].evidence.len(), 3);
    let unauthenticated = session(0, &[("ip", "10.1.9.7"), ("reply", NOT_AUTHENTICATED)]);
    assert_eq!(verdict(&run(config, [unauthenticated])).0, "R7");

    let every_12_s: Vec<i64> = (0..49).map(|n| n * 12).collect();
    let alerts = run("{}", at(&every_12_s));
    assert_eq!(verdict(&alerts).1, Severity::Medium);
    let alerts = run("{}", at(&[every_12_s.clone(), vec![600]].concat()));
    assert_eq!(verdict(&alerts).1, Severity::High);
    assert_eq!(alerts.last().map(|alert| (alert.time, alert.count)), Some((10 * MINUTE, 50)));
    let alerts = run("{}", at(&[every_12_s, vec![601]].concat()));
    assert_eq!(verdict(&alerts).1, Severity::Medium);
}

/// Scenario: an internal host meets two connectors.
/// Guarantees: one incident each.
#[test]
fn internal_incidents_are_per_connector() {
    let other = session(
        1,
        &[("ip", "10.1.9.7"), ("connector", "Client Frontend EXCH01"), ("reply", RELAY)],
    );
    let alerts = run("{}", [refused(0, "10.1.9.7", "a@fabrikam.com"), other]);
    assert_eq!(incidents(&alerts).len(), 2);
}

/// Scenario: a stranger is refused n-1 and n times, and by few refusals of
/// several domains, one of them of a session that names three at once; one more
/// came long before.
/// Guarantees: `probe_min`, three domains, `window`; one refusal counts for one
/// domain; the old one tells nothing.
#[test]
fn probing_thresholds() {
    let at = |seconds: &[i64]| -> Vec<TestEvent> {
        seconds.iter().map(|&s| refused(s, "198.51.100.77", "a@fabrikam.com")).collect()
    };
    assert_eq!(run("{}", at(&[0, 1, 2, 3])), []);
    assert_eq!(run("{}", at(&[0, 1, 2, 3, 601])), []);
    let alerts = run("{}", at(&[0, 1, 2, 3, 600]));
    assert_eq!(verdict(&alerts), is("R4", Severity::Low, Confidence::Medium));
    let mut with_an_old_one = at(&[601, 602, 603, 604, 605]);
    with_an_old_one.push(refused(0, "198.51.100.77", "old@example.org"));
    let alerts = run("{}", with_an_old_one);
    assert_eq!((alerts[0].count, alerts[0].first_seen), (5, 601 * SECOND));
    assert_eq!(alerts[0].attribute_value("recipient"), Some("a@fabrikam.com"));
    assert_eq!(run(r#"{"probe_min": 6}"#, at(&[0, 1, 2, 3, 600])), []);
    assert_eq!(run(r#"{"probe_min": 2}"#, at(&[0, 1])).len(), 1);

    let domains = |names: &[&str]| -> Vec<TestEvent> {
        let rcpt = |n: &&str| refused(0, "198.51.100.77", &format!("a@{n}"));
        names.iter().map(rcpt).collect()
    };
    assert_eq!(run("{}", domains(&["a.example", "B.example", "b.EXAMPLE"])), []);
    let alerts = run("{}", domains(&["a.example", "b.example", "c.example"]));
    assert_eq!(alerts[0].attribute_value("recipient_domains"), Some("3"));
    let three = |second| {
        let rcpts = ["a@a.example", "a@b.example", "a@c.example"].map(|rcpt| ("rcpts", rcpt));
        let rest = [("ip", "198.51.100.77"), ("reply", RELAY)];
        session(second, &[rcpts.as_slice(), &rest].concat())
    };
    assert_eq!(run("{}", [three(0), three(1)]), []);
    assert_eq!(run("{}", [three(0), three(1), three(2)]).len(), 1);
}

/// Scenario: a stranger reaches a foreign recipient in a session with a refusal,
/// with accepted domains configured and not, authenticated, and with an own
/// recipient.
/// Guarantees: critical at once where it is an open relay, silence elsewhere.
#[test]
fn an_accepted_foreign_recipient_is_a_possible_open_relay() {
    let accepted = |rcpt: &str, user: &str| {
        session(
            0,
            &[
                ("ip", "198.51.100.77"),
                ("mail_from", "spam@example.net"),
                ("rcpts", rcpt),
                ("rcpts", "b@example.org"),
                ("accepted_rcpts", rcpt),
                ("auth_user", user),
                ("reply", RELAY),
            ],
        )
    };
    let alerts = run(OWN_DOMAINS, [accepted("a@fabrikam.com", "")]);
    assert_eq!(verdict(&alerts), is("R4", Severity::Critical, Confidence::Medium));
    let alert = &alerts[0];
    assert!(alert.title.starts_with("Possible open relay"), "{}", alert.title);
    assert_eq!(alert.labels, [("T1672".to_owned(), "email spoofing".to_owned())]);
    assert_eq!(alert.attack, ["T1595"]);
    assert_eq!(alert.attribute_value("accepted_recipient"), Some("a@fabrikam.com"));
    assert_eq!(alert.attribute_value("recipient"), Some("b@example.org"));
    assert_eq!(run("{}", [accepted("a@fabrikam.com", "")]), []);
    assert_eq!(run(OWN_DOMAINS, [accepted("a@contoso.com", "")]), []);
    assert_eq!(run(OWN_DOMAINS, [accepted("a@fabrikam.com", "CONTOSO\\user1")]), []);
}

/// Scenario: probing turns into an open relay.
/// Guarantees: the open incident rises to critical at once, with a new title.
#[test]
fn probing_that_succeeds_raises_its_incident() {
    let mut events: Vec<_> =
        (0..5).map(|s| refused(s, "198.51.100.77", "a@fabrikam.com")).collect();
    let rcpt = "b@fabrikam.com";
    let extra = [("ip", "198.51.100.77"), ("accepted_rcpts", rcpt), ("reply", RELAY)];
    events.push(session(20, &extra));
    let alerts = run(OWN_DOMAINS, events);
    assert_eq!(told(&alerts), [(Activity::Create, 4, 5), (Activity::Update, 20, 6)]);
    assert_eq!(alerts[1].severity, Severity::Critical);
    assert!(alerts[0].title.starts_with("Open-relay") && alerts[1].title.starts_with("Possible"));
}

/// Scenario: 49 and 50 distinct unknown recipients, with `include_d6` on and off,
/// repeated ones, and beyond the window.
/// Guarantees: R8 at its threshold and only on request.
#[test]
fn harvesting_thresholds() {
    let on = r#"{"include_d6": true}"#;
    let unknown = |n: i64, second: i64| {
        let rcpt = format!("u{n}@contoso.com");
        session(second, &[("ip", "198.51.100.77"), ("rcpts", &rcpt), ("reply", UNKNOWN)])
    };
    let many = |n: i64| (0..n).map(move |n| unknown(n, n));
    assert_eq!(run(on, many(49).chain(many(49))), []);
    let alerts = run(on, many(50));
    assert_eq!(verdict(&alerts), is("R8", Severity::Low, Confidence::Medium));
    assert_eq!(alerts[0].title, "Directory harvest from 198.51.100.77: 50 unknown recipients");
    assert_eq!(alerts[0].attribute_value("recipients"), Some("50"));
    assert_eq!(run("{}", many(50)), []);
    assert_eq!(run(on, many(49).chain([unknown(50, 601)])), []);
}

/// Scenario: refusals in the wrong kind of log, in the wrong direction, or of
/// another meaning.
/// Guarantees: silence.
#[test]
fn the_direction_counts() {
    let attribution = "550 5.7.64 TenantAttribution; Relay Access Denied SMTP";
    let banned = "550 5.7.606 Access denied, banned sending IP [203.0.113.9]";
    let sent = [("direction", "send"), ("event", "<"), ("ip", "10.9.9.9")];
    for fields in [
        vec![("ip", "10.1.9.7"), ("reply", attribution)],
        vec![("ip", "10.1.9.7"), ("reply", banned)],
        vec![("ip", "10.1.9.7"), ("event", "<"), ("reply", RELAY)],
        vec![("ip", "10.1.9.7"), ("direction", "send"), ("event", ">"), ("reply", RELAY)],
        vec![("ip", "10.1.9.7"), ("direction", "sideways"), ("reply", RELAY)],
        vec![("ip", "nonsense"), ("reply", RELAY)],
        [sent.as_slice(), &[("reply", UNKNOWN)]].concat(),
    ] {
        assert_eq!(run(r#"{"include_d6": true}"#, [session(0, &fields)]), [], "{fields:?}");
    }
}

/// Scenario: R1 before, within and after the hour of a new connector.
/// Guarantees: the label, the command, and neither outside the hour or for R3.
#[test]
fn a_fresh_change_is_named() {
    let change = |second| {
        let fields = [("Data", "New-ReceiveConnector"), ("Data", "-Name 'Relay'")];
        let event = TestEvent::new("windows-event", second, "EXCH01", &fields)
            .provider("MSExchange CmdletLogs")
            .channel("MSExchange Management");
        TestEvent { event_id: 1, ..event }
    };
    let eop = |second| refused(second, "40.107.110.98", "a@fabrikam.com");
    let alerts = run("{}", [change(0), eop(3_600)]);
    assert_eq!(alerts[0].labels, [("change_related".to_owned(), "true".to_owned())]);
    assert_eq!(alerts[0].attribute_value("change"), Some("New-ReceiveConnector"));
    assert!(run("{}", [change(0), eop(3_601)])[0].labels.is_empty());
    assert!(run("{}", [eop(0), change(1)])[0].labels.is_empty());
    let failed = TestEvent { event_id: 6, ..change(0) };
    assert!(run("{}", [failed, eop(1)])[0].labels.is_empty());
    let internal = refused(1, "10.1.9.7", "a@fabrikam.com");
    assert!(run("{}", [change(0), internal])[0].labels.is_empty());
    let rendered = TestEvent {
        fields: vec![("Message".into(), "Cmdlet suceeded. Update-HybridConfiguration".into())],
        ..change(0)
    };
    assert_eq!(run("{}", [rendered, eop(1)])[0].labels.len(), 1);
}

/// Scenario: a stranger that is refused four times; then once more.
/// Guarantees: refusals and domains are told with their thresholds, and when it is
/// enough.
#[test]
fn silence_is_explained() {
    let explain = |count: i64| {
        let events = (0..count).map(|n| refused(n, "198.51.100.77", "a@fabrikam.com"));
        Kit::<RelayDenied>::new(OWN_DOMAINS).rows(events).explain()
    };
    let silent = "4 of 5 refusals, 1 of 3 recipient domains within 10m, silent";
    let four = explain(4);
    assert!(four.last().is_some_and(|last| last.ends_with(silent)), "{four:#?}");
    let enough = "5 of 5 refusals, 1 of 3 recipient domains within 10m, enough";
    let five = explain(5);
    assert!(five.iter().any(|line| line.ends_with(enough)), "{five:#?}");
    assert!(five.last().is_some_and(|last| last.contains("alert (create, low, ")), "{five:#?}");
}
