//! What the operator told about the site, in the shape the chain asks for it.

use std::net::IpAddr;

use logwasp_sdk::identity::{self, is_computer_account};
use logwasp_sdk::{Hosts, Nets, Site};

use crate::failure::Failure;
use crate::place;
use crate::why;

/// The site.
#[derive(Debug, Clone)]
pub struct Inventory {
    site: Site,
    dcs: Hosts,
    relays: Hosts,
    internal: Nets,
}

impl Inventory {
    /// Reads the site's lists.
    pub fn new(site: Site) -> Result<Self, String> {
        let mut dcs = Hosts::parse(&site.dcs);
        dcs.learn(&site.pdc);
        let internal = Nets::parse(&site.internal_nets)?;
        Ok(Self { dcs, relays: Hosts::parse(&site.relay_hosts), internal, site })
    }

    /// The account, when its failures count: not a computer's, not a health
    /// mailbox's, not one the operator ignores.
    pub fn account(&self, cell: Option<&str>) -> Option<identity::User> {
        let mut user = identity::user(cell?)?;
        user.key.truncate(user.key.floor_char_boundary(ACCOUNT_BYTES_MAX));
        if let Some(because) = self.ignored(&user.key) {
            why::ignored(&user.key, because);
            return None;
        }
        Some(user)
    }

    /// Why the account never counts.
    fn ignored(&self, account: &str) -> Option<&'static str> {
        if is_computer_account(account) {
            Some("a computer's account")
        } else if account.starts_with("healthmailbox") {
            Some("a health mailbox")
        } else {
            self.site.ignores_user(account).then_some("one of `site.ignore_users`")
        }
    }

    /// True when trouble of the account weighs more.
    pub fn is_privileged(&self, account: &str) -> bool {
        self.site.is_privileged(account)
    }

    /// True when the machine is the PDC emulator.
    pub fn is_pdc(&self, machine: &str) -> bool {
        !machine.is_empty() && place::key(machine) == place::key(&self.site.pdc)
    }

    /// True when the machine is one of the domain controllers, `None` when the
    /// operator named none.
    pub fn is_dc(&self, machine: &str) -> Option<bool> {
        (!self.dcs.is_empty()).then(|| self.dcs.contains(machine))
    }

    /// True when a domain controller reported the failure: by name, or, where no
    /// names are given, by what only such a machine reports.
    pub fn is_from_dc(&self, failure: &Failure) -> bool {
        self.is_dc(&failure.reporter)
            .unwrap_or_else(|| !failure.reporter.is_empty() && failure.is_from_dc())
    }

    /// Machines that pass logons on.
    pub fn relays(&self) -> &Hosts {
        &self.relays
    }

    /// True when the address is in a network of our own.
    pub fn is_internal(&self, ip: IpAddr) -> bool {
        self.internal.contains(ip)
    }

    /// Adds the Exchange servers that the operator named to those learned.
    pub fn name_exchange(&self, exchange: &mut Hosts) {
        for entry in &self.site.exchange_hosts {
            let (name, address) = entry.split_once('=').unwrap_or((entry, ""));
            exchange.learn(name);
            if let Some(address) = identity::ip(address) {
                exchange.join(name, address);
            }
        }
    }
}

/// Longest account name kept: a part of an incident's key.
const ACCOUNT_BYTES_MAX: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: accounts that people, computers and probes use, with a list of the
    /// operator's own that forgets computers.
    /// Guarantees: computers and health mailboxes never count, huge names are cut.
    #[test]
    fn some_accounts_never_count() {
        let site = Site { ignore_users: vec!["svc_test*".into()], ..Site::default() };
        let inventory = Inventory::new(site).expect("it is a site");
        let counts = |text: &str| inventory.account(Some(text)).is_some();
        assert!(counts("CONTOSO\\user1"));
        for text in ["DC01$", "HealthMailbox1f2e@contoso.com", "svc_test7", "", "-"] {
            assert!(!counts(text), "{text}");
        }
        let long = inventory.account(Some(&"ü".repeat(500))).expect("it is a name");
        assert_eq!(long.key.len(), ACCOUNT_BYTES_MAX);
    }

    /// Scenario: a site that names an Exchange server with its address.
    /// Guarantees: both spellings are one machine; naming it again changes nothing.
    #[test]
    fn exchange_servers_are_named() {
        let site = Site { exchange_hosts: vec!["EXCH01=10.0.0.25".into()], ..Site::default() };
        let inventory = Inventory::new(site).expect("it is a site");
        let mut exchange = Hosts::default();
        inventory.name_exchange(&mut exchange);
        let once = exchange.clone();
        inventory.name_exchange(&mut exchange);
        assert_eq!(exchange, once);
        assert!(exchange.same("exch01.contoso.com", "10.0.0.25"));
    }
}
