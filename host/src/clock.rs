//! The only place that asks for the time.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// A moment, to measure how long something takes.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch {
    started: Instant,
    cpu_started: Duration,
}

impl Stopwatch {
    /// Starts to measure.
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn start() -> Self {
        Self { started: Instant::now(), cpu_started: thread_cpu() }
    }

    /// Time that has passed.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Time that this thread has computed. Only meaningful on the thread that
    /// started the watch.
    pub fn cpu_elapsed(&self) -> Duration {
        thread_cpu().saturating_sub(self.cpu_started)
    }
}

/// CPU time of the whole process so far.
pub fn process_cpu() -> Duration {
    read(ClockId::ProcessCPUTime)
}

/// Time since the machine started, sleep included.
pub fn since_boot() -> Duration {
    read(ClockId::Boottime)
}

fn thread_cpu() -> Duration {
    read(ClockId::ThreadCPUTime)
}

fn read(clock: ClockId) -> Duration {
    let now = clock_gettime(clock);
    Duration::new(now.tv_sec.try_into().unwrap_or(0), now.tv_nsec.try_into().unwrap_or(0))
}

/// A clock that is handed in, so that a simulation can hand in its own.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The present, in nanoseconds since the Unix epoch. May jump.
    fn now_nanos(&self) -> i64;
    /// Time since some moment that stays the same. Never goes back.
    fn uptime(&self) -> Duration;
}

/// The clock of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_nanos(&self) -> i64 {
        now_nanos()
    }

    fn uptime(&self) -> Duration {
        read(ClockId::Monotonic)
    }
}

/// The present, in nanoseconds since the Unix epoch.
#[expect(clippy::disallowed_methods, reason = "this is the clock")]
pub fn now_nanos() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |now| i64::try_from(now.as_nanos()).unwrap_or(i64::MAX))
}
