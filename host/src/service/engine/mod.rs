//! The engine: one loop on one thread that owns streams, order, detectors and
//! commits.

mod durable;
mod ends;
mod piping;
mod publish;
mod reading;
#[cfg(test)]
#[path = "../../../../tests/sim/mod.rs"]
pub(in crate::service) mod sim;
mod time;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use logwasp_core::format::Format;

use super::blob::{Blob, NAME};
use super::board::Board;
use super::cast::Cast;
use super::control::Control;
use super::crowd::{Room, Waiting, forced};
use super::entry::Entry;
use super::faults::Faults;
use super::host_alert;
use super::intake::{Intake, Row, Shared};
use super::listen::{Listeners, Way, segments};
use super::machine::Machine;
use super::pipe::Pipe;
use super::source_record::{Known, SourceRecord, Span, Whose, met_key, record_key, span_key};
use super::watermark::{Hand, watermark};
use crate::alert::{Identified, to_stored};
use crate::checkpoint::{Commit, NewAlert, Recovered, Snapshot, Store};
use crate::clock::Clock;
use crate::config::{Config, Source, SourceKind};
use crate::problem::Problem;
use crate::record::{SOURCES_MAX, Sources};
use crate::source::tail::{Arrival, FileId, Hold, Progress, Settings, Start, Tail};
use publish::Meters;

/// What has not been written to for so long is as whole as it gets.
const SILENCE: Duration = Duration::from_millis(500);
/// How often positions and alerts are written when there is no journal.
const COMMIT_WITHOUT_JOURNAL: Duration = Duration::from_secs(1);
/// A commit does not wait for its time when so much is to be written.
const COMMIT_BYTES_MAX: usize = 4 << 20;
/// Rows that go to the detectors before what they said is looked at.
const ADVANCE_ROWS_MAX: usize = 4_096;
/// Journal and time behind a snapshot, before the next is taken.
const SNAPSHOT_BYTES: usize = 16 << 20;
const SNAPSHOT_INTERVAL: Duration = Duration::from_mins(1);
/// The stream of a source that listens and keeps no journal.
const MESSAGES: FileId = FileId(u32::MAX);
/// Batches of one source that are taken before others have their turn.
const BATCHES_MAX: usize = 64;
/// Bytes read of a source before others have their turn.
const STEP_BYTES: usize = 1 << 20;
/// The loop looks around at least so often.
const PAUSE_MAX: Duration = Duration::from_millis(100);

/// What a generation works with.
pub(super) struct Setting<'p> {
    pub(super) config: &'p Config,
    pub(super) cast: &'p Cast,
    pub(super) store: &'p Store,
    pub(super) clock: &'p Arc<dyn Clock>,
    /// Files end where they end now.
    pub(super) once: bool,
    /// Where others look.
    pub(super) board: &'p Board,
    /// Standard input.
    pub(super) pipe: &'p RefCell<Pipe>,
}

/// Why a generation ended.
pub(super) enum End {
    /// Everything was read, or somebody asked to stop.
    Stop,
    /// Another config is in force.
    Reload(Box<(Config, Cast)>),
}

/// One generation of the service.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Engine<'p> {
    set: Setting<'p>,
    machine: Machine,
    tails: Vec<Option<Tail>>,
    /// Sources that listen, by their place in the config.
    listeners: Listeners,
    /// Sources that no earlier run has looked at.
    first_runs: Vec<bool>,
    /// Nothing was looked at yet.
    is_first_step: bool,
    /// Everything that was there at the start has been read.
    is_caught_up: bool,
    /// The numbers of files, by source and file.
    numbers: BTreeMap<(usize, FileId), u32>,
    intakes: BTreeMap<u32, Intake<'p>>,
    /// Of files that were met before, and not again yet.
    known: Known,
    next_number: u32,
    sources: Sources,
    voices: Vec<Voice>,
    skewed: BTreeSet<String>,
    commit: Commit,
    commit_bytes: usize,
    next_sequence: u64,
    last_commit: Duration,
    last_snapshot: Duration,
    /// Bytes of entries since the last snapshot.
    journal_bytes: usize,
    is_stirred: bool,
    faults: Faults,
    full: Option<String>,
    /// Whoever was read gave nothing: those that are held are read once.
    is_stuck: bool,
    /// The newest time that any probe told.
    newest: Option<i64>,
    meters: Meters,
}

/// When a source spoke last.
struct Voice {
    last: Duration,
    last_nanos: i64,
    /// In this generation.
    has_spoken: bool,
}

