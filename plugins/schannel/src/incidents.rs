//! All subjects of all hosts: feeds hits to them and tells what becomes of them.

use logwasp_sdk::state::{BoundedMap, Timers};
use logwasp_sdk::{Alerts, Event, Evidence, Severity, Timestamp, log};
use serde::{Deserialize, Serialize};

use crate::alert;
use crate::config::Config;
use crate::host::Host;
use crate::incident::{Sighting, Step, Tally};
use crate::reading::Hit;
use crate::subject::Key;
use crate::why;

/// The host takes a thousand alerts a call; what is told at the end of input, or
/// when memory runs out, leaves room for the summaries.
const FINAL_UPDATES_MAX: usize = 400;

/// Every subject with its hits.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Incidents {
    tallies: BoundedMap<Key, Tally>,
    /// When what was held back is told.
    due: Timers<Key>,
}

impl Incidents {
    pub(crate) fn new() -> Self {
        Self { tallies: BoundedMap::new(0), due: Timers::default() }
    }

    pub(crate) fn set_bytes_max(&mut self, bytes_max: usize) {
        self.tallies.set_bytes_max(bytes_max);
    }

    /// Counts a hit.
    pub(crate) fn hit(
        &mut self,
        host: Host,
        hit: Hit,
        event: &Event<'_>,
        config: &Config,
        alerts: &mut Alerts,
    ) {
        let now = alerts.now();
        let sighting = Sighting {
            evidence: Evidence::of(event, evidence_text(&hit)),
            facts: hit.facts,
            probe: hit.probe,
        };
        let key = Key { host: host.key, subject: hit.subject };
        if event.is_late() {
            why::late(&key);
            if let Some(tally) = self.tallies.get_mut(&key) {
                let step = tally.late_hit(sighting, now, config);
                carry_out(step, &key, tally, &mut self.due, alerts);
            }
            return;
        }
        let due = &mut self.due;
        let ((), evicted) = self.tallies.touch(
            key.clone(),
            now,
            || Tally::new(&host.name, &key),
            |tally| {
                let step = tally.hit(sighting, now, &key.subject, config);
                why::counted(&key, tally, &step, config);
                carry_out(step, &key, tally, due, alerts);
            },
        );
        if !evicted.is_empty() {
            self.forget(evicted, now, config, alerts);
        }
    }

    pub(crate) fn deadline(&self) -> Option<Timestamp> {
        self.due.deadline()
    }

    /// Tells what was held back until `now`.
    pub(crate) fn timer(&mut self, now: Timestamp, config: &Config, alerts: &mut Alerts) {
        while let Some(key) = self.due.pop(now) {
            if let Some(tally) = self.tallies.get_mut(&key) {
                let step = tally.tell_at(now, config);
                carry_out(step, &key, tally, &mut self.due, alerts);
            }
        }
    }

    /// Tells everything that was held back.
    pub(crate) fn finish(&mut self, config: &Config, alerts: &mut Alerts) {
        tell_last(self.tallies.iter_mut(), &mut self.due, config, alerts);
    }

    /// Says what is left to say about subjects that had to go, and lets those go
    /// as well that are over: an incident counts as worth keeping until then.
    fn forget(
        &mut self,
        mut evicted: Vec<(Key, Tally)>,
        now: Timestamp,
        config: &Config,
        alerts: &mut Alerts,
    ) {
        let evicted = evicted.iter_mut().map(|(key, tally)| (&*key, tally));
        tell_last(evicted, &mut self.due, config, alerts);
        let quiet = config.cooldown.max(config.window).max(config.update_interval);
        self.tallies.expire(now.saturating_sub(quiet.nanos()));
    }
}

fn carry_out(step: Step, key: &Key, tally: &Tally, due: &mut Timers<Key>, alerts: &mut Alerts) {
    match step {
        Step::Wait => {}
        Step::Hold { until } => due.set(until, key.clone()),
        Step::Update => raise_update(key, tally, alerts),
        Step::Create { untold } => {
            if let Some(former) = untold {
                alerts.raise(alert::of(key, &tally.host_name, &former).as_update());
            }
            if let Some(incident) = tally.incident() {
                alerts.raise(alert::of(key, &tally.host_name, incident));
            }
        }
    }
}

fn raise_update(key: &Key, tally: &Tally, alerts: &mut Alerts) {
    if let Some(incident) = tally.incident() {
        alerts.raise(alert::of(key, &tally.host_name, incident).as_update());
    }
}

/// Tells at once what would be told later.
fn tell_last<'a>(
    tallies: impl Iterator<Item = (&'a Key, &'a mut Tally)>,
    due: &mut Timers<Key>,
    config: &Config,
    alerts: &mut Alerts,
) {
    let mut untold = 0_usize;
    for (key, tally) in tallies {
        let Some(at) = tally.take_untold(config) else { continue };
        due.clear(at, key.clone());
        untold += 1;
        if untold <= FINAL_UPDATES_MAX {
            raise_update(key, tally, alerts);
        }
    }
    if untold > FINAL_UPDATES_MAX {
        let left = untold - FINAL_UPDATES_MAX;
        log(Severity::Low, &format!("no room for the last updates of {left} incidents"));
    }
}

/// What the record says: `36870 error_code=0x8009030D error_status=10001`.
fn evidence_text(hit: &Hit) -> String {
    let mut text = format!("Schannel {}", hit.subject.event_id());
    let facts = hit.facts.iter().map(|(fact, value)| (fact.name(), value.clone()));
    for (name, value) in hit.subject.attributes().into_iter().chain(facts) {
        let pair = format!(" {name}={value}");
        if text.len() + pair.len() <= EVIDENCE_BYTES_MAX {
            text.push_str(&pair);
        }
    }
    text
}

/// Longest text of a piece of evidence; it is held for as long as its incident.
const EVIDENCE_BYTES_MAX: usize = 400;
