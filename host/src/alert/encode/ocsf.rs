//! An alert as an OCSF Detection Finding.
//!
//! Source: Open Cybersecurity Schema Framework 1.5, class 2004 in category 2.

use serde_json::{Map, Value, json};

use super::facts::{
    PRODUCT, VENDOR, VERSION, addresses, confidence_number, entity, millis, rule_id,
};
use crate::alert::{Activity, Evidence, Identified, Severity};
use crate::record::Sources;

const CATEGORY_FINDINGS: u32 = 2;
const CLASS_DETECTION_FINDING: u32 = 2004;
/// `finding_info.analytic.type_id`: a rule.
const ANALYTIC_RULE: u8 = 1;

/// The alert as one line of JSON, without the line end.
pub fn ocsf(told: &Identified, sources: &Sources) -> String {
    let alert = &told.alert;
    let activity = match alert.activity {
        Activity::Create => 1,
        Activity::Update => 2,
        Activity::Close => 3,
    };
    let is_alert =
        alert.activity == Activity::Create && alert.severity >= Severity::Low && !alert.noise;
    let mut finding = json!({
        "activity_id": activity,
        "category_uid": CATEGORY_FINDINGS,
        "class_uid": CLASS_DETECTION_FINDING,
        "type_uid": CLASS_DETECTION_FINDING * 100 + activity,
        "time": millis(alert.time),
        "start_time": millis(alert.first_seen),
        "end_time": millis(alert.last_seen),
        "count": alert.count,
        "severity_id": severity_number(alert.severity),
        "status_id": status(told),
        "confidence_id": confidence_number(alert.confidence),
        "is_alert": is_alert,
        "message": alert.title,
        "metadata": {
            "version": "1.5.0",
            "product": {"name": PRODUCT, "vendor_name": VENDOR, "version": VERSION},
            "uid": format!("{}-{}", told.id, told.revision),
            "profiles": [],
        },
        "finding_info": finding_info(told),
        "evidences": alert.evidence.iter().map(|e| evidence(told, e, sources)).collect::<Vec<_>>(),
        "observables": observables(told),
    });
    if let Some(members) = finding.as_object_mut() {
        if let Some(user) = entity(alert, "user") {
            members.insert("resources".to_owned(), json!([{"type": "User", "name": user}]));
        }
        if !alert.remediation.is_empty() {
            members.insert("remediation".to_owned(), json!({"desc": alert.remediation}));
        }
        let rest = unmapped(told);
        if !rest.is_empty() {
            members.insert("unmapped".to_owned(), Value::Object(rest));
        }
    }
    finding.to_string()
}

fn severity_number(severity: Severity) -> u8 {
    match severity {
        Severity::Info => 1,
        Severity::Low => 2,
        Severity::Medium => 3,
        Severity::High => 4,
        Severity::Critical => 5,
    }
}

/// New, in progress, suppressed or resolved.
fn status(told: &Identified) -> u8 {
    match told.alert.activity {
        Activity::Close => 4,
        _ if told.alert.noise => 3,
        Activity::Create => 1,
        Activity::Update => 2,
    }
}

fn finding_info(told: &Identified) -> Value {
    let alert = &told.alert;
    let mut info = json!({
        "uid": told.id,
        "title": alert.title,
        "desc": alert.description,
        "types": [told.detector],
        "analytic": {
            "name": told.detector,
            "uid": rule_id(told),
            "type_id": ANALYTIC_RULE,
            "version": VERSION,
        },
        "created_time": millis(alert.first_seen),
        "modified_time": millis(alert.time),
        "first_seen_time": millis(alert.first_seen),
        "last_seen_time": millis(alert.last_seen),
        "related_events_count": alert.count,
    });
    if !alert.attack.is_empty() {
        info["attacks"] = alert.attack.iter().map(|id| attack(id)).collect();
    }
    info
}

fn attack(id: &str) -> Value {
    match id.split_once('.') {
        Some((technique, _)) => {
            json!({"technique": {"uid": technique}, "sub_technique": {"uid": id}})
        }
        None => json!({"technique": {"uid": id}}),
    }
}

fn evidence(told: &Identified, evidence: &Evidence, sources: &Sources) -> Value {
    let alert = &told.alert;
    let mut value = json!({
        "name": evidence.summary,
        "uid": sources.resolve(evidence.record),
        "data": {"time": millis(evidence.time)},
    });
    if let Some(ip) = addresses(alert, "src_ip").next() {
        value["src_endpoint"] = json!({"ip": ip});
    }
    if let Some(user) = entity(alert, "user") {
        value["user"] = json!({"name": user});
    }
    value
}

fn observables(told: &Identified) -> Vec<Value> {
    /// OCSF's `type_id`s of what entities are.
    const TYPES: [(&str, u8); 3] = [("host", 1), ("src_ip", 2), ("user", 4)];
    let of = |(name, type_id): (&'static str, u8)| {
        let named = told.alert.entities.iter().filter(move |(known, _)| known == name);
        named.map(move |(_, value)| json!({"name": name, "type_id": type_id, "value": value}))
    };
    TYPES.into_iter().flat_map(of).collect()
}

/// Attributes and labels have no place of their own.
fn unmapped(told: &Identified) -> Map<String, Value> {
    let pairs = |prefix: &'static str, pairs: &[(String, String)]| {
        let pairs = pairs.iter();
        pairs
            .map(move |(name, value)| (format!("{prefix}.{name}"), json!(value)))
            .collect::<Vec<_>>()
    };
    let mut rest = pairs("attributes", &told.alert.attributes);
    rest.extend(pairs("labels", &told.alert.labels));
    rest.into_iter().collect()
}
