//! Who was refused: Exchange Online, a server of ours, a host of ours, a stranger.

use std::net::IpAddr;

use logwasp_sdk::{Confidence, Hosts, Nets, Site, identity, smtp};

use crate::rows::Session;

/// What a peer is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PeerClass {
    /// Exchange Online Protection.
    Eop,
    /// One of our Exchange servers.
    OwnExchange,
    /// Another host in a network of ours.
    Internal,
    /// Anybody else.
    Internet,
}

impl PeerClass {
    /// The name in alerts.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Eop => "eop",
            Self::OwnExchange => "own_exchange",
            Self::Internal => "internal",
            Self::Internet => "internet",
        }
    }
}

/// A classified peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Peer {
    /// What it is.
    pub(crate) class: PeerClass,
    /// How sure that is.
    pub(crate) confidence: Confidence,
    /// What it rests on.
    pub(crate) evidence: &'static str,
}

/// The configured side of what is known about hosts; what logs teach is in the
/// detector's state.
pub(crate) struct Inventory {
    eop: Nets,
    internal: Nets,
    exchange: Hosts,
    site: Site,
}

impl Inventory {
    /// Reads the networks of the site.
    pub(crate) fn new(site: Site) -> Result<Self, String> {
        let nets = |name: &str, texts: &[String]| {
            Nets::parse(texts).map_err(|error| format!("site.{name}: {error}"))
        };
        Ok(Self {
            eop: nets("eop_nets", &site.eop_nets)?,
            internal: nets("internal_nets", &site.internal_nets)?,
            exchange: Hosts::parse(&site.exchange_hosts),
            site,
        })
    }

    /// Classifies the peer of a session. Addresses and certificates prove; what
    /// the client merely says about itself makes the verdict less sure.
    pub(crate) fn classify(&self, ip: IpAddr, row: &Session<'_>, learned: &Hosts) -> Peer {
        let peer = |class, confidence, evidence| Peer { class, confidence, evidence };
        if let Some((confidence, evidence)) = self.is_eop(ip, row) {
            return peer(PeerClass::Eop, confidence, evidence);
        }
        let internal = self.internal.contains(ip);
        if self.exchange.contains_ip(ip) || learned.contains_ip(ip) {
            peer(PeerClass::OwnExchange, Confidence::High, "address of an Exchange server")
        } else if internal && row.ehlo.is_some_and(|name| self.is_exchange(name, learned)) {
            let evidence = "internal address, and the EHLO name of an Exchange server";
            peer(PeerClass::OwnExchange, Confidence::Medium, evidence)
        } else if internal {
            peer(PeerClass::Internal, Confidence::High, "address in internal_nets")
        } else {
            peer(PeerClass::Internet, Confidence::High, "address in no known network")
        }
    }

    fn is_eop(&self, ip: IpAddr, row: &Session<'_>) -> Option<(Confidence, &'static str)> {
        let from_us = |domain: Option<&str>| domain.is_some_and(|d| self.site.accepts_domain(d));
        let ours = row.xoorg.is_some_and(|org| from_us(Some(org.trim())));
        let (confidence, evidence) = if self.eop.contains(ip) {
            (Confidence::High, "address in eop_nets")
        } else if row.tls_subject.is_some_and(is_eop_certificate) {
            (Confidence::High, "certificate of mail.protection.outlook.com")
        } else if ours {
            (Confidence::Medium, "XOORG of an accepted domain")
        } else if row.ehlo.is_some_and(is_eop_name) {
            (Confidence::Low, "EHLO name alone")
        } else {
            return None;
        };
        // Every tenant sends from there: a foreign sender's mail to a domain that
        // was ours once is refused rightly.
        let sender = row.mail_from.and_then(identity::mail_domain);
        let foreign = !self.site.accepted_domains.is_empty()
            && !ours
            && sender.is_some_and(|domain| !from_us(Some(&domain)));
        Some(if foreign && confidence == Confidence::High {
            (Confidence::Medium, "Exchange Online, but the sender's domain is not ours")
        } else {
            (confidence, evidence)
        })
    }

    fn is_exchange(&self, name: &str, learned: &Hosts) -> bool {
        self.exchange.contains(name) || learned.contains(name)
    }

    /// True when the domain is known to be foreign: with no accepted domains
    /// configured none is.
    pub(crate) fn is_foreign_domain(&self, domain: &str) -> bool {
        !self.site.accepted_domains.is_empty() && !self.site.accepts_domain(domain)
    }

    /// The name of a server by its name or address, as far as known.
    pub(crate) fn host_name(&self, name_or_address: &str, learned: &Hosts) -> Option<String> {
        self.exchange
            .canonical(name_or_address)
            .filter(|name| identity::ip(name).is_none())
            .or_else(|| learned.canonical(name_or_address))
            .or_else(|| identity::host(name_or_address))
    }
}

