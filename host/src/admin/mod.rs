//! Admin: the service's own endpoints, for Prometheus and for whoever watches over the
//! process.
//!
//! It only reads: what there is to tell it asks of a [`Status`], on a thread of its
//! own. There is no authentication, so it listens on loopback unless the config says
//! otherwise. A client cannot make it wait or grow: requests, connections and times
//! have bounds.

mod http;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};

/// What there is to tell. Any thread may ask, at any time.
pub trait Status: Send + Sync {
    /// All numbers, in the text format of Prometheus.
    fn metrics(&self) -> String;
    /// Whether the process works.
    ///
    /// # Errors
    /// Why it does not; a restart may help.
    fn health(&self) -> Result<(), String>;
    /// Whether it takes in what comes.
    ///
    /// # Errors
    /// Why it does not, now.
    fn ready(&self) -> Result<(), String>;
}

/// The endpoints, open until this is dropped.
#[derive(Debug)]
pub struct Admin {
    address: SocketAddr,
    // Its tasks end with it.
    _runtime: Runtime,
}

impl Admin {
    /// Listens.
    ///
    /// # Errors
    /// When the address is in use or not of this machine.
    pub fn start(address: SocketAddr, status: Arc<dyn Status>) -> io::Result<Self> {
        let socket = TcpListener::bind(address)?;
        socket.set_nonblocking(true)?;
        let address = socket.local_addr()?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("admin")
            .enable_all()
            .build()?;
        let inside = runtime.enter();
        let socket = tokio::net::TcpListener::from_std(socket)?;
        drop(inside);
        runtime.spawn(http::serve(socket, status));
        Ok(Self { address, _runtime: runtime })
    }

    /// Where it listens, with the port that the kernel chose for port 0.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}
