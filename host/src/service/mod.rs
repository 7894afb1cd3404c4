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
mod notify;
mod pipe;
mod source_record;
mod watermark;

use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;

use logwasp_core::scan::Plan;

use crate::checkpoint::{DATABASE, Store};
use crate::clock::{Clock, SystemClock};
use crate::config::{self, Config};
use crate::problem::Problem;
use crate::sink;
use crate::source::syslog::Inherited;
use board::{Board, Phase};
use cast::Cast;
use control::Control;
use endpoints::Endpoints;
use engine::{End, Engine, Setting};
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
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let dir = config.state_dir.clone().unwrap_or_default();
    let store = Store::open(&dir, Arc::clone(&clock)).map_err(Failure::Operating)?;
    let store = Arc::new(store);
    let board = Board::new(Arc::clone(&clock), Arc::clone(&store), dir.join(DATABASE));
    let manager = Notify::new(config::notify_socket().as_deref(), config::watchdog());
    let board = Arc::new(board.with_manager(manager));
    let mut endpoints = Endpoints::new(Arc::clone(&board), once);
    endpoints.follow(&config).map_err(Failure::Operating)?;
    tracing::info!(state_dir = %dir.display(), "the service runs");
    let mut inherited = inherited();
    let pipe = RefCell::new(Pipe::default());
    loop {
        let set = (&config, &mut cast, &mut inherited);
        let end = generation(set, &store, &clock, &control, once, (&board, &pipe));
        match end.map_err(Failure::Operating)? {
            End::Stop => break,
            End::Reload(next) => {
                (config, cast) = *next;
                board.count_reload(true);
                if let Err(problem) = endpoints.follow(&config) {
                    tracing::error!("{}; they stay where they are", problem.what);
                }
                tracing::info!("the config was read again");
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

/// The service under one config.
fn generation(
    (config, cast, inherited): (&Config, &mut Cast, &mut Inherited),
    store: &Arc<Store>,
    clock: &Arc<dyn Clock>,
    control: &Control,
    once: bool,
    (board, pipe): (&Board, &RefCell<Pipe>),
) -> Result<End, Problem> {
    board.enter(Phase::Starting);
    let plan = Plan::new(cast.take_interest(), true);
    let sinks = sink::start(&config.sinks, store, clock)?;
    board.show_sinks(sinks.watch());
    let set = Setting { config, cast, plan: &plan, store, clock, once, board, pipe };
    let mut engine = Engine::new(set, inherited)?;
    board.enter(Phase::Running);
    board.manager().ready();
    let end = engine.run(control)?;
    let drained = sinks.drain(config.service.drain_timeout)?;
    for (sink, count) in drained.pending {
        tracing::warn!(sink, count, "alerts wait for the next start");
    }
    board.settle();
    Ok(end)
}
