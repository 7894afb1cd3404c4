//! The attribution chain: from a lockout to the machine and the client behind it.

use std::net::IpAddr;

use logwasp_sdk::Timestamp;

use crate::client::source_of;
use crate::coverage::LogKind;
use crate::failure::Failure;
use crate::hop1::hop1;
use crate::hop2::{Client, caller_process, hop2};
use crate::machine::{Machine, Role};
use crate::scene::Scene;

/// What locked the account, as far as the records tell.
#[derive(Debug, Clone)]
pub struct Attribution {
    /// What kind of source it is.
    pub kind: Kind,
    /// The first hop.
    pub machine: Option<Machine>,
    /// The second hop.
    pub client: Option<Client>,
    /// The program on the first hop that tried the logons.
    pub caller_process: String,
    /// When the source failed, as far as remembered, oldest first.
    pub beats: Vec<Timestamp>,
    /// Which logs of the first hop were read, when it is a server and the client
    /// was not found.
    pub logs: Option<Logs>,
}

/// What kind of source locked the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A client of a server, named by the server's log.
    Client,
    /// A client of a server, found by time.
    InferredClient,
    /// An Exchange server, the client is unknown.
    ExchangeUnknown,
    /// A machine that passes logons on, the client is unknown.
    Intermediary,
    /// A machine of the site.
    Workstation,
    /// An address outside the site's networks.
    ExternalIp,
    /// Nothing that has a name in the domain.
    NonDomainDevice,
}

/// Which logs of a server were read in the look-back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Logs {
    /// The web server's.
    pub http: bool,
    /// SMTP's.
    pub smtp: bool,
    /// IMAP's and POP's.
    pub mailbox: bool,
}

impl Attribution {
    /// Follows the chain.
    pub fn of(scene: &Scene<'_>, failures: &[&Failure]) -> Self {
        let machine = hop1(scene, failures).map(|place| Machine::of(place, scene, failures));
        let client = machine
            .as_ref()
            .filter(|machine| machine.role != Role::Other || names_user(scene, machine))
            .and_then(|machine| hop2(scene, machine, failures));
        let process = machine.as_ref().map(|machine| caller_process(machine, failures));
        let kind = kind(scene, machine.as_ref(), client.as_ref());
        let beats = match &client {
            Some(client) => client.beats.clone(),
            None => beats(scene, machine.as_ref()),
        };
        let unexplained = machine.as_ref().filter(|_| kind == Kind::ExchangeUnknown);
        let logs = unexplained.map(|machine| Logs::of(scene, machine));
        let caller_process = process.unwrap_or_default();
        Self { kind, machine, client, caller_process, beats, logs }
    }

    /// The attribute `kind`.
    pub fn kind_name(&self) -> String {
        let service = || self.client.as_ref().map_or("unknown", |client| client.service.kind());
        match self.kind {
            Kind::Client => service().to_owned(),
            Kind::InferredClient => format!("{}_inferred", service()),
            Kind::ExchangeUnknown => "exchange_unknown".to_owned(),
            Kind::Intermediary => "intermediary".to_owned(),
            Kind::Workstation => "workstation".to_owned(),
            Kind::ExternalIp => "external_ip".to_owned(),
            Kind::NonDomainDevice => "non_domain_device".to_owned(),
        }
    }

    /// The first hop's name, empty when there is none.
    pub fn shown(&self) -> &str {
        self.machine.as_ref().map_or("", Machine::shown)
    }

    /// How much is explained: a client found later makes an alert better.
    pub fn rank(&self) -> u8 {
        match self.kind {
            Kind::Client => 3,
            Kind::InferredClient => 2,
            Kind::NonDomainDevice => 0,
            _ => 1,
        }
    }

    /// The source's address, when it is not a server's.
    pub fn source_ip(&self) -> Option<IpAddr> {
        match self.kind {
            Kind::Client | Kind::InferredClient => self.client.as_ref()?.ip,
            Kind::Workstation | Kind::ExternalIp => self.machine.as_ref()?.address,
            _ => None,
        }
    }

    /// The source as the cooldown knows it; empty when nothing is known.
    pub fn source(&self) -> String {
        let client = self.client.as_ref().and_then(|c| source_of(&c.device, c.ip));
        client.or_else(|| Some(self.machine.as_ref()?.key().to_owned())).unwrap_or_default()
    }

    /// All names under which the source's accounts are counted. A server asks for
    /// everybody, so it is nobody's source.
    pub fn sources(&self) -> Vec<String> {
        match (self.kind, &self.machine) {
            (Kind::Client | Kind::InferredClient, _) => vec![self.source()],
            (Kind::Workstation | Kind::ExternalIp, Some(machine)) => {
                machine.keys().map(str::to_owned).collect()
            }
            _ => Vec::new(),
        }
    }
}

impl Logs {
    fn of(scene: &Scene<'_>, machine: &Machine) -> Self {
        let read = |log| {
            machine
                .keys()
                .any(|key| scene.state.coverage.has(key, log, scene.from(), scene.until()))
        };
        Self {
            http: read(LogKind::Http),
            smtp: read(LogKind::Smtp),
            mailbox: read(LogKind::Mailbox),
        }
    }
}

fn kind(scene: &Scene<'_>, machine: Option<&Machine>, client: Option<&Client>) -> Kind {
    let Some(machine) = machine else { return Kind::NonDomainDevice };
    let external = machine.place.address().is_some_and(|ip| !scene.inventory.is_internal(ip));
    match (client, machine.role) {
        (Some(client), _) if client.inferred => Kind::InferredClient,
        (Some(_), _) => Kind::Client,
        (None, Role::Exchange) => Kind::ExchangeUnknown,
        (None, Role::Relay) => Kind::Intermediary,
        (None, Role::Other) if external => Kind::ExternalIp,
        (None, Role::Other) => Kind::Workstation,
    }
}

/// True when the machine's own log names the user: whatever the machine is, it
/// logs on for others.
fn names_user(scene: &Scene<'_>, machine: &Machine) -> bool {
    scene.refusals().any(|refusal| machine.is(&refusal.server))
}

/// When the user failed at this machine, or with no source at all.
fn beats(scene: &Scene<'_>, machine: Option<&Machine>) -> Vec<Timestamp> {
    let from_here = |failure: &&Failure| match machine {
        Some(machine) => failure.involves(|key| machine.is(key)),
        None => failure.sources().is_empty(),
    };
    scene.history().into_iter().filter(from_here).map(|failure| failure.at).collect()
}
