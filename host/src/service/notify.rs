//! Notify: what the service manager wants to hear (sd_notify(3)).
//!
//! One datagram for each thing. By hand: the crate for it knows no abstract sockets,
//! and this is all there is to it.

use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The way to the service manager; to nobody when none asked.
#[derive(Debug, Default)]
pub(super) struct Notify {
    socket: Option<UnixDatagram>,
    /// It wants to hear from us this often.
    watchdog: Option<Duration>,
    /// When it last did.
    told_ms: AtomicU64,
}

impl Notify {
    /// To the socket of that name (`NOTIFY_SOCKET`), and for the watchdog at least
    /// once in that time (`WATCHDOG_USEC`).
    pub(super) fn new(socket: Option<&OsStr>, watchdog: Option<Duration>) -> Self {
        let connect = |name: &OsStr| {
            connect(name)
                .inspect_err(
                    |error| tracing::warn!(%error, "the service manager cannot be reached"),
                )
                .ok()
        };
        Self { socket: socket.and_then(connect), watchdog, told_ms: AtomicU64::new(0) }
    }

    /// The state is recovered and sources are open; also after a reload.
    pub(super) fn ready(&self) {
        self.tell("READY=1\nSTATUS=Taking logs in");
    }

    /// The config is read again. By the clock that never goes back.
    pub(super) fn reloading(&self, now: Duration) {
        let usec = now.as_micros();
        self.tell(&format!("RELOADING=1\nMONOTONIC_USEC={usec}\nSTATUS=Reading the config again"));
    }

    /// The service ends.
    pub(super) fn stopping(&self) {
        self.tell("STOPPING=1\nSTATUS=Delivering what was taken in");
    }

    /// The loop turns: said three times as often as somebody wants to hear it.
    pub(super) fn turns(&self, now: Duration) {
        let Some(watchdog) = self.watchdog else { return };
        let (now_ms, limit_ms) = (now.as_millis() as u64, watchdog.as_millis() as u64 / 3);
        if now_ms.saturating_sub(self.told_ms.load(Ordering::Relaxed)) >= limit_ms {
            self.told_ms.store(now_ms, Ordering::Relaxed);
            self.tell("WATCHDOG=1");
        }
    }

    fn tell(&self, what: &str) {
        if let Some(socket) = &self.socket {
            // A manager that has no room hears it the next time.
            drop(socket.send(what.as_bytes()));
        }
    }
}

fn connect(name: &OsStr) -> io::Result<UnixDatagram> {
    let address = match name.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
        _ => SocketAddr::from_pathname(name)?,
    };
    let socket = UnixDatagram::unbound()?;
    socket.connect_addr(&address)?;
    // The service does not wait for its manager.
    socket.set_nonblocking(true)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(socket: &UnixDatagram) -> Vec<String> {
        socket.set_nonblocking(true).expect("set");
        let mut buffer = [0; 256];
        std::iter::from_fn(|| {
            let count = socket.recv(&mut buffer).ok()?;
            Some(String::from_utf8_lossy(&buffer[..count]).into_owned())
        })
        .collect()
    }

    /// Scenario: a manager with a socket in the file system, and one with an abstract
    /// one.
    /// Guarantees: each hears what there is to tell, in the words of sd_notify(3).
    #[test]
    fn managers_of_both_kinds_hear() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("notify");
        let abstract_name = format!("logwasp-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&abstract_name).expect("a name");
        for (manager, name) in [
            (UnixDatagram::bind(&path), path.clone().into_os_string()),
            (UnixDatagram::bind_addr(&address), format!("@{abstract_name}").into()),
        ] {
            let manager = manager.expect("bound");
            let notify = Notify::new(Some(&name), None);
            notify.ready();
            notify.reloading(Duration::from_millis(5));
            notify.stopping();
            notify.turns(Duration::from_secs(1_000));
            let heard = heard(&manager);
            assert!(heard[0].starts_with("READY=1\n"), "{heard:?}");
            assert!(heard[1].starts_with("RELOADING=1\nMONOTONIC_USEC=5000\n"), "{heard:?}");
            assert!(heard[2].starts_with("STOPPING=1\n"), "{heard:?}");
            assert_eq!(heard.len(), 3);
        }
        Notify::new(None, None).ready();
    }

    /// Scenario: a watchdog of nine seconds, and a loop that turns each second.
    /// Guarantees: it is told every three seconds, and not at every turn.
    #[test]
    fn the_watchdog_is_told_in_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("notify");
        let manager = UnixDatagram::bind(&path).expect("bound");
        let notify = Notify::new(Some(path.as_os_str()), Some(Duration::from_secs(9)));
        (100..110).for_each(|second| notify.turns(Duration::from_secs(second)));
        assert_eq!(heard(&manager), ["WATCHDOG=1"; 4]);
    }
}
