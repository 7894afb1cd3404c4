//! Schannel: the noise told apart from the trouble.
//!
//! **What it sees.** 4625 of the logon process Schannel, the events of the
//! provider Schannel in the System log, and, for evidence, the SMTP sessions that
//! negotiated TLS.
//!
//! **The noise.** A TLS server that asks for client certificates makes Schannel
//! map each certificate to a Windows account. The certificate of a mail server
//! maps to none, so every mail from Exchange Online leaves an audit failure
//! (4625, no user, 0x80090325) and, if warnings are logged, its twin (36879). That
//! is no attack and no fault. `noise` pairs the halves, finds the SMTP session
//! behind them and sums each host up once a day (rule N).
//!
//! **The trouble.** What is left counts per host and subject in a sliding window:
//!
//! | rule | records | subject |
//! |---|---|---|
//! | R0 | 4625 with a user | user |
//! | R0b | 4625 without a user, another code | code |
//! | R1 | 36870, private key unusable | error code |
//! | R2 | 36871, no credential | state |
//! | R3 | 36874, no shared cipher | protocol |
//! | R4 | 36887, 36888, fatal TLS alerts | event and alert |
//! | R5 | 36876, 36881-36884, server certificate refused | event |
//!
//! A row is judged by itself in `reading`; `subject` knows thresholds and
//! severities, `incident` the life of one subject, `text` what to say about it.

mod alert;
mod codes;
mod config;
mod evidence;
#[cfg(not(target_family = "wasm"))]
pub mod examples;
#[cfg(not(target_family = "wasm"))]
pub mod flood;
mod host;
mod incident;
mod incidents;
mod noise;
mod pairing;
mod reading;
mod remediation;
mod rows;
mod subject;
mod summary;
mod text;
mod why;

use logwasp_sdk::{Alerts, Cell, Detector, Event, Site, Subscription, Timestamp, read_row};
use serde::{Deserialize, Serialize};

use crate::host::Host;
use crate::incidents::Incidents;
use crate::noise::Noise;
use crate::reading::Reading;
use crate::rows::Row;

pub use crate::config::{Config, StatusCodes};

/// All that the detector remembers.
#[derive(Debug, Serialize, Deserialize)]
pub struct State {
    noise: Noise,
    incidents: Incidents,
}

impl Default for State {
    fn default() -> Self {
        Self { noise: Noise::new(), incidents: Incidents::new() }
    }
}

/// The detector.
#[derive(Debug)]
pub struct Schannel {
    config: Config,
    site: Site,
    state: State,
}

impl Schannel {
    fn act(&mut self, reading: Reading, host: Cell<'_>, event: &Event<'_>, alerts: &mut Alerts) {
        let (state, config) = (&mut self.state, &self.config);
        match reading {
            Reading::Noise(half) => state.noise.half(half, &Host::of(host), event, config, alerts),
            Reading::Hit(hit) => state.incidents.hit(Host::of(host), hit, event, config, alerts),
            Reading::Nothing => {}
        }
    }
}

impl Detector for Schannel {
    const NAME: &'static str = "schannel";
    const SUMMARY: &'static str =
        "Sums up Schannel's certificate-mapping noise and finds the TLS trouble behind it.";
    type Config = Config;
    type State = State;

    fn subscriptions(_: &Config, _: &Site) -> Vec<Subscription> {
        rows::subscriptions()
    }

    fn new(config: Config, site: Site, mut state: State) -> Result<Self, String> {
        config.validate()?;
        let half = config.state_bytes_max as usize / 2;
        state.noise.set_bytes_max(half);
        state.incidents.set_bytes_max(half);
        Ok(Self { config, site, state })
    }

    fn event(&mut self, event: &Event<'_>, alerts: &mut Alerts) {
        match read_row(event) {
            Some(Row::Logon(row)) => {
                self.act(reading::logon(&row, &self.config, &self.site), row.host, event, alerts);
            }
            Some(Row::Channel(row)) => {
                self.act(reading::channel(&row, &self.config, &self.site), row.host, event, alerts);
            }
            Some(Row::Session(row)) => {
                self.state.noise.session(&row, event, &self.config, alerts);
            }
            None => {}
        }
    }

    fn deadline(&self) -> Option<Timestamp> {
        let deadlines = [self.state.noise.deadline(), self.state.incidents.deadline()];
        deadlines.into_iter().flatten().min()
    }

    fn timer(&mut self, now: Timestamp, alerts: &mut Alerts) {
        self.state.incidents.timer(now, &self.config, alerts);
        self.state.noise.timer(now, &self.config, alerts);
    }

    fn finish(&mut self, alerts: &mut Alerts) {
        self.state.incidents.finish(&self.config, alerts);
        self.state.noise.finish(&self.config, alerts);
    }

    fn state(&self) -> &State {
        &self.state
    }
}

logwasp_sdk::export!(Schannel);
