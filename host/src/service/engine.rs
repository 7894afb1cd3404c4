//! The engine: one loop on one thread that owns streams, order, detectors and
//! commits.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use logwasp_core::format::Format;
use logwasp_core::ledger::Ledger;
use logwasp_core::scan::Plan;

use super::blob::{Blob, NAME};
use super::cast::Cast;
use super::control::Control;
use super::entry::Entry;
use super::faults::Faults;
use super::host_alert;
use super::intake::{Intake, Row, Shared};
use super::listen::{Listener, Way, listen, segments};
use super::machine::Machine;
use super::source_record::{Known, SourceRecord, Span, Whose, record_key, span_key};
use super::watermark::{Hand, watermark};
use crate::alert::{Identified, to_stored};
use crate::checkpoint::{Commit, NewAlert, Snapshot, Store};
use crate::clock::Clock;
use crate::config::{Config, Source, SourceKind};
use crate::problem::Problem;
use crate::record::{SOURCES_MAX, Sources};
use crate::source::syslog::Inherited;
use crate::source::tail::{Arrival, FileId, Settings, Start, Tail};

/// What has not been written to for so long is as whole as it gets.
const SILENCE: Duration = Duration::from_millis(500);
/// How often positions and alerts are written when there is no journal.
const COMMIT_WITHOUT_JOURNAL: Duration = Duration::from_secs(1);
/// A commit does not wait for its time when so much is to be written.
const COMMIT_BYTES_MAX: usize = 4 << 20;
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
    pub(super) plan: &'p Plan,
    pub(super) store: &'p Store,
    pub(super) clock: &'p Arc<dyn Clock>,
    /// Files end where they end now.
    pub(super) once: bool,
}

/// Why a generation ended.
pub(super) enum End {
    /// Everything was read, or somebody asked to stop.
    Stop,
    /// Another config is in force.
    Reload(Box<(Config, Cast)>),
}

/// One generation of the service.
pub(super) struct Engine<'p> {
    set: Setting<'p>,
    machine: Machine,
    tails: Vec<Option<Tail>>,
    /// Sources that listen, by their place in the config.
    listeners: BTreeMap<usize, Listener>,
    /// Nothing was looked at yet.
    is_first_step: bool,
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
    newest: Option<i64>,
    /// Of streams that are over.
    ledger: Ledger,
}

/// When a source spoke last.
struct Voice {
    last: Duration,
    last_nanos: i64,
    is_silent: bool,
}

impl<'p> Engine<'p> {
    /// Goes on from what the store has.
    pub(super) fn new(set: Setting<'p>, inherited: &mut Inherited) -> Result<Self, Problem> {
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
        let voice = |_: &Source| Voice { last: now, last_nanos: now_nanos, is_silent: false };
        let voices = set.config.sources.iter().map(voice).collect();
        let next_number = known.records.keys().next_back().map_or(0, |last| last + 1);
        let faults = Faults::default();
        let machine = Machine::new(set.cast.start(None)?, None, &faults.quarantined);
        let mut engine = Self {
            set,
            machine,
            tails,
            listeners: BTreeMap::new(),
            is_first_step: true,
            numbers: BTreeMap::new(),
            intakes: BTreeMap::new(),
            known,
            next_number,
            sources,
            voices,
            skewed: BTreeSet::new(),
            commit: Commit::default(),
            commit_bytes: 0,
            next_sequence: recovered.journal_next,
            last_commit: now,
            last_snapshot: now,
            journal_bytes: 0,
            is_stirred: false,
            faults,
            full: None,
            newest: None,
            ledger: Ledger::default(),
        };
        engine.revive()?;
        engine.mend()?;
        engine.lay_out()?;
        engine.listen(inherited)?;
        Ok(engine)
    }

    /// Reads until somebody asks for an end.
    pub(super) fn run(&mut self, control: &Control) -> Result<End, Problem> {
        loop {
            if control.is_stopping() {
                self.drain()?;
                return Ok(End::Stop);
            }
            if control.take_reload()
                && let Some(next) = self.reload()
            {
                self.drain()?;
                return Ok(End::Reload(next));
            }
            let is_more = self.read()?;
            self.tick()?;
            if self.set.once && !is_more && self.full.is_none() {
                self.finish()?;
                return Ok(End::Stop);
            }
            if !is_more {
                std::thread::sleep(self.pause());
            }
        }
    }

    // --- reading ---

