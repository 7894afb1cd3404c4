//! Reading: from what arrives to rows.

use super::{
    Arc, Arrival, BATCHES_MAX, BTreeMap, Duration, Engine, FileId, Format, Hold, Intake, Listeners,
    MESSAGES, Path, Problem, Progress, Room, Row, SOURCES_MAX, STEP_BYTES, Shared, SourceKind,
    SourceRecord, Span, Way, Whose, host_alert, met_key, record_key, span_key,
};
use crate::service::board::SyslogSheet;

impl<'p> Engine<'p> {
    /// Reads a little of everything, or of those who hold time back when many rows
    /// wait; true when there is more.
    pub(super) fn read(&mut self) -> Result<bool, Problem> {
        let now = self.set.clock.uptime();
        if self.full.is_some() {
            self.full = self.set.store.full_sink()?;
            if self.full.is_some() {
                // What is written meanwhile is not read: time waits for it.
                self.is_caught_up = false;
                // Files that are rotated away meanwhile are kept open.
                for index in 0..self.tails.len() {
                    self.step_tail(index, now, Hold::All);
                }
                return Ok(false);
            }
            self.wake_up(now);
        }
        let (mut is_more, mut read_bytes) = (false, 0);
        for index in 0..self.tails.len() {
            let hold = self.hold(index);
            let Some(progress) = self.step_tail(index, now, hold) else { continue };
            is_more |= progress.has_more;
            read_bytes += progress.bytes;
            if progress.bytes > 0 {
                self.heard(index, now);
            }
        }
        if std::mem::take(&mut self.is_first_step) {
            // Where a first run began must not be asked again.
            let names = self.set.config.sources.iter().map(|source| &source.name);
            let met = names.zip(&self.first_runs).filter(|(_, is_first)| **is_first);
            self.commit.positions.extend(met.map(|(name, _)| (met_key(name), Some(Vec::new()))));
            self.commit()?;
        }
        let received_bytes = self.receive(now);
        let pieces = self.draw(now);
        let room = self.room();
        is_more |= received_bytes + pieces > 0 || room == Room::None;
        self.is_stuck =
            room == Room::Little && is_more && read_bytes + received_bytes + pieces == 0;
        self.is_caught_up |= !is_more;
        Ok(is_more)
    }

    fn step_tail(&mut self, index: usize, now: Duration, hold: Hold) -> Option<Progress> {
        let step_bytes = self.waiting().step_bytes(self.waiting_max(), STEP_BYTES);
        let mut tail = self.tails.get_mut(index).and_then(Option::take)?;
        tail.hold_back(hold);
        let progress = tail.step(now.as_nanos() as u64, step_bytes, &mut |arrival| {
            self.arrive(index, arrival, now);
        });
        if let Some(place) = self.tails.get_mut(index) {
            *place = Some(tail);
        }
        Some(progress)
    }

    /// Whom of a source's streams not to read now.
    pub(super) fn hold(&self, source: usize) -> Hold {
        match self.room() {
            Room::None => Hold::All,
            Room::Enough => Hold::None,
            Room::Little if self.is_stuck => Hold::None,
            Room::Little => {
                let behind = self.furthest_behind();
                let own = (source, FileId(0))..=(source, MESSAGES);
                let own = self.numbers.range(own);
                let ahead = own.filter(|(_, number)| self.is_ahead(**number, behind));
                Hold::Some(ahead.map(|((_, file), _)| *file).collect())
            }
        }
    }

    fn is_ahead(&self, number: u32, behind: Option<i64>) -> bool {
        self.intakes.get(&number).is_some_and(|intake| intake.record.newest > behind)
    }

    /// After a time in which nothing was read: nobody was silent.
    fn wake_up(&mut self, now: Duration) {
        self.intakes.values_mut().for_each(|intake| intake.last_bytes = now);
        for (voice, source) in self.voices.iter_mut().zip(&self.set.config.sources) {
            if !self.machine.is_open(&host_alert::silent_key(&source.name)) {
                voice.last = now;
            }
        }
    }

