//! Who takes part in a loop: servers of our own, Exchange Online, other domains.

use std::collections::BTreeSet;
use std::net::IpAddr;

use logwasp_sdk::{Hosts, Nets, Site, domain, identity, mail, text::clean};

/// A system that mail passes through.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// A server of ours, by its key.
    Own(String),
    /// Exchange Online, whichever server.
    Online,
    /// Another system, by its domain.
    Other(String),
}

/// How Exchange Online is called among participants.
pub(crate) const ONLINE: &str = "exchange-online";
/// Top levels that nobody has in the Internet: names in them are ours.
const PRIVATE_SUFFIXES: [&str; 5] = [".local", ".lan", ".internal", ".intranet", ".corp"];

impl Place {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Own(name) | Self::Other(name) => name,
            Self::Online => ONLINE,
        }
    }
}

/// What the site says about itself.
pub(crate) struct Places {
    hosts: Hosts,
    internal: Nets,
    eop: Nets,
    site: Site,
}

impl Places {
    pub(crate) fn new(site: Site) -> Result<Self, String> {
        let listed =
            [site.exchange_hosts.as_slice(), &site.hybrid.onprem_hosts, &site.gateways].concat();
        Ok(Self {
            hosts: Hosts::parse(&listed),
            internal: Nets::parse(&site.internal_nets)?,
            eop: Nets::parse(&site.eop_nets)?,
            site,
        })
    }

    pub(crate) fn accepts_domain(&self, domain: &str) -> bool {
        self.site.accepts_domain(domain)
    }

    /// The place of a host, by its name or its address.
    pub(crate) fn of(
        &self,
        name: Option<&str>,
        ip: Option<IpAddr>,
        learned: &Hosts,
    ) -> Option<Place> {
        let name = name.and_then(identity::meaningful).map(|name| name.trim_end_matches('.'));
        // What stands for a name may be an address, even in brackets.
        let ip = ip.or_else(|| name.and_then(identity::ip));
        let name = name.filter(|name| identity::ip(name).is_none() && !is_itself(name));
        // Content filters and local submission: says nothing about who it is.
        let ip = ip.filter(|ip| !ip.is_loopback());
        let is_online = name.is_some_and(mail::is_exchange_online)
            || ip.is_some_and(|ip| self.eop.contains(ip));
        if is_online {
            return Some(Place::Online);
        }
        let address = ip.map(|ip| ip.to_string());
        let known = [name, address.as_deref()]
            .into_iter()
            .flatten()
            .find_map(|host| self.hosts.canonical(host).or_else(|| learned.canonical(host)));
        if let Some(key) = known {
            return Some(Place::Own(short(&key)));
        }
        match name {
            Some(name) if self.is_own_name(name, ip) => {
                Some(Place::Own(short(&identity::host(name)?)))
            }
            Some(name) => Some(Place::Other(short(&domain::organizational(name)))),
            None => {
                let key = address?;
                Some(if ip.is_some_and(|ip| self.internal.contains(ip)) {
                    Place::Own(key)
                } else {
                    Place::Other(key)
                })
            }
        }
    }

    fn is_own_name(&self, name: &str, ip: Option<IpAddr>) -> bool {
        let lower = name.to_lowercase();
        let is_below_accepted = lower
            .match_indices('.')
            .any(|(at, _)| lower.get(at + 1..).is_some_and(|d| self.site.accepts_domain(d)));
        is_below_accepted
            || PRIVATE_SUFFIXES.iter().any(|suffix| lower.ends_with(suffix))
            || ip.is_some_and(|ip| self.internal.contains(ip))
    }
}

/// A host's name for itself.
fn is_itself(name: &str) -> bool {
    let label = name.split('.').next().unwrap_or(name);
    label.eq_ignore_ascii_case("localhost")
}

fn short(name: &str) -> String {
    clean(name, 64)
}

/// Names of the participants, ours first as the set orders them.
pub(crate) fn names(places: &BTreeSet<Place>) -> Vec<&str> {
    places.iter().map(Place::name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: listed, learned, internal, online and other hosts, by name and address.
    /// Guarantees: one place each.
    #[test]
    fn hosts_have_places() {
        let site: Site = logwasp_sdk::serde_json::from_str(
            r#"{"exchange_hosts": ["EXCH01=10.0.0.25"], "accepted_domains": ["contoso.com"]}"#,
        )
        .expect("the site reads");
        let places = Places::new(site).expect("the nets parse");
        let learned = Hosts::parse(&["HUB07".to_owned()]);
        let of = |name: &str| places.of(Some(name), None, &learned);
        let own = |name: &str| Some(Place::Own(name.to_owned()));
        for name in ["EXCH01", "exch01.domain.example", "10.0.0.25", "[10.0.0.25]"] {
            assert_eq!(of(name), own("exch01"), "{name}");
        }
        assert_eq!(of("hub07.fabrikam.com"), own("hub07"));
        assert_eq!(of("mail.eu.contoso.com."), own("mail"));
        assert_eq!(of("Exchange2013.domain.local"), own("exchange2013"));
        assert_eq!(of("10.0.3.4"), own("10.0.3.4"));
        assert_eq!(of("X.mail.protection.outlook.com"), Some(Place::Online));
        assert_eq!(of("40.107.1.1"), Some(Place::Online));
        assert_eq!(of("mx1.fabrikam.com"), Some(Place::Other("fabrikam.com".into())));
        assert_eq!(of("mx1.fabrikam.co.uk"), Some(Place::Other("fabrikam.co.uk".into())));
        assert_eq!(of("evilcontoso.com"), Some(Place::Other("evilcontoso.com".into())));
        for nobody in ["-", "127.0.0.1", "[::1]", "localhost", "LocalHost.localdomain"] {
            assert_eq!(of(nobody), None, "{nobody}");
        }
        let filtered = places.of(Some("mx1.fabrikam.com"), identity::ip("127.0.0.1"), &learned);
        assert_eq!(filtered, Some(Place::Other("fabrikam.com".into())));
    }
}
