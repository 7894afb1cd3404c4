//! Alerts that tests of the report share.

use crate::alert::{Activity, Alert, Confidence, Evidence, Identified, Severity};
use crate::record::reference;

/// 2026-11-20 09:00:00 UTC.
pub(super) const NINE: i64 = 1_795_165_200_000_000_000;
/// Nanoseconds.
pub(super) const SECOND: i64 = 1_000_000_000;

/// An alert that lasts a minute, with one piece of evidence in source 0.
pub(super) fn told(id: &str, severity: Severity, first_seen: i64) -> Identified {
    let alert = Alert {
        activity: Activity::Create,
        rule: "T1".into(),
        key: id.into(),
        severity,
        confidence: Confidence::High,
        noise: false,
        time: first_seen,
        first_seen,
        last_seen: first_seen.saturating_add(60 * SECOND),
        count: 7,
        title: format!("Title of {id}"),
        description: "What happened.".into(),
        remediation: "Do this.".into(),
        entities: vec![("user".into(), "erika".into())],
        attributes: Vec::new(),
        labels: Vec::new(),
        attack: vec!["T1110.001".into()],
        evidence: vec![Evidence {
            record: reference(0, 4),
            time: first_seen,
            summary: "seen".into(),
        }],
        amends: None,
    };
    Identified { id: id.to_owned(), revision: 1, detector: "lockout".into(), alert }
}
