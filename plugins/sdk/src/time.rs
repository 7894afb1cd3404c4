//! Event time: nanoseconds since the Unix epoch, and the durations of options.
//!
//! A detector has no other clock. `Timestamp` stays a bare integer because it
//! crosses the boundary as one; `Duration` is a type because operators write it
//! as text (`"30m"`).

use std::fmt;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Nanoseconds since the Unix epoch, UTC.
pub type Timestamp = i64;

/// Nanoseconds in a millisecond.
pub const MILLISECOND: i64 = 1_000_000;
/// Nanoseconds in a second.
pub const SECOND: i64 = 1_000 * MILLISECOND;
/// Nanoseconds in a minute.
pub const MINUTE: i64 = 60 * SECOND;
/// Nanoseconds in an hour.
pub const HOUR: i64 = 60 * MINUTE;
/// Nanoseconds in a day.
pub const DAY: i64 = 24 * HOUR;

/// A span of event time, written in options as `"90s"`, `"30m"`, `"6h"`, `"14d"`
/// or `"1h30m"`. Never negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration {
    nanos: i64,
}

impl Duration {
    /// A duration of whole seconds.
    pub const fn seconds(seconds: i64) -> Self {
        Self { nanos: seconds * SECOND }
    }

    /// A duration of whole minutes.
    pub const fn minutes(minutes: i64) -> Self {
        Self { nanos: minutes * MINUTE }
    }

    /// A duration of whole hours.
    pub const fn hours(hours: i64) -> Self {
        Self { nanos: hours * HOUR }
    }

    /// A duration of whole days.
    pub const fn days(days: i64) -> Self {
        Self { nanos: days * DAY }
    }

    /// The same span in nanoseconds, to add to or compare with a [`Timestamp`].
    pub const fn nanos(self) -> i64 {
        self.nanos
    }

    /// The same span in seconds.
    pub fn as_seconds_f64(self) -> f64 {
        self.nanos as f64 / SECOND as f64
    }

    /// Reads `"1h30m"` and the like. A bare number is not a duration: its unit
    /// would be a guess.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("`{text}` is not a duration; write it as `90s`, `30m`, `6h` or `14d`");
        let mut nanos: i64 = 0;
        let mut rest = text.trim();
        if rest.is_empty() {
            return Err(wrong());
        }
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
            let (number, tail) = rest.split_at(digits);
            let unit_end = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
            let (unit, tail) = tail.split_at(unit_end);
            let unit_nanos = match unit.trim() {
                "ms" => MILLISECOND,
                "s" => SECOND,
                "m" => MINUTE,
                "h" => HOUR,
                "d" => DAY,
                _ => return Err(wrong()),
            };
            let number: i64 = number.parse().map_err(|_| wrong())?;
            let part = number.checked_mul(unit_nanos).ok_or_else(wrong)?;
            nanos = nanos.checked_add(part).ok_or_else(wrong)?;
            rest = tail;
        }
        Ok(Self { nanos })
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.nanos;
        if rest == 0 {
            return f.write_str("0s");
        }
        for (unit, name) in
            [(DAY, "d"), (HOUR, "h"), (MINUTE, "m"), (SECOND, "s"), (MILLISECOND, "ms")]
        {
            if rest >= unit {
                write!(f, "{}{name}", rest / unit)?;
                rest %= unit;
            }
        }
        Ok(())
    }
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Duration;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration such as \"30m\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Duration, E> {
                Duration::parse(text).map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}

/// Writes a timestamp as `2026-11-20 09:14:03 UTC`, for titles and texts.
pub fn format_timestamp(at: Timestamp) -> String {
    let (days, seconds) = (at.div_euclid(DAY), at.rem_euclid(DAY) / SECOND);
    let (year, month, day) = civil_from_days(days);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

/// Writes a span as a person would say it: `45 s`, `12 min`, `3.5 h`, `2 days`.
pub fn format_span(nanos: i64) -> String {
    let nanos = nanos.max(0);
    if nanos < 2 * MINUTE {
        format!("{} s", nanos / SECOND)
    } else if nanos < 2 * HOUR {
        format!("{} min", nanos / MINUTE)
    } else if nanos < 2 * DAY {
        format!("{} h", nanos / HOUR)
    } else {
        format!("{} days", nanos / DAY)
    }
}

/// Days since 1970-01-01 to the proleptic Gregorian calendar (Howard Hinnant,
/// "chrono-compatible low-level date algorithms").
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + i64::from(month <= 2);
    (year, month, doy - (153 * mp + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: durations as operators write them.
    /// Guarantees: read, written back, and refused with the accepted forms named.
    #[test]
    fn durations_round_trip() {
        for (text, nanos) in [
            ("0s", 0),
            ("90s", 90 * SECOND),
            ("1m30s", 90 * SECOND),
            ("30m", 30 * MINUTE),
            ("14d", 14 * DAY),
            ("250ms", 250 * MILLISECOND),
        ] {
            assert_eq!(Duration::parse(text).map(Duration::nanos), Ok(nanos), "{text}");
        }
        assert_eq!(Duration::seconds(90).to_string(), "1m30s");
        for text in ["", "30", "m", "30 parsecs", "-5s", "99999999999999d"] {
            assert!(Duration::parse(text).is_err_and(|e| e.contains("30m")), "{text}");
        }
    }

    /// Scenario: leap days, the epoch, and before it.
    /// Guarantees: the calendar agrees with known dates.
    #[test]
    fn timestamps_are_written_in_utc() {
        assert_eq!(format_timestamp(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(format_timestamp(1_709_164_800 * SECOND), "2024-02-29 00:00:00 UTC");
        assert_eq!(format_timestamp(1_795_166_043 * SECOND), "2026-11-20 09:14:03 UTC");
        assert_eq!(format_timestamp(-SECOND), "1969-12-31 23:59:59 UTC");
        assert_eq!(format_timestamp(i64::MIN), "1677-09-21 00:12:43 UTC");
    }
}
