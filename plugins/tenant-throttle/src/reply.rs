//! Which replies of Exchange Online say that it throttles or blocks us.

use std::net::IpAddr;

use logwasp_sdk::identity;
use logwasp_sdk::smtp::{self, Reply};
use logwasp_sdk::text::{fold, shorten};
use serde::{Deserialize, Serialize};

/// What the reply means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Rule {
    /// Q1: 451 4.7.500 to 4.7.699, come back later.
    Throttled,
    /// Q2: 5.7.705, 5.7.708, 5.7.750, the tenant may not send.
    Blocked,
}

impl Rule {
    /// The id in alerts.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Throttled => "Q1",
            Self::Blocked => "Q2",
        }
    }

    fn of(reply: &Reply<'_>) -> Option<Self> {
        match (reply.code, reply.enhanced?) {
            (451, code) if is_throttle_code(code) => Some(Self::Throttled),
            (500..=599, "5.7.705" | "5.7.708" | "5.7.750") => Some(Self::Blocked),
            _ => None,
        }
    }
}

/// `4.7.500` to `4.7.699`. From 4.7.700 on an agent is busy, which is nobody's fault.
fn is_throttle_code(enhanced: &str) -> bool {
    let detail = enhanced.strip_prefix("4.7.").filter(|detail| detail.len() == 3);
    detail.is_some_and(|detail| detail.starts_with(['5', '6']))
}

/// A reply of interest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) rule: Rule,
    /// The enhanced status code.
    pub(crate) code: String,
    /// The reply on one line.
    pub(crate) text: String,
    /// The address of ours that the reply names.
    pub(crate) ip: Option<IpAddr>,
    /// The words are those of Exchange Online.
    pub(crate) is_from_eop: bool,
}

/// How much of a line is read; what quotes a reply is shorter.
const LINE_BYTES_MAX: usize = 8 * 1024;
/// How much of a reply is kept. In quoting text what follows is not the reply.
const REPLY_BYTES_MAX: usize = 250;

/// The reply that a send log has in its own column.
pub(crate) fn at_start(line: &str) -> Option<Found> {
    let line = fold(shorten(line, LINE_BYTES_MAX));
    found(&smtp::reply(&line)?, &line)
}

/// The first reply of interest that a text quotes.
pub(crate) fn quoted(text: &str) -> Option<Found> {
    let text = fold(shorten(text, LINE_BYTES_MAX));
    let mut rest = text.as_ref();
    while let Some(reply) = smtp::find_reply(rest) {
        if let Some(found) = found(&reply, &text) {
            return Some(found);
        }
        rest = reply.text;
    }
    None
}

fn found(reply: &Reply<'_>, line: &str) -> Option<Found> {
    let rule = Rule::of(reply)?;
    let code = reply.enhanced?;
    let words = reply.text.split(['}', '\'', '"']).next().unwrap_or_default();
    let words = shorten(words, REPLY_BYTES_MAX);
    Some(Found {
        rule,
        code: code.to_owned(),
        text: format!("{} {code} {words}", reply.code).trim_end().to_owned(),
        ip: bracketed_ip(words),
        is_from_eop: is_from_eop(rule, line),
    })
}

/// By the name of the server that the text ends with or was sent to, or by the
/// words that no other server uses.
fn is_from_eop(rule: Rule, line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    let words: &[&str] = match rule {
        Rule::Throttled => &["please try again later from ["],
        Rule::Blocked => &["tenant", "traffic not accepted", "unregistered domain"],
    };
    line.contains(".protection.outlook.com") || words.iter().any(|words| line.contains(words))
}

/// The first address in brackets; host names and codes stand in brackets too.
fn bracketed_ip(text: &str) -> Option<IpAddr> {
    text.split('[').skip(1).find_map(|rest| identity::ip(rest.split_once(']')?.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: replies of Exchange Online at the edges of the ranges, and others.
    /// Guarantees: only throttling and blocking of the tenant are found.
    #[test]
    fn replies_are_told_apart() {
        let rule = |line: &str| at_start(line).map(|found| found.rule);
        for line in [
            "451 4.7.500 Server busy. Please try again later from [203.0.113.9]. (S77714)",
            "451 4.7.651 The mail server [203.0.113.9] has been temporarily rate limited",
            "451-4.7.699 x",
        ] {
            assert_eq!(rule(line), Some(Rule::Throttled), "{line}");
        }
        for line in [
            "550 5.7.705 Access denied, tenant has exceeded threshold",
            "550 5.7.708 Service unavailable. Access denied, traffic not accepted from this IP",
            "550 5.7.750 Service unavailable. Client blocked from sending from unregistered domains",
        ] {
            let found = at_start(line).expect(line);
            assert_eq!((found.rule, found.is_from_eop), (Rule::Blocked, true), "{line}");
        }
        for line in [
            "451 4.7.700 PFA agent busy, please try again.",
            "451 4.7.499 x",
            "451 4.7.50 x",
            "451 4.7.5000 x",
            "451 4.7.0 Timeout waiting for client input",
            "432 4.3.2 STOREDRV.Deliver; recipient thread limit exceeded",
            "452 4.7.500 x",
            "550 5.7.706 x",
            "250 2.1.5 after 451 4.7.500 Server busy",
            "",
        ] {
            assert_eq!(rule(line), None, "{line}");
        }
    }

    /// Scenario: the reply inside a tracking cell, a gateway's line, a log of ours.
    /// Guarantees: it is cut out, with its address, without what stands around it.
    #[test]
    fn quoted_replies_are_cut_out() {
        let reply = "451 4.7.500 Server busy. Please try again later from [203.0.113.9]. (AS761)";
        for text in [
            format!("[{{LRT=}};{{LED={reply}}};{{FQDN=x.mail.protection.outlook.com}};{{IP=}}]"),
            format!("[{{LED=451 4.4.395 Target host responded with error. -> {reply}}};{{FQDN=}}]"),
        ] {
            let found = quoted(&text).expect("it is there");
            assert_eq!((found.text.as_str(), found.code.as_str()), (reply, "4.7.500"));
            assert_eq!(found.ip, identity::ip("203.0.113.9"));
            assert!(found.is_from_eop);
        }
        assert_eq!(quoted("451 4.7.500 Server busy").map(|f| f.is_from_eop), Some(false));
        assert_eq!(quoted("delay=451, dsn=4.7.5"), None);
    }
}
