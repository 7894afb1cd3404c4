//! A message that a front door of Exchange Online accepted, as our side logs it.

use logwasp_sdk::{identity, smtp, text::clean};

use crate::inventory::host_name;
use crate::rows::{FRONT_DOOR, Session};
use crate::trace::plain_id;

/// An accepted message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Delivery {
    pub(crate) message_id: String,
    /// Unknown in most lines of a gateway.
    pub(crate) sender: Option<String>,
    pub(crate) recipients: Vec<String>,
    pub(crate) connector: Option<String>,
    /// Who sent it on.
    pub(crate) host: Option<String>,
    /// The front door.
    pub(crate) peer: String,
    pub(crate) thumbprint: Option<String>,
    pub(crate) certificate: Option<String>,
}

/// Recipients of one message that are looked at.
const RECIPIENTS_MAX: usize = 64;

/// An accepted message in a send log.
pub(crate) fn in_session(row: &Session<'_>) -> Option<Delivery> {
    let peer = row.peer_name.filter(|peer| is_front_door(peer))?;
    let reply = row.reply.filter(|_| row.direction == Some("send"))?;
    let accepted = row.accepted_rcpts.filter(|rcpts| !rcpts.is_empty()).or(row.rcpts)?;
    let keep =
        |cell: Option<&str>| cell.and_then(identity::meaningful).map(|text| clean(text, 256));
    Some(Delivery {
        message_id: accepted_id(reply)?,
        sender: keep(row.mail_from),
        recipients: accepted
            .split('\u{1f}')
            .filter_map(identity::meaningful)
            .take(RECIPIENTS_MAX)
            .map(|rcpt| clean(rcpt, 320))
            .collect(),
        connector: keep(row.connector),
        host: row.server.or(row.host).and_then(identity::host),
        peer: clean(&host_name(peer), 255),
        thumbprint: keep(row.sent_thumbprint).map(|hex| hex.to_uppercase()),
        certificate: keep(row.sent_subject),
    })
}

/// An accepted message in a gateway's own words: Postfix, Sendmail, Exim and the like
/// name recipient and next hop, and quote the reply.
pub(crate) fn in_line(host: Option<&str>, message: Option<&str>) -> Option<Delivery> {
    let line = message?;
    let (before, reply) = line.split_once("250 2.6.0 ")?;
    let recipient = between(before, "to=<", ">").or_else(|| {
        let word = before.split_once("=> ")?.1.split(' ').next()?;
        word.contains('@').then_some(word)
    })?;
    let lower = before.to_lowercase();
    let end = lower.find(FRONT_DOOR)? + FRONT_DOOR.len();
    let peer = lower.get(..end)?.rsplit([' ', '=', '[', '(', ',', '"']).next()?;
    Some(Delivery {
        message_id: plain_id(reply.split_once('<')?.1.split_once('>')?.0)
            .map(|id| clean(id, 998))?,
        sender: between(before, "from=<", ">").and_then(identity::meaningful).map(str::to_owned),
        recipients: vec![clean(recipient, 320)],
        connector: None,
        host: host.and_then(identity::host),
        peer: clean(peer, 255),
        thumbprint: None,
        certificate: None,
    })
}

/// `250 2.6.0 <m1@contoso.com> [InternalId=..., Hostname=...] ... Queued mail for delivery`
fn accepted_id(reply: &str) -> Option<String> {
    let reply = smtp::reply(reply).filter(|reply| reply.enhanced == Some("2.6.0"))?;
    smtp::bracketed(reply.text).and_then(plain_id).map(|id| clean(id, 998))
}

fn is_front_door(host: &str) -> bool {
    host_name(host).ends_with(FRONT_DOOR)
}

fn between<'a>(text: &'a str, open: &str, close: &str) -> Option<&'a str> {
    text.split_once(open)?.1.split_once(close).map(|(inner, _)| inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: lines of Postfix and Exim, other next hops, other replies.
    /// Guarantees: message, recipient and front door of an accepted message.
    #[test]
    fn lines_of_gateways_are_read() {
        let postfix = "postfix/smtp[811]: 4F1: to=<a@fabrikam.com>, \
            relay=fabrikam-com.mail.protection.outlook.com[104.47.8.36]:25, delay=2.1, dsn=2.6.0, \
            status=sent (250 2.6.0 <m1@contoso.com> [InternalId=1, Hostname=X] Queued mail for delivery)";
        let exim = "1a-b-c => a@fabrikam.com R=dnslookup T=remote_smtp \
            H=fabrikam-com.mail.protection.outlook.com [104.47.8.36] C=\"250 2.6.0 <m1@contoso.com> \
            [InternalId=1] Queued mail for delivery\"";
        for line in [postfix, exim] {
            let read = in_line(Some("gw01"), Some(line)).expect("a delivery");
            assert_eq!(
                (read.message_id.as_str(), read.recipients.join(" ").as_str()),
                ("m1@contoso.com", "a@fabrikam.com")
            );
            assert_eq!(read.peer, "fabrikam-com.mail.protection.outlook.com");
        }
        for line in ["", "250 2.6.0 ", "to=<a@b> relay=x 250 2.6.0 <m@x>", "250 2.6.0 é<"] {
            assert_eq!(in_line(None, Some(line)), None, "{line}");
        }
    }
}
