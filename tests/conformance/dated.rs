//! Dated lines of many loggers: fail2ban's samples, loghub's, Prelude's, OSSEC's.

use std::path::Path;

use jiff::tz::TimeZone;

use crate::report::Report;
use crate::support::{Owned, corpus, files, load, read, read_in};

/// The instant at which fail2ban's tests take place, in Zurich.
const FAIL2BAN_NOW_S: i64 = 1_124_013_600;

/// 2006-06-30, after all of loghub's lines of 2005 and 2006.
const LOGHUB_REFERENCE: i64 = 1_151_625_600_000_000_000;

/// Lines with their expected local time.
fn fail2ban_lines(text: &str) -> Vec<(String, &str)> {
    let mut time = None;
    let mut found = Vec::new();
    for line in text.lines() {
        if let Some(json) = line.strip_prefix("# failJSON: ") {
            let value: Option<serde_json::Value> = serde_json::from_str(json).ok();
            time = value.and_then(|value| Some(value.get("time")?.as_str()?.to_owned()));
        } else if !line.starts_with('#')
            && let Some(time) = time.take()
        {
            found.push((time, line));
        }
    }
    found
}

fn fail2ban_exception(file: &str, line: &str, time: &str) -> Option<&'static str> {
    match file {
        // What fail2ban's tests say of lines without a date is their own clock.
        _ if time.starts_with("2005-08-14T12:00:00") => Some("the line has no time"),
        "3proxy" => Some("fail2ban leaves the offset unread"),
        "dovecot" if line.starts_with("@4") => Some("fail2ban takes TAI for UTC"),
        _ => None,
    }
}

/// Scenario: fail2ban's samples, each line on its own, recognised by itself.
/// Guarantees: its time is the one that fail2ban finds, 98 % at least.
#[test]
fn fail2ban_lines_are_dated() {
    let Some(folder) = corpus("syslog/fail2ban") else { return };
    let mut report = Report::new("syslog/fail2ban");
    let zurich = TimeZone::get("Europe/Zurich").expect("a zone");
    for path in files(&folder) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = String::from_utf8_lossy(&load(&path)).into_owned();
        report.file();
        for (time, line) in fail2ban_lines(&text) {
            if let Some(reason) = fail2ban_exception(&name, line, &time) {
                report.skip(reason);
                continue;
            }
            let Ok(local) = time.parse::<jiff::civil::DateTime>() else {
                report.skip("the expected time is none");
                continue;
            };
            let theirs = zurich.to_timestamp(local).expect("in range").as_second();
            let read =
                read_in(zurich.clone(), line.as_bytes(), None, FAIL2BAN_NOW_S * 1_000_000_000);
            let ours = read.events.first().map(|event| (event.time / 1_000_000_000).to_string());
            report.compare(
                || format!("{name} {time} {line:.60}"),
                ours.as_deref(),
                Some(&theirs.to_string()),
            );
        }
    }
    report.conclude(98.0);
}

/// The columns of a structured file that are parts of a syslog line.
struct Layout {
    name: &'static str,
    host: &'static str,
    app: Option<&'static str>,
    pid: Option<&'static str>,
}

const LAYOUTS: [Layout; 4] = [
    Layout { name: "Linux", host: "Level", app: Some("Component"), pid: Some("PID") },
    Layout { name: "OpenSSH", host: "Component", app: None, pid: Some("Pid") },
    Layout { name: "Thunderbird", host: "Location", app: Some("Component"), pid: Some("PID") },
    Layout { name: "Mac", host: "User", app: Some("Component"), pid: Some("PID") },
];

fn rows(path: &Path) -> Vec<std::collections::BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(path).expect("a CSV file");
    reader.deserialize().map(|row| row.expect("a row")).collect()
}

fn compare_row(
    report: &mut Report,
    layout: &Layout,
    ours: &Owned,
    row: &std::collections::BTreeMap<String, String>,
) {
    let line = row.get("LineId").cloned().unwrap_or_default();
    let cell = |column: Option<&str>| {
        column.and_then(|c| row.get(c)).map(String::as_str).filter(|cell| !cell.is_empty())
    };
    let at = |what: &'static str| {
        let line = line.clone();
        move || format!("{} {line} {what}", layout.name)
    };
    report.compare(at("host"), ours.host.as_deref(), cell(Some(layout.host)));
    if let Some(app) = cell(layout.app) {
        report.compare(at("app-name"), ours.field("app-name"), Some(app));
    }
    report.compare(at("procid"), ours.field("procid"), cell(layout.pid));
    report.compare(
        at("message"),
        ours.field("message").map(str::trim),
        cell(Some("Content")).map(str::trim),
    );
}

