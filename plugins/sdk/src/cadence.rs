//! Is it a machine? Fixed intervals give stored credentials and probes away.

use crate::time::{SECOND, Timestamp};

/// A steady rhythm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cadence {
    /// The median interval, rounded to seconds.
    pub period_s: u32,
    /// The median deviation from it, rounded to seconds.
    pub jitter_s: u32,
}

/// Events closer together than this are one beat.
const BEAT_NANOS: i64 = 2 * SECOND;
/// How many newest beats are looked at.
const BEATS_MAX: usize = 20;

/// Looks for a rhythm in ascending times: at least `intervals_min` intervals with
/// a median of 10 s to 1 h, from which the intervals deviate (in the median) by
/// at most 2 s or a tenth. A missed beat - an interval of a whole multiple -
/// counts as fitting.
pub fn cadence(times: &[Timestamp], intervals_min: usize) -> Option<Cadence> {
    let beats = newest_beats(times);
    let intervals: Vec<i64> = beats.windows(2).map(|pair| pair[1] - pair[0]).collect();
    if intervals.len() < intervals_min.max(1) {
        return None;
    }
    let median_interval = median(intervals.clone());
    if !(10 * SECOND..=3_600 * SECOND).contains(&median_interval) {
        return None;
    }
    let tolerance = (2 * SECOND).max(median_interval / 10);
    let deviations = intervals.iter().map(|&d| deviation(d, median_interval, tolerance)).collect();
    let jitter = median(deviations);
    (jitter <= tolerance).then(|| Cadence {
        period_s: round_to_seconds(median_interval),
        jitter_s: round_to_seconds(jitter),
    })
}

fn newest_beats(times: &[Timestamp]) -> Vec<Timestamp> {
    let mut beats: Vec<Timestamp> = Vec::new();
    for &at in times {
        if beats.last().is_none_or(|&last| at - last >= BEAT_NANOS) {
            beats.push(at);
        }
    }
    beats.split_off(beats.len().saturating_sub(BEATS_MAX))
}

/// How far an interval is from the median, or from its nearest multiple when it
/// fits there.
fn deviation(interval: i64, period: i64, tolerance: i64) -> i64 {
    let beats = ((interval + period / 2) / period).max(1);
    let from_multiple = (interval - beats * period).abs();
    if from_multiple <= tolerance { from_multiple } else { (interval - period).abs() }
}

fn median(mut values: Vec<i64>) -> i64 {
    values.sort_unstable();
    let middle = values.len() / 2;
    if values.len().is_multiple_of(2) {
        i64::midpoint(values[middle - 1], values[middle])
    } else {
        values[middle]
    }
}

fn round_to_seconds(nanos: i64) -> u32 {
    ((nanos + SECOND / 2) / SECOND) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: &[i64]) -> Vec<Timestamp> {
        seconds.iter().map(|s| s * SECOND).collect()
    }

    /// Scenario: a job every minute, with copies in the same second, a little
    /// jitter and missed beats.
    /// Guarantees: the period is found.
    #[test]
    fn a_rhythm_is_found() {
        let steady = at(&[0, 0, 60, 61, 121, 180, 240, 300]);
        assert_eq!(cadence(&steady, 5), Some(Cadence { period_s: 60, jitter_s: 0 }));
        let missed = at(&[0, 60, 120, 300, 360, 420, 600]);
        assert_eq!(cadence(&missed, 5).map(|c| c.period_s), Some(60));
    }

    /// Scenario: too few, too fast, and a person at a keyboard.
    /// Guarantees: no rhythm is claimed.
    #[test]
    fn a_person_has_no_rhythm() {
        assert_eq!(cadence(&at(&[0, 60, 120, 180]), 5), None);
        assert_eq!(cadence(&at(&[0, 5, 10, 15, 20, 25, 30]), 5), None);
        assert_eq!(cadence(&at(&[0, 11, 48, 70, 300, 345, 911]), 5), None);
        assert_eq!(cadence(&[], 0), None);
    }
}
