//! Alerts that are one story, and the alert that says so.

use logwasp_sdk::state::BoundedMap;
use logwasp_sdk::time::format_timestamp;
use logwasp_sdk::{Alert, Confidence, Evidence, Severity, Timestamp};
use serde::{Deserialize, Serialize};

use crate::member::{Member, Role};

/// Which story.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Kind {
    /// Exchange Online does not recognise our servers as the tenant's.
    HybridTrust,
    /// A host cannot use the private key of its certificate.
    TlsKey,
}

impl Kind {
    /// The rule; shown with the detector's name before it.
    pub(crate) fn rule(self) -> &'static str {
        match self {
            Self::HybridTrust => "hybrid-trust",
            Self::TlsKey => "tls-key",
        }
    }
}

/// An open parent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Parent {
    pub(crate) kind: Kind,
    /// The host of a [`Kind::TlsKey`].
    pub(crate) host: Option<String>,
    /// Ids, oldest first.
    pub(crate) children: Vec<String>,
    pub(crate) severity: Severity,
    first_seen: Option<Timestamp>,
    last_seen: Timestamp,
    /// Time of the newest row about a child.
    pub(crate) newest: Timestamp,
}

/// So many ids fit into an attribute.
pub(crate) const CHILDREN_MAX: usize = 60;
/// The host takes this many pieces of evidence.
const EVIDENCE_MAX: usize = 20;

impl Parent {
    pub(crate) fn new(kind: Kind, host: Option<String>) -> Self {
        Self {
            kind,
            host,
            children: Vec::new(),
            severity: Severity::High,
            first_seen: None,
            last_seen: Timestamp::MIN,
            newest: Timestamp::MIN,
        }
    }

    /// Takes a child in, or looks at it again; true when there is something to tell.
    pub(crate) fn take(&mut self, id: &str, child: &Member) -> bool {
        let is_new = !self.children.iter().any(|have| have == id);
        if is_new && self.children.len() >= CHILDREN_MAX {
            return false;
        }
        if is_new {
            self.children.push(id.to_owned());
        }
        let worse = child.severity > self.severity;
        self.severity = self.severity.max(child.severity);
        self.last_seen = self.last_seen.max(child.last_seen);
        is_new || worse
    }

    /// The parent's alert as it stands. Its first time is that of its create.
    pub(crate) fn alert(&mut self, key: &str, members: &BoundedMap<String, Member>) -> Alert {
        let known: Vec<&Member> = self.children.iter().filter_map(|id| members.get(id)).collect();
        let first = known.iter().map(|child| child.first_seen).min().unwrap_or(self.newest);
        let first = *self.first_seen.get_or_insert(first);
        let mut rules: Vec<&str> = known.iter().map(|child| child.rule.as_str()).collect();
        rules.sort_unstable();
        rules.dedup();
        let alert = Alert::create(self.kind.rule(), key, self.severity)
            .confidence(Self::confidence(&known))
            .seen(first, self.last_seen, self.children.len() as u64)
            .title(self.title())
            .description(self.description(&known))
            .remediation(self.remediation())
            .attribute("children", self.children.join(","))
            .attribute("child_rules", rules.join(","))
            .evidence(evidence(&known));
        match &self.host {
            Some(host) => alert.entity("host", host),
            None => alert,
        }
    }

    /// A loop has other causes too.
    fn confidence(known: &[&Member]) -> Confidence {
        let proves = |role| !matches!(role, Role::Untrusted | Role::Loop);
        if known.iter().any(|child| proves(child.role)) {
            Confidence::High
        } else {
            Confidence::Medium
        }
    }

    fn title(&self) -> String {
        match self.kind {
            Kind::HybridTrust => "Hybrid trust broken".to_owned(),
            Kind::TlsKey => {
                let host = self.host.as_deref().unwrap_or("an unnamed host");
                format!("TLS on {host} fails: the private key of its certificate is not usable")
            }
        }
    }

    fn description(&self, known: &[&Member]) -> String {
        let why = match self.kind {
            Kind::HybridTrust => {
                "Exchange Online takes mail of our own servers for a stranger's: it arrives \
                 anonymous, and what follows - throttling, loops, refusals - has this one cause."
            }
            Kind::TlsKey => {
                "The system reports a private key that cannot be used, and TLS of mail fails on \
                 the same host: one cause."
            }
        };
        let parts: Vec<String> = known
            .iter()
            .take(EVIDENCE_MAX)
            .map(|child| {
                let from = format_timestamp(child.first_seen);
                format!("{} since {from}: {}", child.rule, child.title)
            })
            .collect();
        format!("{why} Alerts: {}.", parts.join("; "))
    }

    fn remediation(&self) -> &'static str {
        match self.kind {
            Kind::HybridTrust => {
                "Compare the certificate that the send connector presents with \
                 TlsSenderCertificateName of the inbound connector in Exchange Online, run the \
                 Hybrid Configuration Wizard again, and wait about an hour. Throttling and loops \
                 end by themselves afterwards."
            }
            Kind::TlsKey => {
                "Give the service accounts (NETWORK SERVICE, NT Service accounts) read permission \
                 on the private key (certlm.msc, Manage Private Keys), or import the certificate \
                 again with its key and enable it for SMTP; then restart the transport services."
            }
        }
    }
}

/// The first record of each child, then the newest of each, as far as there is room;
/// in the order of time.
fn evidence(known: &[&Member]) -> Vec<Evidence> {
    let firsts = known.iter().filter_map(|child| Some((child, child.evidence.first()?)));
    let newest = known.iter().filter_map(|child| Some((child, child.evidence.get(1)?)));
    let mut told: Vec<Evidence> = firsts
        .chain(newest)
        .take(EVIDENCE_MAX)
        .map(|(child, piece)| Evidence {
            summary: format!("{}: {}", child.rule, piece.summary),
            ..piece.clone()
        })
        .collect();
    told.sort_by_key(|piece| piece.time);
    told
}
