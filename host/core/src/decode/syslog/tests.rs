//! Syslog lines of every kind, as senders write them.

use bumpalo::Bump;
use jiff::tz::TimeZone;

use super::*;
use crate::time::{YearReference, Zones, to_rfc3339};

/// Decodes a line received on 2026-11-21; gives `name=value` for everything.
fn read(line: &[u8]) -> Vec<String> {
    let arena = Bump::new();
    let zones = Zones::all_in(TimeZone::UTC);
    let reference = YearReference { nanos: 1_795_219_200_000_000_000 };
    let context = Context { arena: &arena, zones: &zones, year: reference };
    let mut event = Event::default();
    decode(line, &context, &mut State::default(), &mut event).unwrap();
    let text = |value: Value<'_>| String::from_utf8_lossy(value.text(&arena)).into_owned();
    let mut parts = Vec::new();
    if event.time_quality != TimeQuality::None {
        parts.push(format!("time={}", to_rfc3339(event.time)));
    }
    parts.extend(event.host.map(|host| format!("host={}", text(host))));
    let fields = event.fields.iter();
    parts.extend(fields.map(|f| format!("{}={}", String::from_utf8_lossy(f.name), text(f.value))));
    parts.retain(|part| !part.starts_with("facility=1") && !part.starts_with("severity=5"));
    parts
}

/// Scenario: the vectors that break syslog parsers.
/// Guarantees: each is read as meant; nothing is rejected.
#[test]
fn broken_lines_are_read_as_meant() {
    let at = "time=2026-11-20T09:14:03.000000000Z";
    for (line, expected) in [
        ("<13>1 2026-11-20T09:14:03.000Z DC01 - - - - msg", vec![at, "host=DC01", "message=msg"]),
        ("<13>1 - - - - - -", vec!["message="]),
        ("<999>hello", vec!["message=<999>hello", "problem=priority"]),
        ("<013>hello", vec!["message=<013>hello", "problem=priority"]),
        ("no pri at all", vec!["message=no pri at all"]),
        (
            r#"<34>1 2026-11-20T10:14:03+01:00 h a p m [x@1 k="a\]b\"c\\d"] t"#,
            vec![
                at,
                "host=h",
                "facility=4",
                "severity=2",
                "app-name=a",
                "procid=p",
                "msgid=m",
                "x@1/k=a]b\"c\\d",
                "message=t",
            ],
        ),
        (
            "<13>1 2026-11-20T09:14:03Z h a p m [x@1 k=\"v\"][y@1] \u{feff}t",
            vec![at, "host=h", "app-name=a", "procid=p", "msgid=m", "x@1/k=v", "message=t"],
        ),
        (
            "<13>1 2026-11-20T09:14:03Z h - - - [x k=\"open",
            vec![at, "host=h", "message=[x k=\"open", "problem=structured-data"],
        ),
        (
            "<13>Nov 20 09:14:03 2026 host app: m",
            vec![at, "host=host", "app-name=app", "message=m"],
        ),
        (
            "<13>Nov 20 09:14:03 fe80::1 app[1]: m",
            vec![at, "host=fe80::1", "app-name=app", "procid=1", "message=m"],
        ),
        ("<13>Nov 20 09:14:03 app[1]: m", vec![at, "app-name=app", "procid=1", "message=m"]),
        (
            "Nov 20 09:14:03 mx postfix/smtpd[12]: m: n",
            vec![at, "host=mx", "app-name=postfix/smtpd", "procid=12", "message=m: n"],
        ),
        ("2026-11-20T09:14:03Z mx app: m", vec![at, "host=mx", "app-name=app", "message=m"]),
        (
            "<13>Nov 20 09:14:03 DC01 MSWinEventLog\t1\tSecurity",
            vec![at, "host=DC01", "message=MSWinEventLog\t1\tSecurity"],
        ),
        (
            "<13>Nov 20 09:14:03 host last message repeated 3 times",
            vec![at, "host=host", "message=last message repeated 3 times", "repeat=3"],
        ),
        ("<13>Nov 20 09:14:03 h {\"a\":", vec![at, "host=h", "message={\"a\":"]),
        ("", vec!["message="]),
    ] {
        assert_eq!(read(line.as_bytes()), expected, "{line}");
    }
    assert_eq!(read(b"<13>x: \xff\0\n"), ["message=x: \u{fffd}", "problem=encoding"]);
}

