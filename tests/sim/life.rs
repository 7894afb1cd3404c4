//! One life of the service: processes that come and go in a world.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::fault::Saboteur;
use super::mishap::{Kind, Mishap};
use super::peer::NoPace;
use super::script::{Act, Mood, Script};
use super::verdict::{State, is_settled};
use super::world::{World, config};
use crate::checkpoint::Store;
use crate::checkpoint::power_cut::{Disk, Survivors};
use crate::clock::Clock;
use crate::problem::Problem;
use crate::service::board::Board;
use crate::service::cast::Cast;
use crate::service::engine::{Engine, Setting};
use crate::service::listen::Listeners;
use crate::service::pipe::Pipe;
use crate::sink::{Next, Worker, bounds};

/// The service looks around this often.
const TICK: Duration = Duration::from_millis(250);
/// So long after the last act nothing goes wrong any more ...
const AFTERMATH: Duration = Duration::from_secs(30);
/// ... and so long after that everything has been said.
const REST: Duration = Duration::from_mins(1);
/// Steps without a rest.
const STEPS_MAX: usize = 50;

/// The detectors of both configs.
pub(super) struct Casts([Cast; 2]);

impl Casts {
    pub(super) fn load() -> Self {
        let load = |which| Cast::load(&config("nowhere", which)).expect("the detectors load");
        let mut casts = [load(0), load(1)];
        casts[1].saboteur = casts[0].saboteur.clone();
        Self(casts)
    }

    fn saboteur(&self) -> &Saboteur {
        &self.0[0].saboteur
    }
}

/// What is left of a life.
pub(super) struct Ended {
    /// Alerts by id and revision.
    pub(super) got: BTreeMap<(String, u64), Value>,
    pub(super) state: State,
    pub(super) crashes: u64,
    /// Rows that came behind the watermark.
    pub(super) late: u64,
}

/// Lives through a script with mishaps.
pub(super) fn live(casts: &Casts, script: &Script, mishaps: Vec<Mishap>, name: &str) -> Ended {
    casts.saboteur().wish(None);
    let mut life = Life {
        casts,
        world: World::new(empty_disk()),
        acts: script.acts.iter().cloned().collect(),
        mishaps: mishaps.into(),
        safe_from: script.end + AFTERMATH,
        is_quiet: false,
        survivors: Survivors::Everything,
        down: Duration::ZERO,
        again: None,
        full_starts: 0,
        crashes: 0,
        late: 0,
    };
    loop {
        match life.process() {
            Ok(state) => {
                let Life { world, crashes, late, .. } = life;
                return Ended { got: world.peer.got(), state, crashes, late };
            }
            Err(Gone::Killed) => {}
            Err(Gone::Failed(problem)) => {
                assert!(life.world.disk.is_broken(), "{name}: the service failed: {problem}");
            }
        }
        life.come_back();
    }
}

/// A disk with an empty store.
fn empty_disk() -> Disk {
    let disk = Disk::default();
    let clock: Arc<dyn Clock> = Arc::new(crate::checkpoint::tests::HandClock::default());
    drop(Store::on_backend(disk.clone(), clock).expect("it opens"));
    Disk::with_contents(disk.after_the_cut(Survivors::Everything))
}

/// Why a process ended.
enum Gone {
    Killed,
    Failed(Problem),
}

impl From<Problem> for Gone {
    fn from(problem: Problem) -> Self {
        Self::Failed(problem)
    }
}

/// Why a generation ended.
enum Over {
    Reload,
    AllSaid,
}

struct Life<'c> {
    casts: &'c Casts,
    world: World,
    acts: VecDeque<(Duration, Act)>,
    mishaps: VecDeque<Mishap>,
    safe_from: Duration,
    /// Nothing goes wrong now.
    is_quiet: bool,
    /// What the disk keeps when the power goes.
    survivors: Survivors,
    /// How long the service is down next time.
    down: Duration,
    /// When the power goes once more.
    again: Option<u64>,
    /// Starts that still find a full disk.
    full_starts: u64,
    crashes: u64,
    late: u64,
}

