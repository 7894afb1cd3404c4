//! An alert as a syslog message.
//!
//! Source: RFC 5424.

use super::facts::{addresses, attribute, entity, one_line, rfc3339, rule_id};
use crate::alert::{Identified, Severity};
use crate::record::Sources;

/// Facility 13, log audit.
const FACILITY: u8 = 13;
/// The enterprise number that RFC 5612 keeps for documentation: we have none.
const SD_ID: &str = "alert@32473";
/// RFC 5424 allows no more.
const FRACTION_DIGITS: usize = 6;
const HOSTNAME_BYTES_MAX: usize = 255;
const MSGID_BYTES_MAX: usize = 32;

/// The alert as one line, without the line end.
pub fn syslog(told: &Identified, sources: &Sources) -> String {
    let alert = &told.alert;
    let first = alert.evidence.first().map(|evidence| sources.resolve(evidence.record));
    let count = alert.count.to_string();
    let revision = told.revision.to_string();
    let rule = rule_id(told);
    let params = [
        ("id", Some(told.id.as_str())),
        ("revision", Some(revision.as_str())),
        ("activity", Some(alert.activity.name())),
        ("rule", Some(rule.as_str())),
        ("sev", Some(alert.severity.name())),
        ("confidence", Some(alert.confidence.name())),
        ("user", entity(alert, "user")),
        ("src", addresses(alert, "src_ip").next()),
        ("host", entity(alert, "host")),
        ("kind", attribute(alert, "kind")),
        ("cause", attribute(alert, "cause")),
        ("count", Some(count.as_str())),
        ("evidence", first.as_deref()),
    ];
    let params: String = params
        .into_iter()
        .filter_map(|(name, value)| Some(format!(" {name}=\"{}\"", param(value?))))
        .collect();
    let message = one_line(&alert.title);
    format!("{} [{SD_ID}{params}] {message}", header(told))
}

/// Another encoding of the alert as the message of a syslog line, without structured
/// data: how CEF and LEEF travel.
pub fn enveloped(told: &Identified, message: &str) -> String {
    format!("{} - {message}", header(told))
}

/// From the priority to the message id.
fn header(told: &Identified) -> String {
    let alert = &told.alert;
    let priority = FACILITY * 8 + severity_number(alert.severity);
    let time = rfc3339(alert.time, FRACTION_DIGITS);
    let host = printable_ascii(&host_name(), HOSTNAME_BYTES_MAX);
    let process = std::process::id();
    let message_id = printable_ascii(&told.detector, MSGID_BYTES_MAX);
    format!("<{priority}>1 {time} {host} logwasp {process} {message_id}")
}

fn severity_number(severity: Severity) -> u8 {
    match severity {
        Severity::Critical => 2,
        Severity::High => 3,
        Severity::Medium => 4,
        Severity::Low => 5,
        Severity::Info => 6,
    }
}

fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Printable ASCII without blanks, or the nil value.
fn printable_ascii(text: &str, bytes_max: usize) -> String {
    let text: String = text.chars().filter(char::is_ascii_graphic).take(bytes_max).collect();
    if text.is_empty() { "-".to_owned() } else { text }
}

/// In a parameter's value, quote, backslash and closing bracket are escaped.
fn param(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in one_line(text).chars() {
        if matches!(c, '"' | '\\' | ']') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
