//! Whose host, address, domain, tenant is this?
//!
//! [`logwasp_sdk::Hosts`] compares first labels, which joins `EXCH01` with
//! `exch01.contoso.com`. Headers are written by strangers too, and a stranger may
//! well have a host `mail`: here the rest of the name must not contradict.

use std::net::IpAddr;

use logwasp_sdk::{Hosts, Nets, Site, identity, mail};

/// How a host name relates to the site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kinship {
    /// One of the listed hosts.
    Own,
    /// Not listed, but it may well be ours: a host of one of our domains, a listed
    /// name in another domain, a name without a domain.
    Kin,
    /// Nothing speaks for it.
    Stranger,
}

/// What the site says about itself.
pub(crate) struct Inventory {
    /// Exchange servers and what else may enter Exchange Online as ours.
    exchange: Names,
    gateways: Names,
    internal: Nets,
    eop: Nets,
    tenants: Vec<String>,
    site: Site,
}

impl Inventory {
    pub(crate) fn new(site: Site) -> Result<Self, String> {
        let exchange = [site.exchange_hosts.as_slice(), &site.hybrid.onprem_hosts].concat();
        Ok(Self {
            exchange: Names::parse(&exchange),
            gateways: Names::parse(&site.gateways),
            internal: Nets::parse(&site.internal_nets)?,
            eop: Nets::parse(&site.eop_nets)?,
            tenants: site.own_tenant_ids.iter().map(|id| tenant_key(id)).collect(),
            site,
        })
    }

    /// True when hosts of our own are listed at all.
    pub(crate) fn knows_hosts(&self) -> bool {
        !self.exchange.is_empty() || !self.gateways.is_empty()
    }

    /// True for a listed Exchange server or hybrid host, by name or address.
    pub(crate) fn is_exchange(&self, name: Option<&str>, ip: Option<IpAddr>) -> bool {
        self.exchange.hold(name, ip)
    }

    /// True for any listed host, gateways included.
    pub(crate) fn is_own(&self, name: Option<&str>, ip: Option<IpAddr>) -> bool {
        self.exchange.hold(name, ip) || self.gateways.hold(name, ip)
    }

    pub(crate) fn kinship(&self, name: &str) -> Kinship {
        if self.is_own(Some(name), identity::ip(name)) {
            return Kinship::Own;
        }
        let name = host_name(name);
        let label = name.split('.').next().unwrap_or_default();
        let domain = parent(&name);
        let kin = domain.is_none()
            || self.exchange.has_label(label)
            || self.gateways.has_label(label)
            || domain.is_some_and(|domain| self.is_own_domain(domain));
        if kin { Kinship::Kin } else { Kinship::Stranger }
    }

    /// A domain of ours, or below one: an accepted mail domain, or where a listed
    /// host lives.
    fn is_own_domain(&self, domain: &str) -> bool {
        let levels = std::iter::successors(Some(domain), |name| parent(name));
        levels.filter(|name| name.contains('.')).any(|name| {
            self.site.accepts_domain(name)
                || self.exchange.has_domain(name)
                || self.gateways.has_domain(name)
        })
    }

    pub(crate) fn accepts_domain(&self, domain: &str) -> bool {
        self.site.accepts_domain(domain)
    }

    /// True for an address of the outer world: not internal, not of Exchange
    /// Online, not of a listed host.
    pub(crate) fn is_internet(&self, ip: IpAddr) -> bool {
        !self.internal.contains(ip) && !self.eop.contains(ip) && !self.is_own(None, Some(ip))
    }

    /// True when the tenant is certainly not ours.
    pub(crate) fn is_foreign_tenant(&self, id: &str) -> bool {
        !self.tenants.is_empty() && !self.tenants.contains(&tenant_key(id))
    }

    /// The key of a host: its name where it is known.
    pub(crate) fn host_key(&self, name: Option<&str>, ip: Option<IpAddr>) -> Option<String> {
        let by_address = || {
            let ip = ip?.to_string();
            self.exchange.hosts.canonical(&ip).or_else(|| self.gateways.hosts.canonical(&ip))
        };
        name.filter(|name| identity::ip(name).is_none())
            .and_then(identity::host)
            .or_else(by_address)
            .or_else(|| ip.map(|ip| ip.to_string()))
    }
}

/// A GUID in one spelling.
fn tenant_key(id: &str) -> String {
    id.trim_matches(['{', '}', ' ']).to_lowercase()
}

fn host_name(text: &str) -> String {
    text.trim_matches(['.', ' ']).to_lowercase()
}

fn parent(name: &str) -> Option<&str> {
    name.split_once('.').map(|(_, parent)| parent).filter(|parent| !parent.is_empty())
}

