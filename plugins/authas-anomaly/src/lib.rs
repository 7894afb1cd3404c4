//! Mail whose sender Exchange judged wrongly: our own taken for a stranger's, a
//! stranger's taken for ours.
//!
//! Exchange stamps every message with who it thinks the sender is
//! (`X-MS-Exchange-Organization-AuthAs`), which server says so (`AuthSource`) and
//! how it knows (`AuthMechanism`). In a hybrid, Exchange Online should treat mail
//! of the servers on premises as internal; when the certificate or the connector
//! between the two changes, it is Anonymous, and nobody notices until mail is
//! marked as spam or throttled. The other way round, a stranger's mail that counts
//! as internal passes every filter.
//!
//! A message is read from its header block ([`message`]); a gateway's log line that
//! quotes headers ([`gateway`]) or a trace row ([`trace`]) tells a part of it. What
//! is ours is the site's word ([`inventory`]); the `Received` lines tell where a
//! message left us and where it came in ([`route`]). Then:
//!
//! * foreign mail that is internal ([`foreign`], A2) or brings Exchange's own headers
//!   along ([`injection`], A3) is reported, and not looked at further;
//! * own mail by our servers to Exchange Online is followed by sender domain and
//!   server ([`own_mail`]): A1 when it is anonymous, A5 when it turned so;
//! * every message teaches which mechanisms a server uses ([`drift`], A4).
//!
//! Alerts of one kind are one case for the cooldown ([`cases`]).

mod cases;
mod config;
mod drift;
#[cfg(not(target_family = "wasm"))]
pub mod examples;
#[cfg(not(target_family = "wasm"))]
pub mod flood;
mod flow;
mod foreign;
mod gateway;
mod injection;
mod inventory;
mod message;
mod own_mail;
mod route;
mod rows;
mod rule;
mod seen;
#[cfg(test)]
mod tests;
mod text;
mod trace;
mod why;

use logwasp_sdk::time::MINUTE;
use logwasp_sdk::{Alerts, Detector, Event, Site, Subscription, Timestamp, read_row};
use serde::{Deserialize, Serialize};

use crate::cases::{Cases, Spans, Weight};
use crate::drift::Baselines;
use crate::foreign::Foreign;
use crate::inventory::Inventory;
use crate::message::{Message, Origin};
use crate::own_mail::OwnMail;
use crate::route::Entry;
use crate::rows::Row;
use crate::rule::Rule;

pub use crate::config::Config;

/// Time between two looks for what may be forgotten.
const SWEEP_NANOS: i64 = 10 * MINUTE;

/// All that is remembered.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct State {
    cases: Cases,
    own_mail: OwnMail,
    baselines: Baselines,
    swept: Timestamp,
}

/// The detector.
pub struct AuthAsAnomaly {
    config: Config,
    inventory: Inventory,
    state: State,
}

/// What the rules share.
pub(crate) struct Context<'a> {
    pub(crate) config: &'a Config,
    pub(crate) inventory: &'a Inventory,
    pub(crate) cases: &'a mut Cases,
}

impl Context<'_> {
    pub(crate) fn spans(&self) -> Spans {
        spans(self.config)
    }
}

fn spans(config: &Config) -> Spans {
    Spans { cooldown: config.cooldown, update_interval: config.update_interval }
}

impl Detector for AuthAsAnomaly {
    const NAME: &'static str = "authas-anomaly";
    const SUMMARY: &'static str = "Finds own mail that Exchange takes for a stranger's, and strangers' mail it takes for ours.";
    type Config = Config;
    type State = State;

    fn subscriptions(_: &Config, _: &Site) -> Vec<Subscription> {
        rows::subscriptions()
    }

