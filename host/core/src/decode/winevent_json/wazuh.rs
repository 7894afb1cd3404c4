//! Wazuh's `eventchannel`: `win.system` and `win.eventdata`, alone or below `data`
//! of an alert. The first letter of each name is in lower case, empty values are
//! left out, and the message has quotes around it.

use super::flat::Place;
use super::reader::{Mark, Reader, push_envelope};
use crate::bytes::digits;
use crate::decode::Damage;
use crate::event::{Escape, Event, Value};

/// Members around `win`.
pub(super) fn place(name: &[u8]) -> Place {
    match name {
        b"timestamp" | b"@timestamp" => Place::LaterTime,
        _ => Place::Nothing,
    }
}

impl<'c> Reader<'c> {
    /// A member of `data`: only `win` is ours.
    pub(super) fn wazuh_data_member(
        &mut self,
        key: &'c [u8],
        event: &mut Event<'c>,
    ) -> Result<(), Damage> {
        if key != b"win" {
            return self.cursor.skip();
        }
        self.found.mark = Some(Mark::Wazuh);
        self.members(event, Self::wazuh_member)
    }

    pub(super) fn wazuh_member(
        &mut self,
        key: &'c [u8],
        event: &mut Event<'c>,
    ) -> Result<(), Damage> {
        match key {
            b"system" => self.members(event, Self::wazuh_system_member),
            b"eventdata" => self.members(event, Self::wazuh_eventdata_member),
            _ => self.cursor.skip(),
        }
    }

    /// `data.win.eventdata.targetUserName`, as indexes flatten it.
    pub(super) fn dotted_wazuh_member(
        &mut self,
        key: &'c [u8],
        event: &mut Event<'c>,
    ) -> Result<(), Damage> {
        let key = key.strip_prefix(b"data.").unwrap_or(key);
        if let Some(name) = key.strip_prefix(b"win.system.") {
            self.found.mark = Some(Mark::Wazuh);
            return self.wazuh_system_member(name, event);
        }
        if let Some(name) = key.strip_prefix(b"win.eventdata.") {
            self.found.mark = Some(Mark::Wazuh);
            return self.wazuh_eventdata_member(name, event);
        }
        self.cursor.skip()
    }

    fn wazuh_system_member(&mut self, key: &'c [u8], event: &mut Event<'c>) -> Result<(), Damage> {
        match key {
            b"eventID" => self.found.event_id = self.value()?,
            b"providerName" => event.provider = self.value()?,
            b"channel" => event.channel = self.value()?,
            b"computer" => event.host = self.value()?,
            b"systemTime" => self.found.time = self.value()?,
            b"message" => {
                let message = self.value()?.map(without_quotes);
                push_envelope(event, b"Message", message);
            }
            b"providerGuid" => self.envelope(b"ProviderGuid", event)?,
            b"eventRecordID" => self.envelope(b"EventRecordID", event)?,
            b"version" => self.envelope(b"Version", event)?,
            b"level" => self.envelope(b"Level", event)?,
            b"task" => self.envelope(b"Task", event)?,
            b"opcode" => self.envelope(b"Opcode", event)?,
            b"keywords" => self.envelope(b"Keywords", event)?,
            b"processID" => self.envelope(b"ProcessID", event)?,
            b"threadID" => self.envelope(b"ThreadID", event)?,
            b"severityValue" => self.envelope(b"EventType", event)?,
            _ => self.cursor.skip()?,
        }
        Ok(())
    }

    fn wazuh_eventdata_member(
        &mut self,
        key: &'c [u8],
        event: &mut Event<'c>,
    ) -> Result<(), Damage> {
        let name = if is_lower_in_windows(key) { key } else { self.capitalized(key) };
        self.data_member(name, event)
    }

    fn capitalized(&self, name: &'c [u8]) -> &'c [u8] {
        let name = self.arena.alloc_slice_copy(name);
        if let Some(first) = name.first_mut() {
            first.make_ascii_uppercase();
        }
        name
    }
}

/// Names that begin with a small letter in Event XML already: those of classic
/// services (`param1`), Windows Update and Schannel.
fn is_lower_in_windows(name: &[u8]) -> bool {
    let is_numbered =
        |prefix| name.strip_prefix(prefix).is_some_and(|number| digits(number).is_some());
    let known: [&[u8]; 5] = [
        b"pCertificateContext",
        b"updateTitle",
        b"updateGuid",
        b"updateRevisionNumber",
        b"serviceGuid",
    ];
    is_numbered(b"param".as_slice()) || known.contains(&name)
}

/// The message stands in quotes, which the JSON string escapes.
fn without_quotes(value: Value<'_>) -> Value<'_> {
    let spelled = value.spelled();
    let Some(inside) = spelled.strip_prefix(br#"\""#) else { return value };
    Value::new(inside.strip_suffix(br#"\""#).unwrap_or(inside), Escape::Json)
}
