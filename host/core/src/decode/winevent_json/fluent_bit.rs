//! Fluent Bit: the input `winevtlog`, and `winlog` before it. The data have no
//! names, only an order (`plugins/in_winevtlog/pack.c`, `plugins/in_winlog`).

use super::flat::Place;

pub(super) fn place(name: &[u8]) -> Place {
    match name {
        b"EventID" => Place::EventId,
        b"ProviderName" | b"SourceName" => Place::Provider,
        b"Channel" => Place::Channel,
        b"Computer" | b"ComputerName" => Place::Host,
        b"TimeCreated" | b"TimeGenerated" => Place::Time,
        b"TimeWritten" => Place::LaterTime,
        b"EventRecordID" | b"RecordNumber" => Place::Envelope(b"EventRecordID"),
        b"ProviderGuid" => Place::Envelope(b"ProviderGuid"),
        b"Qualifiers" => Place::Envelope(b"Qualifiers"),
        b"Version" => Place::Envelope(b"Version"),
        b"Level" => Place::Envelope(b"Level"),
        b"Task" => Place::Envelope(b"Task"),
        b"Opcode" => Place::Envelope(b"Opcode"),
        b"Keywords" => Place::Envelope(b"Keywords"),
        b"ActivityID" => Place::Envelope(b"ActivityID"),
        b"RelatedActivityID" => Place::Envelope(b"RelatedActivityID"),
        b"ProcessID" => Place::Envelope(b"ProcessID"),
        b"ThreadID" => Place::Envelope(b"ThreadID"),
        b"UserID" | b"Sid" => Place::Envelope(b"UserID"),
        b"EventType" => Place::Envelope(b"EventType"),
        b"Message" => Place::Envelope(b"Message"),
        _ => Place::Nothing,
    }
}