    fn new(config: Config, site: Site, mut state: State) -> Result<Self, String> {
        config.check()?;
        let inventory = Inventory::new(site)?;
        let bytes_max = config.state_bytes_max as usize;
        state.cases.set_bytes_max(bytes_max / 2);
        state.own_mail.set_bytes_max(bytes_max / 8, bytes_max / 8);
        state.baselines.set_bytes_max(bytes_max / 4);
        Ok(Self { config, inventory, state })
    }

    fn event(&mut self, event: &Event<'_>, alerts: &mut Alerts) {
        let message = match read_row(event) {
            Some(Row::Mail(row)) => Message::from_block(row.block.unwrap_or_default()),
            Some(Row::Trace(row)) => trace::read(&row),
            Some(Row::GatewaySyslog(row)) => {
                gateway::read(row.host, row.message.unwrap_or_default())
            }
            Some(Row::GatewayText(row)) => gateway::read(row.host, row.message.unwrap_or_default()),
            None => return,
        };
        self.sweep(alerts);
        if !self.report_stranger(&message, event, alerts) {
            let State { cases, own_mail, baselines, .. } = &mut self.state;
            let mut context = Context { config: &self.config, inventory: &self.inventory, cases };
            own_mail.message(&message, event, &mut context, alerts);
            baselines.message(&message, event, &mut context, alerts);
        }
    }

    fn deadline(&self) -> Option<Timestamp> {
        let deadlines = [self.state.cases.deadline(), self.state.own_mail.deadline()];
        deadlines.into_iter().flatten().min()
    }

    fn timer(&mut self, now: Timestamp, alerts: &mut Alerts) {
        self.state.cases.timer(now, spans(&self.config), alerts);
        let State { cases, own_mail, .. } = &mut self.state;
        let mut context = Context { config: &self.config, inventory: &self.inventory, cases };
        own_mail.timer(now, &mut context, alerts);
    }

    fn finish(&mut self, alerts: &mut Alerts) {
        self.state.cases.finish(alerts);
    }

    fn state(&self) -> &State {
        &self.state
    }
}

impl AuthAsAnomaly {
    /// A2 and A3; true when the message is a stranger's.
    fn report_stranger(
        &mut self,
        message: &Message,
        event: &Event<'_>,
        alerts: &mut Alerts,
    ) -> bool {
        if message.origin == Origin::Trace {
            // No header stands in such a row, and clients that authenticated look
            // like strangers in it.
            return false;
        }
        let entry = route::entry(message, &self.inventory);
        let Some(hit) = self.judge_stranger(message, entry.as_ref(), event) else {
            why::no_stranger(message, entry.is_some(), &self.inventory);
            return false;
        };
        let weight = if event.is_late() { Weight::AddOnly } else { Weight::Full };
        self.state.cases.report(hit, weight, spans(&self.config), alerts);
        true
    }

    fn judge_stranger(
        &self,
        message: &Message,
        entry: Option<&Entry>,
        event: &Event<'_>,
    ) -> Option<cases::Hit> {
        let foreign = foreign::judge(message, entry, &self.inventory);
        let injection = entry.and_then(|entry| {
            let headers = injection::injected(message, entry, &self.inventory);
            (!headers.is_empty()).then(|| injection::hit(&headers, message, entry, event))
        });
        match (foreign, injection) {
            (Some(Foreign::Source), Some(injection)) => {
                let mut hit = foreign::hit(Foreign::Source, message, entry, event);
                hit.also = Some(Rule::A3);
                hit.running.extend(injection.running);
                Some(hit)
            }
            (_, Some(injection)) => Some(injection),
            (Some(foreign), None) => Some(foreign::hit(foreign, message, entry, event)),
            (None, None) => None,
        }
    }

    fn sweep(&mut self, alerts: &mut Alerts) {
        let now = alerts.now();
        if now - self.state.swept < SWEEP_NANOS {
            return;
        }
        self.state.swept = now;
        self.state.cases.expire(now, alerts);
        self.state.own_mail.expire(now);
        self.state.baselines.expire(now);
    }
}

logwasp_sdk::export!(AuthAsAnomaly);
