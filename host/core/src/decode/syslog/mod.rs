//! Syslog: RFC 5424, RFC 3164, and what devices make of it. Nothing is ever
//! rejected: what cannot be read is the message.
//!
//! A payload that is itself one of our formats is decoded further, and the event
//! is the payload's; the header then only fills what the payload leaves open.

mod cef;
mod cisco;
mod extension;
mod leef;
mod payload;
mod rfc3164;
mod rfc5424;
mod stamp;

pub(super) use extension::is_bare as is_bare_payload;
pub(super) use rfc3164::{cluster_parts, stamped};
pub(super) use stamp::Last;

use super::{Context, Damage, Decoded};
use crate::bytes::{digits, is_ascii, split_once};
use crate::event::{Event, Kind, Value};
use crate::time::TimeQuality;
use serde::{Deserialize, Serialize};

/// What is remembered from line to line.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct State {
    /// The columns that senders announced.
    tables: payload::State,
    /// The stamp read last: only saves work.
    #[serde(skip)]
    stamp: stamp::Last,
}

/// The parts of a header that both RFCs have.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Header<'c> {
    pub(super) time: Option<(i64, TimeQuality)>,
    pub(super) host: Option<&'c [u8]>,
    /// An address behind the host.
    address: Option<&'c [u8]>,
    pub(super) app: Option<&'c [u8]>,
    pub(super) pid: Option<&'c [u8]>,
    message_id: Option<&'c [u8]>,
    /// The device's own number of the message.
    sequence: Option<&'c [u8]>,
    /// The elements of structured data, as they stand.
    structured_data: &'c [u8],
    pub(super) message: &'c [u8],
    /// What is wrong with the line, in one word.
    problem: Option<&'static str>,
}

/// user.notice: what a message without a valid priority counts as (RFC 3164, 4.3.3).
const DEFAULT_PRIORITY: usize = 13;

/// Decodes one line.
pub(super) fn decode<'c>(
    frame: &'c [u8],
    context: &Context<'c, '_>,
    state: &mut State,
    event: &mut Event<'c>,
) -> Result<Decoded, Damage> {
    let line = trim(frame);
    let (priority, rest) = priority(line);
    let mut header = Header::default();
    if !rfc5424::read(rest, priority.is_some(), &mut header) {
        rfc3164::read(rest, priority.is_some(), context, &mut state.stamp, &mut header);
    }
    if let Some(decoded) = payload::decode(&header, frame, context, &mut state.tables, event)? {
        return Ok(decoded);
    }
    event.reset(Kind::Syslog, frame);
    if let Some(time) = header.time {
        event.set_time(time);
    }
    event.host = header.host.map(Value::plain);
    let number = priority.unwrap_or(DEFAULT_PRIORITY);
    event.push(b"facility", Value::plain(DECIMALS.get(number / 8).unwrap_or(&"").as_bytes()));
    event.push(b"severity", Value::plain(DECIMALS.get(number % 8).unwrap_or(&"").as_bytes()));
    push_parts(&header, event);
    rfc5424::push_structured_data(header.structured_data, context.arena, event);
    event.push(b"message", Value::plain(header.message));
    if let Some(times) = repeats(header.message) {
        event.push(b"repeat", Value::plain(times));
    }
    let has_bad_priority = priority.is_none() && line.first() == Some(&b'<');
    if let Some(problem) = header.problem.or(has_bad_priority.then_some("priority")) {
        event.push(b"problem", Value::plain(problem.as_bytes()));
    } else if !is_ascii(line) && std::str::from_utf8(line).is_err() {
        event.push(b"problem", Value::plain(b"encoding"));
    }
    extension::push(header.message, context, event);
    Ok(Decoded::Event)
}

fn push_parts<'c>(header: &Header<'c>, event: &mut Event<'c>) {
    for (name, part) in [
        (b"app-name".as_slice(), header.app),
        (b"procid", header.pid),
        (b"msgid", header.message_id),
        (b"sequence", header.sequence),
        (b"address", header.address),
    ] {
        if let Some(part) = part {
            event.push(name, Value::plain(part));
        }
    }
}

/// Without line ends and zeros that senders leave behind, and without a byte order
/// mark that a file put together from others has in its middle.
fn trim(line: &[u8]) -> &[u8] {
    let line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
    let start = line.iter().position(|byte| *byte != 0).unwrap_or(line.len());
    let line = line.get(start..).unwrap_or_default();
    let end = line.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n' | b'\0'));
    line.get(..end.map_or(0, |last| last + 1)).unwrap_or_default()
}

/// `<13>`: at most 191, without leading zeros. An invalid one is part of the
/// message.
fn priority(line: &[u8]) -> (Option<usize>, &[u8]) {
    let invalid = (None, line);
    let Some((b'<', rest)) = line.split_first() else { return invalid };
    let digits = rest.iter().take(3).take_while(|byte| byte.is_ascii_digit()).count();
    let Some((number, [b'>', behind @ ..])) = rest.split_at_checked(digits) else { return invalid };
    let has_leading_zero = digits > 1 && number.first() == Some(&b'0');
    let number = number.iter().fold(0, |sum, digit| sum * 10 + usize::from(digit - b'0'));
    if digits == 0 || has_leading_zero || number > 191 {
        return invalid;
    }
    (Some(number), behind)
}

/// How often, of `last message repeated 3 times`, also between dashes, and of
/// `message repeated 3 times: [ ... ]`.
fn repeats(message: &[u8]) -> Option<&[u8]> {
    let text = message.strip_prefix(b"--- ").unwrap_or(message);
    let times = text.strip_prefix(b"last ").unwrap_or(text).strip_prefix(b"message repeated ")?;
    let (times, unit) = split_once(times, b' ')?;
    (digits(times).is_some() && unit.starts_with(b"time")).then_some(times)
}

/// Facilities and severities as text.
const DECIMALS: [&str; 24] = [
    "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16",
    "17", "18", "19", "20", "21", "22", "23",
];

#[cfg(test)]
mod tests;
