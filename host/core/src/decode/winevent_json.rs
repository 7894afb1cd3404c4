//! Windows events as JSON, as Winlogbeat and the Elastic agent write them:
//! nested or with dotted keys, `event_id` as text or number.

use bumpalo::Bump;

use super::json::{Cursor, Shape, key_text};
use super::{Context, Damage, nested_name};
use crate::bytes::digits;
use crate::event::{Event, Field, Kind, Value};
use crate::limits::FIELDS_MAX;
use crate::normalize::windows;
use crate::time::{TimeQuality, iso8601};

pub(super) const LONG_NAME: &str = "nested names are longer than any name is";

/// Decodes one object. `Ok(false)` says that it is JSON, but no Windows event.
pub(super) fn decode<'c>(
    frame: &'c [u8],
    context: &Context<'c, '_>,
    event: &mut Event<'c>,
) -> Result<bool, Damage> {
    event.reset(Kind::WindowsEvent, frame);
    let mut reader =
        Reader { cursor: Cursor::new(frame), arena: context.arena, found: Found::default() };
    if reader.cursor.shape() != Shape::Object {
        return Err(reader.cursor.damage("the record is not an object"));
    }
    reader.members(event, Reader::top_member)?;
    reader.cursor.finish()?;
    let found = reader.found;
    if !found.is_windows {
        return Ok(false);
    }
    found.complete(event, context.arena);
    windows::name_classic_fields(event, context.arena);
    Ok(true)
}

/// What stands beside `winlog`, for events that lack a part of it.
#[derive(Default)]
struct Found<'c> {
    is_windows: bool,
    code: Option<Value<'c>>,
    provider: Option<Value<'c>>,
    host: Option<Value<'c>>,
    event_id: Option<Value<'c>>,
    time: Option<Value<'c>>,
}

impl<'c> Found<'c> {
    fn complete(self, event: &mut Event<'c>, arena: &'c Bump) {
        event.provider = event.provider.or(self.provider);
        event.host = event.host.or(self.host);
        let id = self.event_id.or(self.code).and_then(|value| digits(value.text(arena)));
        event.event_id = id.unwrap_or(0);
        if let Some((stamp, _)) = self.time.and_then(|value| iso8601(value.text(arena))) {
            event.set_time((stamp.as_utc(), TimeQuality::Exact));
        }
    }
}

struct Reader<'c> {
    cursor: Cursor<'c>,
    arena: &'c Bump,
    found: Found<'c>,
}

/// Reads the value of a member, or over it.
type Member<'c> = fn(&mut Reader<'c>, &'c [u8], &mut Event<'c>) -> Result<(), Damage>;

impl<'c> Reader<'c> {
    /// Hands each member of the object that comes next to `member`; any other
    /// value is skipped.
    fn members(&mut self, event: &mut Event<'c>, member: Member<'c>) -> Result<(), Damage> {
        if self.cursor.shape() != Shape::Object {
            return self.cursor.skip();
        }
        self.cursor.enter()?;
        let mut first = true;
        while let Some(key) = self.cursor.next_key(&mut first)? {
            let key = key_text(key, self.arena);
            member(self, key, event)?;
        }
        Ok(())
    }

