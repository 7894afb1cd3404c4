//! The worked examples, and the messages they are made of.

use logwasp_sdk::testkit::{Example, TestEvent, clock, incidents};
use logwasp_sdk::{Activity, Alert, Confidence, Severity, mail};

/// The site of the examples: one server on premises, one tenant.
pub(crate) const SITE: &str = r#"{"site": {
    "accepted_domains": ["contoso.com"],
    "exchange_hosts": ["EXCH01=10.0.0.25", "Exchange2013.domain.local"],
    "gateways": ["gw01.contoso.com"],
    "own_tenant_ids": ["11111111-2222-3333-4444-555555555555"]
}}"#;

/// An event of a header block, as the host makes one.
pub(crate) fn mail_event(second: i64, block: &str) -> TestEvent {
    let mut event = TestEvent::new("mail-headers", second, "", &[("@raw", block)]);
    event.fields.extend(mail::headers(block).map(|header| {
        // Names come in their usual case; the block stays as it is.
        let name = if header.is("Received") { "Received" } else { header.name };
        (name.to_owned(), header.value.into_owned())
    }));
    event
}

/// A message of a mailbox on premises, as it stands in a mailbox of Exchange Online.
pub(crate) fn hybrid_block(sender: &str, id: &str, verdict: &str) -> String {
    format!(
        "Received: from AM0PR01MB0001.eurprd01.prod.outlook.com (2603:10a6:208:fa::40) by\r\n \
         AM0PR01MB0002.eurprd01.prod.outlook.com with HTTPS; Sun, 24 May 2020 09:59:09 +0000\r\n\
         Received: from HE1EUR01FT049.eop-EUR01.prod.protection.outlook.com (2603:10a6:208:fa:cafe::1)\r\n \
         by AM0PR01CA0001.outlook.office365.com (2603:10a6:208:fa::40) with Microsoft SMTP Server\r\n \
         (version=TLS1_2, cipher=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384) id 15.20.3021.23 via\r\n \
         Frontend Transport; Sun, 24 May 2020 09:59:08 +0000\r\n\
         Received: from Exchange2013.domain.local (203.0.113.9) by\r\n \
         HE1EUR01FT049.mail.protection.outlook.com (10.152.0.221) with Microsoft SMTP Server\r\n \
         (version=TLS1_2, cipher=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384) id 15.20.3021.23 via\r\n \
         Frontend Transport; Sun, 24 May 2020 09:59:07 +0000\r\n\
         Received: from Exchange2013.domain.local (10.0.0.13) by Exchange2013.domain.local\r\n \
         (10.0.0.13) with Microsoft SMTP Server (TLS) id 15.0.1156.6; Sun, 24 May 2020 11:59:06\r\n \
         +0200\r\n\
         From: Clint <{sender}>\r\nTo: Test <test@contoso.com>\r\nSubject: Test\r\n\
         Message-ID: <{id}>\r\nDate: Sun, 24 May 2020 09:59:06 +0000\r\n\
         X-EOPTenantAttributedMessage: 11111111-2222-3333-4444-555555555555:0\r\n\
         X-EOPAttributedMessage: 0\r\n{verdict}MIME-Version: 1.0\r\n"
    )
}

pub(crate) const ANONYMOUS: &str = "X-MS-Exchange-Organization-MessageDirectionality: Incoming\r\n\
    X-MS-Exchange-Organization-AuthSource: HE1EUR01FT049.eop-EUR01.prod.protection.outlook.com\r\n\
    X-MS-Exchange-Organization-AuthAs: Anonymous\r\n\
    X-MS-Exchange-CrossTenant-FromEntityHeader: Internet\r\n";

pub(crate) const GOOD: &str = "X-MS-Exchange-Organization-MessageDirectionality: Originating\r\n\
    X-MS-Exchange-Organization-AuthSource: Exchange2013.domain.local\r\n\
    X-MS-Exchange-Organization-AuthAs: Internal\r\n\
    X-MS-Exchange-Organization-AuthMechanism: 04\r\n\
    X-MS-Exchange-Organization-SCL: -1\r\n\
    X-MS-Exchange-CrossTenant-FromEntityHeader: HybridOnPrem\r\n";

/// A message that EXCH01 took from `ip`: `brought` stands among what the sender
/// wrote, `stamped` where Exchange puts its own.
pub(crate) fn inbound_block(ip: &str, sender: &str, brought: &str, stamped: &str) -> String {
    format!(
        "Received: from mail.evil.example ({ip}) by EXCH01.contoso.com (10.0.0.25) with Microsoft\r\n \
         SMTP Server (version=TLS1_2, cipher=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384) id\r\n \
         15.1.2375.7 via Frontend Transport; Fri, 20 Nov 2026 09:00:00 +0000\r\n\
         {brought}From: <{sender}>\r\nTo: user1@contoso.com\r\nSubject: Urgent\r\n\
         Message-ID: <m1@evil.example>\r\nDate: Fri, 20 Nov 2026 08:59:58 +0000\r\n\
         MIME-Version: 1.0\r\n{stamped}"
    )
}

