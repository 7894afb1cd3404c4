//! Syslog: what telegraf and rsyslog make of torture cases, and OSSEC of its samples.

use std::collections::BTreeMap;
use std::path::Path;

use crate::report::Report;
use crate::support::{Owned, corpus, files, load, read};

/// 2026-12-23: after every date without a year that is expected in 2026.
const REFERENCE: i64 = 1_798_000_000_000_000_000;

/// One line of InfluxDB's line protocol: tags and fields together.
fn line_protocol(line: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let (mut name, mut value) = (String::new(), None::<String>);
    let (mut quoted, mut escaped) = (false, false);
    for c in line.chars().chain(" ".chars()) {
        let is_value = value.is_some();
        match c {
            '\\' if !escaped => {
                escaped = true;
                continue;
            }
            '"' if !escaped => quoted = !quoted,
            '=' if !escaped && !quoted && !is_value => value = Some(String::new()),
            ',' | ' ' if !escaped && !quoted => {
                if let Some(value) = value.take() {
                    found.insert(std::mem::take(&mut name), value);
                }
                name.clear();
            }
            _ => {
                let meant = if escaped && c == 'n' { '\n' } else { c };
                value.as_mut().unwrap_or(&mut name).push(meant);
            }
        }
        escaped = false;
    }
    found
}

/// Reasons to leave a case out, by the name of its folder.
fn telegraf_exception(case: &str) -> Option<&'static str> {
    match case {
        "rfc5424_best_effort_toolong_appname" => Some("a name that is too long is read here"),
        "octet_counting_best_effort_tcp_1st_underflow_nok" => {
            Some("a header cut off is a message here")
        }
        _ => None,
    }
}

fn compare_metric(
    report: &mut Report,
    case: &str,
    ours: &Owned,
    theirs: &BTreeMap<String, String>,
) {
    let plain =
        |name: &str| theirs.get(name).map(|value| value.trim_end_matches(['i', 'u']).to_owned());
    let at = |name: &'static str| move || format!("{case} {name}");
    for (name, expected) in
        [("facility", plain("facility_code")), ("severity", plain("severity_code"))]
    {
        report.compare(at(name), ours.field(name), expected.as_deref());
    }
    for (name, expected) in [("app-name", "appname"), ("procid", "procid"), ("msgid", "msgid")] {
        report.compare(at(name), ours.field(name), theirs.get(expected).map(String::as_str));
    }
    report.compare(at("host"), ours.host.as_deref(), theirs.get("hostname").map(String::as_str));
    let message = ours.field("message").filter(|message| !message.is_empty());
    report.compare(at("message"), message, theirs.get("message").map(|m| m.trim_end_matches('\n')));
    if let Some(time) = plain("timestamp") {
        report.compare(at("time"), Some(&ours.time.to_string()), Some(&time));
    }
    for (name, values) in ours.fields.iter().filter(|(name, _)| name.contains('/')) {
        let expected = theirs.get(&name.replace('/', "_")).map(String::as_str);
        report.compare(|| format!("{case} {name}"), values.first().map(String::as_str), expected);
    }
}

/// Scenario: telegraf's cases: RFC 5424 and 3164, octet counts and lines.
/// Guarantees: header, data and message as telegraf reads them, 98 % at least.
#[test]
fn telegraf_cases_are_read() {
    let Some(folder) = corpus("syslog/telegraf") else { return };
    let mut report = Report::new("syslog/telegraf");
    for path in files(&folder).iter().filter(|path| path.ends_with("input.txt")) {
        let expected = path.with_file_name("expected.out");
        let case = path
            .parent()
            .and_then(Path::file_name)
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let Ok(expected) = std::fs::read_to_string(&expected) else { continue };
        report.file();
        if let Some(reason) = telegraf_exception(&case) {
            report.skip(reason);
            continue;
        }
        let events = read(&load(path), None, REFERENCE).events;
        // A message in quotes may have line ends, here spelled.
        let metrics: Vec<_> = expected.split("\nsyslog,").map(line_protocol).collect();
        report.compare(
            || format!("{case}: messages"),
            Some(&events.len().to_string()),
            Some(&metrics.len().to_string()),
        );
        for (ours, theirs) in events.iter().zip(&metrics) {
            compare_metric(&mut report, &case, ours, theirs);
        }
    }
    report.conclude(98.0);
}

/// Cases as input and expected output, comments left out.
fn rsyslog_pairs(path: &Path) -> Vec<(Vec<u8>, Vec<u8>)> {
    let text = load(path);
    let lines = text
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty() && !line.starts_with(b"#"));
    let lines: Vec<_> = lines.map(<[u8]>::to_vec).collect();
    lines.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
}

fn rsyslog_exception(name: &str, input: &str) -> Option<&'static str> {
    match name {
        "upcase-date.parse1" => Some("rsyslog takes the year for the host"),
        "8bit.parse_8bit_escape" | "1.tabescape_dflt" => Some("rsyslog escapes control characters"),
        "master.rfctag" if input.contains("toolong") => Some("rsyslog cuts the tag"),
        _ => None,
    }
}

fn short_time(nanos: i64) -> String {
    let at = jiff::Timestamp::from_nanosecond(nanos.into()).expect("in range");
    at.to_zoned(jiff::tz::TimeZone::UTC).strftime("%b %e %H:%M:%S").to_string()
}

