//! N: counts the noise of each host and sums it up.
//!
//! A host's period begins with its first noise record and ends, with one summary
//! or none, after `summary_interval` or with the input.

use std::collections::BTreeMap;

use logwasp_sdk::identity::meaningful;
use logwasp_sdk::state::{BoundedMap, Keep, Timers, Weigh};
use logwasp_sdk::{Alerts, Cell, Event, Evidence, Severity, Timestamp, log, smtp};
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::evidence::{EvidenceLog, clip};
use crate::host::Host;
use crate::pairing::{Arrival, Pairing, Session};
use crate::reading::Half;
use crate::rows;
use crate::summary;
use crate::why;

/// Peers counted by name for one host.
const PEERS_MAX: usize = 50;
/// Bytes kept of what a peer calls itself.
const PEER_BYTES_MAX: usize = 96;
/// The host takes a thousand alerts a call; final updates of incidents come too.
const SUMMARIES_MAX: usize = 500;

/// The noise of one host since its first record.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Period {
    /// The host as people know it.
    pub(crate) host_name: String,
    pub(crate) first_seen: Timestamp,
    pub(crate) last_seen: Timestamp,
    /// 4625.
    pub(crate) audit_failures: u64,
    /// 36879.
    pub(crate) warnings: u64,
    pub(crate) paired: u64,
    /// Failed mappings that an SMTP session explains.
    pub(crate) sessions: u64,
    /// Common name of the peer's certificate, and how often.
    pub(crate) peers: BTreeMap<String, u64>,
    pub(crate) evidence: EvidenceLog,
}

impl Period {
    fn new(host_name: &str, at: Timestamp) -> Self {
        Self {
            host_name: host_name.to_owned(),
            first_seen: at,
            last_seen: at,
            audit_failures: 0,
            warnings: 0,
            paired: 0,
            sessions: 0,
            peers: BTreeMap::new(),
            evidence: EvidenceLog::default(),
        }
    }

    /// How much noise it was: a pair counts once.
    pub(crate) fn count(&self) -> u64 {
        self.audit_failures.max(self.warnings)
    }

    fn end(&self, config: &Config) -> Timestamp {
        self.first_seen.saturating_add(config.summary_interval.nanos())
    }

    fn is_enough(&self, config: &Config) -> bool {
        self.count() >= u64::from(config.summary_min)
    }

    fn add_half(&mut self, half: Half, evidence: Evidence) {
        match half {
            Half::AuditFailure => self.audit_failures += 1,
            Half::Warning => self.warnings += 1,
        }
        self.last_seen = self.last_seen.max(evidence.time);
        self.evidence.push(evidence);
    }

    fn add_session(&mut self, session: Session) {
        self.sessions += 1;
        self.evidence.push(session.evidence);
        if self.peers.len() >= PEERS_MAX && !self.peers.contains_key(&session.peer) {
            self.forget_rarest_peer();
        }
        *self.peers.entry(session.peer).or_default() += 1;
    }

    fn forget_rarest_peer(&mut self) {
        let rarest = self.peers.iter().min_by_key(|(_, count)| **count);
        if let Some(name) = rarest.map(|(name, _)| name.clone()) {
            self.peers.remove(&name);
        }
    }
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct HostNoise {
    pairing: Pairing,
    period: Option<Period>,
    summary_min: u32,
}

impl HostNoise {
    /// Counts a noise record; returns the end of the period that it begins.
    fn add(
        &mut self,
        half: Half,
        host_name: &str,
        evidence: Evidence,
        config: &Config,
    ) -> Option<Timestamp> {
        self.summary_min = config.summary_min;
        let begins = self.period.is_none();
        let period = self.period.get_or_insert_with(|| Period::new(host_name, evidence.time));
        let end = period.end(config);
        self.count(half, evidence, Arrival::OnTime, config);
        if let Some(period) = &self.period {
            why::noise(host_name, period, end, config);
        }
        begins.then_some(end)
    }

    /// A late record joins a summary that comes anyway; it brings none about.
    fn add_late(&mut self, half: Half, evidence: Evidence, config: &Config) {
        if self.period.as_ref().is_some_and(|period| period.is_enough(config)) {
            self.count(half, evidence, Arrival::Late, config);
        }
    }

    fn count(&mut self, half: Half, evidence: Evidence, arrival: Arrival, config: &Config) {
        let Some(period) = self.period.as_mut() else { return };
        let (at, window) = (evidence.time, config.pair_window.nanos());
        period.add_half(half, evidence);
        if self.pairing.pair(half, at, window, arrival) {
            period.paired += 1;
        } else if let Some(session) = self.pairing.explain(at, window, arrival) {
            period.add_session(session);
        }
    }

    fn add_session(&mut self, session: Session, arrival: Arrival, config: &Config) {
        let explains = self.pairing.session(&session, config.pair_window.nanos(), arrival);
        if let Some(period) = self.period.as_mut().filter(|_| explains) {
            period.add_session(session);
        }
    }

    /// Ends the period; returns it when it deserves a summary.
    fn end_period(&mut self, config: &Config) -> Option<Period> {
        let period = self.period.take()?;
        if !period.is_enough(config) {
            why::dropped(&period.host_name, &period, config);
            return None;
        }
        Some(period)
    }
}

/// What the timer of a host costs beside its key, about.
const TIMER_BYTES: usize = 64;

impl Weigh for HostNoise {
    fn heap_bytes(&self) -> usize {
        let period = self.period.as_ref().map_or(0, |period| {
            let peers: usize = period.peers.keys().map(|name| 64 + name.len()).sum();
            3 * period.host_name.len() + TIMER_BYTES + peers + period.evidence.heap_bytes()
        });
        self.pairing.heap_bytes() + period
    }

