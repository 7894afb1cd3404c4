//! Rules R0 to R5: thresholds, severities, texts.

use detector_schannel::Schannel;
use detector_schannel::examples::{repeated, schannel_logon};
use logwasp_sdk::testkit::{Kit, TestEvent, incidents, windows};
use logwasp_sdk::{Alert, Confidence, Severity};

fn run(config: &str, events: impl IntoIterator<Item = TestEvent>) -> Vec<Alert> {
    Kit::<Schannel>::new(config).rows(events).finish()
}

fn attribute<'a>(alert: &'a Alert, name: &str) -> &'a str {
    alert.attribute_value(name).unwrap_or("(absent)")
}

#[track_caller]
fn only(alerts: &[Alert]) -> &Alert {
    let found = incidents(alerts);
    assert_eq!(found.len(), 1, "{alerts:#?}");
    found[0]
}

/// Events of `make`, `gap` milliseconds apart.
fn spaced(count: i64, gap: i64, make: impl Fn() -> TestEvent) -> Vec<TestEvent> {
    (0..count).map(|n| make().plus_millis(n * gap)).collect()
}

/// One event of each rule that has a threshold, with its default and its option.
fn thresholds() -> Vec<(&'static str, &'static str, i64, TestEvent)> {
    let channel = |event_id, fields: &[(&str, &str)]| windows(0, "EXCH01", event_id, fields);
    vec![
        ("R0", "r0_min", 3, schannel_logon(0, "EXCH01", "svc_cert", "0xc0000072")),
        ("R0b", "r0b_min", 20, schannel_logon(0, "EXCH01", "", "0xc000006e")),
        ("R2", "r2_min", 5, channel(36871, &[("Type", "client"), ("ErrorState", "10013")])),
        ("R3", "r3_min", 10, channel(36874, &[("Protocol", "TLS 1.2")])),
        ("R4", "r4_min", 20, channel(36887, &[("AlertDesc", "46")])),
        ("R4", "r4_min", 20, channel(36888, &[("AlertDesc", "40"), ("ErrorState", "1205")])),
        ("R5", "r5_min", 3, channel(36876, &[("ErrorCode", "0x80092013")])),
        ("R5", "r5_min", 3, channel(36881, &[])),
        ("R5", "r5_min", 3, channel(36882, &[])),
        ("R5", "r5_min", 3, channel(36883, &[])),
        ("R5", "r5_min", 3, channel(36884, &[("Name", "mail.contoso.com")])),
    ]
}

