//! The sample logs, read here in a simple way; the host reads them as they are.

use std::fs;
use std::path::Path;

use logwasp_sdk::serde_json::Value;
use logwasp_sdk::testkit::{TestEvent, clock, incidents};
use logwasp_sdk::{Alert, mail};

use super::run;
use crate::examples::mail_event;

/// Scenario: every folder of `samples/`.
/// Guarantees: the incidents that its `expected.json` names.
#[test]
fn samples_give_what_they_promise() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let mut samples = 0;
    for sample in fs::read_dir(folder).expect("the folder is there") {
        let sample = sample.expect("it can be listed").path();
        let alerts = run(events(&sample));
        let expected = fs::read_to_string(sample.join("expected.json")).expect("it is there");
        let expected: Vec<Value> = logwasp_sdk::serde_json::from_str(&expected).expect("JSON");
        let told = incidents(&alerts);
        assert_eq!(told.len(), expected.len(), "{}: {told:?}", sample.display());
        told.iter().zip(&expected).for_each(|(alert, expected)| check(alert, expected));
        samples += 1;
    }
    assert_eq!(samples, 8);
}

fn events(sample: &Path) -> Vec<TestEvent> {
    let mut events = Vec::new();
    for file in fs::read_dir(sample).expect("it can be listed") {
        let file = file.expect("it can be listed").path();
        let text = || fs::read_to_string(&file).expect("it can be read");
        match file.extension().and_then(|extension| extension.to_str()) {
            Some("eml") => events.push(mail_of_file(&text())),
            Some("log") => events.extend(text().lines().map(line_of_file)),
            _ => {}
        }
    }
    events
}

/// The host takes the time of the newest `Received` line, in seconds of 2026-11-20.
fn mail_of_file(text: &str) -> TestEvent {
    let text = text.replace("\r\n", "\n");
    let block = text.split("\n\n").next().unwrap_or_default();
    let newest = mail::headers(block).find(|header| header.is("Received")).expect("a route");
    let date = mail::received(&newest.value).date.expect("a date").to_owned();
    let time = date.split(' ').nth(4).expect("a time").to_owned();
    mail_event(midnight() + clock(&time), block)
}

/// RFC 5424 without structured data.
fn line_of_file(line: &str) -> TestEvent {
    let parts: Vec<&str> = line.splitn(8, ' ').collect();
    let time = parts[1].get(11..19).expect("a time");
    TestEvent::new("syslog", midnight() + clock(time), parts[2], &[("message", parts[7])])
}

fn midnight() -> i64 {
    1_795_132_800
}

fn check(alert: &Alert, expected: &Value) {
    let rule = format!("authas-anomaly.{}", alert.rule);
    assert_eq!(expected["rule"], rule.as_str());
    assert_eq!(expected["severity"], word(&alert.severity), "{rule}");
    assert_eq!(expected["confidence"], word(&alert.confidence), "{rule}");
    assert_eq!(expected["count"], alert.count, "{rule}");
    assert_eq!(expected["attack"], Value::from(alert.attack.clone()), "{rule}");
    let title = expected["title_contains"].as_str().unwrap_or_default();
    assert!(alert.title.contains(title), "{}", alert.title);
    for (name, value) in expected["entities"].as_object().expect("an object") {
        assert_eq!(alert.entity_value(name), value.as_str(), "{rule} {name}");
    }
    for (name, value) in expected["attributes"].as_object().expect("an object") {
        assert_eq!(alert.attribute_value(name), value.as_str(), "{rule} {name}");
    }
}

fn word(value: &impl logwasp_sdk::serde::Serialize) -> Value {
    logwasp_sdk::serde_json::to_value(value).expect("JSON")
}
