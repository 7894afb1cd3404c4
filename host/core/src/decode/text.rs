//! A line of text: the message, and the time that stands at its beginning if it
//! is one of the usual ones.

use super::{Context, Damage};
use crate::event::{Event, Kind, Value};
use crate::time::{iso8601, rfc3164};

/// Decodes one line. Anything is text.
pub(super) fn decode<'c>(
    frame: &'c [u8],
    context: &Context<'c, '_>,
    event: &mut Event<'c>,
) -> Result<(), Damage> {
    event.reset(Kind::Text, frame);
    event.push(b"message", Value::plain(frame));
    let stamp = frame.strip_prefix(b"[").unwrap_or(frame);
    let zone = context.zones.of(None);
    if let Some((stamp, _)) = iso8601(stamp) {
        event.set_time(stamp.in_zone(zone));
    } else if let Some((stamp, has_year, _)) = rfc3164(stamp, &context.year) {
        event.set_time(super::syslog::stamp_in_zone(stamp, has_year, zone));
    }
    Ok(())
}
