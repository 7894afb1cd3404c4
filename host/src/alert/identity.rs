//! Identity: one id for an incident, a revision for each thing said about it.
//!
//! Few detectors close what they opened, so incidents are kept open only as long as
//! there is room: beyond [`OPEN_MAX`] those are forgotten of which nothing was said
//! for longest. What is said of a forgotten one later begins a new incident. Its id
//! must not be the old one, whose revisions have been used: see `incident_id`.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

use sha2::{Digest, Sha256};

use super::{Activity, Alert};
use crate::hash::hex;

/// An alert with the identity that the host gave it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identified {
    /// Hash of detector, key and the first-seen of the create, in hex.
    pub id: String,
    /// 1 for the create, one more for each update and the close.
    pub revision: u64,
    /// Who raised it.
    pub detector: String,
    /// What was claimed; an update of an unknown incident has become a create, a
    /// second create of an open one an update.
    pub alert: Alert,
}

/// The newest revision of each incident, in the order in which they were created.
pub fn newest_revisions(alerts: &[Identified]) -> Vec<&Identified> {
    let mut places = HashMap::new();
    let mut newest: Vec<&Identified> = Vec::new();
    for told in alerts {
        match places.get(&told.id) {
            Some(&place) => newest[place] = told,
            None => {
                places.insert(&told.id, newest.len());
                newest.push(told);
            }
        }
    }
    newest
}

/// Open incidents of one detector that are kept: some 250 bytes each.
const OPEN_MAX: usize = 50_000;

/// The open incidents of one detector.
#[derive(Debug)]
pub struct Incidents {
    detector: String,
    open: BTreeMap<String, Open>,
    open_max: usize,
    /// The last time at which one that was forgotten was spoken of.
    forgotten_until: Option<i64>,
    /// Forgotten since somebody asked.
    forgotten: u64,
}

/// The open incidents of one detector, as they are kept through a restart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedIncidents {
    /// Each with the event time at which it was spoken of last.
    open: Vec<(OpenIncident, i64)>,
    forgotten_until: Option<i64>,
}

impl SavedIncidents {
    /// What their detector calls them.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.open.iter().map(|(open, _)| open.key.as_str())
    }
}

/// An open incident, as it is kept through a restart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenIncident {
    /// What the detector calls it.
    pub key: String,
    /// Its id.
    pub id: String,
    /// The last thing that was said about it.
    pub revision: u64,
}

#[derive(Debug)]
struct Open {
    id: String,
    revision: u64,
    /// When it was spoken of last.
    last: i64,
}

impl Incidents {
    /// No incident is open yet.
    pub fn new(detector: &str) -> Self {
        Self::restored(detector, SavedIncidents::default())
    }

    /// These incidents were open when the detector's state was taken.
    pub fn restored(detector: &str, saved: SavedIncidents) -> Self {
        let entry = |(open, last): (OpenIncident, i64)| {
            (open.key, Open { id: open.id, revision: open.revision, last })
        };
        Self {
            detector: detector.to_owned(),
            open: saved.open.into_iter().map(entry).collect(),
            open_max: OPEN_MAX,
            forgotten_until: saved.forgotten_until,
            forgotten: 0,
        }
    }

    /// What is kept through a restart.
    pub fn saved(&self) -> SavedIncidents {
        let open = self.open.iter().map(|(key, open)| {
            let Open { id, revision, last } = open;
            (OpenIncident { key: key.clone(), id: id.clone(), revision: *revision }, *last)
        });
        SavedIncidents { open: open.collect(), forgotten_until: self.forgotten_until }
    }

    /// Whether that incident is open.
    pub fn is_open(&self, key: &str) -> bool {
        self.open.contains_key(key)
    }

    /// What is open, as its detector calls it.
    pub fn open_keys(&self) -> impl Iterator<Item = &str> {
        self.open.keys().map(String::as_str)
    }

    /// How many were forgotten since the last time, for want of room.
    pub fn take_forgotten(&mut self) -> u64 {
        std::mem::take(&mut self.forgotten)
    }

    /// Gives an alert its identity. `None` for the close of an incident that is not
    /// open: there is nothing to tell.
    pub fn identify(&mut self, mut alert: Alert) -> Option<Identified> {
        let open = match (self.open.get_mut(&alert.key), alert.activity) {
            (Some(open), activity) => {
                open.revision += 1;
                alert.activity = match activity {
                    Activity::Close => Activity::Close,
                    Activity::Create | Activity::Update => Activity::Update,
                };
                open
            }
            (None, Activity::Close) => return None,
            (None, Activity::Create | Activity::Update) => {
                alert.activity = Activity::Create;
                let id = self.new_id(&alert);
                let new = Open { id, revision: 1, last: i64::MIN };
                self.open.entry(alert.key.clone()).or_insert(new)
            }
        };
        open.last = open.last.max(alert.time).max(alert.last_seen);
        let (id, revision) = (open.id.clone(), open.revision);
        if alert.activity == Activity::Close {
            self.open.remove(&alert.key);
        }
        if self.open.len() > self.open_max {
            self.forget();
        }
        Some(Identified { id, revision, detector: self.detector.clone(), alert })
    }

    /// The id of an incident that is not open. What began when a forgotten one was
    /// still spoken of may be that one.
    fn new_id(&self, alert: &Alert) -> String {
        let may_be_forgotten = Some(alert.first_seen) <= self.forgotten_until;
        let again = may_be_forgotten.then_some(alert.time);
        incident_id(&self.detector, &alert.key, alert.first_seen, again)
    }

