//! Agents that write an event as one line: Snare, OSSEC, rsyslog's Windows agent, and
//! whoever sends the rendered message behind a syslog header.

use bumpalo::Bump;
use memchr::memmem;

use super::{decode_message, provider_name, push_message, trim};
use crate::bytes::{digits, split_once};
use crate::decode::Context;
use crate::event::{Event, Field, Kind, Value};
use crate::time::asctime;

/// What Snare's lines have behind the host.
const SNARE: &[u8] = b"MSWinEventLog";

/// How far from the beginning an agent's mark may stand: behind a host's name.
const MARK_WINDOW_BYTES: usize = 256;

/// What an agent put around an event.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sender<'c> {
    pub(crate) app: Option<&'c [u8]>,
}

/// True for a line that an agent wrote without a syslog header around it.
pub(crate) fn is_agent_line(line: &[u8]) -> bool {
    snare(line).is_some() || is_ossec(line)
}

fn is_ossec(line: &[u8]) -> bool {
    let window = line.get(..line.len().min(MARK_WINDOW_BYTES)).unwrap_or_default();
    let mark = memmem::find(window, b"WinEvtLog: ").map(|at| at + b"WinEvtLog: ".len());
    mark.and_then(|at| line.get(at..)).and_then(ossec_parts).is_some()
}

/// Decodes the message behind a syslog header, or a whole line without one; false when
/// it is no Windows event.
pub(crate) fn decode_line<'c>(
    message: &'c [u8],
    sender: Sender<'c>,
    context: &Context<'c, '_>,
    event: &mut Event<'c>,
) -> bool {
    if !may_be_event(message, sender) {
        return false;
    }
    event.reset(Kind::WindowsEvent, message);
    if let Some((host, cells)) = snare(message) {
        decode_snare(cells, context, event);
        event.host = event.host.or(host.map(Value::plain));
        return event.event_id != 0;
    }
    if sender.app == Some(b"WinEvtLog".as_slice()) {
        return decode_ossec(message, context.arena, event);
    }
    if let Some(at) = ossec_mark(message) {
        return decode_ossec(message.get(at..).unwrap_or_default(), context.arena, event);
    }
    if sender.app == Some(b"EvntSLog".as_slice()) && decode_adiscon(message, context, event) {
        return true;
    }
    if !decode_message(message, context.arena, event) {
        return false;
    }
    // The tag may name the source, which says more than the text does.
    if let Some(app) = sender.app.filter(|app| is_provider(app)) {
        event.provider = Some(Value::plain(app));
    }
    true
}

/// True when one of the ways to read an event may succeed: nearly every syslog message
/// is none, and is to cost nothing more.
fn may_be_event(message: &[u8], sender: Sender<'_>) -> bool {
    matches!(sender.app, Some(b"WinEvtLog" | b"EvntSLog"))
        || super::identify(message).is_some()
        || message.starts_with(SNARE)
        // Behind a tag, no host comes any more.
        || (sender.app.is_none() && snare(message).is_some())
        || ossec_mark(message).is_some()
}

fn is_provider(app: &[u8]) -> bool {
    app.starts_with(b"Microsoft-Windows-") || app.starts_with(b"MSExchange")
}

// --- Snare ---

/// The host before the mark, if any, and what follows the mark: a separator, then the
/// criticality, a digit.
fn snare(line: &[u8]) -> Option<(Option<&[u8]>, &[u8])> {
    let (host, rest) = if let Some(rest) = line.strip_prefix(SNARE) {
        (None, rest)
    } else {
        // Only a host stands before.
        let window = line.get(..line.len().min(MARK_WINDOW_BYTES))?;
        let end = window.iter().position(|byte| matches!(byte, b' ' | b'\t' | b'#'))?;
        let (host, rest) = line.split_at_checked(end).filter(|(host, _)| !host.is_empty())?;
        let rest = rest.strip_prefix(b"#011").unwrap_or(rest).trim_ascii_start();
        (Some(host), rest.strip_prefix(SNARE)?)
    };
    let rest = rest.strip_prefix(b":").unwrap_or(rest);
    let cells = separators().find_map(|separator| rest.strip_prefix(separator))?;
    cells.first().is_some_and(u8::is_ascii_digit).then_some((host, rest))
}

