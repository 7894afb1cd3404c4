//! One guest at work.

use std::time::Duration;

use logwasp_core::interest::SubscriptionSpec;
use wasmtime::{Store, Trap, UpdateDeadline};

use super::abi::v0_1::{self, Detector, DetectorPre, LogLines, Manifest};
use super::batch::Batch;
use super::engine::{Ticking, new_store};
use super::fault::Fault;
use super::limits::{self, Limiter, Limits};
use crate::alert::{Alert, Severity};
use crate::clock::Stopwatch;

/// A detector that was started: what it wants to see, and itself.
#[derive(Debug)]
pub struct Started<G> {
    /// The running detector.
    pub guest: G,
    /// What it subscribed to.
    pub subscriptions: Vec<SubscriptionSpec>,
}

/// A running detector, sandboxed or (in tests) native.
pub trait Guest: Send {
    /// The next rows.
    fn process(&mut self, batch: &Batch) -> Result<Vec<Alert>, Fault>;

    /// No row older than `watermark` will come, except late ones.
    fn advance(&mut self, watermark: i64) -> Result<Vec<Alert>, Fault>;

    /// End of input.
    fn finish(&mut self) -> Result<Vec<Alert>, Fault>;

    /// Everything needed to go on from here in a new instance.
    fn snapshot(&mut self) -> Result<Vec<u8>, Fault>;

    /// Its linear memory.
    fn memory_bytes(&self) -> u64 {
        0
    }

    /// Takes the lines that the detector logged since the last call.
    fn take_log(&mut self) -> Vec<(Severity, String)> {
        Vec::new()
    }
}

/// A guest in its store. After a fault it must not be called again.
pub struct Instance {
    store: Store<HostState>,
    detector: Detector,
    limits: Limits,
    /// Deadlines hold only while the epoch advances.
    _engine: Ticking,
}

/// What the host knows while a guest runs.
pub(super) struct HostState {
    pub(super) limiter: Limiter,
    pub(super) deadline: Deadline,
    pub(super) log: LogLines,
}

impl HostState {
    pub(super) fn new(limits: Limits) -> Self {
        let limiter = Limiter::new(limits.memory_bytes_max);
        let log = LogLines { lines_max: limits.log_lines_max, ..LogLines::default() };
        Self { limiter, deadline: Deadline::default(), log }
    }
}

/// How long the call at hand may take.
#[derive(Debug, Default)]
pub(super) struct Deadline {
    call: Option<(Stopwatch, Duration)>,
}

impl Deadline {
    /// Asked at every tick of the epoch, on the thread of the guest.
    pub(super) fn decide(&self) -> UpdateDeadline {
        let is_over = self.call.as_ref().is_none_or(|(watch, cpu_max)| {
            watch.cpu_elapsed() > *cpu_max || watch.elapsed() > *cpu_max * limits::WALL_FACTOR
        });
        if is_over { UpdateDeadline::Interrupt } else { UpdateDeadline::Continue(1) }
    }
}

impl Instance {
    pub(super) fn instantiate(
        engine: &Ticking,
        pre: &DetectorPre<HostState>,
        limits: Limits,
    ) -> Result<Self, Fault> {
        let mut store = new_store(engine.engine(), limits);
        arm(&mut store, limits::START_CPU_MAX);
        match pre.instantiate(&mut store) {
            Ok(detector) => Ok(Self { store, detector, limits, _engine: engine.clone() }),
            Err(error) => Err(fault_of(&store, &error, limits::START_CPU_MAX)),
        }
    }

    pub(super) fn describe(&mut self) -> Result<Manifest, Fault> {
        let manifest =
            self.call(limits::START_CPU_MAX, |detector, store| detector.call_describe(store))?;
        v0_1::from_manifest(manifest)
    }

    pub(super) fn start(
        &mut self,
        config: &str,
        state: Option<&[u8]>,
    ) -> Result<Vec<SubscriptionSpec>, Fault> {
        let subscriptions = self.call(limits::START_CPU_MAX, |detector, store| {
            detector.call_start(store, config, state)
        })?;
        v0_1::from_subscriptions(subscriptions.map_err(Fault::Refused)?)
    }

    /// Makes one call within its deadline.
    fn call<R>(
        &mut self,
        cpu_max: Duration,
        call: impl FnOnce(&Detector, &mut Store<HostState>) -> wasmtime::Result<R>,
    ) -> Result<R, Fault> {
        arm(&mut self.store, cpu_max);
        let result = call(&self.detector, &mut self.store);
        result.map_err(|error| fault_of(&self.store, &error, cpu_max))
    }
}

impl Guest for Instance {
    fn process(&mut self, batch: &Batch) -> Result<Vec<Alert>, Fault> {
        let alerts = self.call(self.limits.call_cpu_max, |detector, store| {
            v0_1::with_batch(batch, |rows| detector.call_process(store, rows))
        })?;
        v0_1::from_alerts(alerts.map_err(Fault::Refused)?)
    }

    fn advance(&mut self, watermark: i64) -> Result<Vec<Alert>, Fault> {
        let alerts = self.call(self.limits.call_cpu_max, |detector, store| {
            detector.call_advance(store, watermark)
        })?;
        v0_1::from_alerts(alerts.map_err(Fault::Refused)?)
    }

    fn finish(&mut self) -> Result<Vec<Alert>, Fault> {
        let alerts =
            self.call(limits::START_CPU_MAX, |detector, store| detector.call_finish(store))?;
        v0_1::from_alerts(alerts.map_err(Fault::Refused)?)
    }

    fn snapshot(&mut self) -> Result<Vec<u8>, Fault> {
        self.store.set_hostcall_fuel(limits::SNAPSHOT_BYTES_MAX);
        let snapshot =
            self.call(limits::START_CPU_MAX, |detector, store| detector.call_snapshot(store));
        self.store.set_hostcall_fuel(limits::ANSWER_BYTES_MAX);
        snapshot?.map_err(Fault::Refused)
    }

    fn memory_bytes(&self) -> u64 {
        self.store.data().limiter.memory_bytes as u64
    }

    fn take_log(&mut self) -> Vec<(Severity, String)> {
        std::mem::take(&mut self.store.data_mut().log.lines)
    }
}

/// Starts the watch of the next call.
fn arm(store: &mut Store<HostState>, cpu_max: Duration) {
    store.data_mut().deadline.call = Some((Stopwatch::start(), cpu_max));
    store.data_mut().log.lines_in_call = 0;
    store.set_epoch_deadline(1);
}

/// Tells what went wrong in a call.
fn fault_of(store: &Store<HostState>, error: &wasmtime::Error, cpu_max: Duration) -> Fault {
    if store.data().limiter.refused {
        return Fault::Memory { limit_mib: (store.data().limiter.memory_bytes_max >> 20) as u64 };
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::Interrupt) => Fault::Deadline { limit_ms: cpu_max.as_millis() as u64 },
        Some(trap) => Fault::Trap(trap.to_string()),
        None => Fault::Answer(format!("{error:#}")),
    }
}
