//! Kerberos trouble between Exchange servers, and the weak tickets that cause it.
//!
//! When the key of a service ticket is broken on a Hub server, mail inside the
//! organization stops while Internet mail, which needs no Kerberos, flows on. The
//! server logs failed logons without a user, its peers `KRB_AP_ERR_MODIFIED` and
//! `454 4.7.0`; each on its own is common noise, together they are proof.
//!
//! * K1 and K5 ([`trust`]): failed logons ([`logon`]) with companions, and servers
//!   that refuse each other. [`flow`] sees from tracking whether only submissions fail.
//! * K2 ([`tickets`]): RC4 tickets for a server that can do better, and one client
//!   that collects them.
//! * K3 ([`etypes`]): encryption types that a DC does not know: a daily summary.
//! * K4 ([`registry`]): the registry value with which such noise is silenced, and
//!   mail broken.

mod config;
mod etypes;
#[cfg(not(target_family = "wasm"))]
pub mod examples;
#[cfg(not(target_family = "wasm"))]
pub mod flood;
mod flow;
mod inventory;
mod logon;
mod registry;
mod rows;
#[cfg(test)]
mod tests;
mod text;
mod tickets;
mod trust;
mod why;

use logwasp_sdk::state::{Cases, Spans, Weight};
use logwasp_sdk::{
    Alert, Alerts, Cell, Detector, Event, Hosts, Site, Subscription, Timestamp, identity, read_row,
};
use serde::{Deserialize, Serialize};

pub use crate::config::Config;
use crate::etypes::Etypes;
use crate::flow::Flow;
use crate::inventory::Inventory;
use crate::rows::{Row, Session};
use crate::tickets::Tickets;
use crate::trust::Trust;

/// All that is remembered between rows.
#[derive(Default, Serialize, Deserialize)]
pub struct State {
    cases: Cases,
    trust: Trust,
    tickets: Tickets,
    etypes: Etypes,
    flow: Flow,
    /// Exchange servers that the logs told of.
    learned: Hosts,
}

/// The detector.
pub struct KerberosAuth {
    config: Config,
    statuses: logon::Statuses,
    inventory: Inventory,
    state: State,
}

/// An alert as a hit of its incident.
pub(crate) struct Hit {
    pub(crate) alert: Alert,
    /// By how much the incident grows.
    pub(crate) more: u64,
    /// Told once a day.
    pub(crate) is_daily: bool,
}

impl Hit {
    pub(crate) fn new(alert: Alert) -> Self {
        Self { alert, more: 1, is_daily: false }
    }
}

impl Detector for KerberosAuth {
    const NAME: &'static str = "kerberos-auth";
    const SUMMARY: &'static str =
        "Finds broken Kerberos between Exchange servers, and weak tickets for them.";
    type Config = Config;
    type State = State;

    fn subscriptions(config: &Config, site: &Site) -> Vec<Subscription> {
        rows::subscriptions(config, site)
    }

    fn new(config: Config, site: Site, mut state: State) -> Result<Self, String> {
        config.check()?;
        let statuses = logon::Statuses::parse(&config.status_list)?;
        let bytes_max = config.state_bytes_max as usize;
        state.cases.set_bytes_max(bytes_max / 4);
        state.trust.set_bytes_max(bytes_max / 4);
        state.tickets.set_bytes_max(bytes_max / 4);
        state.etypes.set_bytes_max(bytes_max / 4);
        Ok(Self { inventory: Inventory::new(&site), statuses, config, state })
    }

    fn event(&mut self, event: &Event<'_>, alerts: &mut Alerts) {
        let Some(row) = read_row(event) else { return };
        for hit in self.judge(event, &row) {
            self.report(hit, event.is_late(), alerts);
        }
        if let Row::Submit(row) = row
            && flow::is_failure(row.event_id)
        {
            self.explain(event, alerts);
        }
    }

    fn deadline(&self) -> Option<Timestamp> {
        [self.state.cases.deadline(), self.state.etypes.deadline()].into_iter().flatten().min()
    }

    fn timer(&mut self, now: Timestamp, alerts: &mut Alerts) {
        self.state.cases.timer(now, alerts);
        self.state.etypes.timer(now, alerts);
    }

    fn finish(&mut self, alerts: &mut Alerts) {
        self.state.cases.finish(alerts);
        self.state.etypes.finish(alerts);
    }

    fn state(&self) -> &State {
        &self.state
    }
}