/// Scenario: each rule with one hit less than its threshold, then with all, by
/// default and by option; then spread over the window and a little more.
/// Guarantees: n - 1 is silent, n fires once; the window includes its edge.
#[test]
fn thresholds_are_exact() {
    for (rule, option, min, event) in thresholds() {
        let fires = |config: &str, count, gap| {
            let alerts = run(config, spaced(count, gap, || event.clone()));
            assert!(alerts.iter().all(|alert| alert.rule == rule));
            incidents(&alerts).first().map(|alert| alert.count)
        };
        assert_eq!(fires("{}", min - 1, 1_000), None, "{rule}");
        assert_eq!(fires("{}", min, 1_000), Some(min as u64), "{rule}");
        let (more, fewer) =
            (format!(r#"{{"{option}": {}}}"#, min + 1), format!(r#"{{"{option}": 1}}"#));
        assert_eq!(fires(&more, min, 1_000), None, "{rule}");
        assert_eq!(fires(&fewer, 1, 1_000), Some(1), "{rule}");
        let gap = 600_000 / (min - 1);
        assert_eq!(fires("{}", min, gap), Some(min as u64), "{rule}: the edge");
        assert_eq!(fires("{}", min, gap + 1_000), None, "{rule}: past the edge");
        assert_eq!(fires(r#"{"window": "5m"}"#, min, gap), None, "{rule}: window");
    }
}

/// Scenario: 36870 with the codes that occur, and without any.
/// Guarantees: each is told at its first occurrence, with its own words.
#[test]
fn private_keys_have_causes() {
    for (code, status, title, cause) in [
        ("0x8009030d", "10001", "TLS private key not readable on GW01", "key_not_readable"),
        ("2148073494", "10003", "TLS private key missing on GW01 (no keyset)", "keyset_missing"),
        (
            "0x80090003",
            "10001",
            "TLS private key not usable on GW01 (0x80090003 NTE_BAD_KEY)",
            "other",
        ),
        ("0x80070005", "10001", "TLS private key not usable on GW01 (0x80070005)", "other"),
        ("-", "10001", "TLS private key not readable on GW01", "key_not_readable"),
        ("", "10003", "TLS private key missing on GW01 (no keyset)", "keyset_missing"),
        ("garbage", "", "TLS private key not usable on GW01 (unknown code)", "other"),
    ] {
        let fields = [
            ("CallerProcessId", "1728"),
            ("CallerProcessImageName", "EdgeTransport.exe"),
            ("Type", "server"),
            ("ErrorCode", code),
            ("ErrorStatus", status),
        ];
        let alerts = run("{}", [windows(0, "gw01.contoso.com", 36870, &fields)]);
        let alert = only(&alerts);
        assert_eq!(alert.title.replace("gw01", "GW01"), title);
        assert_eq!((alert.rule.as_str(), alert.severity), ("R1", Severity::High));
        assert_eq!(
            (attribute(alert, "cause"), attribute(alert, "process")),
            (cause, "EdgeTransport.exe")
        );
        assert!(!alert.remediation.is_empty() && alert.attack.is_empty());
    }
}

/// Scenario: two error codes on one host, one of them on a second host.
/// Guarantees: (host, code) is the incident.
#[test]
fn private_keys_are_told_apart() {
    let event = |host, code| windows(0, host, 36870, &[("ErrorCode", code)]);
    let events =
        [event("GW01", "0x8009030d"), event("GW01", "0x80090016"), event("GW02", "0x8009030d")];
    assert_eq!(incidents(&run("{}", events)).len(), 3);
}

/// Scenario: every alert number, received and sent, 25 times.
/// Guarantees: the severities of the rule, silence for all others.
#[test]
fn tls_alerts_have_severities() {
    for alert in 0..=130_u32 {
        let expected = match alert {
            42..=46 | 48 | 70 | 71 => Some(Severity::Medium),
            10 | 20 | 40 | 49 | 80 => Some(Severity::Low),
            _ => None,
        };
        for event_id in [36887, 36888] {
            let text = alert.to_string();
            let fields = [("AlertDesc", text.as_str()), ("ErrorState", "1205")];
            let alerts = run("{}", repeated(25, 10, "EXCH01", event_id, &fields));
            let found = incidents(&alerts).first().map(|alert| alert.severity);
            assert_eq!(found, expected, "{event_id} {alert}");
        }
    }
}

/// Scenario: an alert with several internal states and target names.
/// Guarantees: states, their meaning and the alert's name are reported.
#[test]
fn tls_alerts_report_their_states() {
    let fields =
        |state| [("AlertDesc", "40"), ("ErrorState", state), ("TargetName", "mail.fabrikam.com")];
    let events = repeated(12, 10, "EXCH01", 36888, &fields("1205")).into_iter().chain(repeated(
        12,
        11,
        "EXCH01",
        36888,
        &fields("1204"),
    ));
    let alerts = run("{}", events);
    let alert = only(&alerts);
    assert_eq!(attribute(alert, "error_state"), "1205, 1204");
    assert_eq!(attribute(alert, "target_name"), "mail.fabrikam.com");
    assert_eq!(attribute(alert, "alert_name"), "handshake_failure");
    assert!(alert.description.contains("State 1205 usually means no shared cipher"));
}

/// Scenario: received and sent alerts of one number, and two numbers.
/// Guarantees: they are counted apart.
#[test]
fn tls_alerts_are_counted_apart() {
    let events = [(36887, "48"), (36888, "48"), (36887, "46")]
        .into_iter()
        .flat_map(|(event_id, alert)| repeated(19, 5, "EXCH01", event_id, &[("AlertDesc", alert)]));
    assert!(run("{}", events).is_empty());
}

/// Scenario: health checks every 30 s, then the same events in a person's
/// rhythm, with another state, with another alert, and with one stranger.
/// Guarantees: only 36888 with alert 10 and state 1203 at a fixed beat is info.
#[test]
fn health_checks_are_info() {
    let steady = |alert: &'static str, state: &'static str, event_id| {
        repeated(21, 30, "EXCH01", event_id, &[("AlertDesc", alert), ("ErrorState", state)])
    };
    let alerts = run("{}", steady("10", "1203", 36888));
    let alert = only(&alerts);
    assert_eq!((alert.severity, alert.rule.as_str()), (Severity::Info, "R4"));
    assert_eq!((attribute(alert, "period_s"), attribute(alert, "jitter_s")), ("30", "0"));
    assert_eq!(attribute(alert, "error_state"), "1203");

    let severity = |events| only(&run("{}", events)).severity;
    assert_eq!(severity(steady("10", "1207", 36888)), Severity::Low);
    assert_eq!(severity(steady("40", "1203", 36888)), Severity::Low);
    assert_eq!(severity(steady("70", "1203", 36888)), Severity::Medium);
    assert_eq!(severity(steady("10", "1203", 36887)), Severity::Low);
    let uneven = [
        0, 7, 40, 44, 90, 91, 120, 170, 171, 175, 240, 244, 300, 333, 340, 350, 411, 420, 470, 499,
        520,
    ];
    let probe = [("AlertDesc", "10"), ("ErrorState", "1203")];
    let uneven = uneven.map(|second| windows(second, "EXCH01", 36888, &probe));
    assert_eq!(severity(uneven.to_vec()), Severity::Low);
}

/// Scenario: health checks become an incident; then something else fails alike.
/// Guarantees: the incident rises to low at once, and stays there.
#[test]
fn health_checks_do_not_hide_trouble() {
    let mut events =
        repeated(21, 30, "EXCH01", 36888, &[("AlertDesc", "10"), ("ErrorState", "1203")]);
    let stranger = [("AlertDesc", "10"), ("ErrorState", "1207")];
    let last = events.last().map_or(0, |event| event.time / 1_000_000_000);
    events.push(windows(last + 5, "EXCH01", 36888, &stranger));
    let alerts = run("{}", events);
    let severities: Vec<_> = alerts.iter().map(|alert| alert.severity).collect();
    assert_eq!(severities, [Severity::Info, Severity::Low]);
    assert_eq!(only(&alerts).count, 22);
    assert_eq!(attribute(only(&alerts), "period_s"), "(absent)");
}

/// Scenario: a server that faces the Internet.
/// Guarantees: `suppress_hosts_edge` keeps R3 and R4 at low, nothing else.
#[test]
fn edge_hosts_are_kept_low() {
    for (rule, _, min, event) in thresholds() {
        let severity = |config| only(&run(config, spaced(min, 1_000, || event.clone()))).severity;
        let (open, edge) = (severity("{}"), severity(r#"{"suppress_hosts_edge": true}"#));
        let expected = if matches!(rule, "R3" | "R4") { open.min(Severity::Low) } else { open };
        assert_eq!(edge, expected, "{rule}");
    }
}

/// Scenario: certificate logons of users, computers, monitors and the host itself.
/// Guarantees: R0 counts per (host, user), in every spelling, and ignores what
/// never counts as a failed logon.
#[test]
fn certificate_logons_are_per_user() {
    let logons = |users: &[&str]| {
        let event =
            |(n, user): (usize, &&str)| schannel_logon(n as i64, "EXCH01", user, "0xc0000064");
        users.iter().enumerate().map(event).collect::<Vec<_>>()
    };
    let alerts = run("{}", logons(&["svc_cert", "CONTOSO\\SVC_CERT", "svc_cert@contoso.com"]));
    let alert = only(&alerts);
    assert_eq!(alert.entity_value("user"), Some("svc_cert"));
    assert_eq!(attribute(alert, "domain"), "CONTOSO, contoso.com");
    assert!(run("{}", logons(&["anna", "bert", "carl", "anna", "bert", "carl"])).is_empty());
    for user in ["WS042$", "HealthMailbox1f", "extest_1"] {
        assert!(run("{}", logons(&[user; 5])).is_empty(), "{user}");
    }
    let site = r#"{"site": {"ignore_users": ["svc_*"]}}"#;
    assert!(run(site, logons(&["svc_cert"; 5])).is_empty());
}

/// Scenario: certificate logons that carry an address.
/// Guarantees: it becomes an entity; from the host itself they do not count.
#[test]
fn certificate_logons_have_addresses() {
    let logons = |ip: &str| {
        let mut event = schannel_logon(0, "EXCH01", "svc_cert", "0xc0000064");
        event.fields.iter_mut().filter(|f| f.0 == "IpAddress").for_each(|f| f.1 = ip.to_owned());
        spaced(3, 1_000, move || event.clone())
    };
    let alerts = run("{}", logons("::ffff:10.1.2.3"));
    assert_eq!(only(&alerts).entity_value("src_ip"), Some("10.1.2.3"));
    assert!(run("{}", logons("127.0.0.1")).is_empty());
    assert!(run("{}", logons("::1")).is_empty());
}

/// Scenario: logons without a user: an unusual code, a code only in `Status`.
/// Guarantees: the code is in the title; codes are counted apart.
#[test]
fn unusual_logons_name_their_code() {
    let alerts = run("{}", spaced(20, 1_000, || schannel_logon(0, "EXCH01", "", "0xc000006e")));
    let alert = only(&alerts);
    assert_eq!((alert.severity, alert.confidence), (Severity::Low, Confidence::Medium));
    let title = "EXCH01: unusual Schannel logon failures (0xC000006E STATUS_ACCOUNT_RESTRICTION)";
    assert_eq!(alert.title, title);
    let alerts = run("{}", spaced(20, 1_000, || schannel_logon(0, "EXCH01", "", "0x0")));
    assert_eq!(attribute(only(&alerts), "sub_status"), "0xC000006D");
    let mixed = spaced(19, 1_000, || schannel_logon(0, "EXCH01", "", "0xc000006e"))
        .into_iter()
        .chain(spaced(19, 900, || schannel_logon(0, "EXCH01", "", "0xc000005e")));
    assert!(run("{}", mixed).is_empty());
}

/// Scenario: credentials that cannot be created, in two states.
/// Guarantees: the state is in the title; its usual meaning in the text.
#[test]
fn credentials_name_their_state() {
    let fields = [("Type", "client"), ("ErrorState", "10013")];
    let alerts = run("{}", repeated(5, 60, "EXCH01", 36871, &fields));
    let alert = only(&alerts);
    assert_eq!(alert.title, "EXCH01: TLS credential cannot be created (state 10013)");
    assert_eq!((alert.severity, attribute(alert, "type")), (Severity::Medium, "client"));
    assert!(alert.description.contains("the protocol is disabled on one side"));
    assert!(alert.remediation.contains("ExternalConnectionSettings"));
    let alerts = run("{}", repeated(5, 60, "EXCH01", 36871, &[]));
    assert_eq!(attribute(only(&alerts), "error_state"), "unknown");
}

/// Scenario: outbound connections to servers with wrong names.
/// Guarantees: the expected names are reported, the first in the title.
#[test]
fn refused_certificates_name_the_server() {
    let names = ["mail.contoso.com", "mail.contoso.com", "smtp.fabrikam.com"];
    let events = names.map(|name| windows(0, "EXCH01", 36884, &[("Name", name)]));
    let alerts = run("{}", events);
    let alert = only(&alerts);
    assert_eq!(attribute(alert, "expected_name"), "mail.contoso.com, smtp.fabrikam.com");
    assert!(alert.title.ends_with("expected mail.contoso.com and 1 more"), "{}", alert.title);
    assert_eq!(alert.severity, Severity::Medium);
    let alerts =
        run("{}", spaced(3, 1_000, || windows(0, "EXCH01", 36876, &[("ErrorCode", "0x80092013")])));
    assert_eq!(attribute(only(&alerts), "error_code"), "0x80092013");
}

/// Scenario: a foreign certificate answers for a name of our own, or of others.
/// Guarantees: T1557 is a label only when asked for, for our names, at first.
#[test]
fn interception_is_a_label_on_request() {
    let config = |on| {
        format!(
            r#"{{"label_t1557": {on}, "cooldown": "1m", "site": {{"accepted_domains": ["contoso.com"]}}}}"#
        )
    };
    let wrong = |second: i64, name: &'static str| {
        (0..3).map(move |n| windows(second + n, "EXCH01", 36884, &[("Name", name)]))
    };
    let alerts =
        run(&config(true), wrong(0, "mail.contoso.com").chain(wrong(600, "mail.contoso.com")));
    let labels: Vec<_> = incidents(&alerts).iter().map(|alert| alert.labels.clone()).collect();
    assert_eq!(labels, [vec![("T1557".to_owned(), "mail.contoso.com".to_owned())], vec![]]);
    assert!(only(&run(&config(true), wrong(0, "mail.fabrikam.com"))).labels.is_empty());
    assert!(only(&run(&config(true), wrong(0, "notcontoso.com"))).labels.is_empty());
    assert!(only(&run(&config(false), wrong(0, "mail.contoso.com"))).labels.is_empty());
}

/// Scenario: events of other providers, other ids, and rows full of rubbish.
/// Guarantees: no alert where nothing is said, no panic, texts within bounds.
#[test]
fn rubbish_is_harmless() {
    let foreign = TestEvent {
        provider: Some("EventSystem".to_owned()),
        ..windows(0, "EXCH01", 36870, &[("ErrorCode", "0x8009030d")])
    };
    assert!(run("{}", [foreign]).is_empty());
    assert!(run("{}", repeated(50, 1, "EXCH01", 36886, &[])).is_empty());
    assert!(run("{}", repeated(50, 1, "EXCH01", 36887, &[("AlertDesc", "x")])).is_empty());
    assert!(run("{}", repeated(50, 1, "EXCH01", 36887, &[])).is_empty());
    let huge = "ä".repeat(100_000);
    for event_id in 36870..=36888 {
        let names = [
            "Type",
            "ErrorCode",
            "ErrorStatus",
            "ErrorState",
            "Protocol",
            "Name",
            "TargetName",
            "CallerProcessImageName",
        ];
        let mut fields: Vec<_> = names.iter().map(|name| (*name, huge.as_str())).collect();
        fields.push(("AlertDesc", "10"));
        for host in [huge.as_str(), "", "-", "10.0.0.25"] {
            check_bounds(&run("{}", repeated(25, 10, host, event_id, &fields)));
        }
    }
    check_bounds(&run("{}", spaced(3, 1_000, || schannel_logon(0, &huge, &huge, &huge))));
}

#[track_caller]
fn check_bounds(alerts: &[Alert]) {
    for alert in alerts {
        assert!(alert.key.len() <= 512 && alert.title.len() <= 512, "{}", alert.title);
        assert!(alert.description.len() <= 8_192 && alert.remediation.len() <= 8_192);
        assert!(
            alert.evidence.len() <= 20 && alert.evidence.iter().all(|e| e.summary.len() <= 512)
        );
        let pairs = alert.entities.iter().chain(&alert.attributes).chain(&alert.labels);
        assert!(pairs.clone().count() <= 64 && pairs.clone().all(|(_, v)| v.len() <= 4_096));
    }
}

/// Scenario: each rule with one hit less than its threshold.
/// Guarantees: the count, the threshold and the window are told.
#[test]
fn silence_is_explained() {
    for (rule, _, min, event) in thresholds() {
        let mut kit = Kit::<Schannel>::new("{}");
        kit.rows(spaced(min - 1, 1_000, || event.clone()));
        let told = kit.explain();
        let last = told.last().map(String::as_str).unwrap_or_default();
        let counted = format!(": {} of {min} records within 10m, silent", min - 1);
        assert!(last.starts_with(&format!("{rule} exch01 ")) && last.ends_with(&counted), "{last}");
    }
}
