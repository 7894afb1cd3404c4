//! Time: silence, the watermark, and what is said when a source is silent.

use super::{
    BTreeSet, COMMIT_BYTES_MAX, COMMIT_WITHOUT_JOURNAL, Duration, Engine, Entry, Hand, Intake,
    PAUSE_MAX, Problem, SILENCE, SNAPSHOT_BYTES, SNAPSHOT_INTERVAL, Voice, host_alert, watermark,
};

impl<'p> Engine<'p> {
    /// What is due: silence, time, commit, snapshot.
    pub(super) fn tick(&mut self) -> Result<(), Problem> {
        let now = self.set.clock.uptime();
        self.flush_silent(now);
        self.watch_voices(now);
        for listener in self.listeners.values() {
            listener.tick()?;
        }
        let interval = self.set.config.service.commit_interval;
        let interval = if interval.is_zero() { COMMIT_WITHOUT_JOURNAL } else { interval };
        let is_due = now.saturating_sub(self.last_commit) >= interval;
        if !is_due && self.commit_bytes < COMMIT_BYTES_MAX {
            return Ok(());
        }
        self.advance(now);
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
        if self.set.once {
            // The end will come.
            return;
        }
        let silent = self.intakes.iter().filter(|(_, intake)| {
            intake.waits() && now.saturating_sub(intake.last_bytes) >= SILENCE
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

    /// Lets time go on as far as it can be told.
    pub(super) fn advance(&mut self, now: Duration) {
        let service = &self.set.config.service;
        let hand = |intake: &Intake<'p>| Hand {
            newest: intake.record.newest,
            is_idle: now.saturating_sub(intake.last_bytes) >= service.idle_after,
        };
        // Streams that are over hold nobody back, but they told of time too.
        let over = Hand { newest: self.newest, is_idle: true };
        let hands = self.intakes.values().map(hand).chain([over]);
        let is_crowded = self.machine.waiting_rows() >= service.rows_waiting_max;
        let told = match self.set.once {
            // What is there is put in order as a whole, as far as it can wait; so is
            // what was written while nobody read.
            true => None,
            false if !self.is_caught_up => None,
            false => watermark(hands, service.lateness, self.set.clock.now_nanos()),
        };
        let forced = is_crowded.then(|| self.machine.middle()).flatten();
        let before = self.machine.watermark();
        let Some(next) = told.max(forced).max(before) else { return };
        if Some(next) > before || self.machine.has_late_rows() {
            self.enter(Entry::Advance(next));
        }
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
