//! The failures of one key.

use logwasp_sdk::book::{Facts, Pace, Seen, Story, Verdict};
use logwasp_sdk::state::{Keep, Ring};
use logwasp_sdk::{Alert, Severity, Timestamp};
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::rule::Rule;
use crate::sighting::Sighting;
use crate::text;

/// What is remembered of one key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Failures {
    rule: Rule,
    facts: Facts,
    times: Ring<Timestamp>,
    count: u64,
    first_seen: Timestamp,
    /// How many make an alert.
    min: usize,
}

/// Peers and addresses of one incident that are listed.
const LISTED_MAX: usize = 8;

impl Failures {
    pub(crate) fn new(rule: Rule, config: &Config) -> Self {
        let min = rule.min(config);
        Self { rule, facts: Facts::default(), times: Ring::new(min), count: 0, first_seen: 0, min }
    }

    /// Takes a failure in.
    pub(crate) fn take(&mut self, at: Timestamp, sighting: &Sighting) {
        self.count += 1;
        self.times.push(at);
        let many = |name: &str| match name {
            "src_ip" | "peer" | "sub_code" => LISTED_MAX,
            _ => 1,
        };
        self.facts.merge(&sighting.facts, many);
    }
}

impl Story for Failures {
    type Config = Config;

    fn pace(&self, config: &Config) -> Pace {
        let cooldown = self.rule.cooldown(config);
        Pace { cooldown, update_interval: config.update_interval, quiet: cooldown }
    }

    fn verdict(&mut self, now: Timestamp, config: &Config) -> Verdict {
        let before = now.saturating_sub(config.window.nanos());
        self.times.drop_while(|time| *time < before);
        if self.count <= self.min as u64 {
            // Not yet an incident: what fell out of the window no longer counts.
            self.count = self.times.len() as u64;
            self.first_seen = self.times.oldest().copied().unwrap_or(now);
        }
        if self.times.len() >= self.min {
            Verdict::Alert(self.rule.severity())
        } else {
            Verdict::Silent
        }
    }

    fn count(&self) -> u64 {
        self.count
    }

    fn first_seen(&self) -> Timestamp {
        self.first_seen
    }

    fn alert(&self, key: &str, seen: &Seen, _: &Config) -> Alert {
        let alert = Alert::create(self.rule.code(), key, seen.severity)
            .confidence(self.rule.confidence())
            .title(text::title(self.rule, &self.facts))
            .description(text::description(self.rule, &self.facts, seen))
            .remediation(text::remediation(self.rule, &self.facts));
        self.facts.tell(alert)
    }

    fn overflow(&self, config: &Config) -> (String, Self) {
        let story = Self { min: 1, ..Self::new(self.rule, config) };
        (format!("{} further", self.rule.code()), story)
    }

    fn measure(&self, config: &Config) -> (String, String) {
        let (seen, min, window) = (self.times.len(), self.min, config.window);
        (self.rule.code().to_owned(), format!("{seen} of {min} failures within {window}"))
    }

    fn heap_bytes(&self) -> usize {
        self.facts.heap_bytes() + self.times.heap_bytes()
    }

    fn keep(&self) -> Keep {
        let seen = self.times.len();
        if seen > 1 && (2 * seen > self.min || self.rule.severity() > Severity::Medium) {
            Keep::Protected
        } else if seen > 1 {
            Keep::Several
        } else {
            Keep::Once
        }
    }
}
