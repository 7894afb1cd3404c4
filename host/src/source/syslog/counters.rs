//! What a source counts.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::telemetry::{Metric, metrics};

/// A way that messages come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// UDP.
    Udp,
    /// TCP.
    Tcp,
    /// TLS over TCP.
    Tls,
    /// Unix datagrams.
    Unix,
    /// Unix streams.
    UnixStream,
}

impl Transport {
    const ALL: [Self; 5] = [Self::Udp, Self::Tcp, Self::Tls, Self::Unix, Self::UnixStream];

    fn name(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Unix => "unix",
            Self::UnixStream => "unix-stream",
        }
    }
}

/// Why a message was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dropped {
    /// The kernel had no room for the datagram.
    Kernel,
    /// The datagram came from a network that may not send.
    Denied,
    /// Its sender sends more than it may.
    Rate,
    /// It is too long, and the config says to drop such.
    Long,
    /// The source had to stop before it could be handed on.
    Stopped,
}

impl Dropped {
    const ALL: [Self; 5] = [Self::Kernel, Self::Denied, Self::Rate, Self::Long, Self::Stopped];

    fn name(self) -> &'static str {
        match self {
            Self::Kernel => "kernel",
            Self::Denied => "denied",
            Self::Rate => "rate",
            Self::Long => "long",
            Self::Stopped => "stopped",
        }
    }
}

/// Why a connection was not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It came from a network that may not send.
    Denied,
    /// There are too many.
    Connections,
    /// There are too many of this address.
    ConnectionsPerPeer,
}

impl Refused {
    const ALL: [Self; 3] = [Self::Denied, Self::Connections, Self::ConnectionsPerPeer];

    fn name(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Connections => "connections_max",
            Self::ConnectionsPerPeer => "connections_per_peer_max",
        }
    }
}

/// For what a connection had no more time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimedOut {
    /// The handshake of TLS.
    Handshake,
    /// The rest of a message.
    Message,
    /// Anything at all.
    Idle,
}

impl TimedOut {
    const ALL: [Self; 3] = [Self::Handshake, Self::Message, Self::Idle];

    fn name(self) -> &'static str {
        match self {
            Self::Handshake => "handshake",
            Self::Message => "message",
            Self::Idle => "idle",
        }
    }
}

/// A counter for each value of an enum.
#[derive(Debug)]
struct By<const N: usize>([AtomicU64; N]);

impl<const N: usize> Default for By<N> {
    fn default() -> Self {
        Self(std::array::from_fn(|_| AtomicU64::new(0)))
    }
}

impl<const N: usize> By<N> {
    fn add(&self, index: usize, count: u64) {
        if let Some(counter) = self.0.get(index) {
            counter.fetch_add(count, Ordering::Relaxed);
        }
    }

    fn get(&self, index: usize) -> u64 {
        self.0.get(index).map_or(0, |counter| counter.load(Ordering::Relaxed))
    }
}

/// What one source has counted since it started.
#[derive(Debug, Default)]
pub struct Counters {
    messages: By<5>,
    bytes: By<5>,
    dropped: By<5>,
    refused: By<3>,
    timed_out: By<3>,
    opened: AtomicU64,
    open: AtomicU64,
    tls_failures: AtomicU64,
    cut: AtomicU64,
    wrong_counts: AtomicU64,
    backpressure: AtomicU64,
}

/// One value for `/metrics`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// What it is. Its first label is the source.
    pub metric: &'static Metric,
    /// The value of its second label.
    pub label: Option<&'static str>,
    /// The value.
    pub value: u64,
}

impl Counters {
    /// Messages that came in, those that were dropped afterwards included.
    pub fn messages(&self, transport: Transport) -> u64 {
        self.messages.get(transport as usize)
    }

    /// Bytes that came in, with their delimiters.
    pub fn bytes(&self, transport: Transport) -> u64 {
        self.bytes.get(transport as usize)
    }

    /// Messages that were lost.
    pub fn dropped(&self, reason: Dropped) -> u64 {
        self.dropped.get(reason as usize)
    }

