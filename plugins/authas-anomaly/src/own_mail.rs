//! A1 and A5: mail of our own servers that Exchange Online takes for a stranger's.
//!
//! All mail of one sender domain by one server on premises is a *flow*. Exchange
//! Online attributes it to the hybrid connector (AuthAs Internal) or does not
//! (Anonymous, from the Internet). A1 is a message of the second kind; A5 is a flow
//! that turned from the first kind to the second.

use logwasp_sdk::state::{BoundedMap, Timers, Verdict};
use logwasp_sdk::time::format_timestamp;
use logwasp_sdk::{Alerts, Confidence, Event, Evidence, Severity, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Context;
use crate::cases::{Hit, Weight};
use crate::config::Config;
use crate::flow::{Break, Counted, Flow};
use crate::foreign;
use crate::inventory::Inventory;
use crate::message::{Message, Origin};
use crate::route::{self, Departure};
use crate::rule::Rule;
use crate::seen::{SeenMessages, hash};
use crate::text;
use crate::why;

/// So many senders within the window make A1 high.
const SENDERS_HIGH: usize = 3;

/// The flows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct OwnMail {
    flows: BoundedMap<String, Flow>,
    seen: SeenMessages,
    /// When a repair counts as proven.
    repairs: Timers<String>,
}

impl Default for OwnMail {
    fn default() -> Self {
        Self {
            flows: BoundedMap::new(0),
            seen: SeenMessages::default(),
            repairs: Timers::default(),
        }
    }
}

/// What Exchange Online made of a message of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Treatment {
    Internal,
    Anonymous,
}

fn treatment(message: &Message, inventory: &Inventory) -> Option<Treatment> {
    if foreign::is_good(message, inventory) {
        return Some(Treatment::Internal);
    }
    if message.is_from_internet() {
        return Some(Treatment::Anonymous);
    }
    if message.is_anonymous() {
        // Attributed to the connector, or anonymous before it left: a device or an
        // application that submits without authentication. The hybrid works.
        let anonymous_by_itself =
            message.is_attributed_on_prem() || message.was_anonymous_on_prem();
        return (!anonymous_by_itself).then_some(Treatment::Anonymous);
    }
    message.is_internal().then_some(Treatment::Internal)
}

/// A message of ours on its way through a flow.
struct Passage<'a> {
    message: &'a Message,
    domain: &'a str,
    departure: Departure,
    flow: String,
}

impl<'a> Passage<'a> {
    fn of(message: &'a Message, context: &Context<'_>) -> Option<Self> {
        let domain = message.sender_domain.as_deref()?;
        if !context.inventory.accepts_domain(domain) {
            return None;
        }
        let departure = route::departure(message, context.inventory)?;
        let flow =
            format!("{}|{}", text::shorten(domain, 200), text::shorten(&departure.host, 100));
        Some(Self { message, domain, departure, flow })
    }

    fn group(&self, rule: Rule) -> String {
        group(rule, &self.flow)
    }

    fn entities(&self) -> Vec<(&'static str, String)> {
        let message = self.message;
        let mut entities = vec![("host", self.departure.host.clone())];
        let named = [
            ("tenant", message.tenant()),
            ("connector", message.connector.as_ref()),
            ("message_id", message.id.as_ref()),
        ];
        entities.extend(named.into_iter().filter_map(|(name, value)| Some((name, value?.clone()))));
        entities
    }

    fn confidence(&self) -> Confidence {
        let message = self.message;
        if message.origin == Origin::Trace {
            Confidence::Low
        } else if self.departure.direct && message.is_anonymous() && message.is_from_internet() {
            Confidence::High
        } else {
            Confidence::Medium
        }
    }
}

fn group(rule: Rule, flow: &str) -> String {
    format!("{}|{flow}", rule.code())
}

impl OwnMail {
    pub(crate) fn set_bytes_max(&mut self, flows: usize, seen: usize) {
        self.flows.set_bytes_max(flows);
        self.seen.set_bytes_max(seen);
    }