    /// Reads a little of everything; true when there is more.
    fn read(&mut self) -> Result<bool, Problem> {
        if self.full.is_some() {
            self.full = self.set.store.full_sink()?;
            if self.full.is_some() {
                return Ok(false);
            }
        }
        let now = self.set.clock.uptime();
        let now_nanos = now.as_nanos() as u64;
        let mut is_more = false;
        for index in 0..self.tails.len() {
            let Some(mut tail) = self.tails.get_mut(index).and_then(Option::take) else {
                continue;
            };
            let progress =
                tail.step(now_nanos, STEP_BYTES, &mut |arrival| self.arrive(index, arrival, now));
            is_more |= progress.has_more;
            if progress.bytes > 0 {
                self.heard(index, now);
            }
            if let Some(place) = self.tails.get_mut(index) {
                *place = Some(tail);
            }
        }
        self.is_first_step = false;
        Ok(self.receive(now) || is_more)
    }

    /// Opens the sockets of sources that listen.
    fn listen(&mut self, inherited: &mut Inherited) -> Result<(), Problem> {
        if self.set.once {
            return Ok(());
        }
        let state_dir = self.set.config.state_dir.clone().unwrap_or_default();
        for (index, source) in self.set.config.sources.iter().enumerate() {
            let SourceKind::Syslog(settings) = &source.kind else { continue };
            let listener = listen(settings, &state_dir, inherited)?;
            if matches!(listener.way, Way::Channel(_)) {
                let path = Path::new("syslog").join(&source.name);
                let (number, mut record, spans) = self.meet(index, MESSAGES, &path);
                record.set_name(&format!("syslog:{}", source.name));
                self.sources.set(number, &record.name());
                let now = self.set.clock.uptime();
                let intake = Intake::new(self.shared(index), number, record, spans, None, now);
                self.numbers.insert((index, MESSAGES), number);
                self.intakes.insert(number, intake);
            }
            self.listeners.insert(index, listener);
        }
        Ok(())
    }

    /// Takes what listeners have received; true when there may be more.
    fn receive(&mut self, now: Duration) -> bool {
        let mut batches = Vec::new();
        for (index, listener) in &mut self.listeners {
            let Way::Channel(receiver) = &mut listener.way else { continue };
            let received = std::iter::from_fn(|| receiver.try_recv().ok()).take(BATCHES_MAX);
            batches.extend(received.map(|batch| (*index, batch.bytes)));
        }
        let is_more = !batches.is_empty();
        for (index, bytes) in batches {
            self.arrive(index, Arrival::Bytes { file: MESSAGES, offset: 0, bytes: &bytes }, now);
            self.heard(index, now);
        }
        is_more
    }

    /// Closes the sockets; what has arrived is taken.
    fn hang_up(&mut self) -> Result<(), Problem> {
        let now = self.set.clock.uptime();
        let deadline = self.set.config.service.drain_timeout / 3;
        let mut batches = Vec::new();
        for (index, mut listener) in std::mem::take(&mut self.listeners) {
            listener.drain(deadline, &mut |batch| batches.push((index, batch.bytes)));
        }
        for (index, bytes) in batches {
            self.arrive(index, Arrival::Bytes { file: MESSAGES, offset: 0, bytes: &bytes }, now);
        }
        Ok(())
    }

    fn arrive(&mut self, source: usize, arrival: Arrival<'_>, now: Duration) {
        let mut rows = Vec::new();
        match arrival {
            Arrival::Opened { file, path, identity, place, modified_nanos, .. } => {
                let (number, mut record, spans) = self.meet(source, file, path);
                record.set_identity(identity);
                record.set_place(path, place);
                self.sources.set(number, &record.name());
                let shared = self.shared(source);
                let intake = Intake::new(shared, number, record, spans, Some(modified_nanos), now);
                self.numbers.insert((source, file), number);
                self.intakes.insert(number, intake);
            }
            Arrival::Bytes { file, bytes, .. } => {
                let shared = self.shared(source);
                if let Some(intake) = self.intake(source, file) {
                    intake.bytes(bytes, shared, now, &mut rows);
                }
            }
            Arrival::Grown { file, identity } => {
                if let Some(intake) = self.intake(source, file) {
                    intake.record.set_identity(identity);
                    intake.is_changed = true;
                }
            }
            Arrival::Renamed { file, path, place } => {
                if let Some(intake) = self.intake(source, file) {
                    intake.record.set_place(path, place);
                    intake.is_changed = true;
                    let (number, name) = (intake.number, intake.record.name());
                    self.sources.set(number, &name);
                }
            }
            Arrival::Truncated { .. } => {}
            Arrival::Ended { file } => return self.end(source, file),
            Arrival::Forgotten { file } => self.forget(source, file),
            Arrival::Trouble { path, problem } => {
                let source = self.set.config.sources.get(source).map_or("", |source| &source.name);
                tracing::warn!(source, path = %path.display(), "{}", problem.what);
            }
        }
        self.enter_all(rows);
    }