    /// Connections that were not let in.
    pub fn refused(&self, reason: Refused) -> u64 {
        self.refused.get(reason as usize)
    }

    /// Connections that were closed because they took too long.
    pub fn timed_out(&self, what: TimedOut) -> u64 {
        self.timed_out.get(what as usize)
    }

    /// Connections that were let in.
    pub fn connections_opened(&self) -> u64 {
        self.opened.load(Ordering::Relaxed)
    }

    /// Connections that are open now.
    pub fn connections_open(&self) -> u64 {
        self.open.load(Ordering::Relaxed)
    }

    /// TLS connections that failed.
    pub fn tls_failures(&self) -> u64 {
        self.tls_failures.load(Ordering::Relaxed)
    }

    /// Messages of which only the beginning was kept.
    pub fn cut(&self) -> u64 {
        self.cut.load(Ordering::Relaxed)
    }

    /// Counts of octets that did not lead to the next message.
    pub fn wrong_counts(&self) -> u64 {
        self.wrong_counts.load(Ordering::Relaxed)
    }

    /// Times that reading stopped because nobody took the batches.
    pub fn backpressure(&self) -> u64 {
        self.backpressure.load(Ordering::Relaxed)
    }

    /// All of it, for `/metrics`.
    pub fn samples(&self) -> Vec<Sample> {
        let plain = |metric, value| Sample { metric, label: None, value };
        let mut samples = vec![
            plain(&metrics::SYSLOG_OPENED, self.connections_opened()),
            plain(&metrics::SYSLOG_OPEN, self.connections_open()),
            plain(&metrics::SYSLOG_TLS_FAILURES, self.tls_failures()),
            plain(&metrics::SYSLOG_CUT, self.cut()),
            plain(&metrics::SYSLOG_WRONG_COUNTS, self.wrong_counts()),
            plain(&metrics::SYSLOG_BACKPRESSURE, self.backpressure()),
        ];
        let labelled = |metric, label, value| Sample { metric, label: Some(label), value };
        for transport in Transport::ALL {
            let (messages, bytes) = (self.messages(transport), self.bytes(transport));
            samples.push(labelled(&metrics::SYSLOG_MESSAGES, transport.name(), messages));
            samples.push(labelled(&metrics::SYSLOG_BYTES, transport.name(), bytes));
        }
        samples.extend(
            Dropped::ALL.map(|reason| {
                labelled(&metrics::SYSLOG_DROPPED, reason.name(), self.dropped(reason))
            }),
        );
        samples.extend(
            Refused::ALL.map(|reason| {
                labelled(&metrics::SYSLOG_REFUSED, reason.name(), self.refused(reason))
            }),
        );
        samples.extend(
            TimedOut::ALL.map(|what| {
                labelled(&metrics::SYSLOG_TIMED_OUT, what.name(), self.timed_out(what))
            }),
        );
        samples
    }

    pub(super) fn add_received(&self, transport: Transport, messages: u64, bytes: u64) {
        self.messages.add(transport as usize, messages);
        self.bytes.add(transport as usize, bytes);
    }

    pub(super) fn add_dropped(&self, reason: Dropped, messages: u64) {
        self.dropped.add(reason as usize, messages);
    }

    pub(super) fn add_refused(&self, reason: Refused) {
        self.refused.add(reason as usize, 1);
    }

    pub(super) fn add_timed_out(&self, what: TimedOut) {
        self.timed_out.add(what as usize, 1);
    }

    pub(super) fn add_opened(&self) {
        self.opened.fetch_add(1, Ordering::Relaxed);
        self.open.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn add_closed(&self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn add_tls_failure(&self) {
        self.tls_failures.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn add_cut(&self, messages: u64) {
        self.cut.fetch_add(messages, Ordering::Relaxed);
    }

    pub(super) fn add_wrong_counts(&self, counts: u64) {
        self.wrong_counts.fetch_add(counts, Ordering::Relaxed);
    }

    pub(super) fn add_backpressure(&self) {
        self.backpressure.fetch_add(1, Ordering::Relaxed);
    }
}
