//! `Get-WinEvent | ConvertTo-Json`: the members of `EventLogRecord`, the data
//! without names in `Properties`.

use super::flat::Place;
use super::reader::Reader;
use crate::bytes::number;
use crate::decode::Damage;
use crate::event::{Event, Field};

/// The properties of `System.Diagnostics.Eventing.Reader.EventLogRecord`.
pub(super) fn place(name: &[u8]) -> Place {
    match name {
        b"Id" => Place::EventId,
        b"ProviderName" => Place::Provider,
        b"LogName" => Place::Channel,
        b"MachineName" => Place::Host,
        b"TimeCreated" => Place::Time,
        b"RecordId" => Place::Envelope(b"EventRecordID"),
        b"ProviderId" => Place::Envelope(b"ProviderGuid"),
        b"Qualifiers" => Place::Envelope(b"Qualifiers"),
        b"Version" => Place::Envelope(b"Version"),
        b"Level" => Place::Envelope(b"Level"),
        b"Task" => Place::Envelope(b"Task"),
        b"Opcode" => Place::Envelope(b"Opcode"),
        b"Keywords" => Place::Envelope(b"Keywords"),
        b"ProcessId" => Place::Envelope(b"ProcessID"),
        b"ThreadId" => Place::Envelope(b"ThreadID"),
        b"ActivityId" => Place::Envelope(b"ActivityID"),
        b"RelatedActivityId" => Place::Envelope(b"RelatedActivityID"),
        b"Message" => Place::Envelope(b"Message"),
        _ => Place::Nothing,
    }
}

/// Nanoseconds in a millisecond.
const MILLISECOND: i64 = 1_000_000;

/// `/Date(1605863643118)/`, which is UTC whatever offset follows the number.
pub(super) fn date(text: &[u8]) -> Option<i64> {
    let inside = text.strip_prefix(b"/Date(")?.strip_suffix(b")/")?;
    let (sign, digits) = match inside.strip_prefix(b"-") {
        Some(digits) => (-1, digits),
        None => (1, inside),
    };
    let length = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let millis = i64::try_from(number(digits.get(..length)?)?).ok()?;
    millis.checked_mul(sign * MILLISECOND)
}

impl<'c> Reader<'c> {
    /// An element of `Properties`: `{"Value": "user1"}`.
    pub(super) fn property_member(
        &mut self,
        key: &'c [u8],
        _: &mut Event<'c>,
    ) -> Result<(), Damage> {
        if key != b"Value" {
            return self.cursor.skip();
        }
        let value = self.value()?.unwrap_or(crate::event::Value::plain(b""));
        self.push_insert(value)
    }

    /// A date with members of its own: `{"value": "/Date(..)/", "DateTime": ".."}`.
    pub(super) fn date_member(&mut self, key: &'c [u8], _: &mut Event<'c>) -> Result<(), Damage> {
        if key != b"value" {
            return self.cursor.skip();
        }
        if let Some(value) = self.value()? {
            self.found.flat.push(Field { name: b"TimeCreated", value });
        }
        Ok(())
    }
}
