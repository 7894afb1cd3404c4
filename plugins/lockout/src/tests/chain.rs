//! The steps of the attribution chain.

use logwasp_sdk::testkit::TestEvent;
use logwasp_sdk::{Alert, Confidence};

use super::{attribute, one, run};
use crate::examples::write::{self, Http};

const BAD: &str = "0xc000006a";
const EXCHANGE: &str = r#"{"site": {"exchange_hosts": ["EXCH01=10.0.0.25"]}}"#;

/// A lockout at second 2,000 with what went before.
fn locked_after(config: &str, caller: &str, events: impl IntoIterator<Item = TestEvent>) -> Alert {
    let mut events: Vec<TestEvent> = events.into_iter().collect();
    events.push(write::locked(2_000, "DC01.contoso.com", "user1", caller));
    one(config, events)
}

fn kind(alert: &Alert) -> &str {
    attribute(alert, "kind")
}

/// Scenario: callers that name no machine: empty, a dash, the domain in each of its
/// spellings, and an event without the field.
/// Guarantees: each is a blank caller; a machine is not.
#[test]
fn blank_callers() {
    for caller in ["", "-", "  ", "CONTOSO", "contoso.com", "contoso"] {
        let alert = locked_after("{}", caller, []);
        assert_eq!(attribute(&alert, "caller_blank"), "true", "{caller}");
        assert_eq!(kind(&alert), "non_domain_device");
    }
    let mut absent = write::locked(2_000, "DC01", "user1", "");
    absent.fields.retain(|(name, _)| name != "TargetDomainName");
    assert_eq!(attribute(&one("{}", [absent]), "caller_blank"), "true");
    let alert = locked_after("{}", "\\\\WS042", []);
    assert_eq!(
        (attribute(&alert, "caller_blank"), alert.entity_value("host")),
        ("", Some("ws042"))
    );
}

/// Scenario: a blank caller; failures name several machines.
/// Guarantees: the most frequent is taken, of equals the newest, of records at the
/// same moment the more telling one; loopback is nobody.
#[test]
fn the_most_named_machine_is_the_first_hop() {
    let hop1 =
        |events: Vec<TestEvent>| attribute(&locked_after("{}", "", events), "hop1").to_owned();
    let ntlm = |second, ws| write::ntlm(second, "DC01", "user1", BAD, ws);
    let kerberos = |second, ip| write::kerberos(second, "DC01", "user1", "0x18", ip);
    assert_eq!(hop1(vec![ntlm(1_900, "A"), ntlm(1_910, "A"), ntlm(1_950, "B")]), "A");
    assert_eq!(hop1(vec![ntlm(1_900, "A"), ntlm(1_950, "B")]), "B");
    assert_eq!(hop1(vec![kerberos(1_950, "10.0.3.42"), ntlm(1_950, "B")]), "10.0.3.42");
    assert_eq!(hop1(vec![kerberos(1_950, "::1"), ntlm(1_900, "B")]), "B");
    let both = [("WorkstationName", "WS7"), ("IpAddress", "10.0.3.7")];
    assert_eq!(hop1(vec![write::logon(1_950, "FS01", "user1", &both)]), "10.0.3.7");
    let neither = [("WorkstationName", "-")];
    assert_eq!(hop1(vec![write::logon(1_950, "FS01", "user1", &neither)]), "FS01");
    assert_eq!(hop1(vec![write::logon(1_950, "DC01", "user1", &neither)]), "");
}

/// Scenario: a blank caller and Kerberos failures from an address outside.
/// Guarantees: the kind says so, and the address is the source.
#[test]
fn an_address_outside() {
    let failure = write::kerberos(1_950, "DC01", "user1", "0x18", "198.51.100.7");
    let alert = locked_after("{}", "", [failure]);
    assert_eq!((kind(&alert), alert.entity_value("src_ip")), ("external_ip", Some("198.51.100.7")));
    assert_eq!(alert.entity_value("host"), None);
    assert_eq!(alert.confidence, Confidence::Medium);
}

