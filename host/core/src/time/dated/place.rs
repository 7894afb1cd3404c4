//! Where in a line its time stands.

use memchr::{memchr_iter, memmem};

use super::shape::{epoch, is_level, stamp_at_start};
use crate::bytes::split_once;
use crate::time::parts::clock;
use crate::time::{SECOND, Stamp, YearReference, iso8601};

/// A stamp that was found in a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dated<'a> {
    /// The stamp.
    pub stamp: Stamp,
    /// The year was written, not inferred.
    pub has_year: bool,
    /// What follows it.
    pub rest: &'a [u8],
}

/// How much of a line is looked at when its time does not stand at the beginning.
const HEAD_BYTES_MAX: usize = 256;

/// Words that may stand before the stamp.
const WORDS_MAX: usize = 3;

/// The time of a line: at its beginning (also in brackets), behind words that no
/// sentence begins with, in the brackets of an access log, or as the value of a key
/// that says time.
pub fn dated<'a>(line: &'a [u8], reference: &YearReference) -> Option<Dated<'a>> {
    let line = line.trim_ascii_start();
    let head = line.get(..line.len().min(HEAD_BYTES_MAX)).unwrap_or_default();
    stamp_at_start(opened(line), reference)
        .or_else(|| behind_words(line, *reference))
        .or_else(|| in_brackets(head, line, *reference))
        .or_else(|| by_key(head, line, *reference))
}

/// Without the bracket or quote before a stamp.
fn opened(text: &[u8]) -> &[u8] {
    match text.split_first() {
        Some((b'[' | b'(' | b'"' | b'<', rest)) => rest,
        _ => text,
    }
}

/// Behind a level, a process, a host, a file: a stamp with a year.
fn behind_words(line: &[u8], reference: YearReference) -> Option<Dated<'_>> {
    let mut rest = line;
    for _ in 0..WORDS_MAX {
        let (word, behind) = match rest.first() {
            Some(b'[') => split_once(rest, b']')?,
            _ => split_once(rest, b' ')?,
        };
        if word.len() > 64 || !may_precede(word) {
            return None;
        }
        rest = behind.trim_ascii_start();
        let found = stamp_at_start(opened(rest), &reference).filter(|dated| dated.has_year);
        if found.is_some() {
            return found;
        }
    }
    None
}

/// True for what is no word of a sentence.
fn may_precede(word: &[u8]) -> bool {
    let plain = word.trim_ascii_end().strip_suffix(b":").unwrap_or(word);
    word.len() <= 1
        || word.starts_with(b"[")
        || is_level(plain)
        || word.iter().any(|byte| byte.is_ascii_digit() || *byte == b'.')
}

/// `[20/Nov/2026:09:14:03 +0000]` of access logs.
fn in_brackets<'a>(head: &[u8], line: &'a [u8], reference: YearReference) -> Option<Dated<'a>> {
    memchr_iter(b'[', head).find_map(|at| {
        let inside = line.get(at + 1..)?;
        let is_access_log = inside.get(2) == Some(&b'/') && inside.get(6) == Some(&b'/');
        stamp_at_start(inside, &reference).filter(|_| is_access_log)
    })
}

/// Keys whose value is the time of the line.
const KEYS: [&[u8]; 6] = [b"ts=", b"time=", b"timestamp=", b"eventtime=", b"msg=audit(", b"date="];

fn by_key<'a>(head: &[u8], line: &'a [u8], reference: YearReference) -> Option<Dated<'a>> {
    KEYS.iter().find_map(|key| {
        memmem::find_iter(head, key).find_map(|at| {
            let begins = at.checked_sub(1).and_then(|before| head.get(before));
            let is_word =
                begins.is_none_or(|byte| matches!(byte, b' ' | b'\t' | b',' | b';' | b'|'));
            let value = line.get(at + key.len()..).filter(|_| is_word)?;
            let value = value.strip_prefix(b"\"").unwrap_or(value);
            if *key == b"date=" {
                return date_and_time(value);
            }
            let count = value.iter().take(20).take_while(|byte| byte.is_ascii_digit()).count();
            if let (10 | 13 | 16 | 19, Some((number, rest))) =
                (count, value.split_at_checked(count))
            {
                return epoch(number, rest);
            }
            stamp_at_start(value, &reference).filter(|dated| dated.has_year)
        })
    })
}

/// `date=2026-11-20 time=09:14:03 ... tz="+0100"` of Fortinet devices.
fn date_and_time(value: &[u8]) -> Option<Dated<'_>> {
    if let Some((stamp, rest)) = iso8601(value) {
        return Some(Dated { stamp, has_year: true, rest });
    }
    let (date, rest) = value.split_at_checked(10)?;
    let rest = rest.strip_prefix(b"\"").unwrap_or(rest).strip_prefix(b" time=")?;
    let (seconds, rest) = clock(rest.strip_prefix(b"\"").unwrap_or(rest))?;
    let civil_nanos = crate::time::w3c(date, b"00:00:00")? + seconds * SECOND;
    let head = rest.get(..rest.len().min(HEAD_BYTES_MAX)).unwrap_or_default();
    let zone = memmem::find(head, b" tz=").and_then(|at| rest.get(at + 4..));
    let zone = zone.map(|zone| zone.strip_prefix(b"\"").unwrap_or(zone));
    let offset_s = zone.and_then(|zone| crate::time::parts::offset(zone).0);
    Some(Dated { stamp: Stamp { civil_nanos, offset_s }, has_year: true, rest })
}
