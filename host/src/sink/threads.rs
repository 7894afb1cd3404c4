//! Workers on threads of their own, and how they end.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::counters::{Counters, Numbers};
use super::worker::{Next, Pace, Worker};
use super::{bounds, transport};
use crate::checkpoint::Store;
use crate::clock::Clock;
use crate::config::Sink;
use crate::problem::Problem;

/// A worker that has nothing to do looks again after this time: alerts may go by
/// age.
const IDLE_MAX: Duration = Duration::from_mins(1);

/// Sinks that work.
pub struct Sinks {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    running: BTreeMap<String, Running>,
    done: Receiver<String>,
    shared: Arc<Shared>,
}

#[derive(Clone)]
struct Running {
    counters: Arc<Counters>,
    is_draining: Arc<AtomicBool>,
    trouble: Arc<Mutex<Option<String>>>,
}

/// What sinks do, for whoever looks on. They may have ended meanwhile.
#[derive(Clone, Default)]
pub struct Watch {
    running: BTreeMap<String, Running>,
}

impl Watch {
    /// The sinks.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.running.keys().map(String::as_str)
    }

    /// What a sink did so far.
    pub fn numbers(&self, sink: &str) -> Numbers {
        self.running.get(sink).map(|running| running.counters.numbers()).unwrap_or_default()
    }

    /// Why the last try of a sink came to nothing; `None` when it did not.
    pub fn trouble(&self, sink: &str) -> Option<String> {
        guard(&self.running.get(sink)?.trouble).clone()
    }
}

/// What was left when the sinks ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drained {
    /// Sinks that did not get everything, with the alerts that wait for them; they
    /// get them after the next start.
    pub pending: Vec<(String, u64)>,
}

/// What workers wait on, beside the outbox.
#[derive(Default)]
struct Shared {
    phase: Mutex<Phase>,
    changed: Condvar,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd)]
enum Phase {
    #[default]
    Working,
    /// Deliver what is there, then end.
    Draining,
    /// End now.
    Stopped,
}

impl Shared {
    fn phase(&self) -> Phase {
        *guard(&self.phase)
    }

    fn enter(&self, phase: Phase) {
        *guard(&self.phase) = phase;
        self.changed.notify_all();
    }

    /// Waits for the time, or until the phase is another.
    fn wait(&self, time: Duration) {
        let phase = guard(&self.phase);
        let before = *phase;
        drop(self.changed.wait_timeout_while(phase, time, |phase| *phase == before));
    }
}

impl Pace for Shared {
    fn pause(&self, time: Duration) -> bool {
        self.wait(time);
        self.phase() < Phase::Stopped
    }
}

/// Tells the store of these sinks, and puts each to work.
pub fn start(sinks: &[Sink], store: &Arc<Store>, clock: &Arc<dyn Clock>) -> Result<Sinks, Problem> {
    let workers = sinks.iter().map(|sink| {
        let transport = transport(sink, clock).map_err(|problem| of_sink(sink, problem))?;
        let (store, clock) = (Arc::clone(store), Arc::clone(clock));
        Ok((sink.name.clone(), Worker::new(sink.clone(), transport, store, clock)))
    });
    let workers: Vec<_> = workers.collect::<Result<_, Problem>>()?;
    store.set_sinks(&bounds(sinks))?;
    let shared = Arc::new(Shared::default());
    let (sender, done) = channel();
    let mut running = BTreeMap::new();
    for (name, worker) in workers {
        let trouble = Arc::default();
        let handle = Running {
            counters: worker.counters(),
            is_draining: worker.draining(),
            trouble: Arc::clone(&trouble),
        };
        spawn(&name, worker, store, &shared, trouble, sender.clone())?;
        running.insert(name, handle);
    }
    let (store, clock) = (Arc::clone(store), Arc::clone(clock));
    Ok(Sinks { store, clock, running, done, shared })
}

fn of_sink(sink: &Sink, problem: Problem) -> Problem {
    Problem { what: format!("sink `{}`: {}", sink.name, problem.what), ..problem }
}

fn spawn(
    name: &str,
    mut worker: Worker,
    store: &Arc<Store>,
    shared: &Arc<Shared>,
    trouble: Arc<Mutex<Option<String>>>,
    done: Sender<String>,
) -> Result<(), Problem> {
    let (store, shared, owned) = (Arc::clone(store), Arc::clone(shared), name.to_owned());
    let work = move || {
        work(&mut worker, &store, &shared, &trouble);
        // Nobody listens when the service did not wait for us.
        drop(done.send(owned));
    };
    let thread = thread::Builder::new().name(format!("sink {name}")).spawn(work);
    thread.map(drop).map_err(|error| Problem::new(format!("sink `{name}` cannot start: {error}")))
}

fn work(worker: &mut Worker, store: &Store, shared: &Shared, trouble: &Mutex<Option<String>>) {
    loop {
        let phase = shared.phase();
        if phase == Phase::Stopped {
            return;
        }
        let next = worker.step(shared);
        let found = match &next {
            Ok(_) => worker.trouble().map(str::to_owned),
            Err(problem) => Some(problem.to_string()),
        };
        *guard(trouble) = found;
        match next {
            Ok(Next::Now) => {}
            Ok(Next::Idle(_)) if phase == Phase::Draining => return,
            Ok(Next::Idle(seen)) => store.wait_for_alerts(seen, IDLE_MAX),
            Ok(Next::After(time)) => shared.wait(time),
            // The store fails: the engine hears of it at its own next commit.
            Err(_) => shared.wait(Duration::from_secs(1)),
        }
    }
}

impl Sinks {
    /// What they do, for whoever looks on.
    pub fn watch(&self) -> Watch {
        Watch { running: self.running.clone() }
    }

    /// Delivers what is in the outbox, then ends; at the latest when `deadline` is
    /// over. What was not confirmed by then stays in the outbox. A thread that waits
    /// for its peer just then is left behind: what its peer confirms later may not be acknowledged.
    pub fn drain(self, deadline: Duration) -> Result<Drained, Problem> {
        for running in self.running.values() {
            running.is_draining.store(true, Ordering::SeqCst);
        }
        self.shared.enter(Phase::Draining);
        let ends = self.clock.uptime() + deadline;
        for _ in 0..self.running.len() {
            self.store.wake();
            let rest = ends.saturating_sub(self.clock.uptime());
            if self.done.recv_timeout(rest) == Err(RecvTimeoutError::Timeout) {
                break;
            }
        }
        self.shared.enter(Phase::Stopped);
        let mut pending = Vec::new();
        for name in self.running.keys() {
            let count = self.store.backlog(name)?.count;
            if count > 0 {
                pending.push((name.clone(), count));
            }
        }
        Ok(Drained { pending })
    }
}

fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