/// Scenario: nobody configured anything; the server is learned from its web log by
/// address, from its events by name, from its SMTP sessions by both, from coverage.
/// Guarantees: the lockout's caller is recognised as that server, and the address
/// of its failures is joined with its name.
#[test]
fn exchange_servers_are_learned() {
    let failure = write::kerberos(1_990, "DC01", "user1", "0x18", "::ffff:10.0.0.25");
    let by_address = Http { host: "10.0.0.25", ..Http::default() };
    let alert = locked_after("{}", "EXCH01", [by_address.at(1_980, &[]), failure.clone()]);
    assert_eq!((kind(&alert), alert.entity_value("host")), ("activesync", Some("exch01")));

    let event = TestEvent::new("windows-event", 10, "EXCH01.contoso.com", &[]);
    let event = TestEvent { event_id: 2080, ..event }.provider("MSExchange ADAccess");
    let alert = locked_after("{}", "EXCH01", [event]);
    assert_eq!(kind(&alert), "exchange_unknown");

    let session = write::smtp_auth(10, "EXCH01", "10.1.9.9", "user9");
    let alert = locked_after("{}", "", [session, failure.clone()]);
    assert_eq!((kind(&alert), alert.entity_value("host")), ("exchange_unknown", Some("exch01")));

    let coverage = write::coverage(10, 20, "10.0.0.25", "exchange-tracking", true);
    let alert = locked_after("{}", "EXCH01", [coverage, failure]);
    assert_eq!(kind(&alert), "exchange_unknown");
}

/// Scenario: a probe that addresses its server as loopback, beside the server's own
/// address.
/// Guarantees: loopback does not become a server that the caller could be.
#[test]
fn loopback_is_no_server() {
    let probe = Http { host: "::1", user: "HealthMailbox1f2e", ip: "::1", ..Http::default() };
    let alert = locked_after("{}", "EXCH01", [probe.at(1_980, &[])]);
    assert_eq!(kind(&alert), "workstation");
    let request = Http { host: "10.0.0.25", ..Http::default() };
    let failure = write::kerberos(1_990, "DC01", "user1", "0x18", "10.0.0.25");
    let alert = locked_after(
        r#"{"site": {"exchange_hosts": ["EXCH01"]}}"#,
        "EXCH01",
        [probe.at(1_980, &[]), request.at(1_985, &[]), failure],
    );
    assert_eq!((kind(&alert), alert.entity_value("host")), ("activesync", Some("exch01")));
}

/// Scenario: a person mistypes at a workstation while the Exchange server's address
/// is known without a name.
/// Guarantees: the workstation does not become the server.
#[test]
fn a_workstation_is_not_taken_for_a_server() {
    let learn = Http { host: "10.0.0.25", user: "user9", ..Http::default() }.at(10, &[]);
    let failures =
        ["10.0.3.42", "10.0.0.25"].map(|ip| write::kerberos(1_990, "DC01", "user1", "0x18", ip));
    let alert = locked_after("{}", "WS042", failures.into_iter().chain([learn]));
    assert_eq!((kind(&alert), alert.entity_value("host")), ("workstation", Some("ws042")));
}

/// Scenario: failures on the server reported by a program of the web server, of
/// SMTP, of IMAP; the user was refused by all three services.
/// Guarantees: the program's service is the one.
#[test]
fn the_program_decides_between_services() {
    let kind_for = |process: &str| {
        let process = format!("C:\\Program Files\\Microsoft\\Exchange Server\\V15\\Bin\\{process}");
        let fields = [("ProcessName", process.as_str()), ("LogonType", "8")];
        let events = [
            write::logon(1_990, "EXCH01", "user1", &fields),
            Http::default().at(1_980, &[]),
            write::smtp_auth(1_981, "EXCH01", "10.1.2.3", "user1"),
            imap(1_982, "user1 *****"),
        ];
        let alert = locked_after(EXCHANGE, "EXCH01", events);
        assert!(!attribute(&alert, "caller_process").contains('\\'));
        kind(&alert).to_owned()
    };
    assert_eq!(kind_for("w3wp.exe"), "activesync");
    assert_eq!(kind_for("MSExchangeFrontendTransport.exe"), "smtp_auth");
    assert_eq!(kind_for("Microsoft.Exchange.Imap4.exe"), "imap");
}

