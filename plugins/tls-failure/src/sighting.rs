//! From a row to what it counts for.

use std::net::IpAddr;

use logwasp_sdk::book::Facts;
use logwasp_sdk::text::clean;
use logwasp_sdk::{Cell, Hosts, identity};

use crate::instant_messaging;
use crate::inventory::{Inventory, Peer};
use crate::rows::{FAILED, Smtp, Transport};
use crate::rule::{Rule, error_rule};
use crate::transport_event;

/// One failure, judged on its own.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sighting {
    pub(crate) rule: Rule,
    /// The incident it belongs to.
    pub(crate) key: String,
    pub(crate) facts: Facts,
    /// One line for the evidence.
    pub(crate) summary: String,
}

/// Reads rows with what is known about hosts.
pub(crate) struct Reader<'a> {
    pub(crate) inventory: &'a Inventory,
    pub(crate) learned: &'a Hosts,
}

impl Reader<'_> {
    /// A failed handshake (F1), or a peer that demands STARTTLS (F4).
    pub(crate) fn smtp(&self, row: &Smtp<'_>) -> Option<Sighting> {
        let peer_ip = row.remote.and_then(identity::endpoint_ip);
        let peer = peer_ip.map(|ip| self.inventory.peer(ip, self.learned));
        let context = row.context.unwrap_or_default();
        let Some((_, rest)) = context.split_once(FAILED) else {
            return Some(self.must_starttls(row, peer_ip, peer.as_ref()));
        };
        let error = rest.split_whitespace().next()?.trim_end_matches(['.', ',']);
        let rule = error_rule(error, peer.as_ref());
        let grouped_by = match (rule, &peer) {
            // The fault is ours, whoever asks.
            (Rule::OwnKey, _) | (_, None) => "",
            (_, Some(peer)) => &peer.name,
        };
        let facts = self.smtp_facts(row, peer_ip, peer.as_ref()).with("error", Some(error));
        Some(Self::sighting(rule, facts, &[error, grouped_by], context))
    }

    fn must_starttls(&self, row: &Smtp<'_>, ip: Option<IpAddr>, peer: Option<&Peer>) -> Sighting {
        let facts = self.smtp_facts(row, ip, peer).with("reply", row.data);
        let name = peer.map_or("", |peer| &peer.name);
        Self::sighting(Rule::MustStartTls, facts, &[name], row.data.unwrap_or_default())
    }

    fn smtp_facts(&self, row: &Smtp<'_>, ip: Option<IpAddr>, peer: Option<&Peer>) -> Facts {
        let connector = row.connector.map(|id| id.split_once('\\').map_or(id, |(_, name)| name));
        Facts::default()
            .with("host", self.host(row.host).as_deref())
            .with("connector", connector)
            .with("src_ip", ip.map(|ip| ip.to_string()).as_deref())
            .with("peer", peer.map(|peer| peer.name.as_str()))
            .with("peer_class", peer.map(|peer| peer.class))
            .with("direction", row.direction)
    }

    /// A failed sign-in to the instant messaging server (F2).
    pub(crate) fn instant_messaging(&self, host: Cell<'_>, line: Cell<'_>) -> Option<Sighting> {
        let failure = instant_messaging::failure(line?)?;
        let rule = if failure.code == "TlsFailure" { Rule::OwaTls } else { Rule::OwaOther };
        let facts = Facts::default()
            .with("host", self.host(host).as_deref())
            .with("code", Some(failure.code))
            .with("sub_code", failure.sub_code)
            .with("innermost_exception", failure.innermost.as_deref());
        let parts = [Some(failure.code), failure.sub_code, failure.innermost.as_deref()];
        let summary = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
        Some(Self::sighting(rule, facts, &[failure.code], &summary))
    }

    /// A certificate that transport does not find (F3).
    pub(crate) fn transport(&self, row: &Transport<'_>) -> Sighting {
        let id = row.event_id.unwrap_or_default();
        let mut facts = Facts::default()
            .with("host", self.host(row.host).as_deref())
            .with("event_id", Some(id));
        facts.merge(&transport_event::facts(row), |_| 1);
        let names = ["connector", "fqdn", "thumbprint"];
        let what: Vec<&str> = names.iter().filter_map(|name| facts.first(name)).collect();
        let summary = format!("MSExchangeTransport {id} {}", what.join(" "));
        let parts = [id, &what.join(" ")].map(str::to_owned);
        Self::sighting(Rule::Event, facts, &[&parts[0], &parts[1]], &summary)
    }

    fn host(&self, cell: Cell<'_>) -> Option<String> {
        cell.and_then(|host| self.inventory.host_name(host, self.learned))
    }

    fn sighting(rule: Rule, facts: Facts, parts: &[&str], summary: &str) -> Sighting {
        let named = ["host", "connector"].map(|name| facts.first(name).unwrap_or_default());
        let mut key = rule.code().to_owned();
        for part in named.iter().chain(parts) {
            key.push(' ');
            key.push_str(&clean(part, KEY_PART_BYTES_MAX));
        }
        Sighting { rule, key, facts, summary: clean(summary, 400) }
    }
}

/// A rule and four parts stay below what the host accepts as a key.
const KEY_PART_BYTES_MAX: usize = 100;
