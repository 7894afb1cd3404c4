//! IIS and HTTPERR rows against what other pipelines made of them.

use std::path::Path;

use serde_json::Value;

use crate::report::Report;
use crate::support::{Owned, corpus, files, load, read};

/// What a pipeline calls a column, and how it spells the value.
type Mapping = (&'static str, &'static str, fn(&str) -> String);

fn same(value: &str) -> String {
    value.to_owned()
}

/// Milliseconds as nanoseconds.
fn nanos(millis: &str) -> String {
    millis
        .parse()
        .map_or_else(|_| millis.to_owned(), |millis: u64| (millis * 1_000_000).to_string())
}

fn blanks(agent: &str) -> String {
    agent.replace('+', " ")
}

/// They decode the query; we give it as it is written.
fn decoded(query: &str) -> String {
    let mut parts = query.split('%');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let code = part.get(..2).and_then(|code| u8::from_str_radix(code, 16).ok());
        match code {
            Some(code) => text.extend([char::from(code).to_string().as_str(), &part[2..]]),
            None => text.extend(["%", part]),
        }
    }
    blanks(&text)
}

fn version(version: &str) -> String {
    version.trim_start_matches("HTTP/").to_owned()
}

const ACCESS: [Mapping; 17] = [
    ("/http/request/method", "cs-method", same),
    ("/http/response/status_code", "sc-status", same),
    ("/iis/access/sub_status", "sc-substatus", same),
    ("/iis/access/win32_status", "sc-win32-status", same),
    ("/iis/access/site_name", "s-sitename", same),
    ("/iis/access/server_name", "s-computername", same),
    ("/source/address", "c-ip", same),
    ("/destination/address", "s-ip", same),
    ("/destination/port", "s-port", same),
    ("/destination/domain", "cs-host", same),
    ("/http/request/body/bytes", "cs-bytes", same),
    ("/http/response/body/bytes", "sc-bytes", same),
    ("/http/request/referrer", "cs(Referer)", same),
    ("/http/version", "cs-version", version),
    ("/event/duration", "time-taken", nanos),
    ("/user_agent/original", "cs(User-Agent)", blanks),
    ("/url/query", "cs-uri-query", decoded),
];

const ERROR: [Mapping; 9] = [
    ("/source/address", "c-ip", same),
    ("/source/port", "c-port", same),
    ("/destination/address", "s-ip", same),
    ("/destination/port", "s-port", same),
    ("/http/request/method", "cs-method", same),
    ("/http/response/status_code", "sc-status", same),
    ("/http/version", "cs-version", version),
    ("/iis/error/reason_phrase", "s-reason", same),
    ("/url/original", "cs-uri", same),
];

/// The choice of columns of one row, which is no usual one: only a header tells it.
const CUSTOM_FIELDS: &[u8] = b"#Fields: date time s-sitename s-ip cs-method cs-uri-stem \
    cs-uri-query s-port cs-username c-ip cs-version cs(User-Agent) cs(Cookie) cs(Referer) \
    sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken\n";

fn text(value: Option<&Value>) -> Option<String> {
    value.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

fn instant(text: &str) -> i64 {
    let timestamp: jiff::Timestamp = text.parse().expect("a timestamp");
    timestamp.as_nanosecond().try_into().expect("in range")
}

fn compare(report: &mut Report, place: &str, ours: &Owned, theirs: &Value, mappings: &[Mapping]) {
    // Their `-` is absent.
    let cell = |name: &str| ours.field(name).filter(|value| *value != "-");
    for (pointer, name, spell) in mappings {
        let theirs = text(theirs.pointer(pointer));
        let ours = cell(name).map(spell);
        if ours.is_some() || theirs.is_some() {
            report.compare(|| format!("{place} {name}"), ours.as_deref(), theirs.as_deref());
        }
    }
    let time = theirs["@timestamp"].as_str().map(|time| instant(time).to_string());
    report.compare(|| format!("{place} time"), Some(&ours.time.to_string()), time.as_deref());
}

fn pairs(report: &mut Report, folder: &Path, mappings: &[Mapping]) {
    for path in files(folder).iter().filter(|path| path.extension().is_some_and(|e| e == "log")) {
        report.file();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let expected = std::fs::read(path.with_file_name(format!("{name}-expected.json")));
        let expected: Value = serde_json::from_slice(&expected.expect("readable")).expect("JSON");
        let log = load(path);
        let lines: Vec<&[u8]> =
            log.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
        // Row by row, for a row that is no row must not hide the others' order.
        for (row, line) in lines.into_iter().enumerate() {
            let theirs = &expected["expected"][row];
            // A text editor made links of its addresses; their pipeline undoes that.
            if line.windows(2).any(|two| two == b"](") {
                report.skip("addresses were turned into Markdown links");
                continue;
            }
            let is_custom = line.split(|byte| *byte == b' ').count() == 20;
            let text = if is_custom { [CUSTOM_FIELDS, line].concat() } else { line.to_vec() };
            let read = read(&text, None, 0);
            let [ours] = read.events.as_slice() else {
                panic!("{name} {row}: {:?} {:?}", read.damaged, String::from_utf8_lossy(line));
            };
            assert_eq!(ours.kind, "iis", "{name} {row}");
            compare(report, &format!("{name} {row}"), ours, theirs, mappings);
        }
    }
}

/// Scenario: access and HTTPERR rows of many choices of columns, without headers.
/// Guarantees: recognised, and each field as Elastic's pipeline reads it.
#[test]
fn elastic_pipelines_read_the_same() {
    let Some(folder) = corpus("elastic-pipeline-pairs") else { return };
    let iis = folder.join("LaZyDK+integrations/packages/iis/data_stream");
    let mut report = Report::new("elastic-pipeline-pairs/iis");
    pairs(&mut report, &iis.join("access"), &ACCESS);
    pairs(&mut report, &iis.join("error"), &ERROR);
    report.conclude(98.0);
}

/// Scenario: rows in IIS' native format.
/// Guarantees: each field as Sekoia's intake reads it.
#[test]
fn sekoia_intakes_read_the_same() {
    let Some(folder) = corpus("sekoia-intake-tests") else { return };
    let mappings: [Mapping; 9] = [
        ("/client/address", "c-ip", same),
        ("/client/bytes", "cs-bytes", same),
        ("/server/bytes", "sc-bytes", same),
        ("/server/ip", "s-ip", same),
        ("/observer/name", "s-computername", same),
        ("/http/request/method", "cs-method", same),
        ("/http/response/status_code", "sc-status", same),
        ("/url/path", "cs-uri-stem", same),
        // Named after nanoseconds, but of microseconds.
        ("/event/duration", "time-taken", |millis| format!("{millis}000")),
    ];
    let mut report = Report::new("sekoia-intake-tests/microsoft-iis");
    let tests = folder.join("SEKOIA-IO+intake-formats/Microsoft/microsoft-iis/tests");
    for path in files(&tests) {
        report.file();
        let test: Value = serde_json::from_slice(&load(&path)).expect("JSON");
        let message = test["input"]["message"].as_str().expect("a message");
        let read = read(message.as_bytes(), None, 0);
        let [ours] = read.events.as_slice() else { panic!("{:?}", read.damaged) };
        compare(&mut report, "sample", ours, &test["expected"], &mappings);
    }
    report.conclude(95.0);
}
