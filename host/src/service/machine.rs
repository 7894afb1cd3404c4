//! The machine: entries of the journal in, alerts out.
//!
//! It knows no clock, no file and no store. The same entries give the same alerts,
//! so that feeding it the journal again after a crash is what it does all day.

use std::collections::{BTreeMap, BTreeSet};

use logwasp_core::interest::Interest;
use logwasp_core::time::DAY;

use super::blob::{Blob, Saved};
use super::cast::Ready;
use super::entry::{Entry, Layout, Translation};
use crate::alert::{Alert, Amended, Identified, Incidents, Severity};
use crate::pipeline::dispatch::{Dispatcher, Faulted, Work};
use crate::pipeline::harvest::COVERAGE_PART;
use crate::pipeline::order::RowKey;
use crate::pipeline::row::Row;
use crate::pipeline::second_stage;
use crate::telemetry::Histogram;

/// The detector in whose name the service speaks.
pub(super) const HOST: &str = "logwasp";

/// What a row that waits takes beside its bytes.
const ROW_BYTES: usize = 96;

/// The detectors, and the rows that wait for their time.
pub(super) struct Machine {
    layout: Layout,
    first: Dispatcher<'static>,
    names: Vec<String>,
    second: Dispatcher<'static>,
    second_interest: Interest,
    second_names: Vec<String>,
    grants: Vec<bool>,
    /// By place, and by arrival where one place has several.
    waiting: BTreeMap<(RowKey, u64), Waiting>,
    waiting_bytes: usize,
    arrivals: u64,
    watermark: Option<i64>,
    amended: Amended,
    host: Incidents,
    /// Of rows that an earlier config wrote.
    translation: Option<Translation>,
    /// What the snapshot has behind it: entries below a sequence, rows up to a time.
    behind: (u64, Option<i64>),
    accounts: Accounts,
    faults: Vec<Faulted>,
    log: Vec<(String, Severity, String)>,
    /// How long calls took, by detector.
    calls: BTreeMap<String, Histogram>,
}

/// A row that waits.
struct Waiting {
    sequence: u64,
    bytes: Box<[u8]>,
}

/// What became of rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Accounts {
    /// Handed to a detector and taken.
    pub(super) delivered: u64,
    /// Of detectors that are stopped.
    pub(super) quarantined: u64,
    /// Records behind the watermark when they came.
    pub(super) late: u64,
    /// Of detectors that are gone or changed since they were journaled.
    pub(super) dropped: u64,
    /// Alerts of both stages, amendments among them.
    pub(super) alerts: u64,
    /// Open incidents that were forgotten for want of room.
    pub(super) incidents_forgotten: u64,
}

impl std::ops::AddAssign for Accounts {
    fn add_assign(&mut self, other: Self) {
        self.delivered += other.delivered;
        self.quarantined += other.quarantined;
        self.late += other.late;
        self.dropped += other.dropped;
        self.alerts += other.alerts;
    }
}

impl Machine {
    /// The machine as of a snapshot; `quarantined` detectors are stopped.
    pub(super) fn new(started: Ready, blob: Option<Blob>, quarantined: &BTreeSet<String>) -> Self {
        let blob = blob.unwrap_or_default();
        let names: Vec<_> = started.first.iter().map(|d| d.name.clone()).collect();
        let second_names: Vec<_> = started.second.iter().map(|d| d.name.clone()).collect();
        let grants = started.second.iter().map(|detector| detector.may_amend).collect();
        let mut first = Dispatcher::here(started.first);
        let mut second = Dispatcher::here(started.second);
        for (stage, names) in [(&mut first, &names), (&mut second, &second_names)] {
            for (place, name) in names.iter().enumerate() {
                if quarantined.contains(name) {
                    stage.stop(place);
                }
            }
        }
        Self {
            translation: blob.layout.to(&started.layout),
            layout: started.layout,
            first,
            names,
            second,
            second_interest: started.second_interest,
            second_names,
            grants,
            waiting: BTreeMap::new(),
            waiting_bytes: 0,
            arrivals: 0,
            watermark: blob.watermark,
            amended: blob.amended,
            host: Incidents::restored(HOST, blob.host),
            behind: (blob.sequence, blob.watermark),
            accounts: Accounts::default(),
            faults: Vec::new(),
            log: Vec::new(),
            calls: BTreeMap::new(),
        }
    }

    /// Takes the entry with that sequence; what is said goes to `out`.
    pub(super) fn apply(&mut self, sequence: u64, entry: Entry, out: &mut Vec<Identified>) {
        let is_behind = sequence < self.behind.0;
        match entry {
            Entry::Layout(layout) => {
                self.waiting.clear();
                self.waiting_bytes = 0;
                self.translation = layout.to(&self.layout);
            }
            // It was handed over before the snapshot.
            Entry::Row { key, .. } if is_behind && Some(key.time) <= self.behind.1 => {}
            Entry::Row { key, bytes } => self.row(sequence, key, bytes),
            _ if is_behind => {}
            Entry::Advance(watermark) => self.advance(watermark, out),
            Entry::Finish(watermark) => self.finish(watermark, out),
            Entry::Host(alert) => self.say(*alert, out),
        }
    }

