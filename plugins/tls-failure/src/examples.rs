//! The worked examples of the specification, for the native tests and the host's.

use logwasp_sdk::testkit::{Example, TestEvent, clock, incidents};
use logwasp_sdk::{Activity, Alert, Confidence, Severity};

/// A failed sign-in as OWA writes it.
pub(crate) const IM_LINE: &str = "2026-11-20T10:01:22.511Z,1b2c3d4e5f60,im.contoso.com,\
    user1@contoso.com,\"ERROR:UCWEB Failure: Code=TlsFailure, SubCode=TlsRemoteDisconnected, \
    Reason=\\r\\n Microsoft.Rtc.Internal.UCWeb.Utilities.UCWException: Unknown error (0x80131500) \
    ---> Microsoft.Rtc.Signaling.TlsFailureException: Unknown error (0x80131500) ---> \
    Microsoft.Rtc.Internal.Sip.RemoteDisconnectedException: Peer disconnected while outbound \
    capabilities negotiation was in progress ---> System.Net.Sockets.SocketException: An existing \
    connection was forcibly closed by the remote host\\r\\n at \
    System.Net.Sockets.Socket.EndReceive(IAsyncResult asyncResult)\\r\\n ...\"";

/// An informational row of the send log of the connector to Exchange Online.
pub(crate) fn send(second: i64, remote: &str, context: &str) -> TestEvent {
    let fields = [
        ("direction", "send"),
        ("connector-id", "Outbound to Office 365"),
        ("session-id", "08DE1F0A5C000401"),
        ("sequence-number", "22"),
        ("local-endpoint", "10.0.0.25:30300"),
        ("remote-endpoint", remote),
        ("event", "*"),
        ("data", ""),
        ("context", context),
    ];
    TestEvent::new("exchange-smtp", second, "10.0.0.25", &fields)
}

pub(crate) fn failed(second: i64, remote: &str, error: &str) -> TestEvent {
    send(second, remote, &format!("TLS negotiation failed with error {error}"))
}

fn instant_messaging(time: &str) -> TestEvent {
    TestEvent::new("exchange-owa-im", clock(time), "EXCH01", &[("@raw", IM_LINE)])
}

/// An event of the transport service.
pub(crate) fn transport(second: i64, event_id: u32, data: &[&str]) -> TestEvent {
    let fields: Vec<(&str, &str)> = data.iter().map(|value| ("Data", *value)).collect();
    let event = TestEvent::new("windows-event", second, "EXCH01.contoso.com", &fields);
    TestEvent { event_id, ..event }.provider("MSExchangeTransport").channel("Application")
}

fn no_certificate(time: &str) -> TestEvent {
    let data = ["mail.contoso.com", "Default Frontend EXCH01", "mail.contoso.com"];
    transport(clock(time), 12_014, &data)
}

fn example(name: &'static str, events: Vec<TestEvent>, check: fn(&[Alert])) -> Example {
    Example { name, config: "{}", events, advance: None, check }
}

fn silence(alerts: &[Alert]) {
    assert_eq!(alerts, []);
}

/// The one incident, of which one alert was created.
pub(crate) fn only(alerts: &[Alert]) -> &Alert {
    let created = alerts.iter().filter(|alert| alert.activity == Activity::Create).count();
    let incidents = incidents(alerts);
    assert_eq!((created, incidents.len()), (1, 1), "{incidents:#?}");
    incidents[0]
}

/// Rule, severity, confidence, count.
pub(crate) fn verdict(alert: &Alert) -> (&str, Severity, Confidence, u64) {
    (&alert.rule, alert.severity, alert.confidence, alert.count)
}

/// Every example of the section.
pub fn all() -> Vec<Example> {
    [handshakes(), instant_messages(), certificates()].into_iter().flatten().collect()
}

