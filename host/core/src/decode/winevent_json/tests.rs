//! Windows events in every dialect of JSON.

use super::*;
use crate::time::to_rfc3339;

/// Everything that an event says, one line each.
fn read(json: &str) -> Vec<String> {
    let arena = Bump::new();
    let zones = Zones::all_in(jiff::tz::TimeZone::UTC);
    let context = Context { arena: &arena, zones: &zones, year: YearReference { nanos: 0 } };
    let mut event = Event::default();
    assert_eq!(decode(json.as_bytes(), &context, &mut event), Ok(true), "{json}");
    let text = |value: Value<'_>| String::from_utf8_lossy(value.text(&arena)).into_owned();
    let member = |value: Option<Value<'_>>| value.map(text).unwrap_or_default();
    let mut lines = vec![format!(
        "{} {} {} {} {}",
        event.event_id,
        member(event.provider),
        member(event.channel),
        member(event.host),
        to_rfc3339(event.time)
    )];
    let fields = event.fields.iter();
    lines.extend(fields.map(|f| format!("{}={}", String::from_utf8_lossy(f.name), text(f.value))));
    lines
}

const LOCKOUT: [&str; 8] = [
    "4740 Microsoft-Windows-Security-Auditing Security DC01.contoso.com 2026-11-20T09:14:03.118000000Z",
    "TargetUserName=user1",
    "TargetDomainName=EXCH01",
    "TargetSid=S-1-5-21-1-2104",
    "SubjectUserSid=S-1-5-18",
    "SubjectUserName=DC01$",
    "SubjectDomainName=CONTOSO",
    "SubjectLogonId=0x3e7",
];

const DATA: &str = r#""TargetUserName":"user1","TargetDomainName":"EXCH01","TargetSid":"S-1-5-21-1-2104","SubjectUserSid":"S-1-5-18","SubjectUserName":"DC01$","SubjectDomainName":"CONTOSO","SubjectLogonId":"0x3e7""#;
const STRINGS: &str =
    r#"["user1","EXCH01","S-1-5-21-1-2104","S-1-5-18","DC01$","CONTOSO","0x3e7"]"#;
const XML: &str = "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='Microsoft-Windows-Security-Auditing'/><EventID>4740</EventID><TimeCreated SystemTime='2026-11-20T09:14:03.118Z'/><Channel>Security</Channel><Computer>DC01.contoso.com</Computer></System><EventData><Data Name='TargetUserName'>user1</Data><Data Name='TargetDomainName'>EXCH01</Data><Data Name='TargetSid'>S-1-5-21-1-2104</Data><Data Name='SubjectUserSid'>S-1-5-18</Data><Data Name='SubjectUserName'>DC01$</Data><Data Name='SubjectDomainName'>CONTOSO</Data><Data Name='SubjectLogonId'>0x3e7</Data></EventData></Event>";

