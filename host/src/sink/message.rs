//! An alert on its way to one sink.

use crate::alert::encode::{cef, ecs, enveloped, leef, ndjson, ocsf, syslog};
use crate::alert::{Identified, from_stored};
use crate::checkpoint::Outgoing;
use crate::config::{Encoding, Filter, Sink, SinkKind};

/// An alert as a transport gets it.
#[derive(Debug, Clone)]
pub struct Message {
    /// Its place in the outbox.
    pub seq: u64,
    /// The alert.
    pub told: Identified,
    /// The alert as the sink's encoding writes it, without a line end.
    pub text: String,
}

/// What becomes of an entry of the outbox.
pub(super) enum Made {
    /// It is to be delivered.
    Message(Box<Message>),
    /// The sink's filter leaves it out.
    Filtered,
    /// It cannot be read.
    Unreadable,
}

/// Makes a message of an entry.
pub(super) fn make(sink: &Sink, outgoing: &Outgoing) -> Made {
    let Some((told, sources)) = from_stored(&outgoing.bytes) else { return Made::Unreadable };
    if !passes(&sink.filter, &told) {
        return Made::Filtered;
    }
    let encode = match sink.encoding {
        Encoding::Ndjson => ndjson,
        Encoding::Ecs => ecs,
        Encoding::Ocsf => ocsf,
        Encoding::Cef => cef,
        Encoding::Leef => leef,
        Encoding::Syslog => syslog,
    };
    let mut text = encode(&told, &sources);
    if matches!(sink.kind, SinkKind::Syslog(_)) && sink.encoding != Encoding::Syslog {
        text = enveloped(&told, &text);
    }
    Made::Message(Box::new(Message { seq: outgoing.seq, told, text }))
}

fn passes(filter: &Filter, told: &Identified) -> bool {
    let has = |(name, value): (&String, &String)| {
        told.alert.labels.iter().any(|(n, v)| n == name && v == value)
    };
    told.alert.severity >= filter.min_severity
        && (filter.detectors.is_empty() || filter.detectors.contains(&told.detector))
        && filter.labels.iter().all(has)
}
