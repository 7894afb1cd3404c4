//! The shared inventory: what the operator knows about the site.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::identity::{self, glob};

/// The `[site]` table. Every member is optional; the defaults fit a site of
/// which nothing is known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Site {
    /// Name of the PDC emulator.
    pub pdc: String,
    /// Domain controllers: a name, an address, or `name=address`.
    pub dcs: Vec<String>,
    /// Exchange servers: a name, an address, or `name=address`.
    pub exchange_hosts: Vec<String>,
    /// Hosts that pass logons on (RADIUS, ADFS, proxies).
    pub relay_hosts: Vec<String>,
    /// Mail gateways of our own.
    pub gateways: Vec<String>,
    /// Networks of our own.
    pub internal_nets: Vec<String>,
    /// Networks of Exchange Online Protection.
    pub eop_nets: Vec<String>,
    /// Mail domains of our own.
    pub accepted_domains: Vec<String>,
    /// Ids of our own tenants.
    pub own_tenant_ids: Vec<String>,
    /// The hybrid side.
    pub hybrid: Hybrid,
    /// Globs of accounts whose trouble weighs more.
    pub privileged_users: Vec<String>,
    /// Globs of accounts that are never counted.
    pub ignore_users: Vec<String>,
    /// Zone of hosts that write local time. Only the host side uses it.
    pub time_zones: BTreeMap<String, String>,
}

/// The `[site.hybrid]` table.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hybrid {
    /// FQDNs or certificate names allowed to enter Exchange Online.
    pub onprem_hosts: Vec<String>,
}

impl Default for Site {
    fn default() -> Self {
        let list = |items: &[&str]| items.iter().map(|&item| item.to_owned()).collect();
        Self {
            pdc: String::new(),
            dcs: Vec::new(),
            exchange_hosts: Vec::new(),
            relay_hosts: Vec::new(),
            gateways: Vec::new(),
            internal_nets: list(&INTERNAL_NETS),
            eop_nets: list(&EOP_NETS),
            accepted_domains: Vec::new(),
            own_tenant_ids: Vec::new(),
            hybrid: Hybrid::default(),
            privileged_users: Vec::new(),
            ignore_users: list(&["healthmailbox*", "*$", "extest_*"]),
            time_zones: BTreeMap::new(),
        }
    }
}

/// RFC 1918, RFC 4193, loopback, link-local.
const INTERNAL_NETS: [&str; 8] = [
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "fc00::/7",
    "fe80::/10",
    "::1/128",
];

/// Published ranges of Exchange Online Protection, 2021 and later ones together.
/// They change; a site sets its own in `eop_nets`.
const EOP_NETS: [&str; 22] = [
    "40.92.0.0/15",
    "40.107.0.0/16",
    "52.100.0.0/14",
    "52.238.78.88/32",
    "104.47.0.0/17",
    "2a01:111:f400::/48",
    "2a01:111:f403::/48",
    "65.55.88.0/24",
    "94.245.120.64/26",
    "207.46.51.64/26",
    "207.46.163.0/24",
    "213.199.154.0/24",
    "213.199.180.128/26",
    "23.103.132.0/22",
    "23.103.136.0/21",
    "23.103.198.0/23",
    "23.103.200.0/21",
    "65.55.169.0/24",
    "134.170.140.0/24",
    "134.170.171.0/24",
    "2a01:111:f400:7c00::/54",
    "2a01:111:f400:fc00::/54",
];

impl Site {
    pub(crate) fn from_json(json: Value) -> Result<Self, String> {
        serde_json::from_value(json).map_err(|error| format!("site: {error}"))
    }

    /// True when the account is never counted: computers, health mailboxes, and
    /// what the operator listed.
    pub fn ignores_user(&self, user_key: &str) -> bool {
        matches_any(&self.ignore_users, user_key)
    }

    /// True when trouble of the account weighs more.
    pub fn is_privileged(&self, user_key: &str) -> bool {
        matches_any(&self.privileged_users, user_key)
    }

    /// True when the mail domain is one of ours (or below one of ours listed as
    /// `*.contoso.com`).
    pub fn accepts_domain(&self, domain: &str) -> bool {
        matches_any(&self.accepted_domains, &domain.to_lowercase())
    }
}

fn matches_any(globs: &[String], text: &str) -> bool {
    globs.iter().any(|pattern| glob(&pattern.to_lowercase(), text))
}

/// A set of networks in CIDR notation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Nets {
    nets: Vec<(u128, u32, bool)>,
}

impl Nets {
    /// Reads `10.0.0.0/8`, `2a01:111:f400::/48` or a bare address.
    pub fn parse(texts: &[String]) -> Result<Self, String> {
        texts.iter().map(|text| parse_net(text)).collect::<Result<_, _>>().map(|nets| Self { nets })
    }