    fn row(&mut self, sequence: u64, key: RowKey, bytes: Vec<u8>) {
        let bytes = match &self.translation {
            None => Some(bytes),
            Some(translation) => {
                let (bytes, lost) = translation.row(&bytes);
                self.accounts.dropped += lost;
                bytes
            }
        };
        if let Some(bytes) = bytes {
            self.waiting_bytes += bytes.len() + ROW_BYTES;
            let waiting = Waiting { sequence, bytes: bytes.into_boxed_slice() };
            self.waiting.insert((key, self.arrivals), waiting);
            self.arrivals += 1;
        }
    }

    /// Rows up to the watermark go out in order, then time goes on, then what was
    /// said goes to the second stage.
    fn advance(&mut self, watermark: i64, out: &mut Vec<Identified>) {
        self.release(watermark);
        self.first.advance(watermark);
        let told = self.told();
        second_stage::give(&told, &self.second_interest, &mut self.second, None);
        self.second.advance(watermark);
        self.merge(told, out);
        self.watermark = self.watermark.max(Some(watermark));
    }

    fn finish(&mut self, watermark: Option<i64>, out: &mut Vec<Identified>) {
        self.release(i64::MAX);
        self.first.end(watermark);
        let told = self.told();
        second_stage::give(&told, &self.second_interest, &mut self.second, None);
        self.second.end(watermark.max(told.last().map(|told| told.alert.time)));
        self.merge(told, out);
        self.watermark = self.watermark.max(watermark);
    }

    fn release(&mut self, watermark: i64) {
        while let Some(oldest) = self.waiting.first_entry()
            && oldest.key().0.time <= watermark
        {
            let ((key, _), Waiting { bytes, .. }) = oldest.remove_entry();
            self.waiting_bytes -= bytes.len() + ROW_BYTES;
            let Some(mut row) = Row::new(key.time, &bytes) else { continue };
            row.head.late = self.watermark.is_some_and(|before| key.time <= before);
            // What was read since then is always told of a time that is over.
            let is_record = key.part != COVERAGE_PART;
            self.accounts.late += u64::from(row.head.late && is_record);
            self.first.row(row);
        }
    }

    /// What the first stage said, in the order of its decisions.
    fn told(&mut self) -> Vec<Identified> {
        let mut told = Vec::new();
        for (name, work) in self.names.iter().zip(self.first.take()) {
            self.calls.entry(name.clone()).or_default().add(&work.calls);
            told.extend(account(&mut self.accounts, &mut self.faults, &mut self.log, name, work).0);
        }
        told.sort_by_key(|told| told.alert.time);
        told
    }

    fn merge(&mut self, told: Vec<Identified>, out: &mut Vec<Identified>) {
        let mut works = self.second.take();
        for (name, work) in self.second_names.iter().zip(&mut works) {
            let all = std::mem::take(work);
            self.calls.entry(name.clone()).or_default().add(&all.calls);
            let (alerts, amendments) =
                account(&mut self.accounts, &mut self.faults, &mut self.log, name, all);
            *work = Work { alerts, amendments, ..Work::default() };
        }
        let said = second_stage::merge(told, &mut works, &self.grants, &mut self.amended);
        for (name, work) in self.second_names.iter().zip(works) {
            self.log.extend(work.log.into_iter().map(|(level, line)| (name.clone(), level, line)));
        }
        self.accounts.alerts += said.len() as u64;
        out.extend(said);
    }

    /// Something the service has to say itself.
    fn say(&mut self, alert: Alert, out: &mut Vec<Identified>) {
        let told = self.host.identify(alert);
        let told = told.map(|told| self.amended.told(told));
        self.accounts.alerts += u64::from(told.is_some());
        out.extend(told);
    }

    /// All detectors at this moment; `sequence` is that of the next entry. Must be
    /// right behind an advance. `None` when a detector failed at it.
    pub(super) fn snapshot(&mut self, sequence: u64) -> Option<Blob> {
        self.amended.forget_closed(self.watermark.unwrap_or(i64::MIN).saturating_sub(DAY));
        let first = self.first.snapshot();
        let second = self.second.snapshot();
        let names = self.names.iter().chain(&self.second_names);
        let mut detectors = Vec::new();
        let mut is_whole = true;
        for (name, state) in names.zip(first.into_iter().chain(second)) {
            match state {
                Ok(state) => {
                    let (state, incidents) = state.unzip();
                    let incidents = incidents.unwrap_or_default();
                    detectors.push(Saved { name: name.clone(), state, incidents });
                }
                Err(fault) => {
                    is_whole = false;
                    self.faults.push(Faulted { detector: name.clone(), fault });
                }
            }
        }
        is_whole.then(|| Blob {
            sequence,
            watermark: self.watermark,
            detectors,
            amended: self.amended.clone(),
            host: self.host.saved(),
            layout: self.layout.clone(),
        })
    }

