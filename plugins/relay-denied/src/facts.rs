//! What is known about the refusals of one peer.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use logwasp_sdk::text::cleaned;

/// One thing an alert can tell. The entities stand first, up to `MessageId`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Fact {
    /// The server that refused (R1-R4, R7, R8), else the one whose mail was refused.
    Host,
    /// The address that was refused.
    SrcIp,
    /// The receive or send connector.
    Connector,
    /// The user of an authenticated session.
    User,
    /// The message, where a tracking log names it.
    MessageId,
    /// `eop`, `own_exchange`, `internal`, `internet`.
    PeerClass,
    /// What the class rests on.
    PeerEvidence,
    /// Envelope sender.
    Sender,
    /// A refused recipient.
    Recipient,
    /// A foreign recipient that was accepted in a session with a refusal.
    AcceptedRecipient,
    /// The reply.
    Reply,
    /// The name the client gave.
    Ehlo,
    /// Subject of the peer's certificate.
    TlsSubject,
    /// Subject of the certificate that we sent.
    SentCertificateSubject,
    /// Its thumbprint.
    SentCertificateThumbprint,
    /// The originator organisation that the client claimed.
    Xoorg,
    /// Who refused, where the log is another's.
    RefusedBy,
    /// The kind of record that quotes the reply.
    QuotedIn,
    /// A management command shortly before.
    Change,
}

/// How many hosts, addresses or connectors of one incident are listed.
const LISTED_MAX: usize = 8;
/// How much one refusal tells at most.
const FACTS_OF_REFUSAL: usize = 16;
/// Longest value kept.
const VALUE_BYTES_MAX: usize = 200;

impl Fact {
    /// The name in alerts.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::SrcIp => "src_ip",
            Self::Connector => "connector",
            Self::User => "user",
            Self::MessageId => "message_id",
            Self::PeerClass => "peer_class",
            Self::PeerEvidence => "peer_evidence",
            Self::Sender => "sender",
            Self::Recipient => "recipient",
            Self::AcceptedRecipient => "accepted_recipient",
            Self::Reply => "reply",
            Self::Ehlo => "ehlo",
            Self::TlsSubject => "tls_subject",
            Self::SentCertificateSubject => "sent_certificate_subject",
            Self::SentCertificateThumbprint => "sent_certificate_thumbprint",
            Self::Xoorg => "xoorg",
            Self::RefusedBy => "refused_by",
            Self::QuotedIn => "quoted_in",
            Self::Change => "change",
        }
    }

    /// True for what goes into an alert's entities.
    pub(crate) fn is_entity(self) -> bool {
        self <= Self::MessageId
    }

    /// True when an incident may have several.
    fn is_list(self) -> bool {
        matches!(self, Self::Host | Self::SrcIp | Self::Connector)
    }

    /// True when knowing it makes the incident better understood.
    fn attributes(self) -> bool {
        matches!(self, Self::Connector | Self::SentCertificateSubject)
    }
}

/// Facts in the order in which they became known.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Facts {
    known: Vec<(Fact, String)>,
}

impl Facts {
    /// None, and room for all that one refusal tells.
    pub(crate) fn of_refusal() -> Self {
        Self { known: Vec::with_capacity(FACTS_OF_REFUSAL) }
    }

    /// Adds what a cell says; an absent or blank cell, or `-`, says nothing.
    pub(crate) fn with(mut self, fact: Fact, value: Option<&str>) -> Self {
        if let Some(value) = value.and_then(logwasp_sdk::identity::meaningful) {
            self.add(fact, cleaned(value, VALUE_BYTES_MAX));
        }
        self
    }

    /// Takes over what is new in `other`; true when that explains more.
    pub(crate) fn merge(&mut self, other: &Self) -> bool {
        let mut improved = false;
        for (fact, value) in &other.known {
            improved |= self.add(*fact, Cow::Borrowed(value)) && fact.attributes();
        }
        improved
    }

    fn add(&mut self, fact: Fact, value: Cow<'_, str>) -> bool {
        let known = self.all(fact).count();
        let room = if fact.is_list() { LISTED_MAX } else { 1 };
        if known >= room || self.all(fact).any(|have| *have == *value) {
            return false;
        }
        self.known.push((fact, value.into_owned()));
        true
    }

    /// The first value of `fact`.
    pub(crate) fn first(&self, fact: Fact) -> Option<&str> {
        self.all(fact).next()
    }

    /// All values of `fact`.
    pub(crate) fn all(&self, fact: Fact) -> impl Iterator<Item = &str> {
        self.known.iter().filter(move |(known, _)| *known == fact).map(|(_, value)| value.as_str())
    }

    /// Everything, sorted by fact; values of one fact in the order they came.
    pub(crate) fn sorted(&self) -> Vec<(Fact, &str)> {
        let mut all: Vec<_> =
            self.known.iter().map(|(fact, value)| (*fact, value.as_str())).collect();
        all.sort_by_key(|(fact, _)| *fact);
        all
    }

    /// Heap bytes, about.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.known.capacity() * size_of::<(Fact, String)>()
            + self.known.iter().map(|(_, value)| value.capacity()).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: the same facts again, further connectors, blanks.
    /// Guarantees: the first value stays, lists grow to their limit, and only a
    /// new connector or certificate counts as better understood.
    #[test]
    fn facts_are_added_once() {
        let first = Facts::default()
            .with(Fact::Sender, Some("erp@contoso.com"))
            .with(Fact::Recipient, Some("-"))
            .with(Fact::Connector, Some("Outbound 0"));
        let mut facts = first.clone();
        assert!(!facts.merge(&first));
        assert!(!facts.merge(&Facts::default().with(Fact::Sender, Some("crm@contoso.com"))));
        assert_eq!(facts, first);
        assert!(!facts.merge(&Facts::default().with(Fact::SrcIp, Some("10.0.0.25"))));
        for n in 1..LISTED_MAX {
            let next = format!("Outbound {n}");
            assert!(facts.merge(&Facts::default().with(Fact::Connector, Some(&next))));
        }
        assert!(!facts.merge(&Facts::default().with(Fact::Connector, Some("one too many"))));
        assert_eq!(facts.all(Fact::Connector).count(), LISTED_MAX);
        assert_eq!(facts.sorted()[0], (Fact::SrcIp, "10.0.0.25"));
    }
}
