//! One message, as its headers (or a log that quotes them) tell it.

use std::net::IpAddr;

use logwasp_sdk::{identity, mail, smtp};

use crate::text::shorten;

/// Longest value kept of a header that holds one word.
const WORD_BYTES_MAX: usize = 256;
/// Exchange stops a message after 60 hops; more lines than this are forged.
const HOPS_MAX: usize = 128;
const ORGANIZATION_HEADERS_MAX: usize = 128;

/// Exchange's own headers: the header firewall removes them from strangers' mail.
pub(crate) const ORGANIZATION_PREFIX: &str = "x-ms-exchange-organization-";

/// Where the facts come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The header block itself.
    #[default]
    Headers,
    /// A gateway's log line that quotes headers.
    GatewayLog,
    /// A tracking or extended trace row: weak evidence.
    Trace,
}

/// What Exchange concluded about the message, and who sent it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) origin: Origin,
    pub(crate) id: Option<String>,
    /// Mailbox of the author; the envelope's when there is no author.
    pub(crate) sender: Option<String>,
    pub(crate) sender_domain: Option<String>,
    pub(crate) auth_as: Option<String>,
    pub(crate) auth_source: Option<String>,
    pub(crate) auth_mechanism: Option<String>,
    pub(crate) directionality: Option<String>,
    pub(crate) from_entity: Option<String>,
    pub(crate) oorg: Option<String>,
    pub(crate) cross_tenant_id: Option<String>,
    pub(crate) attributed_n: Option<u32>,
    pub(crate) attributed_tenant: Option<String>,
    pub(crate) scl: Option<String>,
    pub(crate) connector: Option<String>,
    /// What the sending organization said before Exchange Online judged.
    pub(crate) on_prem_auth_as: Option<String>,
    /// Hosts that preserved or filtered the organization's headers on the way.
    pub(crate) premises_hosts: Vec<String>,
    /// The route, newest first.
    pub(crate) hops: Vec<Hop>,
    pub(crate) organization: Vec<OrganizationHeader>,
}

/// One `Received` line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Hop {
    pub(crate) from: Option<String>,
    pub(crate) from_ip: Option<IpAddr>,
    pub(crate) by: Option<String>,
    pub(crate) authenticated: bool,
    /// The record was written by the receiving host itself.
    pub(crate) own_log: bool,
}

/// An `X-MS-Exchange-Organization-*` header and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OrganizationHeader {
    /// In lower case.
    pub(crate) name: String,
    pub(crate) value: String,
    /// `Received` lines above it.
    pub(crate) hops_above: usize,
    /// Something that the sender wrote stands below it. Exchange puts its own
    /// headers after all that it received.
    pub(crate) inside: bool,
}

impl Message {
    pub(crate) fn from_block(block: &str) -> Self {
        let mut reader = Reader::new(Origin::Headers);
        for header in mail::headers(block) {
            reader.header(header.name, &header.value);
        }
        reader.finish()
    }

