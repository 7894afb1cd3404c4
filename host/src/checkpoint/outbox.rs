//! The outbox: alerts between the commit and the sinks.
//!
//! One queue, and for each sink a cursor into it. An entry goes when every cursor
//! has passed it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use redb::{ReadTransaction, ReadableTable, WriteTransaction};

use super::store::{NewAlert, Store, guard};
use super::tables::{
    self, DEAD_LETTERS, DEAD_LETTERS_DROPPED, DEAD_LETTERS_NEXT, META, OUTBOX, OUTBOX_NEXT, SINKS,
};
use crate::problem::Problem;

/// Dead letters that are kept; then the oldest go, counted.
const DEAD_LETTERS_MAX: u64 = 10_000;
/// Bytes of an entry beside the alert's own, so that empty ones weigh something.
const ENTRY_BYTES: u64 = 64;

/// What happens when a sink's backlog is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFull {
    /// Sources are slowed: nothing is lost.
    Block,
    /// It grows on, up to its second bound; then sources are slowed.
    Spill,
    /// The oldest entries are given up, and counted.
    DropCounted,
}

/// How far a sink may fall behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinkBound {
    /// The sink.
    pub name: String,
    /// What happens then.
    pub on_full: OnFull,
    /// Its backlog's bound, in bytes.
    pub backlog_bytes_max: u64,
    /// The second bound of [`OnFull::Spill`], in bytes.
    pub spill_bytes_max: u64,
    /// With [`OnFull::DropCounted`], entries older than this are given up too.
    pub backlog_age_max: Option<Duration>,
}

/// An alert to deliver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Its place in the outbox.
    pub seq: u64,
    /// The alert's id.
    pub id: String,
    /// Its revision.
    pub revision: u64,
    /// When it was committed, in nanoseconds since the Unix epoch.
    pub time: i64,
    /// The alert.
    pub bytes: Vec<u8>,
}

/// A sink's line in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cursor {
    /// The first sequence that it does not have.
    pub(super) next: u64,
    /// Bytes from there on.
    pub(super) backlog_bytes: u64,
    /// Entries that were given up for it.
    pub(super) dropped: u64,
}

impl From<(u64, u64, u64)> for Cursor {
    fn from((next, backlog_bytes, dropped): (u64, u64, u64)) -> Self {
        Self { next, backlog_bytes, dropped }
    }
}

impl From<Cursor> for (u64, u64, u64) {
    fn from(cursor: Cursor) -> Self {
        (cursor.next, cursor.backlog_bytes, cursor.dropped)
    }
}

impl Store {
    /// Names the sinks that take part, and their bounds. A new one begins at the
    /// outbox's present; one that is not named any more is forgotten.
    pub fn set_sinks(&self, bounds: &[SinkBound]) -> Result<(), Problem> {
        self.write(|txn| {
            let next = tables::number(&txn.open_table(META)?, OUTBOX_NEXT)?;
            let mut sinks = txn.open_table(SINKS)?;
            sinks.retain(|name, _| bounds.iter().any(|bound| bound.name == name))?;
            for bound in bounds {
                if sinks.get(bound.name.as_str())?.is_none() {
                    sinks.insert(bound.name.as_str(), (next, 0, 0))?;
                }
            }
            drop(sinks);
            trim(txn)
        })?;
        let by_name = bounds.iter().map(|bound| (bound.name.clone(), bound.clone()));
        *guard(&self.bounds) = by_name.collect();
        Ok(())
    }

