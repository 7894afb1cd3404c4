//! A syslog receiver, over UDP (RFC 5426), TCP (RFC 6587) or TLS (RFC 5425).
//!
//! Syslog confirms nothing. Over a stream, a batch is confirmed all the same: we
//! close our side behind it and wait until the receiver, that has then read to the
//! end, closes its own; a receiver that died resets instead. (What remains: one that
//! reads everything and then drops it.) It costs a connection for each batch, and
//! alerts are rare. With `confirm = false` the connection stays
//! open, and delivered means: handed to the kernel; what a dying receiver had not
//! read is lost. Over UDP delivered means: sent.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream, ToSocketAddrs, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};

use super::message::Message;
use super::tls;
use super::unacked::unacked_bytes;
use super::worker::{Delivery, Pace, Transport, Verdict};
use crate::config::{Framing, Sink, SyslogSink, Transport as Way};
use crate::problem::Problem;

/// Longest datagram: what receivers take at least (RFC 5424 says 2048; rsyslog and
/// syslog-ng take 8192). A longer message loses its end.
const DATAGRAM_BYTES_MAX: usize = 8_192;

/// One receiver.
pub(super) struct Syslog {
    config: SyslogSink,
    timeout: Duration,
    tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
    open: Option<Stream>,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Syslog {
    pub(super) fn new(sink: &Sink, config: &SyslogSink) -> Result<Self, Problem> {
        let tls = match config.transport {
            Way::Udp | Way::Tcp => None,
            Way::Tls => Some((tls::client_config(&sink.tls)?, server_name(&config.address)?)),
        };
        Ok(Self { config: config.clone(), timeout: sink.timeout, tls, open: None })
    }

    fn send(&mut self, batch: &[Message]) -> io::Result<()> {
        if self.config.transport == Way::Udp {
            return self.send_datagrams(batch);
        }
        let framed = frame(batch, self.config.framing);
        let mut stream = match self.open.take().filter(Stream::is_alive) {
            Some(stream) => stream,
            None => self.connect()?,
        };
        stream.write_all(&framed)?;
        if self.config.confirm {
            return stream.close_and_wait();
        }
        self.open = Some(stream);
        Ok(())
    }

    fn send_datagrams(&self, batch: &[Message]) -> io::Result<()> {
        let address = self.address()?;
        let any: SocketAddr = match address {
            SocketAddr::V4(_) => ([0, 0, 0, 0], 0).into(),
            SocketAddr::V6(_) => ([0_u16; 8], 0).into(),
        };
        let socket = UdpSocket::bind(any)?;
        // Connected, so that a closed port on the other side is an error of the next.
        socket.connect(address)?;
        for message in batch {
            let end = message.text.floor_char_boundary(DATAGRAM_BYTES_MAX);
            socket.send(message.text.get(..end).unwrap_or_default().as_bytes())?;
        }
        Ok(())
    }

    fn address(&self) -> io::Result<SocketAddr> {
        let mut found = self.config.address.to_socket_addrs()?;
        found.next().ok_or_else(|| io::Error::other("the name has no address"))
    }

    fn connect(&self) -> io::Result<Stream> {
        let mut last = io::Error::other("the name has no address");
        for address in self.config.address.to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, self.timeout) {
                Ok(stream) => return self.greet(stream),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn greet(&self, stream: TcpStream) -> io::Result<Stream> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(self.timeout))?;
        stream.set_write_timeout(Some(self.timeout))?;
        let Some((config, name)) = &self.tls else { return Ok(Stream::Plain(stream)) };
        let session = ClientConnection::new(Arc::clone(config), name.clone());
        let session = session.map_err(io::Error::other)?;
        Ok(Stream::Tls(Box::new(StreamOwned::new(session, stream))))
    }
}

impl Stream {
    fn socket(&self) -> &TcpStream {
        match self {
            Self::Plain(socket) => socket,
            Self::Tls(stream) => stream.get_ref(),
        }
    }

    /// False when the receiver has closed in the meantime.
    fn is_alive(&self) -> bool {
        let socket = self.socket();
        let looked = socket.set_nonblocking(true).and_then(|()| socket.peek(&mut [0]));
        let is_quiet = matches!(&looked, Err(error) if error.kind() == ErrorKind::WouldBlock);
        // A TLS receiver may have sent session tickets.
        let has_data = matches!((self, &looked), (Self::Tls(_), Ok(1..)));
        socket.set_nonblocking(false).is_ok() && (is_quiet || has_data)
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(socket) => socket.write_all(bytes),
            Self::Tls(stream) => stream.write_all(bytes).and_then(|()| stream.flush()),
        }
    }

    /// Says that nothing follows, and waits for the receiver to end as well.
    fn close_and_wait(mut self) -> io::Result<()> {
        if let Self::Tls(stream) = &mut self {
            stream.conn.send_close_notify();
            stream.flush()?;
        }
        self.socket().shutdown(Shutdown::Write)?;
        let mut rest = [0; 1024];
        loop {
            let read = match &mut self {
                Self::Plain(socket) => socket.read(&mut rest),
                Self::Tls(stream) => stream.read(&mut rest),
            };
            match read {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // TCP closed without the close of TLS, as rsyslog does. Whoever does
                // not like us sends an alert, which is another error.
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => break,
                Err(error) => return Err(error),
            }
        }
        // One that closes without having read, as a proxy does that has nobody
        // behind it, looks the same but for this.
        match unacked_bytes(self.socket())? {
            0 => Ok(()),
            _ => Err(io::Error::other("the receiver closed before it had everything")),
        }
    }
}

impl Transport for Syslog {
    fn deliver(&mut self, batch: &[Message], _: &dyn Pace) -> Delivery {
        let sent = self.send(batch);
        Delivery::all(
            batch.len(),
            match sent {
                Ok(()) => Verdict::Delivered,
                Err(error) => Verdict::Retry(format!("{}: {error}", self.config.address)),
            },
        )
    }
}

fn server_name(address: &str) -> Result<ServerName<'static>, Problem> {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    ServerName::try_from(host.clone())
        .map_err(|_| Problem::new(format!("`{host}` is no name that a certificate can have")))
}

/// A batch as it goes over a stream.
fn frame(batch: &[Message], framing: Framing) -> Vec<u8> {
    let mut bytes = Vec::new();
    for message in batch {
        match framing {
            Framing::OctetCounting => {
                bytes.extend(format!("{} ", message.text.len()).into_bytes());
                bytes.extend(message.text.as_bytes());
            }
            Framing::Newline => {
                let line = message.text.replace('\n', " ");
                bytes.extend(line.into_bytes());
                bytes.push(b'\n');
            }
        }
    }
    bytes
}
