//! Tests of the whole detector.

mod bounds;
mod chain;
mod incidents;
mod judgement;
mod options;

use logwasp_sdk::Alert;
use logwasp_sdk::testkit::{Kit, TestEvent};

use crate::Lockout;
use crate::examples;

/// Scenario: every worked example.
/// Guarantees: exactly the alerts that it names, however the rows are fed.
#[test]
fn worked_examples() {
    for example in examples::all() {
        println!("{}", example.name);
        example.run::<Lockout>();
    }
}

/// Feeds the events, in every way, and ends the input.
fn run(config: &str, events: impl IntoIterator<Item = TestEvent>) -> Vec<Alert> {
    Kit::<Lockout>::new(config).rows(events).finish()
}

/// The only alert.
#[track_caller]
fn one(config: &str, events: impl IntoIterator<Item = TestEvent>) -> Alert {
    let mut alerts = run(config, events);
    assert_eq!(alerts.len(), 1, "{alerts:#?}");
    alerts.remove(0)
}

/// An attribute, empty when absent.
fn attribute<'a>(alert: &'a Alert, name: &str) -> &'a str {
    alert.attribute_value(name).unwrap_or_default()
}

/// A label, if there is one.
fn label<'a>(alert: &'a Alert, name: &str) -> Option<&'a str> {
    alert.labels.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
}
