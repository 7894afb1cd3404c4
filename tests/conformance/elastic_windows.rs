//! Elastic's Windows integrations: the events that a pipeline gets, against what it
//! makes of them.

use serde_json::Value;

use crate::evtx_golden::time_as_theirs;
use crate::json::{members, nanos, text};
use crate::report::Report;
use crate::support::{corpus, files, load, read};

/// Scenario: every input of the packages `system` and `windows` that is JSON, an event a
/// line.
/// Guarantees: the same id, source, log, host, record id, time and data.
#[test]
fn elastic_pipeline_pairs() {
    let Some(folder) = corpus("elastic-pipeline-pairs") else { return };
    let mut report = Report::new("elastic-pipeline-pairs (Windows)");
    for path in files(&folder) {
        let name = path.to_string_lossy().into_owned();
        let is_windows =
            ["/packages/system/", "/packages/windows/"].iter().any(|part| name.contains(part));
        let golden = std::path::PathBuf::from(format!("{name}-expected.json"));
        if !is_windows
            || path.extension().is_none_or(|extension| extension != "json")
            || !golden.exists()
        {
            continue;
        }
        let input: Value = serde_json::from_slice(&load(&path)).expect("JSON");
        let expected: Value = serde_json::from_slice(&load(&golden)).expect("JSON");
        let (Some(inputs), Some(expected)) =
            (input["events"].as_array(), expected["expected"].as_array())
        else {
            continue;
        };
        report.file();
        for (number, (input, expected)) in inputs.iter().zip(expected).enumerate() {
            event(
                &format!("{} #{number}", path.file_name().unwrap().to_string_lossy()),
                input,
                expected,
                &mut report,
            );
        }
    }
    report.conclude(98.0);
}

fn event(name: &str, input: &Value, expected: &Value, report: &mut Report) {
    if expected.is_null() {
        report.skip("the pipeline drops the event");
        return;
    }
    let line = serde_json::to_vec(input).expect("JSON");
    let read = read(&line, None, 0);
    let Some(ours) = read.events.first().filter(|event| event.kind == "windows-event") else {
        report.compare(|| format!("{name}: no event"), None, Some("windows-event"));
        return;
    };
    let winlog = &expected["winlog"];
    let id = ours.event_id.to_string();
    report.compare(
        || format!("{name}: id"),
        Some(&id),
        text(&winlog["event_id"]).or(text(&expected["event"]["code"])).as_deref(),
    );
    let members_of = [
        ("provider_name", ours.provider.as_deref()),
        ("channel", ours.channel.as_deref()),
        ("computer_name", ours.host.as_deref()),
        ("record_id", ours.field("EventRecordID")),
    ];
    for (member, ours) in members_of {
        if let Some(expected) = text(&winlog[member]) {
            report.compare(|| format!("{name}: {member}"), ours, Some(&expected));
        }
    }
    if let Some(time) = text(&winlog["time_created"]).or(text(&expected["@timestamp"])) {
        let time = nanos(&time);
        let ours = time_as_theirs(ours, time).to_string();
        report.compare(|| format!("{name}: time"), Some(&ours), Some(&time.to_string()));
    }
    for part in ["event_data", "user_data"] {
        for (field, expected) in members(&winlog[part]) {
            if input["winlog"][part].get(&field).is_none() {
                report.skip("the pipeline made the value from others");
                continue;
            }
            report.compare(|| format!("{name}: {field}"), ours.field(&field), Some(&expected));
        }
    }
}
