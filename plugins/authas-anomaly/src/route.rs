//! The way of a message: where it left our servers, where it came in.

use std::net::IpAddr;

use logwasp_sdk::mail;

use crate::inventory::{Inventory, is_exchange_online};
use crate::message::{Hop, Message};

/// Where a message left our servers for Exchange Online.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Departure {
    /// Key of the last host on premises.
    pub(crate) host: String,
    /// That host handed it to Exchange Online itself.
    pub(crate) direct: bool,
}

/// The last of our Exchange servers before the first hop of Exchange Online, when
/// there was such a hop.
pub(crate) fn departure(message: &Message, inventory: &Inventory) -> Option<Departure> {
    let first_online = message.hops.iter().rposition(|hop| is_exchange_online(hop.by.as_deref()));
    if first_online.is_none() && message.attributed_n.is_none() {
        return None;
    }
    let taken_by_online = first_online.and_then(|index| message.hops.get(index));
    if let Some(host) = taken_by_online.and_then(|hop| sender_on_prem(hop, inventory)) {
        return Some(Departure { host, direct: true });
    }
    let older = message.hops.iter().skip(first_online.map_or(0, |index| index + 1));
    let host = older
        .filter(|hop| !is_exchange_online(hop.by.as_deref()))
        .find_map(|hop| receiver_on_prem(hop, inventory).or_else(|| sender_on_prem(hop, inventory)))
        .or_else(|| named_by_header(message, inventory))?;
    Some(Departure { host, direct: false })
}

fn sender_on_prem(hop: &Hop, inventory: &Inventory) -> Option<String> {
    let name = hop.from.as_deref();
    let listed = inventory.is_exchange(name, hop.from_ip);
    listed.then(|| inventory.host_key(name, hop.from_ip))?
}

fn receiver_on_prem(hop: &Hop, inventory: &Inventory) -> Option<String> {
    let name = hop.by.as_deref();
    inventory.is_exchange(name, None).then(|| inventory.host_key(name, None))?
}

fn named_by_header(message: &Message, inventory: &Inventory) -> Option<String> {
    let hosts = message.premises_hosts.iter().map(|host| Some(host.as_str()));
    let mut own = hosts.filter(|host| inventory.is_exchange(*host, None));
    own.find_map(|host| inventory.host_key(host, None))
}

/// Where a message came in from the Internet, without authentication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Place among the hops, newest first.
    pub(crate) hop: usize,
    /// Key of the host that took it.
    pub(crate) host: String,
    pub(crate) ip: IpAddr,
    /// One of our own hosts took it, and not Exchange Online.
    pub(crate) own_door: bool,
}

/// The newest such hop: what is older is a stranger's word.
pub(crate) fn entry(message: &Message, inventory: &Inventory) -> Option<Entry> {
    message.hops.iter().enumerate().find_map(|(place, hop)| {
        let ip = hop.from_ip.filter(|&ip| inventory.is_internet(ip) && !hop.authenticated)?;
        let own_door = hop.own_log || inventory.is_own(hop.by.as_deref(), None);
        if !own_door && !is_outer_door(hop, message, place, inventory) {
            return None;
        }
        let host = inventory.host_key(hop.by.as_deref(), None).unwrap_or_default();
        Some(Entry { hop: place, host, ip, own_door })
    })
}

/// A front door of Exchange Online that took the message from neither our servers
/// nor a relay behind them; or, when no host of ours is known, any door but those
/// inside Exchange Online.
fn is_outer_door(hop: &Hop, message: &Message, place: usize, inventory: &Inventory) -> bool {
    let Some(by) = hop.by.as_deref() else { return false };
    if !mail::is_exchange_online(by) {
        return !inventory.knows_hosts();
    }
    // Our servers stand behind an address that the site seldom lists, so here the
    // name has to do.
    let came_from_us = inventory.is_own(hop.from.as_deref(), hop.from_ip)
        || message
            .hops
            .iter()
            .skip(place + 1)
            .any(|older| inventory.is_own(older.by.as_deref(), None));
    mail::is_exchange_online_entry(by) && !came_from_us
}

/// True when Exchange Online took the message over after the hop at `place`.
pub(crate) fn went_on_to_exchange_online(message: &Message, place: usize) -> bool {
    message.hops.iter().take(place).any(|hop| is_exchange_online(hop.by.as_deref()))
}

