//! Datagrams, many with one system call.

use std::io::{self, IoSliceMut};
use std::net::IpAddr;
use std::os::fd::{AsFd, AsRawFd};

use nix::cmsg_space;
use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, MultiHeaders, SockaddrLike, SockaddrStorage, recvmmsg,
};

/// A datagram socket with the memory to read it.
pub(super) struct Receiver {
    is_unix: bool,
    datagram_bytes_max: usize,
    /// One place after the other. Pages that no datagram reached take no memory.
    buffer: Vec<u8>,
    /// What the kernel said last about what it had no room for.
    kernel_drops: u32,
}

/// One datagram.
pub(super) struct Datagram<'a> {
    pub(super) bytes: &'a [u8],
    /// Its sender; `None` for Unix sockets.
    pub(super) peer: Option<IpAddr>,
    /// It was longer.
    pub(super) is_cut: bool,
}

/// Datagrams that are read at once.
const DATAGRAMS_MAX: usize = 64;

/// The longest that UDP can carry.
pub(super) const UDP_BYTES_MAX: usize = 64 << 10;

impl Receiver {
    pub(super) fn new(is_unix: bool, datagram_bytes_max: usize) -> Self {
        let buffer = vec![0; DATAGRAMS_MAX * datagram_bytes_max];
        Self { is_unix, datagram_bytes_max, buffer, kernel_drops: 0 }
    }

    /// Reads what is there; `WouldBlock` when nothing is. Returns how many the kernel
    /// had to drop since the last time.
    pub(super) fn receive(
        &mut self,
        socket: &impl AsFd,
        each: impl FnMut(Datagram<'_>),
    ) -> io::Result<u64> {
        let received = if self.is_unix {
            self.receive_from::<()>(socket, |()| None, each)?
        } else {
            self.receive_from::<SockaddrStorage>(socket, ip_of, each)?
        };
        let Some(now) = received else { return Ok(0) };
        let drops = now.wrapping_sub(self.kernel_drops);
        self.kernel_drops = now;
        Ok(u64::from(drops))
    }

    /// Returns what the kernel says about its drops since the socket was opened.
    fn receive_from<S: SockaddrLike + Copy>(
        &mut self,
        socket: &impl AsFd,
        peer_of: fn(&S) -> Option<IpAddr>,
        mut each: impl FnMut(Datagram<'_>),
    ) -> io::Result<Option<u32>> {
        let places = self.buffer.chunks_exact_mut(self.datagram_bytes_max);
        let mut places: Vec<_> = places.map(|place| [IoSliceMut::new(place)]).collect();
        // Anew each time: the call overwrites how much room there is for addresses and
        // control messages.
        let mut headers = MultiHeaders::<S>::preallocate(places.len(), Some(cmsg_space!(u32)));
        let flags = MsgFlags::MSG_DONTWAIT;
        let received =
            recvmmsg(socket.as_fd().as_raw_fd(), &mut headers, places.iter_mut(), flags, None)?;
        let mut drops = None;
        for message in received {
            let is_cut = message.flags.contains(MsgFlags::MSG_TRUNC);
            let peer = message.address.as_ref().and_then(peer_of);
            for control in message.cmsgs().into_iter().flatten() {
                if let ControlMessageOwned::RxqOvfl(count) = control {
                    drops = Some(count);
                }
            }
            each(Datagram { bytes: message.iovs().next().unwrap_or_default(), peer, is_cut });
        }
        Ok(drops)
    }
}

fn ip_of(address: &SockaddrStorage) -> Option<IpAddr> {
    let v4 = address.as_sockaddr_in().map(|address| IpAddr::V4(address.ip()));
    v4.or_else(|| Some(IpAddr::V6(address.as_sockaddr_in6()?.ip()).to_canonical()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;
    use std::os::unix::net::UnixDatagram;

    /// Scenario: datagrams of both families and of a Unix socket: empty, full, too long.
    /// Guarantees: each comes with its sender; one that does not fit says so.
    #[test]
    fn datagrams_come_with_their_senders() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let socket = UdpSocket::bind(address).expect("loopback");
            let to = socket.local_addr().expect("bound");
            let sender = UdpSocket::bind(address).expect("loopback");
            for message in [b"one".as_slice(), b"", b"12345678", b"123456789"] {
                sender.send_to(message, to).expect("sent");
            }
            let mut found = Vec::new();
            let mut receiver = Receiver::new(false, 8);
            for _ in 0..2 {
                let received = receiver.receive(&socket, |datagram| {
                    assert_eq!(datagram.peer, Some(to.ip()));
                    found.push((datagram.bytes.to_vec(), datagram.is_cut));
                });
                match received {
                    Ok(drops) => assert_eq!(drops, 0),
                    Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
                }
            }
            let expected: [(&[u8], bool); 4] =
                [(b"one", false), (b"", false), (b"12345678", false), (b"12345678", true)];
            assert_eq!(found, expected.map(|(bytes, is_cut)| (bytes.to_vec(), is_cut)));
        }
        let (sender, socket) = UnixDatagram::pair().expect("a pair");
        sender.send(b"local").expect("sent");
        let received = Receiver::new(true, 8).receive(&socket, |datagram| {
            assert_eq!((datagram.bytes, datagram.peer), (b"local".as_slice(), None));
        });
        assert_eq!(received.map_err(|error| error.kind()), Ok(0));
    }
}