    /// The first entry of the journal that is needed to go on from a snapshot taken
    /// now.
    pub(super) fn first_needed(&self, sequence: u64) -> u64 {
        self.waiting.values().map(|waiting| waiting.sequence).min().unwrap_or(sequence)
    }

    /// The rows that wait, to be journaled anew from `sequence` on.
    pub(super) fn renumber(&mut self, sequence: u64) -> Vec<Entry> {
        self.translation = None;
        let mut entries = Vec::new();
        for (next, ((key, _), waiting)) in (sequence..).zip(&mut self.waiting) {
            waiting.sequence = next;
            entries.push(Entry::Row { key: *key, bytes: waiting.bytes.to_vec() });
        }
        entries
    }

    /// True when what was journaled so far is of another layout.
    pub(super) fn speaks_of_others(&self) -> bool {
        self.translation.is_some()
    }

    /// Whether the service has said that and not closed it.
    pub(super) fn is_open(&self, key: &str) -> bool {
        self.host.is_open(key)
    }

    /// What the service has said and not closed.
    pub(super) fn open_keys(&self) -> impl Iterator<Item = &str> {
        self.host.open_keys()
    }

    pub(super) fn layout(&self) -> &Layout {
        &self.layout
    }

    pub(super) fn watermark(&self) -> Option<i64> {
        self.watermark
    }

    pub(super) fn accounts(&self) -> Accounts {
        self.accounts
    }

    /// How long calls took, by detector.
    pub(super) fn calls(&self) -> &BTreeMap<String, Histogram> {
        &self.calls
    }

    /// All detectors with their linear memory, in bytes.
    pub(super) fn memory_bytes(&mut self) -> Vec<(String, u64)> {
        let bytes = self.first.memory_bytes().into_iter().chain(self.second.memory_bytes());
        self.names.iter().chain(&self.second_names).cloned().zip(bytes).collect()
    }

    /// Rows that wait for their time.
    pub(super) fn waiting_rows(&self) -> usize {
        self.waiting.len()
    }

    /// What they take.
    pub(super) fn waiting_bytes(&self) -> usize {
        self.waiting_bytes
    }

    /// True when rows wait that came behind the watermark.
    pub(super) fn has_late_rows(&self) -> bool {
        self.oldest_waiting().is_some_and(|oldest| Some(oldest) <= self.watermark)
    }

    /// The time of the first row that waits.
    pub(super) fn oldest_waiting(&self) -> Option<i64> {
        self.waiting.keys().next().map(|(key, _)| key.time)
    }

    /// The time of the last row that waits.
    pub(super) fn newest_waiting(&self) -> Option<i64> {
        self.waiting.keys().next_back().map(|(key, _)| key.time)
    }

    /// The time up to which half of the waiting rows are.
    pub(super) fn middle(&self) -> Option<i64> {
        self.time_of_row(self.waiting.len() / 2)
    }

    /// The time of one of the waiting rows, counted from the oldest; `None` when fewer
    /// wait.
    pub(super) fn time_of_row(&self, count: usize) -> Option<i64> {
        self.waiting.keys().nth(count).map(|(key, _)| key.time)
    }

    /// Detectors that failed since the last time.
    pub(super) fn take_faults(&mut self) -> Vec<Faulted> {
        std::mem::take(&mut self.faults)
    }

    /// What detectors wrote to the log since the last time.
    pub(super) fn take_log(&mut self) -> Vec<(String, Severity, String)> {
        std::mem::take(&mut self.log)
    }
}

/// Counts what a detector did; gives what it said, and what it would amend.
fn account(
    accounts: &mut Accounts,
    faults: &mut Vec<Faulted>,
    log: &mut Vec<(String, Severity, String)>,
    name: &str,
    work: Work,
) -> (Vec<Identified>, Vec<Alert>) {
    accounts.delivered += work.rows_delivered;
    accounts.quarantined += work.rows_quarantined;
    accounts.incidents_forgotten += work.incidents_forgotten;
    log.extend(work.forgotten_line().map(|line| (name.to_owned(), Severity::Low, line)));
    log.extend(work.log.into_iter().map(|(level, line)| (name.to_owned(), level, line)));
    faults.extend(work.fault.map(|fault| Faulted { detector: name.to_owned(), fault }));
    (work.alerts, work.amendments)
}
