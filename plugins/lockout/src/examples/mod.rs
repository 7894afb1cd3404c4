//! The worked examples, each with its own check.

mod chain;
mod silence;
mod volume;
pub mod write;

use logwasp_sdk::testkit::{Example, incidents};
use logwasp_sdk::{Alert, Confidence, Severity};

/// Every worked example.
pub fn all() -> Vec<Example> {
    let mut all = chain::all();
    all.extend(volume::all());
    all.extend(silence::all());
    all
}

/// The only incident, as it stands at the end. Every alert about it is checked for
/// what all alerts have in common.
#[track_caller]
fn only<'a>(
    alerts: &'a [Alert],
    user: &str,
    severity: Severity,
    confidence: Confidence,
) -> &'a Alert {
    let found = incidents(alerts);
    assert_eq!(found.len(), 1, "{alerts:#?}");
    let alert = found[0];
    assert_eq!(alert.rule, "T1");
    assert_eq!((alert.severity, alert.confidence), (severity, confidence), "{alert:#?}");
    assert!((1..=20).contains(&alert.evidence.len()), "{alert:#?}");
    assert!(alert.evidence.is_sorted_by_key(|evidence| evidence.time));
    assert_eq!(alert.entity_value("user"), Some(user));
    assert!(!alert.remediation.is_empty() && !alert.description.is_empty());
    alert
}

/// The attributes of an alert, absent ones as empty texts.
#[track_caller]
fn assert_attributes(alert: &Alert, expected: &[(&str, &str)]) {
    for (name, value) in expected {
        assert_eq!(alert.attribute_value(name).unwrap_or_default(), *value, "{name}: {alert:#?}");
    }
}

#[track_caller]
fn assert_silence(alerts: &[Alert]) {
    assert!(alerts.is_empty(), "{alerts:#?}");
}
