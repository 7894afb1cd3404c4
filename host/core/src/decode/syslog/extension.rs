//! Messages that are lists of fields: CEF, LEEF, and JSON (also behind `@cee:`).
//! They stay syslog messages; their members become fields beside the header's.

use super::{cef, leef};
use crate::decode::{Context, ndjson};
use crate::event::{Event, Value};
use crate::time::{TimeQuality, stamp_at_start};

/// Adds the members of a message that is one of these; any other adds nothing.
pub(super) fn push<'c>(message: &'c [u8], context: &Context<'c, '_>, event: &mut Event<'c>) {
    let text = message.trim_ascii();
    match text.first() {
        Some(b'C') => cef::push(text, context, event),
        Some(b'L') => leef::push(text, context, event),
        Some(b'{') => json(text, context, event),
        Some(b'@') => {
            if let Some(object) = text.strip_prefix(b"@cee:") {
                json(object.trim_ascii_start(), context, event);
            }
        }
        _ => {}
    }
}

/// True for a line that begins with a CEF or LEEF header, without syslog's before
/// it.
pub(in crate::decode) fn is_bare(line: &[u8]) -> bool {
    cef::body(line).is_some() || leef::body(line).is_some()
}

/// The members of an object, nested ones as `outer/inner`. What is no JSON after
/// all is only a message.
fn json<'c>(text: &'c [u8], context: &Context<'c, '_>, event: &mut Event<'c>) {
    let (before, has_time) = (event.fields.len(), event.time_quality != TimeQuality::None);
    if ndjson::push_object(text, context.arena, event).is_err() {
        event.fields.truncate(before);
    } else if !has_time && let Some(time) = ndjson::time(event, context) {
        event.set_time(time);
    }
}

/// The payload's own time is the event's; what the header says is when a relay saw
/// it.
pub(super) fn set_time<'c>(value: Value<'c>, context: &Context<'c, '_>, event: &mut Event<'c>) {
    let Some(dated) = stamp_at_start(value.text(context.arena), &context.year) else { return };
    if dated.rest.trim_ascii().is_empty() {
        let host = event.host.map(|host| host.text(context.arena));
        let zone = context.zones.of(host);
        event.set_time(dated.stamp.in_zone_and_year(dated.has_year, zone));
    }
}
