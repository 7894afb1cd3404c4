//! The parts that stamps are made of: clocks, fractions, offsets, names.

use crate::bytes::digits;

/// `HH:MM:SS` to seconds of the day. A leap second counts as the second before it,
/// and is one only where the world has them: at the end of a quarter of an hour,
/// whatever the zone. 24:00 is no time of day.
#[inline]
pub(super) fn clock(text: &[u8]) -> Option<(i64, &[u8])> {
    let (clock, rest) = text.split_first_chunk::<8>()?;
    let [h1, h2, b':', m1, m2, b':', s1, s2] = *clock else { return None };
    Some((of_day(two(h1, h2)?, two(m1, m2)?, two(s1, s2)?)?, rest))
}

/// Seconds of the day of a clock's three numbers.
#[inline]
pub(super) fn of_day(hour: u32, minute: u32, second: u32) -> Option<i64> {
    let is_leap = second == 60 && minute % 15 == 14;
    if hour > 23 || minute > 59 || (second > 59 && !is_leap) {
        return None;
    }
    Some(i64::from(hour * 3_600 + minute * 60 + second.min(59)))
}

/// The number of two digits.
#[inline]
pub(super) fn two(tens: u8, ones: u8) -> Option<u32> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| u32::from(tens) * 10 + u32::from(ones))
}

/// `.118345200`, also with a comma, of any length; digits past the ninth are cut.
#[inline]
pub(super) fn fraction(text: &[u8]) -> (i64, &[u8]) {
    match text.split_first() {
        Some((b'.' | b',', rest)) => fraction_digits(rest).unwrap_or((0, text)),
        _ => (0, text),
    }
}

/// Nanoseconds of one unit of a fraction with so many digits.
const UNITS: [i64; 10] =
    [0, 100_000_000, 10_000_000, 1_000_000, 100_000, 10_000, 1_000, 100, 10, 1];

/// The digits of a fraction of a second, in nanoseconds.
#[inline]
pub(super) fn fraction_digits(text: &[u8]) -> Option<(i64, &[u8])> {
    let count = text.iter().take_while(|b| b.is_ascii_digit()).count();
    let (digits, after) = text.split_at_checked(count).filter(|_| count > 0)?;
    let counted = digits.get(..9).unwrap_or(digits);
    let number = counted.iter().fold(0, |number, digit| number * 10 + i64::from(digit - b'0'));
    Some((number * UNITS.get(counted.len())?, after))
}

/// `Z`, `+01:00`, `+0100`, `+01`, or nothing.
#[inline]
pub(super) fn offset(text: &[u8]) -> (Option<i32>, &[u8]) {
    let Some((&sign, rest)) = text.split_first() else { return (None, text) };
    match sign {
        b'Z' | b'z' => (Some(0), rest),
        b'+' | b'-' => match signed_offset(rest) {
            Some((seconds, rest)) => (Some(if sign == b'-' { -seconds } else { seconds }), rest),
            None => (None, text),
        },
        _ => (None, text),
    }
}

fn signed_offset(text: &[u8]) -> Option<(i32, &[u8])> {
    let (hours, rest) = text.split_at_checked(2)?;
    let hours = digits(hours)?;
    let after_colon = rest.strip_prefix(b":").unwrap_or(rest);
    let (minutes, rest) = match after_colon.split_at_checked(2) {
        Some((minutes, after)) if digits(minutes).is_some() => (digits(minutes)?, after),
        _ => (0, rest),
    };
    (hours < 24 && minutes < 60).then_some(((hours * 3_600 + minutes * 60) as i32, rest))
}