/// Scenario: what devices send instead of RFC 3164: blanks, years, zones, ISO times,
/// no host, no tag, tags with blanks.
/// Guarantees: time, host, application and message are told apart.
#[test]
fn devices_are_read() {
    let at = "time=2026-11-20T09:14:03.000000000Z";
    for (line, expected) in [
        ("<13> Nov 20 09:14:03 h app: m", vec![at, "host=h", "app-name=app", "message=m"]),
        ("<13>Nov 20 09:14:03: h app: m", vec![at, "host=h", "app-name=app", "message=m"]),
        (
            "<13>Nov 20 2026 09:14:03 h (squid-1)[6]: m",
            vec![at, "host=h", "app-name=(squid-1)", "procid=6", "message=m"],
        ),
        ("<13>2026-11-20 10:14:03.000 +0100  fw TR x", vec![at, "host=fw", "message=TR x"]),
        ("<13>2026-11-20T09:14:03 h app: m", vec![at, "host=h", "app-name=app", "message=m"]),
        ("<13>Nov 20 09:14:03 localhost ", vec![at, "host=localhost", "message="]),
        (
            "<13>Nov 20 09:14:03 h1/10.0.0.1 app: m",
            vec![at, "host=h1/10.0.0.1", "app-name=app", "message=m"],
        ),
        (
            "<13>Nov 20 09:14:03 h ESET Server: m",
            vec![at, "host=h", "app-name=ESET Server", "message=m"],
        ),
        ("<13>Nov 20 09:14:03 sogod [7]: m", vec![at, "app-name=sogod", "procid=7", "message=m"]),
        (
            "<13>Nov 20 09:14:03 h proftpd[7] x (y): m",
            vec![at, "host=h", "app-name=proftpd", "procid=7", "message=x (y): m"],
        ),
        ("<13>Nov 20 09:14:03 {\"a\": 1", vec![at, "message={\"a\": 1"]),
    ] {
        assert_eq!(read(line.as_bytes()), expected, "{line}");
    }
}

