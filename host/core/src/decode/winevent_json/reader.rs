//! The pass over an object, and what it found.

use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;

use super::LONG_NAME;
use crate::decode::json::{Cursor, Scalar, Shape};
use crate::decode::{Damage, nested_name};
use crate::event::{Event, Field, Value};
use crate::limits::FIELDS_MAX;

/// A dialect that an object at the top gave away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// `winlog`
    Winlogbeat,
    /// `win`
    Wazuh,
    /// `System` as an object: `OpenWEC`, `evtx_dump`
    Tree,
}

/// What is not in the event yet.
pub(super) struct Found<'c> {
    pub(super) mark: Option<Mark>,
    /// Plain members at the top, by their own names.
    pub(super) flat: ArenaVec<'c, Field<'c>>,
    /// The event's data without names, in the order of the event's template.
    pub(super) inserts: ArenaVec<'c, Value<'c>>,
    /// `event_data` stood at the top.
    pub(super) has_event_data: bool,
    pub(super) event_id: Option<Value<'c>>,
    pub(super) time: Option<Value<'c>>,
    /// What ECS says beside `winlog`, for events that lack it there.
    pub(super) code: Option<Value<'c>>,
    pub(super) provider: Option<Value<'c>>,
    pub(super) host: Option<Value<'c>>,
    /// `event.original`
    pub(super) original: Option<Value<'c>>,
}

pub(super) struct Reader<'c> {
    pub(super) cursor: Cursor<'c>,
    pub(super) arena: &'c Bump,
    pub(super) found: Found<'c>,
}

/// Reads the value of a member, or over it.
pub(super) type Member<'c> = fn(&mut Reader<'c>, &'c [u8], &mut Event<'c>) -> Result<(), Damage>;

impl<'c> Reader<'c> {
    pub(super) fn new(frame: &'c [u8], arena: &'c Bump) -> Self {
        let found = Found {
            mark: None,
            flat: ArenaVec::new_in(arena),
            inserts: ArenaVec::new_in(arena),
            has_event_data: false,
            event_id: None,
            time: None,
            code: None,
            provider: None,
            host: None,
            original: None,
        };
        Self { cursor: Cursor::new(frame), arena, found }
    }

    /// Reads the whole record.
    pub(super) fn record(&mut self, event: &mut Event<'c>) -> Result<(), Damage> {
        if self.cursor.shape() != Shape::Object {
            return Err(self.cursor.damage("the record is not an object"));
        }
        self.members(event, Self::top_member)?;
        self.cursor.finish()
    }

