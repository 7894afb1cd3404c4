//! Service: `logwasp run`, from files that grow to alerts that are delivered.
//!
//! ```text
//!  tail   -> intake -> entries -> machine -> alerts
//!  bytes     rows        |          |          |
//!                        v          v          v
//!                     journal    snapshot    outbox -> sinks (threads of their own)
//! ```
//!
//! One loop on one thread ([`engine`]) owns all but the sinks. What moves detectors
//! is an [`entry`]: a matched row, or time going on. Entries are journaled in the
//! same transaction as the positions behind them and the alerts they led to, and the
//! [`machine`] that takes them knows nothing else: the same entries give the same
//! alerts. So after a crash, a fault or a reload it goes on from the last snapshot
//! and takes the journal again; what it says again is known by id and revision.
//!
//! A *generation* is the service under one config. A reload ends it and begins the
//! next from the store: the same way as a restart.

mod blob;
mod board;
mod cast;
mod control;
mod crowd;
mod endpoints;
mod engine;
mod entry;
mod faults;
mod figures;
mod host_alert;
mod intake;
mod listen;
mod log;
mod machine;
mod memory;
mod notify;
mod pipe;
mod source_record;
mod watermark;

use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;

use crate::checkpoint::{DATABASE, Store};
use crate::clock::{Clock, SystemClock};
use crate::config::{self, Config};
use crate::problem::Problem;
use crate::sink::{self, Sinks};
use crate::source::syslog::Inherited;
use board::{Board, Phase};
use cast::Cast;
use control::Control;
use endpoints::Endpoints;
use engine::{End, Engine, Setting};
use listen::{Listeners, listen_all};
use notify::Notify;
use pipe::Pipe;

/// Why the service does not run.
#[derive(Debug)]
pub enum Failure {
    /// The config cannot be used.
    Config(Problem),
    /// It had to stop.
    Operating(Problem),
}

/// Runs the service until somebody stops it; with `once`, until all files and standard input are read
/// to their end and delivered.
pub fn run(path: &Path, once: bool) -> Result<(), Failure> {
    let mut config = Config::load(path).map_err(Failure::Config)?;
    check(&config).map_err(Failure::Config)?;
    log::start(config.service.log);
    let control = Control::listen().map_err(Failure::Operating)?;
    let mut cast = Cast::load(&config).map_err(Failure::Config)?;
    let mut before = None;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let dir = config.state_dir.clone().unwrap_or_default();
    let store = Store::open(&dir, Arc::clone(&clock)).map_err(Failure::Operating)?;
    let store = Arc::new(store);
    let board = Board::new(Arc::clone(&clock), Arc::clone(&store), dir.join(DATABASE));
    let manager = Notify::new(config::notify_socket().as_deref(), config::watchdog());
    let board = Arc::new(board.with_manager(manager));
    let mut endpoints = Endpoints::new(Arc::clone(&board), once);
    endpoints.follow(&config).map_err(Failure::Operating)?;
    memory::give_back();
    tracing::info!(state_dir = %dir.display(), "the service runs");
    let inherited = inherited();
    let pipe = RefCell::new(Pipe::default());
    loop {
        board.enter(Phase::Starting);
        let outward = match begin(&config, &inherited, &store, &clock, once) {
            Ok(outward) => outward,
            Err(problem) => {
                // Nothing was changed so far: what ran before can go on.
                let Some(last) = before.take() else { return Err(Failure::Operating(problem)) };
                board.count_reload(false);
                refuse(&problem);
                (config, cast) = last;
                continue;
            }
        };
        if before.take().is_some() {
            board.count_reload(true);
            if let Err(problem) = endpoints.follow(&config) {
                tracing::error!("{}; they stay where they are", problem.what);
            }
            memory::give_back();
            tracing::info!("the config was read again");
        }
        let set = Setting {
            config: &config,
            cast: &cast,
            store: &store,
            clock: &clock,
            once,
            board: &board,
            pipe: &pipe,
        };
        match generation(set, outward, &control).map_err(Failure::Operating)? {
            End::Stop => break,
            End::Reload(next) => {
                let (config_next, cast_next) = *next;
                let last = std::mem::replace(&mut config, config_next);
                before = Some((last, std::mem::replace(&mut cast, cast_next)));
            }
        }
    }
    tracing::info!("the service has stopped");
    Ok(())
}

/// Sockets that the service manager opened.
#[expect(clippy::disallowed_methods, reason = "sd_listen_fds(3) passes names this way")]
fn inherited() -> Inherited {
    Inherited::take_all(std::env::var("LISTEN_FDNAMES").ok().as_deref())
}

/// What `run` asks of a config beyond what makes it valid.
fn check(config: &Config) -> Result<(), Problem> {
    if config.state_dir.is_none() {
        return Err(Problem::new("`state_dir` is missing")
            .hint("name a directory of the service's own, such as \"/var/lib/logwasp\""));
    }
    if config.sources.is_empty() {
        return Err(Problem::new("there is no source")
            .hint("write `[source.NAME]` with `type = \"file\"` and `paths`"));
    }
    Ok(())
}

/// Says that a config is not used after all.
fn refuse(problem: &Problem) {
    tracing::error!(
        place = problem.place,
        hint = problem.hint,
        "the config that runs stays in force: {}",
        problem.what
    );
}

/// The ways in and out that may be missing: all that can fail of a config that is
/// valid, before anything of the state is changed for it.
fn begin(
    config: &Config,
    inherited: &Inherited,
    store: &Arc<Store>,
    clock: &Arc<dyn Clock>,
    once: bool,
) -> Result<(Listeners, Sinks), Problem> {
    let listeners = if once { Listeners::new() } else { listen_all(config, inherited)? };
    Ok((listeners, sink::start(&config.sinks, store, clock)?))
}

/// The service under one config.
fn generation(
    set: Setting<'_>,
    (listeners, sinks): (Listeners, Sinks),
    control: &Control,
) -> Result<End, Problem> {
    let (deadline, board) = (set.config.service.drain_timeout, set.board);
    board.show_sinks(sinks.watch());
    let mut engine = Engine::new(set, listeners)?;
    board.enter(Phase::Running);
    board.manager().ready();
    let end = engine.run(control)?;
    let drained = sinks.drain(deadline)?;
    for (sink, count) in drained.pending {
        tracing::warn!(sink, count, "alerts wait for the next start");
    }
    board.settle();
    Ok(end)
}
