//! ArcSight's Common Event Format: `CEF:0|vendor|product|version|id|name|severity|`
//! and `key=value` pairs between blanks, values with blanks of their own.

use memchr::memchr_iter;

use super::extension::set_time;
use crate::decode::Context;
use crate::event::{Escape, Event, Value};
use crate::limits::FIELDS_MAX;

/// Names of the header's parts.
const HEADER: [&[u8]; 6] =
    [b"DeviceVendor", b"DeviceProduct", b"DeviceVersion", b"SignatureID", b"Name", b"Severity"];

/// What follows `CEF:0|`.
pub(super) fn body(text: &[u8]) -> Option<&[u8]> {
    let rest = text.strip_prefix(b"CEF:")?;
    let rest = rest.strip_prefix(b" ").unwrap_or(rest);
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    rest.get(digits..)?.strip_prefix(b"|").filter(|_| (1..=2).contains(&digits))
}

/// Adds the header's parts and the extension's pairs.
pub(super) fn push<'c>(text: &'c [u8], context: &Context<'c, '_>, event: &mut Event<'c>) {
    let Some(body) = body(text) else { return };
    let Some((header, extension)) = split_header(body) else { return };
    for (name, part) in HEADER.into_iter().zip(header) {
        event.push(name, Value::new(part, Escape::CefHeader));
    }
    push_extension(extension, event);
    let first_of = |event: &Event<'c>, names: &[&[u8]]| names.iter().find_map(|n| event.field(n));
    event.host = event.host.or_else(|| first_of(event, &[b"dvchost", b"dvc"]));
    if let Some(time) = first_of(event, &[b"rt"]) {
        set_time(time, context, event);
    }
}

/// The six parts and the extension; without all parts it is no CEF.
fn split_header(body: &[u8]) -> Option<([&[u8]; 6], &[u8])> {
    let mut parts: [&[u8]; 6] = [b""; 6];
    let mut rest = body;
    let last = parts.len() - 1;
    for (index, part) in parts.iter_mut().enumerate() {
        let end = memchr_iter(b'|', rest).find(|at| !is_escaped(rest, *at));
        let end = end.or_else(|| (index == last).then_some(rest.len()))?;
        *part = rest.get(..end)?;
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    Some((parts, rest))
}

/// True when an odd number of backslashes stands before.
fn is_escaped(text: &[u8], at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    before.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
}

/// Pairs: a key follows a blank and ends with `=`; the value goes to the blank before
/// the next key.
fn push_extension<'c>(extension: &'c [u8], event: &mut Event<'c>) {
    let mut open: Option<(&'c [u8], usize)> = None;
    for equals in memchr_iter(b'=', extension) {
        let value_start = open.map_or(0, |(_, start)| start);
        let Some(key_start) = key_start(extension, value_start, equals) else { continue };
        if let Some((key, start)) = open {
            push_pair(key, extension.get(start..key_start.saturating_sub(1)), event);
        }
        let key = extension.get(key_start..equals).unwrap_or_default();
        open = Some((key, equals + 1));
    }
    if let Some((key, start)) = open {
        push_pair(key, extension.get(start..), event);
    }
}

fn push_pair<'c>(key: &'c [u8], value: Option<&'c [u8]>, event: &mut Event<'c>) {
    if event.fields.len() < FIELDS_MAX {
        event.push(key, Value::new(value.unwrap_or_default(), Escape::Cef));
    }
}

/// Where the key before `equals` starts; `None` when the sign belongs to a value.
fn key_start(text: &[u8], from: usize, equals: usize) -> Option<usize> {
    let window = text.get(from..equals)?;
    let length = window.iter().rev().take_while(|byte| is_key_byte(**byte)).count();
    let start = equals - length;
    let follows_blank = start == 0 || (start > from && text.get(start - 1) == Some(&b' '));
    (length > 0 && follows_blank).then_some(start)
}

fn is_key_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'[' | b']')
}
