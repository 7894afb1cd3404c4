//! Windows events as JSON, in the dialect of whoever wrote it.
//!
//! An object is read once, from left to right, whatever the order of its members.
//! Objects that only one dialect has are read by that dialect's module at once.
//! Plain values at the top are kept aside until the end shows which dialect they
//! belong to, for some dialects put the event's data beside the envelope.

mod azure;
mod event_tree;
mod flat;
mod fluent_bit;
mod nxlog;
mod powershell;
mod reader;
mod vector;
mod wazuh;
mod winlogbeat;

use bumpalo::Bump;

use super::json::Cursor;
use super::{Context, Damage, winevent_text, winevent_xml};
use crate::bytes::number;
use crate::event::{Event, Field, Kind, Value};
use crate::limits::FIELDS_MAX;
use crate::normalize::windows;
use crate::time::{TimeQuality, YearReference, Zones, iso8601_spaced};
use reader::{Found, Mark, Reader};

pub(super) const LONG_NAME: &str = "nested names are longer than any name is";

/// Decodes one object. `Ok(false)` says that it is JSON, but no Windows event.
pub(super) fn decode<'c>(
    frame: &'c [u8],
    context: &Context<'c, '_>,
    event: &mut Event<'c>,
) -> Result<bool, Damage> {
    event.reset(Kind::WindowsEvent, frame);
    let mut reader = Reader::new(frame, context.arena);
    reader.record(event)?;
    let mut found = reader.found;
    let dialect = match found.mark {
        Some(Mark::Winlogbeat) => winlogbeat::place,
        Some(Mark::Wazuh) => wazuh::place,
        Some(Mark::Tree) => event_tree::place,
        None => match flat::dialect(&found) {
            Some(place) => place,
            None => return embedded(found, frame, context, event),
        },
    };
    flat::settle(&mut found, dialect, event);
    complete(found, context, event);
    Ok(true)
}

/// An event whose fields came by the names of NXLog, in another coat than JSON; false
/// when there is no event id among them.
pub(super) fn decode_nxlog<'c>(
    fields: impl Iterator<Item = Field<'c>>,
    context: &Context<'c, '_>,
    event: &mut Event<'c>,
) -> bool {
    event.reset(Kind::WindowsEvent, b"");
    let mut found = Reader::new(b"", context.arena).found;
    found.flat.extend(fields.take(FIELDS_MAX));
    flat::settle(&mut found, nxlog::place, event);
    let has_id = found.event_id.is_some();
    complete(found, context, event);
    has_id
}

/// Gives the event its id, its time, and names for its data.
fn complete<'c>(found: Found<'c>, context: &Context<'c, '_>, event: &mut Event<'c>) {
    let arena = context.arena;
    event.provider = event.provider.or(found.provider);
    event.host = event.host.or(found.host);
    event.event_id = found.event_id.or(found.code).map_or(0, |id| event_id(id, arena));
    if let Some(time) = found.time.and_then(|value| time(value, event, context)) {
        event.set_time(time);
    }
    if event.fields.is_empty() {
        event
            .fields
            .extend(found.inserts.iter().map(|value| Field { name: b"Data", value: *value }));
    }
    windows::name_classic_fields(event, arena);
    if event.fields.is_empty() {
        winevent_text::fields_from_message(event, arena);
    }
}

/// Severity and customer bits stand here in a full message id.
const SEVERITY_MASK: u64 = 0xF000_0000;

/// Ids are 16 bits wide; some writers put the qualifiers above them, and then the
/// severity is there.
fn event_id(id: Value<'_>, arena: &Bump) -> u32 {
    let Some(id) = number(id.text(arena)) else { return 0 };
    let id = if id & SEVERITY_MASK == 0 { id } else { id & 0xFFFF };
    u32::try_from(id).unwrap_or(0)
}

fn time<'c>(
    value: Value<'c>,
    event: &Event<'c>,
    context: &Context<'c, '_>,
) -> Option<(i64, TimeQuality)> {
    let text = value.text(context.arena).trim_ascii();
    if let Some(nanos) = powershell::date(text) {
        return Some((nanos, TimeQuality::Exact));
    }
    let (stamp, _) = iso8601_spaced(text)?;
    let host = event.host.map(|host| host.text(context.arena));
    Some(stamp.in_zone(context.zones.of(host)))
}

/// Event XML as the value of a member: OpenWEC's `RawJson`, Fluent Bit's
/// `render_event_as_xml`, Azure's diagnostics, `include_xml` of the Elastic agent.
fn embedded<'c>(
    found: Found<'c>,
    frame: &'c [u8],
    context: &Context<'c, '_>,
    event: &mut Event<'c>,
) -> Result<bool, Damage> {
    let is_xml = |value: &Value<'c>| {
        let text = value.text(context.arena).trim_ascii_start();
        text.starts_with(b"<Event").then_some(text)
    };
    let carriers: [&[u8]; 6] = [b"data", b"System", b"RawXml", b"event.original", b"xml", b"Event"];
    let mut values = found.flat.iter().filter(|field| carriers.contains(&field.name));
    let text = values.find_map(|field| is_xml(&field.value));
    let Some(text) = text.or_else(|| found.original.as_ref().and_then(is_xml)) else {
        return Ok(false);
    };
    winevent_xml::decode(text.trim_ascii_end(), context, event)
        .map_err(|damage| Damage { at: 0, ..damage })?;
    event.raw = frame;
    let message = found.flat.iter().find(|field| field.name == b"Message");
    if let Some(message) = message.filter(|_| event.field(b"Message").is_none()) {
        event.envelope.push(*message);
    }
    Ok(true)
}

/// True when the object that `text` begins with is a Windows event.
pub(super) fn is_windows(text: &[u8]) -> bool {
    let mut cursor = Cursor::new(text);
    if cursor.skip().is_err() {
        return false;
    }
    let object = text.get(..cursor.at()).unwrap_or_default();
    let (arena, zones) = (Bump::new(), Zones::all_in(jiff::tz::TimeZone::UTC));
    let context = Context { arena: &arena, zones: &zones, year: YearReference { nanos: 0 } };
    decode(object, &context, &mut Event::default()) == Ok(true)
}

#[cfg(test)]
mod tests;