impl<'p> Engine<'p> {
    /// Goes on from what the store has.
    pub(super) fn new(set: Setting<'p>, listeners: Listeners) -> Result<Self, Problem> {
        set.store.set_detectors(&[NAME])?;
        let recovered = set.store.recover()?;
        let known = Known::read(&recovered.positions);
        if known.unreadable > 0 {
            tracing::error!(count = known.unreadable, "positions of another version are left out");
        }
        let mut sources = Sources::default();
        for (number, record) in &known.records {
            sources.set(*number, &record.name());
        }
        let (now, now_nanos) = (set.clock.uptime(), set.clock.now_nanos());
        let mut tails = Vec::new();
        for source in &set.config.sources {
            tails.push(tail(&set, source, &known)?);
        }
        let voice = |_: &Source| Voice { last: now, last_nanos: now_nanos, has_spoken: false };
        let voices = set.config.sources.iter().map(voice).collect();
        let next_number = known.records.keys().next_back().map_or(0, |last| last + 1);
        let faults = Faults::default();
        let is_new = |source: &Source| !known.has_met(&source.name);
        let first_runs = set.config.sources.iter().map(is_new).collect();
        let newest = known.records.values().filter_map(|record| record.newest).max();
        let next_sequence = recovered.journal_next;
        let (machine, from) = restore(&set, recovered, &faults)?;
        let mut engine = Self {
            set,
            machine,
            tails,
            listeners: Listeners::new(),
            first_runs,
            is_first_step: true,
            is_caught_up: false,
            numbers: BTreeMap::new(),
            intakes: BTreeMap::new(),
            known,
            next_number,
            sources,
            voices,
            skewed: BTreeSet::new(),
            commit: Commit::default(),
            commit_bytes: 0,
            next_sequence,
            last_commit: now,
            last_snapshot: now,
            journal_bytes: 0,
            is_stirred: false,
            faults,
            full: None,
            is_stuck: false,
            newest,
            meters: Meters::default(),
        };
        engine.replay(from)?;
        engine.close_outdated();
        engine.mend()?;
        engine.lay_out()?;
        engine.open_pipe()?;
        engine.listen(listeners);
        Ok(engine)
    }

    /// Reads until somebody asks for an end.
    pub(super) fn run(&mut self, control: &Control) -> Result<End, Problem> {
        loop {
            self.set.board.turn();
            if control.is_stopping() {
                self.set.board.manager().stopping();
                self.drain()?;
                return Ok(End::Stop);
            }
            if control.take_reload() {
                self.set.board.manager().reloading(self.set.clock.uptime());
                if let Some(next) = self.reload() {
                    self.drain()?;
                    return Ok(End::Reload(next));
                }
                self.set.board.manager().ready();
            }
            let is_more = self.step()?;
            if self.set.once && !is_more && !self.is_piping() && self.finish()? {
                return Ok(End::Stop);
            }
            if !is_more {
                std::thread::sleep(self.pause());
            }
        }
    }

    /// Reads a little of everything, and does what is due; true when there is more.
    fn step(&mut self) -> Result<bool, Problem> {
        let is_more = self.read()?;
        self.tick()?;
        Ok(is_more)
    }

    fn enter_all(&mut self, rows: Vec<Row>) {
        for (key, bytes) in rows {
            self.enter(Entry::Row { key, bytes });
        }
    }

    /// Journals an entry and gives it to the detectors.
    fn enter(&mut self, entry: Entry) {
        let sequence = self.next_sequence;
        if self.has_journal() {
            self.journal(&entry);
        }
        self.is_stirred = true;
        let mut told = Vec::new();
        self.machine.apply(sequence, entry, &mut told);
        self.raise(told);
    }

    fn journal(&mut self, entry: &Entry) {
        let bytes = entry.encode();
        self.journal_bytes += bytes.len();
        self.commit_bytes += bytes.len();
        self.commit.journal.push(bytes);
        self.next_sequence += 1;
    }

    fn has_journal(&self) -> bool {
        !self.set.config.service.commit_interval.is_zero()
    }

    fn raise(&mut self, told: Vec<Identified>) {
        for told in told {
            let bytes = to_stored(&told, &self.sources);
            self.commit_bytes += bytes.len();
            self.meters.raise(&told);
            self.commit.alerts.push(NewAlert {
                detector: NAME.to_owned(),
                id: told.id,
                revision: told.revision,
                bytes,
            });
        }
    }
}

/// The machine as of the last snapshot, and where in the journal it goes on.
fn restore(
    set: &Setting<'_>,
    recovered: Recovered,
    faults: &Faults,
) -> Result<(Machine, u64), Problem> {
    let found = recovered.detectors.into_iter().find(|detector| detector.name == NAME);
    let from = found.as_ref().map_or(0, |found| found.journal_seq);
    let state = found.and_then(|found| found.state);
    let blob = state.as_deref().and_then(Blob::decode);
    if state.is_some() && blob.is_none() {
        tracing::error!("the detectors' state is of another version; they begin anew");
    }
    let ready = set.cast.start(blob.as_ref())?;
    Ok((Machine::new(ready, blob, &faults.quarantined), from))
}

/// The files of a source, from where they were left; `None` for one that has none.
fn tail(set: &Setting<'_>, source: &Source, known: &Known) -> Result<Option<Tail>, Problem> {
    let settings = match &source.kind {
        SourceKind::File(file) => Settings {
            paths: file.paths.clone(),
            exclude: file.exclude.clone(),
            // What stood there is read for what it says of the rest.
            start: Start::Beginning,
            watch: file.watch && !set.once,
            poll_interval: file.poll_interval,
            rotated_wait: file.rotated_wait,
            close_idle_after: file.close_idle_after,
            files_open_max: file.files_open_max,
            chunk_bytes: file.chunk_bytes,
            ignore_older_than: file.ignore_older_than,
            follow_symlinks: file.follow_symlinks,
        },
        SourceKind::Syslog(syslog) if syslog.journal.is_some() => Settings {
            paths: vec![segments(
                set.config.state_dir.as_deref().unwrap_or(Path::new(".")),
                &source.name,
            )],
            ..Settings::default()
        },
        SourceKind::Syslog(_) | SourceKind::Stdin => return Ok(None),
    };
    let of_source = known.records.values().filter(|record| record.source == source.name);
    let positions = of_source.map(SourceRecord::position).collect();
    Tail::new(settings, positions, set.clock.now_nanos()).map(Some)
}
