//! Histograms of durations.

use std::time::Duration;

/// Upper bounds in seconds: three a decade, from what one call of a detector takes to
/// what nobody should wait for.
pub(super) const BOUNDS_S: [f64; 12] =
    [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0];

/// How often something took how long.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Histogram {
    /// One for each bound, and one for what is beyond all.
    counts: [u64; BOUNDS_S.len() + 1],
    sum_s: f64,
}

impl Histogram {
    /// Counts one.
    pub fn observe(&mut self, took: Duration) {
        let seconds = took.as_secs_f64();
        let place = BOUNDS_S.iter().position(|bound| seconds <= *bound);
        if let Some(count) = self.counts.get_mut(place.unwrap_or(BOUNDS_S.len())) {
            *count += 1;
        }
        self.sum_s += seconds;
    }

    /// Counts what another one counted.
    pub fn add(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count += more;
        }
        self.sum_s += other.sum_s;
    }

    /// How often it happened.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Seconds, all together.
    pub fn sum_s(&self) -> f64 {
        self.sum_s
    }

    /// Each bound with how often it took at most so long; the last one is infinite.
    pub(super) fn cumulative(&self) -> impl Iterator<Item = (f64, u64)> {
        let bounds = BOUNDS_S.into_iter().chain([f64::INFINITY]);
        bounds.zip(self.counts).scan(0, |sum, (bound, count)| {
            *sum += count;
            Some((bound, *sum))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: durations at, between and beyond the bounds.
    /// Guarantees: a bound includes itself; the last bucket has all.
    #[test]
    fn bounds_include_themselves() {
        let mut histogram = Histogram::default();
        for millis in [0, 1, 2, 3_600_000] {
            histogram.observe(Duration::from_millis(millis));
        }
        let mut twice = histogram;
        twice.add(&histogram);
        let at = |histogram: &Histogram, bound: f64| {
            histogram.cumulative().find(|(b, _)| *b >= bound).map(|(_, count)| count)
        };
        assert_eq!(at(&histogram, 0.001), Some(2));
        assert_eq!(at(&histogram, 30.0), Some(3));
        assert_eq!(at(&twice, f64::INFINITY), Some(8));
        assert_eq!((twice.count(), twice.sum_s()), (8, 2.0 * 3600.003));
    }
}