    fn value(&mut self) -> Result<Option<Value<'c>>, Damage> {
        if self.cursor.shape() == Shape::Scalar {
            return Ok(self.cursor.scalar()?.value());
        }
        self.cursor.skip()?;
        Ok(None)
    }

    fn top_member(&mut self, key: &'c [u8], event: &mut Event<'c>) -> Result<(), Damage> {
        match key {
            b"@timestamp" => self.found.time = self.value()?,
            b"winlog" => self.members(event, Self::winlog_member)?,
            b"event" => self.members(event, Self::ecs_event_member)?,
            b"host" => self.members(event, Self::host_member)?,
            b"message" => {
                let message = self.value()?;
                push_envelope(event, b"Message", message);
            }
            // Winlogbeat 6 has the members of `winlog` at the top.
            b"event_id" | b"event_data" | b"computer_name" | b"record_number" => {
                self.winlog_member(key, event)?;
            }
            b"log_name" => event.channel = self.value()?,
            b"source_name" => event.provider = self.value()?,
            _ => self.dotted_member(key, event)?,
        }
        Ok(())
    }

    /// `winlog.event_data.TargetUserName` and the like.
    fn dotted_member(&mut self, key: &'c [u8], event: &mut Event<'c>) -> Result<(), Damage> {
        if let Some(name) = key.strip_prefix(b"winlog.event_data.") {
            self.found.is_windows = true;
            return self.data(name, event);
        }
        if let Some(member) = key.strip_prefix(b"winlog.") {
            return self.winlog_member(member, event);
        }
        match key {
            b"event.code" => self.found.code = self.value()?,
            b"event.provider" => self.found.provider = self.value()?,
            b"host.name" => self.found.host = self.value()?,
            _ => self.cursor.skip()?,
        }
        Ok(())
    }

    fn winlog_member(&mut self, key: &'c [u8], event: &mut Event<'c>) -> Result<(), Damage> {
        match key {
            b"event_id" => {
                self.found.is_windows = true;
                self.found.event_id = self.value()?;
            }
            b"channel" => {
                self.found.is_windows = true;
                event.channel = self.value()?;
            }
            b"provider_name" => event.provider = self.value()?,
            b"computer_name" => event.host = self.value()?,
            b"time_created" => {
                let time = self.value()?;
                self.found.time = time.or(self.found.time);
            }
            b"event_data" | b"user_data" => {
                self.found.is_windows = true;
                self.members(event, |reader, key, event| reader.data(key, event))?;
            }
            b"process" => self.members(event, Self::process_member)?,
            b"user" => self.members(event, Self::user_member)?,
            b"process.pid" => self.envelope(b"ProcessID", event)?,
            b"process.thread.id" => self.envelope(b"ThreadID", event)?,
            b"user.identifier" => self.envelope(b"UserID", event)?,
            b"provider_guid" => self.envelope(b"ProviderGuid", event)?,
            b"record_id" | b"record_number" => self.envelope(b"EventRecordID", event)?,
            b"task" => self.envelope(b"Task", event)?,
            b"opcode" => self.envelope(b"Opcode", event)?,
            b"version" => self.envelope(b"Version", event)?,
            b"activity_id" => self.envelope(b"ActivityID", event)?,
            b"related_activity_id" => self.envelope(b"RelatedActivityID", event)?,
            b"keywords" => self.keywords(event)?,
            _ => self.cursor.skip()?,
        }
        Ok(())
    }

    fn ecs_event_member(&mut self, key: &'c [u8], _: &mut Event<'c>) -> Result<(), Damage> {
        match key {
            b"code" => self.found.code = self.value()?,
            b"provider" => self.found.provider = self.value()?,
            _ => self.cursor.skip()?,
        }
        Ok(())
    }

    fn host_member(&mut self, key: &'c [u8], _: &mut Event<'c>) -> Result<(), Damage> {
        match key {
            b"name" => self.found.host = self.value()?,
            _ => self.cursor.skip()?,
        }
        Ok(())
    }

    fn process_member(&mut self, key: &'c [u8], event: &mut Event<'c>) -> Result<(), Damage> {
        match key {
            b"pid" => self.envelope(b"ProcessID", event),
            b"thread" => self.members(event, |reader, key, event| match key {
                b"id" => reader.envelope(b"ThreadID", event),
                _ => reader.cursor.skip(),
            }),
            _ => self.cursor.skip(),
        }
    }

    fn user_member(&mut self, key: &'c [u8], event: &mut Event<'c>) -> Result<(), Damage> {
        match key {
            b"identifier" => self.envelope(b"UserID", event),
            _ => self.cursor.skip(),
        }
    }

    fn envelope(&mut self, name: &'static [u8], event: &mut Event<'c>) -> Result<(), Damage> {
        let value = self.value()?;
        push_envelope(event, name, value);
        Ok(())
    }

    fn keywords(&mut self, event: &mut Event<'c>) -> Result<(), Damage> {
        if self.cursor.shape() != Shape::Array {
            return self.envelope(b"Keywords", event);
        }
        self.cursor.enter()?;
        let mut first = true;
        while self.cursor.next_element(&mut first)? {
            self.envelope(b"Keywords", event)?;
        }
        Ok(())
    }

    /// A member of the event's data: a value, an array of values (the name
    /// repeats), or an object (`Outer/Inner`).
    fn data(&mut self, name: &'c [u8], event: &mut Event<'c>) -> Result<(), Damage> {
        match self.cursor.shape() {
            Shape::Scalar => {
                if let Some(value) = self.cursor.scalar()?.value() {
                    self.push_data(name, value, event)?;
                }
            }
            Shape::Array => {
                self.cursor.enter()?;
                let mut first = true;
                while self.cursor.next_element(&mut first)? {
                    self.data(name, event)?;
                }
            }
            Shape::Object => {
                self.cursor.enter()?;
                let mut first = true;
                while let Some(key) = self.cursor.next_key(&mut first)? {
                    let inner = nested_name(&[name, key_text(key, self.arena)], self.arena);
                    self.data(inner.ok_or(self.cursor.damage(LONG_NAME))?, event)?;
                }
            }
        }
        Ok(())
    }

    fn push_data(
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

fn push_envelope<'c>(event: &mut Event<'c>, name: &'static [u8], value: Option<Value<'c>>) {
    if let Some(value) = value.filter(|_| event.envelope.len() < FIELDS_MAX) {
        event.envelope.push(Field { name, value });
    }
}
