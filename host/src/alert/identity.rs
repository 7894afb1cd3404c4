//! Identity: one id for an incident, a revision for each thing said about it.

use std::collections::{BTreeMap, HashMap};

use sha2::{Digest, Sha256};

use super::{Activity, Alert};
use crate::hash::hex;

/// An alert with the identity that the host gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
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

/// The open incidents of one detector.
#[derive(Debug)]
pub struct Incidents {
    detector: String,
    open: BTreeMap<String, Open>,
}

/// An open incident, as it is kept through a restart.
#[derive(Debug, Clone, PartialEq, Eq)]
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
}

impl Incidents {
    /// No incident is open yet.
    pub fn new(detector: &str) -> Self {
        Self { detector: detector.to_owned(), open: BTreeMap::new() }
    }

    /// These incidents were open when the detector's state was taken.
    pub fn restored(detector: &str, open: impl IntoIterator<Item = OpenIncident>) -> Self {
        let entry = |open: OpenIncident| (open.key, Open { id: open.id, revision: open.revision });
        Self { detector: detector.to_owned(), open: open.into_iter().map(entry).collect() }
    }

    /// What is open now, by key.
    pub fn open(&self) -> impl Iterator<Item = OpenIncident> {
        self.open.iter().map(|(key, open)| OpenIncident {
            key: key.clone(),
            id: open.id.clone(),
            revision: open.revision,
        })
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
                let id = incident_id(&self.detector, &alert.key, alert.first_seen);
                self.open.entry(alert.key.clone()).or_insert(Open { id, revision: 1 })
            }
        };
        let (id, revision) = (open.id.clone(), open.revision);
        if alert.activity == Activity::Close {
            self.open.remove(&alert.key);
        }
        Some(Identified { id, revision, detector: self.detector.clone(), alert })
    }
}

/// 128 bits of SHA-256 over the parts, each with its length before it.
fn incident_id(detector: &str, key: &str, first_seen: i64) -> String {
    let mut hash = Sha256::new();
    for part in [detector.as_bytes(), key.as_bytes(), &first_seen.to_be_bytes()] {
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
        let mut after = Incidents::restored("lockout", before.open());
        let second = after.identify(alert(Activity::Update, "user1", 1)).expect("told");
        assert_eq!((second.id, second.revision), (first.id, 2));
        assert_eq!(second.alert.activity, Activity::Update);
    }
}
