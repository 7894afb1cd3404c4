//! Publish: what the engine counts, and shows.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Engine, Intake, host_alert};
use crate::alert::{Identified, Severity};
use crate::service::figures::{DetectorFigures, Figures, Read, SourceFigures};
use crate::service::machine::{Accounts, Machine};
use crate::telemetry::Histogram;

/// Figures are put up so often, at a commit: nobody looks more often.
const INTERVAL: Duration = Duration::from_millis(500);

/// What no part of the engine counts for itself.
#[derive(Debug, Default)]
pub(super) struct Meters {
    last_shown: Duration,
    /// Of streams that are over, by the place of their source in the config.
    over: BTreeMap<usize, Read>,
    pub(super) commits: Histogram,
    /// Of the alerts in the next commit.
    raised: Vec<(String, Severity)>,
    alerts: BTreeMap<(String, Severity), u64>,
    /// Of machines that were replaced.
    accounts: Accounts,
    calls: BTreeMap<String, Histogram>,
}

impl Meters {
    /// An alert is put into the next commit.
    pub(super) fn raise(&mut self, told: &Identified) {
        self.raised.push((told.detector.clone(), told.alert.severity));
    }

    /// These of the alerts were recorded; the others had been before.
    pub(super) fn record(&mut self, taken: &[usize]) {
        let raised = std::mem::take(&mut self.raised);
        for label in taken.iter().filter_map(|place| raised.get(*place)) {
            *self.alerts.entry(label.clone()).or_default() += 1;
        }
    }

    /// A machine is replaced.
    pub(super) fn retire(&mut self, machine: &Machine) {
        self.accounts += machine.accounts();
        for (name, calls) in machine.calls() {
            self.calls.entry(name.clone()).or_default().add(calls);
        }
    }

    /// A stream is over.
    pub(super) fn end(&mut self, source: usize, intake: &Intake<'_>) {
        *self.over.entry(source).or_default() += intake.read();
    }
}

impl Engine<'_> {
    /// Puts the figures up, when it is time.
    pub(super) fn publish(&mut self) {
        let now = self.set.clock.uptime();
        if now.saturating_sub(self.meters.last_shown) >= INTERVAL {
            self.publish_now();
        }
    }

    /// Puts the figures up.
    pub(super) fn publish_now(&mut self) {
        self.meters.last_shown = self.set.clock.uptime();
        let mut accounts = self.meters.accounts;
        accounts += self.machine.accounts();
        let figures = Figures {
            sources: self.source_figures(),
            detectors: self.detector_figures(),
            accounts,
            rows_waiting: self.machine.waiting_rows() as u64,
            watermark: self.machine.watermark(),
            alerts: self.meters.alerts.clone(),
            commits: self.meters.commits,
            last_snapshot: self.last_snapshot,
            journal_bytes: self.journal_bytes as u64,
            full: self.full.clone(),
        };
        self.set.board.show(figures);
    }

    /// What was read of all sources of this generation.
    pub(super) fn read_so_far(&self) -> BTreeMap<usize, Read> {
        let mut read = self.meters.over.clone();
        for ((source, _), number) in &self.numbers {
            if let Some(intake) = self.intakes.get(number) {
                *read.entry(*source).or_default() += intake.read();
            }
        }
        read
    }

    fn source_figures(&self) -> Vec<SourceFigures> {
        let read = self.read_so_far();
        let of_source = |(place, source): (usize, &crate::config::Source)| SourceFigures {
            name: source.name.clone(),
            read: read.get(&place).copied().unwrap_or_default(),
            streams: self.numbers.keys().filter(|(of, _)| *of == place).count() as u64,
            unread_bytes: self
                .tails
                .get(place)
                .and_then(|tail| Some(tail.as_ref()?.unread_bytes())),
            last_nanos: self.voices.get(place).map_or(0, |voice| voice.last_nanos),
            is_silent: self.machine.is_open(&host_alert::silent_key(&source.name)),
        };
        self.set.config.sources.iter().enumerate().map(of_source).collect()
    }

    fn detector_figures(&mut self) -> Vec<DetectorFigures> {
        let memory = self.machine.memory_bytes();
        let of_detector = |(name, memory_bytes): (String, u64)| {
            let mut calls = self.meters.calls.get(&name).copied().unwrap_or_default();
            if let Some(more) = self.machine.calls().get(&name) {
                calls.add(more);
            }
            DetectorFigures {
                calls,
                faults: self.faults.of(&name),
                is_quarantined: self.faults.quarantined.contains(&name),
                memory_bytes,
                name,
            }
        };
        memory.into_iter().map(of_detector).collect()
    }
}
