//! A4: a server that authenticates its mail in an unusual way.
//!
//! Exchange notes how it authenticated the submitter as a hex code. Which codes a
//! server uses for which verdict changes with its connectors, and seldom otherwise.

use std::collections::{BTreeMap, VecDeque};

use logwasp_sdk::state::{BoundedMap, Keep, Weigh};
use logwasp_sdk::time::DAY;
use logwasp_sdk::{Alerts, Confidence, Event, Evidence, Severity, Timestamp, identity};
use serde::{Deserialize, Serialize};

use crate::Context;
use crate::cases::{Hit, Weight};
use crate::foreign;
use crate::inventory::Kinship;
use crate::message::{Message, Origin};
use crate::rule::Rule;
use crate::text;
use crate::why;

/// A mechanism not seen for so long is new.
const BASELINE_DAYS: i64 = 7;
/// Messages within that time that make a baseline.
const BASELINE_MESSAGES_MIN: u32 = 50;
/// What hybrid servers on premises use for mail of their mailboxes.
const HYBRID_MECHANISM: &str = "04";
/// Mechanisms kept of one server; there are few.
const MECHANISMS_MAX: usize = 16;
const MECHANISM_BYTES_MAX: usize = 8;

/// A baseline for each (AuthSource, AuthAs).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Baselines {
    baselines: BoundedMap<String, Baseline>,
}

impl Default for Baselines {
    fn default() -> Self {
        Self { baselines: BoundedMap::new(0) }
    }
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Baseline {
    /// Messages of a day, oldest first.
    days: VecDeque<(i64, u32)>,
    /// When each mechanism was seen last.
    mechanisms: BTreeMap<String, Timestamp>,
}

/// What was usual when something unusual came.
struct Drift {
    messages: u32,
    usual: String,
}

impl Baselines {
    pub(crate) fn set_bytes_max(&mut self, bytes_max: usize) {
        self.baselines.set_bytes_max(bytes_max);
    }

    pub(crate) fn message(
        &mut self,
        message: &Message,
        event: &Event<'_>,
        context: &mut Context<'_>,
        alerts: &mut Alerts,
    ) {
        // Codes of trace rows are of another server's, at another hop.
        if message.origin == Origin::Trace {
            return;
        }
        let (Some(source), Some(auth_as), Some(mechanism)) =
            (&message.auth_source, &message.auth_as, &message.auth_mechanism)
        else {
            return;
        };
        let mechanism = text::shorten(mechanism, MECHANISM_BYTES_MAX);
        let key = format!("{}|{}", source.to_lowercase(), auth_as.to_lowercase());
        let group = format!("A4|{}|{mechanism}", text::shorten(&key, 300));
        let now = alerts.now();
        let drift = if event.is_late() {
            None
        } else {
            let is_hybrid_usual = mechanism == HYBRID_MECHANISM
                && message.is_internal()
                && foreign::source_kinship(message, context.inventory) == Some(Kinship::Own);
            let note = |baseline: &mut Baseline| {
                why::baseline(&group, BASELINE_MESSAGES_MIN, is_hybrid_usual, || {
                    baseline.known(&mechanism)
                });
                baseline.note(&mechanism, now, is_hybrid_usual)
            };
            self.baselines.touch(key, now, Baseline::default, note).0
        };
        let weight = if drift.is_some() { Weight::Full } else { Weight::AddOnly };
        let spans = context.spans();
        if weight == Weight::Full || context.cases.is_open(&group, now, spans) {
            let hit = hit(group, source, &mechanism, drift.as_ref(), message, event);
            context.cases.report(hit, weight, spans, alerts);
        }
    }

    pub(crate) fn expire(&mut self, now: Timestamp) {
        self.baselines.expire(now - BASELINE_DAYS * DAY);
    }
}

impl Baseline {
    /// Messages of the baseline, and whether the mechanism is among them.
    fn known(&self, mechanism: &str) -> (u32, bool) {
        let messages = self.days.iter().fold(0_u32, |sum, (_, count)| sum.saturating_add(*count));
        (messages, self.mechanisms.contains_key(mechanism))
    }

    /// Takes a message; tells when its mechanism is unusual.
    fn note(&mut self, mechanism: &str, now: Timestamp, is_usual: bool) -> Option<Drift> {
        let today = now.div_euclid(DAY);
        while self.days.front().is_some_and(|(day, _)| *day <= today - BASELINE_DAYS) {
            self.days.pop_front();
        }
        self.mechanisms.retain(|_, seen| now - *seen <= BASELINE_DAYS * DAY);
        let messages = self.days.iter().fold(0_u32, |sum, (_, count)| sum.saturating_add(*count));
        let is_new = !is_usual && !self.mechanisms.contains_key(mechanism);
        let drift = (is_new && messages >= BASELINE_MESSAGES_MIN)
            .then(|| Drift { messages, usual: self.usual() });
        self.add(mechanism, now, today);
        drift
    }

    fn add(&mut self, mechanism: &str, now: Timestamp, today: i64) {
        match self.days.back_mut() {
            Some((day, count)) if *day >= today => *count = count.saturating_add(1),
            _ => self.days.push_back((today, 1)),
        }
        self.mechanisms.insert(mechanism.to_owned(), now);
        if self.mechanisms.len() > MECHANISMS_MAX {
            let oldest = self.mechanisms.iter().min_by_key(|(_, seen)| **seen);
            if let Some(oldest) = oldest.map(|(mechanism, _)| mechanism.clone()) {
                self.mechanisms.remove(&oldest);
            }
        }
    }

    fn usual(&self) -> String {
        self.mechanisms.keys().map(String::as_str).collect::<Vec<_>>().join(",")
    }
}

impl Weigh for Baseline {
    fn heap_bytes(&self) -> usize {
        // Key and value of a mechanism, and its share of a tree node.
        let mechanisms = self.mechanisms.len() * (MECHANISM_BYTES_MAX + 96);
        self.days.capacity() * size_of::<(i64, u32)>() + mechanisms + 128
    }

    fn keep(&self) -> Keep {
        match self.days.iter().fold(0_u32, |sum, (_, count)| sum.saturating_add(*count)) {
            0 | 1 => Keep::Once,
            count if count <= BASELINE_MESSAGES_MIN / 2 => Keep::Several,
            _ => Keep::Protected,
        }
    }
}

fn hit(
    group: String,
    source: &str,
    mechanism: &str,
    drift: Option<&Drift>,
    message: &Message,
    event: &Event<'_>,
) -> Hit {
    let mut entities = Vec::from_iter(identity::host(source).map(|host| ("host", host)));
    entities.extend(foreign::entities(message, None));
    let running = drift.map(|drift| {
        vec![
            ("usual_mechanisms", drift.usual.clone()),
            ("baseline_messages", drift.messages.to_string()),
        ]
    });
    Hit {
        rule: Rule::A4,
        group,
        severity: Severity::Low,
        confidence: Confidence::Medium,
        title: text::mechanism_drift(source, mechanism),
        also: None,
        entities,
        facts: message.facts(),
        running: running.unwrap_or_default(),
        first_seen: event.time(),
        count: 1,
        earlier: Vec::new(),
        latest: Evidence::of(event, message.summary()),
    }
}
