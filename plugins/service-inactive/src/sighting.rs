//! From a row to a refused connection, or to one that works.

use std::net::IpAddr;

use logwasp_sdk::text::{clean, fold, shorten};
use logwasp_sdk::{Hosts, Site, identity};
use serde::{Deserialize, Serialize};

use crate::rows::{Connectivity, REFUSAL, Smtp, Tracking};

/// Which of the two refusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    /// `421 4.3.2 Service not active`: the component's state is inactive.
    NotActive,
    /// `421 4.3.2 Service not available`: shutting down, or the wrong connector.
    NotAvailable,
}

impl Kind {
    pub(crate) const ALL: [Self; 2] = [Self::NotActive, Self::NotAvailable];

    /// The incident of a server.
    pub(crate) fn key(self, host: &str) -> String {
        let what = if self == Self::NotActive { "inactive" } else { "unavailable" };
        format!("{what} {}", clean(host, 200))
    }

    fn of(text: &str) -> Option<Self> {
        let (_, rest) = text.split_once(REFUSAL)?;
        let word = rest.trim_start();
        if word.starts_with("active") {
            Some(Self::NotActive)
        } else {
            word.starts_with("available").then_some(Self::NotAvailable)
        }
    }
}

/// Which kind of log told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Source {
    /// The refusing server's own log.
    Receive,
    /// The log of the server that was refused.
    Send,
    /// A log that quotes the refusal.
    Quote,
}

/// One refused connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) kind: Kind,
    /// The refusing server.
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
    /// The address that was refused.
    pub(crate) peer: Option<String>,
    pub(crate) source: Source,
    pub(crate) session: Option<String>,
    /// One line for the evidence.
    pub(crate) summary: String,
}

/// The servers that are ours: what the site says, and what the logs taught.
pub(crate) struct Reader<'a> {
    pub(crate) exchange: &'a Hosts,
    pub(crate) learned: &'a Hosts,
}

/// A greeting comes first: before it there are at most the connect row and one
/// about permissions or the attempt to connect.
const GREETING_SEQUENCE_MAX: u32 = 2;

impl Reader<'_> {
    /// A greeting that refuses. What a server says later in a session is no news
    /// about its state, and what a client says never is.
    pub(crate) fn smtp(&self, row: &Smtp<'_>) -> Option<Refusal> {
        let line = fold(shorten(row.data?, 512));
        let kind = Kind::of(&line).filter(|_| line.starts_with(REFUSAL))?;
        let sequence = row.sequence.and_then(|number| number.trim().parse::<u32>().ok());
        if sequence.is_some_and(|number| number > GREETING_SEQUENCE_MAX) {
            return None;
        }
        let server = self.server(row)?;
        let peer = server.peer.map(|ip| ip.to_string());
        let who = peer.as_deref().unwrap_or("?");
        let log = if server.source == Source::Receive { "receive" } else { "send" };
        let summary = clean(&format!("{line} ({log} log, {} to {who})", server.host), 400);
        Some(Refusal {
            kind,
            host: server.host,
            port: server.port,
            peer,
            source: server.source,
            session: row.session.and_then(identity::meaningful).map(|id| clean(id, 64)),
            summary,
        })
    }

    /// The server and port of a connection that works.
    pub(crate) fn works(&self, row: &Smtp<'_>) -> Option<(String, Option<u16>)> {
        row.data.filter(|line| line.starts_with("220 ") || line.starts_with("250 "))?;
        let server = self.server(row)?;
        Some((server.host, server.port))
    }

    /// Who speaks in the row: the log's own server, or its peer if that is ours.
    fn server(&self, row: &Smtp<'_>) -> Option<Server> {
        let (local, remote) =
            (row.local.and_then(identity::endpoint_ip), row.remote.and_then(identity::endpoint_ip));
        match (row.direction?, row.event?) {
            ("receive", ">") => {
                let named = row.host.and_then(identity::meaningful).map(str::to_owned);
                let host = named.or_else(|| local.map(|ip| ip.to_string()))?;
                Some(Server {
                    host: self.own(&host).or_else(|| identity::host(&host))?,
                    port: row.local.and_then(port),
                    peer: remote,
                    source: Source::Receive,
                })
            }
            ("send", "<") => {
                let address = remote?.to_string();
                let internal = row.connector.is_some_and(is_internal_connector);
                Some(Server {
                    host: self.own(&address).or_else(|| internal.then_some(address))?,
                    port: row.remote.and_then(port),
                    peer: local,
                    source: Source::Send,
                })
            }
            _ => None,
        }
    }

    /// A failed attempt in the connectivity log.
    pub(crate) fn connectivity(&self, row: &Connectivity<'_>) -> Option<Refusal> {
        let destination = row.destination.or(row.destination_lower);
        let text = fold(shorten(row.text?, 2_048));
        let address = text.split([' ', '(', ')', ',', ';']).find_map(identity::endpoint_ip);
        let host = destination
            .and_then(|host| self.own(host))
            .or_else(|| self.own(&address?.to_string()))?;
        let session = row.session.and_then(identity::meaningful).map(|id| clean(id, 64));
        Self::quote(host, &text, session)
    }

    /// A status that quotes the refusal, with the next hop in the same record.
    pub(crate) fn tracking(&self, row: &Tracking<'_>) -> Option<Refusal> {
        let text = fold(shorten(row.text?, 4_096));
        let next_hop = |name: &str| {
            let (_, rest) = text.split_once(name)?;
            self.own(rest.split('}').next()?)
        };
        let host = next_hop("{FQDN=").or_else(|| next_hop("{IP="))?;
        Self::quote(host, &text, None)
    }

    fn quote(host: String, text: &str, session: Option<String>) -> Option<Refusal> {
        Some(Refusal {
            kind: Kind::of(text)?,
            host,
            port: None,
            peer: None,
            source: Source::Quote,
            session,
            summary: clean(text, 400),
        })
    }

    /// The name of a server of ours, by name or address.
    fn own(&self, name_or_address: &str) -> Option<String> {
        let canonical = |hosts: &Hosts| hosts.canonical(name_or_address);
        canonical(self.exchange)
            .filter(|name| identity::ip(name).is_none())
            .or_else(|| canonical(self.learned))
            .or_else(|| canonical(self.exchange))
    }
}

struct Server {
    host: String,
    port: Option<u16>,
    peer: Option<IpAddr>,
    source: Source,
}

/// Connectors that Exchange makes itself for its own servers.
fn is_internal_connector(id: &str) -> bool {
    let lower = id.to_ascii_lowercase();
    ["intra-organization", "inbound proxy internal", "client proxy"]
        .iter()
        .any(|start| lower.starts_with(start))
}

fn port(endpoint: &str) -> Option<u16> {
    endpoint.rsplit_once(':')?.1.trim().parse().ok()
}

/// The servers that the site names.
pub(crate) fn exchange_hosts(site: &Site) -> Hosts {
    Hosts::parse(&site.exchange_hosts)
}
