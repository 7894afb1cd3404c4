//! The worked examples, options, edges and bounds.

use logwasp_sdk::testkit::{Example, Kit, TestEvent, incidents, windows};
use logwasp_sdk::{Activity, Alert, Confidence, Runner, Severity};

use crate::KerberosAuth;
use crate::examples::{SITE, all, failure, kdc, modified, refused, ticket};

fn run(config: &str, events: impl IntoIterator<Item = TestEvent>) -> Vec<Alert> {
    Kit::<KerberosAuth>::new(config).rows(events).finish()
}

fn with(option: &str) -> String {
    SITE.replacen('{', &format!("{{{option}, "), 1)
}

fn verdicts(alerts: &[Alert]) -> Vec<(String, Severity, u64)> {
    incidents(alerts).into_iter().map(|a| (a.rule.clone(), a.severity, a.count)).collect()
}

fn is(rule: &str, severity: Severity, count: u64) -> Vec<(String, Severity, u64)> {
    vec![(rule.to_owned(), severity, count)]
}

/// Scenario: the worked examples.
/// Guarantees: each gives exactly what the specification says.
#[test]
fn worked_examples() {
    for example in all() {
        example.run::<KerberosAuth>();
    }
}

/// Scenario: 2 and 3 failures; the third outside the window; on a host that is no
/// Exchange server.
/// Guarantees: three within the window on an Exchange server are needed.
#[test]
fn failures_alone_need_three() {
    let at = |times: &[i64], host: &str| {
        verdicts(&run(SITE, times.iter().map(|t| failure(*t, host)).collect::<Vec<_>>()))
    };
    assert_eq!(at(&[0, 60], "HUB01"), []);
    assert_eq!(at(&[0, 60, 600], "HUB01"), is("K1", Severity::Medium, 3));
    assert_eq!(at(&[0, 60, 601], "HUB01"), []);
    assert_eq!(at(&[0, 60, 120], "WS042"), []);
    let wide = run(&with(r#""window": "1h""#), [0, 60, 3_600].map(|t| failure(t, "HUB01")));
    assert_eq!(verdicts(&wide), is("K1", Severity::Medium, 3));
}

/// Scenario: each companion, before and after the failure, near and far, for this
/// server and another.
/// Guarantees: one failure with a companion of its own server is high.
#[test]
fn companions_prove_a_failure() {
    let inbound = |second| {
        let fields = [
            ("Error", "IllegalMessage"),
            ("Mechanism", "ExchangeAuth"),
            ("IpAddress", "10.0.0.25"),
        ];
        let event = TestEvent::new("windows-event", second, "MBX01", &fields);
        TestEvent { event_id: 1035, ..event }.provider("MSExchangeTransport").channel("Application")
    };
    for companion in [modified, |t, _: &str, _: &str| refused(t)] {
        for t in [400, 1_600] {
            let alerts = run(SITE, [failure(1_000, "HUB01"), companion(t, "MBX01", "hub01$")]);
            assert_eq!(verdicts(&alerts), is("K1", Severity::High, 1), "{t}");
        }
        for t in [399, 1_601] {
            let alerts = run(SITE, [failure(1_000, "HUB01"), companion(t, "MBX01", "hub01$")]);
            assert_eq!(verdicts(&alerts), [], "{t}");
        }
    }
    assert_eq!(
        verdicts(&run(SITE, [failure(0, "HUB01"), inbound(5)])),
        is("K1", Severity::High, 1)
    );
    assert_eq!(verdicts(&run(SITE, [failure(0, "HUB01"), modified(5, "MBX01", "exch01$")])), []);
    // First medium, then proven.
    let events: Vec<_> =
        (0..3).map(|n| failure(n, "HUB01")).chain([modified(9, "MBX01", "hub01$")]).collect();
    let alerts = run(SITE, events);
    let story: Vec<_> = alerts.iter().map(|a| (a.activity, a.severity, a.count)).collect();
    let expected = [(Activity::Create, Severity::Medium, 3), (Activity::Update, Severity::High, 3)];
    assert_eq!(story, expected);
}

/// Scenario: the list of statuses and of alias ids, changed.
/// Guarantees: both options decide.
#[test]
fn statuses_and_aliases_are_options() {
    let silent = |mut event: TestEvent| {
        event.fields.retain(|(name, _)| name != "Message");
        event
    };
    let three = || (0..3).map(|n| silent(failure(n, "HUB01"))).collect::<Vec<_>>();
    assert_eq!(verdicts(&run(SITE, three())), is("K1", Severity::Medium, 3));
    assert_eq!(run(&with(r#""status_list": ["0x80090308"]"#), three()), []);
    let line = "HUB01 4999: Kerberos failed, invalid key";
    let lines =
        || (0..3).map(|n| TestEvent::new("text", n, "", &[("message", line)])).collect::<Vec<_>>();
    assert_eq!(run(SITE, lines()), []);
    assert_eq!(
        verdicts(&run(&with(r#""alias_ids": [4999]"#), lines())),
        is("K1", Severity::Medium, 3)
    );
    assert_eq!(run(&with(r#""alias_ids": []"#), lines()), []);
}

/// Scenario: RC4 without proof of AES, with the DC's list of keys, with an AES ticket
/// 7 days and more ago; three days of tickets.
/// Guarantees: proof is needed; one create a day and service.
#[test]
fn weak_tickets_need_proof_of_aes() {
    let weak = |t| ticket(t, "EXCH01$", "0x17", "10.0.0.26");
    assert_eq!(run(SITE, [weak(0)]), []);
    let mut keyed = weak(0);
    keyed.fields.push(("ServiceAvailableKeys".into(), "AES-SHA1, RC4".into()));
    let alerts = run(SITE, [keyed]);
    assert_eq!(
        (verdicts(&alerts), alerts[0].confidence),
        (is("K2", Severity::Medium, 1), Confidence::High)
    );
    let aes = || ticket(0, "exch01$", "0x12", "10.0.0.31");
    assert_eq!(run(SITE, [aes(), weak(7 * 86_400)]).len(), 1);
    assert_eq!(run(SITE, [aes(), weak(7 * 86_400 + 1)]), []);
    let days: Vec<_> = [aes()].into_iter().chain((1..=72).map(|hour| weak(hour * 3_600))).collect();
    let alerts = run(SITE, days);
    let created = alerts.iter().filter(|a| a.activity == Activity::Create).count();
    assert_eq!((created, incidents(&alerts).len()), (3, 3));
    let other = ticket(1, "FS01$", "0x17", "10.0.0.26");
    assert_eq!(run(SITE, [aes(), other]), []);
}

/// Scenario: one client asks for 9, for 10 services with RC4, and for 10 too slowly.
/// Guarantees: ten within the window are Kerberoasting, of any services.
#[test]
fn collecting_tickets_is_kerberoasting() {
    let ask = |count: i64, every_s: i64| {
        let events =
            (0..count).map(|n| ticket(n * every_s, &format!("svc{n}"), "0x17", "10.1.2.3"));
        run(SITE, events.collect::<Vec<_>>())
    };
    assert_eq!(ask(9, 10), []);
    let alerts = ask(10, 66);
    assert_eq!(verdicts(&alerts), is("K2", Severity::High, 10));
    assert_eq!(alerts[0].attack, ["T1558.003"]);
    assert_eq!(alerts[0].entity_value("src_ip"), Some("10.1.2.3"));
    assert_eq!(ask(10, 67), []);
    let same = (0..20).map(|n| ticket(n, "svc1", "0x17", "10.1.2.3")).collect::<Vec<_>>();
    assert_eq!(run(SITE, same), []);
}

/// Scenario: 500 and 501 errors of a DC within the hour; refused tickets; two days.
/// Guarantees: medium above 500 an hour, else one summary a day, refused tickets count.
#[test]
fn negotiation_errors_are_summed_up() {
    let errors = |count: i64| run(SITE, (0..count).map(|n| kdc(n * 7, 27)).collect::<Vec<_>>());
    assert_eq!(verdicts(&errors(500)), is("K3", Severity::Info, 500));
    let many = errors(501);
    assert_eq!(verdicts(&many), is("K3", Severity::Medium, 501));
    assert!(!many[0].noise);
    let refused = windows(5, "DC01", 4768, &[("Status", "0xE"), ("IpAddress", "10.0.0.9")]);
    assert_eq!(verdicts(&run(SITE, [refused])), is("K3", Severity::Info, 1));
    let days = run(SITE, (0..48).map(|hour| kdc(hour * 3_600, 16)).collect::<Vec<_>>());
    assert_eq!(verdicts(&days).iter().map(|v| v.2).collect::<Vec<_>>(), [24, 24]);
}

/// Scenario: the value set and deleted, by audit and by Sysmon, here and elsewhere.
/// Guarantees: setting it on an Exchange server is K4.
#[test]
fn the_registry_value_is_watched() {
    let audit = |host: &str, key: &str, operation: &str| {
        let fields = [
            ("ObjectName", key),
            ("ObjectValueName", "DefaultEncryptionType"),
            ("OperationType", operation),
            ("NewValue", "23"),
            ("SubjectUserName", "admin1"),
            ("ProcessName", "C:\\Windows\\regedit.exe"),
        ];
        windows(0, host, 4657, &fields)
    };
    let key = "\\REGISTRY\\MACHINE\\SYSTEM\\ControlSet001\\Control\\Lsa\\Kerberos\\Parameters";
    let alerts = run(SITE, [audit("EXCH01", key, "%%1905")]);
    assert_eq!(verdicts(&alerts), is("K4", Severity::Medium, 1));
    assert_eq!(alerts[0].attribute_value("value"), Some("23"));
    assert_eq!(alerts[0].entity_value("user"), Some("admin1"));
    assert_eq!(run(SITE, [audit("EXCH01", key, "%%1906")]), []);
    assert_eq!(run(SITE, [audit("WS042", key, "%%1905")]), []);
    assert_eq!(run(SITE, [audit("EXCH01", "\\REGISTRY\\MACHINE\\SOFTWARE\\X", "%%1905")]), []);
    let target = "HKLM\\System\\CurrentControlSet\\Control\\Lsa\\Kerberos\\Parameters\\DefaultEncryptionType";
    let fields = [("TargetObject", target), ("Details", "DWORD (0x00000017)")];
    let sysmon =
        TestEvent { event_id: 13, ..TestEvent::new("windows-event", 0, "EXCH01", &fields) };
    assert_eq!(verdicts(&run(SITE, [sysmon])), is("K4", Severity::Medium, 1));
}

/// Scenario: 2 and 3 refusals, too slow, from a stranger, both logs of one refusal.
/// Guarantees: three within five minutes between own servers; copies count once.
#[test]
fn refusals_need_three() {
    let at =
        |times: &[i64]| verdicts(&run(SITE, times.iter().map(|t| refused(*t)).collect::<Vec<_>>()));
    assert_eq!(at(&[0, 60]), []);
    assert_eq!(at(&[0, 60, 300]), is("K5", Severity::High, 3));
    assert_eq!(at(&[0, 60, 301]), []);
    let change = |mut event: TestEvent, changes: &[(&str, &str)]| {
        event.fields.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
        event.fields.extend(changes.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())));
        event
    };
    let stranger = |t| change(refused(t), &[("ip", "198.51.100.9"), ("connector", "Internet")]);
    assert_eq!(run(SITE, [0, 1, 2].map(stranger)), []);
    let copy = |t| {
        let receive = [
            ("direction", "receive"),
            ("event", ">"),
            ("server", "HUB01"),
            ("local_ip", "10.0.0.25"),
            ("ip", "10.0.0.26"),
            ("connector", "Default HUB01"),
        ];
        change(refused(t), &receive)
    };
    assert_eq!(run(SITE, [refused(0), copy(0), refused(60), copy(61)]), []);
}

/// Scenario: clocks differ; submissions fail while Internet mail flows, before and
/// after the alert.
/// Guarantees: said in the alert; confidence rises.
#[test]
fn context_is_told() {
    let skew = windows(0, "DC01", 4769, &[("Status", "0x25"), ("IpAddress", "10.0.0.25")]);
    let alerts = run(SITE, [skew, refused(1), refused(2), refused(3)]);
    assert_eq!(alerts[0].attribute_value("clock_skew"), Some("true"));
    assert!(alerts[0].description.contains("set the clock first"));
    let tracking = |t, source, id| {
        let fields = [("source", source), ("event-id", id), ("message-info", "0cA: ")];
        TestEvent::new("exchange-tracking", t, "HUB01", &fields)
    };
    let flow = |t| {
        let fails = (0..3).map(move |n| tracking(t + n, "STOREDRIVER", "SUBMITFAIL"));
        [tracking(t, "SMTP", "RECEIVE")].into_iter().chain(fails)
    };
    for t in [0, 200] {
        let failures = (0..3).map(|n| failure(100 + n, "HUB01"));
        let alerts = run(SITE, failures.chain(flow(t)).collect::<Vec<_>>());
        let found = incidents(&alerts)[0];
        assert_eq!((found.confidence, found.count), (Confidence::High, 3), "{t}");
        assert!(found.description.contains("Internet mail unaffected"));
    }
}

/// Scenario: late failures alone, and behind an open incident.
/// Guarantees: nothing begins with late rows; the incident counts them.
#[test]
fn late_rows_only_add() {
    assert_eq!(run(SITE, (0..5).map(|n| failure(n, "HUB01").late()).collect::<Vec<_>>()), []);
    let events = (100..103).map(|n| failure(n, "HUB01")).chain([failure(50, "HUB01").late()]);
    assert_eq!(verdicts(&run(SITE, events.collect::<Vec<_>>())), is("K1", Severity::Medium, 4));
    assert_eq!(run(SITE, [kdc(1, 27).late()]), []);
}

/// Scenario: a slow collector of tickets, then two hundred thousand clients and DCs.
/// Guarantees: memory stays bounded; the collector is still found.
#[test]
fn floods_are_bounded() {
    let config = with(r#""state_bytes_max": 1000000, "window": "1h""#);
    let (mut runner, subscriptions) =
        Runner::<KerberosAuth>::start(&config, None).expect("it starts");
    let mut feed = |events: Vec<TestEvent>| {
        let example = Example { name: "", config: "", events, advance: None, check: |_| () };
        runner.process(&example.batch(&subscriptions)).expect("it is accepted")
    };
    let slow = |n: i64| ticket(n, &format!("svc{n}"), "0x17", "10.99.9.9");
    assert_eq!(feed((0..9).map(slow).collect()), []);
    for round in 0..20 {
        let events = (0..5_000_i64).flat_map(|n| {
            let client = format!("10.{round}.{}.{}", n / 250, n % 250);
            let dc = windows(10, &format!("DC{round}-{n}"), 4768, &[("Status", "0xE")]);
            [ticket(10, "svc", "0x17", &client), dc]
        });
        feed(events.collect());
    }
    assert_eq!(feed(vec![slow(20)]).len(), 1);
    assert!(runner.snapshot().expect("a snapshot").len() < 1_000_000);
}

/// Scenario: options that make no sense; cells that are empty or garbage.
/// Guarantees: refused with a text; no panic.
#[test]
fn nonsense_is_refused_or_passed_over() {
    for config in [r#"{"window": "0s"}"#, r#"{"status_list": ["x"]}"#] {
        assert!(Runner::<KerberosAuth>::start(config, None).is_err(), "{config}");
    }
    for garbage in ["", "-", "0x17", "$", "é", "\u{0}", "/", "requested etypes were"] {
        for id in [4625, 4657, 4768, 4769, 4771, 27, 13, 4, 3, 1035] {
            let names = [
                "Status",
                "TicketEncryptionType",
                "ServiceName",
                "IpAddress",
                "Message",
                "ObjectName",
                "TargetObject",
                "Server",
                "AuthenticationPackageName",
                "SubjectLogonId",
            ];
            let fields: Vec<_> = names.into_iter().map(|name| (name, garbage)).collect();
            run(SITE, [windows(1, garbage, id, &fields).provider("KDC")]);
        }
    }
}
