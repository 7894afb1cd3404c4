//! The event id behind its key, in every coat: a hit counts only when a wanted id
//! follows.

use crate::bytes::digits;
use crate::decode::ossec_parts;

/// The rarest part of `<EventID`. Every event is full of places that begin like the
/// whole of it does (`<Event `, `<EventData>`), and each of them would interrupt the
/// search.
pub(super) const XML_EVENT_ID: &[u8] = b"ntID";
/// What stands before it.
pub(super) const XML_EVENT_ID_BEFORE: &[u8] = b"<Eve";
/// The rarest part of `EventID`, an element or a key, and of the key `eventID`.
pub(super) const ANY_EVENT_ID: &[u8] = b"ntID";
/// The rarest part of the key `EventId`.
pub(super) const CAMEL_EVENT_ID: &[u8] = b"ntId\"";
/// The rarest part of the key `event_id`: `event`, `event_data` and `eventlog` begin
/// like the whole of it.
pub(super) const JSON_EVENT_ID: &[u8] = b"nt_id\"";
/// What stands before it.
const JSON_EVENT_ID_BEFORE: &[u8] = b"eve";

/// What a key of the event id is followed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FoundId {
    /// No value at all: it was no such key.
    None,
    /// A number.
    Number(u32),
    /// Something that only the decoder can read.
    Unclear,
}

/// The longest way from a key to its number that is worth going here.
const ID_WINDOW_BYTES: usize = 96;

/// ` Qualifiers='0'>4740</EventID>`
pub(super) fn xml_event_id(tail: &[u8]) -> FoundId {
    let window = tail.get(..ID_WINDOW_BYTES.min(tail.len())).unwrap_or_default();
    let text = memchr::memchr(b'>', window).and_then(|end| window.get(end + 1..));
    let Some(text) = text else { return FoundId::Unclear };
    let Some(end) = memchr::memchr(b'<', text) else { return FoundId::Unclear };
    let text = text.get(..end).unwrap_or_default().trim_ascii();
    digits(text).map_or(FoundId::Unclear, FoundId::Number)
}

/// True when a key, or a part of a dotted key, begins so that `pattern` is the rest
/// of it.
pub(super) fn begins_key(before: &[u8], pattern: &[u8]) -> bool {
    let start = match pattern {
        [b'"' | b'.', ..] => return true,
        JSON_EVENT_ID => before.strip_suffix(JSON_EVENT_ID_BEFORE),
        CAMEL_EVENT_ID => before.strip_suffix(b"Eve"),
        _ => Some(before),
    };
    start.is_some_and(|start| matches!(start.last(), Some(b'"' | b'.')))
}

/// `: "4740"` or `:4740`
pub(super) fn json_event_id(tail: &[u8]) -> FoundId {
    let window = tail.get(..ID_WINDOW_BYTES.min(tail.len())).unwrap_or_default();
    let value = match window.trim_ascii_start().split_first() {
        Some((b':', value)) => value.trim_ascii_start(),
        Some(_) => return FoundId::None,
        None => return FoundId::Unclear,
    };
    let value = value.strip_prefix(b"\"").unwrap_or(value);
    let length = value.iter().take_while(|byte| byte.is_ascii_digit()).count();
    match (digits(value.get(..length).unwrap_or_default()), value.get(length)) {
        (Some(id), Some(b'"' | b',' | b'}' | b' ' | b'\t' | b'\r' | b'\n')) => FoundId::Number(id),
        _ => FoundId::Unclear,
    }
}

/// `":4740`, `>4740<`, or `="4740"` behind `EventID`; `":4740` behind the key `eventID`.
pub(super) fn any_event_id(before: &[u8], tail: &[u8]) -> FoundId {
    if !before.ends_with(b"Eve") {
        let key = before.strip_suffix(b"eve");
        let is_key = key.is_some_and(|start| matches!(start.last(), Some(b'"' | b'.')));
        return match tail.strip_prefix(b"\"") {
            Some(value) if is_key => json_event_id(value),
            _ => FoundId::None,
        };
    }
    match tail.first() {
        Some(b'"') => json_event_id(tail.get(1..).unwrap_or_default()),
        Some(b'>') => xml_event_id(tail),
        _ => match tail.strip_prefix(b"=\"") {
            Some(value) => leading_id(value, b"\""),
            None if tail.starts_with(b"Qualifiers\"") => FoundId::None,
            None => FoundId::Unclear,
        },
    }
}

/// What follows a mark, in the layout of its writer.
pub(super) fn text_event_id(mark: &[u8], tail: &[u8]) -> FoundId {
    let window = tail.get(..ID_WINDOW_BYTES.min(tail.len())).unwrap_or_default();
    match mark {
        b"MSWinEventLog" if tail.first() == Some(&b'\t') => {
            // Criticality, channel, counter, time, id.
            let before = memchr::memchr_iter(b'\t', window).nth(4);
            before.map_or(FoundId::Unclear, |at| {
                leading_id(window.get(at + 1..).unwrap_or_default(), b"\t")
            })
        }
        b"WinEvtLog" => match window.strip_prefix(b": ").and_then(ossec_parts) {
            Some((_, _, id, _)) => FoundId::Number(id),
            None => FoundId::Unclear,
        },
        b"EventCode=" => leading_id(window, b"\r\n"),
        b"Event ID" => match window.strip_prefix(b":") {
            Some(value) => leading_id(trim_blanks(value), b"\r\n"),
            None => FoundId::Unclear,
        },
        _ => FoundId::Unclear,
    }
}

fn trim_blanks(text: &[u8]) -> &[u8] {
    let blanks = text.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    text.get(blanks..).unwrap_or_default()
}

/// Digits that one of `ends` follows.
fn leading_id(text: &[u8], ends: &[u8]) -> FoundId {
    let length = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    match (digits(text.get(..length).unwrap_or_default()), text.get(length)) {
        (Some(id), Some(end)) if ends.contains(end) => FoundId::Number(id),
        _ => FoundId::Unclear,
    }
}
