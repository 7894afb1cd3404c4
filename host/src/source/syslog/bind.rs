//! Opens the sockets that a source listens on.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use nix::sys::socket::{setsockopt, sockopt};
use socket2::{Domain, Protocol, Socket, Type};

use super::inherited::{Inherited, InheritedSocket};
use super::settings::{Listen, Settings};
use crate::problem::Problem;

/// Connections that wait to be let in.
const BACKLOG: i32 = 1_024;

/// A socket that is bound.
pub(super) enum Bound {
    Udp(Socket),
    Tcp(Socket),
    Tls(Socket),
    UnixDatagram(UnixDatagram),
    UnixStream(UnixListener),
}

/// The file of a Unix socket of ours; it goes with the source.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    inode: u64,
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Somebody else may have put another one there.
        if fs::symlink_metadata(&self.path).is_ok_and(|found| found.ino() == self.inode) {
            drop(fs::remove_file(&self.path));
        }
    }
}

/// What [`bind`] opened.
#[derive(Default)]
pub(super) struct Opened {
    pub(super) sockets: Vec<Bound>,
    pub(super) files: Vec<SocketFile>,
}

/// Opens everything that the settings name.
pub(super) fn bind(settings: &Settings, inherited: &mut Inherited) -> Result<Opened, Problem> {
    let mut opened = Opened::default();
    for listen in &settings.listen {
        bind_one(settings, listen, inherited, &mut opened)?;
    }
    Ok(opened)
}

fn bind_one(
    settings: &Settings,
    listen: &Listen,
    inherited: &mut Inherited,
    opened: &mut Opened,
) -> Result<(), Problem> {
    let failed = |error: io::Error| {
        Problem::new(format!("source `{}` cannot listen on `{listen}`: {error}", settings.name))
            .at(format!("source.{}.listen", settings.name))
            .hint(hint(&error))
    };
    let socket = match listen {
        Listen::Udp(address) => Bound::Udp(udp(*address, settings).map_err(failed)?),
        Listen::Tcp(address) => Bound::Tcp(tcp(*address).map_err(failed)?),
        Listen::Tls(address) => Bound::Tls(tcp(*address).map_err(failed)?),
        Listen::UnixDatagram(path) => {
            make_way(path, |path| UnixDatagram::unbound()?.connect(path)).map_err(failed)?;
            let socket = UnixDatagram::bind(path).map_err(failed)?;
            set_receive_buffer(&socket, settings).map_err(failed)?;
            opened.files.push(open_up(path, settings.unix_mode).map_err(failed)?);
            Bound::UnixDatagram(socket)
        }
        Listen::UnixStream(path) => {
            make_way(path, |path| UnixStream::connect(path).map(drop)).map_err(failed)?;
            let socket = UnixListener::bind(path).map_err(failed)?;
            opened.files.push(open_up(path, settings.unix_mode).map_err(failed)?);
            Bound::UnixStream(socket)
        }
        Listen::Inherited(name) | Listen::InheritedTls(name) => {
            let speaks_tls = matches!(listen, Listen::InheritedTls(_));
            let sockets = inherited.take(name).map_err(failed)?;
            for socket in sockets {
                opened.sockets.push(of_systemd(socket, speaks_tls, settings).map_err(failed)?);
            }
            return Ok(());
        }
    };
    opened.sockets.push(socket);
    Ok(())
}

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            "ports below 1024 need CAP_NET_BIND_SERVICE: take a higher one, or let systemd open \
             the socket and write `systemd://NAME`; a path needs a folder that may be written"
        }
        io::ErrorKind::AddrInUse => "another program or source listens there: stop it or move one",
        io::ErrorKind::AddrNotAvailable => "no interface of this machine has the address",
        io::ErrorKind::NotFound => "the folder of the path, or the socket of that name, is missing",
        io::ErrorKind::AlreadyExists => "there is a file that is no socket: move it away",
        _ => "check the address",
    }
}

fn udp(address: SocketAddr, settings: &Settings) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    set_receive_buffer(&socket, settings)?;
    setsockopt(&socket, sockopt::RxqOvfl, &1)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

/// The kernel's limit may be passed by who is privileged; others get as much as the
/// limit lets them have.
fn set_receive_buffer(socket: &impl std::os::fd::AsFd, settings: &Settings) -> io::Result<()> {
    let bytes = settings.limits.receive_buffer_bytes;
    if setsockopt(socket, sockopt::RcvBufForce, &bytes).is_err() {
        setsockopt(socket, sockopt::RcvBuf, &bytes)?;
    }
    Ok(())
}

fn tcp(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket)
}

/// Removes what a crash left at the path. A socket on which somebody listens stays,
/// and so does anything that is no socket.
fn make_way(path: &Path, connect: impl Fn(&Path) -> io::Result<()>) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
        Ok(found) if !found.file_type().is_socket() => {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        Ok(_) => {}
    }
    match connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path),
        _ => Err(io::ErrorKind::AddrInUse.into()),
    }
}

fn open_up(path: &Path, mode: u32) -> io::Result<SocketFile> {
    let file = SocketFile { path: path.to_owned(), inode: fs::symlink_metadata(path)?.ino() };
    fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
    Ok(file)
}

fn of_systemd(socket: InheritedSocket, speaks_tls: bool, settings: &Settings) -> io::Result<Bound> {
    Ok(match (socket, speaks_tls) {
        (InheritedSocket::Tcp(socket), false) => Bound::Tcp(socket.into()),
        (InheritedSocket::Tcp(socket), true) => Bound::Tls(socket.into()),
        (_, true) => return Err(io::Error::other("TLS is only spoken on TCP")),
        (InheritedSocket::Udp(socket), false) => {
            set_receive_buffer(&socket, settings)?;
            setsockopt(&socket, sockopt::RxqOvfl, &1)?;
            Bound::Udp(socket.into())
        }
        (InheritedSocket::UnixDatagram(socket), false) => {
            set_receive_buffer(&socket, settings)?;
            Bound::UnixDatagram(socket)
        }
        (InheritedSocket::UnixStream(socket), false) => Bound::UnixStream(socket),
    })
}
