//! Dispatch: rows become batches, batches go to detectors, alerts come back.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, ScopedJoinHandle};

use super::detectors::Loaded;
use super::reasons::{Reason, Reasons};
use super::row::Row;
use crate::alert::{Alert, Identified, Incidents, SavedIncidents, Severity};
use crate::clock::Stopwatch;
use crate::sandbox::{Batch, Fault, Guest};
use crate::telemetry::Histogram;

/// Events of one batch: enough to make a call's own cost small.
const BATCH_EVENTS_MAX: usize = 256;
/// Bytes of one batch: it must fit a guest's memory several times.
const BATCH_BYTES_MAX: usize = 2 << 20;
/// Batches that wait for one detector.
const BATCHES_WAITING_MAX: usize = 4;

/// A detector that was stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faulted {
    /// Its name.
    pub detector: String,
    /// Why.
    pub fault: Fault,
}

/// What a detector did.
#[derive(Debug, Default)]
pub(crate) struct Work {
    /// Alerts, in the order in which they were raised.
    pub(crate) alerts: Vec<Identified>,
    /// What it would revise in the alerts of others, in order.
    pub(crate) amendments: Vec<Alert>,
    /// Why it was stopped, if it was.
    pub(crate) fault: Option<Fault>,
    /// Rows it took.
    pub(crate) rows_delivered: u64,
    /// Rows it could not take any more.
    pub(crate) rows_quarantined: u64,
    /// Open incidents that were forgotten for want of room.
    pub(crate) incidents_forgotten: u64,
    /// What it wrote to the log.
    pub(crate) log: Vec<(Severity, String)>,
    /// What it told of its decisions.
    pub(crate) reasons: Reasons,
    /// How long its calls took.
    pub(crate) calls: Histogram,
}

impl Work {
    /// What the log says of incidents that were forgotten.
    pub(crate) fn forgotten_line(&self) -> Option<String> {
        let count = self.incidents_forgotten;
        (count > 0).then(|| {
            format!("{count} open incidents were forgotten: what is said of them is a new one")
        })
    }
}

/// One detector at work: a batch at a time, until it is stopped by a fault.
struct Worker {
    guest: Box<dyn Guest>,
    incidents: Incidents,
    work: Work,
    /// A fault stopped it.
    is_stopped: bool,
}

/// What a worker is asked to do.
enum Order {
    Process(Batch),
    /// Time goes on to here.
    Advance(i64),
    /// Time goes on to here, then the input ends.
    Finish(Option<i64>),
}

impl Worker {
    fn new(guest: Box<dyn Guest>, incidents: Incidents) -> Self {
        Self { guest, incidents, work: Work::default(), is_stopped: false }
    }

    fn obey(&mut self, order: &Order) {
        match order {
            Order::Process(batch) => {
                let rows: usize = batch.groups().map(|rows| rows.order.len()).sum();
                if self.is_stopped {
                    self.work.rows_quarantined += rows as u64;
                    return;
                }
                let watch = Stopwatch::start();
                let result = self.guest.process(batch);
                self.work.calls.observe(watch.elapsed());
                match result.is_ok() {
                    true => self.work.rows_delivered += rows as u64,
                    false => self.work.rows_quarantined += rows as u64,
                }
                self.take(result);
            }
            Order::Advance(watermark) => self.call(|guest| guest.advance(*watermark)),
            Order::Finish(watermark) => {
                if let Some(watermark) = watermark {
                    self.call(|guest| guest.advance(*watermark));
                }
                self.call(|guest| guest.finish());
            }
        }
    }

    fn call(&mut self, call: impl FnOnce(&mut dyn Guest) -> Result<Vec<Alert>, Fault>) {
        if !self.is_stopped {
            let watch = Stopwatch::start();
            let result = call(&mut *self.guest);
            self.work.calls.observe(watch.elapsed());
            self.take(result);
        }
    }

