//! Windows events as text, in the layouts that people and agents leave behind.

use super::*;
use crate::time::{TimeQuality, YearReference, Zones, to_rfc3339};

/// What a decoder gave: id, source, log, host, time, then the fields.
fn shown(event: &Event<'_>) -> Vec<String> {
    let text = |value: Value<'_>| String::from_utf8_lossy(value.spelled()).into_owned();
    let member = |value: Option<Value<'_>>| value.map(text).unwrap_or_default();
    let time = match event.time_quality {
        TimeQuality::None => String::new(),
        _ => to_rfc3339(event.time).chars().take(19).collect(),
    };
    let (provider, channel, host) =
        (member(event.provider), member(event.channel), member(event.host));
    let mut lines = vec![format!("{} {provider} {channel} {host} {time}", event.event_id)];
    let fields = event.fields.iter();
    lines.extend(fields.map(|f| format!("{}={}", String::from_utf8_lossy(f.name), text(f.value))));
    lines
}

fn with_context<T>(read: impl FnOnce(&Bump, &Context<'_, '_>) -> T) -> T {
    let (arena, zones) = (Bump::new(), Zones::all_in(jiff::tz::TimeZone::UTC));
    let year = YearReference { nanos: 1_795_219_200_000_000_000 };
    read(&arena, &Context { arena: &arena, zones: &zones, year })
}

fn block(text: &str) -> Vec<String> {
    let (arena, zones) = (Bump::new(), Zones::all_in(jiff::tz::TimeZone::UTC));
    let year = YearReference { nanos: 1_795_219_200_000_000_000 };
    let context = Context { arena: &arena, zones: &zones, year };
    let mut event = Event::default();
    decode(text.as_bytes(), &context, &mut event).unwrap();
    shown(&event)
}

fn line(text: &str, app: Option<&str>) -> Vec<String> {
    let (arena, zones) = (Bump::new(), Zones::all_in(jiff::tz::TimeZone::UTC));
    let year = YearReference { nanos: 1_795_219_200_000_000_000 };
    let context = Context { arena: &arena, zones: &zones, year };
    let mut event = Event::default();
    let sender = Sender { app: app.map(str::as_bytes) };
    assert!(decode_line(text.as_bytes(), sender, &context, &mut event), "{text}");
    shown(&event)
}

const LOCKOUT: &str = "A user account was locked out.\r\n\r\nSubject:\r\n\tSecurity ID:\t\tS-1-5-18\r\n\tAccount Name:\t\tDC01$\r\n\tAccount Domain:\t\tCONTOSO\r\n\tLogon ID:\t\t0x3E7\r\n\r\nAccount That Was Locked Out:\r\n\tSecurity ID:\t\tS-1-5-21-1-2104\r\n\tAccount Name:\t\tuser1\r\n\r\nAdditional Information:\r\n\tCaller Computer Name:\tEXCH01\r\n";

const FIELDS: [&str; 7] = [
    "SubjectUserSid=S-1-5-18",
    "SubjectUserName=DC01$",
    "SubjectDomainName=CONTOSO",
    "SubjectLogonId=0x3E7",
    "TargetSid=S-1-5-21-1-2104",
    "TargetUserName=user1",
    "TargetDomainName=EXCH01",
];

const AUDIT: &str = "Microsoft-Windows-Security-Auditing";

/// Scenario: one message with its line breaks, with blanks for them, with octal digits
/// for them, and with nothing between a value and the next label.
/// Guarantees: the same values; the second `Account Name` is the victim.
#[test]
fn layouts_give_the_same_values() {
    let blanks = LOCKOUT.replace("\r\n", "  ").replace('\t', " ");
    let single = LOCKOUT.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    let octal = LOCKOUT.replace('\r', "#015").replace('\n', "#012").replace('\t', "#011");
    let glued = LOCKOUT.replace("\r\n", "").replace('\t', "");
    for text in [LOCKOUT, &blanks, &single, &octal, &glued] {
        let expected = format!("4740 {AUDIT} Security  ");
        let read = block(text);
        assert_eq!(
            (read[0].as_str(), &read[1..]),
            (expected.as_str(), &FIELDS.map(String::from)[..]),
            "{text}"
        );
    }
}

