//! What a person wants to know of a store: is it sound, and what is in it?

use std::path::Path;
use std::sync::Arc;

use redb::{ReadableTable, ReadableTableMetadata, WriteTransaction};
use serde::Serialize;

use super::open;
use super::outbox::{self, Cursor};
use super::store::Store;
use super::tables::{
    self, DEAD_LETTERS, DEAD_LETTERS_DROPPED, DETECTORS, INCIDENTS, JOURNAL, JOURNAL_NEXT, META,
    OUTBOX, OUTBOX_NEXT, POSITIONS, RECORDED, SINKS,
};
use crate::clock::Clock;
use crate::problem::Problem;

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// False when the database's own structure had to be repaired.
    pub was_clean: bool,
    /// What does not fit together, in words. Empty when all is well.
    pub broken: Vec<String>,
}

/// A store in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// Version of what is in the file.
    pub format: u64,
    /// Sources with a position.
    pub sources: u64,
    /// Entries of the journal.
    pub journal_entries: u64,
    /// The journal sequence that the next entry gets.
    pub journal_next: u64,
    /// Alerts that some sink does not have.
    pub outbox_entries: u64,
    /// The outbox sequence that the next alert gets.
    pub outbox_next: u64,
    /// Alerts that would be recognised if they were raised again.
    pub recorded_alerts: u64,
    /// Alerts that a peer refused for good.
    pub dead_letters: u64,
    /// Dead letters that had to make room.
    pub dead_letters_dropped: u64,
    /// By name.
    pub detectors: Vec<DetectorShown>,
    /// By name.
    pub sinks: Vec<SinkShown>,
}

/// A detector in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DetectorShown {
    /// Its name.
    pub name: String,
    /// Bytes of its state; absent when it begins empty.
    pub state_bytes: Option<u64>,
    /// Journal entries that it is fed again after a restart.
    pub journal_entries: u64,
    /// Its open incidents.
    pub open_incidents: u64,
}

/// A sink in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SinkShown {
    /// Its name.
    pub name: String,
    /// Alerts that it does not have.
    pub pending: u64,
    /// Their bytes.
    pub pending_bytes: u64,
    /// Alerts that were given up for it.
    pub dropped: u64,
}

impl Store {
    /// Opens the store of a directory only if there is one.
    pub fn open_existing(dir: &Path, clock: Arc<dyn Clock>) -> Result<Self, Problem> {
        if open::exists(dir) {
            return Self::open(dir, clock);
        }
        let place = dir.display().to_string();
        Err(Problem::new("there is no state here")
            .at(place)
            .hint("`state_dir` of the config says where the service keeps it"))
    }

    /// Checks the database's structure, repairs it if need be, and holds our own
    /// invariants against it.
    pub fn check(&mut self) -> Result<Checked, Problem> {
        let was_clean = self.db.check_integrity();
        let was_clean = was_clean.map_err(|error| self.trouble(error))?;
        // A transaction that writes nothing: all tables as of one moment.
        let broken = self.write(broken)?;
        Ok(Checked { was_clean, broken })
    }

