//! The watermark: up to which time nothing more will come, as far as one can tell.

use std::time::Duration;

use logwasp_core::time::HOUR;

/// What one stream says of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hand {
    /// The newest time that a probe told.
    pub(super) newest: Option<i64>,
    /// Nothing has come for long: it holds nobody back.
    pub(super) is_idle: bool,
}

/// Where time is, by all streams. `None` while it cannot be told. Whoever holds the
/// watermark never lets it go back.
pub(super) fn watermark(
    hands: impl Iterator<Item = Hand> + Clone,
    lateness: Duration,
    now_nanos: i64,
) -> Option<i64> {
    let lateness = i64::try_from(lateness.as_nanos()).unwrap_or(i64::MAX);
    let mut active = hands.clone().filter(|hand| !hand.is_idle);
    if let Some(first) = active.next() {
        let newest = active.fold(first.newest, |least, hand| least.min(hand.newest));
        return newest.map(|newest| newest.saturating_sub(lateness));
    }
    let newest = hands.filter_map(|hand| hand.newest).max()?;
    // Where logs are of the present, silence is time that passes.
    let is_present = now_nanos.saturating_sub(newest) < HOUR;
    let by_clock = now_nanos.saturating_sub(lateness);
    Some(if is_present { newest.max(by_clock) } else { newest })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LATENESS: Duration = Duration::from_nanos(10);

    fn hand(newest: Option<i64>, is_idle: bool) -> Hand {
        Hand { newest, is_idle }
    }

    /// Scenario: streams that are active, idle, and not read yet.
    /// Guarantees: the slowest active one decides, less the lateness; one without a
    /// time holds all back; idle ones hold nobody; without any there is no time.
    #[test]
    fn the_slowest_decides() {
        let at = |hands: &[Hand]| watermark(hands.iter().copied(), LATENESS, 10 * HOUR);
        assert_eq!(at(&[hand(Some(100), false), hand(Some(50), false)]), Some(40));
        assert_eq!(at(&[hand(Some(100), false), hand(Some(50), true)]), Some(90));
        assert_eq!(at(&[hand(Some(100), false), hand(None, false)]), None);
        assert_eq!(at(&[hand(Some(100), true), hand(None, true)]), Some(100));
        assert_eq!(at(&[]), None);
    }

    /// Scenario: all are idle; their newest time is of the last hour, or older.
    /// Guarantees: time goes on with the clock only in the first case.
    #[test]
    fn silence_is_time_that_passes() {
        let now = 10 * HOUR;
        let at = |newest| watermark([hand(Some(newest), true)].into_iter(), LATENESS, now);
        assert_eq!(at(now - 60), Some(now - 10));
        assert_eq!(at(now - 5), Some(now - 5));
        assert_eq!(at(now - HOUR), Some(now - HOUR));
    }
}
