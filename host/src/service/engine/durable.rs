//! Durable: commits, snapshots, and going on from them.

use super::{
    Engine, Entry, Intake, NAME, Problem, Snapshot, Way, host_alert, record_key, restore, span_key,
};

impl<'p> Engine<'p> {
    /// Makes everything so far durable.
    pub(super) fn commit(&mut self) -> Result<(), Problem> {
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
        let took = self.set.clock.uptime().saturating_sub(self.last_commit);
        self.meters.commits.observe(took);
        self.meters.record(&committed.taken);
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
    pub(super) fn tidy_journals(&self) -> Result<(), Problem> {
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
    pub(super) fn put(&mut self, intake: &mut Intake<'p>) {
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
    pub(super) fn snapshot(&mut self) -> Result<(), Problem> {
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
    pub(super) fn journal_waiting(&mut self) {
        let layout = Entry::Layout(self.machine.layout().clone());
        self.journal(&layout);
        for entry in self.machine.renumber(self.next_sequence) {
            self.journal(&entry);
        }
    }

    /// The journal names subscriptions by number: says which these are from now on.
    pub(super) fn lay_out(&mut self) -> Result<(), Problem> {
        if self.machine.speaks_of_others() {
            self.journal_waiting();
            self.is_stirred = true;
        }
        self.commit()
    }

    /// Starts all detectors as of the last snapshot, and feeds them the journal since.
    fn revive(&mut self) -> Result<(), Problem> {
        let recovered = self.set.store.recover()?;
        let (machine, from) = restore(&self.set, recovered, &self.faults)?;
        self.meters.retire(&self.machine);
        self.machine = machine;
        self.replay(from)
    }

    /// Feeds the detectors the journal from there on. What they say again is dropped by
    /// the store.
    pub(super) fn replay(&mut self, from: u64) -> Result<(), Problem> {
        for entry in self.set.store.journal_from(from)? {
            self.set.board.turn();
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
    pub(super) fn mend(&mut self) -> Result<(), Problem> {
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
}
