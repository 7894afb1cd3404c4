//! The worked examples of the specification, for the native tests and the host's.

use logwasp_sdk::testkit::{Example, TestEvent, clock, incidents, windows};
use logwasp_sdk::time::DAY;
use logwasp_sdk::{Activity, Alert, Confidence, Severity};

/// The site of the examples.
pub(crate) const SITE: &str =
    r#"{"site": {"exchange_hosts": ["HUB01=10.0.0.25", "MBX01=10.0.0.26", "EXCH01"]}}"#;

/// A failed Kerberos logon over the network without a user.
pub(crate) fn failure(second: i64, host: &str) -> TestEvent {
    let fields = [
        ("SubjectUserSid", "S-1-0-0"),
        ("SubjectLogonId", "0x0"),
        ("TargetUserSid", "S-1-0-0"),
        ("TargetUserName", ""),
        ("Status", "0xc000006d"),
        ("SubStatus", "0x80090322"),
        ("LogonType", "3"),
        ("LogonProcessName", "Kerberos"),
        ("AuthenticationPackageName", "Kerberos"),
        ("Message", "An account failed to log on. The error was: invalid key"),
    ];
    windows(second, host, 4625, &fields)
}

/// A client was told KRB_AP_ERR_MODIFIED.
pub(crate) fn modified(second: i64, client: &str, server: &str) -> TestEvent {
    let text = format!(
        "The Kerberos client received a KRB_AP_ERR_MODIFIED error from the server {server}. The \
         target name used was SMTPSVC/{server}."
    );
    let fields = [("Server", server), ("Message", text.as_str())];
    let event =
        TestEvent { event_id: 4, ..TestEvent::new("windows-event", second, client, &fields) };
    event.provider("Microsoft-Windows-Security-Kerberos").channel("System")
}

/// A service ticket.
pub(crate) fn ticket(second: i64, service: &str, etype: &str, client: &str) -> TestEvent {
    let fields = [
        ("TargetUserName", "user1@CONTOSO.COM"),
        ("ServiceName", service),
        ("TicketEncryptionType", etype),
        ("IpAddress", client),
        ("Status", "0x0"),
    ];
    windows(second, "DC01", 4769, &fields)
}

/// The KDC has no key of the requested type.
pub(crate) fn kdc(second: i64, id: u32) -> TestEvent {
    let text = "While processing a TGS request for the target server HTTP/exch01.contoso.com, the \
        account did not have a suitable key for generating a Kerberos ticket (the missing key has \
        an ID of 8). The requested etypes were 18. The accounts available etypes were 23 -133 -128 \
        3 1.";
    let event = TestEvent::new("windows-event", second, "DC2003", &[("Message", text)]);
    TestEvent { event_id: id, ..event }.provider("KDC").channel("System")
}

/// `454 4.7.0` in a send log.
pub(crate) fn refused(second: i64) -> TestEvent {
    let fields = [
        ("direction", "send"),
        ("event", "<"),
        ("server", "10.0.0.26"),
        ("connector", "Intra-Organization SMTP Send Connector"),
        ("local_ip", "10.0.0.26"),
        ("ip", "10.0.0.25"),
        ("reply", "454 4.7.0 Temporary authentication failure"),
    ];
    TestEvent::new("exchange-smtp-session", second, "10.0.0.26", &fields)
}

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

/// Every example of the section.
pub fn all() -> Vec<Example> {
    let mut all = vec![broken_ticket(), quoted(), weak_ticket(), negotiation(), refusals()];
    all.extend(silences());
    all
}

