//! RFC 3164: `Mmm dd HH:MM:SS HOST TAG[pid]: MSG`, and what is sent instead.

use memchr::memmem;

use super::stamp::{Last, stamp};
use super::{Header, cisco};
use crate::bytes::split_once;
use crate::decode::Context;
use crate::time::{TimeQuality, dated, stamp_at_start};

/// The longest tag that is believed to be one; RFC 3164 says 32, Windows' agents
/// write provider names.
const TAG_BYTES_MAX: usize = 64;

/// Reads the header: host and tag behind a stamp of a syslog daemon. Any other time
/// is only that, and the line is the message; so is a line without any.
pub(super) fn read<'c>(
    text: &'c [u8],
    priority: bool,
    context: &Context<'c, '_>,
    last: &mut Last,
    header: &mut Header<'c>,
) {
    let trimmed = text.trim_ascii_start();
    if read_stamped(trimmed, context, last, header) {
        return;
    }
    let device = if priority { cisco::header(trimmed, context, last) } else { None };
    *header = device
        .or_else(|| on_a_cluster(trimmed, context))
        .unwrap_or_else(|| unstamped(text, priority, context));
}

/// The header behind the stamp of a syslog daemon: RFC 3164's or RFC 3339's.
pub(crate) fn stamped<'c>(
    text: &'c [u8],
    context: &Context<'c, '_>,
    last: &mut Last,
) -> Option<Header<'c>> {
    let mut header = Header::default();
    read_stamped(text, context, last, &mut header).then_some(header)
}

/// Fills an empty header; leaves it empty when there is no such stamp.
fn read_stamped<'c>(
    text: &'c [u8],
    context: &Context<'c, '_>,
    last: &mut Last,
    header: &mut Header<'c>,
) -> bool {
    let Some((stamp, has_year, rest)) = stamp(text, context, last) else { return false };
    let rest = match rest.split_first() {
        Some((b' ', rest)) => rest,
        Some((b':', rest)) => rest.strip_prefix(b" ").unwrap_or(rest),
        None => rest,
        Some(_) => return false,
    };
    let (host, rest) = host(rest.trim_ascii_start());
    header.time = Some(stamp.in_zone_and_year(has_year, context.zones.of(host)));
    header.host = host;
    (header.app, header.pid, header.message) = tag(rest);
    match header.app {
        None => behind_address(rest, header),
        Some(app) => {
            if cisco::may_be_numbered(app, header)
                && let Some(device) = cisco::behind_host(header, context)
            {
                *header = device;
            }
        }
    }
    true
}

/// The host, unless the next word is a tag already (`app:`, `app[1]:`, `app [1]:`)
/// or no name of anything.
fn host(text: &[u8]) -> (Option<&[u8]>, &[u8]) {
    let none = (None, text);
    let end = text.iter().position(|byte| *byte == b' ' || is_no_name(*byte));
    let Some((word, [b' ', rest @ ..])) = end.and_then(|end| text.split_at_checked(end)) else {
        return none;
    };
    let rest = rest.trim_ascii_start();
    match word {
        // `fw01: %ASA-6-302013: Built ...`
        [name @ .., b':'] if rest.starts_with(b"%") && !name.is_empty() => {
            return (Some(name), rest);
        }
        [.., b':'] if !is_ipv6(word) => return none,
        [
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b':' | b'-' | b'/' | b'#' | 128..,
            ..,
        ] if !is_process_id(rest) => {}
        _ => return none,
    }
    // `fw01 : %ASA-6-302013: Built ...`
    let rest = rest.strip_prefix(b": ").unwrap_or(rest);
    (Some(word), rest)
}

/// Bytes that neither hosts nor tags have.
fn is_no_name(byte: u8) -> bool {
    BYTES.get(usize::from(byte)).is_some_and(|class| *class == NO_NAME)
}

/// Bytes behind which a tag has ended.
fn ends_tag(byte: u8) -> bool {
    BYTES.get(usize::from(byte)).is_some_and(|class| *class != OF_NAMES)
}

const OF_NAMES: u8 = 0;
const BETWEEN: u8 = 1;
const NO_NAME: u8 = 2;

/// What a byte is in a header, so that it takes one look.
const BYTES: [u8; 256] = {
    let mut table = [OF_NAMES; 256];
    let mut byte: u8 = 0;
    while byte < 128 {
        #[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
        let slot = &mut table[byte as usize];
        *slot = match byte {
            b' ' | b':' => BETWEEN,
            b'{' | b'}' | b'"' | b'<' | b'>' | b'=' | b',' | b';' | b'[' | b'|' => NO_NAME,
            _ if byte.is_ascii_control() => NO_NAME,
            _ => OF_NAMES,
        };
        byte += 1;
    }
    table
};

fn is_ipv6(word: &[u8]) -> bool {
    word.iter().all(|byte| byte.is_ascii_hexdigit() || *byte == b':')
        && memmem::find(word, b"::").is_some()
}

/// `[123]:`
fn is_process_id(text: &[u8]) -> bool {
    let Some(inside) = text.strip_prefix(b"[") else { return false };
    split_once(inside, b']').is_some_and(|(pid, rest)| is_number(pid) && rest.starts_with(b":"))
}

fn is_number(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(u8::is_ascii_digit)
}

/// The address that some put behind the host, when a tag follows it.
fn behind_address<'c>(text: &'c [u8], header: &mut Header<'c>) {
    if header.host.is_none() || !text.first().is_some_and(u8::is_ascii_hexdigit) {
        return;
    }
    let behind = split_once(text, b' ').filter(|(word, _)| is_address(word));
    if let Some((address, rest)) = behind
        && let (app @ Some(_), pid, message) = tag(rest)
    {
        header.address = Some(address);
        (header.app, header.pid, header.message) = (app, pid, message);
    }
}

