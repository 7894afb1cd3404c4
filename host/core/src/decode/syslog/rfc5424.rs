//! RFC 5424: `VERSION TIMESTAMP HOST APP PROCID MSGID [SD] MSG`.

use bumpalo::Bump;
use memchr::memchr2;

use super::Header;
use crate::bytes::{digits, number, split_once};
use crate::decode::nested_name;
use crate::event::{Escape, Event, Value};
use crate::limits::FIELDS_MAX;
use crate::time::{SECOND, TimeQuality, fraction_nanos, iso8601};

/// Fills the header, if the text begins with one.
pub(super) fn read<'c>(text: &'c [u8], has_priority: bool, header: &mut Header<'c>) -> bool {
    // Nearly all lines are decided by their first byte.
    if !text.first().is_some_and(u8::is_ascii_digit) {
        return false;
    }
    match self::header(text, has_priority) {
        Some(found) => *header = found,
        None => return false,
    }
    true
}

/// Reads the header, if it is one: a version, then a timestamp or (after a
/// priority) `-`. A stamp out of range is none; the header is one still.
fn header(text: &[u8], has_priority: bool) -> Option<Header<'_>> {
    let (is_first, rest) = version(text)?;
    let (stamp, rest) = token(rest)?;
    let time = match stamp {
        Some(stamp) => match iso8601(stamp).filter(|(_, rest)| rest.is_empty()) {
            Some((stamp, _)) => Some(stamp),
            None if has_priority && is_shaped_like_a_stamp(stamp) => None,
            None if has_priority && is_first => return epoch(stamp, rest),
            None => return None,
        },
        None if has_priority => None,
        None => return None,
    };
    let (host, rest) = token(rest)?;
    let (app, rest) = token(rest)?;
    let (pid, rest) = token(rest)?;
    let (message_id, rest) = token(rest)?;
    // Only version 1 is defined; another one must look like it to the end.
    let looks_like_it = has_priority && matches!(rest.first(), Some(b'-' | b'['));
    if !is_first && !looks_like_it {
        return None;
    }
    let (structured_data, message, problem) = split_structured_data(rest);
    Some(Header {
        time: time.map(|stamp| (stamp.as_utc(), quality(stamp.offset_s))),
        host,
        app,
        pid,
        message_id,
        structured_data,
        message: message.strip_prefix("\u{feff}".as_bytes()).unwrap_or(message),
        problem,
        ..Header::default()
    })
}

/// The version, one to three digits, and whether it is 1.
fn version(text: &[u8]) -> Option<(bool, &[u8])> {
    if let Some(rest) = text.strip_prefix(b"1 ") {
        return Some((true, rest));
    }
    let (version, rest) = split_once(text.get(..4.min(text.len()))?, b' ')?;
    let is_version = digits(version)? > 0 && version.first() != Some(&b'0');
    is_version.then_some((false, text.get(4.min(text.len()) - rest.len()..)?))
}

/// `2026-13-45T...`: meant as a stamp, but no time.
fn is_shaped_like_a_stamp(text: &[u8]) -> bool {
    text.get(..5).is_some_and(
        |date| matches!(date, [year @ .., b'-'] if year.iter().all(u8::is_ascii_digit)),
    )
}

/// Seconds since the epoch, host and message: what Cisco Meraki calls version 1.
fn epoch<'a>(stamp: &[u8], rest: &'a [u8]) -> Option<Header<'a>> {
    let (seconds, rest_of_stamp) = split_once(stamp, b'.').unwrap_or((stamp, b"0"));
    let seconds = number(seconds).filter(|_| (9..=10).contains(&seconds.len()))?;
    let nanos = fraction_nanos(rest_of_stamp)?;
    let utc = i64::try_from(seconds).ok()? * SECOND + nanos;
    let (host, message) = token(rest)?;
    let time = Some((utc, TimeQuality::Exact));
    Some(Header { time, host, message, ..Header::default() })
}

