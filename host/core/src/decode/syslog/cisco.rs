//! Cisco's lines: sequence numbers, names, stamps and uptimes before
//! `%FACILITY-SEVERITY-MNEMONIC: text`, in any selection.

use super::Header;
use super::rfc3164::tag;
use crate::bytes::split_once;
use crate::decode::Context;
use crate::time::{Stamp, rfc3164};

/// What stands before the mnemonic.
struct Line<'c> {
    sequence: Option<&'c [u8]>,
    stamp: Option<Written>,
    mnemonic: &'c [u8],
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

/// A line that begins with a sequence number, a colon, or the mnemonic:
/// `2360957: sw01: Jan  6 2022 20:52:12.861: %SYS-5-CONFIG_I: ...`.
pub(super) fn header<'c>(text: &'c [u8], context: &Context<'c, '_>) -> Option<Header<'c>> {
    let (sequence, rest) = match text.first()? {
        b':' => (None, text.get(1..)?.trim_ascii_start()),
        b'%' => (None, text),
        _ => sequence(text)?,
    };
    let (host, line) = match line(rest, context) {
        Some(line) => (None, line),
        None => {
            let (name, behind) = named(rest)?;
            (Some(name), line(behind, context)?)
        }
    };
    let sequence = line.sequence.or(sequence);
    let header = Header { host, sequence, ..Header::default() };
    Some(fill(header, line, context))
}

/// The same behind a relay's stamp and host, whose tag is then the number or the
/// name: `585917: Feb  8 04:00:47.272: %SEC-6-IPACCESSLOGRP: ...`.
pub(super) fn behind_host<'c>(
    header: &Header<'c>,
    context: &Context<'c, '_>,
) -> Option<Header<'c>> {
    let app = header.app?;
    let message_is_numbered = header.message.first().is_some_and(u8::is_ascii_digit);
    let (is_sequence, is_name) = (is_number(app), message_is_numbered && header.pid.is_none());
    if !is_sequence && !is_name {
        return None;
    }
    let line = line(header.message, context)?;
    let sequence = line.sequence.or(is_sequence.then_some(app));
    Some(fill(Header { sequence, ..*header }, line, context))
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
    Header { time, app: Some(line.mnemonic), pid: None, message: line.message, ..header }
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
    if rest.first() != Some(&b'%') {
        return None;
    }
    let (Some(mnemonic), None, message) = tag(rest) else { return None };
    Some(Line { sequence, stamp, mnemonic, message })
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

/// `sw01: `
fn named(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (name, rest) = split_once(text, b':')?;
    let is_name = !name.is_empty() && !name.contains(&b' ') && rest.starts_with(b" ");
    is_name.then_some((name, rest.trim_ascii_start()))
}

/// A stamp and its colon; a zone whose name says nothing may stand between.
fn stamp<'c>(text: &'c [u8], context: &Context<'c, '_>) -> Option<(Written, &'c [u8])> {
    let (stamp, has_year, rest) = rfc3164(text, &context.year)?;
    let letters = rest
        .strip_prefix(b" ")
        .map_or(0, |zone| zone.iter().take_while(|byte| byte.is_ascii_alphabetic()).count() + 1);
    let rest = rest.get(letters..)?.strip_prefix(b":")?.trim_ascii_start();
    Some((Written { stamp, has_year, is_guess: text.starts_with(b"*") }, rest))
}

/// `5d17h: `, `2y10w: `, `00:00:13: `
fn uptime(text: &[u8]) -> Option<&[u8]> {
    let (word, rest) = split_once(text, b' ')?;
    let word = word.strip_suffix(b":")?;
    let is_uptime = word.first()?.is_ascii_digit()
        && word.iter().all(|byte| byte.is_ascii_digit() || b"ywdhms:.".contains(byte));
    is_uptime.then_some(rest.trim_ascii_start())
}
