//! Stamps as Windows programs and agents write them.

use super::civil::days_from_civil;
use super::parts::{fraction, of_day, offset, one_or_two_digits, year};
use super::{DAY, SECOND, Stamp, YearReference, iso8601, rfc3164};

/// Like [`iso8601`], also with a blank before the zone: `2026-11-20 09:14:03 +0100`.
pub fn iso8601_spaced(text: &[u8]) -> Option<(Stamp, &[u8])> {
    let (stamp, rest) = iso8601(text)?;
    if stamp.offset_s.is_some() {
        return Some((stamp, rest));
    }
    let (offset_s, after) = offset(rest.strip_prefix(b" ").unwrap_or(rest));
    Some((Stamp { offset_s, ..stamp }, if offset_s.is_some() { after } else { rest }))
}

/// Reads `11/20/2026 09:14:03[.118][ AM]`, as Windows programs write it where
/// nobody asked for more: month, day, year, local time.
pub fn us_date(text: &[u8]) -> Option<(Stamp, &[u8])> {
    let (month, rest) = one_or_two_digits(text)?;
    let (day, rest) = one_or_two_digits(rest.strip_prefix(b"/")?)?;
    let (year, rest) = year(rest.strip_prefix(b"/")?)?;
    let days = days_from_civil(year, month, day)?;
    let rest = rest.trim_ascii_start();
    let (hour, minute) = one_or_two_digits(rest)?;
    let (minute, rest) = one_or_two_digits(minute.strip_prefix(b":")?)?;
    let (second, rest) = match rest.strip_prefix(b":").and_then(one_or_two_digits) {
        Some((second, rest)) => (second, rest),
        None => (0, rest),
    };
    let (nanos, rest) = fraction(rest);
    let after_blanks = rest.trim_ascii_start();
    let (hour, rest) = match after_blanks.get(..2) {
        Some(half) if half.eq_ignore_ascii_case(b"AM") => (hour % 12, after_blanks.get(2..)?),
        Some(half) if half.eq_ignore_ascii_case(b"PM") => (hour % 12 + 12, after_blanks.get(2..)?),
        _ => (hour, rest),
    };
    let seconds = of_day(hour, minute, second)?;
    Some((Stamp { civil_nanos: days * DAY + seconds * SECOND + nanos, offset_s: None }, rest))
}

/// Reads `Fri Nov 20 09:14:03 2026`, the stamp of C's `asctime`; the weekday and the
/// year may be missing.
pub fn asctime<'a>(text: &'a [u8], reference: &YearReference) -> Option<(Stamp, bool, &'a [u8])> {
    let weekday = text.get(..3).is_some_and(|word| word.iter().all(u8::is_ascii_alphabetic));
    let after = text.get(4..).filter(|_| weekday && text.get(3) == Some(&b' '));
    after
        .and_then(|rest| rfc3164(rest.trim_ascii_start(), reference))
        .or_else(|| rfc3164(text, reference))
}
