//! Transport that refuses everybody: `421 4.3.2 Service not active`.
//!
//! An Exchange server whose component states say so greets every connection with
//! this refusal. After an update that was interrupted it stays that way, and mail
//! waits in the queues of its peers until somebody looks.
//!
//! 1. [`rows`]: greetings in protocol logs - the server's own and those of its peers -
//!    and what quotes them.
//! 2. [`sighting`]: only greetings, only of servers of ours. A partner's server that
//!    answers so is the partner's trouble.
//! 3. [`story`]: three connections, or two peers, are an outage (S1); fewer wait for
//!    the window to pass (S2). `Service not available` is another story (S3). Copies
//!    of one connection in several logs count once.
//! 4. [`maintenance`]: an administrator who took the server out of service makes it
//!    planned.
//! 5. A greeting or an accepted mail on the port that refused ends the incident.

mod config;
#[cfg(not(target_family = "wasm"))]
pub mod examples;
#[cfg(not(target_family = "wasm"))]
pub mod flood;
mod maintenance;
mod rows;
mod sighting;
mod story;
#[cfg(test)]
mod tests;
mod text;

use logwasp_sdk::book::{Book, Hit};
use logwasp_sdk::{
    Alerts, Detector, Event, Hosts, Site, Subscription, Timestamp, explain, identity, read_row,
};
use serde::{Deserialize, Serialize};

pub use crate::config::Config;
use crate::maintenance::Maintenance;
use crate::rows::{REFUSAL, Row, Smtp};
use crate::sighting::{Kind, Reader, Refusal};
use crate::story::Refusals;

/// All that is remembered between rows.
#[derive(Default, Serialize, Deserialize)]
pub struct State {
    book: Book<Refusals>,
    maintenance: Maintenance,
    /// Exchange servers that the logs told of.
    learned: Hosts,
}

/// The detector.
pub struct ServiceInactive {
    config: Config,
    exchange: Hosts,
    state: State,
}

impl Detector for ServiceInactive {
    const NAME: &'static str = "service-inactive";
    const SUMMARY: &'static str = "Finds Exchange servers whose transport refuses all connections.";
    type Config = Config;
    type State = State;

    fn subscriptions(_: &Config, _: &Site) -> Vec<Subscription> {
        rows::subscriptions()
    }

    fn new(config: Config, site: Site, mut state: State) -> Result<Self, String> {
        config.validate()?;
        state.book.set_bytes_max(config.state_bytes_max as usize);
        Ok(Self { exchange: sighting::exchange_hosts(&site), config, state })
    }

    fn event(&mut self, event: &Event<'_>, alerts: &mut Alerts) {
        let Some(row) = read_row(event) else { return };
        let reader = Reader { exchange: &self.exchange, learned: &self.state.learned };
        let refusal = match &row {
            Row::Smtp(row) if row.data.is_some_and(|line| line.contains(REFUSAL)) => {
                learn(&mut self.state.learned, row);
                let reader = Reader { exchange: &self.exchange, learned: &self.state.learned };
                reader.smtp(row)
            }
            Row::Smtp(row) => {
                self.works(row, event, alerts);
                None
            }
            Row::Connectivity(row) => reader.connectivity(row),
            Row::Tracking(row) => reader.tracking(row),
            Row::Command(row) => {
                self.state.maintenance.note(event.time(), row);
                None
            }
            Row::Coverage(row) => {
                row.host.iter().for_each(|host| self.state.learned.learn(host));
                None
            }
        };
        match refusal {
            Some(refusal) => self.refused(&refusal, event, alerts),
            None if explain::is_asked() => not_counted(&row),
            None => {}
        }
    }

    fn deadline(&self) -> Option<Timestamp> {
        self.state.book.deadline()
    }

    fn timer(&mut self, now: Timestamp, alerts: &mut Alerts) {
        self.state.book.timer(now, &self.config, alerts);
    }

    fn finish(&mut self, alerts: &mut Alerts) {
        self.state.book.finish(&self.config, alerts);
    }

    fn state(&self) -> &State {
        &self.state
    }
}

impl ServiceInactive {
    fn refused(&mut self, refusal: &Refusal, event: &Event<'_>, alerts: &mut Alerts) {
        let (config, at) = (&self.config, event.time());
        let change = self.state.maintenance.change(&refusal.host, at, config.planned_window);
        let hit = Hit { key: &refusal.kind.key(&refusal.host), event, summary: &refusal.summary };
        self.state.book.enter(
            hit,
            || Refusals::new(refusal.kind, config),
            |refusals| {
                refusals.take(at, refusal, change, config);
                false
            },
            config,
            alerts,
        );
    }

    /// A greeting or an accepted mail. There is one in every session, so little is
    /// done as long as nothing is wrong.
    fn works(&mut self, row: &Smtp<'_>, event: &Event<'_>, alerts: &mut Alerts) {
        learn(&mut self.state.learned, row);
        if self.state.book.is_empty() {
            return;
        }
        let reader = Reader { exchange: &self.exchange, learned: &self.state.learned };
        let Some((host, port)) = reader.works(row) else { return };
        for kind in Kind::ALL {
            let hit = Hit { key: &kind.key(&host), event, summary: "the server takes mail again" };
            let over = |refusals: &mut Refusals| refusals.works(port);
            self.state.book.recover(hit, over, &self.config, alerts);
        }
    }
}

/// Says why a quoted refusal is none of ours, when somebody asks.
fn not_counted(row: &Row<'_>) {
    let place = match row {
        Row::Smtp(row) if row.data.is_some_and(|line| line.contains(REFUSAL)) => row.remote,
        Row::Connectivity(row) => row.destination.or(row.destination_lower),
        Row::Tracking(row) => row.text,
        _ => return,
    };
    explain("", place.unwrap_or_default(), || {
        "the refusal is no greeting, or not that of an Exchange server of ours, silent".to_owned()
    });
}

/// Whoever writes a receive log is an Exchange server, with a name and an address.
fn learn(learned: &mut Hosts, row: &Smtp<'_>) {
    let (Some("receive"), Some(host)) = (row.direction, row.host) else { return };
    learned.learn(host);
    if let Some(ip) = row.local.and_then(identity::endpoint_ip)
        && !ip.is_loopback()
        && !ip.is_unspecified()
    {
        learned.join(host, ip);
    }
}

logwasp_sdk::export!(ServiceInactive);
