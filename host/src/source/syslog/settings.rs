//! What an operator decides about a syslog source.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::journal::JournalSettings;
use super::network::{LOOPBACK, Network};

/// One syslog source, with every value checked and every default filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Its name.
    pub name: String,
    /// Where it listens.
    pub listen: Vec<Listen>,
    /// Who may send. Unix sockets are guarded by their mode instead.
    pub allow: Vec<Network>,
    /// How messages on streams are delimited.
    pub framing: Framing,
    /// What it holds at most.
    pub limits: Limits,
    /// How long it waits.
    pub timeouts: Timeouts,
    /// Mode of the files of Unix sockets.
    pub unix_mode: u32,
    /// Who it is on `tls://`, and whom it trusts.
    pub tls: Option<Tls>,
    /// Where what was received is kept until it is read; `None` keeps it in memory.
    pub journal: Option<JournalSettings>,
}

impl Settings {
    /// A source with the defaults.
    pub fn new(name: impl Into<String>, listen: Vec<Listen>) -> Self {
        Self {
            name: name.into(),
            listen,
            allow: LOOPBACK.to_vec(),
            framing: Framing::Auto,
            limits: Limits::default(),
            timeouts: Timeouts::default(),
            unix_mode: 0o660,
            tls: None,
            journal: None,
        }
    }
}

/// One place to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// `udp://ADDRESS:PORT` (RFC 5426).
    Udp(SocketAddr),
    /// `tcp://ADDRESS:PORT` (RFC 6587).
    Tcp(SocketAddr),
    /// `tls://ADDRESS:PORT` (RFC 5425).
    Tls(SocketAddr),
    /// `unix:///PATH`: datagrams, as `/dev/log`.
    UnixDatagram(PathBuf),
    /// `unix-stream:///PATH`.
    UnixStream(PathBuf),
    /// `systemd://NAME`: the sockets of that name that systemd passed on.
    Inherited(String),
    /// `systemd+tls://NAME`: the same, and TLS is spoken on them.
    InheritedTls(String),
}

/// The text is no place to listen; it says why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoListen(pub &'static str);

impl FromStr for Listen {
    type Err = NoListen;

    fn from_str(text: &str) -> Result<Self, NoListen> {
        let (scheme, rest) =
            text.split_once("://").ok_or(NoListen("it does not begin with `udp://` or alike"))?;
        let address = || rest.parse().map_err(|_| NoListen("it is no IP address with a port"));
        let path = || match rest.starts_with('/') {
            true => Ok(PathBuf::from(rest)),
            false => Err(NoListen("the path is not absolute")),
        };
        let name = || match rest.is_empty() {
            true => Err(NoListen("the name of the socket is missing")),
            false => Ok(rest.to_owned()),
        };
        Ok(match scheme {
            "udp" => Self::Udp(address()?),
            "tcp" => Self::Tcp(address()?),
            "tls" => Self::Tls(address()?),
            "unix" => Self::UnixDatagram(path()?),
            "unix-stream" => Self::UnixStream(path()?),
            "systemd" => Self::Inherited(name()?),
            "systemd+tls" => Self::InheritedTls(name()?),
            _ => return Err(NoListen("nobody knows this transport")),
        })
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Udp(address) => write!(f, "udp://{address}"),
            Self::Tcp(address) => write!(f, "tcp://{address}"),
            Self::Tls(address) => write!(f, "tls://{address}"),
            Self::UnixDatagram(path) => write!(f, "unix://{}", path.display()),
            Self::UnixStream(path) => write!(f, "unix-stream://{}", path.display()),
            Self::Inherited(name) => write!(f, "systemd://{name}"),
            Self::InheritedTls(name) => write!(f, "systemd+tls://{name}"),
        }
    }
}

/// How messages on streams are delimited (RFC 6587, 3.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// Decided for each message: a count is a count when a priority follows it,
    /// everything else is a line.
    Auto,
    /// `LEN SP MSG`.
    Octet,
    /// Lines.
    Lf,
    /// Messages end with NUL.
    Nul,
}

/// What becomes of a message that is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnLongMessage {
    /// Its beginning is kept.
    Cut,
    /// Nothing is kept.
    Drop,
}

/// What a source holds at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest message.
    pub message_bytes_max: usize,
    /// What becomes of longer ones.
    pub on_long_message: OnLongMessage,
    /// Bytes of unfinished messages, all connections together.
    pub unfinished_bytes_max: usize,
    /// A batch is handed on when it has so many bytes.
    pub batch_bytes: usize,
    /// Connections, all listeners together.
    pub connections_max: usize,
    /// Connections of one address.
    pub connections_per_peer_max: usize,
    /// Bytes per second of one address. Streams are slowed, datagrams dropped.
    pub peer_bytes_per_s_max: Option<u64>,
    /// The kernel's buffer of each datagram socket (`SO_RCVBUF`).
    pub receive_buffer_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // As much as a decoder reads.
            message_bytes_max: logwasp_core::limits::FRAME_BYTES_MAX - 1,
            on_long_message: OnLongMessage::Cut,
            unfinished_bytes_max: 64 << 20,
            batch_bytes: 128 << 10,
            connections_max: 4_096,
            connections_per_peer_max: 256,
            peer_bytes_per_s_max: None,
            receive_buffer_bytes: 8 << 20,
        }
    }
}

/// How long a source waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// A batch that is not full is handed on after this.
    pub flush_interval: Duration,
    /// For the handshake of TLS.
    pub handshake: Duration,
    /// From the first to the last byte of a message on a stream.
    pub message: Duration,
    /// A connection on which nothing comes is closed after this. `None` never.
    pub idle: Option<Duration>,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            flush_interval: Duration::from_millis(20),
            handshake: Duration::from_secs(10),
            message: Duration::from_mins(2),
            // Plain senders lose what they write into a connection that was closed:
            // dead ones are found by keep-alive, quiet ones are left alone.
            idle: None,
        }
    }
}

/// Who the source is on TLS, and whom it trusts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// Its certificate and those between it and the root, PEM.
    pub cert_file: PathBuf,
    /// Its key, PEM.
    pub key_file: PathBuf,
    /// Roots of clients' certificates, PEM. With them every client must show one.
    pub client_ca_file: Option<PathBuf>,
    /// Refuse TLS 1.2.
    pub only_1_3: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: every transport, and texts that are none.
    /// Guarantees: what is read is printed the same; the rest is refused.
    #[test]
    fn places_to_listen_are_read() {
        for text in [
            "udp://127.0.0.1:514",
            "tcp://[::1]:601",
            "tls://0.0.0.0:6514",
            "unix:///run/logwasp/log",
            "unix-stream:///run/logwasp/stream",
            "systemd://syslog.socket",
            "systemd+tls://syslog-tls.socket",
        ] {
            assert_eq!(text.parse::<Listen>().expect(text).to_string(), text);
        }
        for wrong in ["", "514", "udp://514", "udp://host:514", "unix://log", "http://1.1.1.1:1"] {
            assert!(wrong.parse::<Listen>().is_err(), "{wrong}");
        }
    }
}
