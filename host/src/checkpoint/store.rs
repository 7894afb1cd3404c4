//! The store itself: committing, snapshots.

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redb::{Builder, Database, ReadTransaction, ReadableDatabase, ReadableTable, WriteTransaction};

use super::outbox::SinkBound;
use super::tables::{self, DETECTORS, FORMAT, INCIDENTS, JOURNAL, JOURNAL_NEXT, META, POSITIONS};
use super::{outbox, recorded};
use crate::alert::OpenIncident;
use crate::clock::Clock;
use crate::problem::Problem;

/// The database's cache, in bytes. What is read again soon (the outbox, the head of
/// the journal) is small.
pub(super) const CACHE_BYTES: usize = 4 << 20;

/// One transaction's worth of progress.
#[derive(Debug, Clone, Default)]
pub struct Commit {
    /// Positions by the key of their source; `None` forgets the source.
    pub positions: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    /// Rows and advances in the order in which detectors get them.
    pub journal: Vec<Vec<u8>>,
    /// Alerts in the order in which they were raised.
    pub alerts: Vec<NewAlert>,
}

/// An alert on its way into the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAlert {
    /// Who raised it.
    pub detector: String,
    /// Its id.
    pub id: String,
    /// Its revision.
    pub revision: u64,
    /// The alert itself, for the sinks.
    pub bytes: Vec<u8>,
}

/// What a commit came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Committed {
    /// Alerts that had been recorded before, and were not taken again.
    pub repeats: u64,
    /// The others, by their place in the commit.
    pub taken: Vec<usize>,
    /// The journal sequence that the next entry gets.
    pub journal_next: u64,
    /// A sink whose backlog is full and that must not lose anything: take nothing
    /// more from the sources until [`Store::full_sink`] is `None`.
    pub full: Option<String>,
}

/// A detector's state, and what belongs to the same moment.
#[derive(Debug, Clone)]
pub struct Snapshot<'a> {
    /// The detector.
    pub detector: &'a str,
    /// The first journal sequence that the state has not seen.
    pub journal_seq: u64,
    /// The state; `None` begins empty at this place.
    pub state: Option<&'a [u8]>,
    /// Its open incidents at that moment.
    pub incidents: &'a [OpenIncident],
}

/// The store. Many threads may share it; writers take turns.
#[derive(Debug)]
pub struct Store {
    pub(super) db: Database,
    pub(super) bounds: Mutex<BTreeMap<String, SinkBound>>,
    clock: Arc<dyn Clock>,
    path: String,
    /// Held as long as the store is.
    _lock: Option<File>,
    news: Mutex<News>,
    bell: Condvar,
}

/// What those who wait for alerts look at.
#[derive(Debug, Default)]
struct News {
    /// The outbox sequence that the next alert gets.
    next: u64,
    /// How often somebody called [`Store::wake`].
    calls: u64,
}