/// True when one of our servers took the message from the Internet, on its way to
/// Exchange Online: then it is anonymous by design, whoever it claims to be from.
pub(crate) fn came_through_us(message: &Message, inventory: &Inventory) -> bool {
    message.hops.iter().any(|hop| {
        !hop.authenticated
            && hop.from_ip.is_some_and(|ip| inventory.is_internet(ip))
            && inventory.is_own(hop.by.as_deref(), None)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use logwasp_sdk::{Site, serde_json};

    const EOP: &str = "HE1EUR01FT049.mail.protection.outlook.com";

    fn inventory() -> Inventory {
        let site: Site = serde_json::from_str(
            r#"{"exchange_hosts": ["EXCH01"], "gateways": ["gw01=10.0.0.5"]}"#,
        )
        .expect("the site reads");
        Inventory::new(site).expect("the nets parse")
    }

    fn message(lines: &[&str]) -> Message {
        Message::from_quoted(lines.iter().map(|line| ("Received", *line)))
    }

    /// Scenario: straight to Exchange Online; through a gateway; the other way
    /// round; a stranger's way; only a header names the server.
    /// Guarantees: the last server before Exchange Online, and only before it.
    #[test]
    fn departures_are_found() {
        let inventory = inventory();
        let host = |message: &Message| departure(message, &inventory).map(|d| (d.host, d.direct));
        let inside = "from EXCH01 (10.0.0.25) by EXCH01.domain.local (10.0.0.25) with mapi; d";
        let direct = message(&[
            &format!("from EXCH01.domain.local (203.0.113.9) by {EOP} (10.1.1.1) with x; d"),
            inside,
        ]);
        assert_eq!(host(&direct), Some(("exch01".into(), true)));
        let relayed = message(&[&format!("from mc.example (198.51.100.1) by {EOP}; d"), inside]);
        assert_eq!(host(&relayed), Some(("exch01".into(), false)));
        let inbound = message(&[
            "from x.outbound.protection.outlook.com (40.107.1.1) by EXCH01 (10.0.0.25); d",
            &format!("from mail.example (198.51.100.9) by {EOP}; d"),
        ]);
        assert_eq!(host(&inbound), None);
        assert_eq!(host(&message(&[inside])), None);
        let named = Message::from_block(&format!(
            "Received: from x by {EOP}; d\nX-OrganizationHeadersPreserved: EXCH01.domain.local\n"
        ));
        assert_eq!(host(&named), Some(("exch01".into(), false)));
    }

    /// Scenario: doors and those who come in: strangers, Exchange Online, our own
    /// public address, an authenticated phone, a stranger before our server.
    /// Guarantees: the newest hop from the Internet that nobody vouches for.
    #[test]
    fn entries_are_found() {
        let inventory = inventory();
        let ip = |lines: &[&str]| {
            entry(&message(lines), &inventory).map(|e| (e.ip.to_string(), e.own_door))
        };
        let stranger = "from a (198.51.100.9) by EXCH01.contoso.com (10.0.0.25) with x; d";
        assert_eq!(ip(&[stranger]), Some(("198.51.100.9".into(), true)));
        assert_eq!(ip(&["from gw01 (10.0.0.5) by EXCH01; d", stranger]).map(|e| e.1), Some(true));
        let phone = "from p (198.51.100.9) by EXCH01.contoso.com with ESMTPSA; d";
        assert_eq!(ip(&[phone]), None);
        assert_eq!(ip(&["from o (40.107.1.1) by EXCH01; d"]), None);
        assert_eq!(ip(&[&format!("from EXCH01 (203.0.113.9) by {EOP}; d")]), None);
        assert_eq!(
            ip(&[&format!("from mc (198.51.100.1) by {EOP}; d"), stranger]).map(|e| e.1),
            Some(true)
        );
        assert_eq!(
            ip(&[&format!("from a (198.51.100.9) by {EOP}; d")]),
            Some(("198.51.100.9".into(), false))
        );
        assert_eq!(ip(&["from a (198.51.100.9) by mx.partner.example; d"]), None);
        assert_eq!(ip(&["from a (2603:10a6::1) by AM0.eurprd01.prod.outlook.com; d"]), None);
    }
}
