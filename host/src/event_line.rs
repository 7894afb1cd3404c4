//! An event as a line: the stable form of `parse`.

use std::fmt::Write as _;

use bumpalo::Bump;
use logwasp_core::event::{Event, Value};
use logwasp_core::time::{TimeQuality, to_rfc3339};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// What one event says, as text.
#[derive(Debug, serde::Serialize)]
pub struct EventLine {
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    event_id: u32,
    fields: Fields,
    source: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// Names in the order of their first value; a repeated name has several.
#[derive(Debug)]
struct Fields(Vec<(String, Vec<String>)>);

impl EventLine {
    /// The line of an event whose record stands at `source`@`position`.
    pub fn new<'c>(event: &Event<'c>, source: &str, position: u64, arena: &'c Bump) -> Self {
        let text = |value: Value<'c>| String::from_utf8_lossy(value.text(arena)).into_owned();
        // A time that nothing but the file's own suggests is none of the record's.
        let has_time = event.time_quality < TimeQuality::Receipt;
        Self {
            time: has_time.then(|| to_rfc3339(event.time)),
            host: event.host.map(text),
            kind: event.kind.name(),
            provider: event.provider.map(text),
            channel: event.channel.map(text),
            event_id: event.event_id,
            fields: Fields(fields(event, text)),
            source: format!("{source}@{position}"),
        }
    }

    /// One JSON object.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// A few lines for people.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let id = if self.event_id == 0 { String::new() } else { format!(" {}", self.event_id) };
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "{}  {}{id}  {}",
            self.time.as_deref().unwrap_or("(no time)"),
            self.kind,
            self.host.as_deref().unwrap_or("-"),
        );
        for part in [&self.provider, &self.channel].into_iter().flatten() {
            let _ = write!(text, "  {part}");
        }
        let _ = write!(text, "\n    {}", self.source);
        for (name, values) in &self.fields.0 {
            let shown = values.iter().map(|value| value.escape_debug().to_string());
            let _ = write!(text, "\n    {name}: {}", shown.collect::<Vec<_>>().join(" | "));
        }
        text
    }
}

/// The event's own fields, then what its envelope adds.
fn fields<'c>(event: &Event<'c>, text: impl Fn(Value<'c>) -> String) -> Vec<(String, Vec<String>)> {
    let mut fields: Vec<(String, Vec<String>)> = Vec::new();
    let mut push = |name: &[u8], value: Value<'c>| {
        let name = String::from_utf8_lossy(name);
        match fields.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push(text(value)),
            None => fields.push((name.into_owned(), vec![text(value)])),
        }
    };
    for field in &event.fields {
        push(field.name, field.value);
    }
    let is_own = |name: &[u8]| event.fields.iter().any(|field| field.name == name);
    for field in event.envelope.iter().filter(|field| !is_own(field.name)) {
        push(field.name, field.value);
    }
    fields
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, values) in &self.0 {
            match values.as_slice() {
                [value] => map.serialize_entry(name, value)?,
                values => map.serialize_entry(name, values)?,
            }
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use logwasp_core::event::{Escape, Field, Kind};

    /// Scenario: an event with repeated fields and an envelope that collides.
    /// Guarantees: the members of the contract; what is absent is left out.
    #[test]
    fn an_event_is_one_line() {
        let arena = Bump::new();
        let mut event = Event { kind: Kind::WindowsEvent, event_id: 4, ..Event::default() };
        event.set_time((1_795_166_043_118_345_200, TimeQuality::Exact));
        for (name, value) in [("Data", "a"), ("Version", "9.01"), ("Data", "b&lt;")] {
            event.push(name.as_bytes(), Value::new(value.as_bytes(), Escape::Xml));
        }
        for (name, value) in [("Version", "3"), ("Level", "4")] {
            let value = Value::plain(value.as_bytes());
            event.envelope.push(Field { name: name.as_bytes(), value });
        }
        let line = EventLine::new(&event, "x.evtx", 42, &arena);
        assert_eq!(
            line.to_json(),
            "{\"time\":\"2026-11-20T09:14:03.118345200Z\",\"kind\":\"windows-event\",\"event_id\":4,\
             \"fields\":{\"Data\":[\"a\",\"b<\"],\"Version\":\"9.01\",\"Level\":\"4\"},\"source\":\"x.evtx@42\"}"
        );
        event.set_time((0, TimeQuality::Receipt));
        assert!(EventLine::new(&event, "x", 0, &arena).to_json().starts_with("{\"kind\""));
    }
}
