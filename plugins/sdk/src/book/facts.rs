//! What the hits of one incident told.

use serde::{Deserialize, Serialize};

use crate::alert::Alert;
use crate::identity::meaningful;
use crate::text::clean;

/// Names and values in the order in which they became known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    known: Vec<(String, String)>,
}

/// Names that go into an alert's entities; all others are attributes.
const ENTITIES: [&str; 7] =
    ["user", "host", "src_ip", "device", "connector", "tenant", "message_id"];

/// Longest value kept.
const VALUE_BYTES_MAX: usize = 300;

impl Facts {
    /// Adds what a cell says; an absent or blank cell, or `-`, says nothing.
    pub fn with(mut self, name: &str, value: Option<&str>) -> Self {
        self.add(name, value, 1);
        self
    }

    /// Adds a value unless it is known or `name` has `values_max` values. True when
    /// it was added.
    pub fn add(&mut self, name: &str, value: Option<&str>, values_max: usize) -> bool {
        let Some(value) = value.and_then(meaningful) else { return false };
        let value = clean(value, VALUE_BYTES_MAX);
        if self.all(name).count() >= values_max || self.all(name).any(|have| have == value) {
            return false;
        }
        self.known.push((name.to_owned(), value));
        true
    }

    /// Takes over what is new in `other`, up to `values_max` values of each name.
    pub fn merge(&mut self, other: &Self, values_max: impl Fn(&str) -> usize) {
        for (name, value) in &other.known {
            self.add(name, Some(value), values_max(name));
        }
    }

    /// Replaces all values of `name`.
    pub fn set(&mut self, name: &str, value: Option<&str>) {
        self.known.retain(|(have, _)| have != name);
        self.add(name, value, 1);
    }

    /// The first value of `name`.
    pub fn first(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// All values of `name`.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.known.iter().filter(move |(have, _)| have == name).map(|(_, value)| value.as_str())
    }

    /// Gives everything to an alert: entities one by one, the values of an
    /// attribute joined by commas.
    pub fn tell(&self, mut alert: Alert) -> Alert {
        for name in ENTITIES {
            for value in self.all(name) {
                alert = alert.entity(name, value);
            }
        }
        for (name, _) in &self.known {
            if !ENTITIES.contains(&name.as_str()) && alert.attribute_value(name).is_none() {
                let values: Vec<&str> = self.all(name).collect();
                alert = alert.attribute(name, values.join(","));
            }
        }
        alert
    }

    /// Heap bytes, about.
    pub fn heap_bytes(&self) -> usize {
        self.known.capacity() * size_of::<(String, String)>()
            + self.known.iter().map(|(n, v)| n.capacity() + v.capacity()).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Severity;

    /// Scenario: repeated, blank and further values.
    /// Guarantees: each value once, within the limit; entities and attributes go
    /// where they belong.
    #[test]
    fn facts_are_told() {
        let mut facts = Facts::default().with("host", Some("exch01")).with("code", Some(" - "));
        assert!(facts.add("peers", Some("a"), 2) && facts.add("peers", Some("b"), 2));
        assert!(!facts.add("peers", Some("a"), 3) && !facts.add("peers", Some("c"), 2));
        facts.merge(&Facts::default().with("host", Some("exch02")).with("error", Some("x")), |_| 1);
        let alert = facts.tell(Alert::create("X1", "k", Severity::Low));
        assert_eq!(alert.entities, [("host".to_owned(), "exch01".to_owned())]);
        assert_eq!(alert.attribute_value("peers"), Some("a,b"));
        assert_eq!(alert.attribute_value("error"), Some("x"));
        facts.set("error", Some("y"));
        assert_eq!((facts.first("error"), facts.first("code")), (Some("y"), None));
    }
}
