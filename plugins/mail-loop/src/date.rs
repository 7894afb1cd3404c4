//! Dates of `Received` lines (RFC 5322, 3.3).

use logwasp_sdk::Timestamp;
use logwasp_sdk::time::{DAY, HOUR, MINUTE, SECOND};

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// Reads `Fri, 20 Nov 2026 09:00:00 +0000 (UTC)`; the day of the week may be missing.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let text = text.split_once(',').map_or(text, |(_, rest)| rest);
    let mut words = text.split_ascii_whitespace();
    let day: i64 = words.next()?.parse().ok().filter(|day| (1..=31).contains(day))?;
    let month = words.next()?.get(..3)?.to_ascii_lowercase();
    let month = MONTHS.iter().position(|name| *name == month)? as i64 + 1;
    let year: i64 = words.next()?.parse().ok().filter(|year| (1970..=2261).contains(year))?;
    let mut clock = words.next()?.split(':').map(|part| part.parse::<i64>().ok());
    let (hour, minute) = (clock.next()??, clock.next()??);
    let second = clock.next().flatten().unwrap_or(0);
    if !(0..24).contains(&hour) || !(0..60).contains(&minute) || !(0..=60).contains(&second) {
        return None;
    }
    let zone = words.next().and_then(zone_nanos).unwrap_or(0);
    let time = hour * HOUR + minute * MINUTE + second * SECOND;
    Some(days_from_civil(year, month, day) * DAY + time - zone)
}

/// `+0100`, `-0500`; names of zones other than UTC are not worth guessing.
fn zone_nanos(text: &str) -> Option<i64> {
    let (sign, digits) = text.split_at_checked(1)?;
    let hours: i64 = digits.get(..2)?.parse().ok()?;
    let minutes: i64 = digits.get(2..4)?.parse().ok()?;
    let nanos = hours * HOUR + minutes * MINUTE;
    match sign {
        "+" => Some(nanos),
        "-" => Some(-nanos),
        _ => None,
    }
}

/// Days since 1970-01-01 (Howard Hinnant, "chrono-compatible low-level date
/// algorithms").
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: dates with and without weekday, seconds, zone; nonsense.
    /// Guarantees: the moment, in UTC.
    #[test]
    fn dates_are_read() {
        let expected = Some(1_795_166_043 * SECOND);
        for text in [
            "Fri, 20 Nov 2026 09:14:03 +0000",
            "20 Nov 2026 10:14:03 +0100 (CET)",
            "Fri, 20 Nov 2026 03:44:03 -0530",
            "Fri, 20 Nov 2026 09:14:03 GMT",
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
        assert_eq!(parse("Thu, 29 Feb 2024 00:00 +0000"), Some(1_709_164_800 * SECOND));
        for text in
            ["", "x", "32 Nov 2026 09:00:00", "20 Foo 2026 09:00", "20 Nov 2026 25:00", "20 Növ"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
