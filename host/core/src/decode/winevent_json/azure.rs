//! Azure diagnostics: the table `WindowsEventLogs`, with everything below
//! `properties`, and Event XML in `RawXml` as a rule.

use super::flat::Place;
use super::reader::Reader;
use crate::decode::Damage;
use crate::event::Event;

/// Members of `properties`, for records without `RawXml`.
pub(super) fn place(name: &[u8]) -> Place {
    match name {
        b"EventId" => Place::EventId,
        b"ProviderName" => Place::Provider,
        b"Channel" => Place::Channel,
        b"RoleInstance" => Place::Host,
        b"PreciseTimeStamp" | b"TimeCreated" => Place::Time,
        b"time" => Place::LaterTime,
        b"ProviderGuid" => Place::Envelope(b"ProviderGuid"),
        b"Level" => Place::Envelope(b"Level"),
        b"Task" => Place::Envelope(b"Task"),
        b"Opcode" => Place::Envelope(b"Opcode"),
        b"Pid" => Place::Envelope(b"ProcessID"),
        b"Tid" => Place::Envelope(b"ThreadID"),
        b"Description" => Place::Envelope(b"Message"),
        _ => Place::Nothing,
    }
}

impl<'c> Reader<'c> {
    pub(super) fn azure_member(&mut self, key: &'c [u8], _: &mut Event<'c>) -> Result<(), Damage> {
        self.flat_member(key)
    }
}
