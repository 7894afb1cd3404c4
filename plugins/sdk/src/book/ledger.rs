//! The book: one entry per key within the memory limit, and its timers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::entry::Entry;
use super::why;
use super::{OPEN_MAX, Story, Verdict};
use crate::alert::{Alert, Alerts, Evidence, Severity};
use crate::event::Event;
use crate::state::{BoundedMap, Timers};
use crate::time::Timestamp;

/// Stories and their incidents, kept between rows.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "S: Story")]
pub struct Book<S> {
    entries: BoundedMap<String, Entry<S>>,
    timers: Timers<Due>,
    open: usize,
    /// Until when the cooldown of an incident that is over holds a new one back.
    resting: BTreeMap<String, Timestamp>,
}

/// A row, the key it belongs to, and what the evidence says of it.
#[derive(Clone, Copy)]
pub struct Hit<'a> {
    /// The key.
    pub key: &'a str,
    /// The row.
    pub event: &'a Event<'a>,
    /// A few words, at most 512 bytes.
    pub summary: &'a str,
}

impl Hit<'_> {
    fn evidence(&self) -> Evidence {
        Evidence::of(self.event, self.summary)
    }
}

/// What a timer is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Due {
    /// A pending decision, or one that the cooldown holds back.
    Decide(String),
    /// No hit for long: the incident is over, or the key is forgotten.
    Quiet(String),
    /// Held news are told.
    Tell(String),
}

/// Until the detector says otherwise.
const BYTES_MAX: usize = 24 * 1024 * 1024;

impl<S> Default for Book<S>
where
    S: Story,
{
    fn default() -> Self {
        Self {
            entries: BoundedMap::new(BYTES_MAX),
            timers: Timers::default(),
            open: 0,
            resting: BTreeMap::new(),
        }
    }
}

impl<S: Story> Book<S> {
    /// Sets the memory limit.
    pub fn set_bytes_max(&mut self, bytes_max: usize) {
        self.entries.set_bytes_max(bytes_max);
    }

    /// Takes a hit in and tells what is to be told. `take` gives it to the story,
    /// made by `new` for a new key, and returns true when the incident is better
    /// understood. A late hit reaches no story: it is counted and added to the
    /// evidence of an open incident, and decides nothing.
    pub fn enter(
        &mut self,
        hit: Hit<'_>,
        new: impl FnOnce() -> S,
        take: impl Fn(&mut S) -> bool,
        config: &S::Config,
        alerts: &mut Alerts,
    ) {
        let evidence = hit.evidence();
        if hit.event.is_late() {
            self.enter_late(hit.key, evidence);
        } else if let Some((shared, story)) =
            self.enter_in(hit.key, evidence.clone(), new, &take, config, alerts)
        {
            self.enter_in(&shared, evidence, || story, &take, config, alerts);
        }
    }

    /// Returns where the hit goes when there are too many open incidents.
    fn enter_in(
        &mut self,
        key: &str,
        evidence: Evidence,
        new: impl FnOnce() -> S,
        take: &impl Fn(&mut S) -> bool,
        config: &S::Config,
        alerts: &mut Alerts,
    ) -> Option<(String, S)> {
        let now = evidence.time;
        let ((verdict, improved), evicted) = self.entries.touch(
            key.to_owned(),
            now,
            || Entry::new(key, new()),
            |entry| {
                let improved = take(&mut entry.story);
                entry.last_hit = entry.last_hit.max(now);
                let verdict = entry.story.verdict(now, config);
                entry.add_evidence(evidence);
                (verdict, improved)
            },
        );
        for (gone, entry) in evicted {
            self.forget_timers(&gone, &entry);
            // An open incident that has to go for want of memory is told one last time.
            alerts.extend(entry.alert(&gone, config).map(Alert::as_update));
        }
        let is_full = self.open >= OPEN_MAX;
        let entry = self.entries.get_mut(&key.to_owned())?;
        if entry.quiet_at == Timestamp::MIN {
            entry.quiet_at = now.saturating_add(entry.story.pace(config).quiet.nanos());
            self.timers.set(entry.quiet_at, Due::Quiet(key.to_owned()));
        }
        why::verdict(key, entry, verdict, now, config);
        if entry.incident.is_some() {
            self.news(key, now, verdict, improved, config, alerts);
            return None;
        }
        let overflow = entry.story.overflow(config);
        if is_full && matches!(verdict, Verdict::Alert(_)) && overflow.0 != key {
            self.decide(key, now, Verdict::Silent, config, alerts);
            return Some(overflow);
        }
        self.decide(key, now, verdict, config, alerts);
        None
    }

