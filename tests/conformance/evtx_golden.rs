//! EVTX files against what Winlogbeat made of them.

use std::path::Path;

use serde_json::Value;

use crate::json::{first_text, members, nanos, text};
use crate::report::Report;
use crate::support::{Owned, corpus, files, load, read};

/// Scenario: every EVTX file that has a golden JSON.
/// Guarantees: as many events, each with the same id, record id, time, source and data.
#[test]
fn evtx_golden_pairs() {
    let Some(folder) = corpus("evtx-golden-pairs") else { return };
    let mut report = Report::new("evtx-golden-pairs");
    for path in files(&folder) {
        let name = path.to_string_lossy();
        let Some(golden) = name.strip_suffix(".zst").map(|name| format!("{name}.golden.json"))
        else {
            continue;
        };
        if Path::new(&golden).exists() {
            report.file();
            pair(&path, Path::new(&golden), &mut report);
        }
    }
    report.conclude(100.0);
}

fn pair(evtx: &Path, golden: &Path, report: &mut Report) {
    let ours = read(&load(evtx), None, 0).events;
    let theirs: Vec<Value> = serde_json::from_slice(&load(golden)).expect("JSON");
    let name = evtx.file_name().expect("a name").to_string_lossy().into_owned();
    let (count, expected) = (ours.len().to_string(), theirs.len().to_string());
    report.compare(|| format!("{name}: events"), Some(&count), Some(&expected));
    for (ours, theirs) in ours.iter().zip(&theirs) {
        event(&name, ours, theirs, report);
    }
}

fn event(name: &str, ours: &Owned, theirs: &Value, report: &mut Report) {
    let winlog = &theirs["winlog"];
    let place =
        |what: &str| format!("{name} #{}: {what}", ours.field("EventRecordID").unwrap_or("?"));
    let id = ours.event_id.to_string();
    let expected = text(&winlog["event_id"]).or_else(|| text(&theirs["event"]["code"]));
    report.compare(|| place("id"), Some(&id), expected.as_deref());
    let expected = text(&winlog["record_id"]);
    report.compare(|| place("record id"), ours.field("EventRecordID"), expected.as_deref());
    let members = [
        ("provider_name", &ours.provider),
        ("channel", &ours.channel),
        ("computer_name", &ours.host),
    ];
    for (member, ours) in members {
        let expected = text(&winlog[member]);
        report.compare(|| place(member), ours.as_deref(), expected.as_deref());
    }
    let time = nanos(&first_text(theirs, &["@timestamp"]).unwrap_or_default());
    let ours_time = time_as_theirs(ours, time).to_string();
    report.compare(|| place("time"), Some(&ours_time), Some(&time.to_string()));
    for (field, expected) in members_of(winlog) {
        if is_made(&field) {
            report.skip("Winlogbeat made the field of others");
            continue;
        }
        // Winlogbeat makes line feeds of line ends.
        let ours = ours.field(&field).map(|value| value.trim().replace("\r\n", "\n"));
        report.compare(|| place(&field), ours.as_deref(), Some(expected.trim()));
    }
}

/// The module `sysmon` puts the event's `UtcTime` into `@timestamp`: that is what can be
/// compared then.
pub(crate) fn time_as_theirs(ours: &Owned, theirs: i64) -> i64 {
    let utc = ours.field("UtcTime").map(|time| nanos(&time.replace(' ', "T")));
    utc.filter(|utc| *utc == theirs).unwrap_or(ours.time)
}

/// Names that no event has: of the schema, of descriptors taken apart, of codes spelled
/// out.
fn is_made(field: &str) -> bool {
    let numbered = ["OldSdDacl", "NewSdDacl", "OldSdSacl", "NewSdSacl"];
    field == "xml_name"
        || ["StatusDescription", "TicketEncryptionTypeDescription"].contains(&field)
        || numbered.iter().any(|prefix| field.starts_with(prefix))
}

fn members_of(winlog: &Value) -> Vec<(String, String)> {
    ["event_data", "user_data"].iter().flat_map(|part| members(&winlog[*part])).collect()
}
