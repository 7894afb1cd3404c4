//! Syslog lines of devices, with what Elastic's pipelines made of them.

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use serde_json::Value;

use crate::report::Report;
use crate::support::{corpus, files, load, read_in};

/// What of a package's documents is the header's, and not the message's.
struct Package {
    folder: &'static str,
    /// Zone of lines that name none, as the package's tests have it.
    zone: &'static str,
    has_time: bool,
    /// Pointer to the host, if it is the header's.
    host: Option<&'static str>,
    has_message: bool,
}

const PACKAGES: [Package; 10] = [
    Package { folder: "barracuda", zone: "UTC", has_time: true, host: None, has_message: false },
    Package { folder: "cisco_ios", zone: "UTC", has_time: true, host: None, has_message: true },
    Package {
        folder: "cisco_meraki",
        zone: "UTC",
        has_time: true,
        host: Some("/observer/hostname"),
        has_message: false,
    },
    Package { folder: "haproxy", zone: "UTC", has_time: false, host: None, has_message: false },
    Package {
        folder: "infoblox_nios",
        zone: "UTC",
        has_time: false,
        host: None,
        has_message: false,
    },
    Package { folder: "iptables", zone: "UTC", has_time: false, host: None, has_message: false },
    Package { folder: "nginx", zone: "UTC", has_time: true, host: None, has_message: false },
    Package {
        folder: "pfsense",
        zone: "Etc/GMT+4",
        has_time: true,
        host: Some("/observer/name"),
        has_message: true,
    },
    Package {
        folder: "snort",
        zone: "America/Chicago",
        has_time: true,
        host: None,
        has_message: false,
    },
    Package {
        folder: "system",
        zone: "UTC",
        has_time: true,
        host: Some("/host/hostname"),
        has_message: true,
    },
];

/// The inputs of a package that are lines, one document each.
fn inputs(folder: &Path) -> Vec<PathBuf> {
    let is_input = |path: &PathBuf| path.extension().is_some_and(|e| e == "log");
    files(folder).into_iter().filter(is_input).collect()
}

fn documents(input: &Path) -> Option<Vec<Value>> {
    let name = format!("{}-expected.json", input.file_name()?.to_string_lossy());
    let text = std::fs::read(input.with_file_name(name)).ok()?;
    let mut document: Value = serde_json::from_slice(&text).ok()?;
    match document.get_mut("expected")?.take() {
        Value::Array(expected) => Some(expected),
        _ => None,
    }
}

fn text_at<'v>(document: &'v Value, pointer: &str) -> Option<std::borrow::Cow<'v, str>> {
    match document.pointer(pointer)? {
        Value::String(text) => Some(text.into()),
        Value::Number(number) => Some(number.to_string().into()),
        _ => None,
    }
}

fn time_exception(file: &str, line: &str) -> Option<&'static str> {
    match file {
        "test-tzoffset.log" | "test-date-format-tzoffset.log" => {
            Some("the package's test has a zone of its own")
        }
        "test-pfsense-haproxy.log" => Some("the message has a time of its own"),
        _ if line.contains(" AEST:") || line.contains(" EDT:") => {
            Some("Elastic takes daylight saving time from the date, not from the name")
        }
        _ => None,
    }
}

fn compare(report: &mut Report, package: &Package, place: &str, line: &str, document: &Value) {
    let theirs =
        text_at(document, "/@timestamp").and_then(|text| text.parse::<jiff::Timestamp>().ok());
    // A line without a year is of the year of its document.
    let reference = theirs.map_or(0, |at| at.as_nanosecond() as i64 + 3_600_000_000_000);
    let zone = TimeZone::get(package.zone).expect("a zone");
    let read = read_in(zone, line.as_bytes(), None, reference);
    let ours = read.events.first().expect("an event");
    let at = |what: &'static str| move || format!("{place} {what} {line:.90}");
    if let Some(reason) = time_exception(place, line) {
        report.skip(reason);
    } else if let Some(theirs) = theirs.filter(|_| package.has_time) {
        let millis = (ours.time / 1_000_000).to_string();
        report.compare(at("time"), Some(&millis), Some(&theirs.as_millisecond().to_string()));
    }
    for (name, pointer) in [("app-name", "/process/name"), ("procid", "/process/pid")] {
        if let Some(expected) = text_at(document, pointer) {
            if line.contains(" (squid-") {
                report.skip("Elastic takes the name out of its parentheses");
                continue;
            }
            report.compare(at(name), ours.field(name), Some(&expected));
        }
    }
    if let Some(expected) = package.host.and_then(|pointer| text_at(document, pointer)) {
        report.compare(at("host"), ours.host.as_deref(), Some(&expected));
    }
    if let Some(expected) = text_at(document, "/message").filter(|_| package.has_message) {
        // Some pipelines also take off what a module writes before its text.
        let message = ours.field("message").map(str::trim);
        let expected = expected.trim();
        let is_end = message.is_some_and(|message| message.ends_with(expected));
        report.compare(
            at("message"),
            if is_end { Some(expected) } else { message },
            Some(expected),
        );
    }
}

/// Scenario: the inputs of ten packages of Elastic's integrations, line by line.
/// Guarantees: time, host, process and message are those of the documents, 98 % at
/// least.
#[test]
fn elastic_documents_are_met() {
    let Some(folder) = corpus("elastic-pipeline-pairs") else { return };
    let mut report = Report::new("elastic-pipeline-pairs (syslog)");
    let packages = folder.join("LaZyDK+integrations/packages");
    for package in PACKAGES.iter().filter(|package| packages.join(package.folder).is_dir()) {
        for input in inputs(&packages.join(package.folder)) {
            let Some(documents) = documents(&input) else { continue };
            let text = String::from_utf8_lossy(&load(&input)).into_owned();
            let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
            if lines.len() != documents.len() {
                // Records of several lines: no line has a document of its own.
                continue;
            }
            report.file();
            let place = input.file_name().unwrap_or_default().to_string_lossy().into_owned();
            for (line, document) in lines.iter().zip(&documents) {
                compare(&mut report, package, &place, line, document);
            }
        }
    }
    report.conclude(98.0);
}