fn is_eop_certificate(subject: &str) -> bool {
    // The issuer may follow the subject with a mere blank between them.
    smtp::common_name(subject)
        .and_then(|name| name.split_whitespace().next())
        .is_some_and(|name| name.eq_ignore_ascii_case("mail.protection.outlook.com"))
}

fn is_eop_name(ehlo: &str) -> bool {
    ehlo.trim().to_ascii_lowercase().ends_with(".outbound.protection.outlook.com")
}

#[cfg(test)]
mod tests {
    use super::*;

    const EHLO: &str = "NAM04-CO1-obe.outbound.protection.outlook.com";

    fn inventory() -> Inventory {
        Inventory::new(Site {
            exchange_hosts: vec!["EXCH01=10.0.0.25".into(), "EXCH02".into()],
            accepted_domains: vec!["contoso.com".into()],
            ..Site::default()
        })
        .expect("a test site")
    }

    fn session() -> Session<'static> {
        Session {
            host: None,
            direction: Some("receive"),
            event: None,
            reply: None,
            ip: None,
            local_ip: None,
            connector: None,
            server: None,
            ehlo: None,
            peer_name: None,
            tls_subject: None,
            sent_subject: None,
            sent_thumbprint: None,
            mail_from: None,
            rcpts: None,
            accepted_rcpts: None,
            auth_user: None,
            xoorg: None,
        }
    }

    fn class(ip: &str, row: &Session<'_>) -> (PeerClass, Confidence) {
        let ip = ip.parse().expect("a test address");
        let peer = inventory().classify(ip, row, &Hosts::parse(&["10.0.0.26".to_owned()]));
        (peer.class, peer.confidence)
    }

    /// Scenario: each piece of evidence for Exchange Online, alone.
    /// Guarantees: address and certificate prove, XOORG and EHLO only suggest.
    #[test]
    fn exchange_online_is_recognised_by_what_proves_it() {
        let eop = |confidence| (PeerClass::Eop, confidence);
        assert_eq!(class("40.107.110.98", &session()), eop(Confidence::High));
        let subject = Some("CN=mail.protection.outlook.com, O=Microsoft Corporation");
        let row = Session { tls_subject: subject, ..session() };
        assert_eq!(class("198.51.100.7", &row), eop(Confidence::High));
        let row = Session { xoorg: Some("Contoso.com"), ..session() };
        assert_eq!(class("198.51.100.7", &row), eop(Confidence::Medium));
        let row = Session { ehlo: Some(EHLO), ..session() };
        assert_eq!(class("198.51.100.7", &row), eop(Confidence::Low));
        let row =
            Session { ehlo: Some("outbound.protection.outlook.com.evil.example"), ..session() };
        assert_eq!(class("198.51.100.7", &row).0, PeerClass::Internet);
        let row = Session { xoorg: Some("fabrikam.com"), ..session() };
        assert_eq!(class("198.51.100.7", &row).0, PeerClass::Internet);
    }

    /// Scenario: Exchange Online brings mail of our tenant, and of another.
    /// Guarantees: another tenant's sender makes the verdict less sure; a bounce
    /// without a sender and our own XOORG do not.
    #[test]
    fn another_tenants_mail_is_less_sure() {
        for (mail_from, xoorg, confidence) in [
            (Some("clint@contoso.com"), None, Confidence::High),
            (Some("x@fabrikam.com"), None, Confidence::Medium),
            (Some("x@fabrikam.com"), Some("contoso.com"), Confidence::High),
            (Some("<>"), None, Confidence::High),
            (None, None, Confidence::High),
        ] {
            let row = Session { mail_from, xoorg, ..session() };
            assert_eq!(class("40.107.110.98", &row), (PeerClass::Eop, confidence), "{mail_from:?}");
        }
    }

    /// Scenario: configured and learned Exchange servers, other hosts, strangers,
    /// and a stranger who borrows a server's name.
    /// Guarantees: each has its class.
    #[test]
    fn hosts_have_their_class() {
        assert_eq!(class("10.0.0.25", &session()), (PeerClass::OwnExchange, Confidence::High));
        assert_eq!(class("10.0.0.26", &session()), (PeerClass::OwnExchange, Confidence::High));
        assert_eq!(class("10.1.9.7", &session()), (PeerClass::Internal, Confidence::High));
        assert_eq!(class("fd00::1", &session()).0, PeerClass::Internal);
        assert_eq!(class("198.51.100.77", &session()).0, PeerClass::Internet);
        let named = Session { ehlo: Some("exch02.contoso.com"), ..session() };
        assert_eq!(class("10.0.0.99", &named), (PeerClass::OwnExchange, Confidence::Medium));
        assert_eq!(class("198.51.100.77", &named).0, PeerClass::Internet);
    }

    /// Scenario: a broken network in the site.
    /// Guarantees: the detector does not start, and says which setting it is.
    #[test]
    fn broken_networks_are_refused() {
        let site = Site { eop_nets: vec!["40.107/16".into()], ..Site::default() };
        assert!(Inventory::new(site).is_err_and(|error| error.contains("site.eop_nets")));
    }
}
