//! Blocks of text: a header of labelled lines as copied from the Event Viewer
//! (2003's `Event Type:` and today's `Log Name:`), or Splunk's classic
//! `WinEventLog` (`LogName=`, `EventCode=`), then the message.

use memchr::memmem;

use super::{identify, provider_name, push_message, trim};
use crate::bytes::{digits, split_once};
use crate::decode::{Context, Damage, winevent_xml};
use crate::event::{Event, Field, Kind, Value};
use crate::frame::windows_block::{header_label, splunk_key};
use crate::time::{TimeQuality, asctime, iso8601_spaced, us_date};

/// Decodes a block; false when the text does not begin with a header.
pub(super) fn decode<'c>(
    frame: &'c [u8],
    context: &Context<'c, '_>,
    event: &mut Event<'c>,
) -> Result<bool, Damage> {
    // "Copy as text" appends the event's XML, which says it all.
    if let Some(xml) = xml_part(frame) {
        winevent_xml::decode(xml, context, event)?;
        event.raw = frame;
        return Ok(true);
    }
    let mut header = Header::default();
    let mut rest = frame;
    let mut message: &[u8] = b"";
    while !rest.is_empty() {
        let (line, after) = split_once(rest, b'\n').unwrap_or((rest, b""));
        let line = line.trim_ascii();
        if let Some((label, value)) = header_label(line) {
            header.lines += 1;
            if label == b"Description" {
                message = if value.is_empty() { after } else { from(value, frame) };
                break;
            }
            header.line(label, value, event);
        } else if let Some((key, value)) = splunk_key(line) {
            header.lines += 1;
            if key == b"Message" {
                message = from(value, frame);
                break;
            }
            Header::pair(key, value, event);
        } else if header.lines == 0 && header.date.is_empty() && us_date(line).is_some() {
            header.date = line;
        } else if !line.is_empty() {
            message = rest;
            break;
        }
        rest = after;
    }
    if header.lines == 0 {
        return Ok(false);
    }
    header.complete(trim(message), context, event);
    Ok(true)
}

/// From where `part` begins to the end of `whole`.
fn from<'c>(part: &'c [u8], whole: &'c [u8]) -> &'c [u8] {
    let start = part.as_ptr().addr().saturating_sub(whole.as_ptr().addr());
    whole.get(start..).unwrap_or(part)
}

fn xml_part(frame: &[u8]) -> Option<&[u8]> {
    let start = memmem::find(frame, b"<Event xmlns")?;
    let end = memmem::rfind(frame, b"</Event>")? + b"</Event>".len();
    frame.get(start..end)
}

/// What a header says besides what went into the event.
#[derive(Default)]
struct Header<'c> {
    lines: usize,
    date: &'c [u8],
    clock: &'c [u8],
}

impl<'c> Header<'c> {
    fn line(&mut self, label: &[u8], value: &'c [u8], event: &mut Event<'c>) {
        let name: &'static [u8] = match label {
            b"Log Name" => return event.channel = Some(Value::plain(value)),
            b"Source" | b"Event Source" => return set_provider(value, event),
            b"Event ID" => return event.event_id = id(value),
            b"Computer" => return event.host = Some(Value::plain(value)),
            b"Date" => return self.date = value,
            b"Time" => return self.clock = value,
            b"Level" => b"Level",
            b"Keywords" => b"Keywords",
            b"User" => b"User",
            b"Task Category" | b"Event Category" | b"Category" => b"Task",
            b"OpCode" => b"Opcode",
            _ => b"EventType",
        };
        event.envelope.push(Field { name, value: Value::plain(value) });
    }

    fn pair(key: &[u8], value: &'c [u8], event: &mut Event<'c>) {
        let name: &'static [u8] = match key {
            b"LogName" => return event.channel = Some(Value::plain(value)),
            b"SourceName" => return set_provider(value, event),
            b"EventCode" => return event.event_id = id(value),
            b"ComputerName" => return event.host = Some(Value::plain(value)),
            b"RecordNumber" => b"EventRecordID",
            b"Type" => b"Level",
            b"Keywords" => b"Keywords",
            b"TaskCategory" => b"Task",
            b"OpCode" => b"Opcode",
            b"User" => b"User",
            b"Sid" => b"UserID",
            _ => return,
        };
        event.envelope.push(Field { name, value: Value::plain(value) });
    }

    fn complete(self, message: &'c [u8], context: &Context<'c, '_>, event: &mut Event<'c>) {
        event.kind = Kind::WindowsEvent;
        if event.event_id == 0
            && let Some(identity) = identify(message)
        {
            event.event_id = identity.event_id;
            event.provider = event.provider.or(Some(Value::plain(identity.provider)));
        }
        if event.channel.is_none() {
            let provider = event.provider.map(|provider| provider.spelled()).unwrap_or_default();
            let is_audit = matches!(provider, b"Security" | b"Microsoft-Windows-Security-Auditing");
            event.channel = is_audit.then_some(Value::plain(b"Security"));
        }
        if let Some(time) = self.time(context, event) {
            event.set_time(time);
        }
        push_message(message, context.arena, event);
    }

    /// Local time of the machine on which somebody looked, in one of the shapes that
    /// do not depend on a language.
    fn time(&self, context: &Context<'c, '_>, event: &Event<'c>) -> Option<(i64, TimeQuality)> {
        let zone = context.zones.of(event.host.map(|host| host.spelled()));
        let joined: &[u8] = if self.clock.is_empty() {
            self.date
        } else {
            let parts = [self.date, b" ", self.clock];
            let mut joined = bumpalo::collections::Vec::new_in(context.arena);
            for part in parts {
                joined.extend_from_slice(part);
            }
            joined.into_bump_slice()
        };
        let stamp = us_date(joined).or_else(|| iso8601_spaced(joined)).map(|(stamp, _)| stamp);
        let stamp = stamp.or_else(|| {
            asctime(joined, &context.year).filter(|(_, has_year, _)| *has_year).map(|(s, ..)| s)
        });
        Some(stamp?.in_zone(zone))
    }
}

fn set_provider<'c>(value: &'c [u8], event: &mut Event<'c>) {
    event.provider = Some(Value::plain(provider_name(value)));
}

/// `529`, `(529)`, `1,102` are ids; qualifiers may stand above.
fn id(value: &[u8]) -> u32 {
    let length = value.iter().take_while(|byte| byte.is_ascii_digit()).count();
    digits(value.get(..length).unwrap_or_default()).map_or(0, |id| id & 0xFFFF)
}

/// The insertion strings of an event whose template was not at hand: the viewer then
/// says so and lists them, one a line or with commas between.
pub(super) fn insertion_strings(text: &[u8]) -> Option<impl Iterator<Item = &[u8]>> {
    const INTRODUCTIONS: [&[u8]; 2] =
        [b"information is part of the event: ", b"information was included with the event:"];
    if !text.trim_ascii_start().starts_with(b"The description for Event ID") {
        return None;
    }
    let found =
        INTRODUCTIONS.iter().find_map(|begin| Some(memmem::find(text, begin)? + begin.len()))?;
    let list = trim(text.get(found..)?);
    let is_lines = list.contains(&b'\n');
    let list = if is_lines { list } else { list.strip_suffix(b".").unwrap_or(list) };
    let separator = if is_lines { b'\n' } else { b',' };
    Some(
        list.split(move |byte| *byte == separator).map(trim).take_while(move |part| {
            !is_lines || !part.starts_with(b"The message resource is present")
        }),
    )
}
