//! The life of one subject: hits that wait for a threshold, then an incident.
//!
//! A hit belongs to one incident only. While an incident is open everything goes
//! to it; when its cooldown is over the threshold must be reached afresh.

use std::collections::{BTreeMap, VecDeque};

use logwasp_sdk::state::{Keep, Ring, Weigh};
use logwasp_sdk::{Cadence, Evidence, Severity, Timestamp, cadence};
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::evidence::EvidenceLog;
use crate::reading::Fact;
use crate::subject::{Key, Subject};

/// Different values kept of one fact.
const FACT_VALUES_MAX: usize = 5;
/// Newest health checks whose rhythm is judged, and intervals it takes.
const BEATS: usize = 20;
const INTERVALS_MIN: usize = 5;

/// One record that counts.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Sighting {
    pub(crate) evidence: Evidence,
    pub(crate) facts: Vec<(Fact, String)>,
    pub(crate) probe: bool,
}

impl Sighting {
    fn heap_bytes(&self) -> usize {
        let facts: usize = self.facts.iter().map(|f| size_of_val(f) + f.1.len()).sum();
        size_of::<Self>() + self.evidence.summary.len() + facts
    }
}

/// What was told, and what happened since.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Incident {
    pub(crate) first_seen: Timestamp,
    pub(crate) last_seen: Timestamp,
    pub(crate) count: u64,
    /// Never falls.
    pub(crate) severity: Severity,
    pub(crate) facts: BTreeMap<Fact, Vec<String>>,
    pub(crate) evidence: EvidenceLog,
    /// No incident of this subject was there before.
    pub(crate) is_first: bool,
    /// Times of the newest hits as long as all of them look like health checks.
    probes: Option<Ring<Timestamp>>,
    created: Timestamp,
    told: Timestamp,
    /// Hits came since it was told.
    untold: bool,
}

impl Incident {
    fn create(
        sightings: VecDeque<Sighting>,
        now: Timestamp,
        base: Severity,
        is_first: bool,
    ) -> Self {
        let first_seen = sightings.front().map_or(now, |sighting| sighting.evidence.time);
        let mut incident = Self {
            first_seen,
            last_seen: now,
            count: 0,
            severity: Severity::Info,
            facts: BTreeMap::new(),
            evidence: EvidenceLog::default(),
            is_first,
            probes: Some(Ring::new(BEATS)),
            created: now,
            told: now,
            untold: false,
        };
        for sighting in sightings {
            incident.beat(&sighting);
            incident.add(sighting);
        }
        incident.raise_severity(base);
        incident
    }

    fn add(&mut self, sighting: Sighting) {
        self.count += 1;
        self.last_seen = self.last_seen.max(sighting.evidence.time);
        self.evidence.push(sighting.evidence);
        for (fact, value) in sighting.facts {
            let values = self.facts.entry(fact).or_default();
            if values.len() < FACT_VALUES_MAX && !values.contains(&value) {
                values.push(value);
            }
        }
    }

    fn beat(&mut self, sighting: &Sighting) {
        match &mut self.probes {
            Some(times) if sighting.probe => {
                times.push(sighting.evidence.time);
            }
            probes => *probes = None,
        }
    }

    /// The rhythm, when all hits look like health checks and come like clockwork.
    pub(crate) fn rhythm(&self) -> Option<Cadence> {
        let times: Vec<_> = self.probes.as_ref()?.iter().copied().collect();
        cadence(&times, INTERVALS_MIN)
    }

    /// True when it is worse than it was.
    fn raise_severity(&mut self, base: Severity) -> bool {
        if self.severity >= base || self.rhythm().is_some() {
            return false;
        }
        self.severity = base;
        true
    }

    fn is_open(&self, now: Timestamp, config: &Config) -> bool {
        now.saturating_sub(self.created) < config.cooldown.nanos()
    }

    fn told_again_at(&self, config: &Config) -> Timestamp {
        self.told.saturating_add(config.update_interval.nanos())
    }

    /// Decides whether what was added is told now.
    fn tell(&mut self, now: Timestamp, at_once: bool, config: &Config) -> Step {
        let due = self.told_again_at(config);
        if at_once || due <= now {
            self.told = now;
            self.untold = false;
            return Step::Update;
        }
        self.untold = true;
        Step::Hold { until: due }
    }
}

