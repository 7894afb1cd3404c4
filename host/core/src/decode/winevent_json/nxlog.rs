//! NXLog's `im_msvistalog`: versions 2 and 3, versions 4 and 5, and flat objects
//! made of them (OTRF's Mordor data sets). Envelope and data share the top level;
//! `ProcessID` wrote the event, `ProcessId` is data.

use super::flat::Place;

/// NXLog User Guide, "Fields" of `im_msvistalog`.
pub(super) fn place(name: &[u8]) -> Place {
    match name {
        b"EventID" => Place::EventId,
        b"SourceName" => Place::Provider,
        b"Channel" => Place::Channel,
        b"Hostname" => Place::Host,
        b"EventTime" | b"TimeCreated" => Place::Time,
        b"@timestamp" => Place::LaterTime,
        b"EventType" => Place::EventType,
        b"Keywords" => Place::Envelope(b"Keywords"),
        b"ProviderGuid" => Place::Envelope(b"ProviderGuid"),
        b"Version" => Place::Envelope(b"Version"),
        b"Level" => Place::Envelope(b"Level"),
        b"Task" | b"TaskValue" => Place::Envelope(b"Task"),
        b"OpcodeValue" => Place::Envelope(b"Opcode"),
        b"RecordNumber" => Place::Envelope(b"EventRecordID"),
        b"ProcessID" | b"ExecutionProcessID" => Place::Envelope(b"ProcessID"),
        b"ThreadID" | b"ExecutionThreadID" => Place::Envelope(b"ThreadID"),
        b"ActivityID" => Place::Envelope(b"ActivityID"),
        b"RelatedActivityID" => Place::Envelope(b"RelatedActivityID"),
        b"UserID" => Place::Envelope(b"UserID"),
        b"Message" => Place::Envelope(b"Message"),
        b"Category" => Place::Envelope(b"Category"),
        b"Domain" => Place::Envelope(b"Domain"),
        b"AccountName" => Place::Envelope(b"AccountName"),
        b"AccountType" => Place::Envelope(b"AccountType"),
        // What NXLog makes of the above, of the receipt, and what Logstash adds.
        b"Severity" | b"SeverityValue" | b"Opcode" | b"EventReceivedTime" | b"SourceModuleName"
        | b"SourceModuleType" | b"@version" | b"port" | b"host" | b"tags" => Place::Nothing,
        _ => Place::Data,
    }
}
