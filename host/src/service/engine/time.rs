//! Time: silence, the watermark, and what is said when a source is silent.

use super::piping::PIPE;
use super::{
    ADVANCE_ROWS_MAX, BTreeSet, COMMIT_BYTES_MAX, COMMIT_WITHOUT_JOURNAL, Duration, Engine, Entry,
    FileId, Hand, Intake, MESSAGES, PAUSE_MAX, Problem, Room, SILENCE, SNAPSHOT_BYTES,
    SNAPSHOT_INTERVAL, Voice, Waiting, Way, forced, host_alert, watermark,
};

impl<'p> Engine<'p> {
    /// What is due: silence, time, commit, snapshot.
    pub(super) fn tick(&mut self) -> Result<(), Problem> {
        let now = self.set.clock.uptime();
        // While nothing is read, silence says nothing.
        if self.full.is_none() {
            self.flush_silent(now);
            self.watch_voices(now);
        }
        for listener in self.listeners.values() {
            listener.tick()?;
        }
        let interval = self.set.config.service.commit_interval;
        let interval = if interval.is_zero() { COMMIT_WITHOUT_JOURNAL } else { interval };
        let is_due = now.saturating_sub(self.last_commit) >= interval
            || self.commit_bytes >= COMMIT_BYTES_MAX;
        if is_due || self.room() != Room::Enough {
            self.advance(now)?;
        }
        if !is_due {
            return Ok(());
        }
        self.commit()?;
        self.mend()?;
        self.publish();
        let is_old = now.saturating_sub(self.last_snapshot) >= SNAPSHOT_INTERVAL;
        if self.is_stirred && (is_old || self.journal_bytes >= SNAPSHOT_BYTES) {
            self.snapshot()?;
        }
        Ok(())
    }

    pub(super) fn flush_silent(&mut self, now: Duration) {
        let ready = self.ready();
        let is_crowded = self.room() != Room::Enough;
        if self.set.once && !is_crowded {
            // The end will come.
            return;
        }
        // A file that ends where it ends now is not waited on when others are to go on.
        let silence = if self.set.once { Duration::ZERO } else { SILENCE };
        let silent = self.intakes.iter().filter(|(number, intake)| {
            let since = now.saturating_sub(intake.last_bytes);
            intake.waits() && since >= silence && !ready.contains(number)
        });
        let silent: Vec<u32> = silent.map(|(number, _)| *number).collect();
        for number in silent {
            self.flush(number);
        }
    }

    /// Takes what is whole.
    pub(super) fn flush(&mut self, number: u32) {
        let Some(mut intake) = self.intakes.remove(&number) else { return };
        let shared = self.shared(self.source_of(&intake));
        let mut rows = Vec::new();
        intake.flush(shared, &mut rows);
        self.take(&mut intake, rows);
        self.intakes.insert(number, intake);
    }

    pub(super) fn source_of(&self, intake: &Intake<'p>) -> usize {
        let sources = self.set.config.sources.iter();
        let mut named = sources.enumerate().filter(|(_, s)| s.name == intake.record.source);
        named.next().map_or(usize::MAX, |(index, _)| index)
    }

    /// Lets time go on as far as it can be told; further when there is no room for
    /// rows that wait.
    pub(super) fn advance(&mut self, now: Duration) -> Result<(), Problem> {
        let told = self.told(now);
        let before = self.machine.watermark();
        if let Some(next) = told.max(before)
            && (Some(next) > before || self.machine.has_late_rows())
            && !self.go_on_to(next)?
        {
            return Ok(());
        }
        if self.room() == Room::None {
            let (oldest, middle) = (self.machine.oldest_waiting(), self.machine.middle());
            let forced = forced(self.furthest_behind(), oldest, middle);
            if let Some(next) = forced.max(self.machine.watermark()) {
                self.go_on_to(next)?;
            }
        }
        Ok(())
    }

    /// Where time is, by all streams.
    fn told(&self, now: Duration) -> Option<i64> {
        let service = &self.set.config.service;
        let now_nanos = self.set.clock.now_nanos();
        let ready = self.ready();
        let is_whole = self.set.once || !self.is_caught_up;
        // What is there is put in order as a whole, as far as it can wait; so is what
        // was written while nobody read. What is read to its end holds nobody back.
        if is_whole && self.room() == Room::Enough {
            return None;
        }
        let hands = self.intakes.iter().map(|(number, intake)| Hand {
            newest: intake.record.newest,
            is_idle: !ready.contains(number)
                && (is_whole || now.saturating_sub(intake.last_bytes) >= service.idle_after),
        });
        if is_whole && ready.is_empty() {
            return None;
        }
        // Streams that are over hold nobody back, but they told of time too.
        let over = Hand { newest: self.newest, is_idle: true };
        watermark(hands.chain([over]), service.lateness, now_nanos)
    }