    fn enter_late(&mut self, key: &str, evidence: Evidence) {
        let Some(entry) = self.entries.get_mut(&key.to_owned()) else { return };
        why::late(key, entry);
        if let Some(incident) = &mut entry.incident {
            incident.late += 1;
            incident.last_seen = incident.last_seen.max(evidence.time);
            entry.add_evidence(evidence);
        }
    }

    /// A hit on an open incident.
    fn news(
        &mut self,
        key: &str,
        now: Timestamp,
        verdict: Verdict,
        improved: bool,
        config: &S::Config,
        alerts: &mut Alerts,
    ) {
        let Some(entry) = self.entries.get_mut(&key.to_owned()) else { return };
        let interval = entry.story.pace(config).update_interval;
        let Some(incident) = &mut entry.incident else { return };
        let due = incident.told_at.saturating_add(interval.nanos());
        incident.last_seen = incident.last_seen.max(now);
        let severity = match verdict {
            Verdict::Alert(severity) | Verdict::Pending(_, severity) => severity,
            Verdict::Silent => incident.severity,
        };
        let worse = severity > incident.severity;
        incident.severity = incident.severity.max(severity);
        if worse || improved || (now >= due && entry.has_news()) {
            self.tell(key, config, alerts);
        } else if entry.has_news()
            && let Some(incident) = &mut entry.incident
        {
            incident.tell_at = Some(due);
            self.timers.set(due, Due::Tell(key.to_owned()));
        }
    }

    /// Makes an incident of an entry that has none, if it is one and may be.
    fn decide(
        &mut self,
        key: &str,
        now: Timestamp,
        verdict: Verdict,
        config: &S::Config,
        alerts: &mut Alerts,
    ) {
        let owned = key.to_owned();
        let Some(entry) = self.entries.get_mut(&owned) else { return };
        if let Some((at, _)) = entry.pending.take() {
            self.timers.clear(at, Due::Decide(owned.clone()));
        }
        match verdict {
            Verdict::Silent => {}
            Verdict::Pending(at, severity) if at > now => {
                entry.pending = Some((at, severity));
                self.timers.set(at, Due::Decide(owned));
            }
            Verdict::Alert(severity) | Verdict::Pending(_, severity) => {
                match self.resting.get(key).copied().filter(|until| *until > now) {
                    Some(until) => {
                        why::resting(key, until);
                        self.timers.set(until, Due::Decide(owned));
                    }
                    None => self.create(key, now, severity, config, alerts),
                }
            }
        }
    }

    fn create(
        &mut self,
        key: &str,
        now: Timestamp,
        severity: Severity,
        config: &S::Config,
        alerts: &mut Alerts,
    ) {
        let Some(entry) = self.entries.get_mut(&key.to_owned()) else { return };
        entry.open(now, severity);
        self.open += 1;
        if let Some(alert) = entry.alert(key, config) {
            alerts.raise(alert);
        }
    }

    fn tell(&mut self, key: &str, config: &S::Config, alerts: &mut Alerts) {
        let Some(entry) = self.entries.get_mut(&key.to_owned()) else { return };
        let Some(alert) = entry.alert(key, config) else { return };
        if let Some(at) = entry.told(alerts.now()) {
            self.timers.clear(at, Due::Tell(key.to_owned()));
        }
        alerts.raise(alert.as_update());
    }

    fn forget_timers(&mut self, key: &str, entry: &Entry<S>) {
        self.timers.clear(entry.quiet_at, Due::Quiet(key.to_owned()));
        if let Some((at, _)) = entry.pending {
            self.timers.clear(at, Due::Decide(key.to_owned()));
        }
        if let Some(incident) = &entry.incident {
            self.open = self.open.saturating_sub(1);
            if let Some(at) = incident.tell_at {
                self.timers.clear(at, Due::Tell(key.to_owned()));
            }
        }
    }

