//! Decides what is due, and tells it.

use logwasp_sdk::{Alerts, Evidence, Timestamp};

use crate::Lockout;
use crate::incident::Incident;
use crate::lock::Lock;
use crate::scene::Scene;
use crate::storm::Storm;
use crate::user::User;
use crate::verdict::Verdict;
use crate::why;

impl Lockout {
    /// Decides lockouts of the account that have settled by `until`, and tells news
    /// held back until then.
    pub(crate) fn due(&mut self, account: &str, until: Timestamp, alerts: &mut Alerts) {
        let settle = self.config.settle.nanos();
        let key = account.to_owned();
        let Some(user) = self.state.users.get_mut(&key) else { return };
        let (settled, open): (Vec<Lock>, _) = std::mem::take(&mut user.pending)
            .into_iter()
            .partition(|lock| lock.at.saturating_add(settle) <= until);
        user.pending = open;
        for lock in settled {
            self.decide(account, &lock, alerts);
        }
        let Some(user) = self.state.users.get_mut(&key) else { return };
        for incident in &mut user.incidents {
            if incident.due.is_some_and(|due| due <= until) {
                incident.tell(alerts.now(), alerts);
            }
        }
    }

    /// Judges a lockout and tells of it.
    fn decide(&mut self, account: &str, lock: &Lock, alerts: &mut Alerts) {
        let key = account.to_owned();
        let Some(user) = self.state.users.get_mut(&key) else { return };
        let mut incidents = std::mem::take(&mut user.incidents);
        let Some(user) = self.state.users.get(&key) else { return };
        let mut storm = std::mem::take(&mut self.state.storm);
        let verdict = Verdict::of(self.scene(account, user, lock));
        let due = self.tell(&verdict, &mut incidents, &mut storm, alerts);
        let sources = verdict.attribution.sources();
        self.keep(storm);
        for source in sources {
            self.state.sources.locked(&source, account, lock.at);
        }
        if let Some(due) = due {
            self.state.timers.set(due, key);
        }
        self.touch(account, lock.at, alerts, |user| user.remember(incidents));
    }

    /// Tells of a verdict: as more of an incident, as a new one, or, when there are
    /// too many, with others. Returns when more is to be told.
    fn tell(
        &self,
        verdict: &Verdict<'_>,
        incidents: &mut Vec<Incident>,
        storm: &mut Storm,
        alerts: &mut Alerts,
    ) -> Option<Timestamp> {
        let now = verdict.scene.until();
        let source = verdict.attribution.source();
        let known =
            incidents.iter_mut().rev().find(|known| known.takes(&source, now, &self.config));
        let incident = if let Some(known) = known {
            known.again(verdict, now, &self.config, alerts);
            why::told(verdict.scene.account, "one more lockout of an open incident", known.due);
            known
        } else if storm.admits(now, alerts) {
            let previous = incidents.iter().rev().find(|known| known.source == source);
            let previous = previous.map(|known| known.began);
            incidents.push(Incident::create(verdict, now, previous, alerts));
            incidents.last_mut()?
        } else {
            storm.add(verdict, alerts);
            why::told(verdict.scene.account, "told with others: too many in this minute", None);
            return None;
        };
        if let Some(unlock) = &verdict.scene.lock.unlocked {
            incident.close(unlock, alerts);
        }
        incident.due
    }

    /// Looks at the account's incidents once more, after a late record.
    pub(crate) fn reconsider(&mut self, account: &str, evidence: &Evidence, alerts: &mut Alerts) {
        let key = account.to_owned();
        let Some(user) = self.state.users.get_mut(&key) else { return };
        let mut incidents = std::mem::take(&mut user.incidents);
        let Some(user) = self.state.users.get(&key) else { return };
        for incident in incidents.iter_mut().filter(|incident| !incident.closed) {
            let lock = incident.lock.clone();
            let scene = self.scene(account, user, &lock);
            if scene.covers(evidence.time) {
                incident.reconsider(&Verdict::of(scene), evidence, &self.config, alerts);
            }
        }
        for due in incidents.iter().filter_map(|incident| incident.due) {
            self.state.timers.set(due, key.clone());
        }
        if let Some(user) = self.state.users.get_mut(&key) {
            user.incidents = incidents;
        }
    }

    /// The account is forgotten: decides and tells what would be told later.
    pub(crate) fn last_word(&mut self, account: &str, user: &User, alerts: &mut Alerts) {
        let mut incidents = user.incidents.clone();
        let mut storm = std::mem::take(&mut self.state.storm);
        for lock in &user.pending {
            let verdict = Verdict::of(self.scene(account, user, lock));
            self.tell(&verdict, &mut incidents, &mut storm, alerts);
        }
        self.keep(storm);
        for incident in incidents.iter_mut().filter(|incident| incident.due.is_some()) {
            incident.tell(alerts.now(), alerts);
        }
    }

    /// Puts the storm back, and wakes up when its minute is over.
    fn keep(&mut self, storm: Storm) {
        if let Some(due) = storm.due() {
            self.state.timers.set(due, String::new());
        }
        self.state.storm = storm;
    }

    fn scene<'a>(&'a self, account: &'a str, user: &'a User, lock: &'a Lock) -> Scene<'a> {
        Scene {
            config: &self.config,
            inventory: &self.inventory,
            state: &self.state,
            account,
            user,
            lock,
        }
    }
}
