//! What was told of a lockout, and what is told later.
//!
//! One source that locks one account again and again is one incident while the
//! cooldown lasts. Its alert is kept as last told plus what is held back, so that
//! an update or the end of the incident repeats all that is known.

use logwasp_sdk::time::format_timestamp;
use logwasp_sdk::{Alert, Alerts, Evidence, RecordRef, Timestamp};
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::evidence::{evidence, merge};
use crate::lock::{Lock, same_account};
use crate::verdict::Verdict;

/// An account was unlocked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unlock {
    /// When.
    pub at: Timestamp,
    /// The record.
    pub record: RecordRef,
    /// The account's SID, empty when unknown.
    pub sid: String,
    /// Who did it, empty when unknown.
    pub by: String,
}

impl Unlock {
    /// True when it ends the lockout.
    pub fn ends(&self, lock: &Lock) -> bool {
        self.at >= lock.at && same_account(&self.sid, &lock.sid)
    }
}

/// A lockout that was told of.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Incident {
    /// Its newest lockout.
    pub lock: Lock,
    /// When its first lockout was.
    pub began: Timestamp,
    /// What locked the account.
    pub source: String,
    /// How much of it is explained.
    rank: u8,
    /// Its alert with all that is known.
    alert: Alert,
    /// When it was created.
    created: Timestamp,
    /// When it was last told of.
    told: Timestamp,
    /// When held news is told.
    pub due: Option<Timestamp>,
    /// The account was unlocked.
    pub closed: bool,
}

impl Incident {
    /// Tells of a new incident; `previous` is when the same source began to lock
    /// the account last time.
    pub fn create(
        verdict: &Verdict<'_>,
        now: Timestamp,
        previous: Option<Timestamp>,
        alerts: &mut Alerts,
    ) -> Self {
        let mut alert = verdict.alert();
        if let Some(previous) = previous {
            alert = alert.label("previous", format_timestamp(previous));
        }
        alerts.raise(alert.clone());
        Self {
            lock: verdict.scene.lock.clone(),
            began: verdict.scene.lock.at,
            source: verdict.attribution.source(),
            rank: verdict.attribution.rank(),
            alert,
            created: now,
            told: now,
            due: None,
            closed: false,
        }
    }

    /// True when a further lockout by `source` belongs to it.
    pub fn takes(&self, source: &str, now: Timestamp, config: &Config) -> bool {
        !self.closed && self.source == source && now - self.created < config.cooldown.nanos()
    }

    /// Takes in a further lockout.
    pub fn again(
        &mut self,
        verdict: &Verdict<'_>,
        now: Timestamp,
        config: &Config,
        alerts: &mut Alerts,
    ) {
        let (severity, rank) = (self.alert.severity, self.rank);
        self.lock = verdict.scene.lock.clone();
        self.take(verdict, self.alert.count + 1);
        let urgent = self.alert.severity > severity || self.rank > rank;
        self.news(urgent, now, config, alerts);
    }

    /// Looks at its newest lockout once more, now that a late record is known.
    pub fn reconsider(
        &mut self,
        verdict: &Verdict<'_>,
        late: &Evidence,
        config: &Config,
        alerts: &mut Alerts,
    ) {
        let urgent = verdict.attribution.rank() > self.rank;
        if urgent {
            self.take(verdict, self.alert.count);
        } else {
            self.support(late.clone());
        }
        self.news(urgent, alerts.now(), config, alerts);
    }

    /// Tells what is known: at once when it matters, else not too often.
    fn news(&mut self, urgent: bool, now: Timestamp, config: &Config, alerts: &mut Alerts) {
        let due = self.told.saturating_add(config.update_interval.nanos());
        if urgent || now >= due {
            self.tell(now, alerts);
        } else {
            self.due = Some(due);
        }
    }

    /// Tells what is known.
    pub fn tell(&mut self, now: Timestamp, alerts: &mut Alerts) {
        self.told = now;
        self.due = None;
        alerts.raise(self.alert.clone().as_update());
    }

    /// Replaces what is known by a newer verdict; the incident stays the same one.
    fn take(&mut self, verdict: &Verdict<'_>, count: u64) {
        let known = std::mem::replace(&mut self.alert, verdict.alert());
        let alert = &mut self.alert;
        alert.rule = known.rule;
        alert.key = known.key;
        alert.severity = alert.severity.max(known.severity);
        alert.first_seen = known.first_seen;
        alert.last_seen = alert.last_seen.max(known.last_seen);
        alert.count = count;
        alert.evidence = merge(known.evidence, std::mem::take(&mut alert.evidence));
        for label in known.labels {
            if !alert.labels.iter().any(|(name, _)| *name == label.0) {
                alert.labels.push(label);
            }
        }
        self.source = verdict.attribution.source();
        self.rank = verdict.attribution.rank();
    }

    fn support(&mut self, evidence: Evidence) {
        self.alert.last_seen = self.alert.last_seen.max(evidence.time);
        self.alert.evidence = merge(std::mem::take(&mut self.alert.evidence), [evidence]);
    }

    /// The account was unlocked: the incident is over.
    pub fn close(&mut self, unlock: &Unlock, alerts: &mut Alerts) {
        self.closed = true;
        self.due = None;
        let by = match unlock.by.as_str() {
            "" => String::new(),
            by => format!(" by {by}"),
        };
        self.support(evidence(unlock.at, unlock.record, format!("unlocked{by}")));
        let end = format!("The account was unlocked{by}.");
        self.alert.description = [std::mem::take(&mut self.alert.description), end].join(" ");
        alerts.raise(self.alert.clone().as_close());
    }

    /// Bytes of it, with what it points to.
    pub fn bytes(&self) -> usize {
        let pairs = [&self.alert.entities, &self.alert.attributes, &self.alert.labels];
        let pairs: usize = pairs
            .iter()
            .flat_map(|list| list.iter())
            .map(|(name, value)| size_of::<(String, String)>() + name.len() + value.len())
            .sum();
        let evidence = self.alert.evidence.iter();
        let evidence: usize = evidence.map(|item| size_of::<Evidence>() + item.summary.len()).sum();
        let texts = [&self.alert.title, &self.alert.description, &self.alert.remediation];
        size_of::<Self>()
            + self.lock.heap_bytes()
            + pairs
            + evidence
            + texts.iter().map(|text| text.len()).sum::<usize>()
    }
}