/// What became of a hit.
#[derive(Debug)]
pub(crate) enum Step {
    /// The threshold is not reached.
    Wait,
    /// A new incident; the former one may have something left to tell.
    Create { untold: Option<Box<Incident>> },
    /// The incident is to be told about.
    Update,
    /// The incident is to be told about at this time.
    Hold { until: Timestamp },
}

/// One subject of one host.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Tally {
    /// The host as people know it.
    pub(crate) host_name: String,
    /// Heap bytes of the map's key and of the timer's.
    key_bytes: usize,
    hits_min: u32,
    waiting: VecDeque<Sighting>,
    incident: Option<Box<Incident>>,
}

impl Tally {
    pub(crate) fn new(host_name: &str, key: &Key) -> Self {
        Self {
            host_name: host_name.to_owned(),
            key_bytes: 2 * key.heap_bytes() + size_of::<(Timestamp, Key)>(),
            hits_min: 1,
            waiting: VecDeque::new(),
            incident: None,
        }
    }

    pub(crate) fn incident(&self) -> Option<&Incident> {
        self.incident.as_deref()
    }

    /// Hits that are not yet an incident.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Counts a hit at `now`.
    pub(crate) fn hit(
        &mut self,
        sighting: Sighting,
        now: Timestamp,
        subject: &Subject,
        config: &Config,
    ) -> Step {
        self.hits_min = subject.hits_min(config);
        let base = subject.severity(config);
        if let Some(incident) = self.incident.as_mut().filter(|i| i.is_open(now, config)) {
            incident.beat(&sighting);
            incident.add(sighting);
            let worse = incident.raise_severity(base);
            return incident.tell(now, worse, config);
        }
        self.waiting.push_back(sighting);
        let oldest = now.saturating_sub(config.window.nanos());
        while self.waiting.front().is_some_and(|waiting| waiting.evidence.time < oldest) {
            self.waiting.pop_front();
        }
        if self.waiting.len() < self.hits_min as usize {
            return Step::Wait;
        }
        let before = self.incident.take();
        let sightings = std::mem::take(&mut self.waiting);
        let incident = Incident::create(sightings, now, base, before.is_none());
        self.incident = Some(Box::new(incident));
        Step::Create { untold: before.filter(|incident| incident.untold) }
    }

    /// Counts a hit that came behind the watermark: it may add to an incident
    /// whose time it shares, and never makes one.
    pub(crate) fn late_hit(&mut self, sighting: Sighting, now: Timestamp, config: &Config) -> Step {
        let Some(incident) = self.incident.as_mut().filter(|i| i.is_open(now, config)) else {
            return Step::Wait;
        };
        let from = incident.first_seen.saturating_sub(config.window.nanos());
        if sighting.evidence.time < from {
            return Step::Wait;
        }
        incident.add(sighting);
        incident.tell(now, false, config)
    }

    /// What is left to tell when its time has come: `Update`, or `Hold` when it
    /// has not.
    pub(crate) fn tell_at(&mut self, now: Timestamp, config: &Config) -> Step {
        match self.incident.as_mut().filter(|incident| incident.untold) {
            Some(incident) => incident.tell(now, false, config),
            None => Step::Wait,
        }
    }

    /// When there is something left to tell, the time it would be told; it counts
    /// as told afterwards.
    pub(crate) fn take_untold(&mut self, config: &Config) -> Option<Timestamp> {
        let incident = self.incident.as_mut().filter(|incident| incident.untold)?;
        incident.untold = false;
        Some(incident.told_again_at(config))
    }
}

impl Weigh for Tally {
    // By length, not by capacity: a snapshot must not change what is evicted.
    fn heap_bytes(&self) -> usize {
        let waiting: usize = self.waiting.iter().map(Sighting::heap_bytes).sum();
        let incident = self.incident().map_or(0, |incident| {
            let facts: usize = incident.facts.values().flatten().map(|v| 64 + v.len()).sum();
            let probes = incident.probes.as_ref().map_or(0, |p| p.len() * size_of::<Timestamp>());
            size_of::<Incident>() + facts + probes + incident.evidence.heap_bytes()
        });
        self.host_name.len() + self.key_bytes + waiting + incident
    }

    fn keep(&self) -> Keep {
        match self.waiting.len() {
            _ if self.incident.is_some() => Keep::Protected,
            0 | 1 => Keep::Once,
            hits if hits * 2 > self.hits_min as usize => Keep::Protected,
            _ => Keep::Several,
        }
    }
}

const _: () = assert!(BEATS > INTERVALS_MIN, "the newest beats must suffice for a rhythm");