    /// Takes sources that listen in.
    pub(super) fn listen(&mut self, listeners: Listeners) {
        for (index, listener) in listeners {
            let source = self.set.config.sources.get(index);
            if let (Way::Channel(_), Some(source)) = (&listener.way, source) {
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
        let counters = self.listeners.iter().filter_map(|(index, listener)| {
            let source = self.set.config.sources.get(*index)?;
            Some(SyslogSheet {
                source: source.name.clone(),
                counters: Arc::clone(&listener.counters),
                journal: listener.journal().map(Arc::clone),
            })
        });
        self.set.board.show_syslog(counters.collect());
    }

    /// Takes what listeners have received; how many bytes.
    pub(super) fn receive(&mut self, now: Duration) -> usize {
        let mut received_bytes = 0;
        let indexes: Vec<usize> = self.listeners.keys().copied().collect();
        for index in indexes {
            for _ in 0..BATCHES_MAX {
                if self.hold(index).holds(MESSAGES) {
                    break;
                }
                let Some(bytes) = self.received(index) else { break };
                received_bytes += bytes.len();
                let arrival = Arrival::Bytes { file: MESSAGES, offset: 0, bytes: &bytes };
                self.arrive(index, arrival, now);
                self.heard(index, now);
            }
        }
        received_bytes
    }

    fn received(&mut self, index: usize) -> Option<Vec<u8>> {
        let Way::Channel(receiver) = &mut self.listeners.get_mut(&index)?.way else { return None };
        receiver.try_recv().ok().map(|batch| batch.bytes)
    }

    /// Closes the sockets; what has arrived is taken.
    pub(super) fn hang_up(&mut self) {
        let now = self.set.clock.uptime();
        let deadline = self.set.config.service.drain_timeout / 3;
        let mut batches = Vec::new();
        for (index, mut listener) in std::mem::take(&mut self.listeners) {
            listener.drain(deadline, &mut |batch| batches.push((index, batch.bytes)));
        }
        for (index, bytes) in batches {
            self.arrive(index, Arrival::Bytes { file: MESSAGES, offset: 0, bytes: &bytes }, now);
        }
    }

    pub(super) fn arrive(&mut self, source: usize, arrival: Arrival<'_>, now: Duration) {
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
    pub(super) fn end(&mut self, source: usize, file: FileId) {
        let number = self.numbers.remove(&(source, file));
        let Some(mut intake) = number.and_then(|number| self.intakes.remove(&number)) else {
            return;
        };
        let mut rows = Vec::new();
        intake.end(self.shared(source), &mut rows);
        self.take(&mut intake, rows);
        self.put(&mut intake);
        self.meters.end(source, &intake);
        // What is over is known on, so that it is not read again, but not whom it covers.
        let gone = intake.spans.keys().map(|whose| (span_key(intake.number, whose), None));
        self.commit.positions.extend(gone);
        self.known.records.insert(intake.number, intake.record);
    }

    /// Nobody asks for a stream any more.
    pub(super) fn forget(&mut self, source: usize, file: FileId) {
        let known = self.known_as(source, file);
        if let Some(number) = known.filter(|number| !self.intakes.contains_key(number)) {
            self.known.records.remove(&number);
            self.commit.positions.push((record_key(number), None));
        }
    }

    pub(super) fn known_as(&self, source: usize, file: FileId) -> Option<u32> {
        let name = &self.set.config.sources.get(source)?.name;
        let mut records = self.known.records.iter();
        let found = records.find(|(_, record)| record.source == *name && record.file() == file);
        found.map(|(number, _)| *number)
    }

    pub(super) fn intake(&mut self, source: usize, file: FileId) -> Option<&mut Intake<'p>> {
        let number = self.numbers.get(&(source, file))?;
        self.intakes.get_mut(number)
    }

    pub(super) fn shared(&self, source: usize) -> Shared<'p> {
        Shared {
            plan: self.set.cast.plan(),
            zones: &self.set.config.zones,
            format: self.set.config.sources.get(source).and_then(|source| match &source.kind {
                SourceKind::File(_) | SourceKind::Stdin => source.format,
                SourceKind::Syslog(_) => source.format.or(Some(Format::Syslog)),
            }),
            once: self.set.once,
            now_nanos: self.set.clock.now_nanos(),
        }
    }

    /// The number of a stream, its own for good; and what is known of it.
    pub(super) fn meet(
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
            SourceKind::Syslog(_) | SourceKind::Stdin => false,
        });
        let name = configured.map_or("", |source| &source.name);
        // What stood there before only tells how to read what follows.
        let is_first_run = self.first_runs.get(source).copied().unwrap_or_default();
        let is_old = from_end && self.is_first_step && is_first_run;
        let wanted_from =
            if is_old { path.metadata().map_or(0, |metadata| metadata.len()) } else { 0 };
        let number = self.next_number.min(SOURCES_MAX as u32);
        self.next_number += 1;
        (number, SourceRecord::new(name, file, wanted_from), BTreeMap::new())
    }

    /// Takes the rows of an intake that is not among the others at the moment.
    pub(super) fn take(&mut self, intake: &mut Intake<'p>, rows: Vec<Row>) {
        self.newest = self.newest.max(intake.record.newest);
        self.skewed(std::mem::take(&mut intake.skewed));
        self.enter_all(rows);
    }
}