    /// Time goes on to here, some rows at a time, so that what is said of them can be
    /// made durable in between. False when it had to stop because a sink takes no more.
    pub(super) fn go_on_to(&mut self, watermark: i64) -> Result<bool, Problem> {
        loop {
            let next = self.machine.time_of_row(ADVANCE_ROWS_MAX);
            let next = next.map_or(watermark, |next| next.min(watermark));
            self.enter(Entry::Advance(next.max(self.machine.watermark().unwrap_or(next))));
            if self.commit_bytes >= COMMIT_BYTES_MAX {
                self.commit()?;
            }
            if self.full.is_some() {
                return Ok(false);
            }
            if next >= watermark {
                return Ok(true);
            }
        }
    }

    /// How much room there is for rows that wait.
    pub(super) fn room(&self) -> Room {
        self.waiting().room_in(self.waiting_max())
    }

    pub(super) fn waiting(&self) -> Waiting {
        Waiting { rows: self.machine.waiting_rows(), bytes: self.machine.waiting_bytes() }
    }

    pub(super) fn waiting_max(&self) -> Waiting {
        let service = &self.set.config.service;
        Waiting {
            rows: service.rows_waiting_max as usize,
            bytes: service.rows_waiting_bytes_max as usize,
        }
    }

    /// Streams of which there is something to read, by number.
    pub(super) fn ready(&self) -> BTreeSet<u32> {
        let ready = self.numbers.iter().filter(|((source, file), _)| self.is_ready(*source, *file));
        ready.map(|(_, number)| *number).collect()
    }

    fn is_ready(&self, source: usize, file: FileId) -> bool {
        if file == MESSAGES {
            let way = self.listeners.get(&source).map(|listener| &listener.way);
            return matches!(way, Some(Way::Channel(receiver)) if !receiver.is_empty());
        }
        if file == PIPE {
            // What ends must have ended; what goes on may be silent.
            return self.set.once && self.is_piping();
        }
        let tail = self.tails.get(source).and_then(Option::as_ref);
        tail.is_some_and(|tail| tail.is_ready(file))
    }

    /// The newest time of the stream that is furthest behind, among those that have
    /// something to read: the only ones whose reading lets time go on. `None` when
    /// that one has told no time yet.
    pub(super) fn furthest_behind(&self) -> Option<i64> {
        let ready = self.ready();
        let newest = |number: &u32| self.intakes.get(number).map(|intake| intake.record.newest);
        ready.iter().filter_map(newest).min().flatten()
    }

    pub(super) fn heard(&mut self, source: usize, now: Duration) {
        let now_nanos = self.set.clock.now_nanos();
        if let Some(voice) = self.voices.get_mut(source) {
            *voice = Voice { last: now, last_nanos: now_nanos, has_spoken: true };
        }
    }

    /// Says which sources have fallen silent, and which speak again.
    pub(super) fn watch_voices(&mut self, now: Duration) {
        if self.set.once {
            return;
        }
        let mut said = Vec::new();
        for (voice, source) in self.voices.iter().zip(&self.set.config.sources) {
            let Some(silent_after) = source.silent_after else { continue };
            let is_silent = now.saturating_sub(voice.last) >= silent_after;
            let was_silent = self.machine.is_open(&host_alert::silent_key(&source.name));
            // Whose silence an earlier run told has to speak first.
            if is_silent != was_silent && (is_silent || voice.has_spoken) {
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

    /// Closes what an earlier start said of itself and what does not hold for this one.
    pub(super) fn close_outdated(&mut self) {
        let sources = self.set.config.sources.iter();
        let watched = sources.filter(|source| source.silent_after.is_some());
        let watched: Vec<&str> = watched.map(|source| source.name.as_str()).collect();
        let now = self.set.clock.now_nanos();
        let outdated = |key| host_alert::outdated(key, &watched, now);
        let closed: Vec<_> = self.machine.open_keys().filter_map(outdated).collect();
        for alert in closed {
            self.enter(Entry::Host(Box::new(alert)));
        }
    }

    pub(super) fn skewed(&mut self, hosts: BTreeSet<String>) {
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
    pub(super) fn pause(&self) -> Duration {
        let interval = self.set.config.service.commit_interval;
        let interval = if interval.is_zero() { PAUSE_MAX } else { interval };
        let since = self.set.clock.uptime().saturating_sub(self.last_commit);
        interval.saturating_sub(since).clamp(Duration::from_millis(1), PAUSE_MAX)
    }
}
