//! Board: what the service lets others see of it while it works.
//!
//! The engine puts its figures up now and then; whoever asks reads what hangs there.
//! Neither waits for the other longer than it takes to hang up a sheet.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::figures::{Figures, seconds};
use super::notify::Notify;
use crate::admin::Status;
use crate::checkpoint::Store;
use crate::clock::Clock;
use crate::sink::Watch;
use crate::source::syslog::{Counters, Journal};
use crate::telemetry::{Exposition, expose_process, metrics};

/// How far the service is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Phase {
    /// State is recovered, sources are opened.
    #[default]
    Starting,
    /// The loop turns.
    Running,
    /// The end of a generation: what is whole is delivered.
    Ending,
}

/// What hangs there.
pub(super) struct Board {
    clock: Arc<dyn Clock>,
    store: Arc<Store>,
    /// The database.
    state: PathBuf,
    /// When the loop turned last, by the clock that never goes back.
    turned_ms: AtomicU64,
    stalled_after_ms: AtomicU64,
    sheets: Mutex<Sheets>,
    /// Who watches over the process.
    manager: Notify,
}

#[derive(Default)]
struct Sheets {
    phase: Phase,
    figures: Arc<Figures>,
    sinks: Watch,
    syslog: Vec<SyslogSheet>,
    /// What was counted in generations that are over, and beside them.
    before: Arc<Exposition>,
}

/// A source that listens.
pub(super) struct SyslogSheet {
    pub(super) source: String,
    pub(super) counters: Arc<Counters>,
    pub(super) journal: Option<Arc<Journal>>,
}

impl Board {
    pub(super) fn new(clock: Arc<dyn Clock>, store: Arc<Store>, state: PathBuf) -> Self {
        let board = Self {
            clock,
            store,
            state,
            turned_ms: AtomicU64::new(0),
            stalled_after_ms: AtomicU64::new(u64::MAX),
            sheets: Mutex::default(),
            manager: Notify::default(),
        };
        board.turn();
        board
    }

    /// The same, which the service manager hears of too.
    pub(super) fn with_manager(self, manager: Notify) -> Self {
        Self { manager, ..self }
    }

    pub(super) fn manager(&self) -> &Notify {
        &self.manager
    }

    /// The loop turns.
    pub(super) fn turn(&self) {
        let now = self.clock.uptime();
        self.turned_ms.store(now.as_millis() as u64, Ordering::Relaxed);
        self.manager.turns(now);
    }

    /// Whoever has not turned for so long is not healthy.
    pub(super) fn set_stalled_after(&self, time: Duration) {
        self.stalled_after_ms.store(time.as_millis() as u64, Ordering::Relaxed);
    }

    pub(super) fn enter(&self, phase: Phase) {
        self.turn();
        self.sheets().phase = phase;
    }

    pub(super) fn show(&self, figures: Figures) {
        self.sheets().figures = Arc::new(figures);
    }

    pub(super) fn show_sinks(&self, sinks: Watch) {
        self.sheets().sinks = sinks;
    }

    pub(super) fn show_syslog(&self, sources: Vec<SyslogSheet>) {
        self.sheets().syslog = sources;
    }

    /// A config was read again.
    pub(super) fn count_reload(&self, is_taken: bool) {
        let result = if is_taken { "taken" } else { "refused" };
        let sheets = &mut *self.sheets();
        Arc::make_mut(&mut sheets.before).count(&metrics::RELOADS, &[result], 1);
    }

    /// The generation is over: what it counted stays, the rest is taken down.
    pub(super) fn settle(&self) {
        let (now_nanos, now) = (self.clock.now_nanos(), self.clock.uptime());
        let sheets = &mut *self.sheets();
        let mut counted = Exposition::default();
        sheets.expose(now_nanos, now, &mut counted);
        let before = std::mem::take(&mut sheets.before);
        *sheets = Sheets { phase: sheets.phase, before, ..Sheets::default() };
        Arc::make_mut(&mut sheets.before).add_counts(&counted);
    }

    fn sheets(&self) -> MutexGuard<'_, Sheets> {
        self.sheets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stalled(&self) -> Duration {
        let now = self.clock.uptime().as_millis() as u64;
        Duration::from_millis(now.saturating_sub(self.turned_ms.load(Ordering::Relaxed)))
    }

    /// How far each sink is behind, as the store has it.
    fn expose_backlogs(&self, sinks: &Watch, full: Option<&str>, out: &mut Exposition) {
        let now_nanos = self.clock.now_nanos();
        for name in sinks.names() {
            let sink = &[name];
            let is_failing = sinks.trouble(name).is_some();
            out.count(&metrics::SINK_FAILING, sink, is_failing.into());
            out.count(&metrics::SINK_BLOCKING, sink, u64::from(full == Some(name)));
            // A store that fails is the engine's business.
            let Ok(backlog) = self.store.backlog(name) else { continue };
            let age = backlog.oldest.map_or(0, |oldest| now_nanos.saturating_sub(oldest).max(0));
            out.count(&metrics::SINK_BACKLOG, sink, backlog.count);
            out.count(&metrics::SINK_BACKLOG_BYTES, sink, backlog.bytes);
            out.count(&metrics::SINK_DROPPED, sink, backlog.dropped);
            out.add(&metrics::SINK_OLDEST_AGE, sink, seconds(age));
        }
    }
}