    fn top_member(&mut self, key: &'c [u8], event: &mut Event<'c>) -> Result<(), Damage> {
        let member: Member<'c> = match key {
            b"winlog" => Self::winlog_member,
            b"event" => Self::ecs_event_member,
            b"host" => Self::ecs_host_member,
            b"win" => Self::wazuh_member,
            b"data" => Self::wazuh_data_member,
            b"System" => Self::system_member,
            b"EventData" | b"event_data" | b"ProcessingErrorData" => Self::data_member,
            b"UserData" | b"user_data" => Self::user_data_member,
            b"RenderingInfo" => Self::rendering_info_member,
            // `evtx_dump` wraps the event, Elasticsearch the document.
            b"Event" | b"_source" => Self::top_member,
            b"properties" => Self::azure_member,
            b"user" => Self::winlog_user_member,
            b"TimeCreated" => Self::date_member,
            _ if self.cursor.shape() == Shape::Array => return self.top_array(key, event),
            _ if key.starts_with(b"winlog.") => return self.dotted_winlog_member(key, event),
            _ if key.starts_with(b"win.") || key.starts_with(b"data.win.") => {
                return self.dotted_wazuh_member(key, event);
            }
            _ => return self.flat_member(key),
        };
        if self.cursor.shape() != Shape::Object {
            return match key {
                b"UserData" if self.cursor.shape() == Shape::Scalar => self.user_data_text(event),
                _ => self.flat_member(key),
            };
        }
        match key {
            b"winlog" => self.found.mark = Some(Mark::Winlogbeat),
            b"win" => self.found.mark = Some(Mark::Wazuh),
            b"System" => self.found.mark = Some(Mark::Tree),
            b"event_data" => self.found.has_event_data = true,
            _ => {}
        }
        self.members(event, member)
    }

    /// Keeps a plain value aside; anything else is nobody's.
    pub(super) fn flat_member(&mut self, name: &'c [u8]) -> Result<(), Damage> {
        if self.found.flat.len() >= FIELDS_MAX {
            return Err(self.cursor.damage("more fields than any event has"));
        }
        if let Some(value) = self.value()? {
            self.found.flat.push(Field { name, value });
        }
        Ok(())
    }

    fn top_array(&mut self, key: &'c [u8], event: &mut Event<'c>) -> Result<(), Damage> {
        match key {
            b"StringInserts" | b"string_inserts" | b"ReplacementStrings" => {
                self.elements(event, |reader, _| {
                    let value = reader.value()?.unwrap_or(Value::plain(b""));
                    reader.push_insert(value)
                })
            }
            b"Properties" => {
                self.elements(event, |reader, event| reader.members(event, Self::property_member))
            }
            b"keywords" | b"Keywords" => self.keywords(event),
            _ => self.cursor.skip(),
        }
    }

    /// Hands each member of the object that comes next to `member`; any other
    /// value is skipped.
    pub(super) fn members(
        &mut self,
        event: &mut Event<'c>,
        member: Member<'c>,
    ) -> Result<(), Damage> {
        if self.cursor.shape() != Shape::Object {
            return self.cursor.skip();
        }
        self.cursor.enter()?;
        let mut first = true;
        while let Some(key) = self.cursor.next_key(&mut first)? {
            let key = key.text(self.arena);
            member(self, key, event)?;
        }
        Ok(())
    }

    /// Hands each element of the array that comes next to `element`.
    fn elements(
        &mut self,
        event: &mut Event<'c>,
        element: fn(&mut Self, &mut Event<'c>) -> Result<(), Damage>,
    ) -> Result<(), Damage> {
        self.cursor.enter()?;
        let mut first = true;
        while self.cursor.next_element(&mut first)? {
            element(self, event)?;
        }
        Ok(())
    }

    /// The value that comes next, if it is a plain one.
    pub(super) fn value(&mut self) -> Result<Option<Value<'c>>, Damage> {
        if let Some(string) = self.cursor.string_if_next()? {
            return Ok(Some(string));
        }
        if self.cursor.shape() == Shape::Scalar {
            return Ok(self.cursor.scalar()?.value());
        }
        self.cursor.skip()?;
        Ok(None)
    }

    pub(super) fn push_insert(&mut self, value: Value<'c>) -> Result<(), Damage> {
        if self.found.inserts.len() >= FIELDS_MAX {
            return Err(self.cursor.damage("more fields than any event has"));
        }
        self.found.inserts.push(value);
        Ok(())
    }

    pub(super) fn envelope(
        &mut self,
        name: &'static [u8],
        event: &mut Event<'c>,
    ) -> Result<(), Damage> {
        let value = self.value()?;
        push_envelope(event, name, value);
        Ok(())
    }

    /// Keywords are a number, or an array of names.
    pub(super) fn keywords(&mut self, event: &mut Event<'c>) -> Result<(), Damage> {
        if self.cursor.shape() != Shape::Array {
            return self.envelope(b"Keywords", event);
        }
        self.elements(event, |reader, event| reader.envelope(b"Keywords", event))
    }

    /// A member of the event's data: a value, an array of values (the name
    /// repeats), or an object (`Outer/Inner`).
    pub(super) fn data_member(
        &mut self,
        name: &'c [u8],
        event: &mut Event<'c>,
    ) -> Result<(), Damage> {
        if let Some(string) = self.cursor.string_if_next()? {
            return self.push_data(name, string, event);
        }
        match self.cursor.shape() {
            Shape::Scalar => match self.cursor.scalar()? {
                // Where XML has an empty element.
                Scalar::Null => self.push_data(name, Value::plain(b""), event),
                scalar => match scalar.value() {
                    Some(value) => self.push_data(name, value, event),
                    None => Ok(()),
                },
            },
            Shape::Array => {
                self.cursor.enter()?;
                let mut first = true;
                while self.cursor.next_element(&mut first)? {
                    self.data_member(name, event)?;
                }
                Ok(())
            }
            Shape::Object => self.data_object(name, event),
        }
    }

    /// An object among the data: members of their own, or an XML element with its
    /// attributes (`@Name`, `#attributes`) and its text.
    fn data_object(&mut self, name: &'c [u8], event: &mut Event<'c>) -> Result<(), Damage> {
        self.cursor.enter()?;
        let (mut first, mut name, mut text) = (true, name, None);
        while let Some(key) = self.cursor.next_key(&mut first)? {
            match key.text(self.arena) {
                b"@Name" => name = self.value()?.map_or(name, |value| value.text(self.arena)),
                b"#attributes" if self.cursor.shape() == Shape::Object => {
                    self.cursor.enter()?;
                    let mut first = true;
                    while let Some(key) = self.cursor.next_key(&mut first)? {
                        let value = self.value()?;
                        if let Some(value) = value.filter(|_| key.spelled() == b"Name") {
                            name = value.text(self.arena);
                        }
                    }
                }
                b"#text" => {
                    // The name may come behind.
                    text = Some(self.cursor.clone());
                    self.cursor.skip()?;
                }
                key if key.starts_with(b"@") || key.starts_with(b"#") => self.cursor.skip()?,
                key => {
                    let inner = nested_name(&[name, key], self.arena);
                    self.data_member(inner.ok_or(self.cursor.damage(LONG_NAME))?, event)?;
                }
            }
        }
        if let Some(text) = text {
            let after = std::mem::replace(&mut self.cursor, text);
            self.data_member(name, event)?;
            self.cursor = after;
        }
        Ok(())
    }

    pub(super) fn push_data(
        &mut self,
        name: &'c [u8],
        value: Value<'c>,
        event: &mut Event<'c>,
    ) -> Result<(), Damage> {
        if event.fields.len() >= FIELDS_MAX {
            return Err(self.cursor.damage("more fields than any event has"));
        }
        event.push(name, value);
        Ok(())
    }
}

pub(super) fn push_envelope<'c>(
    event: &mut Event<'c>,
    name: &'static [u8],
    value: Option<Value<'c>>,
) {
    if let Some(value) = value.filter(|_| event.envelope.len() < FIELDS_MAX) {
        event.envelope.push(Field { name, value });
    }
}