    fn take(&mut self, result: Result<Vec<Alert>, Fault>) {
        for (severity, line) in self.guest.take_log() {
            match Reason::parse(&line) {
                Some(reason) => self.work.reasons.add(reason),
                None => self.work.log.push((severity, line)),
            }
        }
        match result {
            Ok(alerts) => {
                let is_own = |alert: &Alert| alert.amends.is_none();
                let (own, amendments): (Vec<_>, Vec<_>) = alerts.into_iter().partition(is_own);
                let told = own.into_iter().filter_map(|alert| self.incidents.identify(alert));
                self.work.alerts.extend(told);
                self.work.incidents_forgotten += self.incidents.take_forgotten();
                self.work.amendments.extend(amendments);
            }
            Err(fault) => {
                self.is_stopped = true;
                self.work.fault = Some(fault);
            }
        }
    }
}

/// Hands rows to all detectors.
pub(crate) struct Dispatcher<'scope> {
    lanes: Vec<Lane<'scope>>,
    /// For each subscription: its detector, and its number there.
    routes: Vec<(usize, usize)>,
}

/// The way to one detector.
struct Lane<'scope> {
    columns: Vec<usize>,
    batch: Batch,
    place: Place<'scope>,
}

/// Where a detector works.
enum Place<'scope> {
    /// On the thread that dispatches.
    Here(Box<Worker>),
    /// On a thread of its own.
    There(SyncSender<Order>, ScopedJoinHandle<'scope, Work>),
}

impl<'scope> Dispatcher<'scope> {
    /// A dispatcher whose detectors work here, one after the other.
    pub(crate) fn here(loaded: Vec<Loaded>) -> Self {
        Self::new(loaded, |worker| Place::Here(Box::new(worker)))
    }

    /// A dispatcher whose detectors work on threads of their own.
    pub(crate) fn on_threads<'env>(
        loaded: Vec<Loaded>,
        scope: &'scope thread::Scope<'scope, 'env>,
    ) -> Self {
        Self::new(loaded, |worker| {
            let (sender, receiver) = sync_channel(BATCHES_WAITING_MAX);
            Place::There(sender, scope.spawn(move || serve(worker, &receiver)))
        })
    }

    fn new(loaded: Vec<Loaded>, mut place: impl FnMut(Worker) -> Place<'scope>) -> Self {
        let mut routes = Vec::new();
        let mut lanes = Vec::new();
        for (detector, loaded) in loaded.into_iter().enumerate() {
            routes.extend((0..loaded.columns.len()).map(|index| (detector, index)));
            let worker = Worker::new(loaded.guest, loaded.incidents);
            let batch = Batch::new(&loaded.columns);
            lanes.push(Lane { columns: loaded.columns, batch, place: place(worker) });
        }
        Self { lanes, routes }
    }

    /// Adds a row to the batches of all detectors whose subscriptions it satisfied.
    pub(crate) fn row(&mut self, mut row: Row<'_>) {
        let mut last = None;
        while let Some(subscription) = row.next_match() {
            let Some((detector, index)) = self.routes.get(subscription).copied() else { return };
            let Some(lane) = self.lanes.get_mut(detector) else { return };
            if last != Some(detector) {
                if lane.is_full() {
                    lane.flush();
                }
                lane.batch.next_event();
                last = Some(detector);
            }
            let columns = lane.columns.get(index).copied().unwrap_or(0);
            let head = row.head;
            lane.batch.push(index, head, (0..columns).map(|_| row.next_cell()));
        }
    }

    /// The last rows go out, time goes on to `watermark`, the input ends. What each
    /// detector did, in their order.
    pub(crate) fn finish(self, watermark: Option<i64>) -> Vec<Work> {
        let finish = |mut lane: Lane<'scope>| {
            lane.flush();
            lane.give(Order::Finish(watermark));
            lane
        };
        // All are told first, so that those on threads end at the same time.
        let lanes: Vec<_> = self.lanes.into_iter().map(finish).collect();
        lanes.into_iter().map(|lane| lane.place.join()).collect()
    }
}

