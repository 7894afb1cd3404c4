//! Faults: who failed how often, and who is not tried again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// So many faults ...
const FAULTS_MAX: usize = 3;
/// ... in so long a time put a detector into quarantine.
const WINDOW: Duration = Duration::from_mins(10);

/// The faults of a generation.
#[derive(Debug, Default)]
pub(super) struct Faults {
    recent: BTreeMap<String, Vec<Duration>>,
    pub(super) quarantined: BTreeSet<String>,
    pub(super) count: u64,
    by_detector: BTreeMap<String, u64>,
}

impl Faults {
    /// Counts a fault; true when the detector is in quarantine from now on.
    pub(super) fn add(&mut self, detector: &str, now: Duration) -> bool {
        self.count += 1;
        *self.by_detector.entry(detector.to_owned()).or_default() += 1;
        let recent = self.recent.entry(detector.to_owned()).or_default();
        recent.retain(|then| now.saturating_sub(*then) < WINDOW);
        recent.push(now);
        recent.len() >= FAULTS_MAX && self.quarantined.insert(detector.to_owned())
    }

    /// How often that detector failed.
    pub(super) fn of(&self, detector: &str) -> u64 {
        self.by_detector.get(detector).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: faults of two detectors, close together and far apart.
    /// Guarantees: three within the window stop one, once; others are unaffected.
    #[test]
    fn three_faults_are_too_many() {
        let mut faults = Faults::default();
        let at = Duration::from_mins;
        let told: Vec<bool> =
            [0, 6, 12, 13].map(|minute| faults.add("a", at(minute))).into_iter().collect();
        assert_eq!(told, [false, false, false, true]);
        assert!(!faults.add("a", at(13)) && !faults.add("b", at(13)));
        assert_eq!((faults.quarantined.len(), faults.count), (1, 6));
        assert_eq!((faults.of("a"), faults.of("b"), faults.of("c")), (5, 1, 0));
    }
}
