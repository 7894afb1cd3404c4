//! The worked examples, and what the tests share.

mod life;
mod quotes;
mod rules;

use logwasp_sdk::testkit::{Example, Kit, TestEvent, incidents};
use logwasp_sdk::time::{MINUTE, SECOND};
use logwasp_sdk::{Activity, Alert, Confidence, Severity};

use crate::{RelayDenied, examples};

pub(crate) const RELAY: &str = "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain";
pub(crate) const NOT_AUTHENTICATED: &str =
    "530 5.7.57 SMTP; Client was not authenticated to send anonymous mail during MAIL FROM";
pub(crate) const UNKNOWN: &str =
    "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup";
pub(crate) const OWN_DOMAINS: &str = r#"{"site": {"accepted_domains": ["contoso.com"]}}"#;

pub(crate) fn session(second: i64, fields: &[(&str, &str)]) -> TestEvent {
    let base = [
        ("direction", "receive"),
        ("event", ">"),
        ("server", "EXCH01"),
        ("connector", "Default Frontend EXCH01"),
        ("local_ip", "10.0.0.25"),
    ];
    let given = |name: &str| fields.iter().any(|(given, _)| *given == name);
    let mut all: Vec<_> = base.into_iter().filter(|(name, _)| !given(name)).collect();
    all.extend(fields);
    TestEvent::new("exchange-smtp-session", second, "EXCH01", &all)
}

pub(crate) fn refused(second: i64, ip: &str, rcpt: &str) -> TestEvent {
    session(second, &[("ip", ip), ("rcpts", rcpt), ("reply", RELAY)])
}

pub(crate) fn syslog(second: i64, message: &str) -> TestEvent {
    TestEvent::new("syslog", second, "gw01", &[("message", message)])
}

pub(crate) fn run(config: &str, events: impl IntoIterator<Item = TestEvent>) -> Vec<Alert> {
    Kit::<RelayDenied>::new(config).rows(events).finish()
}

pub(crate) fn run_until(
    config: &str,
    events: impl IntoIterator<Item = TestEvent>,
    second: i64,
) -> Vec<Alert> {
    Kit::<RelayDenied>::new(config).rows(events).advance(second).finish()
}

/// Activity, second of the decision, count.
pub(crate) fn told(alerts: &[Alert]) -> Vec<(Activity, i64, u64)> {
    alerts.iter().map(|alert| (alert.activity, alert.time / SECOND, alert.count)).collect()
}

/// Rule, severity and confidence of the only incident.
pub(crate) fn verdict(alerts: &[Alert]) -> (String, Severity, Confidence) {
    let incidents = incidents(alerts);
    assert_eq!(incidents.len(), 1, "{incidents:#?}");
    (incidents[0].rule.clone(), incidents[0].severity, incidents[0].confidence)
}

pub(crate) fn is(
    rule: &str,
    severity: Severity,
    confidence: Confidence,
) -> (String, Severity, Confidence) {
    (rule.to_owned(), severity, confidence)
}

/// Scenario: the worked examples.
/// Guarantees: each gives exactly what its name says.
#[test]
fn worked_examples() {
    for example in examples::all() {
        example.run::<RelayDenied>();
    }
}
