//! The refusals of one key: counted within the window, and then an incident.

use logwasp_sdk::state::{Keep, Ring, Weigh};
use logwasp_sdk::{Confidence, Evidence, Severity, Timestamp};
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::facts::Facts;
use crate::recent::Recent;
use crate::rule::{HARVEST_MIN, INTERNAL_HIGH_MIN, PROBE_DOMAINS_MIN, Rule};
use crate::sighting::Sighting;

/// What one more refusal means to the reader of alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Not enough yet.
    Nothing,
    /// Enough, but there are too many open incidents.
    Full,
    /// A new incident.
    Create,
    /// The open incident got worse or clearer, or it is time to tell again.
    Update,
    /// Counted; told later.
    Hold,
}

/// All that is remembered of one key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Track {
    /// The rule that counts.
    pub(crate) rule: Rule,
    /// How sure the best of the refusals is.
    pub(crate) confidence: Confidence,
    /// What the refusals told.
    pub(crate) facts: Facts,
    /// Most distinct recipients or domains within one window.
    pub(crate) distinct_most: usize,
    /// A stranger reached a foreign recipient.
    pub(crate) open_relay: bool,
    /// Oldest first.
    pub(crate) evidence: Vec<Evidence>,
    /// The alert, once there is one.
    pub(crate) incident: Option<Incident>,
    times: Ring<Timestamp>,
    distinct: Recent,
    refusals_min: usize,
    key_bytes: usize,
}

/// An alert that was created and not yet closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Incident {
    /// The first refusal, as the create said.
    pub(crate) first_seen: Timestamp,
    /// The newest refusal.
    pub(crate) last_seen: Timestamp,
    /// How many refusals.
    pub(crate) count: u64,
    /// The worst so far.
    pub(crate) severity: Severity,
    /// When the incident is closed.
    pub(crate) close_at: Timestamp,
    /// When held refusals are told about.
    pub(crate) tell_at: Option<Timestamp>,
    told_at: Timestamp,
    told_count: u64,
}

/// The host takes this many pieces of evidence.
const EVIDENCE_MAX: usize = 20;

impl Track {
    /// Nothing seen yet.
    pub(crate) fn new(rule: Rule, refusals_min: usize, key: &str, config: &Config) -> Self {
        Self {
            rule,
            confidence: Confidence::Low,
            facts: Facts::default(),
            distinct_most: 0,
            open_relay: false,
            evidence: Vec::new(),
            incident: None,
            times: Ring::new(rule.refusals_kept(config)),
            distinct: Recent::default(),
            refusals_min,
            key_bytes: key.len(),
        }
    }

    /// Takes one more refusal in.
    pub(crate) fn take(
        &mut self,
        sighting: &Sighting,
        evidence: Evidence,
        has_room: bool,
        config: &Config,
    ) -> Step {
        let now = evidence.time;
        let improved = self.remember(sighting, evidence, config);
        let severity = self.severity();
        if let Some(incident) = &mut self.incident {
            incident.count(now);
            return incident.judge(now, severity, improved, config);
        }
        if !self.is_enough() {
            Step::Nothing
        } else if !has_room {
            Step::Full
        } else {
            self.incident = Some(self.open(now, severity, config));
            Step::Create
        }
    }

    /// Takes a refusal that arrived behind its time: it adds to an open incident
    /// and decides nothing, not even when to tell. The moment at which it came is
    /// no event time, so no verdict may rest on it.
    pub(crate) fn take_late(&mut self, sighting: &Sighting, evidence: Evidence) -> Step {
        if let Some(incident) = &mut self.incident {
            incident.count(evidence.time);
            self.facts.merge(&sighting.facts);
            self.add_evidence(evidence);
        }
        Step::Nothing
    }

    fn remember(&mut self, sighting: &Sighting, evidence: Evidence, config: &Config) -> bool {
        let (at, before) = (evidence.time, evidence.time.saturating_sub(config.window.nanos()));
        self.times.drop_while(|time| *time < before);
        if self.times.is_empty() && self.incident.is_none() {
            self.forget();
        }
        self.times.push(at);
        self.distinct.forget(before);
        sighting.distinct.iter().for_each(|&hash| self.distinct.note(hash, at));
        self.distinct_most = self.distinct_most.max(self.distinct.len());
        self.open_relay |= sighting.open_relay;
        if self.incident.is_none() {
            self.evidence.retain(|evidence| evidence.time >= before);
        }
        self.add_evidence(evidence);
        let surer = sighting.confidence > self.confidence;
        self.confidence = self.confidence.max(sighting.confidence);
        self.facts.merge(&sighting.facts) || surer
    }