/// Scenario: refusals on every virtual directory, with the user in the request or
/// in the query, encoded and in compact form.
/// Guarantees: the kind follows the path, the device is read.
#[test]
fn paths_and_devices() {
    let by = |path: &'static str, query: &str, user: &str| {
        let request = Http { path, query, user, ..Http::default() };
        locked_after(EXCHANGE, "EXCH01", [request.at(1_990, &[])])
    };
    for (path, expected) in [
        ("/owa/auth.owa", "owa"),
        ("/EWS/Exchange.asmx", "ews"),
        ("/autodiscover/x", "autodiscover"),
    ] {
        assert_eq!(kind(&by(path, "-", "user1@contoso.com")), expected);
    }
    let eas = "/Microsoft-Server-ActiveSync/default.eas";
    let query = "DEVICETYPE=Android&deviceid=DEF456&Cmd=Sync&user=contoso%5Cuser1";
    let alert = by(eas, query, "-");
    assert_eq!(alert.entity_value("device"), Some("Android/DEF456"));
    let alert = by(eas, "jAAJBAp2MTQwRGV2aWNlAApTbWFydFBob25l", "CONTOSO\\user1");
    assert_eq!(alert.entity_value("device"), Some("SmartPhone/v140Device"));
}

/// Scenario: rows of the back end, of probes, of loopback clients, of handshakes.
/// Guarantees: none of them names a client.
#[test]
fn rows_that_name_no_client() {
    let request = Http::default();
    let no_user = Http { user: "-", ..Http::default() };
    for row in [
        request.at(1_990, &[("s-port", "444")]),
        request.at(1_990, &[("s-sitename", "W3SVC2")]),
        request.at(1_990, &[("cs(User-Agent)", "AMProbe/Local/ClientAccess")]),
        Http { ip: "::1", ..Http::default() }.at(1_990, &[]),
        Http { win32: "2148074254", ..Http::default() }.at(1_990, &[]),
        Http { win32: "5", ..Http::default() }.at(1_990, &[]),
        no_user.at(1_990, &[]),
    ] {
        assert_eq!(kind(&locked_after(EXCHANGE, "EXCH01", [row])), "exchange_unknown");
    }
}

/// Scenario: a load balancer hides the clients and lists them.
/// Guarantees: the last address outside counts; a forged first one does not; an
/// internal client is still found.
#[test]
fn behind_a_load_balancer() {
    let src_ip = |forwarded: &str| {
        let row = Http { ip: "10.0.0.9", ..Http::default() };
        let row = row.at(1_990, &[("X-Forwarded-For", forwarded)]);
        let alert = locked_after(EXCHANGE, "EXCH01", [row]);
        alert.entity_value("src_ip").unwrap_or_default().to_owned()
    };
    assert_eq!(src_ip("203.0.113.45"), "203.0.113.45");
    assert_eq!(src_ip("192.0.2.1,+203.0.113.45,+10.0.0.8"), "203.0.113.45");
    assert_eq!(src_ip("10.4.4.4"), "10.4.4.4");
    assert_eq!(src_ip("-"), "10.0.0.9");
}