fn is_address(word: &[u8]) -> bool {
    let dots = memchr::memchr_iter(b'.', word).count();
    let is_ipv4 = dots == 3 && word.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
    is_ipv4 || is_ipv6(word)
}

/// Application, process id, message.
type Tag<'a> = (Option<&'a [u8]>, Option<&'a [u8]>, &'a [u8]);

/// Application, process id and message. A word is a tag only when a colon or a
/// process id ends it; else it is the message's first.
pub(super) fn tag(text: &[u8]) -> Tag<'_> {
    let none = (None, None, text);
    let window = text.get(..text.len().min(TAG_BYTES_MAX)).unwrap_or_default();
    let end = window.iter().position(|byte| ends_tag(*byte));
    let Some((name, rest)) = end.and_then(|end| text.split_at_checked(end)) else { return none };
    if name.is_empty() {
        return none;
    }
    match rest.first() {
        Some(b':') if rest.get(1) == Some(&b':') => none,
        Some(b':') if is_payload(name, rest) => none,
        // `audit(1131538222.234:0): ...`
        Some(b':') if name.contains(&b'(') && !name.contains(&b')') => none,
        Some(b':') => (Some(name), None, after_colon(rest)),
        Some(b'[') => with_process_id(name, rest).unwrap_or(none),
        Some(b' ') => spaced(text, name, rest).unwrap_or(none),
        _ => none,
    }
}

fn after_colon(rest: &[u8]) -> &[u8] {
    let message = rest.get(1..).unwrap_or_default();
    message.strip_prefix(b" ").unwrap_or(message)
}

/// `CEF:0|...` is a message, not a tag.
fn is_payload(name: &[u8], rest: &[u8]) -> bool {
    matches!(name, b"CEF" | b"LEEF" | b"@cee")
        && after_colon(rest).first().is_some_and(|byte| byte.is_ascii_digit() || *byte == b'{')
}

/// Process ids are numbers; words in their place are as short.
const PID_BYTES_MAX: usize = 64;

/// `app[1]: message`, also without the colon when the id is a number.
fn with_process_id<'a>(name: &'a [u8], rest: &'a [u8]) -> Option<Tag<'a>> {
    let inside = rest.strip_prefix(b"[")?;
    let end = inside.iter().take(PID_BYTES_MAX).position(|byte| matches!(byte, b']' | b' '))?;
    let (pid, rest) = inside.split_at_checked(end)?;
    let pid_part = (!pid.is_empty()).then_some(pid);
    match rest {
        [b']', b':', ..] => Some((Some(name), pid_part, after_colon(rest.get(1..)?))),
        [b']', b' ', message @ ..] if is_number(pid) => Some((Some(name), pid_part, message)),
        _ => None,
    }
}

/// Tags with blanks: `sogod [123]: ...`, and two names with a colon, as in
/// `ESET Server: ...` and `syslogd 1.4.1: ...`.
fn spaced<'a>(text: &'a [u8], name: &'a [u8], rest: &'a [u8]) -> Option<Tag<'a>> {
    let second = rest.get(1..)?;
    if is_process_id(second) {
        return with_process_id(name, second);
    }
    let is_name = |word: &[u8]| {
        word.first().is_some_and(u8::is_ascii_uppercase)
            && word.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
    };
    let window = second.get(..second.len().min(TAG_BYTES_MAX / 2))?;
    let end = window.iter().position(|byte| matches!(byte, b' ' | b':' | b'['))?;
    let (word, behind) = second.split_at_checked(end)?;
    let is_version = word.contains(&b'.') && word.iter().all(|b| b.is_ascii_digit() || *b == b'.');
    let are_names = is_name(name) && is_name(word);
    if !is_version && !are_names {
        return None;
    }
    let name = text.get(..name.len() + 1 + word.len())?;
    match behind.get(..2)? {
        b": " => Some((Some(name), None, after_colon(behind))),
        [b'[', _] => with_process_id(name, behind),
        _ => None,
    }
}

/// Alert category, epoch, date and node before the line: what supercomputers'
/// collectors write (`- 1131566461 2005.11.09 dn228 Nov 9 12:01:01 dn228/dn228 ...`).
fn on_a_cluster<'c>(text: &'c [u8], context: &Context<'c, '_>) -> Option<Header<'c>> {
    let (epoch, line) = cluster_parts(text)?;
    let written = stamp_at_start(epoch, &context.year)?;
    let header = stamped(line, context, &mut Last::default())?;
    Some(Header { time: Some((written.stamp.as_utc(), TimeQuality::Exact)), ..header })
}

/// The epoch and the line behind the node's name.
pub(crate) fn cluster_parts(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (_, rest) = split_once(text, b' ')?;
    let (epoch, rest) = split_once(rest, b' ').filter(|(epoch, _)| epoch.len() == 10)?;
    let (date, rest) = split_once(rest, b' ').filter(|(date, _)| date.len() == 10)?;
    let is_date = date.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
    let (_, line) = split_once(rest, b' ').filter(|_| is_date)?;
    Some((epoch, line))
}

/// A line without a syslog daemon's stamp. RFC 3164, 4.3.3: all of it is the message;
/// a tag with a process id, though, is one without doubt.
fn unstamped<'c>(text: &'c [u8], priority: bool, context: &Context<'c, '_>) -> Header<'c> {
    let found = dated(text, &context.year);
    let time =
        found.map(|dated| dated.stamp.in_zone_and_year(dated.has_year, context.zones.of(None)));
    let whole = Header { time, message: text, ..Header::default() };
    match tag(text) {
        (Some(app), Some(pid), message) if priority && is_number(pid) => {
            Header { app: Some(app), pid: Some(pid), message, ..whole }
        }
        _ => whole,
    }
}
