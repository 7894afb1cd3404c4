//! Sockets that systemd opened and passed on (`sd_listen_fds(3)`).

use std::collections::BTreeMap;
use std::io;
use std::net::{TcpListener, UdpSocket};
use std::os::unix::net::{UnixDatagram, UnixListener};

use listenfd::ListenFd;

/// Sockets by the name that their unit gives (`FileDescriptorName=`; without it, the
/// name of the socket unit). Taken from the environment once for the whole program.
#[derive(Debug, Default)]
pub struct Inherited {
    by_name: BTreeMap<String, Vec<InheritedSocket>>,
}

#[derive(Debug)]
pub(super) enum InheritedSocket {
    Tcp(TcpListener),
    Udp(UdpSocket),
    UnixDatagram(UnixDatagram),
    UnixStream(UnixListener),
}

/// The name of sockets for which systemd gives none.
const UNNAMED: &str = "unknown";

impl Inherited {
    /// Takes what was passed to this process. `names` is the value of
    /// `LISTEN_FDNAMES`: one name for each, with colons between.
    pub fn take_all(names: Option<&str>) -> Self {
        let mut passed = ListenFd::from_env();
        let mut names = names.unwrap_or_default().split(':').filter(|name| !name.is_empty());
        let mut by_name = BTreeMap::<_, Vec<_>>::new();
        for index in 0..passed.len() {
            let name = names.next().unwrap_or(UNNAMED).to_owned();
            // What is no socket of a kind that carries syslog is somebody else's.
            if let Some(socket) = socket(&mut passed, index) {
                by_name.entry(name).or_default().push(socket);
            }
        }
        Self { by_name }
    }

    /// The same sockets once more: who keeps one can give a later config its own, and
    /// what arrives between two configs waits in the kernel.
    ///
    /// # Errors
    /// When no more files can be opened.
    pub fn try_clone(&self) -> io::Result<Self> {
        let again = |(name, sockets): (&String, &Vec<InheritedSocket>)| {
            let sockets = sockets.iter().map(InheritedSocket::try_clone);
            Ok((name.clone(), sockets.collect::<io::Result<_>>()?))
        };
        Ok(Self { by_name: self.by_name.iter().map(again).collect::<io::Result<_>>()? })
    }

    /// The sockets of a name; each is given once.
    pub(super) fn take(&mut self, name: &str) -> io::Result<Vec<InheritedSocket>> {
        self.by_name.remove(name).ok_or_else(|| {
            let what = format!("systemd passed no socket named `{name}`");
            io::Error::new(io::ErrorKind::NotFound, what)
        })
    }
}

impl InheritedSocket {
    fn try_clone(&self) -> io::Result<Self> {
        Ok(match self {
            Self::Tcp(socket) => Self::Tcp(socket.try_clone()?),
            Self::Udp(socket) => Self::Udp(socket.try_clone()?),
            Self::UnixDatagram(socket) => Self::UnixDatagram(socket.try_clone()?),
            Self::UnixStream(socket) => Self::UnixStream(socket.try_clone()?),
        })
    }
}

fn socket(passed: &mut ListenFd, index: usize) -> Option<InheritedSocket> {
    if let Ok(Some(socket)) = passed.take_tcp_listener(index) {
        return Some(InheritedSocket::Tcp(socket));
    }
    if let Ok(Some(socket)) = passed.take_udp_socket(index) {
        return Some(InheritedSocket::Udp(socket));
    }
    if let Ok(Some(socket)) = passed.take_unix_datagram(index) {
        return Some(InheritedSocket::UnixDatagram(socket));
    }
    passed.take_unix_listener(index).ok()?.map(InheritedSocket::UnixStream)
}
