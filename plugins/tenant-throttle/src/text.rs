//! What alerts say.

use logwasp_sdk::book::{Facts, Seen};
use logwasp_sdk::text::clean;
use logwasp_sdk::time::format_timestamp;

use crate::reply::Rule;

/// The host takes titles of 512 bytes.
const TITLE_BYTES_MAX: usize = 400;

/// What throttling is put down to as long as nothing says that our mail arrives
/// without attribution.
pub(crate) const CAUSE: &str = "sending pattern changed";

pub(crate) fn title(rule: Rule, facts: &Facts) -> String {
    let whose = facts.first("src_ip").or(facts.first("host")).unwrap_or("us");
    let code = facts.first("code").unwrap_or_default();
    let title = match rule {
        Rule::Throttled => format!("Exchange Online throttles {whose}: 451 {code}"),
        Rule::Blocked => format!("Tenant blocked: Exchange Online refuses our mail ({code})"),
    };
    clean(&title, TITLE_BYTES_MAX)
}

pub(crate) fn description(rule: Rule, facts: &Facts, seen: &Seen) -> String {
    let first = format_timestamp(seen.first);
    let seen = match seen.count {
        1 => format!("One reply at {first}."),
        n => format!("{n} replies from {first} to {}.", format_timestamp(seen.last)),
    };
    let why = match rule {
        Rule::Throttled => {
            "Exchange Online takes the address for one that belongs to no tenant and slows it \
             down: mail waits in our queues. Either the address sends more or otherwise than \
             before, or our mail arrives without attribution to the tenant (anonymous): look for \
             alerts about anonymous own mail and 5.7.64."
        }
        Rule::Blocked => {
            "The tenant exceeded its limits, or sends from domains that it did not register. All \
             mail through Exchange Online is refused."
        }
    };
    let reply = facts.first("reply").unwrap_or("?");
    format!("{seen} {why} The first reply: `{reply}`.")
}

pub(crate) fn remediation(rule: Rule) -> &'static str {
    match rule {
        Rule::Throttled => {
            "Check the inbound connector in Exchange Online: it must name exactly the certificate \
             that the send connector presents, or list this address, so that mail is attributed \
             to the tenant. If the address is new, warm it up: raise its volume over days. Find \
             out what sends more than before."
        }
        Rule::Blocked => {
            "Find compromised accounts and applications that send spam and stop them; register \
             all sending domains as accepted domains; then ask Microsoft support to lift the \
             block."
        }
    }
}
