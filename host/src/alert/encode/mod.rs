//! Encodings of alerts.

mod ndjson;
mod pretty;

pub use ndjson::ndjson;
pub use pretty::{Style, pretty};

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