/// Scenario: two devices, one with more refusals, then as many.
/// Guarantees: most refusals win, of equals the newest; addresses of one device do
/// not split it.
#[test]
fn the_busiest_client_is_the_one() {
    let request = |device: &str, ip: &str, second: i64| {
        let query = format!("User=user1&DeviceId={device}&DeviceType=iPhone");
        Http { query: &query, ip, ..Http::default() }.at(second, &[])
    };
    let mut events = vec![
        request("AAA", "203.0.113.1", 1_900),
        request("AAA", "203.0.113.2", 1_930),
        request("BBB", "203.0.113.9", 1_990),
    ];
    let alert = locked_after(EXCHANGE, "EXCH01", events.clone());
    assert_eq!(alert.entity_value("device"), Some("iPhone/AAA"));
    assert_eq!(alert.entity_value("src_ip"), Some("203.0.113.2"));
    events.push(request("BBB", "203.0.113.9", 1_991));
    let alert = locked_after(EXCHANGE, "EXCH01", events);
    assert_eq!(alert.entity_value("device"), Some("iPhone/BBB"));
}

fn imap(second: i64, parameters: &str) -> TestEvent {
    TestEvent::new(
        "exchange-imap-pop",
        second,
        "",
        &[
            ("sessionId", "0000000000000A01"),
            ("sIp", "10.0.0.25:993"),
            ("cIp", "10.1.1.70:50001"),
            ("user", ""),
            ("command", "login"),
            ("parameters", parameters),
            ("context", "R=\"a2 NO LOGIN failed.\";Msg=\"LogonFailed:LogonDenied\""),
        ],
    )
}

fn pop(second: i64, client: &str, command: &str, parameters: &str, context: &str) -> TestEvent {
    TestEvent::new(
        "exchange-imap-pop",
        second,
        "",
        &[
            ("sessionId", "0000000000000B01"),
            ("sIp", "10.0.0.25:995"),
            ("cIp", client),
            ("user", ""),
            ("command", command),
            ("parameters", parameters),
            ("context", context),
        ],
    )
}

const POP_REFUSED: &str = "R=\"-ERR Logon failure: unknown user name or bad password.\"";

/// Scenario: IMAP logons, and POP3 logons whose user stands in an earlier row of
/// the session; the same from the front end to the back end.
/// Guarantees: both are found with their client; the back end's rows are not.
#[test]
fn imap_and_pop() {
    let alert = locked_after(EXCHANGE, "EXCH01", [imap(1_990, "user1@contoso.com *****")]);
    assert_eq!((kind(&alert), alert.entity_value("src_ip")), ("imap", Some("10.1.1.70")));
    assert_eq!(attribute(&alert, "cause"), "stale_credential_app");
    let session = |client| {
        [
            pop(1_989, client, "user", "user1", "R=+OK"),
            pop(1_990, client, "pass", "*****", POP_REFUSED),
        ]
    };
    let alert = locked_after(EXCHANGE, "EXCH01", session("10.1.1.71:50003"));
    assert_eq!((kind(&alert), alert.entity_value("src_ip")), ("pop", Some("10.1.1.71")));
    let alert = locked_after(EXCHANGE, "EXCH01", session("10.0.0.25:50003"));
    assert_eq!(kind(&alert), "exchange_unknown");
}

/// Scenario: POP3 logs that never name the user, at the moments of the failures.
/// Guarantees: the client is found by time, under POP's name.
#[test]
fn pop_by_time() {
    let events = (0..4).flat_map(|n| {
        let second = 1_500 + 83 * n + 11 * n * n;
        [
            write::logon(second, "EXCH01", "user1", &[]),
            pop(second, "10.1.1.71:50003", "pass", "*****", POP_REFUSED),
        ]
    });
    let alert = locked_after(EXCHANGE, "EXCH01", events);
    assert_eq!((kind(&alert), alert.entity_value("src_ip")), ("pop_inferred", Some("10.1.1.71")));
}

