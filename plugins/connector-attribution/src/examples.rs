//! The worked examples of the specification, for the native tests and the host's.

use logwasp_sdk::testkit::{Example, TestEvent, clock, incidents};
use logwasp_sdk::{Activity, Alert, Confidence, Severity};

/// The site of the provider whose wildcard certificate name lets customers in.
pub(crate) const SITE: &str = r#"{"site": {"accepted_domains": ["varunagroup.de"],
    "own_tenant_ids": ["11111111-2222-3333-4444-555555555555"],
    "hybrid": {"onprem_hosts": ["smtpo365.varunagroup.de"]}}}"#;
const CONTOSO: &str = r#"{"site": {"accepted_domains": ["contoso.com"]}}"#;
pub(crate) const TENANT: &str = "11111111-2222-3333-4444-555555555555";

/// The `custom-data` of a message through the hybrid connector.
pub(crate) fn custom_data(host: &str, connector_type: &str, tenant: &str) -> String {
    format!(
        "S:ProxyHop1=HE1EUR01FT049.mail.protection.outlook.com(10.152.0.221);\
         S:ProxyHop2=AM0PR01CA0001.outlook.office365.com(2603:10a6:208:fa::40);\
         S:InboundConnectorData=Name=Inbound from 99999999-0000-0000-0000-000000000000;\
         ConnectorType={connector_type};TenantId={tenant};\
         S:InboundTlsDetails=TLS=SP_PROT_TLS1_2_SERVER [...];\
         S:CorrelationId=d9ac6a10-8de9-4308-4205-07d865e8909b;S:MimeParts=Att/Emb/MPt:0/0/1;\
         S:MessageValue=MediumHigh;S:Replication=AM6PR01MB0002;\
         S:FirstForestHop=AM0PR01MB0001.eurprd03.prod.outlook.com;S:FromEntity=HybridOnPrem;\
         S:Oorg=varunagroup.de;S:ProxiedClientIPAddress=81.173.212.44;\
         S:ProxiedClientHostname={host};S:DeliveryPriority=Normal;\
         S:AccountForest=EURPR01A001.PROD.OUTLOOK.COM"
    )
}

/// A RECEIVE row of the extended trace.
pub(crate) fn trace(time: &str, id: &str, sender: &str, rcpt: &str, custom: &str) -> TestEvent {
    let fields = [
        ("client-hostname", "HE1EUR01FT049.mail.protection.outlook.com"),
        ("server-hostname", "AM0PR01MB0001"),
        ("connector-id", "AM0PR01MB0001\\Default AM0PR01MB0001"),
        ("source", "SMTP"),
        ("event-id", "RECEIVE"),
        ("message-id", id),
        ("recipient-address", rcpt),
        ("sender-address", sender),
        ("message-info", "0cA: "),
        ("directionality", "Originating"),
        ("tenant-id", TENANT),
        ("original-client-ip", "81.173.212.44"),
        ("custom-data", custom),
    ];
    TestEvent::new("exchange-tracking", clock(time), "AM0PR01MB0001", &fields)
}

/// A message that Exchange Online accepted, in the gateway's send log.
pub(crate) fn accepted(time: &str, id: &str, rcpt: &str) -> TestEvent {
    let reply = format!("250 2.6.0 <{id}> [InternalId=1, Hostname=X] Queued mail for delivery");
    let fields = [
        ("direction", "send"),
        ("event", "<"),
        ("session-id", "08DE1F0A5C000300"),
        ("server", "10.0.0.25"),
        ("connector", "Outbound to Internet"),
        ("local_ip", "10.0.0.25"),
        ("ip", "104.47.8.36"),
        ("peer_name", "fabrikam-com.mail.protection.outlook.com"),
        ("mail_from", "user1@contoso.com"),
        ("rcpts", rcpt),
        ("accepted_rcpts", rcpt),
        ("reply", &reply),
    ];
    TestEvent::new("exchange-smtp-session", clock(time), "10.0.0.25", &fields)
}

fn foreign(custom: &str) -> TestEvent {
    let (sender, recipient) = ("info@setebos-ag.com", "partner@fabrikam.com");
    trace("10:11:12", "<abc@setebos-ag.com>", sender, recipient, custom)
}

fn own(custom: &str) -> TestEvent {
    let (sender, recipient) = ("info@varunagroup.de", "partner@fabrikam.com");
    trace("10:11:12", "<abc@varunagroup.de>", sender, recipient, custom)
}

/// Any message of the tenant: the trace is alive.
pub(crate) fn alive(time: &str, id: &str) -> TestEvent {
    trace(time, id, "user2@contoso.com", "user1@contoso.com", "S:FromEntity=Hosted")
}

