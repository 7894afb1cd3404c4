//! Which refusal a reply is: the code and the words together decide.
//!
//! `550 5.7.1` alone says nothing - transport rules, restricted recipients and
//! content filters use it too.

use logwasp_sdk::smtp::{self, Reply};

use logwasp_sdk::text::{fold, shorten};

/// The refusals that this detector knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// An anonymous client wants to send to a domain that is not ours.
    Relay,
    /// A client that should have authenticated did not.
    NotAuthenticated,
    /// Exchange Online does not recognise the sending server as its tenant's.
    Attribution,
    /// Exchange Online has blocked the sending address.
    BannedIp,
    /// There is no such recipient in a domain of ours.
    UnknownRecipient,
}

impl Refusal {
    /// Reads a reply.
    pub(crate) fn of(reply: &Reply<'_>) -> Option<Self> {
        let text = fold(shorten(reply.text, REPLY_TEXT_BYTES_MAX)).to_ascii_lowercase();
        let says = |words: &[&str]| words.iter().any(|&word| text.contains(word));
        match (reply.code, reply.enhanced?) {
            (550, "5.7.1" | "5.7.54") => says(&["unable to relay"]).then_some(Self::Relay),
            (530, "5.7.1" | "5.7.57") => {
                says(&["client was not authenticated"]).then_some(Self::NotAuthenticated)
            }
            (550, "5.7.64") => {
                says(&["tenantattribution", "relay access denied"]).then_some(Self::Attribution)
            }
            (550, "5.1.10") => says(&["recipientnotfound", "recipient not found"])
                .then_some(Self::UnknownRecipient),
            (550, code) if is_ban_code(code) => {
                says(&["access denied", "banned send"]).then_some(Self::BannedIp)
            }
            _ => None,
        }
    }
}

/// How much of a reply's text is read. Real ones are shorter; in quoting text
/// what follows is no longer the reply.
const REPLY_TEXT_BYTES_MAX: usize = 160;

/// `5.7.606` to `5.7.649`, and `5.7.511`.
fn is_ban_code(enhanced: &str) -> bool {
    let detail = enhanced.strip_prefix("5.7.").and_then(|detail| detail.parse::<u16>().ok());
    detail.is_some_and(|detail| detail == 511 || (606..=649).contains(&detail))
}

/// A refusal quoted inside other text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Quoted {
    /// Which one it is.
    pub(crate) refusal: Refusal,
    /// The reply, without what stands around it.
    pub(crate) reply: String,
}

/// Finds the first known refusal that `text` quotes; `text` is [`fold`]ed.
pub(crate) fn quoted(text: &str) -> Option<Quoted> {
    let mut rest = text;
    while let Some(found) = smtp::find_reply(rest) {
        let reply = Reply { text: unwrapped(found.text), ..found };
        if let Some(refusal) = Refusal::of(&reply) {
            return Some(Quoted { refusal, reply: written(&reply) });
        }
        rest = found.text;
    }
    None
}

/// The reply as one line.
pub(crate) fn written(reply: &Reply<'_>) -> String {
    let text = shorten(reply.text, REPLY_TEXT_BYTES_MAX);
    let mut line = reply.code.to_string();
    for part in [reply.enhanced.unwrap_or_default(), text.trim_end()] {
        if !part.is_empty() {
            line.push(' ');
            line.push_str(part);
        }
    }
    line
}

/// Ends a quoted reply where the quoting goes on.
fn unwrapped(text: &str) -> &str {
    let text = text.split(" (in reply to").next().unwrap_or(text);
    text.split(['}', '\'', '"', '#', '>']).next().unwrap_or(text).trim_end_matches([')', ' '])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(line: &str) -> Option<Refusal> {
        Refusal::of(&smtp::reply(line)?)
    }

    /// Scenario: every refusal of the protocol logs, in several spellings.
    /// Guarantees: each is recognised, without regard to case.
    #[test]
    fn known_refusals_are_recognised() {
        for (line, expected) in [
            ("550 5.7.1 Unable to relay", Refusal::Relay),
            ("550-5.7.1 UNABLE TO RELAY for x@fabrikam.com", Refusal::Relay),
            ("550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain", Refusal::Relay),
            ("530 5.7.1 Client was not authenticated", Refusal::NotAuthenticated),
            (
                "530 5.7.57 SMTP; Client was not authenticated to send anonymous mail during MAIL FROM",
                Refusal::NotAuthenticated,
            ),
            ("550 5.7.64 TenantAttribution; Relay Access Denied SMTP", Refusal::Attribution),
            ("550 5.7.64 relay access denied", Refusal::Attribution),
            ("550 5.7.606 Access denied, banned sending IP [203.0.113.9]", Refusal::BannedIp),
            ("550 5.7.649 Access denied, banned sending IP [203.0.113.9]", Refusal::BannedIp),
            ("550 5.7.511 Access denied, banned sender[203.0.113.9]", Refusal::BannedIp),
            (
                "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
                Refusal::UnknownRecipient,
            ),
        ] {
            assert_eq!(refusal(line), Some(expected), "{line}");
        }
    }

    /// Scenario: the code without the words, the words without the code, and the
    /// neighbours of the ranges.
    /// Guarantees: neither half is enough.
    #[test]
    fn code_and_words_are_both_required() {
        for line in [
            "550 5.7.1 RESOLVER.RST.AuthRequired; authentication required",
            "550 5.7.1 Client does not have permissions to send as this sender",
            "550 5.7.1 TRANSPORT.RULES.RejectMessage; the message was rejected",
            "550 5.7.54 SMTP; something else",
            "550 5.7.64 something else",
            "550 Unable to relay",
            "554 5.7.1 Unable to relay",
            "550 5.7.133 Unable to relay",
            "450 4.7.1 Unable to relay",
            "530 5.7.0 Client was not authenticated",
            "535 5.7.3 Client was not authenticated",
            "550 5.7.605 Access denied, banned sending IP",
            "550 5.7.650 Access denied, banned sending IP",
            "550 5.7.606 see other reason",
            "550 5.4.1 Recipient address rejected: Access denied",
            "550 5.1.10 something else",
            "",
        ] {
            assert_eq!(refusal(line), None, "{line}");
        }
    }

    /// Scenario: replies inside gateway lines, bounces and tracking columns, also
    /// behind another reply.
    /// Guarantees: the known refusal is found and cut out; words that belong to
    /// other text do not make one.
    #[test]
    fn quoted_refusals_are_cut_out() {
        for text in [
            "(host mail.contoso.com said: 550 5.7.1 Unable to relay (in reply to RCPT TO command))",
            "Remote Server returned '550 5.7.1 Unable to relay'",
            "#<mail.contoso.com #5.7.1 smtp;550 5.7.1 Unable to relay> #SMTP#",
            "[{LRT=};{LED=550 5.7.1 Unable to relay};{FQDN=mail.contoso.com};{IP=10.0.0.25}]",
            "451 4.4.395 Target host responded with error. -> 550 5.7.1 Unable to relay",
        ] {
            let found = quoted(text).expect(text);
            assert_eq!(found.refusal, Refusal::Relay, "{text}");
            assert_eq!(found.reply, "550 5.7.1 Unable to relay", "{text}");
        }
        let far = format!("550 5.7.1 rejected {} unable to relay", "x ".repeat(200));
        for text in ["550 5.7.1 RESOLVER.RST.AuthRequired' 'Unable to relay'", &far, "550", ""] {
            assert_eq!(quoted(text), None, "{text}");
        }
    }
}