/// Scenario: event 1035 at the moments of the failures; failures between servers.
/// Guarantees: the first is found by time, the others are nobody's password.
#[test]
fn event_1035() {
    let with = |error: &str| {
        let events = (0..4).flat_map(|n| {
            let second = 1_500 + 83 * n + 11 * n * n;
            let fields = [("Error", error), ("Mechanism", "Login"), ("IpAddress", "203.0.113.45")];
            let event = TestEvent::new("windows-event", second, "EXCH01", &fields);
            let event =
                TestEvent { event_id: 1035, ..event }.provider("MSExchangeFrontEndTransport");
            [write::kerberos(second, "DC01", "user1", "0x18", "10.0.0.25"), event]
        });
        locked_after(EXCHANGE, "EXCH01", events.collect::<Vec<_>>())
    };
    let alert = with("LogonDenied");
    assert_eq!(kind(&alert), "smtp_auth_inferred");
    assert_eq!(alert.entity_value("src_ip"), Some("203.0.113.45"));
    assert_eq!(kind(&with("UnexpectedExchangeAuthBlob")), "exchange_unknown");
}

/// Scenario: the client found by time failed for another account too.
/// Guarantees: the confidence is low, for the address is shared.
#[test]
fn a_shared_address_lowers_the_confidence() {
    let mut events = vec![write::smtp_auth(1_400, "EXCH01", "10.1.2.3", "user9")];
    for n in 0..4 {
        let second = 1_500 + 83 * n + 11 * n * n;
        events.push(write::logon(second, "EXCH01", "user1", &[]));
        events.push(write::smtp_auth(second, "EXCH01", "10.1.2.3", ""));
    }
    let alone = locked_after(EXCHANGE, "EXCH01", events.split_off(1));
    assert_eq!((kind(&alone), alone.confidence), ("smtp_auth_inferred", Confidence::Medium));
    let mut shared = vec![write::smtp_auth(1_400, "EXCH01", "10.1.2.3", "user9")];
    shared.extend((0..4).flat_map(|n| {
        let second = 1_500 + 83 * n + 11 * n * n;
        [
            write::logon(second, "EXCH01", "user1", &[]),
            write::smtp_auth(second, "EXCH01", "10.1.2.3", ""),
        ]
    }));
    let shared = locked_after(EXCHANGE, "EXCH01", shared);
    assert_eq!((kind(&shared), shared.confidence), ("smtp_auth_inferred", Confidence::Low));
}

fn proxied(second: i64) -> TestEvent {
    TestEvent::new(
        "exchange-httpproxy",
        second,
        "",
        &[
            ("Protocol", "Eas"),
            ("HttpStatus", "401"),
            ("ServerHostName", "EXCH01"),
            ("ClientIpAddress", "203.0.113.45"),
            ("UserAgent", "Apple-iPhone15C2/2107.102"),
            ("UrlQuery", "?Cmd=Sync&User=user1&DeviceId=ABC123&DeviceType=iPhone"),
        ],
    )
}

/// Scenario: the HTTP proxy names the device, with and without the web server's
/// refusal.
/// Guarantees: it completes a refusal; alone it is a hint in the text, since it
/// logs ordinary handshakes too, and it excludes nothing.
#[test]
fn the_http_proxy_names_devices_only() {
    let row = Http::default().at(1_990, &[]);
    let alert = locked_after(EXCHANGE, "EXCH01", [row, proxied(1_990)]);
    assert_eq!(alert.entity_value("device"), Some("iPhone/ABC123"));
    let alert = locked_after(EXCHANGE, "EXCH01", [proxied(1_990)]);
    assert_eq!((kind(&alert), attribute(&alert, "http_excluded")), ("exchange_unknown", ""));
    assert!(alert.description.contains("iPhone ABC123 at 203.0.113.45"), "{}", alert.description);
}

