//! The refused connections of one server.

use logwasp_sdk::book::{Facts, Pace, Seen, Story, Verdict};
use logwasp_sdk::state::{Keep, Ring};
use logwasp_sdk::time::{SECOND, format_timestamp};
use logwasp_sdk::{Alert, Confidence, Severity, Timestamp};
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::maintenance::Change;
use crate::sighting::{Kind, Refusal, Source};
use crate::text;

/// What is remembered of one server.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Refusals {
    kind: Kind,
    facts: Facts,
    recent: Ring<Recent>,
    count: u64,
    first_seen: Timestamp,
    /// Ports that refuse; 0 is a port that no log named.
    ports: Vec<u16>,
    /// It is an outage, not a single test.
    is_outage: bool,
    /// An administrator put the server into maintenance.
    is_planned: bool,
    /// A verdict was given: from then on everything counts.
    is_decided: bool,
    min: usize,
}

/// One refused connection.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Recent {
    at: Timestamp,
    source: Source,
    session: Option<String>,
    peer: Option<String>,
}

/// Different logs tell of one connection within this time.
const COPY_NANOS: i64 = 2 * SECOND;
/// Peers of one incident that are listed.
const LISTED_MAX: usize = 8;
/// Ports of one server that are told apart.
const PORTS_MAX: usize = 16;
/// So many connections are kept at least to recognise copies.
const KEPT_MIN: usize = 32;

impl Refusals {
    pub(crate) fn new(kind: Kind, config: &Config) -> Self {
        let min = config.min as usize;
        Self {
            kind,
            facts: Facts::default(),
            recent: Ring::new(min.max(KEPT_MIN)),
            count: 0,
            first_seen: 0,
            ports: Vec::new(),
            is_outage: false,
            is_planned: false,
            is_decided: false,
            min,
        }
    }

    /// Takes a refused connection in, and the change of state that may explain it.
    pub(crate) fn take(
        &mut self,
        at: Timestamp,
        refusal: &Refusal,
        change: Option<&Change>,
        config: &Config,
    ) {
        self.facts.add("host", Some(&refusal.host), LISTED_MAX);
        if !self.is_copy(at, refusal) {
            self.count += 1;
            self.recent.push(Recent {
                at,
                source: refusal.source,
                session: refusal.session.clone(),
                peer: refusal.peer.clone(),
            });
        }
        self.facts.add("src_ip", refusal.peer.as_deref(), LISTED_MAX);
        let port = refusal.port.unwrap_or_default();
        if !self.ports.contains(&port) && self.ports.len() < PORTS_MAX {
            self.ports.push(port);
            self.facts.add("ports", refusal.port.map(|p| p.to_string()).as_deref(), PORTS_MAX);
        }
        if let Some(change) = change {
            self.explain(at, change, config);
        }
    }

    fn explain(&mut self, at: Timestamp, change: &Change, config: &Config) {
        self.is_planned |= change.is_planned(at, config.planned_window);
        self.facts.set("component", Some(&change.component));
        self.facts.set("component_state", Some(&change.state));
        self.facts.set("component_requester", Some(&change.requester));
        self.facts.set("component_set_by", Some(&change.by));
        self.facts.set("component_set_at", Some(&format_timestamp(change.at)));
    }

    /// The same connection in another log, or in another row of one that quotes it.
    fn is_copy(&self, at: Timestamp, refusal: &Refusal) -> bool {
        self.recent.iter().any(|seen| {
            let is_near = at.saturating_sub(seen.at).abs() <= COPY_NANOS;
            let other_log = seen.source != refusal.source || refusal.source == Source::Quote;
            let same_peer =
                seen.peer == refusal.peer || seen.peer.is_none() || refusal.peer.is_none();
            let same_session = seen.session.is_some() && seen.session == refusal.session;
            // Session ids are unique per server only.
            (same_session && same_peer) || (is_near && other_log && same_peer)
        })
    }

    /// Connections to `port` work again; true when none refuses any more.
    pub(crate) fn works(&mut self, port: Option<u16>) -> bool {
        self.ports.retain(|refusing| *refusing != 0 && Some(*refusing) != port);
        self.ports.is_empty()
    }