fn example(
    name: &'static str,
    config: &'static str,
    events: Vec<TestEvent>,
    check: fn(&[Alert]),
) -> Example {
    Example { name, config, events, advance: None, check }
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

fn check_foreign(alerts: &[Alert]) {
    let alert = only(alerts);
    assert_eq!(verdict(alert), ("C1", Severity::High, Confidence::High, 1));
    assert_eq!(alert.title, "Mail of setebos-ag.com attributed to tenant of varunagroup.de");
    assert_eq!(alert.attribute_value("also"), Some("C2"));
    let connector = "Inbound from 99999999-0000-0000-0000-000000000000";
    assert_eq!(alert.entity_value("connector"), Some(connector));
    assert_eq!(alert.entity_value("tenant"), Some(TENANT));
    assert_eq!(alert.entity_value("host"), Some("mx01.varunagroup.de"));
    assert_eq!(alert.entity_value("src_ip"), Some("81.173.212.44"));
    assert_eq!(alert.entity_value("message_id"), Some("abc@setebos-ag.com"));
    assert_eq!(alert.attribute_value("sender_domain"), Some("setebos-ag.com"));
    assert_eq!(alert.attribute_value("recipient_domain"), Some("fabrikam.com"));
    assert_eq!(alert.attribute_value("oorg"), Some("varunagroup.de"));
    assert_eq!(alert.attribute_value("allowed_host"), Some("smtpo365.varunagroup.de"));
    assert_eq!(alert.labels, [("data-leak".to_owned(), "true".to_owned())]);
    assert!(alert.attack.is_empty());
    assert!(alert.description.contains("wildcard TLS sender certificate name"));
    assert!(alert.remediation.contains("one exact name"));
}

/// Every example of the section.
pub fn all() -> Vec<Example> {
    let mut all = traces();
    all.extend(discards());
    all
}

fn traces() -> Vec<Example> {
    let row = |host| custom_data(host, "OnPremises", TENANT);
    let wrong = row("mx01.varunagroup.de");
    let mut items: Vec<&str> = wrong.split(";S:").collect();
    items.reverse();
    let reordered = format!("S:{}", items.join("; S:")).replace("S:S:", "S:").replace(';', "; ");
    vec![
        example("7.1 foreign sender", SITE, vec![foreign(&wrong)], check_foreign),
        example(
            "7.2 own sender, allowed host",
            SITE,
            vec![own(&row("smtpo365.varunagroup.de"))],
            silence,
        ),
        example("7.3 wrong entry host", SITE, vec![own(&wrong)], |alerts| {
            let alert = only(alerts);
            assert_eq!(verdict(alert), ("C2", Severity::Medium, Confidence::High, 1));
            assert_eq!(alert.attribute_value("proxied_host"), Some("mx01.varunagroup.de"));
            assert_eq!(alert.attribute_value("also"), None);
        }),
        example(
            "7.4 foreign tenant",
            SITE,
            vec![own(&custom_data(
                "smtpo365.varunagroup.de",
                "OnPremises",
                "aaaaaaaa-0000-0000-0000-000000000000",
            ))],
            |alerts| {
                let alert = only(alerts);
                assert_eq!(verdict(alert), ("C3", Severity::High, Confidence::High, 1));
                let tenant = alert.entity_value("tenant");
                assert_eq!(tenant, Some("aaaaaaaa-0000-0000-0000-000000000000"));
            },
        ),
        example("7.6 keys in another order", SITE, vec![foreign(&reordered)], check_foreign),
        example(
            "7.7 partner connector",
            SITE,
            vec![foreign(&custom_data("mx01.varunagroup.de", "Partner", TENANT))],
            silence,
        ),
    ]
}

fn discards() -> Vec<Example> {
    let sent = || accepted("09:00:00", "m1@contoso.com", "kunde@fabrikam.com");
    vec![
        example(
            "7.5 accepted but never traced",
            CONTOSO,
            vec![
                sent(),
                alive("09:10:00", "<other@contoso.com>"),
                alive("09:30:01", "<later@contoso.com>"),
            ],
            |alerts| {
                let alert = only(alerts);
                assert_eq!(verdict(alert), ("C5", Severity::Medium, Confidence::Medium, 1));
                assert_eq!(alert.entity_value("message_id"), Some("m1@contoso.com"));
                assert_eq!(alert.entity_value("connector"), Some("Outbound to Internet"));
                assert_eq!(alert.attribute_value("recipient_domain"), Some("fabrikam.com"));
                let next_hop = alert.attribute_value("next_hop");
                assert_eq!(next_hop, Some("fabrikam-com.mail.protection.outlook.com"));
                assert!(alert.description.contains("certificate on both gateway connectors"));
            },
        ),
        example(
            "7.5 received after ten minutes",
            CONTOSO,
            vec![
                sent(),
                trace(
                    "09:10:00",
                    "<m1@contoso.com>",
                    "user1@contoso.com",
                    "kunde@fabrikam.com",
                    "S:FromEntity=Internet",
                ),
                alive("09:45:00", "<later@contoso.com>"),
            ],
            silence,
        ),
    ]
}