    /// From headers that a log line quotes, in their order.
    pub(crate) fn from_quoted<'a>(headers: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut reader = Reader::new(Origin::GatewayLog);
        for (name, value) in headers {
            reader.header(name, value);
        }
        reader.finish()
    }

    pub(crate) fn is_internal(&self) -> bool {
        is(self.auth_as.as_deref(), "Internal")
    }

    pub(crate) fn is_anonymous(&self) -> bool {
        is(self.auth_as.as_deref(), "Anonymous")
    }

    pub(crate) fn is_from_internet(&self) -> bool {
        is(self.from_entity.as_deref(), "Internet")
    }

    /// Exchange Online attributed it to our inbound connector.
    pub(crate) fn is_attributed_on_prem(&self) -> bool {
        is(self.from_entity.as_deref(), "HybridOnPrem")
    }

    pub(crate) fn was_anonymous_on_prem(&self) -> bool {
        is(self.on_prem_auth_as.as_deref(), "Anonymous")
    }

    pub(crate) fn is_originating(&self) -> bool {
        is(self.directionality.as_deref(), "Originating")
    }

    pub(crate) fn set_sender(&mut self, address: &str) {
        self.sender_domain = identity::mail_domain(address);
        self.sender = keep(&address.to_lowercase());
    }

    /// The tenant that the message was attributed to, or else came from.
    pub(crate) fn tenant(&self) -> Option<&String> {
        self.attributed_tenant.as_ref().or(self.cross_tenant_id.as_ref())
    }

    /// The facts that an alert reports, under their names.
    pub(crate) fn facts(&self) -> Vec<(&'static str, String)> {
        let attributed_n = self.attributed_n.map(|n| n.to_string());
        let facts = [
            ("auth_as", &self.auth_as),
            ("auth_source", &self.auth_source),
            ("auth_mechanism", &self.auth_mechanism),
            ("directionality", &self.directionality),
            ("from_entity", &self.from_entity),
            ("oorg", &self.oorg),
            ("cross_tenant_id", &self.cross_tenant_id),
            ("attributed_n", &attributed_n),
            ("attributed_tenant", &self.attributed_tenant),
            ("scl", &self.scl),
            ("sender", &self.sender),
            ("sender_domain", &self.sender_domain),
        ];
        facts.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))).collect()
    }

    /// The facts in a few words, for evidence.
    pub(crate) fn summary(&self) -> String {
        let words = [
            ("from", &self.sender),
            ("AuthAs", &self.auth_as),
            ("AuthSource", &self.auth_source),
            ("AuthMechanism", &self.auth_mechanism),
            ("FromEntity", &self.from_entity),
            ("message id", &self.id),
        ];
        let said = words
            .into_iter()
            .filter_map(|(name, value)| Some(format!("{name} {}", value.as_ref()?)))
            .collect::<Vec<_>>();
        shorten(&said.join(", "), 500)
    }
}

fn is(fact: Option<&str>, value: &str) -> bool {
    fact.is_some_and(|fact| fact.eq_ignore_ascii_case(value))
}

/// Reads headers one by one.
struct Reader {
    message: Message,
    author: Option<String>,
    envelope: Option<String>,
    /// Organization headers seen when the sender's latest header came.
    inside_until: usize,
}

impl Reader {
    fn new(origin: Origin) -> Self {
        let message = Message { origin, ..Message::default() };
        Self { message, author: None, envelope: None, inside_until: 0 }
    }

    fn header(&mut self, name: &str, value: &str) {
        let name = name.to_ascii_lowercase();
        if let Some(fact) = name.strip_prefix(ORGANIZATION_PREFIX) {
            self.organization_header(&name, fact, value);
            return;
        }
        if is_written_by_sender(&name) {
            self.inside_until = self.message.organization.len();
        }
        let message = &mut self.message;
        match name.as_str() {
            "received" => self.received(value),
            "message-id" => {
                let id = smtp::bracketed(value).unwrap_or(value);
                message.id = message.id.take().or_else(|| keep(id));
            }
            "from" => self.author = self.author.take().or_else(|| mail::address(value)),
            "return-path" => self.envelope = self.envelope.take().or_else(|| mail::address(value)),
            "x-ms-exchange-crosstenant-fromentityheader" => message.from_entity = word(value),
            "x-ms-exchange-crosstenant-id" => message.cross_tenant_id = word(value),
            "x-ms-exchange-crosspremises-authas" => message.on_prem_auth_as = word(value),
            "x-originatororg" => message.oorg = word(value),
            "x-eopattributedmessage" => {
                message.attributed_n = word(value).and_then(|n| n.parse().ok());
            }
            "x-eoptenantattributedmessage" => {
                message.attributed_tenant = value.split(':').next().and_then(word);
            }
            "x-organizationheaderspreserved" | "x-crosspremisesheadersfiltered" => {
                message
                    .premises_hosts
                    .extend(value.split([' ', ',', ';']).filter_map(word).take(4));
            }
            _ => {}
        }
    }