    /// The oldest entries that a sink does not have. At least one, if there is any,
    /// whatever its bytes.
    pub fn pending(
        &self,
        sink: &str,
        count_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<Outgoing>, Problem> {
        self.read(|txn| {
            let Some(cursor) = cursor(&txn.open_table(SINKS)?, sink)? else {
                return Ok(Vec::new());
            };
            let mut pending: Vec<Outgoing> = Vec::new();
            let mut bytes = 0;
            for row in txn.open_table(OUTBOX)?.range(cursor.next..)? {
                let (seq, value) = row?;
                let (id, revision, time, alert) = value.value();
                bytes += alert.len();
                if pending.len() >= count_max.max(1) || (bytes > bytes_max && !pending.is_empty()) {
                    break;
                }
                pending.push(Outgoing {
                    seq: seq.value(),
                    id: id.to_owned(),
                    revision,
                    time,
                    bytes: alert.to_vec(),
                });
            }
            Ok(pending)
        })
    }

    /// The sink has everything up to this sequence, and this one. Durable when it
    /// returns.
    pub fn acknowledge(&self, sink: &str, up_to_seq: u64) -> Result<(), Problem> {
        self.write(|txn| {
            pass(txn, sink, up_to_seq.saturating_add(1), 0)?;
            trim(txn)
        })
    }

    /// The sink's peer refuses these for good: they are kept aside with the reason.
    /// The cursor does not move.
    pub fn dead_letters(&self, sink: &str, letters: &[(u64, String)]) -> Result<(), Problem> {
        let now = self.now_nanos();
        self.write(|txn| {
            for (seq, reason) in letters {
                bury(txn, sink, *seq, reason, now)?;
            }
            bound_dead_letters(txn)
        })
    }

    /// A sink that must not lose anything and whose backlog is full.
    pub fn full_sink(&self) -> Result<Option<String>, Problem> {
        let bounds = guard(&self.bounds).clone();
        self.read(|txn| full_sink(&txn.open_table(SINKS)?, &bounds))
    }

    /// How far a sink is behind: entries, bytes, and the time of the oldest entry.
    pub fn backlog(&self, sink: &str) -> Result<Backlog, Problem> {
        self.read(|txn| {
            let next = tables::number(&txn.open_table(META)?, OUTBOX_NEXT)?;
            let Some(cursor) = cursor(&txn.open_table(SINKS)?, sink)? else {
                return Ok(Backlog::default());
            };
            let outbox = txn.open_table(OUTBOX)?;
            let oldest = outbox.range(cursor.next..)?.next().transpose()?;
            Ok(Backlog {
                count: next.saturating_sub(cursor.next),
                bytes: cursor.backlog_bytes,
                dropped: cursor.dropped,
                oldest: oldest.map(|(_, value)| value.value().2),
            })
        })
    }
}

/// How far a sink is behind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Entries that it does not have.
    pub count: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Entries that were given up for it so far.
    pub dropped: u64,
    /// When the oldest of them was committed, in nanoseconds since the Unix epoch.
    pub oldest: Option<i64>,
}

/// The sequence that the next alert gets.
pub(super) fn next(txn: &ReadTransaction) -> Result<u64, redb::Error> {
    tables::number(&txn.open_table(META)?, OUTBOX_NEXT)
}

/// Appends alerts for all sinks; the sequence that the next one gets. Without sinks
/// nothing is kept.
pub(super) fn append(
    txn: &WriteTransaction,
    alerts: &[&NewAlert],
    now: i64,
) -> Result<u64, redb::Error> {
    let mut meta = txn.open_table(META)?;
    let mut next = tables::number(&meta, OUTBOX_NEXT)?;
    if alerts.is_empty() {
        return Ok(next);
    }
    let mut outbox = txn.open_table(OUTBOX)?;
    let mut bytes = 0;
    for alert in alerts {
        let value = (alert.id.as_str(), alert.revision, now, alert.bytes.as_slice());
        outbox.insert(next, value)?;
        bytes += weight(&alert.bytes);
        next += 1;
    }
    meta.insert(OUTBOX_NEXT, next)?;
    let mut sinks = txn.open_table(SINKS)?;
    for (name, mut cursor) in cursors(&sinks)? {
        cursor.backlog_bytes = cursor.backlog_bytes.saturating_add(bytes);
        sinks.insert(name.as_str(), <(u64, u64, u64)>::from(cursor))?;
    }
    drop((meta, outbox, sinks));
    trim(txn)?;
    Ok(next)
}

/// Gives up the oldest entries of sinks whose policy says so.
pub(super) fn enforce(
    txn: &WriteTransaction,
    bounds: &BTreeMap<String, SinkBound>,
    now: i64,
) -> Result<(), redb::Error> {
    let mut has_dropped = false;
    for bound in bounds.values().filter(|bound| bound.on_full == OnFull::DropCounted) {
        let Some(cursor) = cursor(&txn.open_table(SINKS)?, &bound.name)? else { continue };
        let (next, dropped) = survivors(txn, cursor, bound, now)?;
        if dropped > 0 {
            pass(txn, &bound.name, next, dropped)?;
            has_dropped = true;
        }
    }
    if has_dropped { trim(txn) } else { Ok(()) }
}

/// The first entry that stays within the bounds, and how many do not.
fn survivors(
    txn: &WriteTransaction,
    cursor: Cursor,
    bound: &SinkBound,
    now: i64,
) -> Result<(u64, u64), redb::Error> {
    let age_max = bound.backlog_age_max.and_then(|age| i64::try_from(age.as_nanos()).ok());
    let (mut next, mut bytes, mut dropped) = (cursor.next, cursor.backlog_bytes, 0);
    for row in txn.open_table(OUTBOX)?.range(cursor.next..)? {
        let (seq, value) = row?;
        let (_, _, time, alert) = value.value();
        let is_old = age_max.is_some_and(|max| now.saturating_sub(time) > max);
        if bytes <= bound.backlog_bytes_max && !is_old {
            break;
        }
        bytes = bytes.saturating_sub(weight(alert));
        next = seq.value() + 1;
        dropped += 1;
    }
    Ok((next, dropped))
}