/// Tabs, tabs that a syslog daemon wrote as octal digits, and blanks that a relay made.
fn separators() -> impl Iterator<Item = &'static [u8]> {
    [b"\t".as_slice(), b"#011", b" "].into_iter()
}

/// The cells of a line; the message is the rest.
struct Cells<'c> {
    rest: &'c [u8],
    separator: &'static [u8],
}

impl<'c> Cells<'c> {
    fn next(&mut self) -> &'c [u8] {
        let end = memmem::find(self.rest, self.separator).unwrap_or(self.rest.len());
        let cell = self.rest.get(..end).unwrap_or_default();
        self.rest = self.rest.get(end + self.separator.len()..).unwrap_or_default();
        cell
    }
}

/// Criticality, channel, counter, time, id, source, user, kind of SID, type, computer,
/// category, data, message, and a counter or checksum ("Snare for Windows", appendix).
fn decode_snare<'c>(rest: &'c [u8], context: &Context<'c, '_>, event: &mut Event<'c>) {
    let Some(separator) = separators().find(|separator| rest.starts_with(separator)) else {
        return;
    };
    let mut cells = Cells { rest: rest.get(separator.len()..).unwrap_or_default(), separator };
    envelope(event, b"Criticality", cells.next());
    event.channel = Some(Value::plain(cells.next()));
    envelope(event, b"SnareCounter", cells.next());
    let stamp = if separator == b" " {
        let stamp = asctime(cells.rest, &context.year);
        cells.rest = stamp.map_or(cells.rest, |(_, _, rest)| rest.trim_ascii_start());
        stamp
    } else {
        asctime(cells.next(), &context.year)
    };
    event.event_id = digits(trim(cells.next())).map_or(0, |id| id & 0xFFFF);
    event.provider = Some(Value::plain(provider_name(cells.next())));
    if separator == b" " {
        push_message(message_in(cells.rest), context.arena, event);
    } else {
        envelope(event, b"User", cells.next());
        cells.next();
        envelope(event, b"EventType", cells.next());
        event.host = Some(cells.next()).filter(|host| !host.is_empty()).map(Value::plain);
        envelope(event, b"Category", cells.next());
        let message = snare_message(&mut cells);
        push_message(message, context.arena, event);
    }
    if let Some((stamp, has_year, _)) = stamp {
        let host = event.host.map(|host| host.spelled());
        event.set_time(stamp.in_zone_and_year(has_year, context.zones.of(host)));
    }
}

/// The cell for data is empty, then comes the message; some writers leave the empty one
/// out. A last cell of digits is a counter or a checksum.
fn snare_message<'c>(cells: &mut Cells<'c>) -> &'c [u8] {
    let data = trim(cells.next());
    let rest = cells.rest;
    let last = memmem::rfind(rest, cells.separator);
    let tail = last.and_then(|at| rest.get(at + cells.separator.len()..)).map(trim);
    let is_counter = |cell: &[u8]| cell.iter().all(u8::is_ascii_hexdigit);
    let message = match (last, tail) {
        (Some(at), Some(tail)) if is_counter(tail) => rest.get(..at).unwrap_or_default(),
        _ => rest,
    };
    let message = trim(message);
    if message.is_empty() || (!data.is_empty() && is_counter(message)) { data } else { message }
}

/// Where a known message begins among words.
fn message_in(text: &[u8]) -> &[u8] {
    let starts = memchr::memchr_iter(b' ', text).map(|at| at + 1);
    let found = starts.take(64).find(|at| text.get(*at..).and_then(super::identify).is_some());
    found.and_then(|at| text.get(at..)).unwrap_or(text)
}

fn envelope<'c>(event: &mut Event<'c>, name: &'static [u8], value: &'c [u8]) {
    if !value.is_empty() {
        event.envelope.push(Field { name, value: Value::plain(value) });
    }
}

// --- OSSEC ---

/// Behind `WinEvtLog: `, when the message begins with another header.
fn ossec_mark(message: &[u8]) -> Option<usize> {
    const MARK: &[u8] = b"WinEvtLog: ";
    // A stamp, a host, or OSSEC's own location stands before.
    if !matches!(message.first(), Some(b'0'..=b'9' | b'(' | b'W')) {
        return None;
    }
    Some(find_mark(message, MARK)? + MARK.len())
}

