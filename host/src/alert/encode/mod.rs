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

use super::Identified;
use crate::record::Sources;

/// How an alert is written for a program: one line each.
pub type Encoder = fn(&Identified, &Sources) -> String;

/// Text from logs and from guests must not steer the terminal.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}

/// Values by name; a name that repeats has several.
fn grouped(pairs: &[(String, String)]) -> Vec<(&str, Vec<&str>)> {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for (name, value) in pairs {
        match groups.iter_mut().find(|(known, _)| known == name) {
            Some((_, values)) => values.push(value),
            None => groups.push((name, vec![value])),
        }
    }
    groups
}
