//! From a row to what it counts for.

use std::net::IpAddr;

use logwasp_sdk::book::Facts;
use logwasp_sdk::text::clean;
use logwasp_sdk::{Cell, Hosts, Nets, Site, identity};

use crate::reply::{self, Found, Rule};
use crate::rows::{Row, Smtp, Tracking};

/// Kinds of logs that tell of the same submissions; each is counted for itself.
pub(crate) const SOURCES: usize = 3;

/// One throttled or refused submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sighting {
    pub(crate) rule: Rule,
    /// The incident it belongs to.
    pub(crate) key: String,
    pub(crate) facts: Facts,
    /// Which kind of log told, below [`SOURCES`].
    pub(crate) source: usize,
    /// One line for the evidence.
    pub(crate) summary: String,
}

/// What the site says.
pub(crate) struct Inventory {
    eop: Nets,
    exchange: Hosts,
}

impl Inventory {
    pub(crate) fn new(site: &Site) -> Result<Self, String> {
        let eop = Nets::parse(&site.eop_nets).map_err(|error| format!("site.eop_nets: {error}"))?;
        Ok(Self { eop, exchange: Hosts::parse(&site.exchange_hosts) })
    }

    /// What the row tells, if it is one of our replies.
    pub(crate) fn sighting(&self, row: &Row<'_>) -> Option<Sighting> {
        match row {
            Row::Smtp(row) => self.smtp(row),
            Row::Tracking(row) => self.tracking(row),
            // Alerts quote replies too and may come back by syslog.
            Row::Syslog(row) if row.app.is_some_and(|app| app.eq_ignore_ascii_case("logwasp")) => {
                None
            }
            Row::Syslog(row) => self.line(row.host, row.line),
            Row::Text(row) => self.line(row.host, row.line),
        }
    }

    fn smtp(&self, row: &Smtp<'_>) -> Option<Sighting> {
        let mut found = reply::at_start(row.reply?)?;
        let peer = row.remote.and_then(identity::endpoint_ip);
        found.is_from_eop |= peer.is_some_and(|ip| self.eop.contains(ip));
        let ours = row.local.and_then(identity::endpoint_ip);
        let facts = Facts::default()
            .with("host", self.host(row.host).as_deref())
            .with("connector", row.connector)
            .with("peer", peer.map(|ip| ip.to_string()).as_deref());
        sighting(found, ours, facts, 0)
    }

    fn tracking(&self, row: &Tracking<'_>) -> Option<Sighting> {
        let found = [row.status, row.context].into_iter().flatten().find_map(reply::quoted)?;
        let server = row.server.and_then(identity::meaningful).or(row.host);
        let facts = Facts::default()
            .with("host", self.host(server).as_deref())
            .with("connector", row.connector);
        sighting(found, row.server_ip.and_then(identity::ip), facts, 1)
    }

    fn line(&self, host: Cell<'_>, line: Cell<'_>) -> Option<Sighting> {
        let facts = Facts::default().with("host", self.host(host).as_deref());
        sighting(reply::quoted(line?)?, None, facts, 2)
    }

    fn host(&self, cell: Cell<'_>) -> Option<String> {
        let host = cell?;
        self.exchange.canonical(host).or_else(|| identity::host(host))
    }
}

fn sighting(found: Found, ours: Option<IpAddr>, facts: Facts, source: usize) -> Option<Sighting> {
    if !found.is_from_eop {
        return None;
    }
    let ip = found.ip.or(ours).map(|ip| ip.to_string());
    let facts = facts
        .with("src_ip", ip.as_deref())
        .with("code", Some(&found.code))
        .with("reply", Some(&found.text));
    let whose = ip.as_deref().or(facts.first("host")).unwrap_or_default();
    let key = match found.rule {
        Rule::Throttled => format!("{} {}", found.rule.code(), clean(whose, 200)),
        // The tenant is blocked, whichever address tries.
        Rule::Blocked => found.rule.code().to_owned(),
    };
    Some(Sighting { rule: found.rule, key, facts, source, summary: clean(&found.text, 400) })
}
