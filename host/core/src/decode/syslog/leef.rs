//! IBM's Log Event Extended Format: `LEEF:1.0|vendor|product|version|id|` and pairs
//! between tabs; version 2.0 names the delimiter. Nothing is escaped.

use super::extension::set_time;
use crate::bytes::split_once;
use crate::decode::Context;
use crate::event::{Event, Value};
use crate::limits::FIELDS_MAX;

/// Names of the header's parts.
const HEADER: [&[u8]; 4] = [b"DeviceVendor", b"DeviceProduct", b"DeviceVersion", b"EventID"];

/// Whether the version is 2, and what follows `LEEF:1.0|`.
pub(super) fn body(text: &[u8]) -> Option<(bool, &[u8])> {
    let rest = text.strip_prefix(b"LEEF:")?;
    let rest = rest.strip_prefix(b" ").unwrap_or(rest);
    let (version, rest) = split_once(rest.get(..rest.len().min(4))?, b'|')
        .and_then(|(version, _)| Some((version, rest.get(version.len() + 1..)?)))?;
    matches!(version, b"1.0" | b"2.0" | b"1" | b"2")
        .then_some((version.first() == Some(&b'2'), rest))
}

/// Adds the header's parts and the pairs.
pub(super) fn push<'c>(text: &'c [u8], context: &Context<'c, '_>, event: &mut Event<'c>) {
    let Some((is_second, mut rest)) = body(text) else { return };
    let mut parts: [&[u8]; 4] = [b""; 4];
    for part in &mut parts {
        let Some((found, behind)) = split_once(rest, b'|') else { return };
        (*part, rest) = (found, behind);
    }
    for (name, part) in HEADER.into_iter().zip(parts) {
        event.push(name, Value::plain(part));
    }
    let (delimiter, pairs) = if is_second { delimiter(rest) } else { (b'\t', rest) };
    push_pairs(pairs, delimiter, event);
    if let Some(time) = event.field(b"devTime") {
        set_time(time, context, event);
    }
}

/// The delimiter and what follows it: a character, its code in hex, or nothing for
/// a tab. Some senders leave the whole part out.
fn delimiter(text: &[u8]) -> (u8, &[u8]) {
    match split_once(text, b'|') {
        Some((b"", pairs)) => (b'\t', pairs),
        Some((&[delimiter], pairs)) => (delimiter, pairs),
        Some((code, pairs)) => match hex(code) {
            Some(delimiter) => (delimiter, pairs),
            None => (b'\t', text),
        },
        None => (b'\t', text),
    }
}

/// `x09`, `0x09`, `\t`
fn hex(code: &[u8]) -> Option<u8> {
    if code == b"\\t" {
        return Some(b'\t');
    }
    let digits = code.strip_prefix(b"0x").or_else(|| code.strip_prefix(b"x"))?;
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// A tab as syslog daemons write it that escape control characters.
const ESCAPED_TAB: &[u8] = b"#011";

fn push_pairs<'c>(pairs: &'c [u8], delimiter: u8, event: &mut Event<'c>) {
    let is_escaped = delimiter == b'\t' && !pairs.contains(&b'\t');
    let mut rest = pairs;
    while !rest.is_empty() && event.fields.len() < FIELDS_MAX {
        let end = if is_escaped {
            memchr::memmem::find(rest, ESCAPED_TAB)
        } else {
            memchr::memchr(delimiter, rest)
        };
        let (pair, behind) = rest.split_at_checked(end.unwrap_or(rest.len())).unwrap_or_default();
        if let Some((key, value)) = split_once(pair, b'=') {
            event.push(key.trim_ascii(), Value::plain(value));
        }
        let delimiter_bytes = if is_escaped { ESCAPED_TAB.len() } else { 1 };
        rest = behind.get(delimiter_bytes..).unwrap_or_default();
    }
}
