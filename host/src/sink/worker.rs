//! A sink's work, a step at a time.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::backoff::Backoff;
use super::counters::Counters;
use super::message::{Made, Message, make};
use crate::checkpoint::{Outgoing, Store};
use crate::clock::Clock;
use crate::config::Sink;
use crate::problem::Problem;

/// What became of one alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The peer has it.
    Delivered,
    /// Not now; why.
    Retry(String),
    /// Never; why.
    Refused(String),
}

/// What became of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// One for each alert. What is missing counts as to be tried again.
    pub verdicts: Vec<Verdict>,
    /// When the peer asked to be left alone for a while.
    pub retry_after: Option<Duration>,
}

impl Delivery {
    /// The same for all.
    pub fn all(count: usize, verdict: Verdict) -> Self {
        Self { verdicts: vec![verdict; count], retry_after: None }
    }
}

/// How a transport may wait inside an exchange.
pub trait Pace {
    /// Waits. False when the service does not want to wait any more.
    fn pause(&self, time: Duration) -> bool;
}

/// The way to one kind of peer.
pub trait Transport: Send {
    /// Delivers a batch, and says of each alert what became of it.
    fn deliver(&mut self, batch: &[Message], pace: &dyn Pace) -> Delivery;
}

/// When to take the next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// At once: there may be more.
    Now,
    /// After this time.
    After(Duration),
    /// When the outbox has gone beyond this sequence.
    Idle(u64),
}

/// One sink at work.
pub struct Worker {
    sink: Sink,
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    transport: Box<dyn Transport>,
    counters: Arc<Counters>,
    backoff: Backoff,
    /// Set when the service ends: nothing lingers any more.
    is_draining: Arc<AtomicBool>,
    /// Entries that were taken and are not delivered yet, by sequence.
    open: Vec<Message>,
    /// The last sequence that was taken.
    taken: Option<u64>,
    /// Why the last try came to nothing.
    trouble: Option<String>,
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").field("sink", &self.sink.name).finish_non_exhaustive()
    }
}

impl Worker {
    /// A worker that takes from the store what its sink does not have.
    pub fn new(
        sink: Sink,
        transport: Box<dyn Transport>,
        store: Arc<Store>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let add = |sum: u64, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte));
        let of_name = sink.name.bytes().fold(0, add);
        let backoff = Backoff::new(sink.retry, clock.now_nanos() as u64 ^ of_name);
        Self {
            sink,
            store,
            clock,
            transport,
            counters: Arc::default(),
            backoff,
            is_draining: Arc::default(),
            open: Vec::new(),
            taken: None,
            trouble: None,
        }
    }

    /// What it did so far; shared with it.
    pub fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }

    /// Set it to make the worker hurry: the service ends.
    pub fn draining(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.is_draining)
    }

    /// Why the last try came to nothing; `None` when it did not.
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// Takes a batch if there is none under way, delivers, acknowledges.
    pub fn step(&mut self, pace: &dyn Pace) -> Result<Next, Problem> {
        if self.taken.is_none() {
            let seen = self.store.outbox_next();
            let batch = self.sink.batch;
            let pending =
                self.store.pending(&self.sink.name, batch.count as usize, batch.bytes as usize)?;
            let Some(first) = pending.first() else { return Ok(Next::Idle(seen)) };
            if let Some(rest) = self.still_lingers(first, pending.len()) {
                return Ok(Next::After(rest));
            }
            self.take(&pending)?;
        }
        self.deliver(pace)
    }

    /// How long a batch that is not full may still wait for more.
    fn still_lingers(&self, first: &Outgoing, count: usize) -> Option<Duration> {
        let batch = self.sink.batch;
        if count as u64 >= batch.count || self.is_draining.load(Ordering::SeqCst) {
            return None;
        }
        let age = self.clock.now_nanos().checked_sub(first.time)?;
        // A clock that was put back makes no alert wait longer than the whole linger.
        let age = Duration::from_nanos(u64::try_from(age).unwrap_or(0));
        batch.linger.checked_sub(age).filter(|rest| !rest.is_zero())
    }

    fn take(&mut self, pending: &[Outgoing]) -> Result<(), Problem> {
        let mut unreadable = Vec::new();
        for outgoing in pending {
            match make(&self.sink, outgoing) {
                Made::Message(message) => self.open.push(*message),
                Made::Filtered => self.counters.filter(),
                Made::Unreadable => {
                    self.counters.refuse();
                    unreadable.push((outgoing.seq, "the stored alert cannot be read".to_owned()));
                }
            }
        }
        if !unreadable.is_empty() {
            self.store.dead_letters(&self.sink.name, &unreadable)?;
        }
        self.taken = pending.last().map(|last| last.seq);
        Ok(())
    }

    fn deliver(&mut self, pace: &dyn Pace) -> Result<Next, Problem> {
        let mut retry_after = None;
        if !self.open.is_empty() {
            let delivery = self.transport.deliver(&self.open, pace);
            retry_after = delivery.retry_after;
            self.settle(delivery.verdicts)?;
        }
        self.acknowledge()?;
        if self.open.is_empty() {
            self.backoff.reset();
            self.trouble = None;
            return Ok(Next::Now);
        }
        self.counters.retry(self.open.len());
        Ok(Next::After(self.backoff.next_wait(retry_after)))
    }

    /// Keeps what has to be tried again; puts aside what was refused.
    fn settle(&mut self, verdicts: Vec<Verdict>) -> Result<(), Problem> {
        let mut refused = Vec::new();
        let mut verdicts = verdicts.into_iter();
        let (counters, trouble) = (&self.counters, &mut self.trouble);
        self.open.retain(|message| match verdicts.next() {
            Some(Verdict::Delivered) => {
                counters.deliver(message.text.len());
                false
            }
            Some(Verdict::Refused(reason)) => {
                counters.refuse();
                refused.push((message.seq, reason));
                false
            }
            Some(Verdict::Retry(reason)) => {
                *trouble = Some(reason);
                true
            }
            None => true,
        });
        if refused.is_empty() {
            return Ok(());
        }
        self.store.dead_letters(&self.sink.name, &refused)
    }

    /// Everything below the first open alert is the peer's.
    fn acknowledge(&mut self) -> Result<(), Problem> {
        let Some(taken) = self.taken else { return Ok(()) };
        let up_to = match self.open.first() {
            Some(first) => first.seq.checked_sub(1),
            None => Some(taken),
        };
        if let Some(up_to) = up_to {
            self.store.acknowledge(&self.sink.name, up_to)?;
        }
        if self.open.is_empty() {
            self.taken = None;
        }
        Ok(())
    }
}
