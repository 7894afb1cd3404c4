//! One key: its story, its evidence, and the incident once there is one.

use serde::{Deserialize, Serialize};

use super::{Seen, Story};
use crate::alert::{Alert, Evidence, Severity};
use crate::state::{Keep, Weigh};
use crate::time::Timestamp;

/// The host takes this many pieces of evidence.
const EVIDENCE_MAX: usize = 20;

/// All that is remembered of one key.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "S: Story")]
pub(super) struct Entry<S> {
    pub(super) story: S,
    pub(super) incident: Option<Incident>,
    /// When a pending decision falls, and how.
    pub(super) pending: Option<(Timestamp, Severity)>,
    /// The newest hit that was not late.
    pub(super) last_hit: Timestamp,
    /// When it is looked whether hits still come.
    pub(super) quiet_at: Timestamp,
    evidence: Vec<Evidence>,
    key_bytes: usize,
}

/// An alert that was created and not yet closed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Incident {
    pub(super) first_seen: Timestamp,
    pub(super) last_seen: Timestamp,
    pub(super) severity: Severity,
    pub(super) created_at: Timestamp,
    /// When held news are told.
    pub(super) tell_at: Option<Timestamp>,
    /// Hits that came behind their time; the story does not know them.
    pub(super) late: u64,
    pub(super) told_at: Timestamp,
    told_count: u64,
}

impl<S: Story> Entry<S> {
    pub(super) fn new(key: &str, story: S) -> Self {
        Self {
            story,
            incident: None,
            pending: None,
            last_hit: Timestamp::MIN,
            quiet_at: Timestamp::MIN,
            evidence: Vec::new(),
            key_bytes: key.len(),
        }
    }

    /// Keeps the first and the newest; without an incident only what still counts.
    pub(super) fn add_evidence(&mut self, evidence: Evidence) {
        if self.incident.is_none() {
            let first = self.story.first_seen();
            self.evidence.retain(|have| have.time >= first);
        }
        let place = self.evidence.partition_point(|have| have.time <= evidence.time);
        self.evidence.insert(place, evidence);
        if self.evidence.len() > EVIDENCE_MAX {
            self.evidence.remove(EVIDENCE_MAX / 2);
        }
    }

    pub(super) fn open(&mut self, now: Timestamp, severity: Severity) {
        self.pending = None;
        self.incident = Some(Incident {
            first_seen: self.story.first_seen(),
            last_seen: self.last_hit,
            severity,
            created_at: now,
            tell_at: None,
            late: 0,
            told_at: now,
            told_count: self.story.count(),
        });
    }

    /// The alert as it stands; a create until somebody says otherwise.
    pub(super) fn alert(&self, key: &str, config: &S::Config) -> Option<Alert> {
        let incident = self.incident.as_ref()?;
        let seen = Seen {
            first: incident.first_seen,
            last: incident.last_seen,
            count: self.count(incident),
            severity: incident.severity,
        };
        let mut alert = self
            .story
            .alert(key, &seen, config)
            .seen(seen.first, seen.last, seen.count)
            .evidence(self.evidence.iter().cloned());
        key.clone_into(&mut alert.key);
        alert.severity = seen.severity;
        Some(alert)
    }

    /// Everything was told; returns when it would have been.
    pub(super) fn told(&mut self, now: Timestamp) -> Option<Timestamp> {
        let count = self.story.count();
        let incident = self.incident.as_mut()?;
        incident.told_at = now;
        incident.told_count = count + incident.late;
        incident.tell_at.take()
    }

    /// True when hits were counted that no alert told about.
    pub(super) fn has_news(&self) -> bool {
        self.incident.as_ref().is_some_and(|incident| self.count(incident) > incident.told_count)
    }

    fn count(&self, incident: &Incident) -> u64 {
        self.story.count() + incident.late
    }
}

impl<S: Story> Weigh for Entry<S> {
    fn heap_bytes(&self) -> usize {
        let summaries: usize = self.evidence.iter().map(|e| e.summary.capacity()).sum();
        // The key stands in the map, and up to three times among the timers.
        4 * self.key_bytes
            + self.story.heap_bytes()
            + self.evidence.capacity() * size_of::<Evidence>()
            + summaries
    }

    fn keep(&self) -> Keep {
        if self.incident.is_some() || self.pending.is_some() {
            Keep::Protected
        } else {
            self.story.keep()
        }
    }
}
