//! Cisco's lines: sequence numbers, names, stamps and uptimes before
//! `%FACILITY-SEVERITY-MNEMONIC: text`, in any selection.

use super::Header;
use super::rfc3164::{stamped, tag};
use super::stamp::Last;
use crate::bytes::split_once;
use crate::decode::Context;
use crate::time::{Stamp, named_offset, rfc3164};

/// What stands before the mnemonic.
struct Line<'c> {
    sequence: Option<&'c [u8]>,
    stamp: Option<Written>,
    mnemonic: Option<&'c [u8]>,
    message: &'c [u8],
}

/// The device's own stamp.
#[derive(Clone, Copy)]
struct Written {
    stamp: Stamp,
    has_year: bool,
    /// Marked with `*`: the clock was never set.
    is_guess: bool,
}

/// A line that begins with a sequence number, a colon, the device's name or the
/// mnemonic: `2360957: sw01: Jan  6 2022 20:52:12.861: %SYS-5-CONFIG_I: ...`.
pub(super) fn header<'c>(
    text: &'c [u8],
    context: &Context<'c, '_>,
    last: &mut Last,
) -> Option<Header<'c>> {
    let (number, rest) = match (text.first()?, sequence(text)) {
        (_, Some((number, rest))) => (number, rest),
        (b':', _) => (None, text.get(1..)?.trim_ascii_start()),
        _ => (None, text),
    };
    // A relay may put its own stamp behind its own number.
    if number.is_some()
        && let Some(relayed) = stamped(rest, context, last)
        && relayed.sequence.is_some()
    {
        return Some(relayed);
    }
    let (host, line) = if let Some(line) = line(rest, context) {
        (None, line)
    } else {
        let (name, behind) = named(rest)?;
        (Some(name), line(behind, context)?)
    };
    // Without the mnemonic, only a number or a colon tells that it is Cisco's.
    if line.mnemonic.is_none() && (line.stamp.is_none() || rest.len() == text.len()) {
        return None;
    }
    let header = Header { host, sequence: line.sequence.or(number), ..Header::default() };
    Some(fill(header, line, context))
}

/// True when the tag, or the number behind it, may be a device's.
pub(super) fn may_be_numbered(app: &[u8], header: &Header<'_>) -> bool {
    let starts_with_digit = |text: &[u8]| text.first().is_some_and(u8::is_ascii_digit);
    header.pid.is_none() && (starts_with_digit(app) || starts_with_digit(header.message))
}

/// The same behind a relay's stamp and host, whose tag is then the number or the
/// name: `585917: Feb  8 04:00:47.272: %SEC-6-IPACCESSLOGRP: ...`.
pub(super) fn behind_host<'c>(
    header: &Header<'c>,
    context: &Context<'c, '_>,
) -> Option<Header<'c>> {
    let is_sequence = is_number(header.app?);
    let line = line(header.message, context).filter(|line| line.mnemonic.is_some())?;
    let host = header.host.or(header.app.filter(|_| !is_sequence));
    let sequence = line.sequence.or(header.app.filter(|_| is_sequence));
    Some(fill(Header { host, sequence, ..*header }, line, context))
}

fn fill<'c>(header: Header<'c>, line: Line<'c>, context: &Context<'c, '_>) -> Header<'c> {
    let zone = context.zones.of(header.host);
    let own =
        line.stamp.map(|written| (written, written.stamp.in_zone_and_year(written.has_year, zone)));
    let time = match own {
        Some((written, _)) if written.is_guess && header.time.is_some() => header.time,
        Some((_, time)) => Some(time),
        None => header.time,
    };
    Header { time, app: line.mnemonic, pid: None, message: line.message, ..header }
}

/// `[number: ][stamp: | uptime: ]%MNEMONIC: text`
fn line<'c>(text: &'c [u8], context: &Context<'c, '_>) -> Option<Line<'c>> {
    let (sequence, rest) = match sequence(text) {
        Some((sequence, rest)) => (sequence, rest),
        None => (None, text),
    };
    let (stamp, rest) = match stamp(rest, context) {
        Some((stamp, rest)) => (Some(stamp), rest),
        None => (None, uptime(rest).unwrap_or(rest)),
    };
    if rest.first() == Some(&b'%')
        && let (mnemonic @ Some(_), None, message) = tag(rest)
    {
        return Some(Line { sequence, stamp, mnemonic, message });
    }
    (sequence.is_some() || stamp.is_some()).then_some(Line {
        sequence,
        stamp,
        mnemonic: None,
        message: rest,
    })
}

fn is_number(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(u8::is_ascii_digit)
}

/// `2360957: `
fn sequence(text: &[u8]) -> Option<(Option<&[u8]>, &[u8])> {
    let (number, rest) = split_once(text.get(..text.len().min(16))?, b':')?;
    let behind = text.get(text.len().min(16) - rest.len()..)?;
    (is_number(number) && behind.starts_with(b" "))
        .then_some((Some(number), behind.trim_ascii_start()))
}

/// `sw01: `, `2a02:cf40::: `, and an address before the number of the line.
fn named(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (word, rest) = split_once(text, b' ')?;
    let name = match word.strip_suffix(b":") {
        Some(name) => name,
        None => word.first().filter(|_| sequence(rest).is_some()).map(|_| word)?,
    };
    (!name.is_empty()).then_some((name, rest.trim_ascii_start()))
}

/// A stamp and its colon; a zone in small letters, or one whose name says nothing,
/// may stand between.
fn stamp<'c>(text: &'c [u8], context: &Context<'c, '_>) -> Option<(Written, &'c [u8])> {
    let (stamp, has_year, rest) = rfc3164(text, &context.year)?;
    let letters = rest
        .strip_prefix(b" ")
        .map_or(0, |zone| zone.iter().take_while(|byte| byte.is_ascii_alphabetic()).count());
    let zone = rest.get(1..=letters).filter(|_| letters > 0).unwrap_or_default();
    let upper: ZoneName = std::array::from_fn(|at| zone.get(at).map_or(0, u8::to_ascii_uppercase));
    let upper = upper.get(..zone.len()).unwrap_or_default();
    let offset_s = stamp.offset_s.or_else(|| named_offset(upper));
    let behind = if letters == 0 { rest } else { rest.get(letters + 1..)? };
    let rest = behind.strip_prefix(b":")?.trim_ascii_start();
    let stamp = Stamp { offset_s, ..stamp };
    Some((Written { stamp, has_year, is_guess: text.starts_with(b"*") }, rest))
}

/// The letters of a zone's name that could be known.
type ZoneName = [u8; 4];

/// `5d17h: `, `2y10w: `, `00:00:13: `
fn uptime(text: &[u8]) -> Option<&[u8]> {
    let (word, rest) = split_once(text, b' ')?;
    let word = word.strip_suffix(b":")?;
    let is_uptime = word.first()?.is_ascii_digit()
        && word.iter().all(|byte| byte.is_ascii_digit() || b"ywdhms:.".contains(byte));
    is_uptime.then_some(rest.trim_ascii_start())
}
