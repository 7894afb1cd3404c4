//! The same event in every coat.
//!
//! Left out are coats that carry no names (`Fluent Bit`'s inserts, PowerShell's
//! properties) or no data but the message (Snare, `WinEvtLog`, copied text): what they
//! say depends on the templates of known events, which have tests of their own.

use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};

use super::*;
use crate::time::to_rfc3339;

/// Values of any printable text, and texts that coats have to escape.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "\\PC{0,12}",
        3 => "[ -~\t]{0,16}",
        2 => "[<>&\\]\\[\"'\\\\=#|{},:;/\t %]{0,9}",
        1 => "(&amp;|&#65;|<!\\[CDATA\\[|\\]\\]>|-->|<!--|\\\\u0041|\\\\n|\\\\\\\\|/>|%%1842|\\?>){1,3}",
        1 => "[é-𐀀😀]{1,4}",
        1 => Just(String::new()),
    ]
    // XML 1.0 cannot spell them.
    .prop_map(|text| text.replace(['\u{fffe}', '\u{ffff}'], ""))
}

/// Names as vendors choose them. They begin with a capital, for Wazuh lowers the first
/// letter, and have two humps at least, so that none is a member of an envelope: NXLog
/// puts data and envelope side by side.
fn name() -> impl Strategy<Value = String> {
    let known = ["TargetUserName", "SubjectUserSid", "IpAddress", "ProcessId", "LogonType"];
    prop_oneof![
        prop::sample::select(known.to_vec()).prop_map(str::to_owned),
        "[A-Z][a-z]{1,4}[A-Z][a-z]{2,6}[._-]?[0-9x]{1,2}",
    ]
}

prop_compose! {
    fn any_said()(
        // NXLog has the provider as the application of syslog, which has no blanks.
        provider in "[A-Z][a-z]{1,8}(-[A-Z&'][a-z]{1,8}){0,3}",
        channel in "(Security|System|[A-Z][a-z]{1,9}(-[A-Z][a-z]{1,9}){1,2}/(Operational|Admin)|[A-Z][a-z]{1,5} & [A-Z][a-z]{1,5})",
        event_id in 1_u32..=65_535,
        host in "[A-Za-z][A-Za-z0-9-]{0,9}(\\.[a-z]{2,9}){0,2}",
        // 2001 to 2099.
        millis in 978_307_200_000_i64..4_070_908_800_000,
        (names, values) in btree_set(name(), 0..=8).prop_flat_map(|names| {
            let count = names.len();
            (Just(Vec::from_iter(names)).prop_shuffle(), vec(value(), count))
        }),
    ) -> Said {
        Said {
            kind: Kind::WindowsEvent,
            provider,
            channel,
            event_id,
            host,
            time: millis * 1_000_000,
            has_time: true,
            fields: names.into_iter().zip(values).collect(),
        }
    }
}

/// RFC 3339 in UTC, to the millisecond.
fn stamp(said: &Said) -> String {
    to_rfc3339(said.time).replace("000000Z", "Z")
}

fn escaped(text: &str) -> String {
    quick_xml::escape::escape(text).into_owned()
}

/// Event XML on one line, with either quote.
fn xml(said: &Said, quote: char) -> String {
    let data = said.fields.iter().map(|(name, value)| match value.as_str() {
        "" => format!("<Data Name='{name}'/>"),
        value => format!("<Data Name='{name}'>{}</Data>", escaped(value)),
    });
    let data: String = data.collect();
    // Quotes inside of values are spelled, so those that are left are of attributes.
    format!(
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>\
         <Provider Name='{}' Guid='{{54849625-5478-4994-a5ba-3e3b0328c30d}}'/>\
         <EventID Qualifiers='16384'>{}</EventID><Version>0</Version><Level>0</Level>\
         <Keywords>0x8020000000000000</Keywords><TimeCreated SystemTime='{}'/>\
         <EventRecordID>7</EventRecordID><Execution ProcessID='700' ThreadID='704'/>\
         <Channel>{}</Channel><Computer>{}</Computer><Security/></System>\
         <EventData>{data}</EventData></Event>",
        escaped(&said.provider),
        said.event_id,
        stamp(said),
        escaped(&said.channel),
        said.host,
    )
    .replace('\'', &quote.to_string())
}

/// Event XML on many lines, as viewers show it.
fn pretty(said: &Said) -> String {
    let xml = xml(said, '"').replace("><", ">\r\n  <");
    // An empty element's line break must not become text of another one.
    format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<Events>\r\n{xml}\r\n</Events>\r\n")
}

