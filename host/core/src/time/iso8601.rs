//! ISO 8601 and RFC 3339, and the two columns of W3C logs.

use super::civil::days_from_civil;
use super::parts::{clock, fraction, offset, two};
use super::{DAY, SECOND, Stamp};

/// Reads `2026-11-20T09:14:03[.fraction][Z|+01:00]`, also with a blank instead of
/// the `T`, a comma before the fraction, and `UTC`-less as Windows exporters do.
/// Returns the stamp and what follows it.
pub fn iso8601(text: &[u8]) -> Option<(Stamp, &[u8])> {
    let (date, rest) = text.split_first_chunk::<10>()?;
    let days = dashed_date(*date)?;
    let (b'T' | b't' | b' ', rest) = rest.split_first()? else { return None };
    let (seconds, rest) = clock(rest)?;
    let (fraction, rest) = fraction(rest);
    let (offset_s, rest) = offset(rest);
    Some((Stamp { civil_nanos: days * DAY + seconds * SECOND + fraction, offset_s }, rest))
}

/// Days since the epoch of `2026-11-20`.
#[inline]
fn dashed_date(date: [u8; 10]) -> Option<i64> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = date else { return None };
    let year = two(y1, y2)? * 100 + two(y3, y4)?;
    days_from_civil(i64::from(year), two(m1, m2)?, two(d1, d2)?)
}

/// Reads the `date` and `time` columns of a W3C log, which are UTC.
pub fn w3c(date: &[u8], time: &[u8]) -> Option<i64> {
    Some(w3c_days(date)? * DAY + w3c_clock(time)?)
}

/// Nanoseconds since midnight of `09:14:03`.
pub fn w3c_clock(time: &[u8]) -> Option<i64> {
    let (seconds, rest) = clock(time)?;
    let (fraction, rest) = fraction(rest);
    rest.is_empty().then_some(seconds * SECOND + fraction)
}

/// Days since the epoch of `2026-11-20`.
pub fn w3c_days(date: &[u8]) -> Option<i64> {
    dashed_date(*date.as_array()?)
}
