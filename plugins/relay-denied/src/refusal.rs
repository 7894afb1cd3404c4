//! A refusal in our own protocol logs: from its session to a [`Sighting`].

use std::net::IpAddr;

use logwasp_sdk::{Confidence, Hosts, identity, smtp};

use crate::facts::{Fact, Facts};
use crate::peer::{Inventory, Peer, PeerClass};
use crate::recent::hash;
use crate::reply::{Refusal, written};
use crate::rows::Session;
use crate::rule::Rule;
use crate::sighting::{Sighting, key};
use logwasp_sdk::text::clean;

/// Whose log it is: that of the server that refuses, or of the one refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Receive,
    Send,
}

impl Side {
    /// A refusal is a line that the refusing side sends: `>` in a receive log,
    /// `<` in a send log. The other direction only repeats what somebody said.
    fn of(row: &Session<'_>) -> Option<Self> {
        let (side, arrow) = match row.direction? {
            "receive" => (Self::Receive, ">"),
            "send" => (Self::Send, "<"),
            _ => return None,
        };
        row.event.is_none_or(|event| event == arrow).then_some(side)
    }
}

/// What the row tells, if it is one of our refusals.
pub(crate) fn sighting(
    row: &Session<'_>,
    inventory: &Inventory,
    learned: &Hosts,
) -> Option<Sighting> {
    let side = Side::of(row)?;
    let reply = smtp::reply(row.reply?)?;
    let refusal = Refusal::of(&reply)?;
    let case = Case { row, reply: &reply, written: written(&reply), inventory, learned };
    match (side, refusal) {
        (Side::Receive, Refusal::Relay) => case.refused_by_us(Rule::Internal),
        (Side::Receive, Refusal::NotAuthenticated) => case.refused_by_us(Rule::NotAuthenticated),
        (Side::Receive, Refusal::UnknownRecipient) => case.unknown_recipient(),
        (Side::Send, Refusal::Relay | Refusal::NotAuthenticated) => case.refused_by_next_hop(),
        (Side::Send, Refusal::Attribution) => Some(case.not_attributed()),
        (Side::Send, Refusal::BannedIp) => Some(case.blocked()),
        _ => None,
    }
}

/// A refusal and what is needed to judge it.
struct Case<'a> {
    row: &'a Session<'a>,
    reply: &'a smtp::Reply<'a>,
    /// The reply as one line.
    written: String,
    inventory: &'a Inventory,
    learned: &'a Hosts,
}

