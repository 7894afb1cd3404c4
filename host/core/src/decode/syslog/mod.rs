//! Syslog: RFC 5424, RFC 3164, and what devices make of it. Nothing is ever
//! rejected: what cannot be read is the message.
//!
//! A payload that is itself one of our formats is decoded further, and the event
//! is the payload's; the header then only fills what the payload leaves open.

mod payload;
mod rfc3164;
mod rfc5424;

pub(super) use payload::State;

use jiff::tz::TimeZone;

use super::{Context, Damage, Decoded};
use crate::bytes::{digits, split_once};
use crate::event::{Event, Kind, Value};
use crate::time::{Stamp, TimeQuality};

/// The parts of a header that both RFCs have.
#[derive(Debug, Clone, Copy, Default)]
struct Header<'c> {
    time: Option<(i64, TimeQuality)>,
    host: Option<&'c [u8]>,
    app: Option<&'c [u8]>,
    pid: Option<&'c [u8]>,
    message_id: Option<&'c [u8]>,
    /// The elements of structured data, as they stand.
    structured_data: &'c [u8],
    message: &'c [u8],
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
    let line = trim_end(frame);
    let (priority, rest) = priority(line);
    let header = rfc5424::header(rest, priority.is_some())
        .or_else(|| rfc3164::header(rest, context))
        .unwrap_or(Header { message: rest, ..Header::default() });
    if let Some(decoded) = payload::decode(&header, frame, context, state, event)? {
        return Ok(decoded);
    }
    event.reset(Kind::Syslog, frame);
    members(&header, event);
    let priority = priority.unwrap_or(DEFAULT_PRIORITY);
    event.push(b"facility", Value::plain(DECIMALS.get(priority / 8).unwrap_or(&"").as_bytes()));
    event.push(b"severity", Value::plain(DECIMALS.get(priority % 8).unwrap_or(&"").as_bytes()));
    for (name, part) in [
        (b"app-name".as_slice(), header.app),
        (b"procid", header.pid),
        (b"msgid", header.message_id),
    ] {
        if let Some(part) = part {
            event.push(name, Value::plain(part));
        }
    }
    rfc5424::push_structured_data(header.structured_data, context.arena, event);
    event.push(b"message", Value::plain(header.message));
    if let Some(times) = repeats(header.message) {
        event.push(b"repeat", Value::plain(times));
    }
    Ok(Decoded::Event)
}

fn members<'c>(header: &Header<'c>, event: &mut Event<'c>) {
    if let Some(time) = header.time {
        event.set_time(time);
    }
    event.host = header.host.map(Value::plain);
}

/// The quality of a stamp that may lack its year, its zone, or both.
pub(super) fn stamp_in_zone(stamp: Stamp, has_year: bool, zone: &TimeZone) -> (i64, TimeQuality) {
    let (nanos, quality) = stamp.in_zone(zone);
    (nanos, if has_year { quality } else { TimeQuality::YearInferred })
}

/// Line ends and zeros that senders leave behind.
fn trim_end(line: &[u8]) -> &[u8] {
    let end = line.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n' | b'\0'));
    line.get(..end.map_or(0, |last| last + 1)).unwrap_or_default()
}

/// `<13>`: at most 191, without leading zeros. An invalid one is part of the
/// message.
fn priority(line: &[u8]) -> (Option<usize>, &[u8]) {
    let valid = line.strip_prefix(b"<").and_then(|rest| {
        let (number, rest) = split_once(rest.get(..4.min(rest.len()))?, b'>')
            .and_then(|(number, _)| Some((number, rest.get(number.len() + 1..)?)))?;
        let priority = digits(number)? as usize;
        let has_leading_zero = number.len() > 1 && number.first() == Some(&b'0');
        (priority <= 191 && !has_leading_zero).then_some((priority, rest))
    });
    valid.map_or((None, line), |(priority, rest)| (Some(priority), rest))
}

/// `last message repeated 3 times`
fn repeats(message: &[u8]) -> Option<&[u8]> {
    let times = message.strip_prefix(b"last message repeated ")?;
    let (times, _) = split_once(times, b' ')?;
    digits(times).map(|_| times)
}

/// Facilities and severities as text.
const DECIMALS: [&str; 24] = [
    "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16",
    "17", "18", "19", "20", "21", "22", "23",
];

#[cfg(test)]
mod tests;