impl Life<'_> {
    /// A process from its start to its end.
    fn process(&mut self) -> Result<State, Gone> {
        let clock: Arc<dyn Clock> =
            Arc::<crate::checkpoint::tests::HandClock>::clone(&self.world.clock);
        let store = Store::on_backend(self.world.disk.clone(), Arc::clone(&clock))?;
        let store = Arc::new(store);
        let board = Board::new(Arc::clone(&clock), Arc::clone(&store), PathBuf::new());
        let pipe = RefCell::new(Pipe::default());
        loop {
            let (config, cast) = (self.world.config(), &self.casts.0[self.world.wanted]);
            store.set_sinks(&bounds(&config.sinks))?;
            let peer = Box::new(self.world.peer.clone());
            let sink = config.sinks[0].clone();
            let mut worker = Worker::new(sink, peer, Arc::clone(&store), Arc::clone(&clock));
            let set = Setting {
                config: &config,
                cast,
                store: &store,
                clock: &clock,
                once: false,
                board: &board,
                pipe: &pipe,
            };
            let mut engine = Engine::new(set, Listeners::new())?;
            let over = self.generation(&mut engine, &mut worker, &store)?;
            engine.drain()?;
            assert!(engine.ledger().is_balanced(), "{:?}", engine.ledger());
            self.late += engine.machine.accounts().late;
            if let Over::AllSaid = over {
                while worker.step(&NoPace)? == Next::Now {}
                return Ok(State::of(&mut engine, &store));
            }
        }
    }

    fn generation(
        &mut self,
        engine: &mut Engine<'_>,
        worker: &mut Worker,
        store: &Store,
    ) -> Result<Over, Gone> {
        let mut worker_due = Duration::ZERO;
        loop {
            let mut steps = 0;
            while engine.step()? && steps < STEPS_MAX {
                steps += 1;
            }
            while self.world.now() >= worker_due {
                match worker.step(&NoPace)? {
                    Next::Now => {}
                    Next::Idle(_) => break,
                    Next::After(time) => worker_due = self.world.now() + time,
                }
            }
            if self.world.now() >= self.safe_from + REST {
                return Ok(Over::AllSaid);
            }
            self.world.clock.go_on(TICK);
            self.go_wrong()?;
            while let Some(act) = self.next_act() {
                if let Act::Recreate(_) = act {
                    assert!(is_settled(store, &self.world), "the service did not read on");
                }
                if let Act::Reload = act {
                    return Ok(Over::Reload);
                }
            }
        }
    }

    /// Lets the next act happen, if it is time for it.
    fn next_act(&mut self) -> Option<Act> {
        let (at, _) = self.acts.front()?;
        if *at > self.world.now() {
            return None;
        }
        let (_, act) = self.acts.pop_front()?;
        match act {
            Act::Quiet => self.set_quiet(true),
            Act::Recreate(_) => self.set_quiet(false),
            _ => {}
        }
        self.world.happen(&act);
        Some(act)
    }

    fn set_quiet(&mut self, is_quiet: bool) {
        self.is_quiet = is_quiet;
        if is_quiet {
            self.world.disk.mend();
            (self.full_starts, self.again) = (0, None);
        }
    }

    /// Lets the next mishap happen, if it is time for it.
    fn go_wrong(&mut self) -> Result<(), Gone> {
        let now = self.world.now();
        if now >= self.safe_from && !self.is_quiet {
            self.set_quiet(true);
            self.world.peer.set_mood(Mood::Well);
        }
        if self.is_quiet || self.mishaps.front().is_none_or(|mishap| mishap.at > now) {
            return Ok(());
        }
        let Some(mishap) = self.mishaps.pop_front() else { return Ok(()) };
        (self.down, self.again) = (mishap.down, mishap.again);
        match mishap.kind {
            Kind::Stall => {
                self.down *= 6;
                self.outside_goes_on();
            }
            Kind::Fault(name, calls) => self.casts.saboteur().wish(Some((name, calls))),
            Kind::Cut(operations, survivors) => {
                self.world.disk.cut_in(operations);
                self.survivors = survivors;
            }
            Kind::Full(operations) => {
                self.world.disk.full_in(operations);
                self.survivors = Survivors::Everything;
                self.full_starts = 1;
            }
            Kind::Kill => {
                self.world.disk.cut_in(0);
                self.survivors = Survivors::Everything;
                return Err(Gone::Killed);
            }
        }
        Ok(())
    }

    /// The service is down; what is outside goes on. Then there is a disk again.
    fn come_back(&mut self) {
        self.crashes += 1;
        tracing::info!(now = ?self.world.now(), "the service is down");
        let image = self.world.disk.after_the_cut(self.survivors);
        self.survivors = Survivors::Everything;
        self.world.disk = Disk::with_contents(image);
        if self.full_starts > 0 {
            self.full_starts -= 1;
            self.world.disk.full_in(self.crashes % 5);
        }
        if let Some(operations) = self.again.take() {
            self.world.disk.cut_in(operations);
            self.survivors = Survivors::Some(operations);
        }
        self.outside_goes_on();
    }

    /// Acts happen, and nobody looks.
    fn outside_goes_on(&mut self) {
        let until = self.world.now() + std::mem::take(&mut self.down);
        let until = until.min(self.safe_from);
        while self.world.now() < until && !self.is_quiet {
            self.world.clock.go_on(TICK);
            while !self.is_quiet && self.next_act().is_some() {}
        }
    }
}
