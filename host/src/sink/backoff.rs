//! Back-off: how long to wait before the next try.

use std::time::Duration;

use crate::config::Retry;

/// Doublings after which the longest wait is reached in any case.
const DOUBLINGS_MAX: u32 = 20;

/// Exponential back-off with full jitter: anything between nothing and a bound that
/// doubles, so that many senders do not come back at once.
#[derive(Debug)]
pub(super) struct Backoff {
    retry: Retry,
    failures: u32,
    random: u64,
}

impl Backoff {
    pub(super) fn new(retry: Retry, seed: u64) -> Self {
        Self { retry, failures: 0, random: seed }
    }

    /// It worked: the next failure is a first one.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }

    /// It failed. `asked` is what the peer asked for; the longest wait holds for it
    /// too.
    pub(super) fn next_wait(&mut self, asked: Option<Duration>) -> Duration {
        let doubled = self.retry.initial.saturating_mul(1 << self.failures.min(DOUBLINGS_MAX));
        let bound = doubled.min(self.retry.max);
        self.failures = self.failures.saturating_add(1);
        let jittered = bound.mul_f64(self.fraction());
        jittered.max(asked.unwrap_or_default()).min(self.retry.max)
    }

    /// From 0 to 1. SplitMix64.
    fn fraction(&mut self) -> f64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: many failures in a row, then a success.
    /// Guarantees: waits stay below a bound that doubles up to the longest, differ,
    /// and begin anew; a peer that asks for more gets it, up to the longest.
    #[test]
    fn waits_grow_to_their_bound() {
        let retry = Retry { initial: Duration::from_secs(1), max: Duration::from_mins(1) };
        let mut backoff = Backoff::new(retry, 7);
        let waits: Vec<Duration> = (0..200).map(|_| backoff.next_wait(None)).collect();
        for (failures, wait) in waits.iter().enumerate() {
            assert!(*wait <= Duration::from_secs(1 << failures.min(6)).min(retry.max));
        }
        assert!(waits.iter().any(|wait| *wait > Duration::from_secs(50)));
        assert!(waits[10..].iter().any(|wait| *wait < Duration::from_secs(10)));
        backoff.reset();
        assert!(backoff.next_wait(None) <= retry.initial);
        assert!(backoff.next_wait(Some(Duration::from_secs(30))) >= Duration::from_secs(30));
        assert_eq!(backoff.next_wait(Some(Duration::from_secs(999))), retry.max);
    }
}
