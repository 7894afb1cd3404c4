//! What the operator reads.

use logwasp_sdk::time::format_timestamp;
use logwasp_sdk::{Alert, Timestamp};

use crate::foreign::Foreign;
use crate::route::Entry;
use crate::rule::Rule;

/// Names and addresses in a title.
const NAME_BYTES_MAX: usize = 120;

/// The text, or as much of it as fits, cut between characters.
pub(crate) fn shorten(text: &str, bytes_max: usize) -> String {
    text.get(..text.floor_char_boundary(bytes_max)).unwrap_or_default().to_owned()
}

/// Evidence with the address it came from.
pub(crate) fn with_address(summary: &str, ip: Option<&str>) -> String {
    match ip {
        Some(ip) => format!("from {ip}: {}", shorten(summary, 440)),
        None => shorten(summary, 500),
    }
}

pub(crate) fn own_mail_anonymous(domain: &str, host: &str, broke_at: Option<Timestamp>) -> String {
    let (domain, host) = (shorten(domain, NAME_BYTES_MAX), shorten(host, NAME_BYTES_MAX));
    let title = format!("Own on-premises mail reaches EXO as Anonymous: {domain} via {host}");
    match broke_at {
        Some(at) => format!("{title}, hybrid trust broke at {}", format_timestamp(at)),
        None => title,
    }
}

pub(crate) fn trust_broke(domain: &str, host: &str, at: Timestamp) -> String {
    let (domain, host) = (shorten(domain, NAME_BYTES_MAX), shorten(host, NAME_BYTES_MAX));
    format!("Own mail of {domain} via {host}: hybrid trust broke at {}", format_timestamp(at))
}

pub(crate) fn foreign_internal(foreign: Foreign, source: &str, entry: Option<&Entry>) -> String {
    let source = shorten(source, NAME_BYTES_MAX);
    let what = "Message treated as internal but source is foreign";
    match (foreign, entry) {
        (Foreign::Source, Some(entry)) => format!("{what}: {source} at {}", entry.ip),
        (Foreign::Source, None) => format!("{what}: {source}"),
        (Foreign::Address, Some(entry)) => format!("{what}: {} via {}", entry.ip, host(entry)),
        (Foreign::Address, None) => what.to_owned(),
    }
}

pub(crate) fn header_injection(entry: &Entry) -> String {
    format!("Header injection: Exchange organization headers from {} at {}", entry.ip, host(entry))
}

fn host(entry: &Entry) -> String {
    let host = if entry.host.is_empty() { "an unnamed host" } else { &entry.host };
    shorten(host, NAME_BYTES_MAX)
}

pub(crate) fn mechanism_drift(source: &str, mechanism: &str) -> String {
    let source = shorten(source, NAME_BYTES_MAX);
    format!("{source} authenticates mail by an unusual mechanism: {mechanism}")
}

/// The first few of some texts, each once, in their order.
pub(crate) fn list(texts: impl Iterator<Item = String>, max: usize) -> String {
    let mut told: Vec<String> = Vec::new();
    for text in texts {
        if told.len() < max && !told.contains(&text) {
            told.push(text);
        }
    }
    told.join(", ")
}

/// Writes the texts that follow from the rest of the alert.
pub(crate) fn describe(rule: Rule, alert: Alert) -> Alert {
    let (first, last) = (format_timestamp(alert.first_seen), format_timestamp(alert.last_seen));
    let seen = match alert.count {
        1 => format!("1 message at {first}."),
        count => format!("{count} messages between {first} and {last}."),
    };
    let story = match rule {
        Rule::A1 => own_mail_story(&alert),
        Rule::A2 => foreign_story(&alert),
        Rule::A3 => injection_story(&alert),
        Rule::A4 => drift_story(&alert),
        Rule::A5 => break_story(&alert),
    };
    alert.description(format!("{story} {seen}")).remediation(remediation(rule))
}

/// The last word on a flow that is well again.
pub(crate) fn close(rule: Rule, alert: Alert) -> Alert {
    let alert = describe(rule, alert).as_close();
    let description = format!(
        "Over: since the last change, own mail arrives as Internal again. {}",
        alert.description
    );
    alert.description(description)
}

fn attribute<'a>(alert: &'a Alert, name: &str) -> &'a str {
    alert.attribute_value(name).unwrap_or("unknown")
}

fn entity<'a>(alert: &'a Alert, name: &str) -> &'a str {
    alert.entity_value(name).unwrap_or("unknown")
}

fn own_mail_story(alert: &Alert) -> String {
    let verdict = match (alert.attribute_value("auth_as"), alert.attribute_value("from_entity")) {
        (Some(auth_as), Some(from)) => format!("AuthAs {auth_as}, FromEntity {from}"),
        (Some(auth_as), None) => format!("AuthAs {auth_as}"),
        (None, from) => format!("FromEntity {}", from.unwrap_or("unknown")),
    };
    let turn =
        if alert.attribute_value("also").is_some() { break_facts(alert) } else { String::new() };
    format!(
        "Mail of {} left our server {} for Exchange Online, which took it for a stranger's \
         ({verdict}): the inbound connector did not match. Such mail goes through \
         the spam filter, is marked as external, and may be throttled or bounce.{turn}",
        attribute(alert, "sender_domain"),
        entity(alert, "host"),
    )
}