    /// Forgets the eighth of which nothing was said for longest: by event time, so
    /// that nothing depends on when they were read.
    fn forget(&mut self) {
        let mut ages: Vec<_> =
            self.open.iter().map(|(key, open)| (open.last, key.clone())).collect();
        ages.sort_unstable();
        ages.truncate(self.open_max.div_ceil(8));
        for (last, key) in ages {
            self.open.remove(&key);
            self.forgotten_until = self.forgotten_until.max(Some(last));
            self.forgotten += 1;
        }
    }
}

/// 128 bits of SHA-256 over the parts, each with its length before it; `again` is one
/// more part for an incident whose key and beginning may have been another's.
fn incident_id(detector: &str, key: &str, first_seen: i64, again: Option<i64>) -> String {
    let mut hash = Sha256::new();
    let (first_seen, again) = (first_seen.to_be_bytes(), again.map(i64::to_be_bytes));
    let again = again.as_ref().map(<[u8; 8]>::as_slice);
    let parts = [detector.as_bytes(), key.as_bytes(), &first_seen];
    for part in parts.into_iter().chain(again) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let hash = hash.finalize();
    hex(hash.get(..16).unwrap_or(&hash))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::alert::{Confidence, Severity};

    pub(crate) fn alert(activity: Activity, key: &str, first_seen: i64) -> Alert {
        Alert {
            activity,
            rule: "T1".into(),
            key: key.into(),
            severity: Severity::Low,
            confidence: Confidence::Low,
            noise: false,
            time: 0,
            first_seen,
            last_seen: first_seen,
            count: 1,
            title: String::new(),
            description: String::new(),
            remediation: String::new(),
            entities: Vec::new(),
            attributes: Vec::new(),
            labels: Vec::new(),
            attack: Vec::new(),
            evidence: Vec::new(),
            amends: None,
        }
    }

    /// Scenario: create, update, a second create, close, and a new create.
    /// Guarantees: one id while it is open, revisions count up, a new incident of
    /// the same key has another id.
    #[test]
    fn incidents_keep_their_identity() {
        let mut incidents = Incidents::new("lockout");
        let mut tell =
            |activity, first_seen| incidents.identify(alert(activity, "user1", first_seen));
        let first = tell(Activity::Create, 1).expect("told");
        let second = tell(Activity::Update, 1).expect("told");
        let third = tell(Activity::Create, 2).expect("told");
        let closed = tell(Activity::Close, 2).expect("told");
        assert_eq!([second.revision, third.revision, closed.revision], [2, 3, 4]);
        assert_eq!(third.alert.activity, Activity::Update);
        assert!([&second, &third, &closed].iter().all(|told| told.id == first.id));
        assert!(tell(Activity::Close, 2).is_none());
        let next = tell(Activity::Update, 9).expect("told");
        assert_eq!((next.alert.activity, next.revision), (Activity::Create, 1));
        assert_ne!(next.id, first.id);
        assert_eq!(first.id.len(), 32);
    }

    /// Scenario: a restart between the create of an incident and its update.
    /// Guarantees: the update has the id of the create and the next revision.
    #[test]
    fn open_incidents_outlive_a_restart() {
        let mut before = Incidents::new("lockout");
        let first = before.identify(alert(Activity::Create, "user1", 1)).expect("told");
        let mut after = Incidents::restored("lockout", before.saved());
        let second = after.identify(alert(Activity::Update, "user1", 1)).expect("told");
        assert_eq!((second.id, second.revision), (first.id, 2));
        assert_eq!(second.alert.activity, Activity::Update);
    }

    /// Scenario: more incidents are open than there is room for; a forgotten one, a
    /// kept one and a new one are spoken of, also after a restart.
    /// Guarantees: the bound holds and what was forgotten is counted; no id is used
    /// twice with the same revision; a new incident has the id that it always has.
    #[test]
    fn forgotten_incidents_come_back_as_new_ones() {
        let mut incidents = Incidents { open_max: 80, ..Incidents::new("lockout") };
        let at = |key: &str, first_seen, time| Alert {
            time,
            last_seen: time,
            ..alert(Activity::Create, key, first_seen)
        };
        let mut said = std::collections::BTreeSet::new();
        let mut tell = |incidents: &mut Incidents, alert: Alert| {
            let told = incidents.identify(alert).expect("told");
            assert!(said.insert((told.id.clone(), told.revision)), "{told:?}");
            told
        };
        let first: Vec<_> =
            (0..200_i64).map(|n| tell(&mut incidents, at(&format!("user{n}"), n, n)).id).collect();
        let forgotten = incidents.take_forgotten();
        assert_eq!(forgotten + incidents.open.len() as u64, 200);
        assert!(incidents.open.len() <= 80 && forgotten < 140, "{forgotten}");
        let saved = incidents.saved();
        let mut incidents = Incidents { open_max: 80, ..Incidents::restored("lockout", saved) };
        let again = tell(&mut incidents, at("user3", 3, 300));
        assert_eq!((again.alert.activity, again.revision), (Activity::Create, 1));
        assert_ne!(again.id, first[3]);
        let more = tell(&mut incidents, at("user3", 3, 301));
        assert_eq!((more.alert.activity, more.id), (Activity::Update, again.id));
        let kept = tell(&mut incidents, at("user199", 199, 302));
        assert_eq!((&kept.id, kept.revision), (&first[199], 2));
        let new = tell(&mut incidents, at("user3b", 303, 303));
        let alone = Incidents::new("lockout").identify(at("user3b", 303, 303)).expect("told");
        assert_eq!(new.id, alone.id);
    }
}
