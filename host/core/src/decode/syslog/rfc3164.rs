//! RFC 3164: `Mmm dd HH:MM:SS HOST TAG[pid]: MSG`, and what is sent instead.

use super::{Header, stamp_in_zone};
use crate::bytes::split_once;
use crate::decode::Context;
use crate::time::{Stamp, iso8601, rfc3164};

/// The longest tag that is believed to be one; RFC 3164 says 32, Windows' agents
/// write provider names.
const TAG_BYTES_MAX: usize = 64;

/// Reads the header, if there is a stamp to begin with.
pub(super) fn header<'c>(text: &'c [u8], context: &Context<'c, '_>) -> Option<Header<'c>> {
    let (stamp, has_year, rest) = stamp(text, context)?;
    let rest = match rest.split_first() {
        Some((b' ', rest)) => rest,
        Some((b':', rest)) => rest.strip_prefix(b" ").unwrap_or(rest),
        None => rest,
        Some(_) => return None,
    };
    let (host, rest) = host(rest.trim_ascii_start());
    let (app, pid, message) = tag(rest);
    let zone = context.zones.of(host);
    let time = Some(stamp_in_zone(stamp, has_year, zone));
    Some(Header { time, host, app, pid, message, ..Header::default() })
}

fn stamp<'c>(text: &'c [u8], context: &Context<'c, '_>) -> Option<(Stamp, bool, &'c [u8])> {
    rfc3164(text, &context.year).or_else(|| {
        let (stamp, rest) = iso8601(text)?;
        Some((stamp, true, rest))
    })
}

/// The host, unless the next word is a tag already (`app:` or `app[1]:`).
fn host(text: &[u8]) -> (Option<&[u8]>, &[u8]) {
    let (word, rest) = split_once(text, b' ').unwrap_or((text, b""));
    let is_tag = word.ends_with(b":") || word.ends_with(b"]");
    if word.is_empty() || is_tag || rest.is_empty() || word.contains(&b'\t') {
        return (None, text);
    }
    (Some(word), rest.trim_ascii_start())
}

/// Application, process id and message. A word is a tag only when a colon ends it;
/// else it is the message's first.
fn tag(text: &[u8]) -> (Option<&[u8]>, Option<&[u8]>, &[u8]) {
    let none = (None, None, text);
    let end =
        text.iter().take(TAG_BYTES_MAX).position(|byte| matches!(byte, b' ' | b':' | b'[' | b'\t'));
    let Some((name, rest)) = end.and_then(|end| text.split_at_checked(end)) else { return none };
    if name.is_empty() || name.iter().any(|byte| b"{}\"<>=,;".contains(byte)) {
        return none;
    }
    let (pid, rest) = match rest.strip_prefix(b"[").and_then(|inside| split_once(inside, b']')) {
        Some((pid, rest)) if !pid.contains(&b' ') => (Some(pid), rest),
        _ => (None, rest),
    };
    match rest.strip_prefix(b":") {
        Some(message) => (Some(name), pid, message.strip_prefix(b" ").unwrap_or(message)),
        None => none,
    }
}
