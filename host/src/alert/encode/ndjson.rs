//! One alert, one line of JSON: the stable form that scripts rely on.

use logwasp_core::time::to_rfc3339;
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::grouped;
use crate::alert::Identified;
use crate::record::Sources;

/// The alert as one line of JSON, without the line end.
pub fn ndjson(told: &Identified, sources: &Sources) -> String {
    let alert = &told.alert;
    let line = Line {
        id: &told.id,
        revision: told.revision,
        activity: alert.activity.name(),
        time: to_rfc3339(alert.time),
        first_seen: to_rfc3339(alert.first_seen),
        last_seen: to_rfc3339(alert.last_seen),
        count: alert.count,
        detector: &told.detector,
        rule: format!("{}.{}", told.detector, alert.rule),
        severity: alert.severity.name(),
        confidence: alert.confidence.name(),
        title: &alert.title,
        description: &alert.description,
        remediation: &alert.remediation,
        noise: alert.noise,
        entities: Pairs(&alert.entities),
        attributes: Pairs(&alert.attributes),
        attack: &alert.attack,
        labels: Pairs(&alert.labels),
        evidence: alert
            .evidence
            .iter()
            .map(|evidence| EvidenceLine {
                time: to_rfc3339(evidence.time),
                source: sources.resolve(evidence.record),
                summary: &evidence.summary,
            })
            .collect(),
    };
    serde_json::to_string(&line).unwrap_or_default()
}

#[derive(serde::Serialize)]
struct Line<'a> {
    id: &'a str,
    revision: u64,
    activity: &'static str,
    time: String,
    first_seen: String,
    last_seen: String,
    count: u64,
    detector: &'a str,
    rule: String,
    severity: &'static str,
    confidence: &'static str,
    title: &'a str,
    description: &'a str,
    remediation: &'a str,
    noise: bool,
    entities: Pairs<'a>,
    attributes: Pairs<'a>,
    attack: &'a [String],
    labels: Pairs<'a>,
    evidence: Vec<EvidenceLine<'a>>,
}

#[derive(serde::Serialize)]
struct EvidenceLine<'a> {
    time: String,
    source: String,
    summary: &'a str,
}

/// An object of texts; a name that repeats has an array.
struct Pairs<'a>(&'a [(String, String)]);

impl Serialize for Pairs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let groups = grouped(self.0);
        let mut map = serializer.serialize_map(Some(groups.len()))?;
        for (name, values) in groups {
            match values.as_slice() {
                [value] => map.serialize_entry(name, value)?,
                values => map.serialize_entry(name, values)?,
            }
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::{Activity, Alert, Confidence, Evidence, Severity};
    use crate::record::reference;

    /// Scenario: an alert with repeated entities and evidence.
    /// Guarantees: exactly the members of the contract, in their order.
    #[test]
    fn an_alert_is_one_line() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let told = Identified {
            id: "00ff".into(),
            revision: 2,
            detector: "lockout".into(),
            alert: Alert {
                activity: Activity::Update,
                rule: "T1".into(),
                key: "user1".into(),
                severity: Severity::Medium,
                confidence: Confidence::High,
                noise: false,
                time: 1_795_166_063_000_000_000,
                first_seen: 0,
                last_seen: 1,
                count: 6,
                title: "Account \"user1\" locked out".into(),
                description: String::new(),
                remediation: String::new(),
                entities: vec![pair("user", "user1"), pair("src_ip", "a"), pair("src_ip", "b")],
                attributes: vec![pair("kind", "activesync")],
                labels: vec![],
                attack: vec!["T1110.001".into()],
                evidence: vec![Evidence { record: reference(0, 9), time: 0, summary: "x".into() }],
                amends: None,
            },
        };
        let line = ndjson(&told, &Sources::new(vec!["dc.xml".into()]));
        assert_eq!(
            line,
            "{\"id\":\"00ff\",\"revision\":2,\"activity\":\"update\",\
             \"time\":\"2026-11-20T09:14:23.000000000Z\",\"first_seen\":\"1970-01-01T00:00:00.000000000Z\",\
             \"last_seen\":\"1970-01-01T00:00:00.000000001Z\",\"count\":6,\"detector\":\"lockout\",\
             \"rule\":\"lockout.T1\",\"severity\":\"medium\",\"confidence\":\"high\",\
             \"title\":\"Account \\\"user1\\\" locked out\",\"description\":\"\",\"remediation\":\"\",\"noise\":false,\
             \"entities\":{\"user\":\"user1\",\"src_ip\":[\"a\",\"b\"]},\"attributes\":{\"kind\":\"activesync\"},\
             \"attack\":[\"T1110.001\"],\"labels\":{},\
             \"evidence\":[{\"time\":\"1970-01-01T00:00:00.000000000Z\",\"source\":\"dc.xml@9\",\"summary\":\"x\"}]}"
        );
    }
}
