//! The event: one vocabulary for whatever coat a record came in.
//!
//! An event is a view. Its values borrow the chunk and stay in the spelling of
//! their coat until somebody reads them; only a value that needs unescaping is
//! written, into the chunk's arena.

mod kind;
mod nested;
mod value;

pub use kind::Kind;
pub(crate) use nested::Certificate;
pub(crate) use nested::is_decoded;
pub use value::{Escape, Value};

use bumpalo::Bump;

use crate::bytes::digits;
use crate::time::TimeQuality;

/// A named value.
#[derive(Debug, Clone, Copy)]
pub struct Field<'c> {
    /// The vendor's own name.
    pub name: &'c [u8],
    /// The value, in its coat.
    pub value: Value<'c>,
}

/// One event. The decoder of a stream fills the same one again and again, so
/// there is no allocation per event.
#[derive(Debug, Default)]
pub struct Event<'c> {
    /// What it is.
    pub kind: Kind,
    /// Nanoseconds since the Unix epoch, UTC; meaningless when the quality is `None`.
    pub time: i64,
    /// How far the time can be trusted.
    pub time_quality: TimeQuality,
    /// Whose record it is, as the record writes it.
    pub host: Option<Value<'c>>,
    /// Who wrote it.
    pub provider: Option<Value<'c>>,
    /// Where it was written.
    pub channel: Option<Value<'c>>,
    /// Windows' number of the event; 0 for none.
    pub event_id: u32,
    /// The event's own data, in source order.
    pub fields: Vec<Field<'c>>,
    /// What the envelope says beside (record id, level, ...). A name among
    /// `fields` hides the same name here.
    pub envelope: Vec<Field<'c>>,
    /// The frame.
    pub raw: &'c [u8],
    /// True when no name repeats among `fields`, as in tabular logs: then a place
    /// found once can be tried first the next time.
    pub names_are_unique: bool,
}

impl<'c> Event<'c> {
    /// Forgets the record before, keeps the room.
    pub fn reset(&mut self, kind: Kind, raw: &'c [u8]) {
        let (mut fields, mut envelope) =
            (std::mem::take(&mut self.fields), std::mem::take(&mut self.envelope));
        fields.clear();
        envelope.clear();
        *self = Self { kind, fields, envelope, raw, ..Self::default() };
    }

    /// Adds a field.
    pub fn push(&mut self, name: &'c [u8], value: Value<'c>) {
        self.fields.push(Field { name, value });
    }

    /// Sets the time.
    pub fn set_time(&mut self, (time, quality): (i64, TimeQuality)) {
        (self.time, self.time_quality) = (time, quality);
    }

    /// The first field `name`.
    pub fn field(&self, name: &[u8]) -> Option<Value<'c>> {
        self.values(name).next()
    }

    /// All values of `name`: of the event's own fields, or, when none of them has
    /// the name, of the envelope.
    pub fn values<'a>(&'a self, name: &'a [u8]) -> impl Iterator<Item = Value<'c>> + 'a {
        let own = self.fields.iter().filter(move |field| field.name == name);
        let mut own = own.peekable();
        let envelope = if own.peek().is_none() { self.envelope.as_slice() } else { &[] };
        own.chain(envelope.iter().filter(move |field| field.name == name)).map(|field| field.value)
    }

    /// The first value of `name` that satisfies `test`. A name with a slash that is
    /// no field's may be that of a nested field.
    fn find_text(
        &self,
        name: &[u8],
        arena: &'c Bump,
        test: &mut dyn FnMut(&'c [u8]) -> bool,
    ) -> Option<&'c [u8]> {
        let mut values = self.values(name).map(|value| value.text(arena)).peekable();
        if values.peek().is_some() {
            return values.find(|text| test(text));
        }
        let mut found = None;
        nested::each(self, name, arena, &mut |text| {
            found = test(text).then_some(text);
            found.is_some()
        });
        found
    }
}

/// What a condition or a column looks at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Selector {
    /// `@host`
    Host,
    /// `@provider`
    Provider,
    /// `@channel`
    Channel,
    /// `@event_id`
    EventId,
    /// `@kind`
    Kind,
    /// `@raw`
    Raw,
    /// A field: its n-th value (from 0).
    Nth(Box<[u8]>, usize),
    /// A field: all values, joined by U+001F.
    All(Box<[u8]>),
}