    /// What the row at hand says about the end of `key`'s trouble: when `is_over`
    /// is true for its story, a pending decision falls, the incident is closed, and
    /// the key is forgotten together with its cooldown. Late rows end nothing.
    pub fn recover(
        &mut self,
        hit: Hit<'_>,
        is_over: impl FnOnce(&mut S) -> bool,
        config: &S::Config,
        alerts: &mut Alerts,
    ) {
        if hit.event.is_late() {
            return;
        }
        let owned = hit.key.to_owned();
        let Some(entry) = self.entries.get_mut(&owned) else { return };
        if !is_over(&mut entry.story) {
            return;
        }
        why::recovered(hit.key, entry);
        if let (None, Some((at, severity))) = (&entry.incident, entry.pending) {
            self.timers.clear(at, Due::Decide(owned.clone()));
            self.create(hit.key, hit.event.time(), severity, config, alerts);
        }
        if let Some(entry) = self.entries.get_mut(&owned) {
            entry.add_evidence(hit.evidence());
        }
        if let Some(entry) = self.entries.remove(&owned) {
            self.close(hit.key, &entry, config, alerts);
        }
    }

    fn close(&mut self, key: &str, entry: &Entry<S>, config: &S::Config, alerts: &mut Alerts) {
        self.forget_timers(key, entry);
        if let Some(alert) = entry.alert(key, config) {
            alerts.raise(alert.as_close());
        }
    }

    /// The story of `key`.
    pub fn story(&self, key: &str) -> Option<&S> {
        self.entries.get(&key.to_owned()).map(|entry| &entry.story)
    }

    /// True when nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The earliest timer.
    pub fn deadline(&self) -> Option<Timestamp> {
        self.timers.deadline()
    }

    /// Does what is due.
    pub fn timer(&mut self, now: Timestamp, config: &S::Config, alerts: &mut Alerts) {
        while let Some(due) = self.timers.pop(now) {
            match due {
                Due::Decide(key) => self.decide_due(&key, now, config, alerts),
                Due::Tell(key) => self.tell(&key, config, alerts),
                Due::Quiet(key) => self.quiet(&key, now, config, alerts),
            }
        }
    }

    fn decide_due(&mut self, key: &str, now: Timestamp, config: &S::Config, alerts: &mut Alerts) {
        let Some(entry) = self.entries.get_mut(&key.to_owned()) else { return };
        if entry.incident.is_none() {
            let verdict = entry.story.verdict(now, config);
            self.decide(key, now, verdict, config, alerts);
        }
    }

    /// The key had a hit since the timer was set, or it is over.
    fn quiet(&mut self, key: &str, now: Timestamp, config: &S::Config, alerts: &mut Alerts) {
        let owned = key.to_owned();
        let Some(entry) = self.entries.get_mut(&owned) else { return };
        let pace = entry.story.pace(config);
        let over_at = entry.last_hit.saturating_add(pace.quiet.nanos());
        if over_at > now {
            entry.quiet_at = over_at;
            self.timers.set(over_at, Due::Quiet(owned));
            return;
        }
        let Some(entry) = self.entries.remove(&owned) else { return };
        if let Some(incident) = &entry.incident {
            let until = incident.created_at.saturating_add(pace.cooldown.nanos());
            self.resting.retain(|_, until| *until > now);
            self.resting.insert(owned, until);
        }
        self.close(key, &entry, config, alerts);
    }

    /// End of input: pending decisions fall, held news are told.
    pub fn finish(&mut self, config: &S::Config, alerts: &mut Alerts) {
        let keys: Vec<String> = self.entries.iter().map(|(key, _)| key.clone()).collect();
        for key in keys {
            let Some(entry) = self.entries.get(&key) else { continue };
            if let (None, Some((at, severity))) = (&entry.incident, entry.pending) {
                self.timers.clear(at, Due::Decide(key.clone()));
                self.create(&key, alerts.now(), severity, config, alerts);
            } else if entry.has_news() {
                self.tell(&key, config, alerts);
            }
        }
    }
}