fn syslog_3164(payload: &str) -> String {
    format!("<13>Nov 20 09:14:03 relay01 agent[77]: {payload}\n")
}

fn syslog_5424(payload: &str) -> String {
    format!("<13>1 2026-11-20T09:14:03.5+01:00 relay01 agent 77 - - {payload}\n")
}

/// RFC 5424 with the parameters of NXLog's `to_syslog_ietf`, which leaves out what the
/// header has.
fn nxlog_ietf(said: &Said) -> String {
    let spelled = |value: &str| value.replace('\\', r"\\").replace('"', "\\\"").replace(']', "\\]");
    let data = said.fields.iter();
    let data: String =
        data.map(|(name, value)| format!(" {name}=\"{}\"", spelled(value))).collect();
    format!(
        "<14>1 {} {} {} 700 - [NXLOG@14506 Keywords=\"-9214364837600034816\" \
         EventType=\"AUDIT_SUCCESS\" EventID=\"{}\" Channel=\"{}\"{data} \
         SourceModuleName=\"in\" SourceModuleType=\"im_msvistalog\"] A message.\n",
        stamp(said),
        said.host,
        said.provider,
        said.event_id,
        spelled(&said.channel),
    )
}

/// Event data as an object.
fn data(said: &Said) -> Map<String, Json> {
    said.fields.iter().map(|(name, value)| (name.clone(), json!(value))).collect()
}

fn prefixed(prefix: &str, members: Map<String, Json>) -> Map<String, Json> {
    members.into_iter().map(|(name, value)| (format!("{prefix}{name}"), value)).collect()
}

/// An object, and members beside those that it has.
fn beside(mut object: Json, members: Map<String, Json>) -> Json {
    object.as_object_mut().unwrap().extend(members);
    object
}

fn winlogbeat(said: &Said) -> Json {
    json!({
        "@timestamp": stamp(said),
        "agent": {"type": "winlogbeat", "version": "8.11.1"},
        "event": {"code": said.event_id.to_string(), "provider": said.provider},
        "host": {"name": "relay01"},
        "message": "A message.",
        "winlog": {
            "channel": said.channel,
            "computer_name": said.host,
            "event_data": data(said),
            "event_id": said.event_id.to_string(),
            "provider_name": said.provider,
            "record_id": 7,
        },
    })
}

fn winlogbeat_dotted(said: &Said) -> Json {
    let members = json!({
        "@timestamp": stamp(said),
        "host.name": "relay01",
        "winlog.channel": said.channel,
        "winlog.computer_name": said.host,
        "winlog.event_id": said.event_id,
        "winlog.provider_name": said.provider,
    });
    beside(members, prefixed("winlog.event_data.", data(said)))
}

fn nxlog(said: &Said) -> Json {
    let time = stamp(said).replace('T', " ").replace('Z', "");
    let members = json!({
        "EventTime": time,
        "Hostname": said.host,
        "Keywords": -9_214_364_837_600_034_816_i64,
        "EventType": "AUDIT_SUCCESS",
        "SeverityValue": 2,
        "Severity": "INFO",
        "EventID": said.event_id,
        "SourceName": said.provider,
        "ProviderGuid": "{54849625-5478-4994-A5BA-3E3B0328C30D}",
        "RecordNumber": 7,
        "ExecutionProcessID": 700,
        "ExecutionThreadID": 704,
        "Channel": said.channel,
        "Message": "A message.",
        "EventReceivedTime": "2026-11-20 10:14:04",
        "SourceModuleName": "in",
        "SourceModuleType": "im_msvistalog",
    });
    beside(members, data(said))
}

fn otrf(said: &Said) -> Json {
    let members = json!({
        "@timestamp": "2026-11-20T10:14:04.000Z",
        "@version": "1",
        "EventTime": stamp(said),
        "Hostname": said.host,
        "EventID": said.event_id,
        "SourceName": said.provider,
        "Channel": said.channel,
        "Message": "A message.",
        "port": 60737,
        "host": "relay01",
        "tags": ["mordorDataset"],
    });
    beside(members, data(said))
}

