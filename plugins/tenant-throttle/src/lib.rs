//! Throttling by Exchange Online: our mail is told to come back later, or not at all.
//!
//! `451 4.7.500 Server busy. Please try again later from [203.0.113.9]` is how
//! Exchange Online slows down an address that it attributes to no tenant. Mail is
//! not lost, it waits - until queues are full and users ask.
//!
//! 1. [`rows`]: replies in send logs; the same quoted in tracking logs and by
//!    gateways.
//! 2. [`reply`]: which of them mean throttling (Q1: 451 4.7.500-699) or a blocked
//!    tenant (Q2: 5.7.705, 5.7.708, 5.7.750). Busy agents (4.7.700 and up), timeouts
//!    and limits of mailboxes look alike and do not count.
//! 3. [`sighting`]: whose address it is about.
//! 4. [`story`]: counts per address; the SDK's book raises, updates and closes.
//!
//! Why our mail is not attributed is not to be seen here: alerts about anonymous own
//! mail are joined with these behind both.

mod config;
#[cfg(not(target_family = "wasm"))]
pub mod examples;
#[cfg(not(target_family = "wasm"))]
pub mod flood;
mod reply;
mod rows;
mod sighting;
mod story;
#[cfg(test)]
mod tests;
mod text;

use logwasp_sdk::book::{Book, Hit};
use logwasp_sdk::{Alerts, Detector, Event, Site, Subscription, Timestamp, explain, read_row};

pub use crate::config::Config;
use crate::rows::Row;
use crate::sighting::Inventory;
use crate::story::Throttling;

/// All that is remembered between rows.
#[derive(Default, serde::Serialize, serde::Deserialize)]
pub struct State {
    book: Book<Throttling>,
}

/// The detector.
pub struct TenantThrottle {
    config: Config,
    inventory: Inventory,
    state: State,
}

impl Detector for TenantThrottle {
    const NAME: &'static str = "tenant-throttle";
    const SUMMARY: &'static str = "Finds mail that Exchange Online throttles or blocks.";
    type Config = Config;
    type State = State;

    fn subscriptions(_: &Config, _: &Site) -> Vec<Subscription> {
        rows::subscriptions()
    }

    fn new(config: Config, site: Site, mut state: State) -> Result<Self, String> {
        config.validate()?;
        state.book.set_bytes_max(config.state_bytes_max as usize);
        Ok(Self { inventory: Inventory::new(&site)?, config, state })
    }

    fn event(&mut self, event: &Event<'_>, alerts: &mut Alerts) {
        let Some(row) = read_row(event) else { return };
        let Some(sighting) = self.inventory.sighting(&row) else {
            not_counted(&row);
            return;
        };
        let (config, at) = (&self.config, event.time());
        let hit = Hit { key: &sighting.key, event, summary: &sighting.summary };
        self.state.book.enter(
            hit,
            || Throttling::new(sighting.rule, config),
            |throttling| {
                throttling.take(at, &sighting);
                false
            },
            config,
            alerts,
        );
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

/// Says why a reply is none of Exchange Online's, when somebody asks.
fn not_counted(row: &Row<'_>) {
    let host = match row {
        Row::Smtp(row) => row.host,
        Row::Tracking(row) => row.host,
        Row::Syslog(row) => row.host,
        Row::Text(row) => row.host,
    };
    explain("", host.unwrap_or_default(), || {
        "the reply is not one by which Exchange Online throttles or blocks, or not its own, silent"
            .to_owned()
    });
}

logwasp_sdk::export!(TenantThrottle);