    /// What is in it.
    pub fn show(&self) -> Result<Shown, Problem> {
        self.read(|txn| {
            let meta = txn.open_table(META)?;
            let journal_next = tables::number(&meta, JOURNAL_NEXT)?;
            let outbox_next = tables::number(&meta, OUTBOX_NEXT)?;
            let mut detectors = Vec::new();
            for row in txn.open_table(DETECTORS)?.iter()? {
                let (name, value) = row?;
                let (seq, state) = value.value();
                detectors.push(DetectorShown {
                    name: name.value().to_owned(),
                    state_bytes: state.map(|state| state.len() as u64),
                    journal_entries: journal_next.saturating_sub(seq),
                    open_incidents: 0,
                });
            }
            for row in txn.open_table(INCIDENTS)?.iter()? {
                let key = row?.0;
                let (owner, _) = key.value();
                if let Some(found) = detectors.iter_mut().find(|found| found.name == owner) {
                    found.open_incidents += 1;
                }
            }
            let sinks = outbox::cursors(&txn.open_table(SINKS)?)?;
            let sinks = sinks.into_iter().map(|(name, cursor)| SinkShown {
                name,
                pending: outbox_next.saturating_sub(cursor.next),
                pending_bytes: cursor.backlog_bytes,
                dropped: cursor.dropped,
            });
            Ok(Shown {
                format: tables::number(&meta, tables::FORMAT_KEY)?,
                sources: txn.open_table(POSITIONS)?.len()?,
                journal_entries: txn.open_table(JOURNAL)?.len()?,
                journal_next,
                outbox_entries: txn.open_table(OUTBOX)?.len()?,
                outbox_next,
                recorded_alerts: txn.open_table(RECORDED)?.len()?,
                dead_letters: txn.open_table(DEAD_LETTERS)?.len()?,
                dead_letters_dropped: tables::number(&meta, DEAD_LETTERS_DROPPED)?,
                detectors,
                sinks: sinks.collect(),
            })
        })
    }
}

/// What does not fit together.
fn broken(txn: &WriteTransaction) -> Result<Vec<String>, redb::Error> {
    let meta = txn.open_table(META)?;
    let journal_next = tables::number(&meta, JOURNAL_NEXT)?;
    let outbox_next = tables::number(&meta, OUTBOX_NEXT)?;
    let mut broken = Vec::new();
    let mut floor = journal_next;
    for row in txn.open_table(DETECTORS)?.iter()? {
        let (name, value) = row?;
        let (seq, _) = value.value();
        floor = floor.min(seq);
        if seq > journal_next {
            let name = name.value();
            broken
                .push(format!("the state of `{name}` is at {seq}, the journal at {journal_next}"));
        }
    }
    let journal = txn.open_table(JOURNAL)?;
    broken.extend(gaps("journal", first_last(&journal)?, journal.len()?, floor..journal_next));
    let outbox = txn.open_table(OUTBOX)?;
    let cursors = outbox::cursors(&txn.open_table(SINKS)?)?;
    let floor = cursors.iter().map(|(_, cursor)| cursor.next).min().unwrap_or(outbox_next);
    broken.extend(gaps("outbox", first_last(&outbox)?, outbox.len()?, floor..outbox_next));
    for (name, Cursor { next, backlog_bytes, .. }) in cursors {
        let mut bytes = 0;
        for row in outbox.range(next..)? {
            bytes += outbox::weight(row?.1.value().3);
        }
        if bytes != backlog_bytes {
            let what = format!("{bytes} bytes wait for sink `{name}`, {backlog_bytes} are counted");
            broken.push(what);
        }
    }
    for row in txn.open_table(INCIDENTS)?.iter()? {
        let key = row?.0;
        let (detector, key) = key.value();
        if txn.open_table(DETECTORS)?.get(detector)?.is_none() {
            broken.push(format!("incident `{key}` belongs to `{detector}`, which is not there"));
        }
    }
    Ok(broken)
}

fn first_last<V: redb::Value + 'static>(
    table: &impl ReadableTable<u64, V>,
) -> Result<Option<(u64, u64)>, redb::Error> {
    let first = table.first()?.map(|(seq, _)| seq.value());
    let last = table.last()?.map(|(seq, _)| seq.value());
    Ok(first.zip(last))
}

/// A queue must hold exactly the sequences of a range.
fn gaps(
    name: &str,
    found: Option<(u64, u64)>,
    count: u64,
    expected: std::ops::Range<u64>,
) -> Option<String> {
    let is_whole = match found {
        None => expected.is_empty(),
        Some((first, last)) => {
            first == expected.start && last + 1 == expected.end && count == last - first + 1
        }
    };
    (!is_whole).then(|| {
        let (start, end) = (expected.start, expected.end);
        format!("the {name} should hold {start}..{end}; it holds {count} entries, {found:?}")
    })
}