fn break_story(alert: &Alert) -> String {
    format!(
        "Mail of {} by our server {} used to arrive in Exchange Online as Internal and now arrives \
         as Anonymous: a certificate or a connector changed.{}",
        attribute(alert, "sender_domain"),
        entity(alert, "host"),
        break_facts(alert),
    )
}

fn break_facts(alert: &Alert) -> String {
    format!(
        " Since {}, {} of the own messages of 15 minutes were anonymous ({} anonymous, {} \
         internal); in the hour before the share was {}.",
        attribute(alert, "broke_at"),
        attribute(alert, "ratio"),
        attribute(alert, "anonymous"),
        attribute(alert, "internal"),
        attribute(alert, "ratio_before"),
    )
}

fn foreign_story(alert: &Alert) -> String {
    let source = if attribute(alert, "foreign") == "auth_source" {
        format!(
            "the server that vouches for it (AuthSource {}) is none of ours",
            attribute(alert, "auth_source")
        )
    } else {
        format!(
            "it came from the Internet ({}) to {} without authentication",
            entity(alert, "src_ip"),
            entity(alert, "host")
        )
    };
    format!(
        "A message of {} counts as internal (AuthAs Internal), but {source}. Recipients see it \
         as a colleague's; filters and transport rules for external mail do not apply. Either it \
         is spoofed, or a connector that trusts its peers (externally secured) admits too many.",
        attribute(alert, "sender"),
    )
}

fn injection_story(alert: &Alert) -> String {
    format!(
        "A message that {} took from {} on the Internet carries headers that only Exchange itself \
         may write ({}). The header firewall of the receive connector should have removed them: \
         whoever may bring them can pass off mail as internal or skip the spam filter.",
        entity(alert, "host"),
        entity(alert, "src_ip"),
        attribute(alert, "headers"),
    )
}

fn drift_story(alert: &Alert) -> String {
    format!(
        "{} stamped AuthMechanism {} (AuthAs {}), not seen in 7 days; of {} messages in that time \
         all had {}. A connector or the way of submission changed.",
        attribute(alert, "auth_source"),
        attribute(alert, "auth_mechanism"),
        attribute(alert, "auth_as"),
        attribute(alert, "baseline_messages"),
        attribute(alert, "usual_mechanisms"),
    )
}

fn remediation(rule: Rule) -> &'static str {
    match rule {
        Rule::A1 | Rule::A5 => {
            "Compare TlsSenderCertificateName of the inbound connector in Exchange Online with the \
             certificate that the server really sends (only the common name counts; the SMTP send \
             log shows it under \"Sending certificate\"). Re-run the Hybrid Configuration Wizard. \
             Wait about one hour: changes of connectors spread slowly. If devices or applications \
             submit anonymously on purpose, leave their sender domain out of accepted_domains."
        }
        Rule::A2 => {
            "Find the receive connector (or inbound connector) that took the message. If it is \
             externally secured or trusts by address, narrow RemoteIPRanges to the real peers. If \
             the source is a server of yours, add it to exchange_hosts or hybrid.onprem_hosts, its \
             public address to internal_nets. Otherwise treat the message as spoofed: remove it \
             from the mailboxes and tell the recipients."
        }
        Rule::A3 => {
            "On the receive connector that faces the Internet, remove ms-Exch-Accept-Headers-\
             Organization (and -Forest) from ANONYMOUS LOGON: Get-ADPermission lists it, \
             Remove-ADPermission takes it away. Check that the connector is not externally secured. \
             Look for other messages of the same source."
        }
        Rule::A4 => {
            "Ask who changed a connector or the way mail is submitted on that server. Hybrid \
             servers stamp 04 for mail of their mailboxes. If the change is wanted, nothing is to \
             be done: the new mechanism is part of the baseline from now on."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: text with characters of several bytes, cut at every length.
    /// Guarantees: never more bytes than asked for, never a broken character.
    #[test]
    fn texts_are_cut_between_characters() {
        let text = "añ€𝄞";
        for bytes in 0..=12 {
            let cut = shorten(text, bytes);
            assert!(cut.len() <= bytes && text.starts_with(&cut));
        }
    }

    /// Scenario: the fullest alert of each rule.
    /// Guarantees: texts within what the host accepts.
    #[test]
    fn texts_fit() {
        for rule in [Rule::A1, Rule::A2, Rule::A3, Rule::A4, Rule::A5] {
            let mut alert = Alert::create(rule.code(), "k", logwasp_sdk::Severity::Low);
            for name in ["auth_as", "from_entity", "sender", "sender_domain", "headers", "also"] {
                alert = alert.attribute(name, "x".repeat(1_000));
            }
            let alert = describe(rule, alert);
            assert!(alert.description.len() <= 8 * 1024 && alert.remediation.len() <= 8 * 1024);
        }
        let long = "x".repeat(1_000);
        assert!(own_mail_anonymous(&long, &long, Some(0)).len() <= 512);
    }
}
