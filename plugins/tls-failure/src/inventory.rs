//! Whose machine it is: Exchange Online, a gateway of ours, an Exchange server of
//! ours, a stranger.

use std::net::IpAddr;

use logwasp_sdk::{Hosts, Nets, Site, identity};

/// What the site says.
pub(crate) struct Inventory {
    eop: Nets,
    gateways: Hosts,
    exchange: Hosts,
}

/// The other side of a handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Peer {
    /// `eop`, `gateway`, `own_exchange` or `other`.
    pub(crate) class: &'static str,
    /// What failures are grouped by: Exchange Online is one peer with many addresses.
    pub(crate) name: String,
}

impl Inventory {
    pub(crate) fn new(site: &Site) -> Result<Self, String> {
        let eop = Nets::parse(&site.eop_nets).map_err(|error| format!("site.eop_nets: {error}"))?;
        let (gateways, exchange) =
            (Hosts::parse(&site.gateways), Hosts::parse(&site.exchange_hosts));
        Ok(Self { eop, gateways, exchange })
    }

    /// The peer at `ip`.
    pub(crate) fn peer(&self, ip: IpAddr, learned: &Hosts) -> Peer {
        let address = ip.to_string();
        let peer = |class, name| Peer { class, name };
        if self.eop.contains(ip) {
            peer("eop", "Exchange Online".to_owned())
        } else if let Some(name) = self.gateways.canonical(&address) {
            peer("gateway", name)
        } else if let Some(name) = self.exchange.canonical(&address) {
            peer("own_exchange", name)
        } else if let Some(name) = learned.canonical(&address) {
            peer("own_exchange", name)
        } else {
            peer("other", address)
        }
    }

    /// The name of an Exchange server by its name or address, as far as known.
    pub(crate) fn host_name(&self, name_or_address: &str, learned: &Hosts) -> Option<String> {
        self.exchange
            .canonical(name_or_address)
            .filter(|name| identity::ip(name).is_none())
            .or_else(|| learned.canonical(name_or_address))
            .or_else(|| identity::host(name_or_address))
    }
}
