//! Sekoia's intakes for Windows: NXLog, Winlogbeat, Azure.

use serde_json::Value;

use crate::json::{members, text};
use crate::report::Report;
use crate::support::{Owned, corpus, files, load, read};

/// Names that the intake gives to parts of the envelope, and ours.
const ENVELOPE: [(&str, &str); 10] = [
    ("RecordNumber", "EventRecordID"),
    ("OpcodeValue", "Opcode"),
    ("Task", "Task"),
    ("Keywords", "Keywords"),
    ("ProviderGuid", "ProviderGuid"),
    ("EventType", "EventType"),
    ("Category", "Category"),
    ("ThreadID", "ThreadID"),
    ("ProcessID", "ProcessID"),
    ("UserID", "UserID"),
];

/// Scenario: every test of the intakes for Windows.
/// Guarantees: what the intake maps is read alike.
#[test]
fn sekoia_intake_tests() {
    let Some(folder) = corpus("sekoia-intake-tests") else { return };
    let mut report = Report::new("sekoia-intake-tests (Windows)");
    for path in files(&folder) {
        let name = path.to_string_lossy().into_owned();
        if !["/windows/tests/", "/azure-windows/tests/", "/winlogbeat/tests/"]
            .iter()
            .any(|part| name.contains(part))
        {
            continue;
        }
        report.file();
        let test: Value = serde_json::from_slice(&load(&path)).expect("JSON");
        let message = test["input"]["message"].as_str().unwrap_or_default();
        let read = read(message.as_bytes(), None, 0);
        let short = path.file_name().unwrap().to_string_lossy().into_owned();
        match read.events.first().filter(|event| event.kind == "windows-event") {
            Some(ours) => event(&short, message, ours, &test["expected"], &mut report),
            None if !message.trim_start().starts_with('{')
                || !message.contains("Event") && !message.contains("winlog") =>
            {
                report.skip("the message is no Windows event");
            }
            None => report.compare(
                || format!("{short}: no event {message:.80}"),
                None,
                Some("windows-event"),
            ),
        }
    }
    report.conclude(95.0);
}

fn event(name: &str, message: &str, ours: &Owned, expected: &Value, report: &mut Report) {
    let action = &expected["action"];
    if let Some(id) = text(&expected["event"]["code"]).or(text(&action["id"])) {
        report.compare(|| format!("{name}: id"), Some(&ours.event_id.to_string()), Some(&id));
    }
    if let Some(provider) = text(&expected["event"]["provider"]) {
        report.compare(|| format!("{name}: provider"), ours.provider.as_deref(), Some(&provider));
    }
    for (field, expected) in members(&action["properties"]) {
        let name_here = ENVELOPE
            .iter()
            .find(|(theirs, _)| *theirs == field)
            .map_or(field.as_str(), |(_, ours)| ours);
        let value = ours.field(name_here);
        if matches!(field.as_str(), "SourceName" | "Severity") {
            continue;
        }
        if value.is_none()
            && !message.contains(&format!("\"{field}\""))
            && !message.contains(&format!("'{field}'"))
        {
            report.skip("the intake made the field");
            continue;
        }
        report.compare(|| format!("{name}: {field}"), value, Some(&expected));
    }
}
