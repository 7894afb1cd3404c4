//! Mail that Exchange Online puts down to the wrong organization.
//!
//! An inbound connector of type OnPremises says: what comes with this certificate
//! name is ours. When the name is a wildcard, or one certificate serves both the own
//! tenant and the Internet, Exchange Online takes strangers' mail for ours, or ours
//! for mail of our tenant that it then silently discards. Both are by design, and no
//! reply tells of it; only the trace of Exchange Online does.
//!
//! * A trace row names connector, organization, tenant and the host that came in
//!   ([`trace`]); the rules C1 to C4 judge one row on its own ([`judge`]). A tenant
//!   that the trace and the message's own header disagree about is C3 too ([`tenants`]).
//! * A delivery to Exchange Online that our side logs as accepted ([`delivery`]) and
//!   that the trace, though alive, never shows is C5 ([`discard`]).
//!
//! Alerts of one connector and sender domain are one incident.

mod config;
mod delivery;
mod discard;
#[cfg(not(target_family = "wasm"))]
pub mod examples;
#[cfg(not(target_family = "wasm"))]
pub mod flood;
mod inventory;
mod judge;
mod rows;
mod tenants;
#[cfg(test)]
mod tests;
mod text;
mod trace;
mod why;

use logwasp_sdk::state::{Cases, Spans, Weight};
use logwasp_sdk::{
    Alert, Alerts, Detector, Event, Evidence, Site, Subscription, Timestamp, read_row,
};
use serde::{Deserialize, Serialize};

pub use crate::config::Config;
use crate::delivery::Delivery;
use crate::discard::Discards;
use crate::inventory::Inventory;
use crate::rows::Row;
use crate::tenants::Tenants;
use crate::trace::Trace;

/// All that is remembered between rows.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct State {
    cases: Cases,
    discards: Discards,
    tenants: Tenants,
}

/// The detector.
pub struct ConnectorAttribution {
    config: Config,
    inventory: Inventory,
    state: State,
}

impl Detector for ConnectorAttribution {
    const NAME: &'static str = "connector-attribution";
    const SUMMARY: &'static str =
        "Finds mail that Exchange Online attributes to the wrong organization, or discards for it.";
    type Config = Config;
    type State = State;

    fn subscriptions(_: &Config, site: &Site) -> Vec<Subscription> {
        rows::subscriptions(site)
    }

    fn new(config: Config, site: Site, mut state: State) -> Result<Self, String> {
        config.check()?;
        let bytes_max = config.state_bytes_max as usize;
        state.cases.set_bytes_max(bytes_max / 4);
        state.discards.set_bytes_max(bytes_max / 2);
        state.tenants.set_bytes_max(bytes_max / 4);
        Ok(Self { config, inventory: Inventory::new(site), state })
    }

    fn event(&mut self, event: &Event<'_>, alerts: &mut Alerts) {
        match read_row(event) {
            Some(Row::Trace(row)) => match Trace::read(&row) {
                Some(trace) => self.trace(&trace, event, alerts),
                None => why::no_trace(row.message_id),
            },
            Some(Row::Mail(row)) => {
                let hits = self.state.tenants.header(&row, event, &self.inventory);
                why::header(row.message_id, row.tenant, hits.len());
                self.report(hits, event, alerts);
            }
            Some(Row::Session(row)) => self.deliveries(delivery::in_session(&row), event),
            Some(Row::Syslog(row)) => {
                self.deliveries(delivery::in_line(row.host, row.message), event);
            }
            Some(Row::Text(row)) => {
                self.deliveries(delivery::in_line(row.host, row.message), event);
            }
            None => {}
        }
    }

    fn deadline(&self) -> Option<Timestamp> {
        self.state.cases.deadline()
    }

    fn timer(&mut self, now: Timestamp, alerts: &mut Alerts) {
        self.state.cases.timer(now, alerts);
    }

    fn finish(&mut self, alerts: &mut Alerts) {
        self.state.cases.finish(alerts);
    }

    fn state(&self) -> &State {
        &self.state
    }
}

impl ConnectorAttribution {
    fn trace(&mut self, trace: &Trace<'_>, event: &Event<'_>, alerts: &mut Alerts) {
        let evidence = Evidence::of(event, text::summary(trace));
        let mut hits: Vec<Alert> =
            judge::judge(trace, &evidence, &self.config, &self.inventory).into_iter().collect();
        hits.extend(self.state.tenants.trace(trace, event, &self.inventory));
        self.report(hits, event, alerts);
        let lost = self.state.discards.trace(trace, event, &self.config);
        for loss in lost {
            why::lost(loss.message_id(), &self.config);
            let hit = self.state.discards.judge(loss, alerts.now(), &self.config);
            self.raise(hit, Weight::Count(1), alerts);
        }
    }

    fn deliveries(&mut self, delivery: Option<Delivery>, event: &Event<'_>) {
        if delivery.is_none() {
            why::no_delivery();
        }
        // A late row begins nothing, and an alert of C5 always begins with its row.
        if let Some(delivery) = delivery.filter(|_| !event.is_late()) {
            self.state.discards.delivery(delivery, event, &self.inventory, &self.config);
        }
    }

    fn report(&mut self, hits: Vec<Alert>, event: &Event<'_>, alerts: &mut Alerts) {
        let weight = if event.is_late() { Weight::Late(1) } else { Weight::Count(1) };
        for hit in hits {
            self.raise(hit, weight, alerts);
        }
    }

    fn raise(&mut self, hit: Alert, weight: Weight, alerts: &mut Alerts) {
        let spans =
            Spans { cooldown: self.config.cooldown, update_interval: self.config.update_interval };
        self.state.cases.report(hit, weight, spans, alerts);
    }
}

logwasp_sdk::export!(ConnectorAttribution);