/// Scenario: loghub's samples with their parts in columns.
/// Guarantees: host, process and message are theirs, 99 % at least.
#[test]
fn loghub_lines_are_read() {
    let Some(folder) = corpus("syslog/loghub") else { return };
    let mut report = Report::new("syslog/loghub");
    for layout in &LAYOUTS {
        let wanted = format!("{}_2k.log", layout.name);
        let found = files(&folder).into_iter().find(|path| path.ends_with(&wanted));
        let Some(path) = found else { continue };
        report.file();
        let events = read(&load(&path), None, LOGHUB_REFERENCE).events;
        let rows = rows(&path.with_file_name(format!("{wanted}_structured.csv")));
        assert_eq!(events.len(), rows.len(), "{}", layout.name);
        for (ours, row) in events.iter().zip(&rows) {
            compare_row(&mut report, layout, ours, row);
        }
    }
    report.conclude(99.0);
}

/// Scenario: loghub's sample of Windows' servicing log, whose lines are only dated.
/// Guarantees: each line's time and its text.
#[test]
fn servicing_logs_are_dated() {
    let Some(folder) = corpus("syslog/loghub") else { return };
    let mut report = Report::new("syslog/loghub Windows");
    let path = files(&folder).into_iter().find(|path| path.ends_with("Windows_2k.log"));
    let path = path.expect("the sample");
    report.file();
    let events = read(&load(&path), None, 0).events;
    for (ours, row) in
        events.iter().zip(rows(&path.with_file_name("Windows_2k.log_structured.csv")))
    {
        let (date, time) = (&row["Date"], &row["Time"]);
        let theirs: jiff::Timestamp = format!("{date}T{time}Z").parse().expect("a time");
        let place = || format!("line {}", row["LineId"]);
        report.compare(
            place,
            Some(&ours.time.to_string()),
            Some(&theirs.as_nanosecond().to_string()),
        );
        let has_text = ours.field("message").is_some_and(|m| m.contains(row["Content"].trim()));
        report.compare(place, Some(if has_text { "text" } else { "other" }), Some("text"));
    }
    report.conclude(99.0);
}

/// Lines of samples that come without expectations.
fn bare_samples() -> Option<Vec<String>> {
    let prelude = corpus("syslog/prelude-lml")?;
    let ossec = corpus("siem-rule-tests/ossec+ossec-hids")?;
    let mut lines = Vec::new();
    for path in files(&prelude) {
        lines.extend(String::from_utf8_lossy(&load(&path)).lines().map(str::to_owned));
    }
    for path in files(&ossec).iter().filter(|path| path.extension().is_some_and(|e| e == "ini")) {
        let text = String::from_utf8_lossy(&load(path)).into_owned();
        let logs = text.lines().filter(|line| line.starts_with("log "));
        lines.extend(logs.filter_map(|line| Some(line.split_once(" = ")?.1.to_owned())));
    }
    Some(lines)
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Scenario: samples of Prelude and OSSEC, in all formats of a Unix host.
/// Guarantees: nothing is damaged, and a line of a syslog daemon has a time and a
/// host or a tag, 98 % at least.
#[test]
fn bare_samples_are_read_sensibly() {
    let Some(lines) = bare_samples() else { return };
    let mut report = Report::new("syslog/prelude-lml, siem-rule-tests/ossec");
    for line in lines.iter().filter(|line| !line.trim().is_empty()) {
        let read = read(line.as_bytes(), None, 0);
        assert_eq!((read.events.len(), read.damaged.len()), (1, 0), "{line}");
        let ours = &read.events[0];
        let is_dated = MONTHS.iter().any(|month| line.starts_with(&format!("{month} ")));
        if is_dated {
            let is_read =
                ours.time != 0 && (ours.host.is_some() || ours.field("app-name").is_some());
            report.compare(
                || line.clone(),
                Some(if is_read { "read" } else { "not" }),
                Some("read"),
            );
        }
    }
    report.conclude(98.0);
}