impl Case<'_> {
    /// Relaying, or mail without authentication, refused by a server of ours.
    fn refused_by_us(&self, if_internal: Rule) -> Option<Sighting> {
        let ip = identity::ip(self.row.ip?)?;
        let peer = self.inventory.classify(ip, self.row, self.learned);
        let (src_ip, server) = (ip.to_string(), self.server());
        let (rule, key) = match peer.class {
            PeerClass::Eop => {
                (Rule::ExchangeOnline, key(Rule::ExchangeOnline, &[&server, self.connector()]))
            }
            PeerClass::OwnExchange => (Rule::OwnExchange, own_key(ip, self.row.local_ip)),
            PeerClass::Internal => (if_internal, key(if_internal, &[&src_ip, self.connector()])),
            PeerClass::Internet => (Rule::Internet, key(Rule::Internet, &[&src_ip])),
        };
        let accepted = self.accepted_foreign_recipient(peer.class);
        let confidence = match rule {
            Rule::Internet => Confidence::Medium,
            _ => peer.confidence,
        };
        Some(Sighting {
            distinct: self.recipient_domains(),
            open_relay: accepted.is_some(),
            facts: self
                .facts(&src_ip, &server)
                .of_peer(peer)
                .with(Fact::AcceptedRecipient, accepted),
            ..self.sighting(rule, key, confidence)
        })
    }

    /// Our server was refused by the host it sends to. Between own servers it is
    /// the same incident that the refusing server's log shows.
    fn refused_by_next_hop(&self) -> Option<Sighting> {
        let ip = identity::ip(self.row.ip?)?;
        let peer = self.inventory.classify(ip, self.row, self.learned);
        let hop = self.inventory.host_name(&ip.to_string(), self.learned).unwrap_or_default();
        let local_ip = self.row.local_ip.and_then(identity::ip);
        if let (PeerClass::OwnExchange, Some(local_ip)) = (peer.class, local_ip) {
            let facts = self.facts(&local_ip.to_string(), &hop).of_peer(peer);
            let key = own_key(local_ip, Some(&ip.to_string()));
            // A frontend that proxies may only pass on what a stranger said.
            return Some(Sighting {
                facts,
                ..self.sighting(Rule::OwnExchange, key, Confidence::Medium)
            });
        }
        let refused_by = self.row.peer_name.and_then(identity::meaningful).unwrap_or(&hop);
        let key = key(Rule::Quoted, &[&self.server(), refused_by]);
        let facts = self
            .sender_facts()
            .with(Fact::SrcIp, self.row.local_ip)
            .with(Fact::PeerClass, Some(peer.class.name()))
            .with(Fact::RefusedBy, Some(refused_by))
            .with(Fact::QuotedIn, Some("send log"));
        Some(Sighting { facts, ..self.sighting(Rule::Quoted, key, Confidence::Medium) })
    }

    fn not_attributed(&self) -> Sighting {
        let facts = self.sender_facts().with(Fact::SrcIp, self.sending_ip().as_deref());
        Sighting {
            facts,
            ..self.sighting(Rule::Attribution, key(Rule::Attribution, &[]), Confidence::High)
        }
    }

    fn blocked(&self) -> Sighting {
        let ip = self.sending_ip().unwrap_or_default();
        let facts = self.sender_facts().with(Fact::SrcIp, Some(&ip));
        Sighting {
            facts,
            ..self.sighting(Rule::BlockedIp, key(Rule::BlockedIp, &[&ip]), Confidence::High)
        }
    }

    fn unknown_recipient(&self) -> Option<Sighting> {
        let ip = identity::ip(self.row.ip?)?;
        let peer = self.inventory.classify(ip, self.row, self.learned);
        let src_ip = ip.to_string();
        let key = key(Rule::Harvest, &[&src_ip]);
        Some(Sighting {
            distinct: self.refused_recipients().map(hash).collect(),
            facts: self.facts(&src_ip, &self.server()).of_peer(peer),
            ..self.sighting(Rule::Harvest, key, Confidence::Medium)
        })
    }

    fn sighting(&self, rule: Rule, key: String, confidence: Confidence) -> Sighting {
        Sighting {
            rule,
            key,
            confidence,
            facts: Facts::default(),
            distinct: Vec::new(),
            open_relay: false,
            summary: self.summary(),
        }
    }

    /// What any refusal tells: `src_ip` was refused by `host`.
    fn facts(&self, src_ip: &str, host: &str) -> Facts {
        Facts::of_refusal()
            .with(Fact::Host, Some(host))
            .with(Fact::SrcIp, Some(src_ip))
            .with(Fact::Connector, self.row.connector)
            .with(Fact::User, self.user().as_deref())
            .with(Fact::Sender, self.row.mail_from.map(bare))
            .with(Fact::Recipient, self.refused_recipients().next())
            .with(Fact::Reply, Some(&self.written))
            .with(Fact::Ehlo, self.row.ehlo)
            .with(Fact::TlsSubject, self.row.tls_subject)
            .with(Fact::Xoorg, self.row.xoorg)
    }

    /// What our own refused server tells.
    fn sender_facts(&self) -> Facts {
        Facts::of_refusal()
            .with(Fact::Host, Some(&self.server()))
            .with(Fact::Connector, self.row.connector)
            .with(Fact::Sender, self.row.mail_from.map(bare))
            .with(Fact::Recipient, self.refused_recipients().next())
            .with(Fact::Reply, Some(&self.written))
            .with(Fact::TlsSubject, self.row.tls_subject)
            .with(Fact::SentCertificateSubject, self.row.sent_subject)
            .with(Fact::SentCertificateThumbprint, self.row.sent_thumbprint)
    }

    /// The server whose log it is.
    fn server(&self) -> String {
        let named = self.row.server.and_then(identity::meaningful).or(self.row.host);
        let host = named.and_then(|server| self.inventory.host_name(server, self.learned));
        host.or_else(|| self.row.local_ip.map(str::to_owned)).unwrap_or_default()
    }

    fn connector(&self) -> &str {
        self.row.connector.unwrap_or_default()
    }

    fn user(&self) -> Option<String> {
        self.row.auth_user.and_then(identity::user).map(|user| user.key)
    }

    /// The address that the reply names in brackets, else the one we sent from.
    fn sending_ip(&self) -> Option<String> {
        let ip = bracketed_ip(self.reply.text).or_else(|| self.row.local_ip.and_then(identity::ip));
        ip.map(|ip| ip.to_string())
    }

    /// A session does not say which recipient a reply belongs to; what was not
    /// accepted was refused.
    fn refused_recipients(&self) -> impl Iterator<Item = &str> {
        let accepted: Vec<&str> = addresses(self.row.accepted_rcpts).collect();
        addresses(self.row.rcpts)
            .filter(move |rcpt| !accepted.iter().any(|a| a.eq_ignore_ascii_case(rcpt)))
    }

    fn recipient_domains(&self) -> Vec<u64> {
        let domains = self.refused_recipients().filter_map(identity::mail_domain);
        let mut hashes: Vec<u64> = domains.map(|domain| hash(&domain)).collect();
        hashes.sort_unstable();
        hashes.dedup();
        hashes
    }

    /// A foreign recipient that an anonymous stranger was allowed to reach.
    fn accepted_foreign_recipient(&self, class: PeerClass) -> Option<&str> {
        if class != PeerClass::Internet || self.user().is_some() {
            return None;
        }
        addresses(self.row.accepted_rcpts).find(|rcpt| {
            identity::mail_domain(rcpt).is_some_and(|d| self.inventory.is_foreign_domain(&d))
        })
    }

    fn summary(&self) -> String {
        let row = self.row;
        let from = row.mail_from.map_or("?", bare);
        let to = self.refused_recipients().next().unwrap_or("?");
        let ip = row.ip.unwrap_or("?");
        let direction = row.direction.unwrap_or("?");
        let parts =
            [&self.written, " (", direction, " log, peer ", ip, ", ", from, " -> ", to, ")"];
        clean(&parts.concat(), 400)
    }
}

