//! The stamp of RFC 3164, as devices write it.

use super::civil::days_from_civil;
use super::parts::{clock, fraction, month_name, one_or_two_digits, year, zone_word};
use super::{DAY, SECOND, Stamp, YearReference};

/// Reads `Nov 20 09:14:03`, the stamp of RFC 3164 with the variants devices send:
/// a day padded with a blank or a zero or not at all, a year before the month or
/// after the time, a fraction, a zone word, a leading `*` or `.`. Returns the
/// stamp, whether a year was there, and what follows.
pub fn rfc3164<'a>(text: &'a [u8], reference: &YearReference) -> Option<(Stamp, bool, &'a [u8])> {
    let text = match text.split_first()? {
        (b'*' | b'.', rest) => rest,
        _ => text,
    };
    let (year_before, text) = match year(text) {
        Some((year, rest)) => (Some(year), rest.strip_prefix(b" ")?),
        None => (None, text),
    };
    let (month, rest) = month_name(text)?;
    let rest = rest.strip_prefix(b" ")?;
    let rest = rest.strip_prefix(b" ").unwrap_or(rest);
    let (day, rest) = one_or_two_digits(rest)?;
    let rest = rest.strip_prefix(b" ")?;
    let (year_between, rest) = match year(rest) {
        Some((year, after)) if after.first() == Some(&b' ') => (Some(year), after.get(1..)?),
        _ => (None, rest),
    };
    let (seconds, rest) = clock(rest)?;
    let (fraction, rest) = fraction(rest);
    let (offset_s, rest) = zone_word(rest);
    let (year_after, rest) = match rest.strip_prefix(b" ").and_then(year) {
        Some((year, after)) if matches!(after.first(), None | Some(b' ' | b':' | b']')) => {
            (Some(year), after)
        }
        _ => (None, rest),
    };
    let known = year_before.or(year_between).or(year_after);
    let within_day = seconds * SECOND + fraction;
    let civil_nanos = match known {
        Some(year) => days_from_civil(year, month, day)? * DAY + within_day,
        None => reference.infer(month, day, within_day)?,
    };
    Some((Stamp { civil_nanos, offset_s }, known.is_some(), rest))
}

/// True when a zone or a year may stand behind the blank that follows a clock.
pub(crate) fn zone_or_year_follows(rest: &[u8]) -> bool {
    match rest.get(1) {
        Some(b'a'..=b'z') => false,
        Some(b'0'..=b'9') => rest.get(1..).and_then(year).is_some(),
        _ => zone_word(rest).0.is_some(),
    }
}
