//! The syslog source: listens, and hands on what comes as lines, in batches.
//!
//! UDP, TCP, TLS and Unix sockets end in one bounded channel. What is in a message is
//! not known here, only where it ends. When nobody takes the batches, streams are not
//! read any more and their senders wait; datagrams wait in the kernel, and what it has
//! no room for is counted. Every bound has a name in [`Limits`] or [`Timeouts`].
//!
//! In reading order: [`settings`], [`bind`], [`accept`] and [`stream`] (with
//! [`framer`]) or [`datagram`], [`batch`]. [`journal`] keeps batches on disk.

mod accept;
mod admission;
mod batch;
mod bind;
mod context;
mod count;
mod counters;
mod datagram;
mod framer;
mod held;
mod inherited;
mod journal;
mod network;
mod printed;
mod receive;
mod settings;
mod stream;
mod tls;

pub use batch::Batch;
pub use counters::{Counters, Dropped, Refused, Sample, TimedOut, Transport};
pub use inherited::Inherited;
pub use journal::{Appended, Fsync, Journal, JournalSettings, Segment};
pub use network::{LOOPBACK, Network, NoNetwork};
pub use settings::{Framing, Limits, Listen, NoListen, OnLongMessage, Settings, Timeouts, Tls};

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, UdpSocket, UnixDatagram, UnixListener};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use self::bind::{Bound, SocketFile};
use self::context::{Context, Phase};
use self::datagram::{Datagrams, Socket};
use crate::problem::Problem;

/// After [`Phase::Stopped`] every task ends at its next step.
const STOP_MAX: Duration = Duration::from_secs(1);

/// A source that listens. Dropped without [`Self::drain`], it stops at once, and what
/// was not handed on is counted as dropped.
#[derive(Debug)]
pub struct Running {
    local: Vec<Listen>,
    phase: watch::Sender<Phase>,
    ended: mpsc::Receiver<Infallible>,
    _files: Vec<SocketFile>,
}

/// Opens all sockets and reads them on the runtime. Batches go to `out`.
///
/// # Errors
/// When a socket cannot be opened or the files of TLS cannot be used: then nothing
/// was started.
pub fn start(
    settings: Settings,
    inherited: &mut Inherited,
    runtime: &Handle,
    out: mpsc::Sender<Batch>,
    counters: Arc<Counters>,
) -> Result<Running, Problem> {
    let tls = settings.tls.as_ref().map(tls::acceptor).transpose()?;
    let place = format!("source.{}", settings.name);
    let opened = bind::bind(&settings, inherited)?;
    let (phase, phase_seen) = watch::channel(Phase::Running);
    let (alive, ended) = mpsc::channel(1);
    let context = Context::new(settings, counters, out, phase_seen, alive);
    let failed = |error: io::Error| {
        Problem::new(format!("a socket cannot be used: {error}")).at(place.clone())
    };
    // Registers sockets with the runtime.
    let _inside = runtime.enter();
    let (mut local, mut tasks) = (Vec::new(), Vec::new());
    for socket in opened.sockets {
        local.push(local_address(&socket).map_err(failed)?);
        tasks.push(task(socket, tls.as_ref(), &context).map_err(failed)?);
    }
    for task in tasks {
        runtime.spawn(task);
    }
    Ok(Running { local, phase, ended, _files: opened.files })
}

impl Running {
    /// Where it listens, with the ports that the kernel chose for port 0.
    pub fn local_addrs(&self) -> &[Listen] {
        &self.local
    }

    /// Stops in order: lets nobody in any more, reads what has arrived, hands on what
    /// is gathered. What is not done by the deadline is dropped and counted. Returns
    /// whether everything was.
    pub async fn drain(mut self, deadline: Duration) -> bool {
        self.phase.send_replace(Phase::Draining);
        let is_done = timeout(deadline, self.ended.recv()).await.is_ok();
        self.phase.send_replace(Phase::Stopped);
        if !is_done {
            drop(timeout(STOP_MAX, self.ended.recv()).await);
        }
        is_done
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.phase.send_replace(Phase::Stopped);
    }
}

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The task that reads a socket.
fn task(socket: Bound, tls: Option<&TlsAcceptor>, context: &Context) -> io::Result<Task> {
    let context = context.clone();
    Ok(match socket {
        Bound::Udp(socket) => {
            socket.set_nonblocking(true)?;
            let socket = Socket::Udp(UdpSocket::from_std(socket.into())?);
            Box::pin(Datagrams::new(socket, context).run())
        }
        Bound::UnixDatagram(socket) => {
            socket.set_nonblocking(true)?;
            let socket = Socket::Unix(UnixDatagram::from_std(socket)?);
            Box::pin(Datagrams::new(socket, context).run())
        }
        Bound::Tcp(socket) => {
            socket.set_nonblocking(true)?;
            let listener = TcpListener::from_std(socket.into())?;
            Box::pin(accept::accept_tcp(listener, None, context))
        }
        Bound::Tls(socket) => {
            let tls = tls.ok_or_else(|| io::Error::other("`tls` is missing in the config"))?;
            socket.set_nonblocking(true)?;
            let listener = TcpListener::from_std(socket.into())?;
            Box::pin(accept::accept_tcp(listener, Some(tls.clone()), context))
        }
        Bound::UnixStream(socket) => {
            socket.set_nonblocking(true)?;
            Box::pin(accept::accept_unix(UnixListener::from_std(socket)?, context))
        }
    })
}

fn local_address(socket: &Bound) -> io::Result<Listen> {
    let inet = |socket: &socket2::Socket| {
        socket.local_addr()?.as_socket().ok_or_else(|| io::Error::other("it has no address"))
    };
    let path = |address: &std::os::unix::net::SocketAddr| {
        address.as_pathname().unwrap_or("".as_ref()).to_owned()
    };
    Ok(match socket {
        Bound::Udp(socket) => Listen::Udp(inet(socket)?),
        Bound::Tcp(socket) => Listen::Tcp(inet(socket)?),
        Bound::Tls(socket) => Listen::Tls(inet(socket)?),
        Bound::UnixDatagram(socket) => Listen::UnixDatagram(path(&socket.local_addr()?)),
        Bound::UnixStream(socket) => Listen::UnixStream(path(&socket.local_addr()?)),
    })
}

#[cfg(test)]
mod tests;