impl Facts {
    fn of_peer(self, peer: Peer) -> Self {
        self.with(Fact::PeerClass, Some(peer.class.name()))
            .with(Fact::PeerEvidence, Some(peer.evidence))
    }
}

/// Both sides' logs show a refusal between own servers: one key for both.
fn own_key(refused: IpAddr, refusing: Option<&str>) -> String {
    let refusing = refusing.and_then(identity::ip).map(|ip| ip.to_string()).unwrap_or_default();
    key(Rule::OwnExchange, &[&refused.to_string(), &refusing])
}

/// An address without angle brackets.
fn bare(address: &str) -> &str {
    smtp::bracketed(address).unwrap_or(address).trim()
}

/// How many recipients of a session are looked at. Exchange takes 200 of an
/// anonymous client by default.
const RECIPIENTS_MAX: usize = 200;

/// The values of a repeated column.
fn addresses(cell: Option<&str>) -> impl Iterator<Item = &str> {
    let values = cell.unwrap_or_default().split('\u{1f}').take(RECIPIENTS_MAX);
    values.map(bare).filter(|address| !address.is_empty())
}

/// The first address in brackets; host names stand in brackets too.
pub(crate) fn bracketed_ip(text: &str) -> Option<IpAddr> {
    text.split('[').skip(1).find_map(|rest| identity::ip(rest.split_once(']')?.0))
}