pub(crate) const EXCHANGE_STAMP: &str = "X-MS-Exchange-Organization-SCL: 1\r\n\
    X-MS-Exchange-Organization-AuthSource: EXCH01.contoso.com\r\n\
    X-MS-Exchange-Organization-AuthAs: Anonymous\r\n";

/// All worked examples.
pub fn all() -> Vec<Example> {
    let mut examples = own_mail();
    examples.extend(strangers());
    examples.extend(other_coats());
    examples
}

fn example(name: &'static str, events: Vec<TestEvent>, check: fn(&[Alert])) -> Example {
    Example { name, config: SITE, events, advance: None, check }
}

fn own_mail() -> Vec<Example> {
    let at = clock("09:59:09");
    let seed = hybrid_block("clint@contoso.com", "loop1@contoso.com", ANONYMOUS);
    let fixed = hybrid_block("clint@contoso.com", "fixed1@contoso.com", GOOD);
    let folded = seed
        .replace("X-MS-Exchange-Organization-AuthAs: ", "x-ms-exchange-organization-authas:\r\n ")
        .replace("FromEntityHeader:", "fromentityheader:")
        .replace("Received:", "received:");
    vec![
        example("4.1 own mail is anonymous", vec![mail_event(at, &seed)], is_one_a1),
        example("4.2 good state", vec![mail_event(at, &fixed)], is_silent),
        example("4.3 newsletter", newsletters(at), is_silent),
        example("4.5 downgrade over time", downgrade(), is_a1_with_a5),
        example("4.7 folded, lower case", vec![mail_event(at, &folded)], is_one_a1),
    ]
}

/// At our server and at Exchange Online.
fn newsletters(at: i64) -> Vec<TestEvent> {
    let on_prem = inbound_block("198.51.100.20", "news@fabrikam.com", "", EXCHANGE_STAMP);
    let online = format!(
        "Received: from mail.fabrikam.com (198.51.100.20) by\r\n \
         HE1EUR01FT049.mail.protection.outlook.com (10.152.0.221) with Microsoft SMTP Server; d\r\n\
         From: News <news@fabrikam.com>\r\nTo: user1@contoso.com\r\nSubject: News\r\n\
         X-EOPAttributedMessage: 0\r\n{ANONYMOUS}"
    );
    vec![mail_event(at, &on_prem), mail_event(at + 1, &online)]
}

/// 75 minutes of a good message a minute, then 12 anonymous ones.
pub(crate) fn downgrade() -> Vec<TestEvent> {
    let start = clock("10:00:00");
    let message = |minute: i64, verdict: &str| {
        let sender = if minute % 2 == 0 { "clint@contoso.com" } else { "erp@contoso.com" };
        let id = format!("m{}@contoso.com", minute + 100);
        mail_event(start + minute * 60, &hybrid_block(sender, &id, verdict))
    };
    let good = (-75..0).map(|minute| message(minute, GOOD));
    good.chain((0..12).map(|minute| message(minute, ANONYMOUS))).collect()
}

fn strangers() -> Vec<Example> {
    let at = clock("09:00:00");
    let vouched = "X-MS-Exchange-Organization-AuthAs: Internal\r\n\
        X-MS-Exchange-Organization-AuthSource: mail.evil.example\r\n";
    let foreign = inbound_block("198.51.100.9", "ceo@contoso.com", "", vouched);
    let header = "X-MS-Exchange-Organization-AuthAs: Internal\r\n";
    let amid = inbound_block("198.51.100.9", "ceo@contoso.com", header, EXCHANGE_STAMP);
    let last = inbound_block("198.51.100.9", "ceo@contoso.com", "", header);
    vec![
        example("4.4 foreign source", vec![mail_event(at, &foreign)], |alerts| {
            let alert = one(alerts, "A2", Severity::High);
            assert_eq!(alert.confidence, Confidence::High);
            assert_eq!(alert.attack, ["T1672"]);
            assert_eq!(alert.entity_value("src_ip"), Some("198.51.100.9"));
            assert_eq!(alert.entity_value("host"), Some("exch01"));
            assert_eq!(alert.attribute_value("auth_source"), Some("mail.evil.example"));
            assert_eq!(alert.attribute_value("sender_domain"), Some("contoso.com"));
            assert!(alert.title.starts_with("Message treated as internal but source is foreign"));
        }),
        example("4.6 injected header", vec![mail_event(at, &amid)], is_one_a3),
        example("4.6 injected header, at the end", vec![mail_event(at, &last)], is_one_a3),
    ]
}

