//! The headers of a mail: an .eml file, or a header block somebody saved.
//!
//! Names are compared without regard to case and given in their usual one;
//! order and repetitions stay. What follows the first empty line is the body, of
//! which only the beginning is kept: a bounce says there why.

use bumpalo::Bump;

use super::{Context, Damage};
use crate::bytes::{split_once, without_cr};
use crate::event::{Escape, Event, Kind, Value};
use crate::limits::FIELDS_MAX;
use crate::time::rfc5322;

/// How much of the body is kept.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// Decodes one mail.
pub(super) fn decode<'c>(
    frame: &'c [u8],
    context: &Context<'c, '_>,
    event: &mut Event<'c>,
) -> Result<(), Damage> {
    let mail = without_mbox_line(frame);
    let (block, body) = split_body(mail);
    event.reset(Kind::MailHeaders, block);
    for (name, value) in Headers::new(block) {
        if event.fields.len() >= FIELDS_MAX {
            return Err(Damage { reason: "more headers than any mail has", at: 0 });
        }
        event.push(usual_case(name), Value::new(value, Escape::Folded));
    }
    if event.fields.is_empty() {
        return Err(Damage { reason: "there is no header", at: 0 });
    }
    set_time(event, context.arena);
    let body = body.get(..BODY_BYTES_MAX).unwrap_or(body);
    if !body.trim_ascii().is_empty() {
        event.push(b"body", Value::plain(body));
    }
    Ok(())
}

/// The time at which the last server took the mail, else the time it was written.
fn set_time<'c>(event: &mut Event<'c>, arena: &'c Bump) {
    let received = event.values(b"Received").find_map(|value| {
        let text = value.text(arena);
        rfc5322(text.get(memchr::memrchr(b';', text)? + 1..)?)
    });
    let written = || event.field(b"Date").and_then(|value| rfc5322(value.text(arena)));
    if let Some(stamp) = received.or_else(written) {
        event.set_time(stamp.in_zone(&jiff::tz::TimeZone::UTC));
    }
}

/// Without the `From ` line that mailbox files put first.
fn without_mbox_line(mail: &[u8]) -> &[u8] {
    match split_once(mail, b'\n') {
        Some((line, rest)) if line.starts_with(b"From ") => rest,
        _ => mail,
    }
}

/// Header block and body; the empty line belongs to neither.
fn split_body(mail: &[u8]) -> (&[u8], &[u8]) {
    let mut at = 0;
    while let Some((line, rest)) = mail.get(at..).and_then(|rest| split_once(rest, b'\n')) {
        if without_cr(line).is_empty() {
            return (mail.get(..at).unwrap_or_default(), rest);
        }
        at += line.len() + 1;
    }
    (mail, b"")
}

/// Headers in order: name, and value with its folds. Lines that are no header are
/// passed over.
struct Headers<'c> {
    rest: &'c [u8],
}

impl<'c> Headers<'c> {
    fn new(block: &'c [u8]) -> Self {
        Self { rest: block }
    }

    /// The line that starts here, with the lines that continue it.
    fn folded_line(&mut self) -> Option<&'c [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let mut end = 0;
        loop {
            let tail = self.rest.get(end..).unwrap_or_default();
            let newline = memchr::memchr(b'\n', tail);
            end += newline.map_or(tail.len(), |at| at + 1);
            let continues = matches!(self.rest.get(end), Some(b' ' | b'\t'));
            if newline.is_none() || !continues {
                break;
            }
        }
        let (line, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        Some(line)
    }
}

impl<'c> Iterator for Headers<'c> {
    type Item = (&'c [u8], &'c [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let line = self.folded_line()?;
            if let Some((name, value)) = split_once(line, b':').filter(|(name, _)| is_name(name)) {
                return Some((name, value));
            }
        }
    }
}

/// RFC 5322, 3.6.8: printable ASCII without colon and blank.
pub(super) fn is_name(name: &[u8]) -> bool {
    !name.is_empty() && name.len() <= 128 && name.iter().all(u8::is_ascii_graphic)
}

/// The name as it is usually written, when it is one that matters here.
fn usual_case(name: &[u8]) -> &[u8] {
    let usual = USUAL_NAMES.iter().find(|usual| usual.as_bytes().eq_ignore_ascii_case(name));
    usual.map_or(name, |usual| usual.as_bytes())
}

/// True for the name of a header that mails have and hardly anything else.
pub(super) fn is_mail_header(name: &[u8]) -> bool {
    USUAL_NAMES.iter().any(|usual| usual.as_bytes().eq_ignore_ascii_case(name))
}

const USUAL_NAMES: [&str; 35] = [
    "Received",
    "Return-Path",
    "Delivered-To",
    "From",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "MIME-Version",
    "Content-Type",
    "Authentication-Results",
    "Received-SPF",
    "DKIM-Signature",
    "X-Forefront-Antispam-Report",
    "X-EOPAttributedMessage",
    "X-EOPTenantAttributedMessage",
    "X-MS-TrafficTypeDiagnostic",
    "X-MS-Exchange-Organization-AuthAs",
    "X-MS-Exchange-Organization-AuthSource",
    "X-MS-Exchange-Organization-AuthMechanism",
    "X-MS-Exchange-Organization-MessageDirectionality",
    "X-MS-Exchange-Organization-SCL",
    "X-MS-Exchange-Organization-Network-Message-Id",
    "X-MS-Exchange-CrossTenant-FromEntityHeader",
    "X-MS-Exchange-CrossTenant-Id",
    "X-MS-Exchange-CrossTenant-Network-Message-Id",
    "X-MS-Exchange-CrossTenant-AuthAs",
    "X-MS-Exchange-CrossTenant-AuthSource",
    "X-MS-Exchange-CrossTenant-OriginalArrivalTime",
    "X-MS-Exchange-Transport-CrossTenantHeadersStamped",
    "X-OrganizationHeadersPreserved",
    "X-CrossPremisesHeadersFiltered",
    "X-Originating-IP",
    "X-MS-Has-Attach",
];
