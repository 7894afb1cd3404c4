//! Stamps that only one kind of server writes.

use super::civil::days_from_civil;
use super::parts::{clock, month_name, one_or_two_digits, year, zone_word};
use super::{DAY, SECOND, Stamp, YearReference};
use crate::bytes::digits;

/// Reads `20/Nov/2026:09:14:03 +0100` of NCSA logs.
pub(crate) fn ncsa(text: &[u8]) -> Option<Stamp> {
    let (day, rest) = one_or_two_digits(text)?;
    let (month, rest) = month_name(rest.strip_prefix(b"/")?)?;
    let (year, rest) = year(rest.strip_prefix(b"/")?)?;
    let (seconds, rest) = clock(rest.strip_prefix(b":")?)?;
    let (offset_s, _) = zone_word(rest);
    let civil_nanos = days_from_civil(year, month, day)? * DAY + seconds * SECOND;
    Some(Stamp { civil_nanos, offset_s })
}

/// Reads `11/20/2026` (or `11/20/26`) and `9:14:03`, local time, of IIS' own logs.
pub(crate) fn native(date: &[u8], time: &[u8]) -> Option<Stamp> {
    let (month, rest) = one_or_two_digits(date)?;
    let (day, rest) = one_or_two_digits(rest.strip_prefix(b"/")?)?;
    let year = rest.strip_prefix(b"/")?;
    let year = match (i64::from(digits(year)?), year.len()) {
        (year, 4) => year,
        (year @ 0..=49, 2) => year + 2_000,
        (year, 2) => year + 1_900,
        _ => return None,
    };
    let mut padded = *b"00:00:00";
    let start = padded.len().checked_sub(time.len())?;
    padded.get_mut(start..)?.copy_from_slice(time);
    let (seconds, _) = clock(&padded).filter(|_| start <= 1)?;
    let civil_nanos = days_from_civil(year, month, day)? * DAY + seconds * SECOND;
    Some(Stamp { civil_nanos, offset_s: None })
}

/// Reads `11/20 09:14:03` of netlogon.log: local time without a year. Returns what
/// follows, too.
pub(crate) fn netlogon(text: &[u8], reference: YearReference) -> Option<(Stamp, &[u8])> {
    let (date, rest) = text.split_first_chunk::<5>()?;
    let [m1, m2, b'/', d1, d2] = *date else { return None };
    let (seconds, rest) = clock(rest.strip_prefix(b" ")?)?;
    let civil_nanos = reference.infer(digits(&[m1, m2])?, digits(&[d1, d2])?, seconds * SECOND)?;
    Some((Stamp { civil_nanos, offset_s: None }, rest))
}
