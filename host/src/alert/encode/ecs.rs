//! An alert as a document of the Elastic Common Schema 8.
//!
//! Source: Elastic's ECS reference; what it has no name for stands below
//! `logwasp.alert`.

use logwasp_core::time::to_rfc3339;
use serde_json::{Map, Value, json};

use super::facts::{VERSION, addresses, attribute, entities, entity, rule_id};
use super::grouped;
use crate::alert::{Activity, Identified, Severity};
use crate::record::Sources;

/// The alert as one line of JSON, without the line end.
pub fn ecs(told: &Identified, sources: &Sources) -> String {
    let alert = &told.alert;
    let severity = risk(alert.severity);
    let mut document = json!({
        "@timestamp": to_rfc3339(alert.time),
        "ecs": {"version": "8.11.0"},
        "message": alert.title,
        "event": {
            "kind": "alert",
            "category": [category(&told.detector)],
            "type": event_type(&told.detector),
            "action": action(told),
            "outcome": if told.detector == "lockout" { "failure" } else { "unknown" },
            "id": told.id,
            "sequence": told.revision,
            "provider": "logwasp",
            "module": "logwasp",
            "dataset": "logwasp.alert",
            "severity": severity,
            "risk_score": severity,
            "start": to_rfc3339(alert.first_seen),
            "end": to_rfc3339(alert.last_seen),
            "created": to_rfc3339(alert.time),
            "reason": alert.description,
        },
        "rule": {
            "id": rule_id(told),
            "name": rule_id(told),
            "category": told.detector,
            "ruleset": "logwasp",
            "version": VERSION,
        },
        "observer": {"vendor": "logwasp", "product": "logwasp", "type": "sensor", "version": VERSION},
        "related": related(told),
        "labels": strings(&alert.labels),
        "logwasp": {"alert": own(told, sources)},
    });
    if let Some(members) = document.as_object_mut() {
        subjects(told, members);
        if !alert.attack.is_empty() {
            members.insert("threat".to_owned(), threat(&alert.attack));
        }
        if alert.noise {
            members.insert("tags".to_owned(), json!(["noise"]));
        }
    }
    document.to_string()
}

/// Elastic's own numbers for rule severities.
fn risk(severity: Severity) -> u8 {
    match severity {
        Severity::Info | Severity::Low => 21,
        Severity::Medium => 47,
        Severity::High => 73,
        Severity::Critical => 99,
    }
}

fn category(detector: &str) -> &'static str {
    match detector {
        "lockout" | "kerberos-auth" => "authentication",
        "relay-denied"
        | "authas-anomaly"
        | "mail-loop"
        | "connector-attribution"
        | "tenant-throttle" => "email",
        "schannel" | "tls-failure" => "network",
        _ => "host",
    }
}

fn event_type(detector: &str) -> Value {
    if detector == "lockout" { json!(["info", "denied"]) } else { json!(["info"]) }
}

fn action(told: &Identified) -> String {
    match told.detector.as_str() {
        "lockout" => "account-locked-out".to_owned(),
        _ => rule_id(told),
    }
}

/// `user`, `source`, `host`, `email`: whom it is about.
fn subjects(told: &Identified, members: &mut Map<String, Value>) {
    let alert = &told.alert;
    if let Some(name) = entity(alert, "user") {
        let mut user = json!({"name": name});
        if let Some(domain) = attribute(alert, "domain") {
            user["domain"] = domain.into();
        }
        members.insert("user".to_owned(), user);
    }
    if let Some(ip) = addresses(alert, "src_ip").next() {
        members.insert("source".to_owned(), json!({"ip": ip, "address": ip}));
    }
    if let Some(host) = entity(alert, "host") {
        members.insert("host".to_owned(), json!({"name": host}));
    }
    if let Some(id) = entity(alert, "message_id") {
        members.insert("email".to_owned(), json!({"message_id": id}));
    }
}

fn related(told: &Identified) -> Value {
    let alert = &told.alert;
    json!({
        "ip": addresses(alert, "src_ip").collect::<Vec<_>>(),
        "user": entities(alert, "user").collect::<Vec<_>>(),
        "hosts": entities(alert, "host").collect::<Vec<_>>(),
    })
}

fn threat(attack: &[String]) -> Value {
    let technique = |id: &String| id.split('.').next().unwrap_or_default().to_owned();
    let mut techniques: Vec<String> = attack.iter().map(technique).collect();
    techniques.dedup();
    let sub: Vec<&String> = attack.iter().filter(|id| id.contains('.')).collect();
    let mut technique = json!({"id": techniques});
    if !sub.is_empty() {
        technique["subtechnique"] = json!({"id": sub});
    }
    json!({"framework": "MITRE ATT&CK", "technique": technique})
}

/// What ECS has no names for.
fn own(told: &Identified, sources: &Sources) -> Value {
    let alert = &told.alert;
    let evidence = alert.evidence.iter().map(|evidence| {
        json!({
            "time": to_rfc3339(evidence.time),
            "source": sources.resolve(evidence.record),
            "summary": evidence.summary,
        })
    });
    json!({
        "id": told.id,
        "revision": told.revision,
        "activity": alert.activity.name(),
        "is_closed": alert.activity == Activity::Close,
        "severity": alert.severity.name(),
        "confidence": alert.confidence.name(),
        "noise": alert.noise,
        "count": alert.count,
        "remediation": alert.remediation,
        "entities": strings(&alert.entities),
        "attributes": strings(&alert.attributes),
        "evidence": evidence.collect::<Vec<_>>(),
    })
}

fn strings(pairs: &[(String, String)]) -> Value {
    let group = |(name, values): (&str, Vec<&str>)| match values.as_slice() {
        [value] => (name.to_owned(), json!(value)),
        values => (name.to_owned(), json!(values)),
    };
    Value::Object(grouped(pairs).into_iter().map(group).collect())
}