/// For detectors that work here, and go on.
impl Dispatcher<'_> {
    /// Stops a detector: its rows are only counted.
    pub(crate) fn stop(&mut self, detector: usize) {
        if let Some(worker) = self.lanes.get_mut(detector).and_then(Lane::worker) {
            worker.is_stopped = true;
        }
    }

    /// The rows so far go out, then time goes on to `watermark`.
    pub(crate) fn advance(&mut self, watermark: i64) {
        for lane in &mut self.lanes {
            lane.flush();
            lane.give(Order::Advance(watermark));
        }
    }

    /// The rows so far go out, time goes on to `watermark`, the input ends.
    pub(crate) fn end(&mut self, watermark: Option<i64>) {
        for lane in &mut self.lanes {
            lane.flush();
            lane.give(Order::Finish(watermark));
        }
    }

    /// What each detector did since the last time.
    pub(crate) fn take(&mut self) -> Vec<Work> {
        let worker = |lane: &mut Lane<'_>| lane.worker().map(|w| std::mem::take(&mut w.work));
        self.lanes.iter_mut().map(|lane| worker(lane).unwrap_or_default()).collect()
    }

    /// The linear memory of each detector, in bytes.
    pub(crate) fn memory_bytes(&mut self) -> Vec<u64> {
        let bytes = |lane: &mut Lane<'_>| lane.worker().map_or(0, |w| w.guest.memory_bytes());
        self.lanes.iter_mut().map(bytes).collect()
    }

    /// The state of each detector, and its open incidents; nothing of those that
    /// are stopped. No row may wait in a batch.
    pub(crate) fn snapshot(&mut self) -> Vec<Result<Option<State>, Fault>> {
        let state = |lane: &mut Lane<'_>| match lane.worker() {
            Some(worker) if !worker.is_stopped => worker.snapshot().map(Some),
            _ => Ok(None),
        };
        self.lanes.iter_mut().map(state).collect()
    }
}

/// A detector's state and its open incidents.
pub(crate) type State = (Vec<u8>, SavedIncidents);

impl Worker {
    fn snapshot(&mut self) -> Result<State, Fault> {
        let watch = Stopwatch::start();
        let state = self.guest.snapshot();
        self.work.calls.observe(watch.elapsed());
        self.work.log.extend(self.guest.take_log());
        let state = state.inspect_err(|fault| {
            self.is_stopped = true;
            self.work.fault = Some(fault.clone());
        })?;
        Ok((state, self.incidents.saved()))
    }
}

impl Lane<'_> {
    fn worker(&mut self) -> Option<&mut Worker> {
        match &mut self.place {
            Place::Here(worker) => Some(worker),
            Place::There(..) => None,
        }
    }

    fn is_full(&self) -> bool {
        self.batch.events() >= BATCH_EVENTS_MAX || self.batch.bytes() >= BATCH_BYTES_MAX
    }

    fn flush(&mut self) {
        if self.batch.events() == 0 {
            return;
        }
        if let Place::Here(worker) = &mut self.place {
            let order = Order::Process(std::mem::take(&mut self.batch));
            worker.obey(&order);
            if let Order::Process(mut batch) = order {
                batch.clear();
                self.batch = batch;
            }
        } else {
            let batch = std::mem::replace(&mut self.batch, Batch::new(&self.columns));
            self.give(Order::Process(batch));
        }
    }

    fn give(&mut self, order: Order) {
        match &mut self.place {
            Place::Here(worker) => worker.obey(&order),
            // The receiver lives until this sender is gone.
            Place::There(sender, _) => drop(sender.send(order)),
        }
    }
}

impl Place<'_> {
    fn join(self) -> Work {
        match self {
            Self::Here(worker) => worker.work,
            Self::There(sender, thread) => {
                drop(sender);
                match thread.join() {
                    Ok(work) => work,
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
        }
    }
}

fn serve(mut worker: Worker, orders: &Receiver<Order>) -> Work {
    for order in orders {
        worker.obey(&order);
    }
    worker.work
}