/// Scenario: Cisco's lines and those of other devices, other versions, epochs, bad
/// dates, collectors of clusters, zeros and byte order marks.
/// Guarantees: time, host, application and message are told apart.
#[test]
fn more_devices_are_read() {
    let at = "time=2026-11-20T09:14:03.000000000Z";
    for (line, expected) in [
        (
            "<13>Nov 20 09:14:03 fw01 : %ASA-6-302013: Built",
            vec![at, "host=fw01", "app-name=%ASA-6-302013", "message=Built"],
        ),
        (
            "<13>Nov 20 09:14:03 fw01: %ASA-6-302013: Built",
            vec![at, "host=fw01", "app-name=%ASA-6-302013", "message=Built"],
        ),
        ("<13>%ASA-6-302013: Built", vec!["app-name=%ASA-6-302013", "message=Built"]),
        (
            "<13>77: *Nov 20 09:14:03.000 UTC: %SYS-5-CONFIG_I: m",
            vec![at, "app-name=%SYS-5-CONFIG_I", "sequence=77", "message=m"],
        ),
        (
            "<13>77: sw01: .Nov 20 2026 09:14:03: %SYS-5-CONFIG_I: m",
            vec![at, "host=sw01", "app-name=%SYS-5-CONFIG_I", "sequence=77", "message=m"],
        ),
        (
            "<13>Nov 20 09:14:04 10.0.0.1 585917: Nov 20 09:14:03: %SEC-6-IPACCESSLOGRP: m",
            vec![
                at,
                "host=10.0.0.1",
                "app-name=%SEC-6-IPACCESSLOGRP",
                "sequence=585917",
                "message=m",
            ],
        ),
        (
            "<13>Nov 20 09:14:03 gate 301270: 5d17h: %SEC-6-IPACCESSLOGP: m",
            vec![at, "host=gate", "app-name=%SEC-6-IPACCESSLOGP", "sequence=301270", "message=m"],
        ),
        (
            "<13>Nov 20 09:14:03 h 10.0.0.1 dhcpd[64]: m",
            vec![at, "host=h", "app-name=dhcpd", "procid=64", "address=10.0.0.1", "message=m"],
        ),
        ("<13>Nov 20 09:14:03 h audit(1.2:0): m", vec![at, "host=h", "message=audit(1.2:0): m"]),
        (
            "<13>Nov 20 09:14:03 h syslogd 1.4.1: m",
            vec![at, "host=h", "app-name=syslogd 1.4.1", "message=m"],
        ),
        (
            "<13>77: Nov 20 09:14:04 10.0.0.1 sw01: 78: Nov 20 2026 09:14:03.000 utc: %FOO-6-BAR: m",
            vec![at, "host=10.0.0.1", "app-name=%FOO-6-BAR", "sequence=78", "message=m"],
        ),
        (
            "<13>77: sw01: Nov 20 10:14:03 UTC+1: NTP: m",
            vec![at, "host=sw01", "sequence=77", "message=NTP: m"],
        ),
        ("<13>77: some: text", vec!["message=77: some: text"]),
        ("<13>dhcpd[64]: m", vec!["app-name=dhcpd", "procid=64", "message=m"]),
        (
            "<134>1 1795166043.0 MX84 flows src=x",
            vec![at, "host=MX84", "severity=6", "message=flows src=x"],
        ),
        ("<13>1 2026-13-20T09:14:03Z h a - - - m", vec!["host=h", "app-name=a", "message=m"]),
        ("<13>11 - h - - - - m", vec!["host=h", "message=m"]),
        ("<13>2 apples", vec!["message=2 apples"]),
        ("<13>1 - h a - - [x k= \"v\"] m", vec!["host=h", "app-name=a", "x/k=v", "message=m"]),
        (
            "<13>Nov 20 09:14:03 h kernel: message repeated 2 times: [ x]",
            vec![
                at,
                "host=h",
                "app-name=kernel",
                "message=message repeated 2 times: [ x]",
                "repeat=2",
            ],
        ),
        (
            "- 1795166043 2026.11.20 dn228 Nov 20 09:14:03 dn228/dn228 crond[9]: m",
            vec![at, "host=dn228/dn228", "app-name=crond", "procid=9", "message=m"],
        ),
        ("<13>20/Nov/2026:09:14:03 +0000 m", vec![at, "message=20/Nov/2026:09:14:03 +0000 m"]),
        ("\0\0\u{feff}", vec!["message=\u{feff}"]),
        ("\u{feff}\0<13>1 - h - - - - m\0", vec!["host=h", "message=m"]),
    ] {
        assert_eq!(read(line.as_bytes()), expected, "{line}");
    }
}