    fn rule(&self) -> (&'static str, Confidence) {
        match (self.kind, self.is_outage) {
            (Kind::NotActive, true) => ("S1", Confidence::High),
            (Kind::NotActive, false) => ("S2", Confidence::Medium),
            (Kind::NotAvailable, _) => ("S3", Confidence::Medium),
        }
    }

    fn peers(&self) -> usize {
        if self.is_decided {
            return self.facts.all("src_ip").count();
        }
        let mut peers: Vec<_> = self.recent.iter().filter_map(|seen| seen.peer.as_ref()).collect();
        peers.sort_unstable();
        peers.dedup();
        peers.len()
    }
}

impl Story for Refusals {
    type Config = Config;

    fn pace(&self, config: &Config) -> Pace {
        Pace {
            cooldown: config.cooldown,
            update_interval: config.update_interval,
            quiet: config.cooldown,
        }
    }

    fn verdict(&mut self, now: Timestamp, config: &Config) -> Verdict {
        let before = now.saturating_sub(config.window.nanos());
        self.recent.drop_while(|seen| seen.at < before);
        let (seen, peers) = (self.recent.len(), self.peers());
        if !self.is_decided {
            self.count = seen as u64;
            self.first_seen = self.recent.oldest().map_or(now, |oldest| oldest.at);
        }
        let is_many = seen >= self.min;
        let verdict = match self.kind {
            Kind::NotActive => {
                self.is_outage |= is_many || peers >= 2;
                let due = self.first_seen.saturating_add(config.window.nanos());
                match (self.is_outage, self.is_planned) {
                    (true, false) => Verdict::Alert(Severity::Critical),
                    (false, _) if seen == 0 && !self.is_decided => Verdict::Silent,
                    (false, _) if now < due => Verdict::Pending(due, Severity::Medium),
                    _ => Verdict::Alert(Severity::Medium),
                }
            }
            Kind::NotAvailable if is_many => Verdict::Alert(Severity::Medium),
            Kind::NotAvailable => Verdict::Silent,
        };
        self.is_decided |= matches!(verdict, Verdict::Alert(_));
        verdict
    }

    fn count(&self) -> u64 {
        self.count
    }

    fn first_seen(&self) -> Timestamp {
        self.first_seen
    }

    fn alert(&self, key: &str, seen: &Seen, _: &Config) -> Alert {
        let (rule, confidence) = self.rule();
        let alert = Alert::create(rule, key, seen.severity)
            .confidence(confidence)
            .title(text::title(self.kind, &self.facts))
            .description(text::description(self.kind, &self.facts, seen, self.is_planned))
            .remediation(text::remediation(self.kind, self.is_planned));
        let alert = self.facts.tell(alert);
        if self.is_planned { alert.label("planned", "true") } else { alert }
    }

    fn overflow(&self, config: &Config) -> (String, Self) {
        let story = Self { min: 1, ..Self::new(self.kind, config) };
        (self.kind.key("further servers"), story)
    }

    fn measure(&self, config: &Config) -> (String, String) {
        let (seen, min, window) = (self.recent.len(), self.min, config.window);
        let peers = self.peers();
        let planned = if self.is_planned { ", in planned maintenance" } else { "" };
        let counted = match self.kind {
            Kind::NotActive => {
                format!(
                    "{seen} of {min} refused connections of {peers} of 2 peers within {window}{planned}"
                )
            }
            Kind::NotAvailable => format!("{seen} of {min} refused connections within {window}"),
        };
        (self.rule().0.to_owned(), counted)
    }

    fn heap_bytes(&self) -> usize {
        let texts: usize = self
            .recent
            .iter()
            .flat_map(|seen| [&seen.session, &seen.peer])
            .flatten()
            .map(String::capacity)
            .sum();
        self.facts.heap_bytes() + self.recent.heap_bytes() + texts + 2 * self.ports.capacity()
    }

    fn keep(&self) -> Keep {
        match self.recent.len() {
            0 | 1 => Keep::Once,
            seen if 2 * seen > self.min => Keep::Protected,
            _ => Keep::Several,
        }
    }
}