    /// Refusals older than the window are another story: nothing they told goes
    /// into this one.
    fn forget(&mut self) {
        self.confidence = Confidence::Low;
        self.facts = Facts::default();
        self.distinct_most = 0;
        self.open_relay = false;
    }

    /// Keeps the first and the newest.
    fn add_evidence(&mut self, evidence: Evidence) {
        let place = self.evidence.partition_point(|have| have.time <= evidence.time);
        self.evidence.insert(place, evidence);
        if self.evidence.len() > EVIDENCE_MAX {
            self.evidence.remove(EVIDENCE_MAX / 2);
        }
    }

    fn is_enough(&self) -> bool {
        let refusals = self.times.len();
        // One refusal refuses one recipient, whatever else its session names.
        let distinct = self.distinct.len().min(refusals);
        match self.rule {
            Rule::Internet if self.open_relay || distinct >= PROBE_DOMAINS_MIN => true,
            Rule::Harvest if self.refusals_min > 1 => distinct >= HARVEST_MIN,
            _ => refusals >= self.refusals_min,
        }
    }

    /// Refusals within the window, and the distinct things that they name.
    pub(crate) fn within_window(&self) -> (usize, usize) {
        (self.times.len(), self.distinct.len().min(self.times.len()))
    }

    fn severity(&self) -> Severity {
        match self.rule {
            Rule::Internal if self.times.len() >= INTERNAL_HIGH_MIN => Severity::High,
            Rule::Internet if self.open_relay => Severity::Critical,
            rule => rule.severity(),
        }
    }

    fn open(&self, now: Timestamp, severity: Severity, config: &Config) -> Incident {
        Incident {
            first_seen: self.times.oldest().copied().unwrap_or(now),
            last_seen: now,
            count: self.times.len() as u64,
            severity,
            close_at: now.saturating_add(config.cooldown.nanos()),
            tell_at: None,
            told_at: now,
            told_count: self.times.len() as u64,
        }
    }
}

impl Incident {
    fn count(&mut self, seen: Timestamp) {
        self.count += 1;
        self.last_seen = self.last_seen.max(seen);
    }

    fn judge(
        &mut self,
        now: Timestamp,
        severity: Severity,
        improved: bool,
        config: &Config,
    ) -> Step {
        let worse = severity > self.severity;
        self.severity = self.severity.max(severity);
        let due = self.told_at.saturating_add(config.update_interval.nanos());
        if worse || improved || now >= due {
            return Step::Update;
        }
        self.tell_at = Some(due);
        Step::Hold
    }

    /// Notes that everything was told; returns when it would have been.
    pub(crate) fn told(&mut self, now: Timestamp) -> Option<Timestamp> {
        self.told_at = now;
        self.told_count = self.count;
        self.tell_at.take()
    }

    /// True when refusals were counted that no alert told about.
    pub(crate) fn has_news(&self) -> bool {
        self.count > self.told_count
    }
}

impl Weigh for Track {
    fn heap_bytes(&self) -> usize {
        let summaries: usize = self.evidence.iter().map(|e| e.summary.capacity()).sum();
        // The key stands in the map, and twice among the timers of an incident.
        let keys = self.key_bytes * if self.incident.is_some() { 3 } else { 1 };
        keys + self.facts.heap_bytes()
            + self.times.heap_bytes()
            + self.distinct.heap_bytes()
            + self.evidence.capacity() * size_of::<Evidence>()
            + summaries
    }

    fn keep(&self) -> Keep {
        let seen = self.times.len();
        let past_half = |seen: usize, min: usize| min > 1 && 2 * seen > min;
        let domains = if self.rule == Rule::Internet { self.distinct.len().min(seen) } else { 0 };
        let is_close = past_half(seen, self.refusals_min) || past_half(domains, PROBE_DOMAINS_MIN);
        if self.incident.is_some() || is_close {
            Keep::Protected
        } else if seen > 1 {
            Keep::Several
        } else {
            Keep::Once
        }
    }
}