/// Scenario: agents' lines, bare and behind a syslog header.
/// Guarantees: the same event from each.
#[test]
fn agents_lines_are_read() {
    let text = LOCKOUT.replace("\r\n", "  ").replace('\t', " ");
    let snare = format!(
        "MSWinEventLog\t1\tSecurity\t884120\tFri Nov 20 09:14:03 2026\t4740\t{AUDIT}\tN/A\tN/A\tSuccess Audit\tDC01.contoso.com\tUser Account Management\t\t{text}\t884119"
    );
    let at = format!("4740 {AUDIT} Security DC01.contoso.com 2026-11-20T09:14:03");
    let expected: Vec<String> =
        std::iter::once(at).chain(FIELDS.iter().map(|&f| f.to_owned())).collect();
    for text in [
        snare.clone(),
        format!("DC01\t{snare}"),
        snare.replace('\t', "#011"),
        snare.replace("\t\tA user", "\tA user"),
        snare.replace("\t884119", ""),
    ] {
        assert_eq!(line(&text, None), expected, "{text}");
    }
    let ossec = format!(
        "Security: AUDIT_SUCCESS(4740): {AUDIT}: (no user): no domain: DC01.contoso.com: {text}"
    );
    assert_eq!(line(&ossec, Some("WinEvtLog"))[1..], FIELDS);
    let located = format!("(dc01) 10.0.0.1->WinEvtLog 2026 Nov 20 09:14:03 WinEvtLog: {ossec}");
    assert_eq!(line(&located, None)[0], format!("4740 {AUDIT} Security DC01.contoso.com "));
    let adiscon = format!("[AUS] Fri Nov 20 09:14:03 2026: DC01/Security (4740) - \"{text}\"");
    assert_eq!(line(&adiscon, Some("EvntSLog"))[1..], FIELDS);
    assert_eq!(line(&text, Some("Microsoft-Windows-Security-Auditing"))[1..], FIELDS);
    assert!(is_agent_line(snare.as_bytes()) && is_agent_line(located.as_bytes()));
    let none = with_context(|_, context| {
        let mut event = Event::default();
        ["MSWinEventLog is down", "hello", "WinEvtLog: x"]
            .map(|text| decode_line(text.as_bytes(), Sender::default(), context, &mut event))
            .into_iter()
            .any(|is_event| is_event)
    });
    assert!(!none);
}

/// Scenario: blocks of Splunk and of the Event Viewer, today's and that of 2003, and a
/// legacy text with its header in two columns.
/// Guarantees: header and message are read.
#[test]
fn blocks_are_read() {
    let splunk = format!(
        "11/20/2026 09:14:03 AM\nLogName=Security\nSourceName=Microsoft Windows security auditing.\nEventCode=4740\nEventType=0\nType=Information\nComputerName=DC01.contoso.com\nMessage={LOCKOUT}"
    );
    let viewer = format!(
        "Log Name:      Security\r\nSource:        {AUDIT}\r\nDate:          11/20/2026 9:14:03 AM\r\nEvent ID:      4740\r\nTask Category: User Account Management\r\nLevel:         Information\r\nKeywords:      Audit Success\r\nUser:          N/A\r\nComputer:      DC01.contoso.com\r\nDescription:\r\n{LOCKOUT}"
    );
    for text in [splunk, viewer] {
        let read = block(&text);
        assert_eq!(read[0], format!("4740 {AUDIT} Security DC01.contoso.com 2026-11-20T09:14:03"));
        assert_eq!(read[1..], FIELDS, "{text}");
    }
    let legacy = "Event Type:\tFailure Audit\nEvent Source:\tSecurity\nEvent Category:\tLogon/Logoff\nEvent ID:\t529\nDate:\t\t11/20/2026\nTime:\t\t9:14:03 AM\nUser:\t\tNT AUTHORITY\\SYSTEM\nComputer:\tEXCH01\nDescription:\nLogon Failure:\n  Reason: Unknown user name or bad password\n  User Name: user1    Domain: CONTOSO\n  Logon Type: 3       Logon Process: Advapi\n  Caller Logon ID: (0x0,0x3E7)\n";
    assert_eq!(
        block(legacy),
        [
            "529 Security Security EXCH01 2026-11-20T09:14:03",
            "FailureReason=Unknown user name or bad password",
            "TargetUserName=user1",
            "TargetDomainName=CONTOSO",
            "LogonType=3",
            "LogonProcessName=Advapi",
            "SubjectLogonId=(0x0,0x3E7)",
        ]
    );
    let positional = "Event ID: 529\nSource: Security\nThe description for Event ID ( 529 ) in Source ( Security ) cannot be found. The following information is part of the event: user1, CONTOSO, 3, NtLmSsp.";
    assert_eq!(
        block(positional)[1..],
        [
            "TargetUserName=user1",
            "TargetDomainName=CONTOSO",
            "LogonType=3",
            "LogonProcessName=NtLmSsp"
        ]
    );
}

/// Scenario: an event that no template knows, sentences, and a text in another language.
/// Guarantees: sections and labels name the values; nothing is guessed.
#[test]
fn other_messages_are_read() {
    let unknown = "Event ID: 4799\nSource: Microsoft-Windows-Security-Auditing\nDescription:\nA group was enumerated.\n\nSubject:\n\tAccount Name:\tu\n\nGroup:\n\tGroup Name:\tg\n\nExplanations follow: none.\n";
    assert_eq!(
        block(unknown)[1..],
        ["Subject/Account Name=u", "Group/Group Name=g", "Explanations follow=none."]
    );
    let alert = "A fatal alert was generated and sent to the remote endpoint. The TLS protocol defined fatal error code is 40. The Windows SChannel error state is 1205.";
    assert_eq!(block(alert), ["36888 Schannel System  ", "AlertDesc=40", "ErrorState=1205"]);
    let smtp = "Inbound authentication failed with error LogonDenied for Receive connector Default Frontend EX.C. The authentication mechanism is Login. The source IP address of the client who tried to authenticate to Microsoft Exchange is [203.0.113.45].";
    assert_eq!(
        block(smtp)[1..],
        [
            "Error=LogonDenied",
            "Connector=Default Frontend EX.C",
            "Mechanism=Login",
            "IpAddress=203.0.113.45"
        ]
    );
    let german = "Event ID: 4625\nSource: Microsoft-Windows-Security-Auditing\nDescription:\nFehler beim Anmelden eines Kontos.";
    assert_eq!(block(german).len(), 1);
}
