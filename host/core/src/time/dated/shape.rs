//! The shapes of stamps.

use super::place::Dated;
use crate::bytes::digits;
use crate::time::civil::days_from_civil;
use crate::time::parts::{
    fraction, fraction_digits, month_name, of_day, one_or_two_digits, two, year, zone_word,
};
use crate::time::{DAY, SECOND, Stamp, YearReference, iso8601, rfc3164, rfc5322};

/// Reads the stamp that `text` begins with, in any of the shapes that loggers
/// write: ISO 8601, RFC 3164 (also behind a weekday), RFC 5322, dates of numbers or
/// with the month's name, epochs, TAI64N.
pub fn stamp_at_start<'a>(text: &'a [u8], reference: &YearReference) -> Option<Dated<'a>> {
    match text.first()? {
        b'0'..=b'9' => numeric(text, *reference),
        b'@' => tai64n(text),
        b'A'..=b'Z' | b'a'..=b'z' | b'*' | b'.' => worded(text, *reference),
        _ => None,
    }
}

fn worded(text: &[u8], reference: YearReference) -> Option<Dated<'_>> {
    let plain = |text| {
        let (stamp, has_year, rest) = rfc3164(text, &reference)?;
        Some(Dated { stamp, has_year, rest })
    };
    if let Some(dated) = plain(text) {
        return Some(dated);
    }
    if let Some(dated) = month_first(text) {
        return Some(dated);
    }
    let (zone_s, text_behind) = weekday_or_zone(text)?;
    if let Some(dated) = plain(text_behind) {
        let offset_s = dated.stamp.offset_s.or(zone_s);
        return Some(Dated { stamp: Stamp { offset_s, ..dated.stamp }, ..dated });
    }
    mail(text, text_behind).or_else(|| numeric(text_behind, reference))
}

/// `Fri `, `Fri, `, and the zone's name before the month that monit writes.
fn weekday_or_zone(text: &[u8]) -> Option<(Option<i32>, &[u8])> {
    let letters = text.iter().take(10).take_while(|byte| byte.is_ascii_alphabetic()).count();
    let (word, rest) = text.split_at_checked(letters)?;
    let rest = rest.strip_prefix(b",").unwrap_or(rest).strip_prefix(b" ")?;
    if let Some(offset_s) = crate::time::parts::named_offset(word) {
        return Some((Some(offset_s), rest));
    }
    let short = word.first_chunk::<3>()?.map(|byte| byte | 0x20);
    let is_weekday = matches!(&short, b"mon" | b"tue" | b"wed" | b"thu" | b"fri" | b"sat" | b"sun");
    is_weekday.then_some((None, rest))
}

/// `Fri, 20 Nov 2026 09:14:03 +0100`
fn mail<'a>(text: &'a [u8], behind: &'a [u8]) -> Option<Dated<'a>> {
    let at = memchr::memchr(b':', behind)?;
    // Clock and zone: what follows them is the line's.
    let (_, rest) = seconds_of_day(behind.get(at.checked_sub(2)?..)?)?;
    let stamp = rfc5322(text)?;
    let (_, rest) = zone_word(rest);
    Some(Dated { stamp, has_year: true, rest })
}

/// `Apr-07-13 07:08:36`
fn month_first(text: &[u8]) -> Option<Dated<'_>> {
    let (month, rest) = month_name(text)?;
    let (day, rest) = one_or_two_digits(rest.strip_prefix(b"-")?)?;
    let rest = rest.strip_prefix(b"-")?;
    let (year, rest) = any_year(rest)?;
    finish(days_from_civil(year, month, day)?, rest)
}

/// A year of four digits, or of two: those are of 2000 to 2099.
fn any_year(text: &[u8]) -> Option<(i64, &[u8])> {
    year(text).or_else(|| {
        let (number, rest) = text.split_first_chunk::<2>()?;
        let year = two(number[0], number[1])?;
        (!rest.first().is_some_and(u8::is_ascii_digit)).then_some((2_000 + i64::from(year), rest))
    })
}

