//! What several encodings say of an alert in their own words.

use std::net::IpAddr;

use logwasp_core::time::to_rfc3339;

use crate::alert::{Alert, Confidence, Identified, Severity};

/// Who makes these alerts, in the headers of CEF, LEEF and OCSF.
pub(super) const VENDOR: &str = "logwasp";
/// The product's name there.
pub(super) const PRODUCT: &str = "logwasp";
/// The product's version there.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

const NANOS_PER_MILLI: i64 = 1_000_000;

/// Milliseconds since the epoch.
pub(super) fn millis(nanos: i64) -> i64 {
    nanos.div_euclid(NANOS_PER_MILLI)
}

/// RFC 3339 with so many digits of a second's fraction, at most nine.
pub(super) fn rfc3339(nanos: i64, digits: usize) -> String {
    let text = to_rfc3339(nanos);
    let whole_bytes = "2026-11-20T09:14:24.".len();
    format!("{}Z", text.get(..whole_bytes + digits).unwrap_or_default())
}

/// `lockout.T1`
pub(super) fn rule_id(told: &Identified) -> String {
    format!("{}.{}", told.detector, told.alert.rule)
}

/// The first entity of that name.
pub(super) fn entity<'a>(alert: &'a Alert, name: &str) -> Option<&'a str> {
    first(&alert.entities, name)
}

/// The first attribute of that name.
pub(super) fn attribute<'a>(alert: &'a Alert, name: &str) -> Option<&'a str> {
    first(&alert.attributes, name)
}

fn first<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// All entities of that name.
pub(super) fn entities<'a>(alert: &'a Alert, name: &'a str) -> impl Iterator<Item = &'a str> {
    let named = alert.entities.iter().filter(move |(known, _)| known == name);
    named.map(|(_, value)| value.as_str())
}

/// All entities of that name that are addresses.
pub(super) fn addresses<'a>(alert: &'a Alert, name: &'a str) -> impl Iterator<Item = &'a str> {
    entities(alert, name).filter(|value| value.parse::<IpAddr>().is_ok())
}

/// 1, 2, 3.
pub(super) fn confidence_number(confidence: Confidence) -> u8 {
    match confidence {
        Confidence::Low => 1,
        Confidence::Medium => 2,
        Confidence::High => 3,
    }
}

/// 0 to 10, as CEF and LEEF count.
pub(super) fn severity_of_ten(severity: Severity) -> u8 {
    match severity {
        Severity::Info => 1,
        Severity::Low => 3,
        Severity::Medium => 5,
        Severity::High => 8,
        Severity::Critical => 10,
    }
}

/// A value in one line, without characters that steer.
pub(super) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