impl KerberosAuth {
    fn judge(&mut self, event: &Event<'_>, row: &Row<'_>) -> Vec<Hit> {
        let Self { config, statuses, inventory, state } = self;
        let State { trust, tickets, etypes, flow, learned, .. } = state;
        let own = |name: &str| inventory.exchange(name, learned);
        match row {
            Row::Failure(row) => {
                let own_host = row.host.and_then(own);
                let is_own = own_host.is_some();
                let host = own_host.filter(|_| logon::is_broken(row, statuses));
                if host.is_none() {
                    why::no_failure(row.host, is_own);
                }
                let what = logon::summary(row);
                host.map(|host| trust.failure(host, what, event, config, flow)).unwrap_or_default()
            }
            Row::Syslog(row) if row.app.is_some_and(|app| app.eq_ignore_ascii_case("logwasp")) => {
                Vec::new()
            }
            Row::Syslog(rows::Syslog { host, message, .. })
            | Row::Text(rows::Text { host, message }) => {
                let line = message.unwrap_or_default();
                if !logon::is_broken_text(line) {
                    return Vec::new();
                }
                let host = inventory.host_of_line(*host, line, learned);
                trust.failure(host, logon::line_summary(line), event, config, flow)
            }
            Row::Modified(row) => {
                let texts = [row.server, row.server_name, row.target, row.data, row.message];
                let named = inventory.named_in(&texts, learned);
                if named.is_empty() {
                    why::nobody_named(row.server);
                }
                trust.companions(&named, trust::Companion::Modified, event, config, flow)
            }
            Row::Inbound(row) => {
                let hosts: Vec<String> =
                    [row.host, row.ip].into_iter().flatten().filter_map(own).collect();
                trust.companions(&hosts, trust::Companion::ExchangeAuth, event, config, flow)
            }
            Row::Session(row) => {
                learn(learned, row);
                let ends = inventory.ends(row, learned);
                if ends.is_none() {
                    why::foreign_refusal(row.ip);
                }
                ends.map(|ends| trust.refusal(&ends, row, event, config, flow)).unwrap_or_default()
            }
            Row::Skew(row) => {
                let hosts = [row.ip, row.server_name, row.target];
                why::skew(row.host);
                hosts.into_iter().flatten().filter_map(own).for_each(|h| trust.skew(h, event));
                Vec::new()
            }
            Row::Ticket(row) => tickets.ticket(row, event, config, inventory, learned),
            Row::Kdc(row) => etypes.kdc(row, event).into_iter().collect(),
            Row::Unsupported(row) => etypes.unsupported(row, event).into_iter().collect(),
            Row::Audit(row) => registry_hits(registry::audited(row, event, &own), row.host),
            Row::Sysmon(row) => registry_hits(registry::by_sysmon(row, event, &own), row.host),
            Row::Receive(row) => {
                flow.receive(row.message_info, event);
                Vec::new()
            }
            Row::Submit(row) => {
                flow.submit(row.event_id, event);
                Vec::new()
            }
            Row::Exchange(rows::Exchange { host }) | Row::Coverage(rows::Coverage { host }) => {
                if let Some(host) = host {
                    learned.learn(host);
                }
                Vec::new()
            }
        }
    }

    fn report(&mut self, hit: Hit, is_late: bool, alerts: &mut Alerts) {
        let weight = if is_late { Weight::Late(hit.more) } else { Weight::Count(hit.more) };
        let spans = if hit.is_daily {
            Spans { cooldown: tickets::DAILY, update_interval: tickets::DAILY }
        } else {
            Spans { cooldown: self.config.cooldown, update_interval: self.config.update_interval }
        };
        self.state.cases.report(hit.alert, weight, spans, alerts);
    }

    /// Submissions fail while Internet mail flows: open incidents of K1 and K5 are
    /// understood better.
    fn explain(&mut self, event: &Event<'_>, alerts: &mut Alerts) {
        if !self.state.flow.is_split(event.time(), &self.config) {
            return;
        }
        for group in self.state.trust.groups() {
            let Some(open) = self.state.cases.open(&group) else { continue };
            if open.attribute_value("internet_mail").is_some() {
                continue;
            }
            let alert = text::unaffected(Alert { key: group, ..open.clone() });
            let evidence =
                logwasp_sdk::Evidence::of(event, "a submission failed, Internet mail flows");
            let alert = alert.evidence([evidence]);
            self.report(Hit { alert, more: 0, is_daily: false }, event.is_late(), alerts);
        }
    }
}

fn registry_hits(hit: Option<Hit>, host: Cell<'_>) -> Vec<Hit> {
    if hit.is_none() {
        why::no_value(host);
    }
    hit.into_iter().collect()
}

/// Whoever writes an SMTP protocol log is an Exchange server.
fn learn(learned: &mut Hosts, row: &Session<'_>) {
    let is_real = |ip: &std::net::IpAddr| !ip.is_loopback() && !ip.is_unspecified();
    let local_ip = row.local_ip.and_then(identity::ip).filter(is_real);
    if let Some(ip) = local_ip {
        learned.learn(&ip.to_string());
    }
    if let Some(server) = row.server.and_then(identity::meaningful) {
        learned.learn(server);
        if let Some(ip) = local_ip {
            learned.join(server, ip);
        }
    }
}

logwasp_sdk::export!(KerberosAuth);
