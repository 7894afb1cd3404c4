//! Account lockouts, and what caused them.
//!
//! A domain controller says that an account was locked out (4740), and at best
//! names a computer. That computer is often an Exchange server, which asked on
//! behalf of a phone or a program; the operator wants to know which. So for every
//! lockout the detector walks a chain, each step a file of its own:
//!
//! 1. `failure`: the failed logons of the account before the lockout.
//! 2. `hop1`, `machine`: the machine that the lockout or the failures name.
//! 3. `hop2`, `time_join`: when that machine logs on for others, the client
//!    behind it, by the user's name in the server's own log, or, where the log
//!    lacks names, by the moments of the failures.
//! 4. The rhythm of the failures: fixed intervals are a program.
//! 5. `cause`: why it happened, how bad it is, how sure that is.
//! 6. `text`, `advice`, `evidence`: what the operator reads.
//!
//! `verdict` puts the steps together; it is a pure function of a `scene`. A
//! lockout is judged when its settling time is over, because logs of several
//! machines arrive in no fixed order. `incident` keeps what was told: further
//! lockouts by the same source are updates while the cooldown lasts, a late
//! record that explains more is told under the same id, an unlock closes.
//!
//! Rules: `T1`, a domain controller reports a lockout; `T2`, logons are refused as
//! locked and no domain controller's report was read.

mod advice;
mod cause;
mod chain;
mod client;
mod config;
mod coverage;
mod decide;
mod evidence;
#[cfg(not(target_family = "wasm"))]
pub mod examples;
mod failure;
#[cfg(not(target_family = "wasm"))]
pub mod flood;
mod hop1;
mod hop2;
mod incident;
mod intake;
mod inventory;
mod lock;
mod machine;
mod place;
mod read;
mod rows;
mod scene;
mod sources;
mod state;
mod storm;
#[cfg(test)]
mod tests;
mod text;
mod time_join;
mod user;
mod verdict;
mod why;

use logwasp_sdk::time::DAY;
use logwasp_sdk::{Alerts, Detector, Event, Site, Subscription, Timestamp, read_row};

pub use config::Config;
use inventory::Inventory;
use rows::Row;
pub use state::State;

/// Times from 1970 to 2200, of which any two have a difference. No log means
/// another.
const PLAUSIBLE: std::ops::RangeInclusive<Timestamp> = 0..=230 * 365 * DAY;

/// The detector.
pub struct Lockout {
    config: Config,
    inventory: Inventory,
    state: State,
}

impl Detector for Lockout {
    const NAME: &'static str = "lockout";
    const SUMMARY: &'static str =
        "Finds out what locks accounts: the device, program or computer behind each lockout.";
    type Config = Config;
    type State = State;

    fn subscriptions(_: &Config, _: &Site) -> Vec<Subscription> {
        rows::subscriptions()
    }

    fn new(config: Config, site: Site, mut state: State) -> Result<Self, String> {
        config.check()?;
        let inventory = Inventory::new(site)?;
        state.set_bytes_max(config.state_bytes_max as usize);
        inventory.name_exchange(&mut state.exchange);
        Ok(Self { config, inventory, state })
    }

    fn event(&mut self, event: &Event<'_>, alerts: &mut Alerts) {
        if !PLAUSIBLE.contains(&event.time()) {
            return;
        }
        let Some(row) = read_row(event) else { return };
        if !event.is_late() {
            self.sweep(event.time(), alerts);
        }
        match row {
            Row::Account(row) => self.account(event, &row, alerts),
            Row::Logon(row) => {
                let failed = read::windows::logon(event, &row, &self.inventory);
                self.failed(event, failed, row.user, alerts);
            }
            Row::Kerberos(row) => {
                let failed = read::windows::kerberos(event, &row, &self.inventory);
                self.failed(event, failed, row.user, alerts);
            }
            Row::Ntlm(row) => {
                let failed = read::windows::ntlm(event, &row, &self.inventory);
                self.failed(event, failed, row.user, alerts);
            }
            Row::Netlogon(row) => {
                let failed = read::windows::netlogon(event, &row, &self.inventory);
                self.failed(event, failed, row.user, alerts);
            }
            Row::ExchangeEvent(row) => self.exchange_event(event, &row, alerts),
            Row::Iis(row) => self.iis(event, &row, alerts),
            Row::Session(row) => self.session(event, &row, alerts),
            Row::Mailbox(row) => self.mailbox(event, &row, alerts),
            Row::Proxy(row) => self.proxy(event, &row, alerts),
            Row::Coverage(row) => self.coverage(&row),
        }
    }

    fn deadline(&self) -> Option<Timestamp> {
        self.state.timers.deadline()
    }

    fn timer(&mut self, now: Timestamp, alerts: &mut Alerts) {
        while let Some(account) = self.state.timers.pop(now) {
            self.due(&account, now, alerts);
        }
        self.state.storm.tell_until(now, alerts);
    }

    fn finish(&mut self, alerts: &mut Alerts) {
        for (_, account) in self.state.timers.drain() {
            self.due(&account, Timestamp::MAX, alerts);
        }
        self.state.storm.tell(alerts);
    }

    fn state(&self) -> &State {
        &self.state
    }
}

logwasp_sdk::export!(Lockout);
