//! Amend: what a second-stage detector changes in the alerts of others.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use super::{Activity, Alert, Confidence, Identified, Severity};

/// What has been said of incidents so far, and what was amended in them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Amended {
    incidents: BTreeMap<String, Incident>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Incident {
    last: Identified,
    changes: Option<Changes>,
}

/// What holds for an incident since it was amended, whatever its own detector says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Changes {
    severity: Severity,
    confidence: Confidence,
    noise: bool,
    labels: Vec<(String, String)>,
    attributes: Vec<(String, String)>,
}

impl Amended {
    /// Something that a detector said. What was amended before holds on, and the
    /// revisions go on counting from there.
    pub fn told(&mut self, mut told: Identified) -> Identified {
        let before = self.incidents.get(&told.id);
        told.revision = before.map_or(told.revision, |incident| incident.last.revision + 1);
        let changes = before.and_then(|incident| incident.changes.clone());
        if let Some(changes) = &changes {
            changes.apply(&mut told.alert);
        }
        let id = told.id.clone();
        self.incidents.insert(id, Incident { last: told.clone(), changes });
        told
    }

    /// Forgets incidents that were closed before a time, and the oldest beyond a
    /// number: they can be amended no more.
    pub fn forget(&mut self, closed_before: i64, count_max: usize) {
        self.incidents.retain(|_, incident| {
            let last = &incident.last.alert;
            last.activity != Activity::Close || last.time >= closed_before
        });
        let excess = self.incidents.len().saturating_sub(count_max);
        if excess > 0 {
            let mut ages: Vec<_> =
                self.incidents.iter().map(|(id, i)| (i.last.alert.time, id.clone())).collect();
            ages.sort();
            for (_, id) in ages.iter().take(excess) {
                self.incidents.remove(id);
            }
        }
    }

    /// An amendment. `None` when it names no alert, or changes nothing.
    pub fn amend(&mut self, amendment: &Alert) -> Option<Identified> {
        let incident = self.incidents.get_mut(amendment.amends.as_ref()?)?;
        let mut changes = incident.changes.take().unwrap_or_else(|| Changes::of(amendment));
        changes.merge(amendment);
        let mut told = incident.last.clone();
        changes.apply(&mut told.alert);
        incident.changes = Some(changes);
        if told.alert == incident.last.alert {
            return None;
        }
        told.revision += 1;
        told.alert.time = amendment.time.max(told.alert.time);
        if told.alert.activity == Activity::Create {
            told.alert.activity = Activity::Update;
        }
        incident.last = told.clone();
        Some(told)
    }
}

impl Changes {
    fn of(amendment: &Alert) -> Self {
        Self {
            severity: amendment.severity,
            confidence: amendment.confidence,
            noise: amendment.noise,
            labels: Vec::new(),
            attributes: Vec::new(),
        }
    }

    fn merge(&mut self, amendment: &Alert) {
        self.severity = amendment.severity;
        self.confidence = amendment.confidence;
        self.noise = amendment.noise;
        put_all(&mut self.labels, &amendment.labels);
        put_all(&mut self.attributes, &amendment.attributes);
    }

    fn apply(&self, alert: &mut Alert) {
        alert.severity = self.severity;
        alert.confidence = self.confidence;
        alert.noise = self.noise;
        put_all(&mut alert.labels, &self.labels);
        put_all(&mut alert.attributes, &self.attributes);
    }
}

/// Sets each name to its value.
fn put_all(pairs: &mut Vec<(String, String)>, new: &[(String, String)]) {
    for (name, value) in new {
        match pairs.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => known.clone_from(value),
            None => pairs.push((name.clone(), value.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::Incidents;
    use crate::alert::identity::tests::alert;

    /// Scenario: a create, an amendment, the same again, an update, the close; and
    /// an amendment of nothing.
    /// Guarantees: one more revision for what changed something; the amendment holds
    /// on through what the detector says later.
    #[test]
    fn amendments_hold_on() {
        let mut incidents = Incidents::new("tenant-throttle");
        let mut tell = |activity| incidents.identify(alert(activity, "k", 1)).expect("told");
        let mut amended = Amended::default();
        let create = amended.told(tell(Activity::Create));
        let amendment = Alert {
            amends: Some(create.id.clone()),
            confidence: Confidence::High,
            labels: vec![("parent".into(), "p1".into())],
            time: 9,
            ..alert(Activity::Update, "amendment", 1)
        };
        let told = amended.amend(&amendment).expect("it changes something");
        assert_eq!((told.revision, &told.id, told.alert.time), (2, &create.id, 9));
        assert_eq!(
            (told.alert.activity, told.alert.confidence),
            (Activity::Update, Confidence::High)
        );
        assert_eq!(amended.amend(&amendment), None);
        let update = amended.told(tell(Activity::Update));
        assert_eq!((update.revision, update.alert.labels.len()), (3, 1));
        let close = amended.told(tell(Activity::Close));
        assert_eq!((close.revision, close.alert.activity), (4, Activity::Close));
        let nobody = Alert { amends: Some("unknown".into()), ..amendment };
        assert_eq!(amended.amend(&nobody), None);
    }
}