/// A sink that must not lose anything and whose backlog is full.
pub(super) fn full_sink(
    sinks: &impl ReadableTable<&'static str, (u64, u64, u64)>,
    bounds: &BTreeMap<String, SinkBound>,
) -> Result<Option<String>, redb::Error> {
    for bound in bounds.values() {
        let bytes_max = match bound.on_full {
            OnFull::Block => bound.backlog_bytes_max,
            OnFull::Spill => bound.spill_bytes_max.max(bound.backlog_bytes_max),
            OnFull::DropCounted => continue,
        };
        let backlog = cursor(sinks, &bound.name)?.map_or(0, |cursor| cursor.backlog_bytes);
        if backlog >= bytes_max {
            return Ok(Some(bound.name.clone()));
        }
    }
    Ok(None)
}

/// Moves a sink's cursor on, never back.
fn pass(txn: &WriteTransaction, sink: &str, next: u64, dropped: u64) -> Result<(), redb::Error> {
    let end = tables::number(&txn.open_table(META)?, OUTBOX_NEXT)?;
    let next = next.min(end);
    let mut sinks = txn.open_table(SINKS)?;
    let Some(mut cursor) = cursor(&sinks, sink)? else { return Ok(()) };
    if next <= cursor.next {
        return Ok(());
    }
    let passed = bytes_in(txn, cursor.next..next)?;
    cursor.next = next;
    cursor.backlog_bytes = cursor.backlog_bytes.saturating_sub(passed);
    cursor.dropped += dropped;
    sinks.insert(sink, <(u64, u64, u64)>::from(cursor))?;
    Ok(())
}

fn bytes_in(txn: &WriteTransaction, range: Range<u64>) -> Result<u64, redb::Error> {
    let mut bytes = 0;
    for row in txn.open_table(OUTBOX)?.range(range)? {
        bytes += weight(row?.1.value().3);
    }
    Ok(bytes)
}

pub(super) fn weight(alert: &[u8]) -> u64 {
    alert.len() as u64 + ENTRY_BYTES
}

/// Deletes what every sink has.
fn trim(txn: &WriteTransaction) -> Result<(), redb::Error> {
    let mut floor = tables::number(&txn.open_table(META)?, OUTBOX_NEXT)?;
    for (_, cursor) in cursors(&txn.open_table(SINKS)?)? {
        floor = floor.min(cursor.next);
    }
    txn.open_table(OUTBOX)?.retain_in(..floor, |_, _| false)?;
    Ok(())
}

fn bury(
    txn: &WriteTransaction,
    sink: &str,
    seq: u64,
    reason: &str,
    now: i64,
) -> Result<(), redb::Error> {
    let outbox = txn.open_table(OUTBOX)?;
    let Some(entry) = outbox.get(seq)? else { return Ok(()) };
    let (id, revision, _, alert) = entry.value();
    let mut meta = txn.open_table(META)?;
    let next = tables::number(&meta, DEAD_LETTERS_NEXT)?;
    meta.insert(DEAD_LETTERS_NEXT, next + 1)?;
    let mut letters = txn.open_table(DEAD_LETTERS)?;
    letters.insert(next, (sink, id, revision, now, reason, alert))?;
    Ok(())
}

fn bound_dead_letters(txn: &WriteTransaction) -> Result<(), redb::Error> {
    let mut meta = txn.open_table(META)?;
    let next = tables::number(&meta, DEAD_LETTERS_NEXT)?;
    let floor = next.saturating_sub(DEAD_LETTERS_MAX);
    let mut dropped = 0;
    txn.open_table(DEAD_LETTERS)?.retain_in(..floor, |_, _| {
        dropped += 1;
        false
    })?;
    if dropped > 0 {
        tables::add(&mut meta, DEAD_LETTERS_DROPPED, dropped)?;
    }
    Ok(())
}

pub(super) fn cursor(
    sinks: &impl ReadableTable<&'static str, (u64, u64, u64)>,
    sink: &str,
) -> Result<Option<Cursor>, redb::Error> {
    Ok(sinks.get(sink)?.map(|value| value.value().into()))
}

pub(super) fn cursors(
    sinks: &impl ReadableTable<&'static str, (u64, u64, u64)>,
) -> Result<Vec<(String, Cursor)>, redb::Error> {
    let mut cursors = Vec::new();
    for row in sinks.iter()? {
        let (name, value) = row?;
        cursors.push((name.value().to_owned(), value.value().into()));
    }
    Ok(cursors)
}
