//! Vector's source `windows_event_log`.

use super::flat::Place;

pub(super) fn place(name: &[u8]) -> Place {
    match name {
        b"event_id" => Place::EventId,
        b"provider_name" => Place::Provider,
        b"channel" => Place::Channel,
        b"computer" => Place::Host,
        b"host" => Place::EcsHost,
        b"timestamp" => Place::Time,
        b"record_id" => Place::Envelope(b"EventRecordID"),
        b"provider_guid" => Place::Envelope(b"ProviderGuid"),
        b"qualifiers" => Place::Envelope(b"Qualifiers"),
        b"version" => Place::Envelope(b"Version"),
        b"level_value" => Place::Envelope(b"Level"),
        b"task" => Place::Envelope(b"Task"),
        b"opcode" => Place::Envelope(b"Opcode"),
        b"keywords" => Place::Envelope(b"Keywords"),
        b"activity_id" => Place::Envelope(b"ActivityID"),
        b"related_activity_id" => Place::Envelope(b"RelatedActivityID"),
        b"process_id" => Place::Envelope(b"ProcessID"),
        b"thread_id" => Place::Envelope(b"ThreadID"),
        b"user_id" => Place::Envelope(b"UserID"),
        b"message" => Place::Envelope(b"Message"),
        _ => Place::Nothing,
    }
}