/// RFC 5424 demands an offset; without one UTC is assumed.
fn quality(offset_s: Option<i32>) -> TimeQuality {
    if offset_s.is_some() { TimeQuality::Exact } else { TimeQuality::ZoneAssumed }
}

/// The next part of the header; `-` is none.
fn token(text: &[u8]) -> Option<(Option<&[u8]>, &[u8])> {
    let (token, rest) = split_once(text, b' ').unwrap_or((text, b""));
    if token.is_empty() {
        return None;
    }
    Some(((token != b"-").then_some(token), rest))
}

/// Structured data and message, and whether something is wrong with them. Data that
/// never ends is part of the message.
fn split_structured_data(text: &[u8]) -> (&[u8], &[u8], Option<&'static str>) {
    if let Some(rest) = text.strip_prefix(b"-") {
        return (b"", rest.strip_prefix(b" ").unwrap_or(rest), None);
    }
    let mut end = 0;
    while text.get(end) == Some(&b'[') {
        match element_length(text.get(end..).unwrap_or_default()) {
            Some(length) => end += length,
            None => return (b"", text, Some("structured-data")),
        }
    }
    let (data, message) = text.split_at_checked(end).unwrap_or((b"", text));
    (data, message.strip_prefix(b" ").unwrap_or(message), None)
}

/// The length of `[id name="value" ...]`; a `]` inside quotes does not end it.
fn element_length(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr2(b'"', b']', text.get(at..)?)?;
        if text.get(at) == Some(&b']') {
            return Some(at + 1);
        }
        at += 1;
        loop {
            at += memchr2(b'"', b'\\', text.get(at..)?)?;
            if text.get(at) == Some(&b'"') {
                break;
            }
            at += 2;
        }
        at += 1;
    }
}

/// Adds the parameters of structured data as `<sd-id>/<param>`.
pub(super) fn push_structured_data<'c>(data: &'c [u8], arena: &'c Bump, event: &mut Event<'c>) {
    let mut rest = data;
    while let Some(length) = element_length(rest) {
        let (element, after) = rest.split_at_checked(length).unwrap_or((rest, b""));
        let inside = element.get(1..length - 1).unwrap_or_default();
        let (id, params) = split_once(inside, b' ').unwrap_or((inside, b""));
        push_params(id, params, arena, event);
        rest = after;
    }
}

/// The parameters of the element with that id.
pub(super) fn params_of<'c>(
    data: &'c [u8],
    wanted: &[u8],
) -> Option<impl Iterator<Item = (&'c [u8], Value<'c>)>> {
    let mut rest = data;
    loop {
        let (element, after) = rest.split_at_checked(element_length(rest)?)?;
        let inside = element.get(1..element.len() - 1).unwrap_or_default();
        let (id, mut params) = split_once(inside, b' ').unwrap_or((inside, b""));
        if id == wanted {
            return Some(std::iter::from_fn(move || {
                let (name, value, after) = param(params)?;
                params = after;
                Some((name, Value::new(value, Escape::StructuredData)))
            }));
        }
        rest = after;
    }
}

fn push_params<'c>(id: &'c [u8], params: &'c [u8], arena: &'c Bump, event: &mut Event<'c>) {
    let mut rest = params;
    while let Some((name, value, after)) = param(rest) {
        let Some(name) = nested_name(&[id, name], arena) else { return };
        if event.fields.len() >= FIELDS_MAX {
            return;
        }
        event.push(name, Value::new(value, Escape::StructuredData));
        rest = after;
    }
}

/// `name="value"`, and what follows.
fn param(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (name, rest) = split_once(text, b'=')?;
    // Some put blanks around the sign.
    let inside = rest.trim_ascii_start().strip_prefix(b"\"")?;
    let mut end = 0;
    loop {
        end += memchr2(b'"', b'\\', inside.get(end..)?)?;
        if inside.get(end) == Some(&b'"') {
            break;
        }
        end += 2;
    }
    let after = inside.get(end + 1..)?;
    Some((name.trim_ascii(), inside.get(..end)?, after))
}