fn numeric(text: &[u8], reference: YearReference) -> Option<Dated<'_>> {
    if let Some((stamp, rest)) = iso8601(text) {
        let (offset_s, rest) = match stamp.offset_s {
            Some(offset_s) => (Some(offset_s), rest),
            None => zone_word(rest),
        };
        return Some(Dated { stamp: Stamp { offset_s, ..stamp }, has_year: true, rest });
    }
    let count = text.iter().take(20).take_while(|byte| byte.is_ascii_digit()).count();
    let (number, rest) = text.split_at_checked(count)?;
    match (count, rest.first()) {
        (1 | 2, Some(separator @ (b'-' | b'/' | b'.' | b' '))) => {
            let rest = rest.get(1..)?;
            day_and_month_name(digits(number)?, *separator, rest, reference)
                .or_else(|| numbers(digits(number)?, *separator, rest, reference))
        }
        (4, Some(separator @ (b'-' | b'/' | b'.'))) => {
            year_first(digits(number)?, *separator, rest.get(1..)?)
        }
        (4, Some(b' ')) => {
            let (stamp, has_year, rest) = rfc3164(text, &reference)?;
            Some(Dated { stamp, has_year, rest })
        }
        (6 | 8 | 14, _) => compact(number, rest),
        (10 | 13 | 16 | 19, _) => epoch(number, rest),
        _ => None,
    }
}

/// `2018/09/14 19:03:05`, `2005.11.09 ...`, `2026-11-20_09:14:03`
fn year_first(year: u32, separator: u8, rest: &[u8]) -> Option<Dated<'_>> {
    let (month, rest) = one_or_two_digits(rest)?;
    let (day, rest) = one_or_two_digits(rest.strip_prefix(&[separator])?)?;
    finish(days_from_civil(i64::from(year), month, day)?, rest)
}

/// `20/Nov/2026:09:14:03 +0000`, `07-Apr-2022 08:08:10.043`, `20 Nov 2026 09:14:03`,
/// `20 Nov 09:14:03.123`
fn day_and_month_name(
    day: u32,
    separator: u8,
    rest: &[u8],
    reference: YearReference,
) -> Option<Dated<'_>> {
    let (month, rest) = month_name(rest)?;
    let rest = rest.strip_prefix(&[separator])?;
    if let Some((year, rest)) = year(rest) {
        return finish(days_from_civil(year, month, day)?, rest);
    }
    let (within_day, offset_s, rest) = time_of_day(rest)?;
    let civil_nanos = reference.infer(month, day, within_day)?;
    Some(Dated { stamp: Stamp { civil_nanos, offset_s }, has_year: false, rest })
}

/// Dates of which the order of numbers must be known: months come first before
/// slashes, days before dashes and dots, unless the numbers say otherwise.
fn numbers(first: u32, separator: u8, rest: &[u8], reference: YearReference) -> Option<Dated<'_>> {
    let (second, rest) = one_or_two_digits(rest)?;
    let Some(behind) = rest.strip_prefix(&[separator]).filter(|_| separator != b' ') else {
        return without_year(first, separator, second, rest, reference);
    };
    if let Some((year, behind)) = year(behind) {
        let month_is_first = if separator == b'/' { first <= 12 } else { second > 12 };
        let (month, day) = if month_is_first { (first, second) } else { (second, first) };
        return finish(days_from_civil(year, month, day)?, behind);
    }
    short_year(first, second, behind)
}

