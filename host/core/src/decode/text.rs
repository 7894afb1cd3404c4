//! A line of text: the message, and the time that stands at its beginning if it
//! is one of the usual ones. A line of a syslog daemon's layout has its parts.

use super::{Context, syslog};
use crate::event::{Event, Kind, Value};
use crate::time::dated;

/// Decodes one line. Anything is text.
pub(super) fn decode<'c>(frame: &'c [u8], context: &Context<'c, '_>, event: &mut Event<'c>) {
    event.reset(Kind::Text, frame);
    if let Some(header) = syslog::stamped(frame, context, &mut syslog::Last::default())
        .filter(|header| header.app.is_some())
    {
        event.host = header.host.map(Value::plain);
        for (name, part) in [(b"app-name".as_slice(), header.app), (b"procid", header.pid)] {
            if let Some(part) = part {
                event.push(name, Value::plain(part));
            }
        }
        event.push(b"message", Value::plain(header.message));
        if let Some(time) = header.time {
            event.set_time(time);
        }
        return;
    }
    event.push(b"message", Value::plain(frame));
    if let Some(dated) = dated(frame, &context.year) {
        let zone = context.zones.of(None);
        event.set_time(dated.stamp.in_zone_and_year(dated.has_year, zone));
    }
}
