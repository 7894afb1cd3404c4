//! Dates of mail headers.

use super::civil::days_from_civil;
use super::parts::{clock, month_name, one_or_two_digits, zone_word};
use super::{DAY, SECOND, Stamp};
use crate::bytes::{digits, split_once};

/// Reads `Fri, 20 Nov 2026 09:14:03 +0100 (CET)` of mail headers (RFC 5322, 3.3),
/// with the obsolete two-digit years and zone names.
pub fn rfc5322(text: &[u8]) -> Option<Stamp> {
    let text = text.trim_ascii();
    let text = match split_once(text, b',') {
        Some((_, rest)) => rest.trim_ascii_start(),
        None => text,
    };
    let (day, rest) = one_or_two_digits(text)?;
    let (month, rest) = month_name(rest.trim_ascii_start())?;
    let rest = rest.trim_ascii_start();
    let year_digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    let (year_text, rest) = rest.split_at_checked(year_digits)?;
    let year = match (i64::from(digits(year_text)?), year_digits) {
        (year, 4..) => year,
        (year @ 0..=49, _) => year + 2_000,
        (year, _) => year + 1_900,
    };
    let (seconds, rest) = clock(rest.trim_ascii_start())?;
    let (offset_s, _) = zone_word(rest);
    let civil_nanos = days_from_civil(year, month, day)? * DAY + seconds * SECOND;
    Some(Stamp { civil_nanos, offset_s })
}