/// `17/06/09 20:10:40 INFO`, log4j's own pattern, and `04/19/20,13:11:13`: without
/// what stands around them, nobody knows which number is the year.
fn short_year(first: u32, second: u32, rest: &[u8]) -> Option<Dated<'_>> {
    let (third, rest) = one_or_two_digits(rest)?;
    let in_2000 = |year: u32| 2_000 + i64::from(year);
    match rest.first()? {
        b',' | b'-' => finish(days_from_civil(in_2000(third), first, second)?, rest),
        b' ' => {
            let dated = finish(days_from_civil(in_2000(first), second, third)?, rest)?;
            let word = dated.rest.strip_prefix(b" ")?;
            let word = word.split(|byte| *byte == b' ').next()?;
            is_level(word).then_some(dated)
        }
        _ => None,
    }
}

/// Words by which loggers say how bad it is.
pub(super) fn is_level(word: &[u8]) -> bool {
    const LEVELS: [&[u8]; 14] = [
        b"trace",
        b"debug",
        b"info",
        b"notice",
        b"warn",
        b"warning",
        b"error",
        b"err",
        b"severe",
        b"fatal",
        b"critical",
        b"crit",
        b"alert",
        b"fine",
    ];
    LEVELS.iter().any(|level| level.eq_ignore_ascii_case(word))
}

/// `11/20 09:14:03`, `09/04-21:45:37.536335`, `03-17 16:13:38.811`, `10.30 16:49:06`
fn without_year(
    month: u32,
    separator: u8,
    day: u32,
    rest: &[u8],
    reference: YearReference,
) -> Option<Dated<'_>> {
    let is_known = matches!((separator, rest.first()?), (b'/', b' ' | b'-') | (b'-' | b'.', b' '));
    let (within_day, offset_s, rest) = time_of_day(rest.get(1..).filter(|_| is_known)?)?;
    let civil_nanos = reference.infer(month, day, within_day)?;
    Some(Dated { stamp: Stamp { civil_nanos, offset_s }, has_year: false, rest })
}

/// `081109 203615`, `081109  9:51:40`, `20171223-22:15:29:606`, `20261120T091403Z`,
/// `20261120091403`
fn compact<'a>(number: &[u8], rest: &'a [u8]) -> Option<Dated<'a>> {
    let (date, clock) = number.split_at_checked(if number.len() == 6 { 6 } else { 8 })?;
    let (year, month_day) = date.split_at_checked(date.len() - 4)?;
    let year = i64::from(digits(year)?) + if date.len() == 6 { 2_000 } else { 0 };
    let &[m1, m2, d1, d2] = month_day else { return None };
    if !(1970..=2200).contains(&year) {
        return None;
    }
    let days = days_from_civil(year, two(m1, m2)?, two(d1, d2)?)?;
    if !clock.is_empty() {
        let seconds = compact_clock(clock)?;
        return Some(with_zone(days * DAY + seconds * SECOND, rest));
    }
    let behind = rest.get(1..).filter(|_| matches!(rest.first(), Some(b' ' | b'T' | b'-')))?;
    if let Some((seconds, rest)) =
        behind.split_at_checked(6).and_then(|(clock, rest)| Some((compact_clock(clock)?, rest)))
    {
        let (fraction, rest) = fraction(rest);
        return Some(with_zone(days * DAY + seconds * SECOND + fraction, rest));
    }
    finish(days, rest)
}

fn compact_clock(clock: &[u8]) -> Option<i64> {
    let &[h1, h2, m1, m2, s1, s2] = clock else { return None };
    of_day(two(h1, h2)?, two(m1, m2)?, two(s1, s2)?)
}

fn with_zone(civil_nanos: i64, rest: &[u8]) -> Dated<'_> {
    let (offset_s, rest) = zone_word(rest);
    Dated { stamp: Stamp { civil_nanos, offset_s }, has_year: true, rest }
}

