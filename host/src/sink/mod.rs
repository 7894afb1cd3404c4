//! Sinks: from the outbox outward.
//!
//! What the room promises: an alert is delivered at least once to every sink whose
//! filter takes it, in the outbox's order but for those that had to be tried again;
//! a repeat has the same id and revision. A cursor moves only when the peer has
//! confirmed, or has refused for good and the alert lies with the dead letters. A
//! sink that fails waits (exponential back-off, full jitter) and holds back nobody
//! but, by its policy, the sources.
//!
//! Each sink works on a thread of its own: it is one exchange after the other, and
//! mostly waits. [`Worker`] is the loop's body: it never sleeps, so that a
//! simulation can drive it; [`start`] puts workers on threads.
//!
//! A [`Transport`] knows one kind of peer: it is given a batch and says of each
//! alert whether it was delivered, has to be tried again, or was refused.

mod backoff;
mod bodies;
mod counters;
mod elasticsearch;
mod file;
mod http;
mod message;
mod splunk_hec;
mod stdout;
mod syslog;
mod threads;
mod tls;
mod unacked;
mod webhook;
mod worker;

#[cfg(test)]
mod tests;

pub use counters::{Counters, Numbers};
pub use message::Message;
pub use threads::{Drained, Sinks, Watch, start};
pub use worker::{Delivery, Next, Pace, Transport, Verdict, Worker};

use std::sync::Arc;

use crate::checkpoint::{self, SinkBound};
use crate::clock::Clock;
use crate::config::{OnFull, Sink, SinkKind};
use crate::problem::Problem;

/// The bounds that the store is to hold for these sinks.
pub fn bounds(sinks: &[Sink]) -> Vec<SinkBound> {
    let bound = |sink: &Sink| SinkBound {
        name: sink.name.clone(),
        on_full: match sink.backlog.on_full {
            OnFull::Block => checkpoint::OnFull::Block,
            OnFull::Spill => checkpoint::OnFull::Spill,
            OnFull::DropCounted => checkpoint::OnFull::DropCounted,
        },
        backlog_bytes_max: sink.backlog.backlog_bytes_max,
        spill_bytes_max: sink.backlog.spill_bytes_max,
        backlog_age_max: sink.backlog.backlog_age_max,
    };
    sinks.iter().map(bound).collect()
}

/// The way to a sink's peer. Secrets and certificates are read here, so that what
/// is missing is found at the start.
pub fn transport(sink: &Sink, clock: &Arc<dyn Clock>) -> Result<Box<dyn Transport>, Problem> {
    Ok(match &sink.kind {
        SinkKind::Stdout => Box::new(stdout::Stdout),
        SinkKind::File(file) => Box::new(file::File::new(file.clone(), Arc::clone(clock))),
        SinkKind::Syslog(syslog) => Box::new(syslog::Syslog::new(sink, syslog)?),
        SinkKind::Webhook(webhook) => Box::new(webhook::Webhook::new(sink, webhook)?),
        SinkKind::Elasticsearch(elastic) => {
            Box::new(elasticsearch::Elasticsearch::new(sink, elastic)?)
        }
        SinkKind::SplunkHec(splunk) => Box::new(splunk_hec::SplunkHec::new(sink, splunk)?),
    })
}