impl Selector {
    /// Reads `@host`, `Name`, `Name#2` or `Name[*]`. `None` for an unknown member.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "@host" => Self::Host,
            "@provider" => Self::Provider,
            "@channel" => Self::Channel,
            "@event_id" => Self::EventId,
            "@kind" => Self::Kind,
            "@raw" => Self::Raw,
            _ if text.starts_with('@') => return None,
            _ => match (text.strip_suffix("[*]"), text.rsplit_once('#')) {
                (Some(name), _) => Self::All(name.as_bytes().into()),
                (None, Some((name, nth))) if digits(nth.as_bytes()).is_some_and(|n| n > 0) => {
                    let nth = digits(nth.as_bytes()).unwrap_or(1) as usize - 1;
                    Self::Nth(name.as_bytes().into(), nth)
                }
                _ => Self::Nth(text.as_bytes().into(), 0),
            },
        })
    }

    /// The value to project: the member, the n-th value, or all values joined.
    pub fn project<'c>(&self, event: &Event<'c>, arena: &'c Bump) -> Option<&'c [u8]> {
        match self {
            Self::Host => event.host.map(|value| value.text(arena)),
            Self::Provider => event.provider.map(|value| value.text(arena)),
            Self::Channel => event.channel.map(|value| value.text(arena)),
            Self::EventId => decimal(event.event_id, arena),
            Self::Kind => Some(event.kind.name().as_bytes()),
            Self::Raw => Some(event.raw),
            Self::Nth(name, nth) => {
                let mut place = *nth;
                event.find_text(name, arena, &mut |_| {
                    let is_it = place == 0;
                    place = place.saturating_sub(1);
                    is_it
                })
            }
            Self::All(name) => {
                let mut joined: Option<bumpalo::collections::Vec<'c, u8>> = None;
                event.find_text(name, arena, &mut |text| {
                    if let Some(joined) = &mut joined {
                        joined.push(b'\x1f');
                    }
                    let empty = || bumpalo::collections::Vec::new_in(arena);
                    joined.get_or_insert_with(empty).extend_from_slice(text);
                    false
                });
                joined.map(bumpalo::collections::Vec::into_bump_slice)
            }
        }
    }

    /// True when any of the selected values satisfies `test`. A condition on a
    /// repeated field looks at all of its values.
    pub fn any<'c>(
        &self,
        event: &Event<'c>,
        arena: &'c Bump,
        mut test: impl FnMut(&'c [u8]) -> bool,
    ) -> bool {
        match self {
            Self::Nth(name, 0) => event.find_text(name, arena, &mut test).is_some(),
            _ => self.project(event, arena).is_some_and(test),
        }
    }

    /// True when there is a value, be it empty.
    pub fn is_present<'c>(&self, event: &Event<'c>, arena: &'c Bump) -> bool {
        match self {
            Self::Host => event.host.is_some(),
            Self::Provider => event.provider.is_some(),
            Self::Channel => event.channel.is_some(),
            Self::EventId => event.event_id != 0,
            Self::Kind | Self::Raw => true,
            Self::Nth(..) => self.project(event, arena).is_some(),
            Self::All(name) => event.find_text(name, arena, &mut |_| true).is_some(),
        }
    }
}

/// The decimal digits of an event id; none for 0.
fn decimal(number: u32, arena: &Bump) -> Option<&[u8]> {
    if number == 0 {
        return None;
    }
    let mut digits = [0; 10];
    let mut start = digits.len();
    let mut rest = number;
    while rest > 0 {
        start -= 1;
        if let Some(digit) = digits.get_mut(start) {
            *digit = b'0' + (rest % 10) as u8;
        }
        rest /= 10;
    }
    Some(arena.alloc_slice_copy(digits.get(start..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> Event<'static> {
        let mut event = Event { event_id: 4740, ..Event::default() };
        for (name, value) in [("Data", "a"), ("Version", "9.01"), ("Data", "b&amp;c")] {
            event.push(name.as_bytes(), Value::new(value.as_bytes(), Escape::Xml));
        }
        for (name, value) in [("Version", "3"), ("Level", "4")] {
            let value = Value::plain(value.as_bytes());
            event.envelope.push(Field { name: name.as_bytes(), value });
        }
        event
    }

    /// Scenario: every form of selector on an event with repeated fields.
    /// Guarantees: the contract's addressing; own data hides the envelope's.
    #[test]
    fn selectors_address_values() {
        let (event, arena) = (event(), Bump::new());
        let project = |text: &str| {
            Selector::parse(text)
                .unwrap()
                .project(&event, &arena)
                .map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
        };
        for (selector, value) in [
            ("@event_id", Some("4740")),
            ("Data", Some("a")),
            ("Data#2", Some("b&c")),
            ("Data#3", None),
            ("Data[*]", Some("a\u{1f}b&c")),
            ("Version", Some("9.01")),
            ("Level", Some("4")),
            ("C#", None),
            ("@host", None),
        ] {
            assert_eq!(project(selector).as_deref(), value, "{selector}");
        }
        assert!(Selector::parse("@when").is_none());
        let data = Selector::parse("Data").unwrap();
        assert!(data.any(&event, &arena, |value| value == b"b&c"));
    }
}