    /// True when one of the networks holds the address.
    pub fn contains(&self, address: IpAddr) -> bool {
        let (bits, is_v4) = to_bits(address);
        self.nets.iter().any(|&(net, prefix, v4)| v4 == is_v4 && same_prefix(net, bits, prefix))
    }
}

fn parse_net(text: &str) -> Result<(u128, u32, bool), String> {
    let wrong = || format!("`{text}` is not a network; write it as `10.0.0.0/8` or `fc00::/7`");
    let (address, prefix) = match text.trim().split_once('/') {
        Some((address, prefix)) => (address, Some(prefix.parse::<u32>().map_err(|_| wrong())?)),
        None => (text.trim(), None),
    };
    let (bits, is_v4) = to_bits(identity::ip(address).ok_or_else(wrong)?);
    let width = if is_v4 { 32 } else { 128 };
    let prefix = prefix.unwrap_or(width);
    if prefix > width {
        return Err(wrong());
    }
    // Both families count their prefix from the top of 128 bits.
    Ok((bits, prefix, is_v4))
}

/// The address in the top bits of 128.
fn to_bits(address: IpAddr) -> (u128, bool) {
    match address {
        IpAddr::V4(v4) => (u128::from(v4.to_bits()) << 96, true),
        IpAddr::V6(v6) => (v6.to_bits(), false),
    }
}

fn same_prefix(a: u128, b: u128, prefix: u32) -> bool {
    prefix == 0 || (a ^ b) >> (128 - prefix) == 0
}

/// Hosts known by name, by address, or by both.
///
/// Names and addresses are joined by an entry `name=address`, by what the logs
/// say ([`Hosts::join`]), and, when exactly one name and one address are left
/// unpaired, with each other.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Hosts {
    members: Vec<Member>,
    /// The place of the first member of each name and address.
    names: BTreeMap<String, usize>,
    addresses: BTreeMap<IpAddr, usize>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Member {
    name: Option<String>,
    address: Option<IpAddr>,
}

/// Names and addresses a `Hosts` learns from logs at most; an inventory larger
/// than this is not learned but configured.
const LEARNED_HOSTS_MAX: usize = 4_096;

impl Hosts {
    /// Reads entries `name`, `address` or `name=address`.
    pub fn parse(entries: &[String]) -> Self {
        let mut hosts = Self::default();
        for entry in entries {
            match entry.split_once('=') {
                Some((name, address)) => hosts.insert(name, identity::ip(address)),
                None => hosts.learn(entry),
            }
        }
        hosts
    }

    fn insert(&mut self, name: &str, address: Option<IpAddr>) {
        if let Some(name) = identity::host(name) {
            self.push(Member { name: Some(name), address });
        }
    }

    fn push(&mut self, member: Member) {
        self.members.push(member);
        self.note(self.members.len() - 1);
    }

    /// Makes the member at `place` found by what is known of it.
    fn note(&mut self, place: usize) {
        let Some(member) = self.members.get(place) else { return };
        if let Some(name) = &member.name {
            self.names.entry(name.clone()).or_insert(place);
        }
        if let Some(address) = member.address {
            self.addresses.entry(address).or_insert(place);
        }
    }

    fn remove(&mut self, place: usize) {
        self.members.remove(place);
        self.names.clear();
        self.addresses.clear();
        (0..self.members.len()).for_each(|place| self.note(place));
    }

    /// Adds a host by its name or its address.
    pub fn learn(&mut self, name_or_address: &str) {
        let Some(key) = identity::host(name_or_address) else { return };
        if self.position(&key).is_some() || self.members.len() >= LEARNED_HOSTS_MAX {
            return;
        }
        let address = identity::ip(&key);
        let name = if address.is_some() { None } else { Some(key) };
        self.push(Member { name, address });
    }

    /// Joins a name and an address of which at least one is a member.
    pub fn join(&mut self, name: &str, address: IpAddr) {
        let Some(name) = identity::host(name).filter(|key| identity::ip(key).is_none()) else {
            return;
        };
        let by_name = self.names.get(&name).copied();
        let by_address = self.addresses.get(&address).copied();
        match (by_name, by_address) {
            (Some(a), Some(b)) if a != b && self.members[b].name.is_none() => {
                self.members[a].address.get_or_insert(address);
                self.remove(b);
            }
            (Some(a), None) => {
                self.members[a].address.get_or_insert(address);
                self.note(a);
            }
            (None, Some(b)) => {
                self.members[b].name.get_or_insert(name);
                self.note(b);
            }
            _ => {}
        }
    }