impl Sheets {
    /// What is counted in memory: what begins at 0 with the generation.
    fn expose(&self, now_nanos: i64, now: Duration, out: &mut Exposition) {
        self.figures.expose(now_nanos, now, out);
        for name in self.sinks.names() {
            let (sink, numbers) = (&[name], self.sinks.numbers(name));
            out.count(&metrics::SINK_DELIVERED, sink, numbers.delivered);
            out.count(&metrics::SINK_DELIVERED_BYTES, sink, numbers.delivered_bytes);
            out.count(&metrics::SINK_FILTERED, sink, numbers.filtered);
            out.count(&metrics::SINK_RETRIED, sink, numbers.retried);
            out.count(&metrics::SINK_FAILURES, sink, numbers.failures);
            out.count(&metrics::SINK_DEAD_LETTERS, sink, numbers.refused);
        }
        for SyslogSheet { source, counters, journal } in &self.syslog {
            if let Some(journal) = journal {
                out.count(&metrics::SYSLOG_JOURNAL_BYTES, &[source], journal.bytes());
            }
            for sample in counters.samples() {
                let mut labels = vec![source.as_str()];
                labels.extend(sample.label);
                out.count(sample.metric, &labels, sample.value);
            }
        }
    }
}

impl Status for Board {
    fn metrics(&self) -> String {
        let (now_nanos, now) = (self.clock.now_nanos(), self.clock.uptime());
        let mut out = Exposition::default();
        let (sinks, figures, before) = {
            let sheets = self.sheets();
            sheets.expose(now_nanos, now, &mut out);
            (sheets.sinks.clone(), Arc::clone(&sheets.figures), Arc::clone(&sheets.before))
        };
        out.add_counts(&before);
        self.expose_backlogs(&sinks, figures.full.as_deref(), &mut out);
        if let Ok(state) = self.state.metadata() {
            out.count(&metrics::STATE_BYTES, &[], state.len());
        }
        out.add(&metrics::LOOP_AGE, &[], self.stalled().as_secs_f64());
        out.count(&metrics::BUILD_INFO, &[env!("CARGO_PKG_VERSION")], 1);
        expose_process(&mut out);
        out.text()
    }

    fn health(&self) -> Result<(), String> {
        let stalled = self.stalled();
        // How long the end may take is bounded elsewhere.
        let is_ending = self.sheets().phase == Phase::Ending;
        let limit = Duration::from_millis(self.stalled_after_ms.load(Ordering::Relaxed));
        if is_ending || stalled < limit {
            return Ok(());
        }
        Err(format!("the main loop has not turned for {} s", stalled.as_secs()))
    }

    fn ready(&self) -> Result<(), String> {
        self.health()?;
        let (phase, figures) = {
            let sheets = self.sheets();
            (sheets.phase, Arc::clone(&sheets.figures))
        };
        match (phase, &figures.full) {
            (Phase::Starting, _) => Err("starting: the state is recovered".to_owned()),
            (Phase::Ending, _) => Err("ending: what was taken in is delivered".to_owned()),
            (Phase::Running, Some(sink)) => Err(format!(
                "the backlog of sink `{sink}` is full: nothing is read until there is room"
            )),
            (Phase::Running, None) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::tests::HandClock;

    fn board() -> (Board, Arc<HandClock>) {
        let clock = Arc::new(HandClock::default());
        let handed: Arc<dyn Clock> = Arc::clone(&clock) as _;
        let memory = redb::backends::InMemoryBackend::new();
        let store = Store::on_backend(memory, Arc::clone(&handed)).expect("it opens");
        (Board::new(handed, Arc::new(store), PathBuf::new()), clock)
    }

    /// Scenario: the loop turns, stands still, turns again; then the end takes long.
    /// Guarantees: it is unhealthy, and not ready, exactly while it stands still.
    #[test]
    fn a_loop_that_stands_still_is_not_healthy() {
        let (board, clock) = board();
        board.set_stalled_after(Duration::from_secs(10));
        board.enter(Phase::Running);
        clock.go_on(Duration::from_secs(9));
        assert_eq!((board.health(), board.ready()), (Ok(()), Ok(())));
        clock.go_on(Duration::from_secs(1));
        let why = Err("the main loop has not turned for 10 s".to_owned());
        assert_eq!((board.health(), board.ready()), (why.clone(), why));
        board.turn();
        assert_eq!((board.health(), board.ready()), (Ok(()), Ok(())));
        board.enter(Phase::Ending);
        clock.go_on(Duration::from_hours(1));
        assert_eq!(board.health(), Ok(()));
    }

    /// Scenario: the phases of a service, and a sink that is full.
    /// Guarantees: it is ready only while it runs and has room, and says why not.
    #[test]
    fn what_is_in_the_way_is_told() {
        let (board, _) = board();
        assert!(board.ready().is_err_and(|why| why.starts_with("starting")));
        board.enter(Phase::Running);
        assert_eq!(board.ready(), Ok(()));
        board.show(Figures { full: Some("out".to_owned()), ..Figures::default() });
        assert!(board.ready().is_err_and(|why| why.contains("sink `out` is full")));
        board.show(Figures::default());
        assert_eq!(board.ready(), Ok(()));
        board.enter(Phase::Ending);
        assert!(board.ready().is_err_and(|why| why.starts_with("ending")));
    }

    /// Scenario: a generation counts and ends; the next one counts on.
    /// Guarantees: counters go on, what only says how things are does not.
    #[test]
    fn counts_go_on_over_generations() {
        let (board, _) = board();
        let of = |delivered: u64| Figures {
            accounts: super::super::machine::Accounts { delivered, ..Default::default() },
            rows_waiting: delivered,
            ..Figures::default()
        };
        board.show(of(3));
        board.settle();
        board.count_reload(true);
        board.show(of(4));
        let text = board.metrics();
        for line in [
            "logwasp_rows_delivered_total 7",
            "logwasp_rows_waiting 4",
            "logwasp_config_reloads_total{result=\"taken\"} 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }
}
