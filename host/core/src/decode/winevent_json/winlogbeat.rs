//! Winlogbeat and the Elastic agent: versions 7 and 8 with everything below
//! `winlog`, nested or dotted; version 6 with the same members at the top
//! ("Winlogbeat fields", exported fields of each version).

use super::flat::Place;
use super::reader::{Mark, Reader};
use crate::decode::Damage;
use crate::event::Event;

/// Members beside `winlog`, and those of version 6.
pub(super) fn place(name: &[u8]) -> Place {
    match name {
        b"@timestamp" => Place::LaterTime,
        b"message" => Place::Envelope(b"Message"),
        b"event.code" => Place::EcsCode,
        b"event.provider" => Place::EcsProvider,
        b"host.name" | b"host" => Place::EcsHost,
        b"event_id" => Place::EventId,
        b"computer_name" => Place::Host,
        b"log_name" => Place::Channel,
        b"source_name" => Place::Provider,
        b"record_number" => Place::Envelope(b"EventRecordID"),
        b"provider_guid" => Place::Envelope(b"ProviderGuid"),
        b"process_id" => Place::Envelope(b"ProcessID"),
        b"thread_id" => Place::Envelope(b"ThreadID"),
        b"task" => Place::Envelope(b"Task"),
        b"opcode" => Place::Envelope(b"Opcode"),
        b"version" => Place::Envelope(b"Version"),
        b"level" => Place::Envelope(b"Level"),
        b"activity_id" => Place::Envelope(b"ActivityID"),
        b"related_activity_id" => Place::Envelope(b"RelatedActivityID"),
        _ => Place::Nothing,
    }
}

impl<'c> Reader<'c> {
    /// `winlog.event_data.TargetUserName` and the like.
    pub(super) fn dotted_winlog_member(
        &mut self,
        key: &'c [u8],
        event: &mut Event<'c>,
    ) -> Result<(), Damage> {
        self.found.mark = Some(Mark::Winlogbeat);
        let member = key.strip_prefix(b"winlog.").unwrap_or(key);
        match member.strip_prefix(b"event_data.").or_else(|| member.strip_prefix(b"user_data.")) {
            Some(name) => self.data_member(name, event),
            None => self.winlog_member(member, event),
        }
    }

    pub(super) fn winlog_member(
        &mut self,
        key: &'c [u8],
        event: &mut Event<'c>,
    ) -> Result<(), Damage> {
        match key {
            b"event_data" | b"user_data" => self.members(event, Self::winlog_data_member)?,
            b"event_id" => self.found.event_id = self.value()?,
            b"channel" => event.channel = self.value()?,
            b"provider_name" => event.provider = self.value()?,
            b"computer_name" => event.host = self.value()?,
            b"time_created" => {
                let time = self.value()?;
                self.found.time = time.or(self.found.time);
            }
            b"process" => self.members(event, Self::process_member)?,
            b"user" => self.members(event, Self::winlog_user_member)?,
            b"process.pid" => self.envelope(b"ProcessID", event)?,
            b"process.thread.id" => self.envelope(b"ThreadID", event)?,
            b"user.identifier" => self.envelope(b"UserID", event)?,
            b"provider_guid" => self.envelope(b"ProviderGuid", event)?,
            b"record_id" => self.envelope(b"EventRecordID", event)?,
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

    /// Winlogbeat writes no null; one that a pipeline left says that there is nothing.
    fn winlog_data_member(&mut self, name: &'c [u8], event: &mut Event<'c>) -> Result<(), Damage> {
        if self.cursor.is_null() {
            return self.cursor.skip();
        }
        self.data_member(name, event)
    }

    pub(super) fn ecs_event_member(
        &mut self,
        key: &'c [u8],
        _: &mut Event<'c>,
    ) -> Result<(), Damage> {
        match key {
            b"code" => self.found.code = self.value()?,
            b"provider" => self.found.provider = self.value()?,
            b"original" => self.found.original = self.value()?,
            _ => self.cursor.skip()?,
        }
        Ok(())
    }

    pub(super) fn ecs_host_member(
        &mut self,
        key: &'c [u8],
        _: &mut Event<'c>,
    ) -> Result<(), Damage> {
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

    /// The account that wrote the event, also at the top in version 6.
    pub(super) fn winlog_user_member(
        &mut self,
        key: &'c [u8],
        event: &mut Event<'c>,
    ) -> Result<(), Damage> {
        match key {
            b"identifier" => self.envelope(b"UserID", event),
            _ => self.cursor.skip(),
        }
    }
}