    /// True when the name or address is a member's.
    pub fn contains(&self, name_or_address: &str) -> bool {
        self.canonical(name_or_address).is_some()
    }

    /// True when the address is a member's.
    pub fn contains_ip(&self, address: IpAddr) -> bool {
        self.addresses.contains_key(&address.to_canonical())
    }

    /// One key for a member, however it is addressed: its name when known, else
    /// its address. `None` when it is no member.
    pub fn canonical(&self, name_or_address: &str) -> Option<String> {
        if self.is_empty() {
            return None;
        }
        let key = identity::host(name_or_address)?;
        let member = &self.members[self.position(&key)?];
        let paired = || self.lonely_pair().map(|(name, _)| name.to_owned());
        Some(member.name.clone().or_else(paired).unwrap_or(key))
    }

    /// The address of a member, when known.
    pub fn address_of(&self, name_or_address: &str) -> Option<IpAddr> {
        let key = identity::host(name_or_address)?;
        let member = &self.members[self.position(&key)?];
        member.address.or_else(|| self.lonely_pair().map(|(_, address)| address))
    }

    /// True when both spellings mean the same machine: the same key, or the name
    /// and the address of one member.
    pub fn same(&self, a: &str, b: &str) -> bool {
        match (identity::host(a), identity::host(b)) {
            (Some(x), Some(y)) if x == y => true,
            // Only an address can be another spelling of a name.
            (Some(x), Some(y)) if identity::ip(&x).or(identity::ip(&y)).is_none() => false,
            _ => match (self.canonical(a), self.canonical(b)) {
                (Some(x), Some(y)) => x == y,
                _ => false,
            },
        }
    }

    /// True when nothing is known.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    fn position(&self, key: &str) -> Option<usize> {
        match identity::ip(key) {
            Some(address) => self.addresses.get(&address).copied(),
            None => self.names.get(key).copied(),
        }
    }

    /// The one name without an address and the one address without a name.
    fn lonely_pair(&self) -> Option<(&str, IpAddr)> {
        let mut names = self.members.iter().filter(|m| m.address.is_none());
        let mut addresses = self.members.iter().filter(|m| m.name.is_none());
        let (name, address) = (names.next()?, addresses.next()?);
        if names.next().is_some() || addresses.next().is_some() {
            return None;
        }
        Some((name.name.as_deref()?, address.address?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(entries: &[&str]) -> Hosts {
        Hosts::parse(&entries.iter().map(|&entry| entry.to_owned()).collect::<Vec<_>>())
    }

    fn address(text: &str) -> IpAddr {
        text.parse().expect("a test address")
    }

    /// Scenario: networks of both families, at their edges.
    /// Guarantees: prefix arithmetic, families do not mix, nonsense is refused.
    #[test]
    fn nets_hold_their_addresses() {
        let site = Site::default();
        let internal = Nets::parse(&site.internal_nets).expect("defaults parse");
        let eop = Nets::parse(&site.eop_nets).expect("defaults parse");
        assert!(internal.contains(address("172.31.255.255")));
        assert!(!internal.contains(address("172.32.0.0")));
        assert!(internal.contains(address("::1")) && !internal.contains(address("::2")));
        assert!(eop.contains(address("40.107.110.98")) && !eop.contains(address("198.51.100.77")));
        assert!(!Nets::parse(&["::/0".into()]).expect("parses").contains(address("10.0.0.1")));
        for text in ["10.0.0.0/33", "ten/8", "fc00::/129", ""] {
            assert!(Nets::parse(&[text.to_owned()]).is_err(), "{text}");
        }
    }

    /// Scenario: a name and an address of one server, joined in the three ways.
    /// Guarantees: both spellings are one machine; without a reason they are not.
    #[test]
    fn names_and_addresses_are_joined() {
        assert!(hosts(&["EXCH01=10.0.0.25"]).same("exch01.contoso.com", "::ffff:10.0.0.25"));
        assert!(hosts(&["EXCH01", "10.0.0.25"]).same("EXCH01", "10.0.0.25"));
        assert!(!hosts(&["EXCH01", "EXCH02", "10.0.0.25"]).same("EXCH01", "10.0.0.25"));
        let mut learned = hosts(&["EXCH01", "EXCH02", "10.0.0.25"]);
        learned.join("EXCH02", address("10.0.0.25"));
        assert!(learned.same("EXCH02", "10.0.0.25") && !learned.same("EXCH01", "10.0.0.25"));
        assert_eq!(learned.canonical("10.0.0.25").as_deref(), Some("exch02"));
        assert_eq!(learned.address_of("EXCH02"), Some(address("10.0.0.25")));
        assert!(!learned.contains("WS042"));
    }
}
