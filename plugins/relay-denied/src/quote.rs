//! A refusal that somebody else tells of: a bounce, a gateway's log line, a
//! tracking row. Peer and session are unknown then, so this is less sure.

use logwasp_sdk::{Confidence, Hosts, identity, mail};

use crate::facts::{Fact, Facts};
use crate::peer::Inventory;
use crate::refusal::bracketed_ip;
use crate::reply::{Quoted, Refusal, quoted};
use crate::rows::{Mail, Syslog, Text, Tracking};
use crate::rule::Rule;
use crate::sighting::{Sighting, key};
use logwasp_sdk::text::{clean, fold, shorten};

/// How much of a text is searched: bounces put the reply before the mail that
/// they return.
const TEXT_BYTES_MAX: usize = 64 * 1024;

/// A quoting text and what the record knows beside it.
struct Quote<'a> {
    /// What kind of record it is, in words.
    place: &'static str,
    /// The text, folded.
    text: &'a str,
    /// The record's host.
    host: Option<String>,
    /// What the record's own fields say.
    facts: Facts,
    confidence: Confidence,
}

/// A gateway's syslog line. Our own alerts quote replies too and may come back
/// by syslog; they are no news.
pub(crate) fn in_syslog(
    row: &Syslog<'_>,
    inventory: &Inventory,
    learned: &Hosts,
) -> Option<Sighting> {
    if row.app.is_some_and(|app| app.eq_ignore_ascii_case("logwasp")) {
        return None;
    }
    in_line("syslog", row.host, row.message?, inventory, learned)
}

/// A line of a file of unknown format.
pub(crate) fn in_text(row: &Text<'_>, inventory: &Inventory, learned: &Hosts) -> Option<Sighting> {
    in_line("text", row.host, row.message?, inventory, learned)
}

fn in_line(
    place: &'static str,
    host: Option<&str>,
    line: &str,
    inventory: &Inventory,
    learned: &Hosts,
) -> Option<Sighting> {
    let text = &fold(shorten(line, TEXT_BYTES_MAX));
    let facts = Facts::default()
        .with(Fact::Sender, between(text, "from=<", ">"))
        .with(Fact::Recipient, between(text, "to=<", ">"));
    let host = host.and_then(|host| inventory.host_name(host, learned));
    Quote { place, text, host, facts, confidence: Confidence::Medium }.sighting()
}

/// A failed recipient in a tracking log.
pub(crate) fn in_tracking(
    row: &Tracking<'_>,
    inventory: &Inventory,
    learned: &Hosts,
) -> Option<Sighting> {
    let text = &fold(shorten(row.status?, TEXT_BYTES_MAX));
    let facts = Facts::default()
        .with(Fact::Connector, row.connector)
        .with(Fact::MessageId, row.message_id)
        .with(Fact::Sender, row.sender)
        .with(Fact::Recipient, row.recipient);
    let server = row.server.and_then(identity::meaningful).or(row.host);
    let host = server.and_then(|server| inventory.host_name(server, learned));
    Quote { place: "message tracking", text, host, facts, confidence: Confidence::Medium }
        .sighting()
}

/// A bounce; any other mail that quotes a refusal is most likely about one.
pub(crate) fn in_mail(row: &Mail<'_>) -> Option<Sighting> {
    let body = fold(shorten(row.body.unwrap_or_default(), TEXT_BYTES_MAX));
    let headers = fold(shorten(row.headers.unwrap_or_default(), TEXT_BYTES_MAX));
    let bounce = is_bounce(row, &body);
    let recipient = row
        .failed_recipients
        .or_else(|| word_after(&body, "Final-Recipient: rfc822;"))
        .map(|recipient| recipient.trim_matches(['<', '>']));
    let facts = Facts::default()
        .with(Fact::Sender, row.to.filter(|_| bounce).and_then(mail::address).as_deref())
        .with(Fact::Recipient, recipient);
    let reporter =
        ["Generating server:", "Reporting-MTA: dns;"].iter().find_map(|at| word_after(&body, at));
    let quote = |text| Quote {
        place: if bounce { "bounce" } else { "mail" },
        text,
        host: reporter.and_then(identity::host),
        facts: facts.clone(),
        confidence: if bounce { Confidence::Medium } else { Confidence::Low },
    };
    quote(&body).sighting().or_else(|| quote(&headers).sighting())
}

