//! L2: one message, received again and again by one server.

use std::collections::BTreeSet;

use logwasp_sdk::text::clean;
use logwasp_sdk::{Confidence, Event, Evidence, Hosts, Severity, Timestamp, identity};
use serde::{Deserialize, Serialize};

use crate::chain;
use crate::config::Config;
use crate::places::{Place, Places};
use crate::rows::Visit as Row;
use crate::sighting::{Identity, Sighting, first_recipient, keep, plain_id};
use crate::why;

/// Visits remembered of one message; a loop ends after 60 hops.
pub(crate) const VISITS_MAX: usize = 64;

/// Where a message has been.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(crate) struct Visits {
    visits: Vec<Visit>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Visit {
    evidence: Evidence,
    /// The server that received; for a SEND, the next hop.
    host: String,
    is_receive: bool,
}

impl Visits {
    /// Adds a row, if it is new, and forgets what is older than the window.
    pub(crate) fn add(&mut self, row: &Row<'_>, event: &Event<'_>, config: &Config) {
        let Some(visit) = Visit::read(row, event) else { return };
        let at = event.time();
        self.visits.retain(|old| at.saturating_sub(old.evidence.time) <= config.window.nanos());
        let is_copy = |old: &Visit| {
            old.evidence.time == at && old.host == visit.host && old.is_receive == visit.is_receive
        };
        if self.visits.iter().any(is_copy) {
            return;
        }
        if self.visits.len() >= VISITS_MAX {
            self.visits.remove(0);
        }
        self.visits.push(visit);
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        let texts = |visit: &Visit| visit.host.len() + visit.evidence.summary.len();
        self.visits.capacity() * size_of::<Visit>() + self.visits.iter().map(texts).sum::<usize>()
    }

    /// How often one server received the message.
    pub(crate) fn receives_most(&self) -> usize {
        self.visits.iter().map(|visit| self.receives(&visit.host).count()).max().unwrap_or(0)
    }

    fn receives<'a>(&'a self, host: &'a str) -> impl Iterator<Item = &'a Visit> {
        self.visits.iter().filter(move |visit| visit.is_receive && visit.host == host)
    }

    /// The loop that the newest row completes or goes on with.
    pub(crate) fn judge(
        &self,
        row: &Row<'_>,
        key: u64,
        places: &Places,
        learned: &Hosts,
        config: &Config,
    ) -> Option<Sighting> {
        let newest = self.visits.last().filter(|visit| visit.is_receive)?;
        let receives: Vec<&Visit> = self.receives(&newest.host).collect();
        if receives.len() < config.loop_receives as usize {
            why::visited(row.message_id, receives.len(), false, config);
            return None;
        }
        let times: Vec<Timestamp> = receives.iter().map(|visit| visit.evidence.time).collect();
        let (first, last) = (*times.iter().min()?, *times.iter().max()?);
        let between = |visit: &&Visit| (first..=last).contains(&visit.evidence.time);
        let mut sends = self.visits.iter().filter(between).filter(|visit| !visit.is_receive);
        let went_out =
            sends.any(|send| identity::host(&send.host).as_deref() != Some(newest.host.as_str()));
        why::visited(row.message_id, receives.len(), went_out, config);
        if !went_out {
            return None;
        }
        let earlier = self.visits.iter().filter(between).map(|visit| visit.evidence.clone());
        let mut earlier: Vec<Evidence> = earlier.collect();
        earlier.retain(|evidence| evidence.record != newest.evidence.record);
        Some(Sighting {
            confidence: Confidence::Medium,
            message_id: keep(row.message_id.and_then(plain_id)),
            sender: keep(row.sender),
            recipient: first_recipient(row.recipients),
            places: self.places(places, learned),
            passes: receives.len() as u64,
            period_s: chain::period_s(&times),
            tenant: keep(row.tenant),
            summary: newest.evidence.summary.clone(),
            earlier,
            ..Sighting::new("L2", Severity::High, Identity::Message(key))
        })
    }

    /// Everybody who took part in these visits.
    pub(crate) fn places(&self, places: &Places, learned: &Hosts) -> BTreeSet<Place> {
        let of = |name: &str| places.of(Some(name), None, learned);
        // Servers that log visits are ours, unless they are of Exchange Online.
        let receiver = |visit: &Visit| match of(&visit.host) {
            Some(Place::Other(_)) => identity::host(&visit.host).map(Place::Own),
            place => place,
        };
        let next_hops = self.visits.iter().filter(|visit| !visit.is_receive);
        let receivers = self.visits.iter().filter(|visit| visit.is_receive);
        receivers
            .filter_map(receiver)
            .chain(next_hops.filter_map(|visit| of(&visit.host)))
            .collect()
    }
}

impl Visit {
    fn read(row: &Row<'_>, event: &Event<'_>) -> Option<Self> {
        let is_receive = match row.event_id? {
            "RECEIVE" => true,
            "SEND" => false,
            _ => return None,
        };
        let name = |name: Option<&str>, ip: Option<&str>| {
            let name = name.and_then(identity::meaningful);
            name.or_else(|| ip.and_then(identity::meaningful)).map(|name| clean(name, 128))
        };
        let server = name(row.server_hostname, row.server_ip).or_else(|| name(row.host, None))?;
        let client = name(row.client_hostname, row.client_ip);
        let what = if is_receive { "received from" } else { "sent by" };
        let summary = format!("{server} {what} {}", client.as_deref().unwrap_or("an unnamed host"));
        // Names and addresses of one server are one: the key is the shortest spelling.
        let host = if is_receive { identity::host(&server)? } else { server };
        Some(Self { evidence: Evidence::of(event, summary), host, is_receive })
    }
}
