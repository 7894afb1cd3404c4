//! Ticks of a time axis: round times in UTC, not too many.

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use logwasp_core::time::to_rfc3339;

const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 86_400;

/// 1970-01-05 was a Monday: weeks begin there.
const MONDAY: i64 = 4 * DAY;

/// Steps below a month, in seconds.
const SECONDS_STEPS: [i64; 21] = [
    1,
    2,
    5,
    10,
    15,
    30,
    60,
    120,
    300,
    600,
    900,
    1_800,
    3_600,
    2 * 3_600,
    3 * 3_600,
    6 * 3_600,
    12 * 3_600,
    DAY,
    2 * DAY,
    7 * DAY,
    14 * DAY,
];

/// Steps in months; the last spans what 64 bits of nanoseconds hold in six.
const MONTHS_STEPS: [i32; 11] = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1_200];

/// A place on the axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tick {
    /// Nanoseconds since the Unix epoch.
    pub nanos: i64,
    /// `09:15`, or a day, month or year.
    pub label: String,
    /// The day, where the label is a time and the day is new.
    pub day: Option<String>,
}

/// The ticks from one time to another, both included, at most `count_max`.
pub(super) fn ticks(from: i64, to: i64, count_max: usize) -> Vec<Tick> {
    let fitting = SECONDS_STEPS.iter().map(|step| every_seconds(from, to, *step, count_max));
    let fitting =
        fitting.chain(MONTHS_STEPS.iter().map(|step| every_months(from, to, *step, count_max)));
    fitting.flatten().next().unwrap_or_default()
}

/// `None` when they are too many.
fn every_seconds(from: i64, to: i64, step: i64, count_max: usize) -> Option<Vec<Tick>> {
    let (unit, phase) = (step * SECOND, if step > DAY { MONDAY * SECOND } else { 0 });
    if (to.abs_diff(from) / unit.unsigned_abs()) as usize >= count_max {
        return None;
    }
    // The first at or behind `from`; wider, since phase and unit may leave 64 bits.
    let (unit, phase) = (i128::from(unit), i128::from(phase));
    let first = -(phase - i128::from(from)).div_euclid(unit) * unit + phase;
    let times = (0..).map(|index| first + index * unit).take_while(|time| *time <= i128::from(to));
    let mut day = String::new();
    let ticks = times.filter_map(|time| i64::try_from(time).ok()).filter(|time| *time >= from);
    Some(ticks.map(|nanos| labelled(nanos, step, &mut day)).collect())
}

fn labelled(nanos: i64, step: i64, last_day: &mut String) -> Tick {
    let text = to_rfc3339(nanos);
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default().to_owned();
    let day = part(0, 10);
    if step >= DAY {
        return Tick { nanos, label: day, day: None };
    }
    let label = if step < 60 { part(11, 19) } else { part(11, 16) };
    let is_new = *last_day != day;
    last_day.clone_from(&day);
    Tick { nanos, label, day: is_new.then_some(day) }
}

fn every_months(from: i64, to: i64, step: i32, count_max: usize) -> Option<Vec<Tick>> {
    let first = month_of(from)?.div_euclid(step) * step;
    let last = month_of(to)?;
    let starts = (first..=last).step_by(usize::try_from(step).ok()?).filter_map(start_of);
    let within = starts.filter(|(_, nanos)| (from..=to).contains(nanos));
    let label = |day: Date| match step {
        ..12 => format!("{:04}-{:02}", day.year(), day.month()),
        _ => format!("{:04}", day.year()),
    };
    let ticks: Vec<Tick> =
        within.map(|(day, nanos)| Tick { nanos, label: label(day), day: None }).collect();
    (ticks.len() <= count_max).then_some(ticks)
}

/// Months since the beginning of the year 0.
fn month_of(nanos: i64) -> Option<i32> {
    let time = jiff::Timestamp::from_nanosecond(nanos.into()).ok()?.to_zoned(TimeZone::UTC);
    Some(i32::from(time.year()) * 12 + i32::from(time.month()) - 1)
}

/// When a month begins.
fn start_of(month: i32) -> Option<(Date, i64)> {
    let (year, month) = (month.div_euclid(12), month.rem_euclid(12) + 1);
    let day = date(i16::try_from(year).ok()?, i8::try_from(month).ok()?, 1);
    let start = day.to_zoned(TimeZone::UTC).ok()?.timestamp().as_nanosecond();
    Some((day, i64::try_from(start).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn labels(from: &str, to: &str) -> Vec<String> {
        let nanos = |text: &str| {
            let time: jiff::Timestamp = text.parse().expect("a time");
            i64::try_from(time.as_nanosecond()).expect("it fits")
        };
        let said =
            |tick: Tick| tick.label + &tick.day.map(|day| format!(" {day}")).unwrap_or_default();
        ticks(nanos(from), nanos(to), 6).into_iter().map(said).collect()
    }

    /// Scenario: spans of seconds, hours across midnight, weeks, months and years.
    /// Guarantees: round times in UTC, weeks from Monday, the day where it is new.
    #[test]
    fn ticks_are_round() {
        assert_eq!(
            labels("2026-11-20T09:03:01Z", "2026-11-20T09:03:12Z"),
            ["09:03:02 2026-11-20", "09:03:04", "09:03:06", "09:03:08", "09:03:10", "09:03:12"]
        );
        assert_eq!(
            labels("2026-11-20T21:10:00Z", "2026-11-21T02:00:00Z"),
            ["22:00 2026-11-20", "23:00", "00:00 2026-11-21", "01:00", "02:00"]
        );
        assert_eq!(
            labels("2026-11-01T00:00:01Z", "2026-11-30T00:00:00Z"),
            ["2026-11-02", "2026-11-09", "2026-11-16", "2026-11-23", "2026-11-30"]
        );
        assert_eq!(
            labels("2026-01-15T00:00:00Z", "2026-05-15T00:00:00Z"),
            ["2026-02", "2026-03", "2026-04", "2026-05"]
        );
        assert_eq!(
            labels("2001-06-01T00:00:00Z", "2010-01-01T00:00:00Z"),
            ["2002", "2004", "2006", "2008", "2010"]
        );
    }

    proptest! {
        /// Scenario: any two times that 64 bits hold.
        /// Guarantees: ticks ascend, lie between them, are not too many, and there are
        /// some as soon as there is room.
        #[test]
        fn ticks_stay_within(a: i64, b: i64, count_max in 3_usize..20) {
            let (from, to) = (a.min(b), a.max(b));
            let ticks = ticks(from, to, count_max);
            prop_assert!(ticks.len() <= count_max);
            prop_assert!(ticks.windows(2).all(|pair| pair[0].nanos < pair[1].nanos));
            prop_assert!(ticks.iter().all(|tick| (from..=to).contains(&tick.nanos)));
            prop_assert!(to.abs_diff(from) < 4_000_000_000 || count_max < 7 || ticks.len() >= 2);
        }
    }
}
