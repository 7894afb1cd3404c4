//! Mails: an .eml file, one of a mailbox, a header block somebody saved, or the text
//! of a bounce that quotes one.
//!
//! Names are compared without regard to case and given in their usual one;
//! order and repetitions stay. What follows the first empty line is the body, of
//! which only the beginning is kept: a bounce says there why.

mod body;
mod headers;

use bumpalo::Bump;

use super::{Context, Damage};
use crate::bytes::{split_once, without_cr};
use crate::event::{Escape, Event, Kind, Value};
use crate::limits::FIELDS_MAX;
use crate::time::rfc5322;
use headers::{Headers, usual_case};

pub(super) use headers::is_mail_header;

/// How much of the body is kept.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// Decodes one mail.
pub(super) fn decode<'c>(
    frame: &'c [u8],
    context: &Context<'c, '_>,
    event: &mut Event<'c>,
) -> Result<(), Damage> {
    let (mail, is_of_mailbox) = without_mbox_line(frame);
    let (prose, block, body) = parts(mail);
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
    if let Some(server) = generating_server(prose) {
        event.push(b"Generating server", Value::plain(server));
    }
    set_time(event, context.arena);
    // A bounce says why before it quotes the headers.
    let text = if prose.is_empty() { body } else { prose };
    let text = text.get(..BODY_BYTES_MAX).unwrap_or(text);
    if !text.trim_ascii().is_empty() {
        let text = body::readable(block, text, context.arena);
        let text = if is_of_mailbox { body::unquoted(text, context.arena) } else { text };
        event.push(b"body", Value::plain(text));
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
        event.set_time(stamp.in_utc());
    }
}

/// Without the `From ` line that mailbox files put first; true when there was one.
fn without_mbox_line(mail: &[u8]) -> (&[u8], bool) {
    match split_once(mail, b'\n') {
        Some((line, rest)) if line.starts_with(b"From ") => (rest, true),
        _ => (mail, false),
    }
}

/// The text before the headers, the header block, and the body.
fn parts(mail: &[u8]) -> (&[u8], &[u8], &[u8]) {
    let start = mail.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let mail = mail.get(start..).unwrap_or_default();
    let first = split_once(mail, b'\n').map_or(mail, |(line, _)| line);
    let is_prose = Headers::new(first).next().is_none() || is_bounce_line(first);
    let at = if is_prose { quoted_headers(mail).unwrap_or_default() } else { 0 };
    let (prose, rest) = mail.split_at_checked(at).unwrap_or((b"", mail));
    let (block, body) = split_body(rest);
    (prose, block, body)
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

/// Where a paragraph begins that holds headers: at least two that only mails have.
fn quoted_headers(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let rest = text.get(at..)?;
        let blanks = rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        at += blanks;
        let rest = rest.get(blanks..)?;
        let (paragraph, after) = split_body(rest);
        let known = Headers::new(paragraph).filter(|(name, _)| is_mail_header(name));
        if known.take(2).count() == 2 {
            return Some(at);
        }
        if after.is_empty() {
            return None;
        }
        at = text.len() - after.len();
    }
}

/// The server that a bounce says it comes from.
fn generating_server(prose: &[u8]) -> Option<&[u8]> {
    let mut lines = prose.split(|byte| *byte == b'\n');
    lines.find_map(|line| Some(strip_words(line, GENERATING_SERVER)?.trim_ascii()))
}

const GENERATING_SERVER: &[u8] = b"Generating server:";

/// What follows `words` at the start of a line, whatever their case.
fn strip_words<'a>(line: &'a [u8], words: &[u8]) -> Option<&'a [u8]> {
    let (start, rest) = line.trim_ascii_start().split_at_checked(words.len())?;
    start.eq_ignore_ascii_case(words).then_some(rest)
}

/// True for a line by which the text of a bounce is known.
pub(super) fn is_bounce_line(line: &[u8]) -> bool {
    let words: [&[u8]; 3] = [
        GENERATING_SERVER,
        b"Original message headers:",
        b"Diagnostic information for administrators:",
    ];
    words.iter().any(|words| strip_words(line, words).is_some())
}

#[cfg(test)]
mod tests;
