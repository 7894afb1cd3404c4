//! The second hop: the client behind a server that logs on for others.
//!
//! A server's log names the client, and mostly the user too. Where it does not
//! (SMTP AUTH in older logs), the moments of the failures tell which client it
//! was: see [`crate::time_join`].

use std::collections::BTreeMap;
use std::net::IpAddr;

use logwasp_sdk::state::Ring;
use logwasp_sdk::{RecordRef, Timestamp};

use crate::client::{Device, Refusal, Service};
use crate::failure::{Failure, Reported};
use crate::machine::Machine;
use crate::place;
use crate::scene::Scene;
use crate::time_join;

/// A client behind a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// The service it used.
    pub service: Service,
    /// Found by the moments of its failures, not by the user's name.
    pub inferred: bool,
    /// Its address.
    pub ip: Option<IpAddr>,
    /// Its device.
    pub device: Device,
    /// Its user agent, or the SMTP AUTH mechanism.
    pub agent: String,
    /// How often it was refused in the look-back.
    pub refusals: usize,
    /// When it was refused, as far as remembered, oldest first.
    pub beats: Vec<Timestamp>,
    /// Its refusals in the look-back.
    pub records: Vec<(Timestamp, RecordRef)>,
}

/// Where to look, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Http,
    Mailbox,
    Smtp,
    SmtpByTime,
}

/// Looks for the client behind `machine`.
pub(crate) fn hop2(scene: &Scene<'_>, machine: &Machine, failures: &[&Failure]) -> Option<Client> {
    let user = scene.user;
    steps(&caller_process(machine, failures)).into_iter().find_map(|step| match step {
        Step::Http => by_name(scene, machine, &user.http),
        Step::Mailbox => by_name(scene, machine, &user.mailbox),
        Step::Smtp => by_name(scene, machine, &user.smtp),
        Step::SmtpByTime => time_join::client(scene, machine, failures),
    })
}

/// The program on the machine that tried the newest failed logon, empty when no
/// record of that machine tells.
pub(crate) fn caller_process(machine: &Machine, failures: &[&Failure]) -> String {
    let told = |failure: &&&Failure| {
        failure.reported() == Reported::Logon
            && !failure.process.is_empty()
            && machine.is(&place::key(&failure.reporter))
    };
    failures.iter().rev().find(told).map(|failure| failure.process.clone()).unwrap_or_default()
}

/// The service that a program runs is searched first.
fn steps(process: &str) -> [Step; 4] {
    use Step::{Http, Mailbox, Smtp, SmtpByTime};
    let process = process.to_ascii_lowercase();
    let is = |name: &str| process.contains(name);
    if is("inetinfo") {
        [Http, Smtp, SmtpByTime, Mailbox]
    } else if is("msexchangefrontendtransport") || is("edgetransport") {
        [Smtp, SmtpByTime, Http, Mailbox]
    } else if is("imap4") || is("pop3") {
        [Mailbox, Http, Smtp, SmtpByTime]
    } else {
        [Http, Mailbox, Smtp, SmtpByTime]
    }
}

/// The client with most refusals of the user on the machine, of equals the one
/// refused last.
fn by_name(scene: &Scene<'_>, machine: &Machine, refusals: &Ring<Refusal>) -> Option<Client> {
    let on_machine = |refusal: &&Refusal| {
        (refusal.server.is_empty() || machine.is(&refusal.server)) && refusal.at <= scene.until()
    };
    let mut clients: BTreeMap<_, Vec<&Refusal>> = BTreeMap::new();
    for refusal in refusals.iter().filter(on_machine) {
        clients.entry(refusal.client()).or_default().push(refusal);
    }
    let groups = clients.into_values().filter_map(|refusals| Group::of(scene, refusals));
    let best = groups.max_by_key(|group| (group.recent, group.newest.at, group.newest.record))?;
    Some(best.client(scene))
}

/// The refusals of one client.
struct Group<'a> {
    all: Vec<&'a Refusal>,
    newest: &'a Refusal,
    recent: usize,
}

impl<'a> Group<'a> {
    /// `None` when none lies in the look-back.
    fn of(scene: &Scene<'_>, mut all: Vec<&'a Refusal>) -> Option<Self> {
        all.sort_by_key(|refusal| (refusal.at, refusal.record));
        let newest = *all.last().filter(|newest| scene.covers(newest.at))?;
        let recent = all.iter().filter(|refusal| scene.covers(refusal.at)).count();
        Some(Self { all, newest, recent })
    }

    fn client(self, scene: &Scene<'_>) -> Client {
        let recent = self.all.iter().filter(|refusal| scene.covers(refusal.at));
        Client {
            service: self.newest.service,
            inferred: false,
            ip: self.newest.ip,
            device: device(scene, self.newest),
            agent: self.newest.agent.clone(),
            refusals: self.recent,
            beats: self.all.iter().map(|refusal| refusal.at).collect(),
            records: recent.map(|refusal| (refusal.at, refusal.record)).collect(),
        }
    }
}

/// The device of a refusal, else the one that the HTTP proxy saw at that address.
fn device(scene: &Scene<'_>, refusal: &Refusal) -> Device {
    let known = !refusal.device.id.is_empty() || refusal.service != Service::ActiveSync;
    let seen = |other: &&Refusal| other.ip == refusal.ip && !other.device.id.is_empty();
    let proxied = || scene.user.proxied.iter().rev().find(seen).map(|other| &other.device);
    if known { None } else { proxied() }.unwrap_or(&refusal.device).clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: the programs that serve mail and web on Exchange servers, a pid of
    /// an old server, and none.
    /// Guarantees: what the program serves is searched first; everything is
    /// searched.
    #[test]
    fn the_program_orders_the_search() {
        for (process, first) in [
            ("w3wp.exe", Step::Http),
            ("inetinfo.exe", Step::Http),
            ("MSExchangeFrontendTransport.exe", Step::Smtp),
            ("EdgeTransport.exe", Step::Smtp),
            ("Microsoft.Exchange.Imap4.exe", Step::Mailbox),
            ("Microsoft.Exchange.Pop3.exe", Step::Mailbox),
            ("pid 1728", Step::Http),
            ("", Step::Http),
        ] {
            let order = steps(process);
            assert_eq!(order[0], first, "{process}");
            assert!(
                [Step::Mailbox, Step::Smtp, Step::SmtpByTime].iter().all(|s| order.contains(s))
            );
        }
        assert_eq!(steps("inetinfo.exe")[1], Step::Smtp);
    }
}