/// An offset or a zone name after a blank: ` +0100`, ` UTC`, ` CEST:`. A name that
/// is not known for sure says nothing.
pub(super) fn zone_word(text: &[u8]) -> (Option<i32>, &[u8]) {
    let trimmed = text.strip_prefix(b" ").unwrap_or(text);
    if let (Some(seconds), rest) = offset(trimmed) {
        // ` -` and ` Z...` may begin what follows.
        if matches!(rest.first(), None | Some(b' ' | b':' | b'\r' | b'\n' | b'(' | b']')) {
            return (Some(seconds), rest);
        }
        return (None, text);
    }
    let letters = trimmed.iter().take_while(|b| b.is_ascii_uppercase()).count();
    let Some((word, rest)) = trimmed.split_at_checked(letters) else { return (None, text) };
    let Some(seconds) = named_offset(word) else { return (None, text) };
    let (seconds, rest) = match seconds {
        0 => from_utc(rest).unwrap_or((0, rest)),
        _ => (seconds, rest),
    };
    match rest.first() {
        None | Some(b' ' | b':' | b'\r' | b'\n' | b'(' | b']') => (Some(seconds), rest),
        Some(_) => (None, text),
    }
}

/// The offset of `UTC+1` and `UTC+07:30`.
fn from_utc(text: &[u8]) -> Option<(i32, &[u8])> {
    let (sign, rest) = text.split_first().filter(|(sign, _)| matches!(sign, b'+' | b'-'))?;
    let (hours, rest) = one_or_two_digits(rest)?;
    let minutes = rest.strip_prefix(b":").and_then(|rest| rest.split_first_chunk::<2>());
    let minutes = minutes.and_then(|(&[tens, ones], rest)| Some((two(tens, ones)?, rest)));
    let (minutes, rest) = minutes.unwrap_or((0, rest));
    let seconds = (hours * 3_600 + minutes * 60) as i32;
    (hours < 24 && minutes < 60).then_some((if *sign == b'-' { -seconds } else { seconds }, rest))
}

/// Seconds east of UTC of the zone names that mean one thing only.
pub(crate) fn named_offset(word: &[u8]) -> Option<i32> {
    const HOUR_S: i32 = 3_600;
    let seconds = match word {
        b"UTC" | b"GMT" | b"UT" => 0,
        b"WEST" | b"CET" | b"BST" | b"MEZ" => HOUR_S,
        b"CEST" | b"EET" | b"MESZ" => 2 * HOUR_S,
        b"EEST" | b"MSK" => 3 * HOUR_S,
        b"AWST" => 8 * HOUR_S,
        b"JST" | b"KST" => 9 * HOUR_S,
        b"ACST" => 9 * HOUR_S + HOUR_S / 2,
        b"AEST" => 10 * HOUR_S,
        b"ACDT" => 10 * HOUR_S + HOUR_S / 2,
        b"AEDT" => 11 * HOUR_S,
        b"NZST" => 12 * HOUR_S,
        b"NZDT" => 13 * HOUR_S,
        b"EDT" => -4 * HOUR_S,
        b"EST" | b"CDT" => -5 * HOUR_S,
        b"CST" | b"MDT" => -6 * HOUR_S,
        b"MST" | b"PDT" => -7 * HOUR_S,
        b"PST" => -8 * HOUR_S,
        _ => return None,
    };
    Some(seconds)
}

/// The month of `Nov`, in any case, and what follows.
pub(super) fn month_name(text: &[u8]) -> Option<(u32, &[u8])> {
    let (name, rest) = text.split_first_chunk::<3>()?;
    let month = match name.map(|b| b | 0x20).as_slice() {
        b"jan" => 1,
        b"feb" => 2,
        b"mar" => 3,
        b"apr" => 4,
        b"may" => 5,
        b"jun" => 6,
        b"jul" => 7,
        b"aug" => 8,
        b"sep" => 9,
        b"oct" => 10,
        b"nov" => 11,
        b"dec" => 12,
        _ => return None,
    };
    Some((month, rest))
}

pub(super) fn one_or_two_digits(text: &[u8]) -> Option<(u32, &[u8])> {
    let count = text.iter().take(2).take_while(|b| b.is_ascii_digit()).count();
    let (number, rest) = text.split_at_checked(count)?;
    Some((digits(number)?, rest))
}

/// Four digits that are a year and nothing longer.
pub(super) fn year(text: &[u8]) -> Option<(i64, &[u8])> {
    let (year, rest) = text.split_first_chunk::<4>()?;
    let year = i64::from(digits(year)?);
    let ends = !rest.first().is_some_and(u8::is_ascii_digit);
    (ends && (1970..=2200).contains(&year)).then_some((year, rest))
}
