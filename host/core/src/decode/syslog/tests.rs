//! Syslog lines of every kind, as senders write them.

use bumpalo::Bump;

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
        ("<999>hello", vec!["message=<999>hello"]),
        ("<013>hello", vec!["message=<013>hello"]),
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
            vec![at, "host=h", "message=[x k=\"open"],
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
    assert_eq!(read(b"<13>x: \xff\0\n"), ["message=x: \u{fffd}"]);
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