/// By what RFC 3464 and RFC 3834 say, and by the words of Exchange's own.
fn is_bounce(row: &Mail<'_>, body: &str) -> bool {
    let has = |cell: Option<&str>, words: &[&str]| {
        let text = cell.unwrap_or_default().to_ascii_lowercase();
        words.iter().any(|word| text.contains(word))
    };
    row.failed_recipients.is_some()
        || row.return_path.is_some_and(|path| matches!(path.trim(), "<>" | ""))
        || has(row.content_type, &["multipart/report", "delivery-status"])
        || has(row.auto_submitted, &["auto-replied", "auto-generated"])
        || has(row.from, &["mailer-daemon", "postmaster", "microsoft outlook", "microsoftexchange"])
        || has(row.subject, &["undeliver", "delivery status", "delivery failure", "returned mail"])
        || ["Remote Server returned", "Generating server:", "Diagnostic-Code:"]
            .iter()
            .any(|words| body.contains(words))
}

impl Quote<'_> {
    fn sighting(self) -> Option<Sighting> {
        let Quoted { refusal, reply } = quoted(self.text)?;
        let refused_by = refused_by(self.text).unwrap_or_default();
        let banned_ip = bracketed_ip(&reply).map(|ip| ip.to_string());
        let host = self.host.unwrap_or_default();
        let (rule, key) = match refusal {
            Refusal::Relay | Refusal::NotAuthenticated => {
                (Rule::Quoted, key(Rule::Quoted, &[&host, refused_by]))
            }
            Refusal::Attribution => (Rule::Attribution, key(Rule::Attribution, &[])),
            Refusal::BannedIp => {
                let ip = banned_ip.as_deref().unwrap_or_default();
                (Rule::BlockedIp, key(Rule::BlockedIp, &[ip]))
            }
            Refusal::UnknownRecipient => return None,
        };
        let facts = self
            .facts
            .with(Fact::Host, Some(&host))
            .with(Fact::SrcIp, banned_ip.as_deref())
            .with(Fact::Reply, Some(&reply))
            .with(Fact::RefusedBy, Some(refused_by))
            .with(Fact::QuotedIn, Some(self.place));
        Some(Sighting {
            rule,
            key,
            confidence: self.confidence,
            facts,
            distinct: Vec::new(),
            open_relay: false,
            summary: clean(&format!("{reply} (quoted by {host} in {})", self.place), 400),
        })
    }
}

/// The host whose reply is quoted, in the words of Postfix, Exchange, RFC 3464,
/// tracking logs and Sendmail.
fn refused_by(text: &str) -> Option<&str> {
    let before = |mark: &str| text.split_once(mark)?.0.rsplit(' ').next();
    let after =
        ["Remote-MTA: dns;", "Remote Server at ", "Message rejected by:", "{FQDN=", "relay="];
    before(" said:")
        .or_else(|| before(" gave this error"))
        .and_then(host_part)
        .or_else(|| after.iter().find_map(|mark| word_after(text, mark)))
}

/// The word behind `mark`, as a host or address would be written.
fn word_after<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    let rest = text.split_once(mark)?.1.trim_start();
    host_part(rest.split(' ').next()?)
}

/// A host without the address, port or punctuation that sticks to it.
fn host_part(word: &str) -> Option<&str> {
    let word = word.trim_start_matches('(').split(['[', ',', ';', '}', '(', ':']).next()?;
    identity::meaningful(word.trim_end_matches('.')).filter(|word| *word != "none")
}

fn between<'a>(text: &'a str, open: &str, close: &str) -> Option<&'a str> {
    text.split_once(open)?.1.split_once(close).map(|(inner, _)| inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: the ways in which quoting texts name the refusing host.
    /// Guarantees: the name is found without address, port and punctuation.
    #[test]
    fn the_refusing_host_is_found() {
        for text in [
            "(host mail.contoso.com said: 550 5.7.1 Unable to relay",
            "(host mail.contoso.com[10.0.0.25] said: 550 5.7.1 Unable to relay",
            "mail.contoso.com gave this error: Unable to relay",
            "Remote-MTA: dns; mail.contoso.com Diagnostic-Code: smtp;550 5.7.1 Unable to relay",
            "Remote Server at mail.contoso.com (10.0.0.25) returned '550 5.7.1 Unable to relay'",
            "[{LRT=};{LED=550 5.7.1 Unable to relay};{FQDN=mail.contoso.com};{IP=10.0.0.25}]",
            "to=<a@b>, relay=mail.contoso.com. [10.0.0.25], dsn=5.7.1, stat=x",
        ] {
            assert_eq!(refused_by(text), Some("mail.contoso.com"), "{text}");
        }
        for text in ["550 5.7.1 Unable to relay", "relay=none", "{FQDN=};{IP=}", ""] {
            assert_eq!(refused_by(text), None, "{text}");
        }
    }
}