impl Store {
    /// The store in a storage that is handed in: a simulation's. To begin one is
    /// not safe from power cuts: only [`Store::open`] knows how to.
    pub fn on_backend(
        backend: impl redb::StorageBackend,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Problem> {
        let path = "a given storage".to_owned();
        let db = Builder::new().set_cache_size(CACHE_BYTES).create_with_backend(backend);
        let db = db.map_err(|error| trouble(&path, &error.into()))?;
        Self::with_database(db, path, None, clock)
    }

    pub(super) fn with_database(
        db: Database,
        path: String,
        lock: Option<File>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Problem> {
        let (bounds, news) = (Mutex::default(), Mutex::default());
        let store = Self { db, bounds, clock, path, _lock: lock, news, bell: Condvar::new() };
        let format = store.format()?;
        if format > FORMAT {
            let what = format!("the state is of format {format}, this build knows {FORMAT}");
            return Err(Problem::new(what)
                .at(&store.path)
                .hint("run the newer version that wrote it, or choose another `state_dir`"));
        }
        if format == 0 {
            store.write(tables::create)?;
        }
        store.tell(store.read(outbox::next)?);
        Ok(store)
    }

    /// The format of what is there; 0 when nothing is.
    fn format(&self) -> Result<u64, Problem> {
        self.read(|txn| match txn.open_table(META) {
            Ok(meta) => tables::number(&meta, tables::FORMAT_KEY),
            Err(redb::TableError::TableDoesNotExist(_)) => Ok(0),
            Err(error) => Err(error.into()),
        })
    }

    /// Makes progress durable: all of it, or nothing.
    pub fn commit(&self, commit: &Commit) -> Result<Committed, Problem> {
        let now = self.clock.now_nanos();
        let bounds = guard(&self.bounds).clone();
        let (committed, newest) = self.write(|txn| {
            put_positions(txn, &commit.positions)?;
            let journal_next = append_journal(txn, &commit.journal)?;
            let taken = recorded::first_time(txn, &commit.alerts, journal_next)?;
            let new: Vec<_> = taken.iter().filter_map(|at| commit.alerts.get(*at)).collect();
            let repeats = (commit.alerts.len() - new.len()) as u64;
            let newest = outbox::append(txn, &new, now)?;
            outbox::enforce(txn, &bounds, now)?;
            let full = outbox::full_sink(&txn.open_table(tables::SINKS)?, &bounds)?;
            Ok((Committed { repeats, taken, journal_next, full }, newest))
        })?;
        self.tell(newest);
        Ok(committed)
    }

    /// Names the detectors that take part. A new one begins at the journal's
    /// present; one that is not named any more is forgotten with its state and its
    /// incidents.
    pub fn set_detectors(&self, names: &[&str]) -> Result<(), Problem> {
        self.write(|txn| {
            let next = tables::number(&txn.open_table(META)?, JOURNAL_NEXT)?;
            let mut detectors = txn.open_table(DETECTORS)?;
            detectors.retain(|name, _| names.contains(&name))?;
            for name in names {
                if detectors.get(*name)?.is_none() {
                    detectors.insert(*name, (next, None))?;
                }
            }
            txn.open_table(INCIDENTS)?.retain(|(name, _), _| names.contains(&name))?;
            recorded::keep_detectors(txn, names)?;
            drop(detectors);
            cut_journal(txn)
        })
    }

    /// Keeps a detector's state. What the state has seen must have been committed
    /// before, rows and alerts: they cannot be raised again. A state behind the last
    /// one, or beyond the journal, is refused. The journal is cut where no detector needs it any
    /// more, and what was recorded of alerts that the state has behind it is
    /// forgotten.
    pub fn snapshot(&self, snapshot: &Snapshot<'_>) -> Result<(), Problem> {
        let Snapshot { detector, journal_seq, state, incidents } = *snapshot;
        let (least, most) = self.read(|txn| snapshot_range(txn, detector))?;
        if !(least..=most).contains(&journal_seq) {
            let what =
                format!("a state of `{detector}` at {journal_seq} is not in {least}..={most}");
            return Err(Problem::new(what).at(&self.path));
        }
        self.write(|txn| {
            txn.open_table(DETECTORS)?.insert(detector, (journal_seq, state))?;
            let mut table = txn.open_table(INCIDENTS)?;
            table.retain(|(name, _), _| name != detector)?;
            for open in incidents {
                let key = (detector, open.key.as_str());
                table.insert(key, (open.id.as_str(), open.revision))?;
            }
            drop(table);
            recorded::forget_covered(txn, detector, journal_seq)?;
            cut_journal(txn)
        })
    }

    /// The outbox sequence that the next alert gets.
    pub fn outbox_next(&self) -> u64 {
        guard(&self.news).next
    }

    /// Waits until the next alert would get a higher sequence than this, somebody
    /// calls [`Store::wake`], or the time is over.
    pub fn wait_for_alerts(&self, seen: u64, timeout: Duration) {
        let news = guard(&self.news);
        let calls = news.calls;
        let is_still = |news: &mut News| news.next <= seen && news.calls == calls;
        drop(self.bell.wait_timeout_while(news, timeout, is_still));
    }

    /// Wakes everybody who waits for alerts.
    pub fn wake(&self) {
        guard(&self.news).calls += 1;
        self.bell.notify_all();
    }

    fn tell(&self, next: u64) {
        guard(&self.news).next = next;
        self.bell.notify_all();
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn now_nanos(&self) -> i64 {
        self.clock.now_nanos()
    }

    pub(super) fn write<T>(
        &self,
        work: impl FnOnce(&WriteTransaction) -> Result<T, redb::Error>,
    ) -> Result<T, Problem> {
        let result = (|| {
            let txn = self.db.begin_write()?;
            let value = work(&txn)?;
            // Durability is `Immediate`, the default: on disk when this returns.
            txn.commit()?;
            Ok(value)
        })();
        result.map_err(|error: redb::Error| trouble(&self.path, &error))
    }

    pub(super) fn read<T>(
        &self,
        work: impl FnOnce(&ReadTransaction) -> Result<T, redb::Error>,
    ) -> Result<T, Problem> {
        let result = (|| work(&self.db.begin_read()?))();
        result.map_err(|error: redb::Error| trouble(&self.path, &error))
    }

    pub(super) fn trouble(&self, error: impl Into<redb::Error>) -> Problem {
        trouble(&self.path, &error.into())
    }
}

fn put_positions(
    txn: &WriteTransaction,
    positions: &[(Vec<u8>, Option<Vec<u8>>)],
) -> Result<(), redb::Error> {
    let mut table = txn.open_table(POSITIONS)?;
    for (source, position) in positions {
        match position {
            Some(position) => table.insert(source.as_slice(), position.as_slice())?,
            None => table.remove(source.as_slice())?,
        };
    }
    Ok(())
}

/// Appends to the journal; the sequence that the next entry gets.
fn append_journal(txn: &WriteTransaction, entries: &[Vec<u8>]) -> Result<u64, redb::Error> {
    let mut meta = txn.open_table(META)?;
    let mut next = tables::number(&meta, JOURNAL_NEXT)?;
    let mut journal = txn.open_table(JOURNAL)?;
    for entry in entries {
        journal.insert(next, entry.as_slice())?;
        next += 1;
    }
    if !entries.is_empty() {
        meta.insert(JOURNAL_NEXT, next)?;
    }
    Ok(next)
}

/// Where in the journal the next state of a detector may be: from its last one to
/// the end.
fn snapshot_range(txn: &ReadTransaction, detector: &str) -> Result<(u64, u64), redb::Error> {
    let next = tables::number(&txn.open_table(META)?, JOURNAL_NEXT)?;
    let last = txn.open_table(DETECTORS)?.get(detector)?.map(|value| value.value().0);
    Ok((last.unwrap_or(next), next))
}

/// Cuts the journal below what the detector needs that is furthest behind.
fn cut_journal(txn: &WriteTransaction) -> Result<(), redb::Error> {
    let mut floor = tables::number(&txn.open_table(META)?, JOURNAL_NEXT)?;
    for row in txn.open_table(DETECTORS)?.iter()? {
        floor = floor.min(row?.1.value().0);
    }
    txn.open_table(JOURNAL)?.retain_in(..floor, |_, _| false)?;
    Ok(())
}

pub(crate) fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn trouble(path: &str, error: &redb::Error) -> Problem {
    let problem = Problem::new(format!("the state cannot be used: {error}")).at(path);
    match error {
        redb::Error::Corrupted(_) => problem.hint(
            "`logwasp state check` says how bad it is; without the file, everything is read anew",
        ),
        redb::Error::UpgradeRequired(_) => {
            problem.hint("it was written by another version; choose another `state_dir`")
        }
        redb::Error::Io(error) if error.kind() == std::io::ErrorKind::StorageFull => {
            problem.hint("make room on that disk")
        }
        _ => problem,
    }
}
