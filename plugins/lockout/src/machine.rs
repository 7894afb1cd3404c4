//! The machine of the first hop: all its names, and what it does for others.

use std::collections::BTreeSet;
use std::net::IpAddr;

use logwasp_sdk::{Hosts, identity};

use crate::failure::Failure;
use crate::place::Place;
use crate::scene::Scene;

/// What a machine does with logons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It is an Exchange server: look for the client behind it.
    Exchange,
    /// It passes logons on: RADIUS, ADFS, a proxy.
    Relay,
    /// It is where somebody sits, as far as is known.
    Other,
}

/// A machine with all the keys that mean it.
#[derive(Debug, Clone)]
pub struct Machine {
    /// As the records name it.
    pub place: Place,
    /// Its role.
    pub role: Role,
    /// Its address, when known.
    pub address: Option<IpAddr>,
    keys: BTreeSet<String>,
}

impl Machine {
    /// Joins the name that the lockout gives with the address that its failures
    /// give.
    pub fn of(place: Place, scene: &Scene<'_>, failures: &[&Failure]) -> Self {
        let exchange = &scene.state.exchange;
        let named = place.address().is_none();
        let seen = only_address(failures).filter(|_| named);
        let role = role(&place, seen, scene);
        let seen = seen.filter(|&address| match role {
            Role::Exchange => serves(address, scene),
            Role::Relay | Role::Other => !is_a_servers(address, scene),
        });
        let address = place.address().or_else(|| exchange.address_of(&place.key)).or(seen);
        let mut keys = BTreeSet::from([place.key.clone(), scene.machine_key(&place)]);
        keys.extend(address.map(|address| address.to_string()));
        Self { place, role, address, keys }
    }

    /// True when the key means this machine.
    pub fn is(&self, key: &str) -> bool {
        self.keys.contains(key)
    }

    /// All its keys, in order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(String::as_str)
    }

    /// Its name, or its address when it has no name.
    pub fn key(&self) -> &str {
        let name = self.keys.iter().find(|key| identity::ip(key).is_none());
        name.map_or(self.place.key.as_str(), String::as_str)
    }

    /// Its name for texts, spelled as the records do where they name it.
    pub fn shown(&self) -> &str {
        if self.place.address().is_some() { self.key() } else { &self.place.shown }
    }
}

fn role(place: &Place, seen: Option<IpAddr>, scene: &Scene<'_>) -> Role {
    let exchange = &scene.state.exchange;
    let nameless = |address| exchange.contains_ip(address) && is_nameless(exchange, address);
    if exchange.contains(&place.key) {
        Role::Exchange
    } else if scene.inventory.relays().contains(&place.key) {
        Role::Relay
    } else if seen.is_some_and(nameless) {
        // The failures come from an Exchange server of which only the address is
        // known; the lockout tells its name.
        Role::Exchange
    } else {
        Role::Other
    }
}

/// The address that all these failures have as source, when it is one.
fn only_address(failures: &[&Failure]) -> Option<IpAddr> {
    let mut addresses = failures.iter().filter_map(|failure| failure.ip);
    let first = addresses.next()?;
    addresses.all(|address| address == first).then_some(first)
}

/// True when an address is not another machine's of which the name is known.
fn is_nameless(exchange: &Hosts, address: IpAddr) -> bool {
    let known = exchange.canonical(&address.to_string());
    known.is_none_or(|key| identity::ip(&key).is_some())
}

/// True when the address is a server's, and no other server's than one known by
/// name only.
fn serves(address: IpAddr, scene: &Scene<'_>) -> bool {
    let exchange = &scene.state.exchange;
    let is_server =
        exchange.contains_ip(address) || scene.state.coverage.knows(&address.to_string());
    is_server && is_nameless(exchange, address)
}

/// True when an address is a known server's, and so no workstation's.
fn is_a_servers(address: IpAddr, scene: &Scene<'_>) -> bool {
    scene.state.exchange.contains_ip(address)
        || scene.inventory.relays().contains_ip(address)
        || scene.inventory.is_dc(&address.to_string()) == Some(true)
}