fn wazuh(said: &Said) -> Json {
    let lowered = data(said).into_iter().map(|(name, value)| {
        let (first, rest) = name.split_at(1);
        (format!("{}{rest}", first.to_ascii_lowercase()), value)
    });
    json!({"win": {
        "system": {
            "providerName": said.provider,
            "eventID": said.event_id.to_string(),
            "systemTime": to_rfc3339(said.time),
            "channel": said.channel,
            "computer": said.host,
            "message": "\"A message.\"",
        },
        "eventdata": lowered.collect::<Map<_, _>>(),
    }})
}

fn vector(said: &Said) -> Json {
    json!({
        "timestamp": stamp(said),
        "event_id": said.event_id,
        "provider_name": said.provider,
        "channel": said.channel,
        "computer": said.host,
        "host": "relay01",
        "level": "Information",
        "record_id": 7,
        "message": "A message.",
        "event_data": data(said),
    })
}

fn openwec(said: &Said) -> Json {
    json!({
        "System": {
            "Provider": {"Name": said.provider},
            "EventID": said.event_id,
            "TimeCreated": stamp(said),
            "EventRecordID": 7,
            "Channel": said.channel,
            "Computer": said.host,
        },
        "EventData": data(said),
        "OpenWEC": {"IpAddress": "10.0.0.1", "Node": "relay01"},
    })
}

fn evtx_dump(said: &Said) -> Json {
    json!({"Event": {
        "#attributes": {"xmlns": "http://schemas.microsoft.com/win/2004/08/events/event"},
        "System": {
            "Provider": {"#attributes": {"Name": said.provider}},
            "EventID": {"#attributes": {"Qualifiers": 16384}, "#text": said.event_id},
            "TimeCreated": {"#attributes": {"SystemTime": stamp(said)}},
            "Channel": said.channel,
            "Computer": said.host,
            "Security": null,
        },
        "EventData": data(said),
    }})
}

/// JSON with everything spelled that can be: slashes, signs of XML, non-ASCII.
fn spelled_out(json: &Json) -> String {
    let spell = |c: char| match c {
        '/' => "\\/".to_owned(),
        '<' | '>' | '&' | '\u{7f}'.. => {
            c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect()
        }
        c => c.to_string(),
    };
    json.to_string().chars().map(spell).collect()
}

/// Every coat of one event, with the name of the coat.
fn coats(said: &Said) -> Vec<(String, String)> {
    let one_line = xml(said, '\'');
    let mut coats = vec![
        ("Event XML".to_owned(), one_line.clone()),
        ("Event XML, double quotes".to_owned(), xml(said, '"')),
        ("Event XML, pretty".to_owned(), pretty(said)),
        ("RFC 3164, Event XML".to_owned(), syslog_3164(&one_line)),
        ("RFC 5424, Event XML".to_owned(), syslog_5424(&xml(said, '"'))),
        ("NXLog, structured data".to_owned(), nxlog_ietf(said)),
    ];
    for (name, json) in [
        ("OpenWEC, raw", json!({"meta": {"Node": "relay01"}, "data": one_line})),
        ("Fluent Bit, XML", json!({"System": one_line, "Message": "A message."})),
        ("Winlogbeat", winlogbeat(said)),
        ("Winlogbeat, dotted", winlogbeat_dotted(said)),
        ("NXLog", nxlog(said)),
        ("OTRF", otrf(said)),
        ("Wazuh", wazuh(said)),
        ("Vector", vector(said)),
        ("OpenWEC", openwec(said)),
        ("evtx_dump", evtx_dump(said)),
    ] {
        coats.push((format!("{name}, spelled out"), spelled_out(&json)));
        coats.push((format!("RFC 3164, {name}"), syslog_3164(&json.to_string())));
        coats.push((name.to_owned(), json.to_string()));
    }
    coats
}

/// Objects have no order, so fields are compared by name.
fn by_name(mut said: Said) -> Said {
    said.fields.sort();
    said
}

proptest! {
    /// Scenario: any event, as every shipper that keeps its names writes it, bare and
    /// inside syslog, in a log of unknown format.
    /// Guarantees: the same kind, provider, channel, id, host, time, and data by name
    /// and value, and no damage.
    #[test]
    fn every_coat_says_the_same(said in any_said()) {
        let wanted = by_name(said.clone());
        for (coat, log) in coats(&said) {
            match read(&log) {
                Ok((_, mut all)) if all.len() == 1 => {
                    prop_assert_eq!(by_name(all.remove(0)), wanted.clone(), "{}: {}", coat, log);
                }
                other => prop_assert!(false, "{coat}: {log}: {other:?}"),
            }
        }
    }
}