/// Listed hosts.
struct Names {
    /// For their addresses.
    hosts: Hosts,
    /// Full names as listed, in lower case.
    full: Vec<String>,
    /// Names with a star: certificates may have one.
    globs: Vec<String>,
}

impl Names {
    fn parse(entries: &[String]) -> Self {
        let mut full = Vec::new();
        let mut globs = Vec::new();
        let mut hosts = Vec::new();
        for entry in entries {
            let name = host_name(entry.split('=').next().unwrap_or_default());
            if name.contains('*') {
                globs.push(name);
                continue;
            }
            hosts.push(entry.clone());
            if !name.is_empty() && identity::ip(&name).is_none() {
                full.push(name);
            }
        }
        Self { hosts: Hosts::parse(&hosts), full, globs }
    }

    fn is_empty(&self) -> bool {
        self.hosts.is_empty() && self.globs.is_empty()
    }

    fn hold(&self, name: Option<&str>, ip: Option<IpAddr>) -> bool {
        ip.is_some_and(|ip| self.hosts.contains_ip(ip))
            || name.is_some_and(|name| self.hold_name(&host_name(name)))
    }

    fn hold_name(&self, name: &str) -> bool {
        self.globs.iter().any(|pattern| identity::glob(pattern, name))
            || self
                .full
                .iter()
                .any(|own| own == name || is_short_of(own, name) || is_short_of(name, own))
    }

    fn has_label(&self, label: &str) -> bool {
        self.full.iter().any(|own| own.split('.').next() == Some(label))
    }

    fn has_domain(&self, domain: &str) -> bool {
        self.full.iter().any(|own| parent(own) == Some(domain))
            || self.globs.iter().any(|own| own.strip_prefix("*.") == Some(domain))
    }
}

/// `exch01` is short of `exch01.contoso.com`.
fn is_short_of(short: &str, long: &str) -> bool {
    !short.is_empty()
        && !short.contains('.')
        && long.strip_prefix(short).is_some_and(|rest| rest.starts_with('.'))
}

/// True for a name of Exchange Online.
pub(crate) fn is_exchange_online(name: Option<&str>) -> bool {
    name.is_some_and(mail::is_exchange_online)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inventory() -> Inventory {
        let site: Site = logwasp_sdk::serde_json::from_str(
            r#"{"exchange_hosts": ["EXCH01", "mail.contoso.com=203.0.113.9"],
                "gateways": ["gw.contoso.com"], "hybrid": {"onprem_hosts": ["*.hybrid.contoso.net"]},
                "accepted_domains": ["contoso.com"], "own_tenant_ids": ["{AAAA-1}"]}"#,
        )
        .expect("the site reads");
        Inventory::new(site).expect("the nets parse")
    }

    /// Scenario: listed names, short and long, look-alikes of strangers, a
    /// wildcard certificate.
    /// Guarantees: a stranger's host with our first label is not ours.
    #[test]
    fn names_are_judged_as_a_whole() {
        let inventory = inventory();
        for (name, expected) in [
            ("exch01.domain.local", Kinship::Own),
            ("MAIL", Kinship::Own),
            ("mail.contoso.com.", Kinship::Own),
            ("smtp.hybrid.contoso.net", Kinship::Own),
            ("gw.contoso.com", Kinship::Own),
            ("203.0.113.9", Kinship::Own),
            ("mail.evil.example", Kinship::Kin),
            ("exch07.contoso.com", Kinship::Kin),
            ("exch07", Kinship::Kin),
            ("mx.evil.example", Kinship::Stranger),
            ("evilcontoso.com", Kinship::Stranger),
            ("198.51.100.9", Kinship::Stranger),
        ] {
            assert_eq!(inventory.kinship(name), expected, "{name}");
        }
    }

    /// Scenario: addresses of every kind, a listed public one among them.
    /// Guarantees: only the outer world is the Internet.
    #[test]
    fn addresses_are_judged() {
        let inventory = inventory();
        let internet = |text: &str| identity::ip(text).is_some_and(|ip| inventory.is_internet(ip));
        assert!(internet("198.51.100.9") && internet("2001:db8::9"));
        for own in ["10.0.0.25", "40.107.110.98", "203.0.113.9", "::1", "fe80::1"] {
            assert!(!internet(own), "{own}");
        }
        assert_eq!(inventory.host_key(None, identity::ip("203.0.113.9")).as_deref(), Some("mail"));
        assert!(inventory.is_foreign_tenant("bbbb-2") && !inventory.is_foreign_tenant("aaaa-1"));
    }
}
