//! Mail loops: a message that two systems hand to each other until the hop count ends
//! it.
//!
//! Three kinds of records tell of one:
//!
//! * L1, the reply that ends it ([`reply`]): `554 5.4.6` by a server on premises,
//!   `554 5.4.14` by Exchange Online; in protocol logs ([`session`]), in tracking and
//!   gateway logs ([`quote`]), in bounces ([`bounce`]);
//! * L2, the message's own id, received again and again by one server ([`visits`]):
//!   this is known before any bounce exists;
//! * L3, the headers that every pass leaves behind ([`headers`], [`chain`]).
//!
//! Who takes part ([`places`]) and the recipient's domain are the incident's key; one
//! message is one hit of it, however many records tell of it ([`book`]).

mod book;
mod bounce;
mod chain;
mod config;
mod date;
#[cfg(not(target_family = "wasm"))]
pub mod examples;
#[cfg(not(target_family = "wasm"))]
pub mod flood;
mod headers;
mod places;
mod quote;
mod reply;
mod rows;
mod session;
mod sighting;
#[cfg(test)]
mod tests;
mod text;
mod visits;
mod why;

use logwasp_sdk::{Alerts, Cell, Detector, Event, Hosts, Site, Subscription, Timestamp, read_row};
use serde::{Deserialize, Serialize};

use crate::book::{Book, Context};
pub use crate::config::Config;
use crate::places::Places;
use crate::rows::Row;
use crate::sighting::Sighting;

/// All that is remembered between rows.
#[derive(Default, Serialize, Deserialize)]
pub struct State {
    book: Book,
    /// Exchange servers that the logs told of.
    learned: Hosts,
}

/// The detector.
pub struct MailLoop {
    config: Config,
    places: Places,
    state: State,
}

impl Detector for MailLoop {
    const NAME: &'static str = "mail-loop";
    const SUMMARY: &'static str =
        "Finds messages that servers on premises and Exchange Online hand to each other in a loop.";
    type Config = Config;
    type State = State;

    fn subscriptions(_: &Config, _: &Site) -> Vec<Subscription> {
        rows::subscriptions()
    }

    fn new(config: Config, site: Site, mut state: State) -> Result<Self, String> {
        config.check()?;
        state.book.set_bytes_max(config.state_bytes_max as usize);
        Ok(Self { places: Places::new(site)?, config, state })
    }

    fn event(&mut self, event: &Event<'_>, alerts: &mut Alerts) {
        self.state.book.expire(alerts.now());
        let Some(row) = read_row(event) else { return };
        if let Some(sighting) = self.judge(event, &row) {
            let State { book, learned } = &mut self.state;
            let context = Context { places: &self.places, learned, config: &self.config };
            book.enter(sighting, event, &context, alerts);
        }
    }

    fn deadline(&self) -> Option<Timestamp> {
        self.state.book.deadline()
    }

    fn timer(&mut self, now: Timestamp, alerts: &mut Alerts) {
        self.state.book.timer(now, alerts);
    }

    fn finish(&mut self, alerts: &mut Alerts) {
        self.state.book.finish(alerts);
    }

    fn state(&self) -> &State {
        &self.state
    }
}

impl MailLoop {
    fn judge(&mut self, event: &Event<'_>, row: &Row<'_>) -> Option<Sighting> {
        let Self { config, places, state } = self;
        match row {
            Row::Session(row) => {
                session::learn(&mut state.learned, row);
                or_why(session::sighting(row, places, &state.learned), row.ip)
            }
            Row::Visit(row) => state.book.visit(row, event, places, &state.learned, config),
            Row::Failed(row) => {
                or_why(quote::in_tracking(row, places, &state.learned), row.message_id)
            }
            Row::Mail(row) => bounce::sighting(row, config, places, &state.learned),
            Row::Syslog(row) if row.app.is_some_and(|app| app.eq_ignore_ascii_case("logwasp")) => {
                // Our own alerts quote replies too and may come back by syslog.
                None
            }
            Row::Syslog(row) => {
                or_why(quote::in_line(row.host, row.message, places, &state.learned), row.host)
            }
            Row::Text(row) => {
                or_why(quote::in_line(row.host, row.message, places, &state.learned), row.host)
            }
            Row::Coverage(row) => {
                state.learned.learn(row.host?);
                None
            }
        }
    }
}

fn or_why(sighting: Option<Sighting>, whose: Cell<'_>) -> Option<Sighting> {
    if sighting.is_none() {
        why::no_reply(whose);
    }
    sighting
}

logwasp_sdk::export!(MailLoop);