/// Scenario: one event as every shipper we know writes it.
/// Guarantees: the same id, source, log, host, time, and data by Windows' own names.
#[test]
fn dialects_give_the_same_event() {
    let lower = DATA.replace("\"Target", "\"target").replace("\"Subject", "\"subject");
    let escaped = XML.replace('<', "\\u003c").replace('>', "\\u003e");
    for json in [
        format!(
            r#"{{"@timestamp":"2026-11-20T09:14:03.118Z","winlog":{{"channel":"Security","event_id":"4740","provider_name":"Microsoft-Windows-Security-Auditing","computer_name":"DC01.contoso.com","event_data":{{{DATA}}}}}}}"#
        ),
        format!(
            r#"{{"beat":{{"name":"x"}},"event_data":{{{DATA}}},"log_name":"Security","event_id":4740,"source_name":"Microsoft-Windows-Security-Auditing","computer_name":"DC01.contoso.com","@timestamp":"2026-11-20T09:14:03.118Z"}}"#
        ),
        format!(
            r#"{{{},"winlog.channel":"Security","winlog.event_id":4740,"event.provider":"Microsoft-Windows-Security-Auditing","host.name":"DC01.contoso.com","@timestamp":"2026-11-20T09:14:03.118Z"}}"#,
            DATA.replace("\"Target", "\"winlog.event_data.Target")
                .replace("\"Subject", "\"winlog.event_data.Subject")
        ),
        format!(
            r#"{{"EventTime":"2026-11-20 09:14:03.118","Hostname":"DC01.contoso.com","EventID":4740,"SourceName":"Microsoft-Windows-Security-Auditing","ProcessID":700,"Channel":"Security","EventType":"AUDIT_SUCCESS",{DATA},"SourceModuleType":"im_msvistalog"}}"#
        ),
        format!(
            r#"{{"Channel":"Security",{DATA},"@timestamp":"2026-11-20T09:14:03.118Z","EventID":"4740","SourceName":"Microsoft-Windows-Security-Auditing","Hostname":"DC01.contoso.com"}}"#
        ),
        format!(
            r#"{{"win":{{"system":{{"providerName":"Microsoft-Windows-Security-Auditing","eventID":"4740","systemTime":"2026-11-20T09:14:03.118000Z","channel":"Security","computer":"DC01.contoso.com","message":"\"A user\""}},"eventdata":{{{lower}}}}}}}"#
        ),
        format!(
            r#"{{"timestamp":"2026-11-20T10:00:00.000+0000","data":{{"win":{{"eventdata":{{{lower}}},"system":{{"providerName":"Microsoft-Windows-Security-Auditing","eventID":"4740","systemTime":"2026-11-20T09:14:03.118000Z","channel":"Security","computer":"DC01.contoso.com"}}}}}}}}"#
        ),
        format!(
            r#"{{"ProviderName":"Microsoft-Windows-Security-Auditing","EventID":4740,"TimeCreated":"2026-11-20 10:14:03.118 +0100","Channel":"Security","Computer":"DC01.contoso.com","StringInserts":{STRINGS}}}"#
        ),
        format!(r#"{{"System":"{XML}","Message":"m"}}"#),
        format!(r#"{{"meta":{{"Node":"x"}},"data":"{escaped}"}}"#),
        format!(
            r#"{{"category":"WindowsEventLogsTable","properties":{{"EventId":4740,"ProviderName":"x","RawXml":"{XML}"}}}}"#
        ),
        format!(
            r#"{{"event_id":4740,"provider_name":"Microsoft-Windows-Security-Auditing","channel":"Security","computer":"DC01.contoso.com","timestamp":"2026-11-20T09:14:03.118Z","record_id":1,"event_data":{{{DATA}}}}}"#
        ),
        format!(
            r#"{{"System":{{"Provider":{{"Name":"Microsoft-Windows-Security-Auditing"}},"EventID":4740,"TimeCreated":"2026-11-20T09:14:03.118Z","Channel":"Security","Computer":"DC01.contoso.com"}},"EventData":{{{DATA}}}}}"#
        ),
        format!(
            r##"{{"Event":{{"System":{{"Provider":{{"#attributes":{{"Name":"Microsoft-Windows-Security-Auditing"}}}},"EventID":{{"#attributes":{{"Qualifiers":0}},"#text":4740}},"TimeCreated":{{"#attributes":{{"SystemTime":"2026-11-20T09:14:03.118Z"}}}},"Channel":"Security","Computer":"DC01.contoso.com"}},"EventData":{{{DATA}}}}}}}"##
        ),
        format!(
            r#"{{"Id":4740,"ProviderName":"Microsoft-Windows-Security-Auditing","LogName":"Security","MachineName":"DC01.contoso.com","TimeCreated":"\/Date(1795166043118)\/","Properties":[{{"Value":{}}}]}}"#,
            STRINGS.trim_matches(['[', ']']).replace(',', "},{\"Value\":")
        ),
    ] {
        assert_eq!(read(&json), LOCKOUT, "{json}");
    }
}

/// Scenario: details of dialects: `ProcessID` and `ProcessId`, qualifiers above the id,
/// names that are in lower case in Windows, null, elements with attributes, user data.
/// Guarantees: each is read as meant.
#[test]
fn details_of_dialects() {
    let json = r#"{"EventID":4625,"SourceName":"S","ProcessID":700,"ProcessId":"0x1bd4","EventType":"SetValue"}"#;
    assert_eq!(read(json)[1..], ["ProcessId=0x1bd4", "EventType=SetValue"]);
    let json =
        r#"{"EventID":1073745564,"SourceName":"S","ComputerName":"c","StringInserts":["a"]}"#;
    assert_eq!(read(json)[1..], ["Data=a"]);
    assert!(read(json)[0].starts_with("3740 S  c"));
    let json = r#"{"win":{"system":{"eventID":"36879"},"eventdata":{"pCertificateContext":"30","errorCode":"0x5"}}}"#;
    assert_eq!(read(json)[1..], ["pCertificateContext=30", "ErrorCode=0x5"]);
    let json = r##"{"Event":{"System":{"EventID":1},"EventData":{"A":null,"Data":[{"#text":"v","@Name":"B"},"w"]}}}"##;
    assert_eq!(read(json)[1..], ["A=", "B=v", "Data=w"]);
    let json = r##"{"System":{"EventID":1102},"UserData":{"LogFileCleared":{"#attributes":{"x":1},"SubjectUserName":"u","D":{"e":1}}}}"##;
    assert_eq!(read(json)[1..], ["SubjectUserName=u", "D/e=1"]);
    let json = r#"{"System":{"EventID":1102},"UserData":"<LogFileCleared xmlns='x'><SubjectUserName>u</SubjectUserName></LogFileCleared>"}"#;
    assert_eq!(read(json)[1..], ["SubjectUserName=u"]);
}

/// Scenario: JSON that looks a little like a Windows event.
/// Guarantees: it is none.
#[test]
fn other_json_is_no_windows_event() {
    for json in [
        r#"{"event_id":1,"message":"x"}"#,
        r#"{"EventID":7}"#,
        r#"{"data":"<Even"}"#,
        r#"{"Id":1}"#,
        "{}",
    ] {
        assert!(!is_windows(json.as_bytes()), "{json}");
    }
}
