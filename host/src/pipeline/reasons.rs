//! Reasons: what a detector tells of its decisions, when it is asked.
//!
//! A detector says in its schema that it understands the question; then its options
//! get the key of the question, and lines of its log that begin with the mark are
//! answers (`docs/plugin-guide.md`).

use std::collections::BTreeMap;

/// Key of the options, and keyword of the schema that announces it.
pub const CONFIG_KEY: &str = "x-logwasp-explain";

/// How a line of the log begins that is a reason.
const LINE_MARK: &str = "explain";

/// Why a rule fired or stayed silent for a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Event time, nanoseconds since the Unix epoch.
    pub time: i64,
    /// The rule inside the detector; empty when it is not one rule's.
    pub rule: String,
    /// What the rule looked at: a user, a host, a connector.
    pub key: String,
    /// In words.
    pub text: String,
    /// How often the same was said in a row.
    pub times: u64,
}

impl Reason {
    /// `explain <time> <rule> <key> <text>`, separated by tabs. `None` for any other
    /// line.
    pub fn parse(line: &str) -> Option<Self> {
        let mut cells = line.splitn(5, '\t');
        if cells.next() != Some(LINE_MARK) {
            return None;
        }
        let time = cells.next()?.parse().ok()?;
        let mut cell = || cells.next().map(str::to_owned);
        Some(Self { time, rule: cell()?, key: cell()?, text: cell()?, times: 1 })
    }
}

/// The reasons of one detector, by rule and key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reasons {
    by_subject: BTreeMap<(String, String), Told>,
    /// Reasons about further subjects.
    pub left_out: u64,
}

/// What was told of one rule and key: the beginning and the end of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// All of them.
    pub count: u64,
    /// The first ones.
    pub first: Vec<Reason>,
    /// The newest of those that came after.
    pub last: Vec<Reason>,
    /// How many between them were only counted.
    pub hidden: u64,
}

/// Rules and keys of one detector.
const SUBJECTS_MAX: usize = 50_000;
/// Reasons of one rule and key that are kept from the beginning, and from the end.
const FIRST_MAX: usize = 3;
const LAST_MAX: usize = 5;

impl Reasons {
    /// Adds a reason.
    pub fn add(&mut self, reason: Reason) {
        let subject = (reason.rule.clone(), reason.key.clone());
        if self.by_subject.len() >= SUBJECTS_MAX && !self.by_subject.contains_key(&subject) {
            self.left_out += 1;
            return;
        }
        let told = self.by_subject.entry(subject).or_default();
        told.count += 1;
        let newest = if told.last.is_empty() { &mut told.first } else { &mut told.last };
        if let Some(newest) = newest.last_mut().filter(|newest| newest.text == reason.text) {
            newest.times += 1;
            return;
        }
        if told.first.len() < FIRST_MAX {
            told.first.push(reason);
            return;
        }
        if told.last.len() == LAST_MAX {
            told.hidden += told.last.remove(0).times;
        }
        told.last.push(reason);
    }

    /// What was told of each rule and key.
    pub fn subjects(&self) -> impl Iterator<Item = (&str, &str, &Told)> {
        self.by_subject.iter().map(|((rule, key), told)| (rule.as_str(), key.as_str(), told))
    }
}

impl Told {
    /// The reasons that were kept, in order.
    pub fn kept(&self) -> impl Iterator<Item = &Reason> {
        self.first.iter().chain(&self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: reasons, ordinary lines of the log, and lines cut short.
    /// Guarantees: only whole reasons are reasons.
    #[test]
    fn reasons_are_told_from_other_lines() {
        let reason = Reason::parse("explain\t7\tT1\tuser1\t3 of 5\tsilent").expect("a reason");
        assert_eq!((reason.time, &*reason.key, &*reason.text), (7, "user1", "3 of 5\tsilent"));
        for line in ["explain", "explain\tx\tT1\tk\tr", "explain\t7\tT1", "explained", ""] {
            assert_eq!(Reason::parse(line), None, "{line}");
        }
    }

    /// Scenario: twenty reasons of one subject, then the last of them thrice more.
    /// Guarantees: the beginning and the end are kept, the rest is counted; what is
    /// said again and again is one reason.
    #[test]
    fn the_beginning_and_the_end_are_kept() {
        let mut reasons = Reasons::default();
        for time in (0..20).chain([19; 3]) {
            let line = format!("explain\t{time}\tT1\tuser1\t{time} of 30");
            reasons.add(Reason::parse(&line).expect("a reason"));
        }
        let (_, _, told) = reasons.subjects().next().expect("one");
        let times: Vec<i64> = told.kept().map(|reason| reason.time).collect();
        assert_eq!((times, told.hidden), (vec![0, 1, 2, 15, 16, 17, 18, 19], 12));
        assert_eq!((told.count, told.last.last().map(|reason| reason.times)), (23, Some(4)));
    }
}