    pub(crate) fn message(
        &mut self,
        message: &Message,
        event: &Event<'_>,
        context: &mut Context<'_>,
        alerts: &mut Alerts,
    ) {
        let Some(treatment) = treatment(message, context.inventory) else {
            why::no_flow(message, "neither internal nor anonymous to Exchange Online");
            return;
        };
        let Some(passage) = Passage::of(message, context) else {
            why::no_flow(message, "not of an accepted domain by a server of ours to the cloud");
            return;
        };
        let is_repeat = !event.is_late() && self.is_repeat(&passage, treatment, alerts.now());
        match treatment {
            // It came in from the Internet first: anonymous by design.
            Treatment::Anonymous if route::came_through_us(message, context.inventory) => {
                why::no_flow(message, "it came in from the Internet first: anonymous by design");
            }
            Treatment::Anonymous if event.is_late() || is_repeat => {
                why::no_flow(message, "late, or a copy of a message that was counted");
                let weight = if is_repeat { Weight::Repeat } else { Weight::AddOnly };
                add_to_open_case(&passage, weight, event, context, alerts);
            }
            Treatment::Anonymous => self.anonymous(&passage, event, context, alerts),
            Treatment::Internal if event.is_late() || is_repeat => {}
            Treatment::Internal => self.internal(&passage, context, alerts.now()),
        }
    }

    /// True when a copy of the message was counted already.
    fn is_repeat(&mut self, passage: &Passage<'_>, treatment: Treatment, now: Timestamp) -> bool {
        let Some(id) = &passage.message.id else { return false };
        let treated_as = if treatment == Treatment::Internal { "I" } else { "A" };
        self.seen.is_repeat(hash([id, &passage.flow, treated_as]), now)
    }

    fn internal(&mut self, passage: &Passage<'_>, context: &Context<'_>, now: Timestamp) {
        let repaired = self.touch(passage, now, context, |flow| flow.internal(now));
        why::internal(&passage.flow, repaired);
        if repaired {
            self.repairs.set(proven_at(now, context.config), passage.flow.clone());
        }
    }

    fn anonymous(
        &mut self,
        passage: &Passage<'_>,
        event: &Event<'_>,
        context: &mut Context<'_>,
        alerts: &mut Alerts,
    ) {
        let now = alerts.now();
        let config = context.config;
        let sender = hash([passage.message.sender.as_deref().unwrap_or_default()]);
        let counted = self.touch(passage, now, context, |flow| {
            flow.anonymous(now, sender, event.record(), config)
        });
        why::anonymous(&passage.flow, &counted, config);
        let ready = !counted.is_quiet && counted.in_window >= config.min_messages as usize;
        let a1_open = context.cases.is_open(&passage.group(Rule::A1), now, context.spans());
        let (hit, may_begin) = if ready || a1_open {
            (a1(passage, event, counted, config.burst), ready)
        } else {
            let may_begin = !counted.is_quiet && counted.broke.is_some();
            (a5(passage, event, counted), may_begin)
        };
        let weight = if may_begin { Weight::Full } else { Weight::AddOnly };
        if let Some(verdict) = context.cases.report(hit, weight, context.spans(), alerts) {
            let is_new = verdict == Verdict::Create;
            self.touch(passage, now, context, |flow| flow.note_told(is_new));
        }
    }

    fn touch<R>(
        &mut self,
        passage: &Passage<'_>,
        now: Timestamp,
        context: &Context<'_>,
        change: impl FnOnce(&mut Flow) -> R,
    ) -> R {
        let (result, evicted) = self.flows.touch(passage.flow.clone(), now, Flow::default, change);
        for (gone, flow) in evicted {
            if let Some(repaired_at) = flow.repaired_at() {
                self.repairs.clear(proven_at(repaired_at, context.config), gone);
            }
        }
        result
    }

