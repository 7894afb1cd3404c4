//! From an incident to its alert.

use logwasp_sdk::time::format_timestamp;
use logwasp_sdk::{Alert, Severity};

use crate::advice::{explanation, remediation};
use crate::facts::{Fact, Facts};
use crate::rule::Rule;
use crate::track::{Incident, Track};
use logwasp_sdk::text::clean;

/// The host takes titles of 512 bytes.
const TITLE_BYTES_MAX: usize = 400;

/// The alert of an incident as it stands.
pub(crate) fn alert(key: &str, track: &Track, incident: &Incident) -> Alert {
    let open_relay = is_open_relay(track, incident);
    let mut alert = Alert::create(track.rule.code(), key, incident.severity)
        .confidence(track.confidence)
        .seen(incident.first_seen, incident.last_seen, incident.count)
        .title(clean(&title(track, open_relay), TITLE_BYTES_MAX))
        .description(description(track, incident, open_relay))
        .remediation(remediation(track.rule, open_relay))
        .evidence(track.evidence.iter().cloned());
    for (fact, value) in track.facts.sorted() {
        alert = if fact.is_entity() {
            alert.entity(fact.name(), value)
        } else {
            alert.attribute(fact.name(), value)
        };
    }
    if let Some(name) = distinct_name(track.rule)
        && track.distinct_most > 0
    {
        alert = alert.attribute(name, track.distinct_most);
    }
    if track.facts.first(Fact::Change).is_some() {
        alert = alert.label("change_related", "true");
    }
    if open_relay {
        alert = alert.label("T1672", "email spoofing");
    }
    match track.rule.attack() {
        Some(technique) => alert.attack(technique),
        None => alert,
    }
}

fn is_open_relay(track: &Track, incident: &Incident) -> bool {
    track.open_relay && incident.severity == Severity::Critical
}

/// Under which name the count of distinct things goes.
fn distinct_name(rule: Rule) -> Option<&'static str> {
    match rule {
        Rule::Internet => Some("recipient_domains"),
        Rule::Harvest => Some("recipients"),
        _ => None,
    }
}

fn title(track: &Track, open_relay: bool) -> String {
    let facts = &track.facts;
    let who = who(facts);
    let host = facts.first(Fact::Host).unwrap_or("an unnamed host");
    let connector = facts.first(Fact::Connector).unwrap_or(host);
    match track.rule {
        Rule::ExchangeOnline => format!(
            "Centralized transport broken: relay refused for Exchange Online on {connector}"
        ),
        Rule::OwnExchange => {
            format!("Relay refused between own Exchange servers: {who} by {host}")
        }
        Rule::Internal => format!("Relay refused for internal host {who} on {connector}"),
        Rule::Internet if open_relay => {
            let recipient = facts.first(Fact::AcceptedRecipient).unwrap_or("a foreign domain");
            format!("Possible open relay: {host} accepted mail to {recipient} from {who}")
        }
        Rule::Internet => format!("Open-relay probing from {who}"),
        Rule::Attribution => "Exchange Online no longer attributes our mail (5.7.64)".to_owned(),
        Rule::BlockedIp => format!("Our sending IP is blocked by Exchange Online: {who}"),
        Rule::NotAuthenticated => {
            format!("Mail without authentication refused for internal host {who} on {connector}")
        }
        Rule::Harvest => {
            format!("Directory harvest from {who}: {} unknown recipients", track.distinct_most)
        }
        Rule::Quoted => {
            let reply = facts.first(Fact::Reply).unwrap_or("550 5.7.1 Unable to relay");
            format!("Relay refused, as reported by {host}: {reply}")
        }
    }
}

fn who(facts: &Facts) -> &str {
    match facts.all(Fact::SrcIp).count() {
        0 => "an unknown address",
        1 => facts.first(Fact::SrcIp).unwrap_or_default(),
        _ => "several addresses",
    }
}

fn description(track: &Track, incident: &Incident, open_relay: bool) -> String {
    let facts = &track.facts;
    let mut text = vec![seen(incident), told_by(facts)];
    text.push(explanation(track.rule, open_relay).to_owned());
    if let Some(evidence) = facts.first(Fact::PeerEvidence) {
        text.push(format!("The peer was classified by this: {evidence}."));
    }
    if let Some(subject) = facts.first(Fact::SentCertificateSubject) {
        text.push(format!("The certificate we sent: {subject}."));
    }
    if let Some(command) = facts.first(Fact::Change) {
        text.push(format!("{command} ran within the hour before; it is the likely cause."));
    }
    text.extend(missing(track).map(str::to_owned));
    text.join(" ")
}

fn seen(incident: &Incident) -> String {
    let first = format_timestamp(incident.first_seen);
    match incident.count {
        1 => format!("One refusal at {first}."),
        n => format!("{n} refusals from {first} to {}.", format_timestamp(incident.last_seen)),
    }
}

/// The first reply, who got it and for which mail.
fn told_by(facts: &Facts) -> String {
    let reply = facts.first(Fact::Reply).unwrap_or("?");
    let parts = [
        (Fact::Host, "host"),
        (Fact::Connector, "connector"),
        (Fact::SrcIp, "address"),
        (Fact::RefusedBy, "refused by"),
        (Fact::Sender, "sender"),
        (Fact::Recipient, "recipient"),
    ];
    let known: Vec<String> = parts
        .iter()
        .filter_map(|(fact, name)| Some(format!("{name} {}", facts.first(*fact)?)))
        .collect();
    format!("The reply: `{reply}`; {}.", known.join("; "))
}

/// What was not to be seen, and which log would show it.
fn missing(track: &Track) -> Option<&'static str> {
    let facts = &track.facts;
    let no_mail = facts.first(Fact::Sender).is_none() && facts.first(Fact::Recipient).is_none();
    match track.rule {
        Rule::Quoted => Some(
            "The refusing server's own protocol log would show peer, connector and session; it \
             needs ProtocolLoggingLevel Verbose on that connector.",
        ),
        Rule::Attribution | Rule::BlockedIp if facts.first(Fact::QuotedIn).is_some() => Some(
            "The send log would show connector and certificate; it needs ProtocolLoggingLevel \
             Verbose on the send connector.",
        ),
        _ if no_mail => Some("The session's MAIL and RCPT lines were not found."),
        _ => None,
    }
}