    /// A stream is read to its end.
    fn end(&mut self, source: usize, file: FileId) {
        let number = self.numbers.remove(&(source, file));
        let Some(mut intake) = number.and_then(|number| self.intakes.remove(&number)) else {
            return;
        };
        let mut rows = Vec::new();
        intake.end(self.shared(source), &mut rows);
        self.take(&mut intake, rows);
        self.put(&mut intake);
        self.ledger += intake.ledger();
        // What is over is known on, so that it is not read again, but not whom it covers.
        let gone = intake.spans.keys().map(|whose| (span_key(intake.number, whose), None));
        self.commit.positions.extend(gone);
        self.known.records.insert(intake.number, intake.record);
    }

    /// Nobody asks for a stream any more.
    fn forget(&mut self, source: usize, file: FileId) {
        let known = self.known_as(source, file);
        if let Some(number) = known.filter(|number| !self.intakes.contains_key(number)) {
            self.known.records.remove(&number);
            self.commit.positions.push((record_key(number), None));
        }
    }

    fn known_as(&self, source: usize, file: FileId) -> Option<u32> {
        let name = &self.set.config.sources.get(source)?.name;
        let mut records = self.known.records.iter();
        let found = records.find(|(_, record)| record.source == *name && record.file() == file);
        found.map(|(number, _)| *number)
    }

