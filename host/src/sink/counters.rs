//! What a sink did, in numbers.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts as a sink works. Any thread may read.
#[derive(Debug, Default)]
pub struct Counters {
    delivered: AtomicU64,
    delivered_bytes: AtomicU64,
    retried: AtomicU64,
    refused: AtomicU64,
    filtered: AtomicU64,
    failures: AtomicU64,
}

/// The numbers of a moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Numbers {
    /// Alerts that the peer confirmed.
    pub delivered: u64,
    /// Their bytes as they were encoded.
    pub delivered_bytes: u64,
    /// Tries that came to nothing, counted for each alert.
    pub retried: u64,
    /// Alerts that the peer refused for good.
    pub refused: u64,
    /// Alerts that the sink's filter left out.
    pub filtered: u64,
    /// Batches of which something has to be tried again.
    pub failures: u64,
}

impl Counters {
    pub(super) fn deliver(&self, bytes: usize) {
        self.delivered.fetch_add(1, Ordering::Relaxed);
        self.delivered_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(super) fn retry(&self, alerts: usize) {
        self.retried.fetch_add(alerts as u64, Ordering::Relaxed);
        self.failures.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn refuse(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn filter(&self) {
        self.filtered.fetch_add(1, Ordering::Relaxed);
    }

    /// The numbers as they are now.
    pub fn numbers(&self) -> Numbers {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Numbers {
            delivered: read(&self.delivered),
            delivered_bytes: read(&self.delivered_bytes),
            retried: read(&self.retried),
            refused: read(&self.refused),
            filtered: read(&self.filtered),
            failures: read(&self.failures),
        }
    }
}
