//! Dialects that put everything at the top: told apart by the names that only one
//! of them has, then each member goes to its place.

use super::reader::{Found, push_envelope};
use super::{azure, fluent_bit, nxlog, powershell, vector, winlogbeat};
use crate::event::{Event, Value};

/// What a member at the top means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    EventId,
    Provider,
    Channel,
    Host,
    Time,
    /// A time that counts when the event has no better one.
    LaterTime,
    /// The event's code, provider or host as ECS has it.
    EcsCode,
    EcsProvider,
    EcsHost,
    /// A part of the System block, by its name there.
    Envelope(&'static [u8]),
    /// NXLog's `EventType`, unless it is the event's own data.
    EventType,
    /// The event's own data.
    Data,
    Nothing,
}

/// Where a dialect's members belong.
pub(super) type Places = fn(&[u8]) -> Place;

/// The dialect of an object without marks; `None` when it is no Windows event.
pub(super) fn dialect(found: &Found<'_>) -> Option<Places> {
    let has = |name: &[u8]| found.flat.iter().any(|field| field.name == name);
    let has_any = |names: &[&[u8]]| names.iter().any(|name| has(name));
    if has(b"event_id") {
        if has_any(&[b"computer_name", b"log_name", b"source_name"]) || found.has_event_data {
            let is_vector = has(b"provider_name") && !has(b"computer_name");
            return Some(if is_vector { vector::place } else { winlogbeat::place });
        }
        return has(b"provider_name").then_some(vector::place as Places);
    }
    if has(b"EventID") {
        // Event data may be called `ProviderName` or `ComputerName`, too.
        if has(b"SourceName") && has_any(&[b"Hostname", b"SourceModuleType", b"EventTime"]) {
            return Some(nxlog::place);
        }
        if has(b"ProviderName") || (has(b"SourceName") && has(b"ComputerName")) {
            return Some(fluent_bit::place);
        }
        let names: [&[u8]; 4] = [b"SourceModuleType", b"SourceName", b"ProviderGuid", b"Channel"];
        return has_any(&names).then_some(nxlog::place as Places);
    }
    if has(b"ProviderName") && has(b"Id") && has(b"LogName") {
        return Some(powershell::place);
    }
    if has(b"ProviderName") && has(b"EventId") && !has(b"RawXml") {
        return Some(azure::place);
    }
    None
}

/// Puts the members at the top where they belong.
pub(super) fn settle<'c>(found: &mut Found<'c>, place: Places, event: &mut Event<'c>) {
    for index in 0..found.flat.len() {
        let Some(field) = found.flat.get(index).copied() else { return };
        let value = Some(field.value);
        match place(field.name) {
            Place::EventId => found.event_id = value,
            Place::Provider => event.provider = value,
            Place::Channel => event.channel = value,
            Place::Host => event.host = value,
            Place::Time => found.time = value,
            Place::LaterTime => found.time = found.time.or(value),
            Place::EcsCode => found.code = value,
            Place::EcsProvider => found.provider = value,
            Place::EcsHost => found.host = value,
            Place::Envelope(name) => push_envelope(event, name, value),
            Place::EventType if is_event_type(field.value) => {
                push_envelope(event, b"EventType", value);
            }
            Place::EventType | Place::Data => event.push(field.name, field.value),
            Place::Nothing => {}
        }
    }
}

/// What `im_msvistalog` calls the level and outcome of an event.
fn is_event_type(value: Value<'_>) -> bool {
    let known: [&[u8]; 7] = [
        b"AUDIT_SUCCESS",
        b"AUDIT_FAILURE",
        b"INFO",
        b"WARNING",
        b"ERROR",
        b"CRITICAL",
        b"VERBOSE",
    ];
    known.contains(&value.spelled())
}
