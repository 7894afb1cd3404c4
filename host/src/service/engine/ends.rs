//! Ends: of the input, of a generation, and the accounts.

use logwasp_core::ledger::Ledger;

use super::{ADVANCE_ROWS_MAX, Cast, Config, Engine, Entry, Problem};
use crate::service::board::Phase;

impl Engine<'_> {
    /// The input ends. False while sinks take no more: then it is to be called again.
    pub(super) fn finish(&mut self) -> Result<bool, Problem> {
        if self.full.is_some() {
            return Ok(false);
        }
        self.set.board.enter(Phase::Ending);
        let open: Vec<_> = self.numbers.keys().copied().collect();
        for (source, file) in open {
            self.end(source, file);
        }
        while self.machine.waiting_rows() > ADVANCE_ROWS_MAX {
            let Some(newest) = self.machine.newest_waiting() else { break };
            if !self.go_on_to(newest)? {
                return Ok(false);
            }
        }
        self.enter(Entry::Finish(self.newest));
        self.commit()?;
        self.mend()?;
        self.snapshot()?;
        self.settle();
        Ok(true)
    }

    /// What is whole is taken; everything is made durable.
    pub(super) fn drain(&mut self) -> Result<(), Problem> {
        self.set.board.enter(Phase::Ending);
        self.hang_up();
        let numbers: Vec<u32> = self.intakes.keys().copied().collect();
        for number in numbers {
            self.flush(number);
        }
        self.leave_pipe();
        self.advance(self.set.clock.uptime())?;
        self.commit()?;
        self.mend()?;
        self.snapshot()?;
        self.settle();
        Ok(())
    }

    /// The accounts of all streams of this generation.
    pub(super) fn ledger(&self) -> Ledger {
        let mut total = Ledger::default();
        self.read_so_far().values().for_each(|read| total += read.ledger);
        total
    }

    /// Tells the accounts.
    pub(super) fn settle(&mut self) {
        self.publish_now();
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
            incidents_forgotten = accounts.incidents_forgotten,
            faults = self.faults.count,
            "the accounts"
        );
    }

    /// The config as it is now, if it can be used.
    pub(super) fn reload(&self) -> Option<Box<(Config, Cast)>> {
        let next = self.set.config.reload().and_then(|config| {
            crate::service::check(&config)?;
            if config.state_dir != self.set.config.state_dir {
                return Err(Problem::new("`state_dir` cannot change while the service runs")
                    .hint("stop it and start it again"));
            }
            let cast = Cast::load(&config)?;
            Ok(Box::new((config, cast)))
        });
        next.inspect_err(|problem| {
            self.set.board.count_reload(false);
            crate::service::refuse(problem);
        })
        .ok()
    }
}
