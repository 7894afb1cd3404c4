//! The throttled submissions of one source address.

use logwasp_sdk::book::{Facts, Pace, Seen, Story, Verdict};
use logwasp_sdk::state::{Keep, Ring};
use logwasp_sdk::{Alert, Confidence, Severity, Timestamp};
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::reply::Rule;
use crate::sighting::{SOURCES, Sighting};
use crate::text;

/// What is remembered of one address.
///
/// Send log, tracking log and gateway tell of the same submissions, so each kind of
/// log is counted for itself and the longest count decides.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Throttling {
    rule: Rule,
    facts: Facts,
    times: [Ring<Timestamp>; SOURCES],
    counts: [u64; SOURCES],
    first_seen: Timestamp,
    newest: Timestamp,
    /// It was enough once: from then on everything counts.
    is_enough: bool,
    min: usize,
}

/// Addresses, hosts and codes of one incident that are listed.
const LISTED_MAX: usize = 8;

impl Throttling {
    pub(crate) fn new(rule: Rule, config: &Config) -> Self {
        let min = if rule == Rule::Blocked { 1 } else { config.min as usize };
        let kept = min.max(config.burst as usize);
        Self {
            rule,
            facts: Facts::default(),
            times: std::array::from_fn(|_| Ring::new(kept)),
            counts: [0; SOURCES],
            first_seen: 0,
            newest: 0,
            is_enough: false,
            min,
        }
    }

    /// Takes a submission in.
    pub(crate) fn take(&mut self, at: Timestamp, sighting: &Sighting) {
        if let (Some(times), Some(count)) =
            (self.times.get_mut(sighting.source), self.counts.get_mut(sighting.source))
        {
            times.push(at);
            *count += 1;
        }
        self.newest = self.newest.max(at);
        let many = |name: &str| match name {
            "host" | "src_ip" | "connector" | "peer" | "code" => LISTED_MAX,
            _ => 1,
        };
        self.facts.merge(&sighting.facts, many);
    }

    fn within_window(&self) -> usize {
        self.times.iter().map(Ring::len).max().unwrap_or_default()
    }

    /// What fell out of the window no longer counts.
    fn forget(&mut self, now: Timestamp) {
        for (count, times) in self.counts.iter_mut().zip(&self.times) {
            *count = times.len() as u64;
        }
        let oldest = self.times.iter().filter_map(|times| times.oldest().copied()).min();
        self.first_seen = oldest.unwrap_or(now);
    }
}

impl Story for Throttling {
    type Config = Config;

    fn pace(&self, config: &Config) -> Pace {
        Pace {
            cooldown: config.cooldown,
            update_interval: config.update_interval,
            quiet: config.recovery,
        }
    }

    fn verdict(&mut self, now: Timestamp, config: &Config) -> Verdict {
        let before = now.saturating_sub(config.window.nanos());
        self.times.iter_mut().for_each(|times| times.drop_while(|time| *time < before));
        if !self.is_enough {
            self.forget(now);
        }
        let hits = self.within_window();
        self.is_enough |= hits >= self.min;
        let lasts = self.newest.saturating_sub(self.first_seen) > config.lasting.nanos();
        if !self.is_enough {
            Verdict::Silent
        } else if self.rule == Rule::Blocked || hits >= config.burst as usize || lasts {
            Verdict::Alert(Severity::High)
        } else if hits >= self.min {
            Verdict::Alert(Severity::Medium)
        } else {
            Verdict::Silent
        }
    }

    fn count(&self) -> u64 {
        self.counts.iter().copied().max().unwrap_or_default()
    }

    fn first_seen(&self) -> Timestamp {
        self.first_seen
    }

    fn alert(&self, key: &str, seen: &Seen, _: &Config) -> Alert {
        let confidence = match self.rule {
            Rule::Throttled => Confidence::Medium,
            Rule::Blocked => Confidence::High,
        };
        let alert = Alert::create(self.rule.code(), key, seen.severity)
            .confidence(confidence)
            .title(text::title(self.rule, &self.facts))
            .description(text::description(self.rule, &self.facts, seen))
            .remediation(text::remediation(self.rule));
        let alert = self.facts.tell(alert);
        match self.rule {
            Rule::Throttled => alert.attribute("cause", text::CAUSE),
            Rule::Blocked => alert,
        }
    }

    fn overflow(&self, config: &Config) -> (String, Self) {
        let story = Self { min: 1, ..Self::new(self.rule, config) };
        (format!("{} further", self.rule.code()), story)
    }

    fn measure(&self, config: &Config) -> (String, String) {
        let (hits, min, window) = (self.within_window(), self.min, config.window);
        (self.rule.code().to_owned(), format!("{hits} of {min} submissions within {window}"))
    }

    fn heap_bytes(&self) -> usize {
        self.facts.heap_bytes() + self.times.iter().map(Ring::heap_bytes).sum::<usize>()
    }

    fn keep(&self) -> Keep {
        match self.within_window() {
            hits if hits > 1 && 2 * hits > self.min => Keep::Protected,
            0 | 1 => Keep::Once,
            _ => Keep::Several,
        }
    }
}
