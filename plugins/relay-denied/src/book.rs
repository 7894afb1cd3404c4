//! The books: one track per key, within the memory limit, and its timers.

use std::collections::BTreeMap;

use logwasp_sdk::state::{BoundedMap, Timers};
use logwasp_sdk::{Alerts, Event, Evidence, Timestamp};
use serde::{Deserialize, Serialize};

use crate::config::{Config, STATE_BYTES_MAX_DEFAULT};
use crate::report;
use crate::rule::Rule;
use crate::sighting::{Sighting, key};
use crate::track::{Incident, Step, Track};
use crate::why;

/// Tracks and incidents, kept between rows.
#[derive(Serialize, Deserialize)]
pub(crate) struct Book {
    tracks: BoundedMap<String, Track>,
    timers: Timers<Due>,
    /// How many incidents of each rule are open.
    open: BTreeMap<Rule, usize>,
    sweep_at: Option<Timestamp>,
}

/// What a timer is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Due {
    /// The incident is over. First, so that its last news are told once.
    Close(String),
    /// Tell about held refusals.
    Tell(String),
    /// Forget old tracks.
    Sweep,
}

impl Default for Book {
    fn default() -> Self {
        Self {
            tracks: BoundedMap::new(STATE_BYTES_MAX_DEFAULT as usize),
            timers: Timers::default(),
            open: BTreeMap::new(),
            sweep_at: None,
        }
    }
}

impl Book {
    /// Sets the memory limit.
    pub(crate) fn set_bytes_max(&mut self, bytes_max: usize) {
        self.tracks.set_bytes_max(bytes_max);
    }

    /// Enters a refusal, and tells what is to be told.
    pub(crate) fn enter(
        &mut self,
        sighting: &Sighting,
        event: &Event<'_>,
        config: &Config,
        alerts: &mut Alerts,
    ) {
        if event.is_late() {
            self.enter_late(sighting, event, config, alerts);
            return;
        }
        let rule = sighting.rule;
        let has_room = self.open.get(&rule).is_none_or(|&open| open < rule.open_max());
        let own = &sighting.key;
        let new = || Track::new(rule, rule.refusals_min(config), own, config);
        let step = self.take(own, event.time(), new, alerts, |track| {
            let evidence = Evidence::of(event, &*sighting.summary);
            let step = track.take(sighting, evidence, has_room, config);
            why::counted(own, track, step, config);
            step
        });
        if step == Step::Full {
            let shared = key(rule, &["further"]);
            let new = || Track::new(rule, 1, &shared, config);
            self.take(&shared, event.time(), new, alerts, |track| {
                track.take(sighting, Evidence::of(event, &*sighting.summary), true, config)
            });
        }
        self.plan_sweep(event.time(), config);
    }

    fn enter_late(
        &mut self,
        sighting: &Sighting,
        event: &Event<'_>,
        config: &Config,
        alerts: &mut Alerts,
    ) {
        why::late(sighting.rule, &sighting.key);
        let track = self.tracks.get(&sighting.key);
        if track.is_some_and(|track| track.incident.is_some()) {
            let new = || Track::new(sighting.rule, 1, &sighting.key, config);
            self.take(&sighting.key, event.time(), new, alerts, |track| {
                track.take_late(sighting, Evidence::of(event, &*sighting.summary))
            });
        }
    }

    /// Changes a track, makes room, and does what the change asks for.
    fn take(
        &mut self,
        key: &String,
        at: Timestamp,
        new: impl FnOnce() -> Track,
        alerts: &mut Alerts,
        change: impl FnOnce(&mut Track) -> Step,
    ) -> Step {
        let (step, evicted) = self.tracks.touch(key.clone(), at, new, change);
        for (key, track) in evicted {
            self.tell_eviction(&key, &track, alerts);
        }
        match step {
            Step::Create => self.tell_create(key, alerts),
            Step::Update => self.tell_update(key, alerts),
            Step::Hold => self.hold(key),
            Step::Nothing | Step::Full => {}
        }
        step
    }