/// `PRI,facility,severity,time,host,program,tag,message`
fn compare_parse(report: &mut Report, name: &str, ours: &Owned, expected: &str) {
    let parts: Vec<_> = expected.splitn(8, ',').collect();
    let [pri, _, _, time, host, _, tag, message] = parts[..] else { panic!("{name}: {expected}") };
    let at = |what: &'static str| move || format!("{name} {what}");
    let number = |field| ours.field(field).and_then(|n| n.parse::<u32>().ok()).unwrap_or_default();
    let priority = (number("facility") * 8 + number("severity")).to_string();
    report.compare(at("priority"), Some(&priority), Some(pri));
    let time = time.replace(" 0", "  ");
    report.compare(at("time"), Some(&short_time(ours.time)), Some(&time));
    report.compare(at("host"), ours.host.as_deref(), Some(host));
    compare_tag(report, name, ours, tag, message);
}

/// A word without a colon is rsyslog's tag; for us it is the message's first.
fn compare_tag(report: &mut Report, name: &str, ours: &Owned, tag: &str, message: &str) {
    let at = |what: &'static str| move || format!("{name} {what}");
    let is_tag = tag.ends_with(':') || ours.field("msgid").is_some() || tag.is_empty();
    let (app, message) = if is_tag {
        let app = tag.trim_end_matches(':').split('[').next().filter(|app| !app.is_empty());
        (app, message.strip_prefix(' ').unwrap_or(message).to_owned())
    } else {
        (None, format!("{tag}{message}"))
    };
    report.compare(at("app-name"), ours.field("app-name"), app);
    report.compare(at("message"), ours.field("message"), Some(&message));
}

/// Scenario: rsyslog's parser tests.
/// Guarantees: priority, time, host, tag and message as rsyslog reads them, 98 % at
/// least.
#[test]
fn rsyslog_cases_are_read() {
    let Some(folder) = corpus("syslog/rsyslog") else { return };
    let mut report = Report::new("syslog/rsyslog");
    for path in files(&folder) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let kind = name.rsplit('.').next().unwrap_or_default();
        if !matches!(
            kind,
            "parse1"
                | "ts3164"
                | "ts3339"
                | "rfctag"
                | "nolimittag"
                | "subsecond"
                | "parse_8bit_escape"
                | "tabescape_off"
                | "tabescape_dflt"
                | "pmlastmsg"
        ) {
            continue;
        }
        if name.contains("snare") {
            // Windows events, and not messages.
            continue;
        }
        report.file();
        for (input, expected) in rsyslog_pairs(&path) {
            let input_text = String::from_utf8_lossy(&input).into_owned();
            let expected = String::from_utf8_lossy(&expected).into_owned();
            if let Some(reason) = rsyslog_exception(&name, &input_text) {
                report.skip(reason);
                continue;
            }
            let events = read(&input, Some(logwasp_core::format::Format::Syslog), REFERENCE).events;
            let ours = events.first().expect("a message");
            match kind {
                "parse1" => compare_parse(&mut report, &name, ours, &expected),
                "ts3164" => {
                    report.compare(|| name.clone(), Some(&short_time(ours.time)), Some(&expected));
                }
                "ts3339" => {
                    let theirs: jiff::Timestamp = expected.parse().expect("RFC 3339");
                    report.compare(
                        || name.clone(),
                        Some(&ours.time.to_string()),
                        Some(&theirs.as_nanosecond().to_string()),
                    );
                }
                "subsecond" => {
                    let fraction = ours.time.rem_euclid(1_000_000_000);
                    let theirs = format!("{expected:0<9}").parse::<i64>().expect("digits");
                    report.compare(
                        || name.clone(),
                        Some(&fraction.to_string()),
                        Some(&theirs.to_string()),
                    );
                }
                "rfctag" | "nolimittag" => {
                    let tag = expected.trim_matches('+');
                    compare_tag(&mut report, &name, ours, tag, " Rest of message...");
                }
                "pmlastmsg" if expected.starts_with("last") => {
                    report.compare(|| input_text.clone(), ours.field("message"), Some(&expected));
                }
                "tabescape_off" => compare_tag(&mut report, &name, ours, "test:", &expected),
                _ => {}
            }
        }
    }
    report.conclude(98.0);
}

/// Scenario: OSSEC's samples with what its pre-decoder found.
/// Guarantees: the same host and program, 98 % at least.
#[test]
fn ossec_samples_are_read() {
    let Some(folder) = corpus("siem-rule-tests/ossec+ossec-hids") else { return };
    let mut report = Report::new("siem-rule-tests/ossec");
    for path in files(&folder).iter().filter(|path| path.ends_with("res")) {
        let expected = String::from_utf8_lossy(&load(path)).into_owned();
        let value = |name: &str| {
            let rest = expected.split(&format!("{name}: '")).nth(1)?;
            rest.split('\'').next().filter(|value| *value != "(null)").map(str::to_owned)
        };
        // Without a program, OSSEC read no header at all: it knows days of two places.
        let Some(program) = value("program_name") else { continue };
        report.file();
        let events = read(&load(&path.with_file_name("log")), None, REFERENCE).events;
        let ours = events.first().expect("a message");
        let place = path.display();
        report.compare(|| format!("{place} program"), ours.field("app-name"), Some(&program));
        report.compare(
            || format!("{place} host"),
            ours.host.as_deref(),
            value("hostname").as_deref(),
        );
    }
    report.conclude(98.0);
}
