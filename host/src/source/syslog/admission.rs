//! Who may connect, and how much one address may send.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::counters::{Counters, Refused};
use super::network::Network;
use super::settings::Settings;
use crate::clock::Stopwatch;

/// Decides about connections.
pub(super) struct Admission {
    allow: Vec<Network>,
    connections_max: usize,
    connections_per_peer_max: usize,
    open: Mutex<Open>,
    counters: Arc<Counters>,
}

#[derive(Default)]
struct Open {
    total: usize,
    by_peer: HashMap<IpAddr, usize>,
}

/// A connection that was let in, until it is dropped.
pub(super) struct Admitted {
    admission: Arc<Admission>,
    peer: Option<IpAddr>,
}

impl Admission {
    pub(super) fn new(settings: &Settings, counters: &Arc<Counters>) -> Arc<Self> {
        Arc::new(Self {
            allow: settings.allow.clone(),
            connections_max: settings.limits.connections_max,
            connections_per_peer_max: settings.limits.connections_per_peer_max,
            open: Mutex::default(),
            counters: Arc::clone(counters),
        })
    }

    pub(super) fn may_send(&self, peer: IpAddr) -> bool {
        self.allow.iter().any(|network| network.contains(peer))
    }

    /// Lets a connection in, or counts why not. Unix sockets have no address.
    pub(super) fn admit(self: &Arc<Self>, peer: Option<IpAddr>) -> Option<Admitted> {
        if let Err(reason) = self.try_admit(peer) {
            self.counters.add_refused(reason);
            return None;
        }
        self.counters.add_opened();
        Some(Admitted { admission: Arc::clone(self), peer })
    }

    fn try_admit(&self, peer: Option<IpAddr>) -> Result<(), Refused> {
        if peer.is_some_and(|peer| !self.may_send(peer)) {
            return Err(Refused::Denied);
        }
        let mut open = self.lock();
        if open.total >= self.connections_max {
            return Err(Refused::Connections);
        }
        if let Some(peer) = peer {
            let count = open.by_peer.entry(peer).or_default();
            if *count >= self.connections_per_peer_max {
                return Err(Refused::ConnectionsPerPeer);
            }
            *count += 1;
        }
        open.total += 1;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.admission.counters.add_closed();
        let mut open = self.admission.lock();
        open.total -= 1;
        let Some(peer) = self.peer else { return };
        if let Some(count) = open.by_peer.get_mut(&peer) {
            *count -= 1;
            if *count == 0 {
                open.by_peer.remove(&peer);
            }
        }
    }
}

/// How much each address may send.
pub(super) struct Rate {
    bytes_per_s_max: u64,
    started: Stopwatch,
    /// Until when what each has sent is paid for, at its rate.
    paid_until: Mutex<HashMap<IpAddr, Duration>>,
}

/// What one may send at once, at its rate.
const BURST: Duration = Duration::from_secs(1);

/// Addresses that are remembered; with more, those without debts are forgotten.
const PEERS_MAX: usize = 16_384;

impl Rate {
    pub(super) fn new(bytes_per_s_max: u64) -> Self {
        Self { bytes_per_s_max, started: Stopwatch::start(), paid_until: Mutex::default() }
    }

    /// Books bytes that were read; returns how long to wait before more are.
    pub(super) fn wait_for(&self, peer: IpAddr, bytes: usize) -> Duration {
        self.book(peer, bytes, self.started.elapsed(), Duration::MAX)
            .map_or(Duration::ZERO, |debt| debt.saturating_sub(BURST))
    }

    /// Books a datagram, unless its sender has sent too much.
    pub(super) fn lets_through(&self, peer: IpAddr, bytes: usize) -> bool {
        self.book(peer, bytes, self.started.elapsed(), BURST).is_some()
    }

    /// Books bytes when that makes no debt greater than `most`; returns the debt.
    fn book(&self, peer: IpAddr, bytes: usize, now: Duration, most: Duration) -> Option<Duration> {
        let nanos = (bytes as u128 * 1_000_000_000) / u128::from(self.bytes_per_s_max.max(1));
        let cost = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        let mut paid_until = self.paid_until.lock().unwrap_or_else(PoisonError::into_inner);
        if paid_until.len() >= PEERS_MAX {
            paid_until.retain(|_, until| *until > now);
        }
        if paid_until.len() >= PEERS_MAX {
            paid_until.clear();
        }
        let until = paid_until.get(&peer).copied().unwrap_or_default().max(now);
        let debt = until.saturating_sub(now).saturating_add(cost);
        (debt <= most).then(|| {
            paid_until.insert(peer, now.saturating_add(debt));
            debt
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));
    const OTHER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2));

    /// Scenario: more connections than allowed, of one address and in all, and one
    /// from a foreign network.
    /// Guarantees: each is refused for its reason; a closed one makes room.
    #[test]
    fn connections_are_bounded() {
        let mut settings = Settings::new("s", Vec::new());
        settings.allow = vec!["10.0.0.0/8".parse().expect("a network")];
        (settings.limits.connections_max, settings.limits.connections_per_peer_max) = (3, 2);
        let counters = Arc::new(Counters::default());
        let admission = Admission::new(&settings, &counters);
        let held = [admission.admit(Some(PEER)), admission.admit(Some(PEER))];
        assert!(held.iter().all(Option::is_some));
        assert!(admission.admit(Some(PEER)).is_none());
        assert!(admission.admit(Some("192.168.0.1".parse().expect("valid"))).is_none());
        let unix = admission.admit(None).expect("let in");
        assert!(admission.admit(Some(OTHER)).is_none());
        drop(held);
        assert!(admission.admit(Some(OTHER)).is_some());
        drop(unix);
        let refused = [Refused::Denied, Refused::Connections, Refused::ConnectionsPerPeer];
        assert_eq!(refused.map(|reason| counters.refused(reason)), [1, 1, 1]);
        assert_eq!((counters.connections_opened(), counters.connections_open()), (4, 0));
        assert!(admission.lock().by_peer.is_empty());
    }

    /// Scenario: an address sends twice what it may, beside a quiet one.
    /// Guarantees: it may send a second's worth at once and then its rate; the other
    /// is not concerned.
    #[test]
    fn rates_are_kept() {
        let rate = Rate::new(1_000);
        let ms = Duration::from_millis;
        assert_eq!(rate.book(PEER, 1_000, ms(0), BURST), Some(ms(1_000)));
        assert_eq!(rate.book(PEER, 1, ms(0), BURST), None);
        assert_eq!(rate.book(OTHER, 500, ms(0), BURST), Some(ms(500)));
        assert_eq!(rate.book(PEER, 250, ms(250), BURST), Some(ms(1_000)));
        assert_eq!(rate.book(PEER, 3_000, ms(10_000), Duration::MAX), Some(ms(3_000)));
        assert!(rate.wait_for(OTHER, 4_000) > ms(2_000));
    }
}