    fn tell_create(&mut self, key: &String, alerts: &mut Alerts) {
        let Some(track) = self.tracks.get(key) else { return };
        let Some(incident) = &track.incident else { return };
        self.timers.set(incident.close_at, Due::Close(key.to_owned()));
        *self.open.entry(track.rule).or_default() += 1;
        alerts.raise(report::alert(key, track, incident));
    }

    fn tell_update(&mut self, key: &String, alerts: &mut Alerts) {
        let Some(track) = self.tracks.get_mut(key) else { return };
        let Some(incident) = &mut track.incident else { return };
        if let Some(at) = incident.told(alerts.now()) {
            self.timers.clear(at, Due::Tell(key.to_owned()));
        }
        let Some(track) = self.tracks.get(key) else { return };
        let Some(incident) = &track.incident else { return };
        alerts.raise(report::alert(key, track, incident).as_update());
    }

    fn hold(&mut self, key: &String) {
        let incident = self.tracks.get(key).and_then(|track| track.incident.as_ref());
        if let Some(at) = incident.and_then(|incident| incident.tell_at) {
            self.timers.set(at, Due::Tell(key.to_owned()));
        }
    }

    /// An open incident that has to go, mostly for want of memory, is told one
    /// last time.
    fn tell_eviction(&mut self, key: &str, track: &Track, alerts: &mut Alerts) {
        if let Some(incident) = &track.incident {
            self.forget_timers(key, track);
            alerts.raise(report::alert(key, track, incident).as_update());
        }
    }

    fn close(&mut self, key: &String, alerts: &mut Alerts) {
        let Some(track) = self.tracks.remove(key) else { return };
        self.forget_timers(key, &track);
        if let Some(incident) = &track.incident {
            alerts.raise(report::alert(key, &track, incident).as_close());
        }
    }

    fn forget_timers(&mut self, key: &str, track: &Track) {
        let Some(incident) = &track.incident else { return };
        self.timers.clear(incident.close_at, Due::Close(key.to_owned()));
        if let Some(at) = incident.tell_at {
            self.timers.clear(at, Due::Tell(key.to_owned()));
        }
        if let Some(open) = self.open.get_mut(&track.rule) {
            *open = open.saturating_sub(1);
        }
    }

    fn plan_sweep(&mut self, now: Timestamp, config: &Config) {
        if self.sweep_at.is_none() && !self.tracks.is_empty() {
            let at = now.saturating_add(config.retention().nanos());
            self.timers.set(at, Due::Sweep);
            self.sweep_at = Some(at);
        }
    }

    /// An open incident is younger than the cooldown, so the sweep spares it -
    /// unless the cooldown was made shorter since.
    fn sweep(&mut self, now: Timestamp, config: &Config, alerts: &mut Alerts) {
        let before = now.saturating_sub(config.retention().nanos());
        for (key, track) in self.tracks.expire(before) {
            self.tell_eviction(&key, &track, alerts);
        }
        self.sweep_at = None;
        self.plan_sweep(now, config);
    }

    /// The earliest timer.
    pub(crate) fn deadline(&self) -> Option<Timestamp> {
        self.timers.deadline()
    }

    /// Does what is due.
    pub(crate) fn timer(&mut self, now: Timestamp, config: &Config, alerts: &mut Alerts) {
        while let Some(due) = self.timers.pop(now) {
            match due {
                Due::Tell(key) => self.tell_update(&key, alerts),
                Due::Close(key) => self.close(&key, alerts),
                Due::Sweep => self.sweep(now, config, alerts),
            }
        }
    }

    /// End of input: tells what is held back.
    pub(crate) fn finish(&mut self, alerts: &mut Alerts) {
        let held: Vec<String> = self
            .tracks
            .iter()
            .filter(|(_, track)| track.incident.as_ref().is_some_and(Incident::has_news))
            .map(|(key, _)| key.clone())
            .collect();
        for key in held {
            self.tell_update(&key, alerts);
        }
    }
}