fn handshakes() -> Vec<Example> {
    vec![
        example(
            "9.1 our own certificate has no key",
            vec![failed(clock("09:40:00"), "104.47.8.36:25", "NoCredentials")],
            |alerts| {
                let alert = only(alerts);
                assert_eq!(verdict(alert), ("F1", Severity::High, Confidence::High, 1));
                assert_eq!(alert.entity_value("connector"), Some("Outbound to Office 365"));
                assert_eq!(alert.entity_value("host"), Some("10.0.0.25"));
                assert_eq!(alert.entity_value("src_ip"), Some("104.47.8.36"));
                assert_eq!(alert.attribute_value("error"), Some("NoCredentials"));
                assert!(alert.remediation.contains("private key"));
                assert!(alert.attack.is_empty() && alert.labels.is_empty());
            },
        ),
        example(
            "9.2 SocketError four times: silence",
            (0..4).map(|n| failed(n * 30, "104.47.8.36:25", "SocketError")).collect(),
            silence,
        ),
        example(
            "9.2 SocketError twelve times with Exchange Online",
            (0..12)
                .map(|n| failed(n * 30, &format!("104.47.8.{}:25", 36 + n % 2), "SocketError"))
                .collect(),
            |alerts| {
                let alert = only(alerts);
                assert_eq!(verdict(alert), ("F1", Severity::Medium, Confidence::High, 12));
                assert_eq!(alert.attribute_value("peer"), Some("Exchange Online"));
                assert_eq!(alert.attribute_value("peer_class"), Some("eop"));
                assert_eq!(alert.attribute_value("error"), Some("SocketError"));
            },
        ),
        example(
            "9.7 a handshake that succeeds: silence",
            vec![send(
                0,
                "104.47.8.36:25",
                "TLS protocol SP_PROT_TLS1_2_SERVER negotiation succeeded using bulk encryption \
                 algorithm CALG_AES_256 with strength 256 bits",
            )],
            silence,
        ),
    ]
}

fn instant_messages() -> Vec<Example> {
    vec![
        example(
            "9.3 OWA instant messaging three times",
            ["10:01:22", "10:02:22", "10:05:00"].map(instant_messaging).to_vec(),
            |alerts| {
                let alert = only(alerts);
                assert_eq!(verdict(alert), ("F2", Severity::Medium, Confidence::High, 3));
                assert_eq!(alert.entity_value("host"), Some("exch01"));
                assert_eq!(alert.attribute_value("code"), Some("TlsFailure"));
                assert_eq!(alert.attribute_value("sub_code"), Some("TlsRemoteDisconnected"));
                assert_eq!(
                    alert.attribute_value("innermost_exception"),
                    Some(
                        "System.Net.Sockets.SocketException: An existing connection was forcibly \
                         closed by the remote host"
                    )
                );
                assert!(alert.title.contains("TlsFailure/TlsRemoteDisconnected"));
                assert!(alert.remediation.contains("CN"));
            },
        ),
        example("9.4 the line once: silence", vec![instant_messaging("10:01:22")], silence),
    ]
}

fn certificates() -> Vec<Example> {
    vec![
        example("9.5 no certificate for a connector", vec![no_certificate("08:00:00")], |alerts| {
            let alert = only(alerts);
            assert_eq!(verdict(alert), ("F3", Severity::Medium, Confidence::High, 1));
            assert_eq!(alert.entity_value("host"), Some("exch01"));
            assert_eq!(alert.entity_value("connector"), Some("Default Frontend EXCH01"));
            assert_eq!(alert.attribute_value("fqdn"), Some("mail.contoso.com"));
            assert_eq!(alert.attribute_value("event_id"), Some("12014"));
        }),
        Example {
            config: r#"{"site": {"exchange_hosts": ["EXCH01=10.0.0.25"]}}"#,
            ..example(
                "9.6 no certificate and no key on one host: two alerts, joined behind",
                vec![
                    no_certificate("08:00:00"),
                    failed(clock("08:04:00"), "104.47.8.36:25", "NoCredentials"),
                ],
                |alerts| {
                    let verdicts: Vec<_> = alerts.iter().map(verdict).collect();
                    assert_eq!(
                        verdicts,
                        [
                            ("F3", Severity::Medium, Confidence::High, 1),
                            ("F1", Severity::High, Confidence::High, 1)
                        ]
                    );
                    assert!(alerts.iter().all(|a| a.entity_value("host") == Some("exch01")));
                },
            )
        },
    ]
}
