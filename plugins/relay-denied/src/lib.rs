//! Relay refusals: mail that an SMTP server did not let through, and whose fault
//! that is.
//!
//! `550 5.7.1 Unable to relay` is the most common refusal of any mail server. From
//! a stranger it is a spam robot's knock and no news; from Exchange Online it means
//! that centralized transport is broken and mail bounces; from a printer, that
//! somebody waits for a scan. So everything hangs on *who* was refused.
//!
//! The way of a refusal:
//!
//! 1. [`rows`]: the host hands over the refusals of SMTP protocol logs, each with
//!    the facts of its session, and texts that quote one - bounces, lines of
//!    gateways, tracking rows.
//! 2. [`reply`]: code and words together say which refusal it is. The direction
//!    counts: what a client *says* refuses nobody.
//! 3. [`peer`]: who was refused - Exchange Online, a server of ours, a host of
//!    ours, a stranger - and how sure that is.
//! 4. [`refusal`] and [`quote`]: the rule it speaks for, and the incident's key.
//! 5. [`track`]: counts per key within the window; decides whether it is an
//!    incident, and when there is something new to tell.
//! 6. [`book`]: holds the tracks within the memory limit, and their timers. An
//!    incident is open for the cooldown; then it is closed, and the next refusal
//!    begins a new one.
//! 7. [`report`]: the alert.

mod advice;
mod book;
mod config;
#[cfg(not(target_family = "wasm"))]
pub mod examples;
mod facts;
#[cfg(not(target_family = "wasm"))]
pub mod flood;
mod peer;
mod quote;
mod recent;
mod refusal;
mod reply;
mod report;
mod rows;
mod rule;
mod sighting;
#[cfg(test)]
mod tests;
mod track;
mod why;

use logwasp_sdk::time::HOUR;
use logwasp_sdk::{
    Alerts, Detector, Event, Hosts, Site, Subscription, Timestamp, identity, read_row,
};
use serde::{Deserialize, Serialize};

use crate::book::Book;
pub use crate::config::Config;
use crate::facts::Fact;
use crate::peer::Inventory;
use crate::rows::{CHANGE_COMMANDS, Command, Row, Session};
use crate::rule::Rule;
use crate::sighting::Sighting;

/// All that is remembered between rows.
#[derive(Default, Serialize, Deserialize)]
pub struct State {
    book: Book,
    /// Exchange servers that the logs told of.
    learned: Hosts,
    change: Option<Change>,
}

/// The newest management command that may explain a refusal.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Change {
    at: Timestamp,
    command: String,
}

/// So long after a management command a refusal is put down to it.
const CHANGE_SPAN: i64 = HOUR;

/// The detector.
pub struct RelayDenied {
    config: Config,
    inventory: Inventory,
    state: State,
    /// The server and the local address of the session before: most have the same.
    learned_last: [String; 2],
}

impl Detector for RelayDenied {
    const NAME: &'static str = "relay-denied";
    const SUMMARY: &'static str =
        "Tells broken mail flow from open-relay probing when SMTP servers refuse to relay.";
    type Config = Config;
    type State = State;

    fn subscriptions(config: &Config, site: &Site) -> Vec<Subscription> {
        rows::subscriptions(config, site)
    }

    fn new(config: Config, site: Site, mut state: State) -> Result<Self, String> {
        config.validate()?;
        state.book.set_bytes_max(config.state_bytes_max as usize);
        Ok(Self {
            inventory: Inventory::new(site)?,
            config,
            state,
            learned_last: Default::default(),
        })
    }

    fn event(&mut self, event: &Event<'_>, alerts: &mut Alerts) {
        let Some(row) = read_row(event) else { return };
        if let Some(sighting) = self.judge(event.time(), &row) {
            self.state.book.enter(&sighting, event, &self.config, alerts);
        } else {
            why::no_quote(&row);
        }
    }

    fn deadline(&self) -> Option<Timestamp> {
        self.state.book.deadline()
    }

    fn timer(&mut self, now: Timestamp, alerts: &mut Alerts) {
        self.state.book.timer(now, &self.config, alerts);
    }

    fn finish(&mut self, alerts: &mut Alerts) {
        self.state.book.finish(alerts);
    }

    fn state(&self) -> &State {
        &self.state
    }
}

impl RelayDenied {
    fn judge(&mut self, at: Timestamp, row: &Row<'_>) -> Option<Sighting> {
        let (inventory, learned) = (&self.inventory, &mut self.state.learned);
        match row {
            Row::Session(session) => {
                learn(learned, session, &mut self.learned_last);
                let sighting = refusal::sighting(session, inventory, learned);
                if sighting.is_none() {
                    why::no_refusal(session);
                }
                sighting.map(|sighting| self.explain(sighting, at))
            }
            Row::Mail(mail) => quote::in_mail(mail),
            Row::Syslog(line) => quote::in_syslog(line, inventory, learned),
            Row::Text(line) => quote::in_text(line, inventory, learned),
            Row::Tracking(row) => quote::in_tracking(row, inventory, learned),
            Row::Command(command) => {
                self.note_change(at, command);
                None
            }
            Row::Coverage(coverage) => {
                learned.learn(coverage.host?);
                None
            }
        }
    }

    fn note_change(&mut self, at: Timestamp, row: &Command<'_>) {
        // 6 is a command that failed.
        if row.event_id != Some("1") {
            return;
        }
        let texts = [row.data, row.message];
        let ran = |command: &&str| texts.iter().flatten().any(|text| text.contains(*command));
        let is_newer = self.state.change.as_ref().is_none_or(|change| change.at <= at);
        if let Some(command) = CHANGE_COMMANDS.iter().copied().find(|c| ran(c)).filter(|_| is_newer)
        {
            self.state.change = Some(Change { at, command: command.to_owned() });
        }
    }

    /// A new connector that catches the sessions of Exchange Online is a common
    /// way to break centralized transport.
    fn explain(&self, sighting: Sighting, at: Timestamp) -> Sighting {
        let recent = |change: &&Change| (0..=CHANGE_SPAN).contains(&at.saturating_sub(change.at));
        match self.state.change.as_ref().filter(recent) {
            Some(change) if sighting.rule == Rule::ExchangeOnline => Sighting {
                facts: sighting.facts.with(Fact::Change, Some(&change.command)),
                ..sighting
            },
            _ => sighting,
        }
    }
}

/// Whoever writes an SMTP protocol log is an Exchange server.
fn learn(learned: &mut Hosts, session: &Session<'_>, last: &mut [String; 2]) {
    let names = [session.server.unwrap_or_default(), session.local_ip.unwrap_or_default()];
    if *last == names {
        return;
    }
    *last = names.map(str::to_owned);
    let local_ip = session
        .local_ip
        .and_then(identity::ip)
        .filter(|ip| !ip.is_loopback() && !ip.is_unspecified());
    if let Some(ip) = local_ip {
        learned.learn(&ip.to_string());
    }
    if let Some(server) = session.server.and_then(identity::meaningful) {
        learned.learn(server);
        if let Some(ip) = local_ip {
            learned.join(server, ip);
        }
    }
}

logwasp_sdk::export!(RelayDenied);
