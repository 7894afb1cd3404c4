//! An alert as it waits in the outbox: JSON, so that a later version and a person
//! can read it.
//!
//! The places of its evidence are in it as text: the numbers behind references do
//! not outlive the process.

use serde::{Deserialize, Serialize};

use super::{Activity, Alert, Confidence, Evidence, Identified, Severity};
use crate::record::{self, Sources};

/// The form that this build writes.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Stored {
    v: u32,
    id: String,
    revision: u64,
    detector: String,
    activity: String,
    rule: String,
    key: String,
    severity: String,
    confidence: String,
    noise: bool,
    time: i64,
    first_seen: i64,
    last_seen: i64,
    count: u64,
    title: String,
    description: String,
    remediation: String,
    entities: Vec<(String, String)>,
    attributes: Vec<(String, String)>,
    labels: Vec<(String, String)>,
    attack: Vec<String>,
    /// Time, place, summary.
    evidence: Vec<(i64, String, String)>,
    amends: Option<String>,
}

/// The alert for the outbox.
pub fn to_stored(told: &Identified, sources: &Sources) -> Vec<u8> {
    let alert = told.alert.clone();
    let evidence = alert.evidence.into_iter();
    let evidence = evidence.map(|e| (e.time, sources.resolve(e.record), e.summary)).collect();
    let stored = Stored {
        v: VERSION,
        id: told.id.clone(),
        revision: told.revision,
        detector: told.detector.clone(),
        activity: alert.activity.name().to_owned(),
        rule: alert.rule,
        key: alert.key,
        severity: alert.severity.name().to_owned(),
        confidence: alert.confidence.name().to_owned(),
        noise: alert.noise,
        time: alert.time,
        first_seen: alert.first_seen,
        last_seen: alert.last_seen,
        count: alert.count,
        title: alert.title,
        description: alert.description,
        remediation: alert.remediation,
        entities: alert.entities,
        attributes: alert.attributes,
        labels: alert.labels,
        attack: alert.attack,
        evidence,
        amends: alert.amends,
    };
    serde_json::to_vec(&stored).unwrap_or_default()
}

/// An alert from the outbox, with the places of its evidence. `None` for bytes that
/// are none, or of a later version.
pub fn from_stored(bytes: &[u8]) -> Option<(Identified, Sources)> {
    let stored: Stored = serde_json::from_slice(bytes).ok()?;
    if stored.v != VERSION {
        return None;
    }
    let (evidence, sources) = with_places(stored.evidence);
    let alert = Alert {
        activity: Activity::from_name(&stored.activity)?,
        rule: stored.rule,
        key: stored.key,
        severity: Severity::from_name(&stored.severity)?,
        confidence: Confidence::from_name(&stored.confidence)?,
        noise: stored.noise,
        time: stored.time,
        first_seen: stored.first_seen,
        last_seen: stored.last_seen,
        count: stored.count,
        title: stored.title,
        description: stored.description,
        remediation: stored.remediation,
        entities: stored.entities,
        attributes: stored.attributes,
        labels: stored.labels,
        attack: stored.attack,
        evidence,
        amends: stored.amends,
    };
    let Stored { id, revision, detector, .. } = stored;
    Some((Identified { id, revision, detector, alert }, sources))
}

/// New references for places; a text that is no place refers to nothing.
fn with_places(evidence: Vec<(i64, String, String)>) -> (Vec<Evidence>, Sources) {
    let mut names: Vec<String> = Vec::new();
    let evidence = evidence.into_iter().map(|(time, place, summary)| {
        let place = place.rsplit_once('@');
        let place = place.and_then(|(name, offset)| Some((name, offset.parse::<u64>().ok()?)));
        let record = place.map_or(0, |(name, offset)| {
            let known = names.iter().position(|known| known == name);
            let number = known.unwrap_or_else(|| {
                names.push(name.to_owned());
                names.len() - 1
            });
            record::reference(number as u32, offset)
        });
        Evidence { record, time, summary }
    });
    let evidence = evidence.collect();
    (evidence, Sources::new(names))
}

#[cfg(test)]
mod tests {
    use super::super::encode::ndjson;
    use super::super::identity::tests::alert;
    use super::*;

    /// Scenario: an alert with evidence of two files and a reference of nobody.
    /// Guarantees: what comes out of the outbox is encoded as what went in; bytes
    /// that are no alert are none.
    #[test]
    fn an_alert_comes_out_as_it_went_in() {
        let sources = Sources::new(vec!["a@b.log".into(), "c.log".into()]);
        let mut alert = alert(Activity::Create, "user1", 7);
        alert.entities.push(("user".into(), "\u{1f600} \"x\"\n".into()));
        for record in [record::reference(1, 42), record::reference(0, 0), 3] {
            alert.evidence.push(Evidence { record, time: 5, summary: "seen".into() });
        }
        let told = Identified { id: "ab".into(), revision: 3, detector: "lockout".into(), alert };
        let bytes = to_stored(&told, &sources);
        let (found, places) = from_stored(&bytes).expect("it is one");
        assert_eq!(ndjson(&found, &places), ndjson(&told, &sources));
        assert_eq!((&found.alert.key, &found.alert.rule), (&told.alert.key, &told.alert.rule));
        let later = String::from_utf8(bytes).expect("JSON").replace("\"v\":1", "\"v\":2");
        for wrong in [later.as_bytes(), b"", b"{}", b"\xff"] {
            assert!(from_stored(wrong).is_none());
        }
    }
}
