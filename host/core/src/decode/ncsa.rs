//! The other two logs that web servers of Microsoft write: NCSA common (and
//! combined) format, and the native format of IIS. Fields have the W3C names.
//!
//! ```text
//! 10.1.1.1 - CONTOSO\anna [20/Nov/2026:09:14:03 +0100] "GET /a?b HTTP/1.1" 200 3401
//! 10.1.1.1, -, 11/20/2026, 9:14:03, W3SVC2, SALES1, 10.0.0.25, 4502, 163, 3223, 200, 0, GET, /a, -,
//! ```
//!
//! Source: "IIS Log File Formats" of Microsoft.

use super::{Context, Damage};
use crate::bytes::split_once;
use crate::event::{Event, Kind, Value};
use crate::time;

/// Decodes a line of the NCSA common or combined format.
pub(super) fn decode<'c>(frame: &'c [u8], event: &mut Event<'c>) -> Result<(), Damage> {
    event.reset(Kind::Iis, frame);
    let line = Line::parse(frame)
        .ok_or(Damage { reason: "the line has not the parts of an NCSA log", at: 0 })?;
    let stamp = time::ncsa(line.time)
        .ok_or(Damage { reason: "the row has no valid date and time", at: 0 })?;
    event.set_time(stamp.in_utc());
    let (stem, query) = match split_once(line.target, b'?') {
        Some((stem, query)) => (stem, Some(query)),
        None => (line.target, None),
    };
    let parts = [
        ("c-ip", Some(line.client)),
        ("cs-username", Some(line.user)),
        ("cs-method", Some(line.method)),
        ("cs-uri-stem", Some(stem)),
        ("cs-uri-query", query),
        ("cs-version", line.version),
        ("sc-status", Some(line.status)),
        ("sc-bytes", Some(line.bytes)),
        ("cs(Referer)", line.referer),
        ("cs(User-Agent)", line.agent),
    ];
    for (name, part) in parts {
        if let Some(part) = part {
            event.push(name.as_bytes(), Value::plain(part));
        }
    }
    event.names_are_unique = true;
    Ok(())
}

struct Line<'c> {
    client: &'c [u8],
    user: &'c [u8],
    time: &'c [u8],
    method: &'c [u8],
    target: &'c [u8],
    version: Option<&'c [u8]>,
    status: &'c [u8],
    bytes: &'c [u8],
    referer: Option<&'c [u8]>,
    agent: Option<&'c [u8]>,
}

impl<'c> Line<'c> {
    fn parse(line: &'c [u8]) -> Option<Self> {
        let (client, rest) = split_once(line, b' ')?;
        let (_, rest) = split_once(rest, b' ')?;
        let (user, rest) = split_once(rest, b'[')?;
        let (time, rest) = split_once(rest, b']')?;
        let (request, rest) = quoted(rest.trim_ascii_start())?;
        let (status, rest) = word(rest.trim_ascii_start());
        let (bytes, rest) = word(rest.trim_ascii_start());
        crate::bytes::digits(status)?;
        let (method, target) = split_once(request, b' ').unwrap_or((request, b""));
        let (target, version) = match memchr::memrchr(b' ', target) {
            Some(at) => (target.get(..at)?, target.get(at + 1..)),
            None => (target, None),
        };
        let (referer, rest) = quoted(rest.trim_ascii_start()).unzip();
        let (agent, _) = quoted(rest.unwrap_or_default().trim_ascii_start()).unzip();
        let user = user.trim_ascii();
        Some(Self { client, user, time, method, target, version, status, bytes, referer, agent })
    }
}

/// The inside of the quotes that `text` begins with, and what follows.
fn quoted(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let inside = text.strip_prefix(b"\"")?;
    let end = inside.iter().enumerate().position(|(at, byte)| {
        *byte == b'"' && at.checked_sub(1).and_then(|at| inside.get(at)) != Some(&b'\\')
    })?;
    Some((inside.get(..end)?, inside.get(end + 1..)?))
}

fn word(text: &[u8]) -> (&[u8], &[u8]) {
    split_once(text, b' ').unwrap_or((text, b""))
}

/// The cells of the native format, in its fixed order.
const NATIVE_COLUMNS: [&str; 15] = [
    "c-ip",
    "cs-username",
    "date",
    "time",
    "s-sitename",
    "s-computername",
    "s-ip",
    "time-taken",
    "cs-bytes",
    "sc-bytes",
    "sc-status",
    "sc-win32-status",
    "cs-method",
    "cs-uri-stem",
    "cs-uri-query",
];