/// Scenario: CEF, LEEF and JSON as messages, with escapes, odd delimiters, `=` in
/// values, and header parts missing; also without syslog's header.
/// Guarantees: members are fields with escapes undone; what is none of these is only
/// a message.
#[test]
fn members_of_messages_are_fields() {
    let fields = |line: &str| {
        let mut all = read(line.as_bytes());
        all.retain(|field| !field.starts_with("message="));
        all
    };
    let at = "time=2026-11-20T09:14:03.000000000Z";
    assert_eq!(
        fields(
            r"<13>Nov 20 09:14:04 h CEF:0|v\|x|p|1|id|na\\me|5|rt=1795166043000 msg=a\=b c\nd  request=http://x/?a=b cs1Label=k cs1=last one"
        ),
        [
            at,
            "host=h",
            "DeviceVendor=v|x",
            "DeviceProduct=p",
            "DeviceVersion=1",
            "SignatureID=id",
            r"Name=na\me",
            "Severity=5",
            "rt=1795166043000",
            "msg=a=b c\nd ",
            "request=http://x/?a=b",
            "cs1Label=k",
            "cs1=last one"
        ]
    );
    assert_eq!(
        fields("CEF:0|v|p|1|id|n|5|dvchost=fw rt=Nov 20 2026 09:14:03"),
        [
            at,
            "host=fw",
            "DeviceVendor=v",
            "DeviceProduct=p",
            "DeviceVersion=1",
            "SignatureID=id",
            "Name=n",
            "Severity=5",
            "dvchost=fw",
            "rt=Nov 20 2026 09:14:03"
        ]
    );
    assert_eq!(fields("CEF:0|v|p|1|id"), Vec::<String>::new());
    let header = ["DeviceVendor=v", "DeviceProduct=p", "DeviceVersion=1", "EventID=id"];
    for line in [
        "LEEF:1.0|v|p|1|id|a=1 2\tb=\\x",
        "LEEF:2.0|v|p|1|id|^|a=1 2^b=\\x",
        "LEEF:2.0|v|p|1|id|x7C|a=1 2|b=\\x",
        "LEEF:2.0|v|p|1|id||a=1 2\tb=\\x",
        "LEEF:2.0|v|p|1|id|a=1 2\tb=\\x",
        "LEEF:1.0|v|p|1|id|a=1 2#011b=\\x",
    ] {
        assert_eq!(fields(line), [&header[..], &["a=1 2", "b=\\x"]].concat(), "{line}");
    }
    for line in [
        "<13>Nov 20 09:14:03 h app: {\"a\":{\"b\":\"x\\ny\"},\"c\":[1,2]}",
        "<13>Nov 20 09:14:03 h app: @cee: {\"a\":{\"b\":\"x\\ny\"},\"c\":[1,2]}",
    ] {
        assert_eq!(
            fields(line),
            [at, "host=h", "app-name=app", "a/b=x\ny", "c=1", "c=2"],
            "{line}"
        );
    }
    assert_eq!(fields("<13>Nov 20 09:14:03 h app: {\"a\":1} x"), [at, "host=h", "app-name=app"]);
    assert_eq!(
        fields("<13>{\"time\":\"2026-11-20T09:14:03Z\"}"),
        [at, "time=2026-11-20T09:14:03Z"]
    );
}

/// Scenario: text that is not UTF-8, a priority out of range, data without end.
/// Guarantees: kept, and said.
#[test]
fn problems_are_said() {
    assert_eq!(read(b"<13>x \xff"), ["message=x \u{fffd}", "problem=encoding"]);
    assert_eq!(read(b"<192>x"), ["message=<192>x", "problem=priority"]);
    assert_eq!(read(b"<13>1 - - - - - [x"), ["message=[x", "problem=structured-data"]);
    assert_eq!(read("<13>caf\u{e9}".as_bytes()), ["message=caf\u{e9}"]);
}

/// Scenario: lines around New Year, read on 21 November 2026.
/// Guarantees: without a year, one that was; and it says that it was inferred.
#[test]
fn years_come_from_the_reference() {
    let time = |line: &str| read(line.as_bytes())[0].clone();
    assert_eq!(time("<13>Dec 31 23:59:59 h app: m"), "time=2025-12-31T23:59:59.000000000Z");
    assert_eq!(time("<13>Nov 22 01:00:00 h app: m"), "time=2026-11-22T01:00:00.000000000Z");
}

/// Scenario: Windows events and rows of tabular logs inside syslog.
/// Guarantees: the event is the payload's; the header fills what it leaves open.
#[test]
fn payloads_are_decoded() {
    let xml = "<13>Nov 20 09:14:03 relay app: <Event xmlns='x'><System><EventID>4740</EventID>\
               </System><EventData><Data Name='TargetUserName'>user1</Data></EventData></Event>";
    assert_eq!(
        read(xml.as_bytes()),
        ["time=2026-11-20T09:14:03.000000000Z", "host=relay", "TargetUserName=user1"]
    );
    let json = r#"<14>Nov 20 09:14:05 h nx: {"@timestamp":"2026-11-20T09:14:03Z","winlog":{"event_id":4740,"event_data":{"A":"b"}}}"#;
    assert_eq!(read(json.as_bytes()), ["time=2026-11-20T09:14:03.000000000Z", "host=h", "A=b"]);
    let iis = "<133>Nov 20 09:14:05 EXCH01 iis: 2026-11-20 09:14:03 10.0.0.25 GET / - 443 - 10.1.1.1 UA - 401 1 1326 3";
    assert_eq!(read(iis.as_bytes())[..2], ["time=2026-11-20T09:14:03.000000000Z", "host=EXCH01"]);
}
