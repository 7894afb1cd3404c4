//! A2: a message that counts as internal and came from a stranger.

use logwasp_sdk::{Confidence, Event, Evidence, Severity, mail};

use crate::cases::Hit;
use crate::inventory::{Inventory, Kinship};
use crate::message::Message;
use crate::route::{self, Entry};
use crate::rule::Rule;
use crate::text;

/// Why the source is foreign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Foreign {
    /// The server that vouches for the message is none of ours.
    Source,
    /// Our own server vouches for it, or nobody does, and it came from an address of
    /// the Internet without authentication.
    Address,
}

/// Judges a message that counts as internal.
pub(crate) fn judge(
    message: &Message,
    entry: Option<&Entry>,
    inventory: &Inventory,
) -> Option<Foreign> {
    if !message.is_internal() || is_good(message, inventory) {
        return None;
    }
    match source_kinship(message, inventory) {
        Some(Kinship::Stranger) => Some(Foreign::Source),
        Some(Kinship::Kin) => entry.map(|_| Foreign::Source),
        Some(Kinship::Own) | None => entry.map(|_| Foreign::Address),
    }
}

/// How the server that vouches for the message relates to us.
pub(crate) fn source_kinship(message: &Message, inventory: &Inventory) -> Option<Kinship> {
    let source = message.auth_source.as_deref()?;
    if mail::is_exchange_online(source) {
        // Every tenant has servers of these names; only the tenant's id tells.
        let foreign =
            message.cross_tenant_id.as_deref().is_some_and(|id| inventory.is_foreign_tenant(id));
        return Some(if foreign { Kinship::Stranger } else { Kinship::Own });
    }
    match inventory.kinship(source) {
        // Without a list of our servers no name alone is a stranger's.
        Kinship::Stranger if !inventory.knows_hosts() => Some(Kinship::Kin),
        kinship => Some(kinship),
    }
}

/// What Exchange Online makes of mail by the hybrid connector when all is well.
pub(crate) fn is_good(message: &Message, inventory: &Inventory) -> bool {
    let vouched_for = match source_kinship(message, inventory) {
        Some(Kinship::Own) => true,
        Some(Kinship::Kin) => !inventory.knows_hosts(),
        // An unlisted server behind the one that hands over.
        Some(Kinship::Stranger) => route::departure(message, inventory).is_some_and(|d| d.direct),
        None => false,
    };
    vouched_for
        && message.is_internal()
        && message.is_originating()
        && message.attributed_n == Some(0)
        && message.scl.as_deref() == Some("-1")
}

pub(crate) fn hit(
    foreign: Foreign,
    message: &Message,
    entry: Option<&Entry>,
    event: &Event<'_>,
) -> Hit {
    let source = message.auth_source.as_deref().unwrap_or_default();
    let ip = entry.map(|entry| entry.ip.to_string());
    // One misconfigured door is one case; otherwise one stranger is.
    let group = match (foreign, entry) {
        (Foreign::Address, Some(entry)) => format!("A2|host|{}", text::shorten(&entry.host, 100)),
        (_, Some(entry)) => format!("A2|ip|{}", entry.ip),
        (_, None) => format!("A2|source|{}", text::shorten(&source.to_lowercase(), 200)),
    };
    let is_sure = foreign == Foreign::Source && entry.is_some();
    Hit {
        rule: Rule::A2,
        group,
        severity: Severity::High,
        confidence: if is_sure { Confidence::High } else { Confidence::Medium },
        title: text::foreign_internal(foreign, source, entry),
        also: None,
        entities: entities(message, entry),
        facts: message.facts(),
        running: vec![(
            "foreign",
            match foreign {
                Foreign::Source => "auth_source",
                Foreign::Address => "address",
            }
            .to_owned(),
        )],
        first_seen: event.time(),
        count: 1,
        earlier: Vec::new(),
        latest: Evidence::of(event, text::with_address(&message.summary(), ip.as_deref())),
    }
}

/// The host that took the message, who brought it, and what it is.
pub(crate) fn entities(message: &Message, entry: Option<&Entry>) -> Vec<(&'static str, String)> {
    let named = [
        ("host", entry.map(|entry| entry.host.clone())),
        ("src_ip", entry.map(|entry| entry.ip.to_string())),
        ("tenant", message.tenant().cloned()),
        ("message_id", message.id.clone()),
    ];
    let present = named.into_iter().filter_map(|(name, value)| Some((name, value?)));
    present.filter(|(_, value)| !value.is_empty()).collect()
}