    fn keep(&self) -> Keep {
        match self.period.as_ref().map_or(0, Period::count) {
            0 | 1 => Keep::Once,
            count if count * 2 > u64::from(self.summary_min) => Keep::Protected,
            _ => Keep::Several,
        }
    }
}

/// The noise of all hosts.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Noise {
    hosts: BoundedMap<String, HostNoise>,
    /// When the period of a host ends.
    due: Timers<String>,
}

impl Noise {
    pub(crate) fn new() -> Self {
        Self { hosts: BoundedMap::new(0), due: Timers::default() }
    }

    pub(crate) fn set_bytes_max(&mut self, bytes_max: usize) {
        self.hosts.set_bytes_max(bytes_max);
    }

    /// Counts half of a failed mapping.
    pub(crate) fn half(
        &mut self,
        half: Half,
        host: &Host,
        event: &Event<'_>,
        config: &Config,
        alerts: &mut Alerts,
    ) {
        let evidence = Evidence::of(event, half.text());
        if event.is_late() {
            if let Some(noise) = self.hosts.get_mut(&host.key) {
                noise.add_late(half, evidence, config);
            }
            return;
        }
        let (began, evicted) =
            self.hosts.touch(host.key.clone(), event.time(), HostNoise::default, |noise| {
                noise.add(half, &host.name, evidence, config)
            });
        if let Some(end) = began {
            self.due.set(end, host.key.clone());
        }
        self.forget(evicted, config, alerts);
    }

    /// Looks whether a session explains a failed mapping.
    pub(crate) fn session(
        &mut self,
        row: &rows::Session<'_>,
        event: &Event<'_>,
        config: &Config,
        alerts: &mut Alerts,
    ) {
        let Some(session) = read_session(row, event) else { return };
        let key = Host::of(row.host).key;
        if event.is_late() {
            if let Some(noise) = self.hosts.get_mut(&key) {
                noise.add_session(session, Arrival::Late, config);
            }
            return;
        }
        let ((), evicted) = self.hosts.touch(key, event.time(), HostNoise::default, |noise| {
            noise.add_session(session, Arrival::OnTime, config);
        });
        self.forget(evicted, config, alerts);
    }

    pub(crate) fn deadline(&self) -> Option<Timestamp> {
        self.due.deadline()
    }

    /// Sums up the hosts whose period ends at `now`.
    pub(crate) fn timer(&mut self, now: Timestamp, config: &Config, alerts: &mut Alerts) {
        while let Some(key) = self.due.pop(now) {
            let Some(noise) = self.hosts.get_mut(&key) else { continue };
            let Some(end) = noise.period.as_ref().map(|period| period.end(config)) else {
                continue;
            };
            if end > now {
                // The interval became longer since the timer was set.
                self.due.set(end, key);
            } else if let Some(period) = noise.end_period(config) {
                alerts.raise(summary::of(&key, &period));
            }
        }
    }

    /// Sums up every host.
    pub(crate) fn finish(&mut self, config: &Config, alerts: &mut Alerts) {
        self.due = Timers::default();
        let ended = self
            .hosts
            .iter_mut()
            .filter_map(|(key, noise)| Some((key.clone(), noise.end_period(config)?)));
        sum_up(ended.collect(), alerts);
    }

    /// Sums up hosts that had to go: what they counted is not lost.
    fn forget(&mut self, evicted: Vec<(String, HostNoise)>, config: &Config, alerts: &mut Alerts) {
        let mut ended = Vec::new();
        for (key, mut noise) in evicted {
            if let Some(period) = &noise.period {
                self.due.clear(period.end(config), key.clone());
            }
            ended.extend(noise.end_period(config).map(|period| (key, period)));
        }
        sum_up(ended, alerts);
    }
}

fn sum_up(ended: Vec<(String, Period)>, alerts: &mut Alerts) {
    for (key, period) in ended.iter().take(SUMMARIES_MAX) {
        alerts.raise(summary::of(key, period));
    }
    if ended.len() > SUMMARIES_MAX {
        let left = ended.len() - SUMMARIES_MAX;
        log(Severity::Low, &format!("no room for the noise summaries of {left} more hosts"));
    }
}

/// A session that we received and whose peer showed a certificate: without one
/// there was nothing to map.
fn read_session(row: &rows::Session<'_>, event: &Event<'_>) -> Option<Session> {
    if row.direction == Some("send") {
        return None;
    }
    let said = |cell: Cell<'_>| clip(cell.and_then(meaningful).unwrap_or("?"), PEER_BYTES_MAX);
    let subject = row.tls_subject.and_then(meaningful)?;
    let peer = clip(smtp::common_name(subject).unwrap_or(subject), PEER_BYTES_MAX);
    let text = format!(
        "SMTP session from {} (EHLO {}) on {}, certificate {peer}",
        said(row.ip),
        said(row.ehlo),
        said(row.connector)
    );
    let id = clip(row.id.unwrap_or_default(), PEER_BYTES_MAX);
    Some(Session { id, peer, evidence: Evidence::of(event, text) })
}