    pub(crate) fn deadline(&self) -> Option<Timestamp> {
        self.repairs.deadline()
    }

    /// Closes the cases of flows that stayed well since their repair.
    pub(crate) fn timer(&mut self, now: Timestamp, context: &mut Context<'_>, alerts: &mut Alerts) {
        while let Some(flow) = self.repairs.pop(now) {
            if self.flows.get_mut(&flow).is_some_and(Flow::ends_repair) {
                context.cases.close(&group(Rule::A1, &flow), alerts);
                context.cases.close(&group(Rule::A5, &flow), alerts);
            }
        }
    }

    pub(crate) fn expire(&mut self, now: Timestamp) {
        self.seen.expire(now);
    }
}

/// When a repair first seen at `repaired_at` has had its time.
fn proven_at(repaired_at: Timestamp, config: &Config) -> Timestamp {
    repaired_at.saturating_add(config.post_fix_quiet.nanos())
}

/// A late message or a copy: it only adds to what is open.
fn add_to_open_case(
    passage: &Passage<'_>,
    weight: Weight,
    event: &Event<'_>,
    context: &mut Context<'_>,
    alerts: &mut Alerts,
) {
    let counted = Counted::default();
    let a1_open = context.cases.is_open(&passage.group(Rule::A1), alerts.now(), context.spans());
    let hit =
        if a1_open { a1(passage, event, counted, u32::MAX) } else { a5(passage, event, counted) };
    context.cases.report(hit, weight, context.spans(), alerts);
}

fn a1(passage: &Passage<'_>, event: &Event<'_>, counted: Counted, burst: u32) -> Hit {
    let is_burst = counted.in_window >= burst as usize || counted.senders >= SENDERS_HIGH;
    let broke_at = counted.broke.as_ref().map(|broke| broke.at);
    let mut running = counted.broke.as_ref().map(break_attributes).unwrap_or_default();
    if counted.senders > 0 {
        running.push(("senders", counted.senders.to_string()));
    }
    let hit = hit(Rule::A1, passage, event);
    Hit {
        severity: if is_burst { Severity::High } else { Severity::Medium },
        title: text::own_mail_anonymous(passage.domain, &passage.departure.host, broke_at),
        also: broke_at.map(|_| Rule::A5),
        running,
        first_seen: counted.earlier.first().map_or(hit.first_seen, |first| first.time),
        count: counted.untold.max(1) as u64,
        earlier: counted.earlier,
        ..hit
    }
}

fn a5(passage: &Passage<'_>, event: &Event<'_>, counted: Counted) -> Hit {
    let hit = hit(Rule::A5, passage, event);
    let Some(broke) = counted.broke else { return hit };
    Hit {
        title: text::trust_broke(passage.domain, &passage.departure.host, broke.at),
        running: break_attributes(&broke),
        first_seen: counted.earlier.first().map_or(hit.first_seen, |first| first.time),
        count: counted.untold.max(1) as u64,
        earlier: counted.earlier,
        ..hit
    }
}

/// What A1 and A5 have in common.
fn hit(rule: Rule, passage: &Passage<'_>, event: &Event<'_>) -> Hit {
    let message = passage.message;
    Hit {
        rule,
        group: passage.group(rule),
        severity: Severity::Medium,
        confidence: passage.confidence(),
        title: String::new(),
        also: None,
        entities: passage.entities(),
        facts: message.facts(),
        running: Vec::new(),
        first_seen: event.time(),
        count: 1,
        earlier: Vec::new(),
        latest: Evidence::of(event, message.summary()),
    }
}

fn break_attributes(broke: &Break) -> Vec<(&'static str, String)> {
    vec![
        ("broke_at", format_timestamp(broke.at)),
        ("anonymous", broke.anonymous.to_string()),
        ("internal", broke.internal.to_string()),
        ("ratio", format!("{:.2}", broke.ratio())),
        ("ratio_before", format!("{:.2}", broke.ratio_before)),
    ]
}
