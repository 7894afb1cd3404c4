//! A3: organization headers that came in from the Internet.
//!
//! The header firewall of a receive connector removes `X-MS-Exchange-Organization-*`
//! from strangers' mail; then Exchange writes its own, below everything that it
//! received. So below the `Received` line of the own host that took the message
//! there are always such headers, and only some of them give an injection away:
//! one that stands above something that the sender wrote, or, among the last, one
//! that no server of ours writes for a stranger.

use logwasp_sdk::{Confidence, Event, Evidence, Severity};

use crate::cases::Hit;
use crate::foreign;
use crate::inventory::{Inventory, Kinship};
use crate::message::{Message, ORGANIZATION_PREFIX, OrganizationHeader, Origin};
use crate::route::{self, Entry};
use crate::rule::Rule;
use crate::text;

/// Injected headers told in one alert.
const HEADERS_MAX: usize = 8;

/// The headers that the stranger brought.
pub(crate) fn injected<'m>(
    message: &'m Message,
    entry: &Entry,
    inventory: &Inventory,
) -> Vec<&'m OrganizationHeader> {
    let is_hybrid_at_work = foreign::is_good(message, inventory)
        && route::went_on_to_exchange_online(message, entry.hop);
    if !entry.own_door || is_hybrid_at_work {
        return Vec::new();
    }
    let below = || message.organization.iter().filter(|header| header.hops_above > entry.hop);
    let inside: Vec<_> = below().filter(|header| header.inside).collect();
    if inside.is_empty() && is_own_stamp(message, inventory) {
        return inside;
    }
    let suspects = if inside.is_empty() { below().collect() } else { inside };
    // In a header block the place alone proves it; a gateway's log has no places.
    let by_place = message.origin == Origin::Headers && suspects.iter().any(|header| header.inside);
    if by_place || suspects.iter().any(|header| raises_trust(header)) {
        return suspects;
    }
    Vec::new()
}

/// What our own server writes when it takes mail: its verdict, and its name.
fn is_own_stamp(message: &Message, inventory: &Inventory) -> bool {
    let is_verdict = |header: &&OrganizationHeader| header.name.ends_with("-authas");
    let mut verdicts = message.organization.iter().filter(is_verdict).peekable();
    let all_anonymous = verdicts.peek().is_some()
        && verdicts.all(|header| header.value.eq_ignore_ascii_case("Anonymous"));
    let source = foreign::source_kinship(message, inventory);
    all_anonymous || matches!(source, Some(Kinship::Own | Kinship::Kin))
}

/// Spam verdicts are written by gateways too, and AuthAs Anonymous gains nobody
/// anything.
fn raises_trust(header: &OrganizationHeader) -> bool {
    match header.name.strip_prefix(ORGANIZATION_PREFIX) {
        Some("authas") => !header.value.eq_ignore_ascii_case("Anonymous"),
        Some("scl") => header.value == "-1",
        Some("pcl" | "antispam-report") => false,
        _ => true,
    }
}

pub(crate) fn hit(
    headers: &[&OrganizationHeader],
    message: &Message,
    entry: &Entry,
    event: &Event<'_>,
) -> Hit {
    let names = text::list(headers.iter().map(|header| header.name.clone()), HEADERS_MAX);
    let brought = headers.iter().map(|header| format!("{}: {}", header.name, header.value));
    let summary = format!(
        "from {} with {}; {}",
        entry.ip,
        text::shorten(&text::list(brought, HEADERS_MAX), 300),
        message.summary()
    );
    let is_log = message.origin == Origin::GatewayLog;
    Hit {
        rule: Rule::A3,
        group: format!("A3|{}", text::shorten(&entry.host, 100)),
        severity: Severity::High,
        confidence: if is_log { Confidence::Medium } else { Confidence::High },
        title: text::header_injection(entry),
        also: None,
        entities: foreign::entities(message, Some(entry)),
        facts: facts(headers, message),
        running: vec![("headers", names)],
        first_seen: event.time(),
        count: 1,
        earlier: Vec::new(),
        latest: Evidence::of(event, text::shorten(&summary, 500)),
    }
}

/// The message's facts, with the verdict that the stranger brought: Exchange may have
/// written its own below.
fn facts(headers: &[&OrganizationHeader], message: &Message) -> Vec<(&'static str, String)> {
    let mut facts = message.facts();
    let brought = headers.iter().find(|header| header.name.ends_with("-authas"));
    if let (Some(header), Some((_, auth_as))) =
        (brought, facts.iter_mut().find(|(name, _)| *name == "auth_as"))
    {
        auth_as.clone_from(&header.value);
    }
    facts
}
