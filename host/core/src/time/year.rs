//! Years that nobody wrote.

use super::civil::{civil_from_days, days_from_civil};
use super::{DAY, HOUR};

/// What a year is inferred from: the file's modification time, or the time of
/// receipt, as civil time of the stream's zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct YearReference {
    /// Nanoseconds of the reference.
    pub nanos: i64,
}

impl YearReference {
    /// Nanoseconds of a date and time without a year: the latest year that does not
    /// put it more than 26 hours after the reference - a day for the zones of the
    /// world, and a little for the clock. `None` for no such date.
    pub(crate) fn infer(self, month: u32, day: u32, within_day: i64) -> Option<i64> {
        let (year, ..) = civil_from_days(self.nanos.div_euclid(DAY));
        // Eight years back reaches the leap day before 1904 and 2096, too.
        (0..=8).map(|back| year + 1 - back).find_map(|year| {
            let nanos = days_from_civil(year, month, day)? * DAY + within_day;
            (nanos <= self.nanos.saturating_add(26 * HOUR)).then_some(nanos)
        })
    }
}
