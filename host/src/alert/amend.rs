//! Amend: what a second-stage detector changes in the alerts of others.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use super::{Activity, Alert, Confidence, Identified, Severity};

/// Bytes of alerts that are kept, so that they can be amended.
const AMENDABLE_BYTES_MAX: usize = 8 << 20;
/// Incidents that were amended and whose changes are kept.
const CHANGED_MAX: usize = 20_000;

/// What has been said of incidents so far, and what was amended in them.
///
/// Both are bounded: what was said longest ago can be amended no more, and what was
/// amended longest ago holds no more.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Amended {
    /// The last thing that was said, by id.
    last: BTreeMap<String, Identified>,
    /// Of all of `last`.
    bytes: usize,
    changed: BTreeMap<String, Changed>,
    /// The most revisions that an incident is ahead of its detector, of those that
    /// are not in `changed` any more.
    ahead_forgotten: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Changed {
    changes: Changes,
    /// How many revisions it is ahead of its detector.
    ahead: u64,
    /// When it was spoken of last.
    time: i64,
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
        match self.changed.get_mut(&told.id) {
            Some(changed) => {
                told.revision += changed.ahead;
                changed.time = changed.time.max(told.alert.time);
                changed.changes.apply(&mut told.alert);
            }
            None => told.revision += self.ahead_forgotten,
        }
        self.keep(told.clone());
        told
    }

    /// An amendment. `None` when it names no alert, or changes nothing.
    pub fn amend(&mut self, amendment: &Alert) -> Option<Identified> {
        let id = amendment.amends.as_ref()?;
        let last = self.last.get(id)?;
        let before = self.changed.get(id);
        let ahead = before.map_or(self.ahead_forgotten, |changed| changed.ahead);
        let mut changes =
            before.map_or_else(|| Changes::of(amendment), |changed| changed.changes.clone());
        changes.merge(amendment);
        let mut told = last.clone();
        changes.apply(&mut told.alert);
        let is_new = told.alert != last.alert;
        if is_new {
            told.revision += 1;
            told.alert.time = amendment.time.max(told.alert.time);
            if told.alert.activity == Activity::Create {
                told.alert.activity = Activity::Update;
            }
            self.keep(told.clone());
        }
        let changed = Changed { changes, ahead: ahead + u64::from(is_new), time: told.alert.time };
        self.changed.insert(id.clone(), changed);
        if self.changed.len() > CHANGED_MAX {
            self.forget_changed();
        }
        is_new.then_some(told)
    }

    /// Forgets incidents that were closed before a time: they can be amended no more.
    pub fn forget_closed(&mut self, before: i64) {
        self.last.retain(|_, last| {
            let is_kept = last.alert.activity != Activity::Close || last.alert.time >= before;
            if !is_kept {
                self.bytes -= bytes_of(last);
                self.changed.remove(&last.id);
            }
            is_kept
        });
    }

    fn keep(&mut self, told: Identified) {
        self.bytes += bytes_of(&told);
        let before = self.last.insert(told.id.clone(), told);
        self.bytes -= before.map_or(0, |before| bytes_of(&before));
        if self.bytes > AMENDABLE_BYTES_MAX {
            self.forget_last();
        }
    }

    /// Forgets the eighth that was said longest ago.
    fn forget_last(&mut self) {
        let ages = self.last.iter().map(|(id, last)| (last.alert.time, id.clone()));
        for id in oldest_eighth(ages.collect()) {
            self.bytes -= self.last.remove(&id).map_or(0, |last| bytes_of(&last));
        }
    }

    /// The same for changes. What is said of them on must not repeat a revision.
    fn forget_changed(&mut self) {
        let ages = self.changed.iter().map(|(id, changed)| (changed.time, id.clone()));
        for id in oldest_eighth(ages.collect()) {
            let ahead = self.changed.remove(&id).map_or(0, |changed| changed.ahead);
            self.ahead_forgotten = self.ahead_forgotten.max(ahead);
        }
    }
}

/// What an alert takes, about.
fn bytes_of(told: &Identified) -> usize {
    const PART_BYTES: usize = 48;
    let alert = &told.alert;
    let texts = [&alert.key, &alert.title, &alert.description, &alert.remediation];
    let pairs = alert.entities.iter().chain(&alert.attributes).chain(&alert.labels);
    let pairs = pairs.map(|(name, value)| name.len() + value.len() + 2 * PART_BYTES);
    let evidence = alert.evidence.iter().map(|evidence| evidence.summary.len() + 2 * PART_BYTES);
    let attack = alert.attack.iter().map(|id| id.len() + PART_BYTES);
    let fixed = size_of::<Identified>() + 4 * PART_BYTES + told.id.len() * 2;
    fixed
        + texts.into_iter().map(String::len).sum::<usize>()
        + pairs.chain(evidence).chain(attack).sum::<usize>()
}

/// By event time, so that nothing depends on when it was read.
fn oldest_eighth(mut ages: Vec<(i64, String)>) -> impl Iterator<Item = String> {
    ages.sort_unstable();
    let count = ages.len().div_ceil(8);
    ages.into_iter().take(count).map(|(_, id)| id)
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

    /// Scenario: far more alerts than can be kept, each amended at once; then all are
    /// spoken of again.
    /// Guarantees: the bounds hold; no revision of an incident is said twice.
    #[test]
    fn what_is_kept_is_bounded() {
        let mut incidents = Incidents::new("tenant-throttle");
        let mut amended = Amended::default();
        let mut said = std::collections::BTreeSet::new();
        let count = CHANGED_MAX as i64 + 5_000;
        for round in 0..2 {
            for n in 0..count {
                let time = round * count + n;
                let new = Alert {
                    time,
                    description: "x".repeat(500),
                    ..alert(Activity::Create, &format!("k{n}"), n)
                };
                let told = amended.told(incidents.identify(new).expect("told"));
                let amendment = Alert {
                    amends: Some(told.id.clone()),
                    labels: vec![("round".into(), round.to_string())],
                    time,
                    ..alert(Activity::Update, "amendment", 1)
                };
                let more = amended.amend(&amendment).expect("it changes something");
                assert_eq!(more.revision, told.revision + 1);
                for told in [told, more] {
                    assert!(said.insert((told.id, told.revision)));
                }
            }
            assert!(amended.bytes <= AMENDABLE_BYTES_MAX && amended.changed.len() <= CHANGED_MAX);
            assert_eq!(amended.bytes, amended.last.values().map(bytes_of).sum::<usize>());
        }
    }
}
