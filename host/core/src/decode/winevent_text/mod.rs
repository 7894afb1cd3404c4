//! Windows events as text: blocks as the Event Viewer and Splunk write them, the
//! lines of agents, and the rendered message alone.

pub(crate) mod block;
mod layout;
mod lines;
mod message;
mod sentences;
mod templates;

pub(crate) use message::identify;
pub(crate) use templates::{sources, titles};

use bumpalo::Bump;

use super::{Context, Damage};
use crate::event::{Event, Kind, Value};
use crate::normalize::windows;

pub(crate) use lines::{Sender, decode_line, is_agent_line, ossec_parts};

/// Decodes one block or one bare message.
pub(super) fn decode<'c>(
    frame: &'c [u8],
    context: &Context<'c, '_>,
    event: &mut Event<'c>,
) -> Result<(), Damage> {
    event.reset(Kind::WindowsEvent, frame);
    if block::decode(frame, context, event)? {
        return Ok(());
    }
    if decode_message(frame, context.arena, event) {
        return Ok(());
    }
    Err(Damage { reason: "the text is no Windows event", at: 0 })
}

/// A rendered message with nothing around it. Only a title that is known tells it from
/// any other text.
pub(super) fn decode_message<'c>(text: &'c [u8], arena: &'c Bump, event: &mut Event<'c>) -> bool {
    let Some(identity) = identify(text) else { return false };
    event.event_id = identity.event_id;
    event.provider = Some(Value::plain(identity.provider));
    event.channel = Some(Value::plain(channel_of(identity.provider)));
    push_message(trim(text), arena, event);
    true
}

/// The message as a field, and its values when the event has none of its own.
pub(super) fn push_message<'c>(text: &'c [u8], arena: &'c Bump, event: &mut Event<'c>) {
    event.envelope.push(crate::event::Field { name: b"Message", value: Value::plain(text) });
    if event.fields.is_empty() {
        fields_from_message(event, arena);
    }
}

/// Fills the data of an event that only has its message.
pub(super) fn fields_from_message<'c>(event: &mut Event<'c>, arena: &'c Bump) {
    let Some(message) = event.field(b"Message") else { return };
    let text = message.text(arena);
    if let Some(strings) = block::insertion_strings(text) {
        for value in strings {
            event.push(b"Data", Value::plain(value));
        }
        windows::name_classic_fields(event, arena);
        return;
    }
    message::push_fields(text, arena, event);
}

/// Where a provider writes.
fn channel_of(provider: &[u8]) -> &'static [u8] {
    match provider {
        b"Schannel" => b"System",
        b"MSExchangeTransport" => b"Application",
        _ => b"Security",
    }
}

/// The provider's name as Event XML has it, for display names that tools show instead.
pub(super) fn provider_name(shown: &[u8]) -> &[u8] {
    let known = templates::SHOWN.iter().find(|(text, _)| text.as_bytes() == shown);
    known.map_or(shown, |(_, provider)| provider.as_bytes())
}

/// Without the blanks around it, also those that syslog daemons write as `#011`.
pub(super) fn trim(text: &[u8]) -> &[u8] {
    const ESCAPED: [&[u8]; 3] = [b"#011", b"#012", b"#015"];
    let mut text = text.trim_ascii();
    // Nearly no text has one, and all texts are asked.
    let ends_escaped = text.last_chunk::<4>().is_some_and(|[mark, ..]| *mark == b'#');
    if !ends_escaped && text.first() != Some(&b'#') {
        return text;
    }
    loop {
        let before = text.len();
        for escaped in ESCAPED {
            text = text.strip_prefix(escaped).unwrap_or(text);
            text = text.strip_suffix(escaped).unwrap_or(text);
        }
        text = text.trim_ascii();
        if text.len() == before {
            return text;
        }
    }
}

#[cfg(test)]
mod tests;