/// Where a mark stands near the beginning of a line. Marks begin with a letter that is
/// rare: to look for it costs less than to prepare a search, line by line.
fn find_mark(line: &[u8], mark: &[u8]) -> Option<usize> {
    let window = line.get(..line.len().min(MARK_WINDOW_BYTES))?;
    memchr::memchr_iter(*mark.first()?, window)
        .find(|at| window.get(*at..).is_some_and(|rest| rest.starts_with(mark)))
}

/// Channel, type, id, and the rest of a line.
type OssecParts<'c> = (&'c [u8], &'c [u8], u32, &'c [u8]);

/// Reads `Security: AUDIT_FAILURE(4625): ...`.
pub(crate) fn ossec_parts(text: &[u8]) -> Option<OssecParts<'_>> {
    let (channel, rest) = split_once(text, b':')?;
    let (kind, rest) = split_once(rest, b'(')?;
    let (id, rest) = split_once(rest, b')')?;
    let id = digits(id).filter(|_| kind.len() <= 32 && channel.len() <= 128)?;
    Some((channel, kind.trim_ascii(), id, rest.strip_prefix(b":")?))
}

/// `Security: AUDIT_FAILURE(4625): source: user: domain: computer: message`
fn decode_ossec<'c>(text: &'c [u8], arena: &'c Bump, event: &mut Event<'c>) -> bool {
    let Some((channel, kind, id, rest)) = ossec_parts(text) else { return false };
    let mut rest = rest;
    let mut next = || {
        let end = memmem::find(rest, b": ");
        let (part, after) = end.map_or((rest, b"".as_slice()), |end| {
            (rest.get(..end).unwrap_or_default(), rest.get(end + 2..).unwrap_or_default())
        });
        rest = after;
        part.trim_ascii()
    };
    let (source, user, _, computer) = (next(), next(), next(), next());
    event.event_id = id & 0xFFFF;
    event.channel = Some(Value::plain(channel));
    event.provider = Some(Value::plain(provider_name(source)));
    event.host = Some(computer).filter(|host| !host.is_empty()).map(Value::plain);
    envelope(event, b"EventType", kind);
    envelope(event, b"User", user);
    push_message(trim(rest), arena, event);
    true
}

// --- rsyslog's Windows agent ---

/// `[AUF] Fri Nov 20 09:14:03 2026: DC01/Security (4740) - "A user account ..."`
fn decode_adiscon<'c>(message: &'c [u8], context: &Context<'c, '_>, event: &mut Event<'c>) -> bool {
    let Some((severity, rest)) =
        message.strip_prefix(b"[").and_then(|inside| split_once(inside, b']'))
    else {
        return false;
    };
    if !matches!(severity, b"INF" | b"AUS" | b"AUF" | b"WRN" | b"ERR" | b"NON") {
        return false;
    }
    let rest = rest.trim_ascii_start();
    let stamp = asctime(rest, &context.year);
    let rest = stamp.map_or(rest, |(_, _, rest)| rest);
    let rest = rest.strip_prefix(b":").unwrap_or(rest).trim_ascii_start();
    let id = split_once(rest, b'(').and_then(|(before, inside)| {
        let (id, after) = split_once(inside, b')')?;
        Some((before, digits(id)?, after))
    });
    let Some((before, id, after)) = id else {
        return decode_message(rest, context.arena, event);
    };
    let (host, channel) =
        split_once(before.trim_ascii(), b'/').unwrap_or((b"", before.trim_ascii()));
    let text = after.trim_ascii_start().strip_prefix(b"-").unwrap_or(after).trim_ascii();
    let text = text
        .strip_prefix(b"\"")
        .map_or(text, |inside| inside.strip_suffix(b"\"").unwrap_or(inside));
    event.event_id = id & 0xFFFF;
    event.channel = Some(Value::plain(channel));
    event.host = Some(host).filter(|host| !host.is_empty()).map(Value::plain);
    event.provider = super::identify(text).map(|identity| Value::plain(identity.provider));
    envelope(event, b"EventType", severity);
    push_message(trim(text), context.arena, event);
    if let Some((stamp, has_year, _)) = stamp {
        let host = event.host.map(|host| host.spelled());
        event.set_time(stamp.in_zone_and_year(has_year, context.zones.of(host)));
    }
    true
}
