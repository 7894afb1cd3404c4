//! C5: accepted by Exchange Online, and never seen in its trace.
//!
//! A delivery waits for its row in the trace. The row counts when it comes within the
//! wait, or shortly before (clocks differ); one for the message's first way, out of
//! Exchange Online, does not. When a later row proves that the trace is alive and the
//! wait is over, the message is lost.

use std::collections::BTreeMap;

use logwasp_sdk::state::{BoundedMap, Keep, Timers, Weigh};
use logwasp_sdk::text::{clean, fingerprint};
use logwasp_sdk::time::{DAY, SECOND};
use logwasp_sdk::{Alert, Confidence, Event, Evidence, Severity, Timestamp, identity};
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::delivery::Delivery;
use crate::inventory::Inventory;
use crate::judge;
use crate::text;
use crate::trace::Trace;
use crate::why;

/// The trace may be so much ahead of our logs.
const SKEW_NANOS: i64 = 60 * SECOND;
/// So many lost messages, or recipient domains, of one incident are high.
const HIGH_MESSAGES_MIN: u64 = 5;
const HIGH_DOMAINS_MIN: usize = 2;
/// Domains told apart in one incident; two are enough.
const DOMAINS_MAX: usize = 16;
/// Certificates remembered; an organization sends with a few.
const CERTIFICATES_MAX: usize = 64;

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Discards {
    waiting: BoundedMap<u64, Waiting>,
    due: Timers<u64>,
    /// Messages lately received by Exchange Online.
    received: BoundedMap<u64, Received>,
    losses: BoundedMap<String, Losses>,
    /// When a certificate was last sent to the own tenant, by thumbprint.
    to_own_tenant: BTreeMap<String, Timestamp>,
}

/// A delivery that the trace has not shown yet, and in the end: that it never did.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Waiting {
    at: Timestamp,
    message_id: String,
    sender: Option<String>,
    sender_domain: String,
    recipient: String,
    recipient_domain: String,
    connector: Option<String>,
    host: Option<String>,
    peer: String,
    thumbprint: Option<String>,
    certificate: Option<String>,
    evidence: Evidence,
    /// A message of the same connector and sender was lost lately.
    is_suspect: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct Received(Timestamp);

/// What was lost in the open incident of a group.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Losses {
    since: Timestamp,
    messages: u64,
    domains: Vec<u64>,
}

impl Waiting {
    /// The message.
    pub(crate) fn message_id(&self) -> &str {
        &self.message_id
    }
}

impl Default for Discards {
    fn default() -> Self {
        Self {
            waiting: BoundedMap::new(0),
            due: Timers::default(),
            received: BoundedMap::new(0),
            losses: BoundedMap::new(0),
            to_own_tenant: BTreeMap::new(),
        }
    }
}

impl Discards {
    pub(crate) fn set_bytes_max(&mut self, bytes_max: usize) {
        self.waiting.set_bytes_max(bytes_max / 2);
        self.received.set_bytes_max(bytes_max / 4);
        self.losses.set_bytes_max(bytes_max / 4);
    }

    /// Takes a delivery: one to ourselves teaches the certificate, one of ours to
    /// strangers begins to wait.
    pub(crate) fn delivery(
        &mut self,
        delivery: Delivery,
        event: &Event<'_>,
        inventory: &Inventory,
        config: &Config,
    ) {
        let foreign = delivery.recipients.iter().find_map(|recipient| {
            let domain = identity::mail_domain(recipient)?;
            (!inventory.is_own_domain(&domain)).then(|| (recipient.clone(), domain))
        });
        let Some((recipient, recipient_domain)) = foreign else {
            why::not_waiting(&delivery, "all recipients are ours");
            self.note_certificate(delivery.thumbprint, event.time());
            return;
        };
        let Some(sender_domain) = own_sender(&delivery, inventory) else {
            why::not_waiting(&delivery, "the sender is not known to be ours");
            return;
        };
        let key = fingerprint(&[&delivery.message_id]);
        let at = event.time();
        let shown = self.received.get(&key).is_some_and(|seen| seen.0 >= at - SKEW_NANOS);
        if shown || self.waiting.get(&key).is_some() {
            why::not_waiting(&delivery, "the trace shows it already, or it is waited for");
            return;
        }
        let evidence = Evidence::of(event, text::accepted(&delivery));
        let group = judge::group(delivery.connector.as_deref(), Some(&sender_domain));
        let waiting = Waiting {
            at,
            message_id: delivery.message_id,
            sender: delivery.sender,
            sender_domain,
            recipient,
            recipient_domain,
            connector: delivery.connector,
            host: delivery.host,
            peer: delivery.peer,
            thumbprint: delivery.thumbprint,
            certificate: delivery.certificate,
            evidence,
            is_suspect: self.losses.get(&group).is_some(),
        };
        why::waiting(&waiting.message_id, deadline(&waiting, config), config);
        self.due.set(deadline(&waiting, config), key);
        let ((), evicted) = self.waiting.touch(key, at, || waiting, |_| ());
        for (gone, waiting) in evicted {
            self.due.clear(deadline(&waiting, config), gone);
        }
    }

    /// Takes a row of the trace: the message has come; and what should have come
    /// before this row, and did not, is lost.
    pub(crate) fn trace(
        &mut self,
        trace: &Trace<'_>,
        event: &Event<'_>,
        config: &Config,
    ) -> Vec<Waiting> {
        if trace.is_smtp_receive && !trace.is_hosted {
            self.received(trace.message_id, event.time(), config);
        }
        let mut lost = Vec::new();
        if event.is_late() {
            return lost;
        }
        while let Some(key) = self.due.pop(event.time().saturating_sub(1)) {
            lost.extend(self.waiting.remove(&key));
        }
        lost
    }

