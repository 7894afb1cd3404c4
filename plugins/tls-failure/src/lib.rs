//! TLS of mail that fails: own certificates without a key, certificates of peers
//! that are not accepted, handshakes that break, OWA's instant messaging.
//!
//! Exchange writes a failed handshake as one informational row of its protocol log,
//! `TLS negotiation failed with error X`, and goes on - often without encryption. The
//! error tells whose fault it is:
//!
//! 1. [`rows`]: what is read - protocol logs, OWA's instant messaging log, events of
//!    the transport service.
//! 2. [`sighting`]: a row becomes a rule, a key, and facts; [`instant_messaging`] and
//!    [`transport_event`] read the texts, [`inventory`] knows the peer.
//! 3. [`rule`]: how many of them, how bad.
//! 4. [`story`]: the failures of one key; the SDK's book counts them, raises, updates
//!    and closes.
//! 5. [`text`]: what to say and what to do.
//!
//! | rule | failure | severity |
//! |---|---|---|
//! | F1 | NoCredentials, UnknownCredentials: our own key | high at once |
//! | F1 | UntrustedRoot, WrongPrincipal, CertExpired: the peer's certificate | medium |
//! | F1 | others, with Exchange Online or a gateway of ours | medium |
//! | F1 | others | low |
//! | F2 | OWA instant messaging: TlsFailure / other codes | medium / low |
//! | F3 | transport events 12013, 12014, 12024 | medium |
//! | F4 | 451 5.7.3 Must issue a STARTTLS command first | medium |
//!
//! Schannel's own events belong to another detector; what both say of one host is
//! joined behind them.

mod config;
#[cfg(not(target_family = "wasm"))]
pub mod examples;
#[cfg(not(target_family = "wasm"))]
pub mod flood;
mod instant_messaging;
mod inventory;
mod rows;
mod rule;
mod sighting;
mod story;
#[cfg(test)]
mod tests;
mod text;
mod transport_event;

use logwasp_sdk::book::{Book, Hit};
use logwasp_sdk::{
    Alerts, Detector, Event, Hosts, Site, Subscription, Timestamp, explain, identity, read_row,
};
use serde::{Deserialize, Serialize};

pub use crate::config::Config;
use crate::inventory::Inventory;
use crate::rows::{Row, Smtp};
use crate::sighting::{Reader, Sighting};
use crate::story::Failures;

/// All that is remembered between rows.
#[derive(Default, Serialize, Deserialize)]
pub struct State {
    book: Book<Failures>,
    /// Exchange servers that the logs told of.
    learned: Hosts,
}

/// The detector.
pub struct TlsFailure {
    config: Config,
    inventory: Inventory,
    state: State,
}

impl Detector for TlsFailure {
    const NAME: &'static str = "tls-failure";
    const SUMMARY: &'static str =
        "Finds TLS of mail that fails, and tells whose certificate or settings are at fault.";
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
        let Some(sighting) = self.judge(&row) else {
            if !matches!(row, Row::Coverage(_)) {
                explain("", "", || "the row names no error, or no code, silent".to_owned());
            }
            return;
        };
        let (config, at) = (&self.config, event.time());
        let hit = Hit { key: &sighting.key, event, summary: &sighting.summary };
        self.state.book.enter(
            hit,
            || Failures::new(sighting.rule, config),
            |failures| {
                failures.take(at, &sighting);
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

impl TlsFailure {
    fn judge(&mut self, row: &Row<'_>) -> Option<Sighting> {
        learn(&mut self.state.learned, row);
        let reader = Reader { inventory: &self.inventory, learned: &self.state.learned };
        match row {
            Row::Smtp(row) => reader.smtp(row),
            Row::InstantMessaging(row) => reader.instant_messaging(row.host, row.line),
            Row::Text(row) => reader.instant_messaging(row.host, row.line),
            Row::Transport(row) => Some(reader.transport(row)),
            Row::Coverage(_) => None,
        }
    }
}

/// Whoever writes these logs is an Exchange server. A receive log says name and
/// address, a send log the address only.
fn learn(learned: &mut Hosts, row: &Row<'_>) {
    let host = match row {
        Row::Smtp(row) => row.host,
        Row::Transport(row) => row.host,
        Row::Coverage(row) => row.host,
        Row::InstantMessaging(_) | Row::Text(_) => None,
    };
    let Some(host) = host else { return };
    learned.learn(host);
    if let Row::Smtp(Smtp { local, direction: Some("receive"), .. }) = row
        && let Some(address) = local.and_then(identity::endpoint_ip)
        && !address.is_loopback()
    {
        learned.join(host, address);
    }
}

logwasp_sdk::export!(TlsFailure);
