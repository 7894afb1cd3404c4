//! Figures: what the engine shows of itself, as of a moment.

use std::collections::BTreeMap;
use std::time::Duration;

use logwasp_core::ledger::Ledger;

use super::machine::Accounts;
use crate::alert::Severity;
use crate::telemetry::{Exposition, Histogram, metrics};

/// The figures of a generation.
#[derive(Debug, Clone, Default)]
pub(super) struct Figures {
    pub(super) sources: Vec<SourceFigures>,
    pub(super) detectors: Vec<DetectorFigures>,
    pub(super) accounts: Accounts,
    pub(super) rows_waiting: u64,
    pub(super) watermark: Option<i64>,
    /// Alerts that were recorded for the sinks.
    pub(super) alerts: BTreeMap<(String, Severity), u64>,
    pub(super) commits: Histogram,
    /// By the clock that never goes back.
    pub(super) last_snapshot: Duration,
    pub(super) journal_bytes: u64,
    /// A sink whose backlog is full: nothing is read.
    pub(super) full: Option<String>,
}

/// One source.
#[derive(Debug, Clone, Default)]
pub(super) struct SourceFigures {
    pub(super) name: String,
    pub(super) read: Read,
    pub(super) streams: u64,
    /// Of files.
    pub(super) unread_bytes: Option<u64>,
    pub(super) last_nanos: i64,
    pub(super) is_silent: bool,
}

/// What was read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Read {
    pub(super) ledger: Ledger,
    pub(super) rows: u64,
}

impl std::ops::AddAssign for Read {
    fn add_assign(&mut self, other: Self) {
        self.ledger += other.ledger;
        self.rows += other.rows;
    }
}

/// One detector.
#[derive(Debug, Clone, Default)]
pub(super) struct DetectorFigures {
    pub(super) name: String,
    pub(super) calls: Histogram,
    pub(super) faults: u64,
    pub(super) is_quarantined: bool,
    pub(super) memory_bytes: u64,
}

impl Figures {
    /// Adds them to what is told; the present by both clocks.
    pub(super) fn expose(&self, now_nanos: i64, now: Duration, out: &mut Exposition) {
        self.sources.iter().for_each(|source| source.expose(out));
        self.detectors.iter().for_each(|detector| detector.expose(out));
        let accounts = self.accounts;
        out.count(&metrics::ROWS_DELIVERED, &[], accounts.delivered);
        out.count(&metrics::ROWS_QUARANTINED, &[], accounts.quarantined);
        out.count(&metrics::ROWS_LATE, &[], accounts.late);
        out.count(&metrics::ROWS_DROPPED, &[], accounts.dropped);
        out.count(&metrics::ROWS_WAITING, &[], self.rows_waiting);
        if let Some(watermark) = self.watermark {
            out.add(&metrics::WATERMARK, &[], seconds(watermark));
            out.add(&metrics::WATERMARK_LAG, &[], seconds(now_nanos.saturating_sub(watermark)));
        }
        for ((detector, severity), count) in &self.alerts {
            out.count(&metrics::ALERTS, &[detector, severity.name()], *count);
        }
        out.histogram(&metrics::COMMITS, &[], &self.commits);
        let age = now.saturating_sub(self.last_snapshot);
        out.add(&metrics::SNAPSHOT_AGE, &[], age.as_secs_f64());
        out.count(&metrics::JOURNAL_BYTES, &[], self.journal_bytes);
    }
}

impl SourceFigures {
    fn expose(&self, out: &mut Exposition) {
        let source = &[self.name.as_str()];
        let ledger = self.read.ledger;
        out.count(&metrics::SOURCE_BYTES, source, ledger.bytes_in);
        out.count(&metrics::SOURCE_SKIPPED_BYTES, source, ledger.bytes_skipped);
        out.count(&metrics::SOURCE_RECORDS, source, ledger.records);
        out.count(&metrics::SOURCE_DAMAGED, source, ledger.damaged);
        out.count(&metrics::SOURCE_ROWS, source, self.read.rows);
        out.count(&metrics::SOURCE_STREAMS, source, self.streams);
        if let Some(unread_bytes) = self.unread_bytes {
            out.count(&metrics::SOURCE_UNREAD, source, unread_bytes);
        }
        out.add(&metrics::SOURCE_LAST_RECEIVED, source, seconds(self.last_nanos));
        out.count(&metrics::SOURCE_SILENT, source, self.is_silent.into());
    }
}

impl DetectorFigures {
    fn expose(&self, out: &mut Exposition) {
        let detector = &[self.name.as_str()];
        out.histogram(&metrics::DETECTOR_CALLS, detector, &self.calls);
        out.count(&metrics::DETECTOR_FAULTS, detector, self.faults);
        out.count(&metrics::DETECTOR_QUARANTINED, detector, self.is_quarantined.into());
        out.count(&metrics::DETECTOR_MEMORY, detector, self.memory_bytes);
    }
}

pub(super) fn seconds(nanos: i64) -> f64 {
    nanos as f64 / 1e9
}
