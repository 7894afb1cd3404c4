//! An alert in the Common Event Format.
//!
//! Source: ArcSight Common Event Format, version 26: seven header fields, then
//! `key=value` pairs.

use super::facts::{
    PRODUCT, VENDOR, VERSION, addresses, attribute, entity, millis, rule_id, severity_of_ten,
};
use crate::alert::Identified;
use crate::record::Sources;

/// Custom strings, and the keys that say what they are.
const LABELS: [(&str, &str); 6] = [
    ("cs1", "cs1Label"),
    ("cs2", "cs2Label"),
    ("cs3", "cs3Label"),
    ("cs4", "cs4Label"),
    ("cs5", "cs5Label"),
    ("cs6", "cs6Label"),
];

/// The alert as one line, without the line end.
pub fn cef(told: &Identified, sources: &Sources) -> String {
    let alert = &told.alert;
    let mut line = format!(
        "CEF:0|{VENDOR}|{PRODUCT}|{VERSION}|{}|{}|{}|",
        header(&rule_id(told)),
        header(&alert.title),
        severity_of_ten(alert.severity)
    );
    let mut pairs: Vec<(&str, String)> = vec![
        ("rt", millis(alert.time).to_string()),
        ("start", millis(alert.first_seen).to_string()),
        ("end", millis(alert.last_seen).to_string()),
        ("cnt", alert.count.to_string()),
        ("externalId", told.id.clone()),
        ("cat", told.detector.clone()),
        ("act", alert.activity.name().to_owned()),
    ];
    let mut put = |key, value: Option<&str>| {
        pairs.extend(value.map(|value| (key, value.to_owned())));
    };
    put("duser", entity(alert, "user"));
    put("dntdom", attribute(alert, "domain"));
    let source = addresses(alert, "src_ip").next();
    match source {
        Some(ip) if ip.contains(':') => {
            put("c6a2", Some(ip));
            put("c6a2Label", Some("Source IPv6 Address"));
        }
        ip => put("src", ip),
    }
    put("dvchost", entity(alert, "host"));
    let device = entity(alert, "device");
    let first = alert.evidence.first().map(|evidence| sources.resolve(evidence.record));
    let customs = [
        ("kind", attribute(alert, "kind")),
        ("device", device),
        ("cause", attribute(alert, "cause")),
        ("connector", entity(alert, "connector")),
        ("confidence", Some(alert.confidence.name())),
        ("evidence", first.as_deref()),
    ];
    for ((name, value), (key, label)) in customs.into_iter().zip(LABELS) {
        if value.is_some() {
            put(label, Some(name));
            put(key, value);
        }
    }
    put("reason", Some(&alert.description).filter(|text| !text.is_empty()).map(String::as_str));
    put("msg", Some(&alert.title));
    let pairs: Vec<String> =
        pairs.iter().map(|(key, value)| format!("{key}={}", extension(value))).collect();
    line.push_str(&pairs.join(" "));
    line
}

/// In the header, backslash and pipe are escaped, and there are no line breaks.
fn header(text: &str) -> String {
    super::facts::one_line(text).replace('\\', "\\\\").replace('|', "\\|")
}

/// In the extension, backslash, equals sign and line breaks are escaped.
fn extension(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '=' => out.push_str("\\="),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
