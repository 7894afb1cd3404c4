//! One refusal, judged on its own: what the book-keeping counts.

use logwasp_sdk::Confidence;

use crate::facts::Facts;
use crate::rule::Rule;
use logwasp_sdk::text::cleaned;

/// One refusal and what it speaks for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sighting {
    /// The rule it counts for.
    pub(crate) rule: Rule,
    /// The incident it belongs to.
    pub(crate) key: String,
    /// How sure the judgement is.
    pub(crate) confidence: Confidence,
    /// What it tells.
    pub(crate) facts: Facts,
    /// Hashes of the recipients' domains, or of the recipients, whichever the
    /// rule counts.
    pub(crate) distinct: Vec<u64>,
    /// A stranger reached a foreign recipient in the same session.
    pub(crate) open_relay: bool,
    /// One line for the evidence.
    pub(crate) summary: String,
}

/// The key of an incident: the rule and what it is counted by.
pub(crate) fn key(rule: Rule, parts: &[&str]) -> String {
    let mut key = rule.code().to_owned();
    for part in parts {
        key.push(' ');
        key.push_str(&cleaned(part, KEY_PART_BYTES_MAX));
    }
    key
}

/// Two parts and the rule stay far below what the host accepts as a key.
const KEY_PART_BYTES_MAX: usize = 200;