/// The same stories told by a gateway's log and by a trace.
fn other_coats() -> Vec<Example> {
    let at = clock("09:00:00");
    let line = "4F1: warning: header X-MS-Exchange-Organization-AuthAs: Internal from \
        mail.evil.example[198.51.100.9]; from=<ceo@contoso.com> to=<user1@contoso.com>";
    let gateway = TestEvent::new("syslog", at, "gw01", &[("message", line)]);
    vec![
        example("4.6 injected header, gateway log", vec![gateway], |alerts| {
            let alert = one(alerts, "A3", Severity::High);
            assert_eq!(alert.confidence, Confidence::Medium);
            assert_eq!(alert.entity_value("host"), Some("gw01"));
            assert_eq!(alert.attribute_value("sender"), Some("ceo@contoso.com"));
        }),
        example("4.1 own mail is anonymous, trace", vec![trace_event(at, "Internet")], |alerts| {
            let alert = one(alerts, "A1", Severity::Medium);
            assert_eq!(alert.confidence, Confidence::Low);
            assert_eq!(alert.entity_value("host"), Some("exchange2013"));
            assert_eq!(alert.entity_value("message_id"), Some("loop1@contoso.com"));
            assert_eq!(alert.attribute_value("oorg"), Some("contoso.com"));
        }),
        example("4.2 good state, trace", vec![trace_event(at, "HybridOnPrem")], is_silent),
    ]
}

/// A row of the extended trace.
pub(crate) fn trace_event(second: i64, from_entity: &str) -> TestEvent {
    let custom_data = format!(
        "S:ProxyHop1=HE1EUR01FT049.mail.protection.outlook.com(10.152.0.221);\
         S:FromEntity={from_entity};S:Oorg=contoso.com;S:ProxiedClientIPAddress=203.0.113.9;\
         S:ProxiedClientHostname=Exchange2013.domain.local"
    );
    let fields = [
        ("source", "SMTP"),
        ("event-id", "RECEIVE"),
        ("message-id", "<loop1@contoso.com>"),
        ("sender-address", "clint@contoso.com"),
        ("recipient-address", "test@contoso.com"),
        ("message-info", "0cA: "),
        ("directionality", "Incoming"),
        ("tenant-id", "11111111-2222-3333-4444-555555555555"),
        ("custom-data", &custom_data),
    ];
    TestEvent::new("exchange-tracking", second, "AM0PR01MB0001", &fields)
}

fn is_silent(alerts: &[Alert]) {
    assert!(alerts.is_empty(), "{alerts:?}");
}

/// The only alert, of this rule and severity.
fn one<'a>(alerts: &'a [Alert], rule: &str, severity: Severity) -> &'a Alert {
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    let alert = &alerts[0];
    assert_eq!((alert.rule.as_str(), alert.severity, alert.count), (rule, severity, 1));
    assert_eq!(alert.activity, Activity::Create);
    assert!(!alert.noise && alert.evidence.len() == 1 && alert.labels.is_empty());
    alert
}

fn is_one_a1(alerts: &[Alert]) {
    let alert = one(alerts, "A1", Severity::Medium);
    assert_eq!(alert.confidence, Confidence::High);
    assert!(alert.attack.is_empty());
    for (name, value) in [
        ("host", "exchange2013"),
        ("tenant", "11111111-2222-3333-4444-555555555555"),
        ("message_id", "loop1@contoso.com"),
    ] {
        assert_eq!(alert.entity_value(name), Some(value), "{name}");
    }
    for (name, value) in [
        ("auth_as", "Anonymous"),
        ("from_entity", "Internet"),
        ("directionality", "Incoming"),
        ("attributed_n", "0"),
        ("sender", "clint@contoso.com"),
        ("sender_domain", "contoso.com"),
    ] {
        assert_eq!(alert.attribute_value(name), Some(value), "{name}");
    }
    assert_eq!(alert.attribute_value("also"), None);
    assert_eq!(
        alert.title,
        "Own on-premises mail reaches EXO as Anonymous: contoso.com via exchange2013"
    );
}

fn is_a1_with_a5(alerts: &[Alert]) {
    let cases = incidents(alerts);
    assert_eq!(cases.len(), 1, "{alerts:?}");
    let alert = cases[0];
    assert_eq!((alert.rule.as_str(), alert.severity, alert.count), ("A1", Severity::Medium, 12));
    assert_eq!(alert.attribute_value("also"), Some("A5"));
    assert_eq!(alert.attribute_value("broke_at"), Some("1970-01-01 10:00:00 UTC"));
    assert!(alert.title.ends_with("hybrid trust broke at 1970-01-01 10:00:00 UTC"));
    assert!(alert.attack.is_empty());
    let creates = alerts.iter().filter(|alert| alert.activity == Activity::Create);
    assert_eq!(creates.count(), 1);
    assert_eq!(alerts[0].attribute_value("also"), None);
}

fn is_one_a3(alerts: &[Alert]) {
    let alert = one(alerts, "A3", Severity::High);
    assert_eq!(alert.confidence, Confidence::High);
    assert!(alert.attack.is_empty());
    assert_eq!(alert.entity_value("host"), Some("exch01"));
    assert_eq!(alert.entity_value("src_ip"), Some("198.51.100.9"));
    assert_eq!(alert.attribute_value("headers"), Some("x-ms-exchange-organization-authas"));
    assert_eq!(alert.attribute_value("auth_as"), Some("Internal"));
    assert_eq!(alert.attribute_value("also"), None);
}
