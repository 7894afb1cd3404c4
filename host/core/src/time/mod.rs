//! The one place where text becomes time: UTC nanoseconds since the Unix epoch.
//!
//! The readers for the formats of the hot path are written out; zones come from
//! `jiff`. Nothing here reads a clock: where a format has no year, the caller
//! gives the reference. A stamp out of range is no stamp: the record is then one
//! without a time, and says so.

mod civil;
mod dated;
mod iso8601;
mod parts;
mod rfc3164;
mod rfc5322;
mod servers;
mod windows;
mod year;
mod zone;

pub use dated::{Dated, dated, stamp_at_start};
pub use iso8601::{iso8601, w3c, w3c_clock, w3c_days};
pub(crate) use parts::named_offset;
pub use rfc3164::rfc3164;
pub(crate) use rfc3164::zone_or_year_follows;
pub use rfc5322::rfc5322;
use serde::{Deserialize, Serialize};
pub(crate) use servers::{native, ncsa, netlogon};
pub use windows::{asctime, iso8601_spaced, us_date};
pub use year::YearReference;
pub use zone::{Zone, Zones};

use civil::civil_from_days;

/// Nanoseconds of the digits of a fraction and of nothing else.
pub(crate) fn fraction_nanos(digits: &[u8]) -> Option<i64> {
    parts::fraction_digits(digits).filter(|(_, rest)| rest.is_empty()).map(|(nanos, _)| nanos)
}

/// Nanoseconds in a second.
pub const SECOND: i64 = 1_000_000_000;
/// Nanoseconds in an hour.
pub const HOUR: i64 = 3_600 * SECOND;
/// Nanoseconds in a day.
pub const DAY: i64 = 24 * HOUR;

/// How far an event's time can be trusted. The numbers are the contract's.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[repr(u8)]
pub enum TimeQuality {
    /// Written in the record, with year and zone.
    Exact = 0,
    /// The record names no year.
    YearInferred = 1,
    /// The record names no zone.
    ZoneAssumed = 2,
    /// Taken from an earlier record of the same stream.
    Inherited = 3,
    /// The moment of receipt.
    Receipt = 4,
    /// No time is known.
    #[default]
    None = 5,
}

/// A civil date and time, with what the text said about its zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Nanoseconds as if the text were UTC.
    pub civil_nanos: i64,
    /// Seconds east of UTC, when the text names a zone.
    pub offset_s: Option<i32>,
}

impl Stamp {
    /// The instant, taking a missing zone as UTC.
    pub fn as_utc(self) -> i64 {
        self.civil_nanos.saturating_sub(i64::from(self.offset_s.unwrap_or(0)) * SECOND)
    }

    /// The instant and its quality, taking a missing zone from `zone`.
    pub fn in_zone(self, zone: &Zone) -> (i64, TimeQuality) {
        match self.offset_s {
            Some(_) => (self.as_utc(), TimeQuality::Exact),
            None => (zone.to_utc(self.civil_nanos), TimeQuality::ZoneAssumed),
        }
    }

    /// The instant and its quality, taking a missing zone as UTC.
    pub fn in_utc(self) -> (i64, TimeQuality) {
        let is_assumed = self.offset_s.is_none();
        (self.as_utc(), if is_assumed { TimeQuality::ZoneAssumed } else { TimeQuality::Exact })
    }

    /// As [`Self::in_zone`], for a stamp that may lack its year, too.
    pub fn in_zone_and_year(self, has_year: bool, zone: &Zone) -> (i64, TimeQuality) {
        let (nanos, quality) = self.in_zone(zone);
        (nanos, if has_year { quality } else { TimeQuality::YearInferred })
    }
}

/// A Windows FILETIME: 100 ns since 1601-01-01 UTC.
pub fn filetime(ticks: u64) -> i64 {
    const EPOCH_TICKS: i128 = 116_444_736_000_000_000;
    let nanos = (i128::from(ticks) - EPOCH_TICKS) * 100;
    nanos.clamp(i64::MIN.into(), i64::MAX.into()) as i64
}

/// Writes `2026-11-20T09:14:03.118345200Z`.
pub fn to_rfc3339(nanos: i64) -> String {
    let (days, within) = (nanos.div_euclid(DAY), nanos.rem_euclid(DAY));
    let (year, month, day) = civil_from_days(days);
    let (second, fraction) = (within / SECOND, within % SECOND);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:09}Z")
}

#[cfg(test)]
mod tests;