    fn received(&mut self, message_id: Option<&str>, at: Timestamp, config: &Config) {
        let Some(id) = message_id else { return };
        let key = fingerprint(&[id]);
        self.received.touch(key, at, || Received(at), |seen| seen.0 = seen.0.max(at));
        let shown =
            |waiting: &&Waiting| at >= waiting.at - SKEW_NANOS && at <= deadline(waiting, config);
        if let Some(due) = self.waiting.get(&key).filter(shown).map(|w| deadline(w, config)) {
            why::shown(id);
            self.due.clear(due, key);
            self.waiting.remove(&key);
        }
    }

    fn note_certificate(&mut self, thumbprint: Option<String>, at: Timestamp) {
        let Some(thumbprint) = thumbprint else { return };
        self.to_own_tenant.insert(thumbprint, at);
        if self.to_own_tenant.len() > CERTIFICATES_MAX {
            let oldest = self.to_own_tenant.iter().min_by_key(|(_, at)| **at);
            if let Some(oldest) = oldest.map(|(thumbprint, _)| thumbprint.clone()) {
                self.to_own_tenant.remove(&oldest);
            }
        }
    }

    /// The alert of a lost message.
    pub(crate) fn judge(&mut self, lost: Waiting, now: Timestamp, config: &Config) -> Alert {
        let group = judge::group(lost.connector.as_deref(), Some(&lost.sender_domain));
        let domain = fingerprint(&[&lost.recipient_domain]);
        let cooldown = config.cooldown.nanos();
        let count = |losses: &mut Losses| {
            if losses.messages == 0 || now - losses.since >= cooldown {
                *losses = Losses { since: now, ..Losses::default() };
            }
            losses.messages += 1;
            if !losses.domains.contains(&domain) && losses.domains.len() < DOMAINS_MAX {
                losses.domains.push(domain);
            }
            (losses.messages, losses.domains.len())
        };
        let (messages, domains) = self.losses.touch(group.clone(), now, Losses::default, count).0;
        let is_high = messages >= HIGH_MESSAGES_MIN || domains >= HIGH_DOMAINS_MIN;
        let shared = lost.thumbprint.as_ref().is_some_and(|used| {
            self.to_own_tenant.get(used).is_some_and(|at| lost.at - at <= 7 * DAY)
        });
        let severity = if is_high { Severity::High } else { Severity::Medium };
        alert(lost, group, severity, shared, config).attribute("recipient_domains", domains)
    }
}

fn alert(lost: Waiting, group: String, severity: Severity, shared: bool, config: &Config) -> Alert {
    let confidence = if shared { Confidence::High } else { Confidence::Medium };
    let own = |text: Option<String>| text.unwrap_or_default();
    Alert::create("C5", group, severity)
        .confidence(confidence)
        .seen(lost.at, lost.at, 1)
        .title(text::lost(&lost.sender_domain, &lost.recipient_domain))
        .description(text::lost_description(&lost.peer, config.discard_wait, shared))
        .remediation(text::REMEDIATION)
        .entity("connector", own(lost.connector))
        .entity("host", own(lost.host))
        .entity("message_id", clean(&lost.message_id, 256))
        .attribute("sender", own(lost.sender))
        .attribute("sender_domain", lost.sender_domain)
        .attribute("recipient", lost.recipient)
        .attribute("recipient_domain", lost.recipient_domain)
        .attribute("next_hop", lost.peer)
        .attribute("sent_certificate_subject", own(lost.certificate))
        .attribute("sent_certificate_thumbprint", own(lost.thumbprint))
        .attribute("shared_certificate", shared)
        .label("data-leak", "true")
        .evidence([lost.evidence])
}

/// The sender's domain when it is ours. Lines of gateways seldom name the sender:
/// then the message id tells, which Exchange Online writes in its own name.
fn own_sender(delivery: &Delivery, inventory: &Inventory) -> Option<String> {
    if let Some(sender) = &delivery.sender {
        return identity::mail_domain(sender).filter(|domain| inventory.is_own_domain(domain));
    }
    let domain = identity::mail_domain(&delivery.message_id)?;
    (inventory.is_own_domain(&domain) || domain.ends_with(".prod.outlook.com")).then_some(domain)
}

fn deadline(waiting: &Waiting, config: &Config) -> Timestamp {
    waiting.at.saturating_add(config.discard_wait.nanos())
}

impl Weigh for Waiting {
    fn heap_bytes(&self) -> usize {
        let optional =
            [&self.sender, &self.connector, &self.host, &self.thumbprint, &self.certificate];
        // The key stands among the deadlines too.
        64 + self.message_id.len()
            + self.sender_domain.len()
            + self.recipient.len()
            + self.recipient_domain.len()
            + self.peer.len()
            + self.evidence.summary.len()
            + optional.into_iter().flatten().map(String::len).sum::<usize>()
    }

    fn keep(&self) -> Keep {
        if self.is_suspect { Keep::Several } else { Keep::Once }
    }
}

impl Weigh for Received {
    fn heap_bytes(&self) -> usize {
        0
    }

    fn keep(&self) -> Keep {
        Keep::Once
    }
}

impl Weigh for Losses {
    fn heap_bytes(&self) -> usize {
        self.domains.capacity() * size_of::<u64>()
    }

    fn keep(&self) -> Keep {
        if self.messages > 1 { Keep::Protected } else { Keep::Several }
    }
}
