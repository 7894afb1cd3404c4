//! A socket of datagrams: each is a message (RFC 5426).
//!
//! While batches are not taken nothing is read; then the kernel's buffer fills, and
//! what it has no room for is counted.

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;

use tokio::io::Interest;
use tokio::net::{UdpSocket, UnixDatagram};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until};

use super::batch::Pending;
use super::context::{Context, Phase};
use super::counters::{Dropped, Transport};
use super::receive::{Datagram, Receiver, UDP_BYTES_MAX};
use super::settings::OnLongMessage;

/// The longest Unix datagram that is read whole: as much as Linux lets one send.
const UNIX_BYTES_MAX: usize = 256 << 10;

/// Senders whose messages are gathered at the same time.
const PEERS_MAX: usize = 1_024;

/// Bytes that are gathered from all senders at the same time.
const GATHERED_BYTES_MAX: usize = 1 << 20;

/// A socket that is read.
pub(super) struct Datagrams {
    socket: Socket,
    receiver: Receiver,
    gathered: Gathered,
    context: Context,
}

/// A socket that the runtime knows.
pub(super) enum Socket {
    Udp(UdpSocket),
    Unix(UnixDatagram),
}

impl Socket {
    async fn readable(&self) -> io::Result<()> {
        match self {
            Self::Udp(socket) => socket.readable().await,
            Self::Unix(socket) => socket.readable().await,
        }
    }

    /// Reads what the runtime said is there; when there is nothing, it is told.
    fn receive_ready(&self, receiver: &mut Receiver, each: Each<'_>) -> io::Result<u64> {
        let now = || self.receive_now(receiver, each);
        match self {
            Self::Udp(socket) => socket.try_io(Interest::READABLE, now),
            Self::Unix(socket) => socket.try_io(Interest::READABLE, now),
        }
    }

    /// Reads what is there, whether the runtime knows of it or not.
    fn receive_now(&self, receiver: &mut Receiver, each: Each<'_>) -> io::Result<u64> {
        match self {
            Self::Udp(socket) => receiver.receive(socket, each),
            Self::Unix(socket) => receiver.receive(socket, each),
        }
    }
}

type Each<'a> = &'a mut dyn FnMut(Datagram<'_>);
type Receive = fn(&Socket, &mut Receiver, Each<'_>) -> io::Result<u64>;

/// Messages by sender.
struct Gathered {
    transport: Transport,
    by_peer: BTreeMap<Option<IpAddr>, Pending>,
    bytes: usize,
}

impl Datagrams {
    pub(super) fn new(socket: Socket, context: Context) -> Self {
        let (receiver, transport) = match socket {
            Socket::Udp(_) => (Receiver::new(false, UDP_BYTES_MAX), Transport::Udp),
            Socket::Unix(_) => (Receiver::new(true, UNIX_BYTES_MAX), Transport::Unix),
        };
        let gathered = Gathered { transport, by_peer: BTreeMap::new(), bytes: 0 };
        Self { socket, receiver, gathered, context }
    }

    /// Reads until the source stops.
    pub(super) async fn run(mut self) {
        let mut flush_at = None;
        loop {
            if flush_at.is_some_and(|at| at <= Instant::now()) || self.gathered.is_full() {
                self.flush().await;
                flush_at = None;
            }
            if flush_at.is_none() && !self.gathered.by_peer.is_empty() {
                flush_at = Some(Instant::now() + self.context.settings.timeouts.flush_interval);
            }
            let flush = async {
                match flush_at {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            let ready = tokio::select! {
                biased;
                () = self.context.reached(Phase::Draining) => break,
                ready = self.socket.readable() => ready,
                () = flush => continue,
            };
            if ready.is_err() {
                break;
            }
            self.receive(Socket::receive_ready);
        }
        self.read_what_arrived().await;
        self.flush().await;
    }

    async fn read_what_arrived(&mut self) {
        while *self.context.phase.borrow() < Phase::Stopped && self.receive(Socket::receive_now) {
            if self.gathered.is_full() {
                self.flush().await;
            }
            // Who never stops sending must not keep the others from being stopped.
            yield_now().await;
        }
    }

    /// Gathers what is there; returns whether anything was.
    fn receive(&mut self, how: Receive) -> bool {
        let Self { socket, receiver, gathered, context } = self;
        let received = how(socket, receiver, &mut |datagram| gathered.take(&datagram, context));
        // An error says that nothing is there, or what the network said about the socket,
        // which is as good as before.
        received.inspect(|drops| context.counters.add_dropped(Dropped::Kernel, *drops)).is_ok()
    }

    async fn flush(&mut self) {
        self.gathered.bytes = 0;
        for (peer, mut pending) in std::mem::take(&mut self.gathered.by_peer) {
            self.context.hand_on(&mut pending, peer).await;
        }
    }
}

impl Gathered {
    fn is_full(&self) -> bool {
        self.bytes >= GATHERED_BYTES_MAX || self.by_peer.len() >= PEERS_MAX
    }

    fn take(&mut self, datagram: &Datagram<'_>, context: &Context) {
        let bytes = datagram.bytes.len();
        if let Some(reason) = refusal(datagram, context) {
            context.counters.add_received(self.transport, 1, bytes as u64);
            context.counters.add_dropped(reason, 1);
            return;
        }
        let bytes_max = context.settings.limits.message_bytes_max;
        let message = datagram.bytes.get(..bytes_max).unwrap_or(datagram.bytes);
        let pending = self.by_peer.entry(datagram.peer).or_default();
        let is_message = pending.push(message);
        context.counters.add_received(self.transport, u64::from(is_message), bytes as u64);
        context.counters.add_cut(u64::from(is_long(datagram, context)));
        self.bytes += bytes;
    }
}

/// Why a datagram is not taken.
fn refusal(datagram: &Datagram<'_>, context: &Context) -> Option<Dropped> {
    if let Some(peer) = datagram.peer {
        if !context.admission.may_send(peer) {
            return Some(Dropped::Denied);
        }
        let mut rate = context.rate.iter();
        if !rate.all(|rate| rate.lets_through(peer, datagram.bytes.len())) {
            return Some(Dropped::Rate);
        }
    }
    let drops_long = context.settings.limits.on_long_message == OnLongMessage::Drop;
    (drops_long && is_long(datagram, context)).then_some(Dropped::Long)
}

fn is_long(datagram: &Datagram<'_>, context: &Context) -> bool {
    datagram.is_cut || datagram.bytes.len() > context.settings.limits.message_bytes_max
}
