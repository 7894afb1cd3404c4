//! Incidents: alerts of several detectors that are one story.
//!
//! Detectors do not know each other. What one of them sees is often only the shadow
//! of what another saw: Exchange Online throttles mail *because* it arrives
//! anonymous; TLS connections break off *because* the server is out of service. This
//! detector reads alerts instead of records:
//!
//! | alerts | what it says |
//! |---|---|
//! | authas-anomaly A1 or A5, and tenant-throttle or mail-loop, within a day | parent `hybrid-trust` |
//! | schannel R1 and tls-failure of one host, within ten minutes | parent `tls-key` |
//! | tenant-throttle Q1 near authas-anomaly A1/A5 or relay-denied R5 | its cause, confidence high |
//! | tls-failure F1 SocketError near service-inactive of that host | `suppressed_by` |
//!
//! A parent is an alert of its own; its `children` are ids. The rest are amendments of
//! the alerts themselves - the label `parent` among them -, which reach them only when
//! the configuration grants it.
//!
//! [`member`] reads an alert, [`links`] finds what belongs together, [`parent`] and
//! [`amendment`] say it.

mod amendment;
mod config;
#[cfg(not(target_family = "wasm"))]
pub mod examples;
#[cfg(not(target_family = "wasm"))]
pub mod flood;
mod links;
mod member;
mod parent;
mod rows;
#[cfg(test)]
mod tests;
mod why;

use logwasp_sdk::{Alerts, Detector, Event, Hosts, Site, Subscription, Timestamp, read_row};
use serde::{Deserialize, Serialize};

pub use crate::config::Config;
use crate::links::{Case, Links};
use crate::member::Member;
use crate::rows::Row;

/// All that is remembered between rows.
#[derive(Default, Serialize, Deserialize)]
pub struct State {
    links: Links,
}

/// The detector.
pub struct Incident {
    config: Config,
    exchange: Hosts,
    state: State,
}

impl Detector for Incident {
    const NAME: &'static str = "incident";
    const SUMMARY: &'static str = "Joins alerts of several detectors that are one story.";
    type Config = Config;
    type State = State;

    fn subscriptions(_: &Config, _: &Site) -> Vec<Subscription> {
        rows::subscriptions()
    }

    fn new(config: Config, site: Site, mut state: State) -> Result<Self, String> {
        config.validate()?;
        state.links.set_bytes_max(config.state_bytes_max as usize);
        Ok(Self { exchange: Hosts::parse(&site.exchange_hosts), config, state })
    }

    fn event(&mut self, event: &Event<'_>, alerts: &mut Alerts) {
        let Some(Row::Alert(row)) = read_row(event) else { return };
        if let Some((id, member)) = Member::read(&row, event.time()) {
            let case = Case { event, exchange: &self.exchange, config: &self.config };
            self.state.links.take(&id, member, &case, alerts);
        } else {
            why::not_joined(&row);
        }
    }

    fn deadline(&self) -> Option<Timestamp> {
        self.state.links.deadline(&self.config)
    }

    fn timer(&mut self, now: Timestamp, alerts: &mut Alerts) {
        self.state.links.timer(now, &self.config, alerts);
    }

    fn state(&self) -> &State {
        &self.state
    }
}

logwasp_sdk::export!(Incident);