    fn intake(&mut self, source: usize, file: FileId) -> Option<&mut Intake<'p>> {
        let number = self.numbers.get(&(source, file))?;
        self.intakes.get_mut(number)
    }

    fn shared(&self, source: usize) -> Shared<'p> {
        Shared {
            plan: self.set.plan,
            zones: &self.set.config.zones,
            format: self.set.config.sources.get(source).and_then(|source| match &source.kind {
                SourceKind::File(_) => source.format,
                SourceKind::Syslog(_) => source.format.or(Some(Format::Syslog)),
            }),
            once: self.set.once,
            now_nanos: self.set.clock.now_nanos(),
        }
    }

    /// The number of a stream, its own for good; and what is known of it.
    fn meet(
        &mut self,
        source: usize,
        file: FileId,
        path: &Path,
    ) -> (u32, SourceRecord, BTreeMap<Whose, Span>) {
        if let Some(number) = self.known_as(source, file)
            && let Some(record) = self.known.records.remove(&number)
        {
            return (number, record, self.known.spans.remove(&number).unwrap_or_default());
        }
        let configured = self.set.config.sources.get(source);
        let from_end = configured.is_some_and(|source| match &source.kind {
            SourceKind::File(file) => file.from_end,
            SourceKind::Syslog(_) => false,
        });
        let name = configured.map_or("", |source| &source.name);
        // What stood there before only tells how to read what follows.
        let is_old = from_end && self.is_first_step && self.known.records.is_empty();
        let wanted_from =
            if is_old { path.metadata().map_or(0, |metadata| metadata.len()) } else { 0 };
        let number = self.next_number.min(SOURCES_MAX as u32);
        self.next_number += 1;
        (number, SourceRecord::new(name, file, wanted_from), BTreeMap::new())
    }

    /// Takes the rows of an intake that is not among the others at the moment.
    fn take(&mut self, intake: &mut Intake<'p>, rows: Vec<Row>) {
        self.newest = self.newest.max(intake.record.newest);
        self.skewed(std::mem::take(&mut intake.skewed));
        self.enter_all(rows);
    }

    // --- entries ---

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
            self.commit.alerts.push(NewAlert {
                detector: NAME.to_owned(),
                id: told.id,
                revision: told.revision,
                bytes,
            });
        }
    }

    // --- time ---

    /// What is due: silence, time, commit, snapshot.
    fn tick(&mut self) -> Result<(), Problem> {
        let now = self.set.clock.uptime();
        self.flush_silent(now);
        self.watch_voices(now);
        let interval = self.set.config.service.commit_interval;
        let interval = if interval.is_zero() { COMMIT_WITHOUT_JOURNAL } else { interval };
        let is_due = now.saturating_sub(self.last_commit) >= interval;
        if !is_due && self.commit_bytes < COMMIT_BYTES_MAX {
            return Ok(());
        }
        self.advance(now);
        self.commit()?;
        self.mend()?;
        let is_old = now.saturating_sub(self.last_snapshot) >= SNAPSHOT_INTERVAL;
        if self.is_stirred && (is_old || self.journal_bytes >= SNAPSHOT_BYTES) {
            self.snapshot()?;
        }
        Ok(())
    }

    fn flush_silent(&mut self, now: Duration) {
        let silent = self.intakes.iter().filter(|(_, intake)| {
            intake.waits() && now.saturating_sub(intake.last_bytes) >= SILENCE
        });
        let silent: Vec<u32> = silent.map(|(number, _)| *number).collect();
        for number in silent {
            let Some(mut intake) = self.intakes.remove(&number) else { continue };
            let shared = self.shared(self.source_of(&intake));
            let mut rows = Vec::new();
            intake.flush(shared, &mut rows);
            self.take(&mut intake, rows);
            self.intakes.insert(number, intake);
        }
    }

    fn source_of(&self, intake: &Intake<'p>) -> usize {
        let sources = self.set.config.sources.iter();
        let mut named = sources.enumerate().filter(|(_, s)| s.name == intake.record.source);
        named.next().map_or(usize::MAX, |(index, _)| index)
    }

    /// Lets time go on as far as it can be told.
    fn advance(&mut self, now: Duration) {
        let service = &self.set.config.service;
        let hand = |intake: &Intake<'p>| Hand {
            newest: intake.record.newest,
            is_idle: now.saturating_sub(intake.last_bytes) >= service.idle_after,
        };
        let hands = self.intakes.values().map(hand);
        let is_crowded = self.machine.waiting_rows() >= service.rows_waiting_max;
        let told = match self.set.once {
            // What is there is put in order as a whole, as far as it can wait.
            true => None,
            false => watermark(hands, service.lateness, self.set.clock.now_nanos()),
        };
        let forced = is_crowded.then(|| self.machine.middle()).flatten();
        let before = self.machine.watermark();
        let Some(next) = told.max(forced).max(before) else { return };
        if Some(next) > before || self.machine.has_late_rows() {
            self.enter(Entry::Advance(next));
        }
    }

    fn heard(&mut self, source: usize, now: Duration) {
        let now_nanos = self.set.clock.now_nanos();
        if let Some(voice) = self.voices.get_mut(source) {
            (voice.last, voice.last_nanos) = (now, now_nanos);
        }
    }

    /// Says which sources have fallen silent, and which speak again.
    fn watch_voices(&mut self, now: Duration) {
        let mut said = Vec::new();
        for (voice, source) in self.voices.iter_mut().zip(&self.set.config.sources) {
            let Some(silent_after) = source.silent_after else { continue };
            let is_silent = now.saturating_sub(voice.last) >= silent_after;
            if is_silent != voice.is_silent && !self.set.once {
                voice.is_silent = is_silent;
                said.push((source.name.clone(), is_silent, voice.last_nanos));
            }
        }
        for (source, is_silent, last) in said {
            tracing::warn!(source, is_silent, "a source falls silent or speaks again");
            let alert =
                host_alert::source_silent(&source, is_silent, last, self.set.clock.now_nanos());
            self.enter(Entry::Host(Box::new(alert)));
        }
    }

    fn skewed(&mut self, hosts: BTreeSet<String>) {
        for host in hosts {
            if self.skewed.len() < 1_000 && self.skewed.insert(host.clone()) && !self.set.once {
                let alert = host_alert::clock_skew(&host, self.set.clock.now_nanos());
                if !self.machine.is_open(&alert.key) {
                    self.enter(Entry::Host(Box::new(alert)));
                }
            }
        }
    }

    /// How long the loop may rest.
    fn pause(&self) -> Duration {
        let interval = self.set.config.service.commit_interval;
        let interval = if interval.is_zero() { PAUSE_MAX } else { interval };
        let since = self.set.clock.uptime().saturating_sub(self.last_commit);
        interval.saturating_sub(since).clamp(Duration::from_millis(1), PAUSE_MAX)
    }

    // --- the store ---

    /// Makes everything so far durable.
    fn commit(&mut self) -> Result<(), Problem> {
        self.last_commit = self.set.clock.uptime();
        let mut changed = Vec::new();
        for (number, intake) in &mut self.intakes {
            self.newest = self.newest.max(intake.record.newest);
            if intake.is_changed || !intake.spans_changed.is_empty() {
                changed.push(*number);
            }
        }
        for number in changed {
            if let Some(mut intake) = self.intakes.remove(&number) {
                self.skewed(std::mem::take(&mut intake.skewed));
                self.put(&mut intake);
                self.intakes.insert(number, intake);
            }
        }
        let commit = std::mem::take(&mut self.commit);
        self.commit_bytes = 0;
        if commit.positions.is_empty() && commit.journal.is_empty() && commit.alerts.is_empty() {
            return Ok(());
        }
        let committed = self.set.store.commit(&commit)?;
        if self.full.is_none()
            && let Some(sink) = &committed.full
        {
            tracing::warn!(sink, "its backlog is full: nothing is read until there is room");
        }
        self.full = committed.full;
        self.tidy_journals()?;
        for (detector, severity, line) in self.machine.take_log() {
            tracing::info!(detector, severity = severity.name(), "{line}");
        }
        Ok(())
    }

    /// Deletes what journals of sources hold and is committed.
    fn tidy_journals(&self) -> Result<(), Problem> {
        for listener in self.listeners.values() {
            let Way::Journal(journaled) = &listener.way else { continue };
            journaled.delete_read(|path| {
                let live = self.intakes.values().map(|intake| &intake.record);
                let mut all = live.chain(self.known.records.values());
                all.find(|record| record.path() == path).map_or(0, |record| record.offset)
            })?;
        }
        Ok(())
    }

    /// Puts where an intake stands into the next commit.
    fn put(&mut self, intake: &mut Intake<'p>) {
        let number = intake.number;
        intake.is_changed = false;
        for whose in std::mem::take(&mut intake.spans_changed) {
            if let Some(span) = intake.spans.get(&whose) {
                let span = postcard::to_stdvec(span).unwrap_or_default();
                self.commit.positions.push((span_key(number, &whose), Some(span)));
            }
        }
        let record = intake.committed().encode();
        self.commit.positions.push((record_key(number), Some(record)));
    }

    /// Keeps the state of all detectors, so that the journal can be cut.
    fn snapshot(&mut self) -> Result<(), Problem> {
        // Right behind an advance no late row waits.
        if let Some(watermark) = self.machine.watermark() {
            self.enter(Entry::Advance(watermark));
        }
        if !self.has_journal() {
            self.journal_waiting();
        }
        self.commit()?;
        self.mend()?;
        let Some(blob) = self.machine.snapshot(self.next_sequence) else { return self.mend() };
        self.set.store.snapshot(&Snapshot {
            detector: NAME,
            journal_seq: self.machine.first_needed(self.next_sequence),
            state: Some(&blob.encode()),
            incidents: &[],
        })?;
        self.last_snapshot = self.set.clock.uptime();
        self.journal_bytes = 0;
        self.is_stirred = false;
        Ok(())
    }

    /// Journals the rows that wait, under the layout of now.
    fn journal_waiting(&mut self) {
        let layout = Entry::Layout(self.machine.layout().clone());
        self.journal(&layout);
        for entry in self.machine.renumber(self.next_sequence) {
            self.journal(&entry);
        }
    }

    /// The journal names subscriptions by number: says which these are from now on.
    fn lay_out(&mut self) -> Result<(), Problem> {
        if self.machine.speaks_of_others() {
            self.journal_waiting();
            self.is_stirred = true;
        }
        self.commit()
    }

    /// Starts all detectors as of the last snapshot, and feeds them the journal since.
    /// What they say again is dropped by the store.
    fn revive(&mut self) -> Result<(), Problem> {
        let recovered = self.set.store.recover()?;
        let found = recovered.detectors.into_iter().find(|detector| detector.name == NAME);
        let from = found.as_ref().map_or(0, |found| found.journal_seq);
        let state = found.and_then(|found| found.state);
        let blob = state.as_deref().and_then(Blob::decode);
        if state.is_some() && blob.is_none() {
            tracing::error!("the detectors' state is of another version; they begin anew");
        }
        let ready = self.set.cast.start(blob.as_ref())?;
        self.machine = Machine::new(ready, blob, &self.faults.quarantined);
        for entry in self.set.store.journal_from(from)? {
            let (sequence, bytes) = entry?;
            let Some(entry) = Entry::decode(&bytes) else {
                tracing::error!(sequence, "an entry of the journal cannot be read");
                continue;
            };
            let mut told = Vec::new();
            self.machine.apply(sequence, entry, &mut told);
            self.raise(told);
        }
        self.commit()
    }

    /// Detectors that failed begin anew from the last snapshot, all together, so that
    /// what they say fits; who fails again and again is left out.
    fn mend(&mut self) -> Result<(), Problem> {
        loop {
            let faults = self.machine.take_faults();
            if faults.is_empty() {
                return Ok(());
            }
            let mut stopped = Vec::new();
            for faulted in faults {
                let now = self.set.clock.uptime();
                tracing::error!(detector = faulted.detector, fault = %faulted.fault, "it failed");
                if self.faults.add(&faulted.detector, now) {
                    tracing::error!(detector = faulted.detector, "it is not tried again");
                    stopped.push(faulted);
                }
            }
            self.commit()?;
            self.revive()?;
            for faulted in stopped {
                let now = self.set.clock.now_nanos();
                let alert = host_alert::quarantine(&faulted.detector, &faulted.fault, now);
                self.enter(Entry::Host(Box::new(alert)));
            }
        }
    }

    // --- ends ---

    /// The input ends.
    fn finish(&mut self) -> Result<(), Problem> {
        let open: Vec<_> = self.numbers.keys().copied().collect();
        for (source, file) in open {
            self.end(source, file);
        }
        self.enter(Entry::Finish(self.newest));
        self.commit()?;
        self.mend()?;
        self.snapshot()?;
        self.settle();
        Ok(())
    }

    /// What is whole is taken; everything is made durable.
    fn drain(&mut self) -> Result<(), Problem> {
        self.hang_up()?;
        let numbers: Vec<u32> = self.intakes.keys().copied().collect();
        for number in numbers {
            let Some(mut intake) = self.intakes.remove(&number) else { continue };
            let shared = self.shared(self.source_of(&intake));
            let mut rows = Vec::new();
            intake.flush(shared, &mut rows);
            self.take(&mut intake, rows);
            self.intakes.insert(number, intake);
        }
        self.advance(self.set.clock.uptime());
        self.commit()?;
        self.mend()?;
        self.snapshot()?;
        self.settle();
        Ok(())
    }

    /// The accounts of all streams of this generation.
    pub(super) fn ledger(&self) -> Ledger {
        let mut total = self.ledger;
        self.intakes.values().for_each(|intake| total += intake.ledger());
        total
    }

    /// Tells the accounts.
    fn settle(&self) {
        let (ledger, accounts) = (self.ledger(), self.machine.accounts());
        tracing::info!(
            bytes_in = ledger.bytes_in,
            bytes_skipped = ledger.bytes_skipped,
            records = ledger.records,
            damaged = ledger.damaged,
            rows_delivered = accounts.delivered,
            rows_quarantined = accounts.quarantined,
            rows_late = accounts.late,
            rows_dropped = accounts.dropped,
            rows_waiting = self.machine.waiting_rows(),
            alerts = accounts.alerts,
            faults = self.faults.count,
            "the accounts"
        );
    }

    /// The config as it is now, if it can be used.
    fn reload(&self) -> Option<Box<(Config, Cast)>> {
        let next = self.set.config.reload().and_then(|config| {
            super::check(&config)?;
            if config.state_dir != self.set.config.state_dir {
                return Err(Problem::new("`state_dir` cannot change while the service runs")
                    .hint("stop it and start it again"));
            }
            let cast = Cast::load(&config)?;
            Ok(Box::new((config, cast)))
        });
        next.inspect_err(|problem| {
            tracing::error!(
                place = problem.place,
                hint = problem.hint,
                "the config that runs stays in force: {}",
                problem.what
            );
        })
        .ok()
    }
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
            files_open_max: file.files_open_max as usize,
            ignore_older_than: file.ignore_older_than,
            follow_symlinks: file.follow_symlinks,
            ..Settings::default()
        },
        SourceKind::Syslog(syslog) if syslog.journal.is_some() => Settings {
            paths: vec![segments(
                set.config.state_dir.as_deref().unwrap_or(Path::new(".")),
                &source.name,
            )],
            ..Settings::default()
        },
        SourceKind::Syslog(_) => return Ok(None),
    };
    let of_source = known.records.values().filter(|record| record.source == source.name);
    let positions = of_source.map(SourceRecord::position).collect();
    Tail::new(settings, positions, set.clock.now_nanos()).map(Some)
}
