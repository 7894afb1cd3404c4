//! OTRF's Mordor data sets: events that NXLog or Logstash made flat.

use std::io::Read as _;

use serde_json::Value;

use crate::json::{members, text};
use crate::report::Report;
use crate::support::{Owned, corpus, files, load, read};

/// What is no data of the event, or has another name here.
const ENVELOPE: [&str; 27] = [
    "EventID",
    "SourceName",
    "Channel",
    "Hostname",
    "EventTime",
    "TimeCreated",
    "@timestamp",
    "@version",
    "Version",
    "Level",
    "Task",
    "TaskValue",
    "OpcodeValue",
    "Opcode",
    "RecordNumber",
    "ProcessID",
    "ExecutionProcessID",
    "ThreadID",
    "ExecutionThreadID",
    "Severity",
    "SeverityValue",
    "EventReceivedTime",
    "SourceModuleName",
    "SourceModuleType",
    "host",
    "port",
    "tags",
];

/// Scenario: every event of the data sets.
/// Guarantees: its id, source, log and host, and each of its values under its own name.
#[test]
fn otrf_data_sets() {
    let Some(folder) = corpus("windows-json") else { return };
    let mut report = Report::new("windows-json (OTRF)");
    for path in files(&folder) {
        for content in unzip(&load(&path)) {
            report.file();
            let ours = read(&content, None, 0);
            let lines = content.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
            let theirs: Vec<Value> =
                lines.map(|line| serde_json::from_slice(line).expect("JSON")).collect();
            let (count, expected) = (ours.events.len().to_string(), theirs.len().to_string());
            report.compare(|| format!("{}: events", path.display()), Some(&count), Some(&expected));
            for (ours, theirs) in ours.events.iter().zip(&theirs) {
                event(ours, theirs, &mut report);
            }
        }
    }
    report.conclude(99.0);
}

fn event(ours: &Owned, theirs: &Value, report: &mut Report) {
    let id = ours.event_id.to_string();
    report.compare(|| "id".into(), Some(&id), text(&theirs["EventID"]).as_deref());
    let of = [("SourceName", &ours.provider), ("Channel", &ours.channel), ("Hostname", &ours.host)];
    for (name, ours) in of {
        report.compare(|| name.into(), ours.as_deref(), text(&theirs[name]).as_deref());
    }
    for (name, expected) in members(theirs) {
        if !ENVELOPE.contains(&name.as_str()) {
            report.compare(|| format!("{id}: {name}"), ours.field(&name), Some(&expected));
        }
    }
}

/// The JSON files of an archive, by its central directory (APPNOTE 4.3).
fn unzip(archive: &[u8]) -> Vec<Vec<u8>> {
    let number = |at: usize, bytes: usize| {
        archive[at..at + bytes]
            .iter()
            .rev()
            .fold(0, |number, byte| number << 8 | usize::from(*byte))
    };
    let end = archive.windows(4).rposition(|window| window == b"PK\x05\x06").expect("an archive");
    let (mut at, mut found) = (number(end + 16, 4), Vec::new());
    while archive[at..].starts_with(b"PK\x01\x02") {
        let (packed, name_bytes, local) =
            (number(at + 20, 4), number(at + 28, 2), number(at + 42, 4));
        let name = String::from_utf8_lossy(&archive[at + 46..at + 46 + name_bytes]);
        if name.ends_with(".json") && !name.starts_with("__MACOSX") {
            let start = local + 30 + number(local + 26, 2) + number(local + 28, 2);
            let mut content = Vec::new();
            let mut decoder = flate2::read::DeflateDecoder::new(&archive[start..start + packed]);
            decoder.read_to_end(&mut content).expect("deflated");
            found.push(content);
        }
        at += 46 + name_bytes + number(at + 30, 2) + number(at + 32, 2);
    }
    found
}
