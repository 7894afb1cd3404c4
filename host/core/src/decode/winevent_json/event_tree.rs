//! Event XML turned into JSON, element by element: `OpenWEC`'s `Json`, `evtx_dump`
//! (`#attributes`, `#text`, or `Provider_attributes` beside), python-evtx (`@Name`).

use super::flat::Place;
use super::reader::Reader;
use crate::decode::json::Shape;
use crate::decode::{Damage, winevent_xml};
use crate::event::{Event, Field};

/// Members beside `System`.
pub(super) fn place(_: &[u8]) -> Place {
    Place::Nothing
}

impl<'c> Reader<'c> {
    /// A member of `System`: an element with attributes, or with text only.
    pub(super) fn system_member(
        &mut self,
        key: &'c [u8],
        event: &mut Event<'c>,
    ) -> Result<(), Damage> {
        let element = key.strip_suffix(b"_attributes").unwrap_or(key);
        if self.cursor.shape() == Shape::Object {
            let member = match element {
                b"Provider" => Self::provider_member,
                b"EventID" => Self::event_id_member,
                b"TimeCreated" => Self::time_created_member,
                b"Execution" | b"Correlation" | b"Security" => Self::system_attribute,
                _ => return self.cursor.skip(),
            };
            return self.members(event, member);
        }
        match element {
            b"EventID" => self.found.event_id = self.value()?,
            b"EventIDQualifiers" => self.envelope(b"Qualifiers", event)?,
            b"TimeCreated" => self.found.time = self.value()?,
            b"Channel" => event.channel = self.value()?,
            b"Computer" => event.host = self.value()?,
            b"Provider" => event.provider = self.value()?,
            b"Keywords" => self.keywords(event)?,
            name => {
                if let Some(value) = self.value()? {
                    event.envelope.push(Field { name, value });
                }
            }
        }
        Ok(())
    }

    fn provider_member(&mut self, key: &'c [u8], event: &mut Event<'c>) -> Result<(), Damage> {
        match attribute(key) {
            b"#attributes" => self.members(event, Self::provider_member)?,
            b"Name" => event.provider = self.value()?,
            b"EventSourceName" => {
                let name = self.value()?;
                event.provider = event.provider.or(name);
            }
            b"Guid" => self.envelope(b"ProviderGuid", event)?,
            _ => self.cursor.skip()?,
        }
        Ok(())
    }

    fn event_id_member(&mut self, key: &'c [u8], event: &mut Event<'c>) -> Result<(), Damage> {
        match attribute(key) {
            b"#attributes" => self.members(event, Self::event_id_member)?,
            b"#text" => self.found.event_id = self.value()?,
            b"Qualifiers" => self.envelope(b"Qualifiers", event)?,
            _ => self.cursor.skip()?,
        }
        Ok(())
    }

    fn time_created_member(&mut self, key: &'c [u8], event: &mut Event<'c>) -> Result<(), Damage> {
        match attribute(key) {
            b"#attributes" => self.members(event, Self::time_created_member)?,
            b"SystemTime" => self.found.time = self.value()?,
            _ => self.cursor.skip()?,
        }
        Ok(())
    }

    /// Attributes whose names are the envelope's.
    fn system_attribute(&mut self, key: &'c [u8], event: &mut Event<'c>) -> Result<(), Damage> {
        match attribute(key) {
            b"#attributes" => self.members(event, Self::system_attribute),
            b"ProcessID" => self.envelope(b"ProcessID", event),
            b"ThreadID" => self.envelope(b"ThreadID", event),
            b"ActivityID" => self.envelope(b"ActivityID", event),
            b"RelatedActivityID" => self.envelope(b"RelatedActivityID", event),
            b"UserID" => self.envelope(b"UserID", event),
            _ => self.cursor.skip(),
        }
    }

    /// A member of `UserData`: the outermost element names the schema and is no part
    /// of the names, as in Event XML.
    pub(super) fn user_data_member(
        &mut self,
        key: &'c [u8],
        event: &mut Event<'c>,
    ) -> Result<(), Damage> {
        if key.starts_with(b"#") || key.starts_with(b"@") {
            return self.cursor.skip();
        }
        if self.cursor.shape() != Shape::Object {
            return self.data_member(key, event);
        }
        self.members(event, |reader, key, event| match key.first() {
            Some(b'#' | b'@') => reader.cursor.skip(),
            _ => reader.data_member(key, event),
        })
    }

    /// `UserData` as text: `OpenWEC` leaves it in XML.
    pub(super) fn user_data_text(&mut self, event: &mut Event<'c>) -> Result<(), Damage> {
        let Some(value) = self.value()? else { return Ok(()) };
        winevent_xml::user_data(value.text(self.arena), self.arena, event)
            .map_err(|damage| self.cursor.damage(damage.reason))
    }

    pub(super) fn rendering_info_member(
        &mut self,
        key: &'c [u8],
        event: &mut Event<'c>,
    ) -> Result<(), Damage> {
        match key {
            b"Message" => self.envelope(b"Message", event),
            _ => self.cursor.skip(),
        }
    }
}

fn attribute(key: &[u8]) -> &[u8] {
    key.strip_prefix(b"@").unwrap_or(key)
}