    /// The last header of a name is the one that Exchange wrote: it appends.
    fn organization_header(&mut self, name: &str, fact: &str, value: &str) {
        let message = &mut self.message;
        match fact {
            "authas" => message.auth_as = word(value),
            "authsource" => message.auth_source = word(value),
            "authmechanism" => message.auth_mechanism = word(value).map(|v| v.to_lowercase()),
            "messagedirectionality" => message.directionality = word(value),
            "scl" => message.scl = word(value),
            _ => {}
        }
        if message.organization.len() < ORGANIZATION_HEADERS_MAX {
            message.organization.push(OrganizationHeader {
                name: shorten(name, WORD_BYTES_MAX),
                value: word(value).unwrap_or_default(),
                hops_above: message.hops.len(),
                inside: false,
            });
        }
    }

    fn received(&mut self, value: &str) {
        if self.message.hops.len() >= HOPS_MAX {
            return;
        }
        let line = mail::received(value);
        self.message.hops.push(Hop {
            from: line.from.and_then(keep),
            from_ip: line.from_ip,
            by: line.by.and_then(keep),
            authenticated: line.authenticated,
            own_log: false,
        });
    }

    fn finish(mut self) -> Message {
        let inside = self.inside_until;
        self.message.organization.iter_mut().take(inside).for_each(|header| header.inside = true);
        if let Some(address) = self.author.or(self.envelope) {
            self.message.set_sender(&address);
        }
        self.message
    }
}

/// Headers that come with a message and that no receiving server appends. MIME
/// headers are not among them: conversion may move these to the end.
fn is_written_by_sender(name: &str) -> bool {
    ["received", "from", "to", "cc", "subject", "date", "message-id", "reply-to"].contains(&name)
}

/// The first word of a value that is one word.
pub(crate) fn word(value: &str) -> Option<String> {
    let end = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '|' | '"' | '\'' | '\\' | '}');
    keep(value.trim_start().split(end).next()?)
}

pub(crate) fn keep(value: &str) -> Option<String> {
    identity::meaningful(value).map(|value| shorten(value, WORD_BYTES_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: headers folded, in other cases, repeated, before and after what
    /// the sender wrote.
    /// Guarantees: one reading; the place of organization headers is known.
    #[test]
    fn blocks_become_facts() {
        let block = "Received: from a (198.51.100.9) by exch01.contoso.com with x; d\r\n\
            X-MS-Exchange-Organization-SCL: -1\r\nFrom: \"C\" <Ceo@Contoso.com>\r\n\
            x-ms-exchange-organization-authas:\r\n Anonymous\r\n\
            X-EOPTenantAttributedMessage: 1111-2222:0\r\nX-EOPAttributedMessage: 0\r\n\
            X-MS-Exchange-CrossTenant-fromentityheader: Internet\r\n";
        let message = Message::from_block(block);
        assert!(message.is_anonymous() && message.is_from_internet());
        assert_eq!(message.sender.as_deref(), Some("ceo@contoso.com"));
        assert_eq!(message.sender_domain.as_deref(), Some("contoso.com"));
        assert_eq!(message.attributed_tenant.as_deref(), Some("1111-2222"));
        assert_eq!(message.attributed_n, Some(0));
        let places: Vec<_> = message
            .organization
            .iter()
            .map(|h| (h.value.as_str(), h.hops_above, h.inside))
            .collect();
        assert_eq!(places, [("-1", 1, true), ("Anonymous", 1, false)]);
    }

    /// Scenario: no author but an envelope; an author that is no address.
    /// Guarantees: the envelope stands in.
    #[test]
    fn the_envelope_stands_in() {
        let message = Message::from_block("From: nobody\nReturn-Path: <erp@contoso.com>\n");
        assert_eq!(message.sender_domain.as_deref(), Some("contoso.com"));
    }

    /// Scenario: a block of a megabyte of headers, and one of garbage.
    /// Guarantees: what is kept is bounded; no panic.
    #[test]
    fn hostile_blocks_are_bounded() {
        let long = "é".repeat(5_000);
        let block = format!("X-MS-Exchange-Organization-AuthSource: {long}\nReceived: by {long}\n");
        let message = Message::from_block(&block.repeat(1_000));
        assert!(message.auth_source.is_some_and(|source| source.len() <= WORD_BYTES_MAX));
        assert_eq!((message.hops.len(), message.organization.len()), (HOPS_MAX, 128));
        assert_eq!(Message::from_block(":::\n\u{0}\n(((\n"), Message::default());
    }
}