/// Decodes a line of IIS' native format, which is in local time.
pub(super) fn decode_native<'c>(
    frame: &'c [u8],
    context: &Context<'c, '_>,
    event: &mut Event<'c>,
) -> Result<(), Damage> {
    event.reset(Kind::Iis, frame);
    event.names_are_unique = true;
    let mut rest = frame.trim_ascii_end();
    rest = rest.strip_suffix(b",").unwrap_or(rest);
    for (place, name) in NATIVE_COLUMNS.iter().enumerate() {
        let is_last = place + 1 == NATIVE_COLUMNS.len();
        let (cell, tail) = match split_once(rest, b',') {
            Some((cell, tail)) if !is_last => (cell, tail),
            _ => (rest, b"".as_slice()),
        };
        if rest.is_empty() {
            return Err(Damage { reason: "the row has fewer cells than columns", at: frame.len() });
        }
        event.push(name.as_bytes(), Value::plain(cell.trim_ascii()));
        rest = tail;
    }
    let cell = |name: &[u8]| event.field(name).map(|value| value.spelled()).unwrap_or_default();
    let host = [cell(b"s-computername"), cell(b"s-ip")].into_iter().find(|host| *host != b"-");
    let stamp = time::native(cell(b"date"), cell(b"time"))
        .ok_or(Damage { reason: "the row has no valid date and time", at: 0 })?;
    event.host = host.map(Value::plain);
    event.set_time(stamp.in_zone(context.zones.of(host)));
    Ok(())
}

/// True for a line of the NCSA format.
pub(super) fn looks_like_row(line: &[u8]) -> bool {
    Line::parse(line).is_some_and(|line| time::ncsa(line.time).is_some())
}

/// True for a line of the native format.
pub(super) fn looks_like_native_row(line: &[u8]) -> bool {
    let mut cells = line.split(|byte| *byte == b',').skip(2).map(<[u8]>::trim_ascii);
    let (Some(date), Some(clock)) = (cells.next(), cells.next()) else { return false };
    time::native(date, clock).is_some() && cells.count() >= 11
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{YearReference, Zones};
    use bumpalo::Bump;

    fn fields(event: &Event<'_>) -> Vec<String> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let all = event.fields.iter();
        all.map(|field| format!("{}={}", text(field.name), text(field.value.spelled()))).collect()
    }

    /// Scenario: common and combined lines, with and without query and version, and
    /// a line that is none.
    /// Guarantees: W3C names, the zone of the line, nothing invented.
    #[test]
    fn ncsa_lines_are_read() {
        let mut event = Event::default();
        let line = br#"10.1.1.1 - CONTOSO\anna [20/Nov/2026:09:14:03 +0100] "GET /a?b=1 HTTP/1.1" 401 3401"#;
        decode(line, &mut event).unwrap();
        assert_eq!(time::to_rfc3339(event.time), "2026-11-20T08:14:03.000000000Z");
        assert_eq!(
            fields(&event),
            [
                "c-ip=10.1.1.1",
                "cs-username=CONTOSO\\anna",
                "cs-method=GET",
                "cs-uri-stem=/a",
                "cs-uri-query=b=1",
                "cs-version=HTTP/1.1",
                "sc-status=401",
                "sc-bytes=3401"
            ]
        );
        let line = br#"::1 - - [20/Nov/2026:09:14:03 +0100] "-" 400 0 "http://x/\"q" "UA 1""#;
        decode(line, &mut event).unwrap();
        assert_eq!(
            fields(&event)[3..],
            [
                "cs-uri-stem=",
                "sc-status=400",
                "sc-bytes=0",
                "cs(Referer)=http://x/\\\"q",
                "cs(User-Agent)=UA 1"
            ]
        );
        assert!(
            decode(b"10.1.1.1 - - [20/Foo/2026:09:14:03 +0100] \"GET /\" 200 1", &mut event)
                .is_err()
        );
        assert!(!looks_like_row(b"10.1.1.1 - - no stamp"));
    }

    /// Scenario: a row of the native format in local time, and one cut off.
    /// Guarantees: W3C names, the host's zone decides, a cut row is damage.
    #[test]
    fn native_rows_are_read() {
        let (arena, zones) =
            (Bump::new(), Zones::all_in(jiff::tz::TimeZone::fixed(jiff::tz::offset(1))));
        let context = Context { arena: &arena, zones: &zones, year: YearReference { nanos: 0 } };
        let mut event = Event::default();
        let line = b"10.1.1.1, -, 03/20/01, 7:55:20, W3SVC2, SALES1, 10.0.0.25, 4502, 163, 3223, 200, 0, GET, /a,b, -,";
        assert!(looks_like_native_row(line));
        decode_native(&line[..60], &context, &mut event).unwrap_err();
        let line = b"10.1.1.1, -, 03/20/01, 7:55:20, W3SVC2, SALES1, 10.0.0.25, 4502, 163, 3223, 200, 0, GET, /a, -,";
        decode_native(line, &context, &mut event).unwrap();
        assert_eq!(time::to_rfc3339(event.time), "2001-03-20T06:55:20.000000000Z");
        assert_eq!(event.host.map(|host| host.spelled()), Some(&b"SALES1"[..]));
        assert_eq!(
            fields(&event)[10..],
            [
                "sc-status=200",
                "sc-win32-status=0",
                "cs-method=GET",
                "cs-uri-stem=/a",
                "cs-uri-query=-"
            ]
        );
    }
}