/// Seconds, milliseconds, microseconds or nanoseconds since 1970, of this century's
/// first decades: other numbers of that many digits are no times.
pub(super) fn epoch<'a>(number: &[u8], rest: &'a [u8]) -> Option<Dated<'a>> {
    let (seconds, parts) = number.split_at_checked(10)?;
    let seconds = seconds.iter().fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
    if !(946_684_800..4_102_444_800).contains(&seconds) {
        return None;
    }
    let (fraction, rest) =
        if parts.is_empty() { fraction(rest) } else { (fraction_digits(parts)?.0, rest) };
    let ends = matches!(
        rest.first(),
        None | Some(b' ' | b'\t' | b':' | b',' | b';' | b'|' | b']' | b')' | b'"')
    );
    let stamp = Stamp { civil_nanos: seconds * SECOND + fraction, offset_s: Some(0) };
    ends.then_some(Dated { stamp, has_year: true, rest })
}

/// `@400000004c91b044077a9e94` of D. J. Bernstein's multilog: TAI, which was 10
/// seconds ahead of UTC at the epoch, as multilog counts.
fn tai64n(text: &[u8]) -> Option<Dated<'_>> {
    let hex = text.get(1..25)?;
    let hex = std::str::from_utf8(hex).ok().filter(|hex| hex.starts_with('4'))?;
    let seconds = u64::from_str_radix(hex.get(1..16)?, 16).ok()?;
    let nanos = u32::from_str_radix(hex.get(16..24)?, 16).ok().filter(|n| *n < 1_000_000_000)?;
    let seconds = i64::try_from(seconds).ok()?.checked_sub(10)?;
    let civil_nanos = seconds.checked_mul(SECOND)?.checked_add(i64::from(nanos))?;
    Some(Dated {
        stamp: Stamp { civil_nanos, offset_s: Some(0) },
        has_year: true,
        rest: text.get(25..)?,
    })
}

/// The time of day behind a date, whatever joins them.
fn finish(days: i64, rest: &[u8]) -> Option<Dated<'_>> {
    let behind = rest.strip_prefix(b",").unwrap_or(rest);
    let behind = behind.strip_prefix(b" - ").or_else(|| match behind.split_first() {
        Some((b' ' | b'T' | b't' | b':' | b'-' | b'_' | b'|', behind)) => Some(behind),
        _ if behind.len() < rest.len() => Some(behind),
        _ => None,
    })?;
    let behind = behind.strip_prefix(b" ").unwrap_or(behind);
    let (within_day, offset_s, rest) = time_of_day(behind)?;
    Some(Dated {
        stamp: Stamp { civil_nanos: days * DAY + within_day, offset_s },
        has_year: true,
        rest,
    })
}

/// A clock with what may follow it: a fraction, AM or PM, a zone.
fn time_of_day(text: &[u8]) -> Option<(i64, Option<i32>, &[u8])> {
    let (seconds, rest) = seconds_of_day(text)?;
    let (nanos, rest) = match fraction(rest) {
        (0, rest) => match rest.strip_prefix(b":").and_then(fraction_digits) {
            Some((nanos, rest)) if !rest.starts_with(b":") => (nanos, rest),
            _ => (0, rest),
        },
        found => found,
    };
    let (seconds, rest) = match rest.split_first_chunk::<3>() {
        Some((b" AM" | b" am", rest)) => (seconds % 43_200, rest),
        Some((b" PM" | b" pm", rest)) => (seconds % 43_200 + 43_200, rest),
        _ => (seconds, rest),
    };
    let (offset_s, rest) = zone_word(rest);
    Some((seconds * SECOND + nanos, offset_s, rest))
}

/// `09:14:03`, `9:14:03`, `09.14.03`
fn seconds_of_day(text: &[u8]) -> Option<(i64, &[u8])> {
    let (hour, rest) = one_or_two_digits(text)?;
    let separator = *rest.first().filter(|byte| matches!(byte, b':' | b'.'))?;
    let (minute, rest) = one_or_two_digits(rest.get(1..)?)?;
    let (second, rest) = one_or_two_digits(rest.strip_prefix(&[separator])?)?;
    Some((of_day(hour, minute, second)?, rest))
}