fn broken_ticket() -> Example {
    let at = clock("10:00:00");
    let events = vec![failure(at, "HUB01"), modified(at + 2, "MBX01", "hub01$")];
    example("5.1 broken ticket with a companion", events, |alerts| {
        let alert = only(alerts);
        assert_eq!(verdict(alert), ("K1", Severity::High, Confidence::High, 1));
        assert_eq!(alert.title, "Kerberos service ticket cannot be decrypted on HUB01");
        assert_eq!(alert.entity_value("host"), Some("hub01"));
        assert_eq!(alert.attribute_value("companions"), Some("KRB_AP_ERR_MODIFIED"));
        assert!(alert.remediation.contains("klist purge -li 0x3e7"));
        assert!(alert.attack.is_empty() && alert.labels.is_empty());
        assert_eq!(alert.evidence.len(), 2);
    })
}

fn quoted() -> Example {
    let line = "Audit Failure, Event ID 4265, HUB01: Kerberos, Security ID: NULL SID, invalid key";
    let events = (0..3)
        .map(|n| {
            let second = clock("10:00:00") + 60 * n;
            TestEvent::new("text", second, "", &[("message", line)])
        })
        .collect();
    example("5.2 three lines of text", events, |alerts| {
        let alert = only(alerts);
        assert_eq!(verdict(alert), ("K1", Severity::Medium, Confidence::Medium, 3));
        assert_eq!(alert.entity_value("host"), Some("hub01"));
    })
}

fn weak_ticket() -> Example {
    let mut events: Vec<TestEvent> =
        (0..5).map(|n| ticket(86_400 + 600 * n, "EXCH01$", "0x17", "::ffff:10.0.0.26")).collect();
    events.push(ticket(0, "EXCH01$", "0x12", "::ffff:10.0.0.31"));
    example("5.3 RC4 where AES was seen", events, |alerts| {
        let alert = only(alerts);
        assert_eq!(verdict(alert), ("K2", Severity::Medium, Confidence::Medium, 5));
        assert_eq!(alert.first_seen, DAY);
        assert_eq!(alert.entity_value("host"), Some("exch01"));
        assert_eq!(alert.attribute_value("encryption_type"), Some("0x17"));
        assert!(alert.attack.is_empty());
        assert_eq!(alerts.len(), 2, "the create and the day's sum");
    })
}

fn negotiation() -> Example {
    let events = (0..40).map(|n| kdc(90 * n, 27)).collect();
    example("5.4 an old DC", events, |alerts| {
        let alert = only(alerts);
        assert_eq!(verdict(alert), ("K3", Severity::Info, Confidence::High, 40));
        assert!(alert.noise);
        assert_eq!(alert.entity_value("host"), Some("dc2003"));
        assert_eq!(alert.attribute_value("requested_etypes"), Some("18"));
        assert_eq!(alert.attribute_value("available_etypes"), Some("23 -133 -128 3 1"));
        assert!(alert.remediation.contains("Do not silence this with DefaultEncryptionType"));
    })
}

fn refusals() -> Example {
    let events = (0..4).map(|n| refused(clock("10:00:00") + 60 * n)).collect();
    example("5.5 refusals between own servers", events, |alerts| {
        let alert = only(alerts);
        assert_eq!(verdict(alert), ("K5", Severity::High, Confidence::High, 4));
        assert_eq!(
            alert.title,
            "Exchange servers cannot authenticate to each other: MBX01 to HUB01"
        );
        assert_eq!(alert.entity_value("host"), Some("mbx01"));
    })
}

fn silences() -> Vec<Example> {
    let bad_password = [
        ("TargetUserSid", "S-1-0-0"),
        ("TargetUserName", "user1"),
        ("Status", "0xc000006d"),
        ("SubStatus", "0xc000006a"),
        ("LogonType", "3"),
        ("LogonProcessName", "NtLmSsp "),
        ("AuthenticationPackageName", "NTLM"),
    ];
    let skew = [("TargetUserName", "user1"), ("Status", "0x25"), ("IpAddress", "::ffff:10.0.0.25")];
    vec![
        example(
            "5.6 a bad password",
            (0..5).map(|n| windows(n, "HUB01", 4625, &bad_password)).collect(),
            silence,
        ),
        example("5.7 a clock that differs", vec![windows(0, "DC01", 4771, &skew)], silence),
    ]
}
