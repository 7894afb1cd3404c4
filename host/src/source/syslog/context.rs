//! What all tasks of a source share.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, watch};

use super::admission::{Admission, Rate};
use super::batch::{Batch, Pending};
use super::counters::{Counters, Dropped};
use super::held::Budget;
use super::settings::Settings;
use crate::clock;

/// How far the source is on its way to the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// It reads.
    Running,
    /// It reads what has arrived, and nothing more.
    Draining,
    /// It lets go of everything.
    Stopped,
}

/// What every task of a source has.
#[derive(Clone)]
pub(super) struct Context {
    pub(super) settings: Arc<Settings>,
    pub(super) counters: Arc<Counters>,
    pub(super) admission: Arc<Admission>,
    pub(super) rate: Option<Arc<Rate>>,
    pub(super) budget: Arc<Budget>,
    pub(super) phase: watch::Receiver<Phase>,
    source: Arc<str>,
    out: mpsc::Sender<Batch>,
    /// The source has ended when nobody holds one of these.
    _alive: mpsc::Sender<Infallible>,
}

impl Context {
    pub(super) fn new(
        settings: Settings,
        counters: Arc<Counters>,
        out: mpsc::Sender<Batch>,
        phase: watch::Receiver<Phase>,
        alive: mpsc::Sender<Infallible>,
    ) -> Self {
        Self {
            admission: Admission::new(&settings, &counters),
            rate: settings.limits.peer_bytes_per_s_max.map(|rate| Arc::new(Rate::new(rate))),
            budget: Budget::new(settings.limits.unfinished_bytes_max),
            source: Arc::from(settings.name.as_str()),
            settings: Arc::new(settings),
            counters,
            out,
            phase,
            _alive: alive,
        }
    }

    /// Waits until the source is that far. When nobody can tell any more, it is.
    pub(super) async fn reached(&mut self, phase: Phase) {
        drop(self.phase.wait_for(|now| *now >= phase).await);
    }

    /// Hands a batch on; waits while nobody takes it.
    pub(super) async fn hand_on(&mut self, pending: &mut Pending, peer: Option<IpAddr>) {
        if pending.is_empty() {
            return;
        }
        let batch = pending.take(&self.source, peer, clock::now_nanos());
        let messages = u64::from(batch.messages);
        let batch = match self.out.try_send(batch) {
            Ok(()) => return,
            Err(TrySendError::Full(batch) | TrySendError::Closed(batch)) => batch,
        };
        self.counters.add_backpressure();
        let is_sent = tokio::select! {
            sent = self.out.send(batch) => sent.is_ok(),
            _ = self.phase.wait_for(|now| *now == Phase::Stopped) => false,
        };
        if !is_sent {
            self.counters.add_dropped(Dropped::Stopped, messages);
        }
    }
}
