//! Encodings of alerts.

mod cef;
mod ecs;
mod facts;
mod leef;
mod ndjson;
mod ocsf;
mod pretty;
mod syslog;
#[cfg(test)]
mod tests;

pub use cef::cef;
pub use ecs::ecs;
pub use leef::leef;
pub use ndjson::ndjson;
pub use ocsf::ocsf;
pub use pretty::{Style, pretty};
pub use syslog::{enveloped, syslog};

use logwasp_core::time::to_rfc3339;

use super::Identified;
use crate::record::Sources;

/// How an alert is written for a program: one line each.
pub type Encoder = fn(&Identified, &Sources) -> String;

/// Text from logs and from guests must not steer the terminal.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}

/// Values by name; a name that repeats has several.
pub(crate) fn grouped(pairs: &[(String, String)]) -> Vec<(&str, Vec<&str>)> {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for (name, value) in pairs {
        match groups.iter_mut().find(|(known, _)| known == name) {
            Some((_, values)) => values.push(value),
            None => groups.push((name, vec![value])),
        }
    }
    groups
}

/// `2026-11-20 09:14:03`; everything is UTC.
pub(crate) fn short_time(nanos: i64) -> String {
    let text = to_rfc3339(nanos);
    format!("{} {}", text.get(..10).unwrap_or_default(), text.get(11..19).unwrap_or_default())
}