/// Scenario: logs of the server read in the look-back, before it, of another
/// server, and none.
/// Guarantees: only what was read then and there is said to be read.
#[test]
fn absent_logs_exclude_nothing() {
    let with = |events: Vec<TestEvent>| locked_after(EXCHANGE, "EXCH01", events);
    let read = |from, to, host, kind| write::coverage(from, to, host, kind, false);
    let alert =
        with(vec![read(100, 1_900, "10.0.0.25", "iis"), read(0, 1_900, "EXCH01", "exchange-smtp")]);
    assert_eq!(attribute(&alert, "http_excluded"), "true");
    assert!(alert.description.contains("HTTP/SMTP logs were read"), "{}", alert.description);
    assert!(alert.description.contains("IMAP/POP logs were not collected"));
    for elsewhere in [
        vec![read(0, 199, "EXCH01", "iis")],
        vec![read(2_021, 2_030, "EXCH01", "iis")],
        vec![read(100, 1_900, "EXCH02", "iis")],
        vec![read(100, 1_900, "EXCH01", "exchange-httpproxy")],
        vec![],
    ] {
        let alert = with(elsewhere);
        assert_eq!(attribute(&alert, "http_excluded"), "");
        assert!(alert.description.contains("HTTP/SMTP/IMAP/POP logs were not collected"));
    }
}

/// Scenario: a relay of the operator's whose own web log names the user.
/// Guarantees: the second hop is found there; the relay is the nearest machine.
#[test]
fn a_relay_with_a_log() {
    let config = r#"{"site": {"relay_hosts": ["ADFS01"]}}"#;
    let row = Http { host: "ADFS01", path: "/adfs/ls", ..Http::default() }.at(1_990, &[]);
    let alert = locked_after(config, "ADFS01", [row]);
    assert_eq!((kind(&alert), alert.entity_value("host")), ("http", Some("adfs01")));
    assert_eq!(alert.confidence, Confidence::High);
}

/// Scenario: a blank caller and no failure that Windows reported, but the web
/// server refused the user.
/// Guarantees: the server is the first hop and the client is found.
#[test]
fn a_blank_caller_with_a_web_log() {
    let alert = locked_after("{}", "", [Http::default().at(1_990, &[])]);
    assert_eq!((kind(&alert), alert.entity_value("src_ip")), ("activesync", Some("203.0.113.45")));
    assert_eq!((attribute(&alert, "caller_blank"), alert.confidence), ("true", Confidence::High));
}

/// Scenario: an SMTP service of IIS 6 that nobody configured.
/// Guarantees: a server that takes SMTP AUTH is searched for the client.
#[test]
fn an_smtp_service_is_a_server() {
    let events = (0..4).flat_map(|n| {
        let second = 1_500 + 83 * n + 11 * n * n;
        [
            write::legacy_logon(second, "EXCHSRV01", "user1", "1728"),
            write::iis6_auth(second, "EXCHSRV01", "10.1.2.3"),
        ]
    });
    let alert = locked_after("{}", "EXCHSRV01", events);
    assert_eq!(kind(&alert), "smtp_auth_inferred");
}

/// Scenario: an AUTH that the SMTP service of IIS 6 accepted.
/// Guarantees: it is nobody's failure.
#[test]
fn accepted_auth_is_no_failure() {
    let events = (0..4).flat_map(|n| {
        let second = 1_500 + 83 * n + 11 * n * n;
        let mut accepted = write::iis6_auth(second, "EXCHSRV01", "10.1.2.3");
        accepted.fields.retain(|(name, _)| name != "sc-status");
        accepted.fields.push(("sc-status".to_owned(), "235".to_owned()));
        [write::legacy_logon(second, "EXCHSRV01", "user1", "1728"), accepted]
    });
    assert_eq!(kind(&locked_after("{}", "EXCHSRV01", events)), "exchange_unknown");
}

/// Scenario: other providers use the numbers of audit events.
/// Guarantees: their events are not read as audit events.
#[test]
fn other_providers_are_not_read() {
    let lock = write::locked(100, "DC01", "user1", "WS042").provider("ESENT");
    assert!(run("{}", [lock]).is_empty());
    let mut absent = write::locked(100, "DC01", "user1", "WS042");
    absent.provider = None;
    assert_eq!(run("{}", [absent]).len(), 1);
}
