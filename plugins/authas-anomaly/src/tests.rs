//! The detector as a whole.

mod cases;
mod own_mail;
mod samples;
mod strangers;

use logwasp_sdk::Alert;
use logwasp_sdk::testkit::{Kit, TestEvent};

use crate::AuthAsAnomaly;
use crate::examples::{self, SITE};

/// Runs events with the examples' site; every alert is checked against the host's
/// limits.
fn run(events: impl IntoIterator<Item = TestEvent>) -> Vec<Alert> {
    run_with("{}", events)
}

/// The same with options.
fn run_with(options: &str, events: impl IntoIterator<Item = TestEvent>) -> Vec<Alert> {
    run_until(options, events, None)
}

/// The same, and time goes on to a second.
fn run_until(
    options: &str,
    events: impl IntoIterator<Item = TestEvent>,
    until: Option<i64>,
) -> Vec<Alert> {
    let mut kit = Kit::<AuthAsAnomaly>::new(&config(options, SITE));
    kit.rows(events);
    if let Some(second) = until {
        kit.advance(second);
    }
    let alerts = kit.finish();
    alerts.iter().for_each(check_limits);
    alerts
}

/// Options and site as one object.
fn config(options: &str, site: &str) -> String {
    let read =
        |text: &str| -> logwasp_sdk::serde_json::Map<String, logwasp_sdk::serde_json::Value> {
            logwasp_sdk::serde_json::from_str(text).expect("JSON")
        };
    let mut config = read(options);
    config.extend(read(site));
    logwasp_sdk::serde_json::to_string(&config).expect("JSON")
}

fn check_limits(alert: &Alert) {
    assert!(alert.rule.len() <= 32 && !alert.key.is_empty() && alert.key.len() <= 512);
    assert!(!alert.title.is_empty() && alert.title.len() <= 512, "{}", alert.title);
    assert!(!alert.description.is_empty() && alert.description.len() <= 8 * 1024);
    assert!(!alert.remediation.is_empty() && alert.remediation.len() <= 8 * 1024);
    assert!(alert.entities.len() <= 64 && alert.attributes.len() <= 64);
    let values = alert.entities.iter().chain(&alert.attributes);
    values.for_each(|(_, value)| assert!(!value.is_empty() && value.len() <= 4 * 1024));
    assert!((1..=20).contains(&alert.evidence.len()));
    assert!(alert.evidence.iter().all(|item| item.summary.len() <= 512));
    assert!(alert.first_seen <= alert.last_seen && alert.count >= 1);
}

/// Rule and severity of each alert.
fn told(alerts: &[Alert]) -> Vec<(&str, logwasp_sdk::Severity)> {
    alerts.iter().map(|alert| (alert.rule.as_str(), alert.severity)).collect()
}

/// Scenario: the worked examples.
/// Guarantees: exactly the alerts it names, however the rows are fed.
#[test]
fn worked_examples() {
    for example in examples::all() {
        let alerts = example.run::<AuthAsAnomaly>();
        alerts.iter().for_each(check_limits);
    }
}

/// Scenario: the two examples of one message, folded and not.
/// Guarantees: the same alert, whatever the spelling of the headers.
#[test]
fn spelling_does_not_matter() {
    let find = |prefix: &str| {
        let example = examples::all().into_iter().find(|e| e.name.starts_with(prefix));
        example.expect("it is there").run::<AuthAsAnomaly>()
    };
    assert_eq!(find("4.1"), find("4.7"));
}

/// Scenario: options that make no sense.
/// Guarantees: the detector does not start and says which option it is.
#[test]
fn senseless_options_are_refused() {
    use logwasp_sdk::Runner;
    for (options, name) in [
        (r#"{"burst": 0}"#, "burst"),
        (r#"{"min_messages": 0}"#, "min_messages"),
        (r#"{"min_messages": 10001}"#, "min_messages"),
        (r#"{"windows": "30m"}"#, "windows"),
        (r#"{"site": {"internal_nets": ["ten/8"]}}"#, "ten/8"),
    ] {
        let error = Runner::<AuthAsAnomaly>::start(options, None).err().unwrap_or_default();
        assert!(error.contains(name), "{options}: {error}");
    }
}

/// Scenario: the defaults.
/// Guarantees: they are the documented ones.
#[test]
fn defaults_are_the_documented_ones() {
    let defaults = logwasp_sdk::serde_json::to_value(crate::Config::default()).expect("JSON");
    let expected = logwasp_sdk::serde_json::json!({
        "window": "30m", "min_messages": 1, "burst": 20, "cooldown": "1h",
        "post_fix_quiet": "1h", "update_interval": "5m", "state_bytes_max": 25_165_824
    });
    assert_eq!(defaults, expected);
}
