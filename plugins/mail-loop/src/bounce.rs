//! L1 and L3 in mails: bounces, and header blocks of messages that loop.

use logwasp_sdk::text::{clean, fingerprint, shorten};
use logwasp_sdk::{Confidence, Hosts, Severity, mail};

use crate::config::Config;
use crate::headers::{Headers, Marks};
use crate::places::Places;
use crate::reply;
use crate::rows::Mail;
use crate::sighting::{Identity, Sighting};
use crate::why;

/// What the mail tells, if it tells of a loop.
pub(crate) fn sighting(
    row: &Mail<'_>,
    config: &Config,
    places: &Places,
    learned: &Hosts,
) -> Option<Sighting> {
    let block = row.headers.unwrap_or_default();
    let body = plain(row.body.unwrap_or_default());
    let outer = Headers::read(block);
    let inner = Headers::read(returned_headers(&body));
    let reply = reply::find(&fold(&body)).or_else(|| reply::find(&fold(block)));
    let (outer_marks, inner_marks) =
        (outer.marks(config, places, learned), inner.marks(config, places, learned));
    // The bounce itself has a short way; the message it returns has the loop's.
    let marks = if inner_marks.passes > outer_marks.passes || !inner_marks.names.is_empty() {
        inner_marks
    } else {
        outer_marks
    };
    if reply.is_none() && marks.names.is_empty() {
        why::no_loop(outer.message_id.as_deref(), outer.attributed(), config);
        return None;
    }
    let mail = Message { outer, inner, body: &body };
    Some(mail.sighting(reply, marks))
}

/// A mail and the message it returns.
struct Message<'a> {
    outer: Headers,
    inner: Headers,
    body: &'a str,
}

impl Message<'_> {
    fn sighting(self, reply: Option<(reply::Origin, String)>, marks: Marks) -> Sighting {
        let is_bounce = self.is_bounce();
        let original = if self.inner.is_empty() { &self.outer } else { &self.inner };
        let id = self.message_id(is_bounce);
        let identity = match (&id, &self.outer.message_id) {
            (Some(id), _) => Identity::Message(fingerprint(&[id])),
            (None, Some(own)) => Identity::Record(fingerprint(&[own])),
            (None, None) => Identity::Record(fingerprint(&[self.body])),
        };
        let (rule, severity, confidence) = match &reply {
            Some(_) if is_bounce || !marks.names.is_empty() => {
                ("L1", Severity::High, Confidence::High)
            }
            // A colleague may write about the error.
            Some(_) => ("L1", Severity::High, Confidence::Low),
            None => ("L3", Severity::Medium, Confidence::Medium),
        };
        let sender =
            if is_bounce && self.inner.is_empty() { &self.outer.to } else { &original.from };
        let (origin, reply) =
            reply.map_or((None, None), |(origin, text)| (Some(origin), Some(text)));
        Sighting {
            has_marks: !marks.names.is_empty(),
            confidence,
            origin,
            sender: sender.clone(),
            recipient: self.recipient(is_bounce),
            places: marks.places,
            passes: marks.passes,
            period_s: marks.period_s,
            tenant: self.inner.tenant.clone().or(self.outer.tenant.clone()),
            is_anonymous: self.inner.is_anonymous || self.outer.is_anonymous,
            is_bounce,
            summary: clean(
                &format!("{} {}", reply.as_deref().unwrap_or_default(), marks.names.join(", ")),
                480,
            ),
            reply,
            message_id: id,
            ..Sighting::new(rule, severity, identity)
        }
    }

    fn message_id(&self, is_bounce: bool) -> Option<String> {
        let of_bounce = || self.outer.in_reply_to.clone();
        let own = || if is_bounce { None } else { self.outer.message_id.clone() };
        self.inner.message_id.clone().or_else(of_bounce).or_else(own)
    }

    /// Whom the mail was for that did not arrive.
    fn recipient(&self, is_bounce: bool) -> Option<String> {
        let in_report = ["Final-Recipient: rfc822;", "Original-Recipient: rfc822;"]
            .iter()
            .find_map(|mark| mail::address(self.body.split_once(mark)?.1.lines().next()?));
        let to = || if is_bounce { None } else { self.outer.to.clone() };
        self.outer
            .failed_recipient
            .clone()
            .or(in_report)
            .or_else(|| self.inner.to.clone())
            .or_else(to)
            .or_else(|| self.address_before_reply())
            .map(|address| clean(&address, 320))
    }

    /// Exchange writes the recipient on a line of its own above the reply.
    fn address_before_reply(&self) -> Option<String> {
        let (before, _) = self.body.split_once("Remote Server returned")?;
        before.lines().rev().take(6).find_map(mail::address)
    }

    /// By what RFC 3464 and RFC 3834 say, and by the words of Exchange's own.
    fn is_bounce(&self) -> bool {
        let outer = &self.outer;
        outer.failed_recipient.is_some()
            || outer.has_null_sender
            || outer.is_auto_submitted
            || outer.content_type.contains("multipart/report")
            || ["undeliver", "delivery status", "delivery failure", "returned mail"]
                .iter()
                .any(|word| outer.subject.contains(word))
            || ["Remote Server returned", "Generating server:", "Diagnostic-Code:"]
                .iter()
                .any(|words| self.body.contains(words))
    }
}

/// The headers of the message that a bounce returns: as text, or as a part.
fn returned_headers(body: &str) -> &str {
    let text = body.split_once("Original message headers:").map(|(_, rest)| rest);
    let part = || {
        let types = ["message/rfc822", "text/rfc822-headers"];
        let (_, rest) = types.iter().find_map(|kind| body.split_once(kind))?;
        let end = rest.find("\n\n").or_else(|| rest.find("\r\n\r\n"))?;
        rest.get(end..)
    };
    text.or_else(part).unwrap_or_default()
}

/// Without the soft line breaks of quoted-printable.
fn plain(body: &str) -> String {
    if !body.contains("=\n") && !body.contains("=\r\n") {
        return body.to_owned();
    }
    body.replace("=\r\n", "").replace("=\n", "").replace("=3D", "=")
}

/// Line breaks become blanks: replies are broken anywhere.
fn fold(text: &str) -> String {
    const TEXT_BYTES_MAX: usize = 64 * 1024;
    let words: Vec<&str> = shorten(text, TEXT_BYTES_MAX).split_whitespace().collect();
    words.join(" ")
}
