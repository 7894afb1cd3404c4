//! What a record says, written into the event.
//!
//! Owns the names: members, envelope and fields get exactly those that the Event XML
//! of the same record gives (`decode::winevent_xml`). It also holds the budget, for a
//! few bytes of template can say the same thing over and over.

use bumpalo::Bump;

use super::instance::Slot;
use super::number::DAY_TICKS;
use super::text::Text;
use super::{Broken, value};
use crate::bytes::digits;
use crate::event::{Event, Field, Kind};
use crate::limits::{FIELDS_MAX, FRAME_BYTES_MAX};
use crate::time::{self, TimeQuality};

/// The elements of the System block that are more than a name and a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Member {
    Provider,
    EventId,
    TimeCreated,
    Channel,
    Computer,
    Execution,
    Correlation,
    Security,
    /// `Level`, `Keywords`, ...: a name of the envelope.
    Other,
}

/// Attributes of one member at most.
pub(super) const ATTRIBUTES: usize = 3;

impl Member {
    /// The member that an element of this name is.
    pub(super) fn of(name: &[u8]) -> Self {
        match name {
            b"Provider" => Self::Provider,
            b"EventID" => Self::EventId,
            b"TimeCreated" => Self::TimeCreated,
            b"Channel" => Self::Channel,
            b"Computer" => Self::Computer,
            b"Execution" => Self::Execution,
            b"Correlation" => Self::Correlation,
            b"Security" => Self::Security,
            _ => Self::Other,
        }
    }

    /// The attributes that count.
    pub(super) const fn attributes(self) -> &'static [&'static str] {
        match self {
            Self::Provider => &["Name", "EventSourceName", "Guid"],
            Self::EventId => &["Qualifiers"],
            Self::TimeCreated => &["SystemTime"],
            Self::Execution => &["ProcessID", "ThreadID"],
            Self::Correlation => &["ActivityID", "RelatedActivityID"],
            Self::Security => &["UserID"],
            Self::Channel | Self::Computer | Self::Other => &[],
        }
    }

    /// Those among them that go to the envelope, and the names that they have there.
    pub(super) const fn envelope(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Provider => &[("Guid", "ProviderGuid")],
            Self::EventId => &[("Qualifiers", "Qualifiers")],
            Self::Execution => &[("ProcessID", "ProcessID"), ("ThreadID", "ThreadID")],
            Self::Correlation => {
                &[("ActivityID", "ActivityID"), ("RelatedActivityID", "RelatedActivityID")]
            }
            Self::Security => &[("UserID", "UserID")],
            Self::TimeCreated | Self::Channel | Self::Computer | Self::Other => &[],
        }
    }

    /// True when what stands inside the element counts.
    pub(super) const fn has_text(self) -> bool {
        matches!(self, Self::EventId | Self::Channel | Self::Computer | Self::Other)
    }
}

/// What a record may still spend. Both parts grow with its own bytes and with nothing
/// else: whether a record can be read must not depend on its neighbours, of which the
/// prefilter leaves some out.
#[derive(Debug, Clone, Copy)]
struct Budget {
    /// Steps: nodes, tokens, values.
    work: usize,
    /// Bytes of text, as they are spelled. A text that is put together is paid for
    /// twice.
    text_bytes: usize,
}

impl Budget {
    /// Enough for any real record many times over: a step takes more than a byte of
    /// record or stands in a template of its own.
    fn of(record_bytes: usize) -> Self {
        let text_bytes = (32 * 1024 + 16 * record_bytes).min(FRAME_BYTES_MAX);
        Self { work: 2_048 + 16 * record_bytes, text_bytes }
    }
}

/// The event being filled.
#[derive(Debug)]
pub(super) struct Output<'c> {
    pub(super) event: Event<'c>,
    pub(super) arena: &'c Bump,
    has_event_id: bool,
    budget: Budget,
}

impl<'c> Output<'c> {
    pub(super) fn new(arena: &'c Bump) -> Self {
        let (fields, envelope) = (Vec::with_capacity(64), Vec::with_capacity(16));
        let event = Event { fields, envelope, ..Event::default() };
        Self { event, arena, has_event_id: false, budget: Budget::of(0) }
    }

    /// Begins the next record.
    pub(super) fn begin(&mut self, raw: &'c [u8]) {
        self.event.reset(Kind::WindowsEvent, raw);
        self.has_event_id = false;
        self.budget = Budget::of(raw.len());
    }

    /// Pays for so many steps.
    pub(super) fn work(&mut self, steps: usize) -> Result<(), Broken> {
        let left = self.budget.work.checked_sub(steps);
        self.budget.work = left.ok_or(Broken("the record repeats too much"))?;
        Ok(())
    }

    /// Pays for a text.
    pub(super) fn pay(&mut self, text: Text<'_>) -> Result<(), Broken> {
        let left = self.budget.text_bytes.checked_sub(text.spelled().len());
        self.budget.text_bytes = left.ok_or(Broken("the record has more text than any record"))?;
        Ok(())
    }

    /// Takes over an element of the System block.
    pub(super) fn member(
        &mut self,
        member: Member,
        name: &'c [u8],
        attributes: [Text<'c>; ATTRIBUTES],
        text: Text<'c>,
    ) -> Result<(), Broken> {
        let [first, second, third] = attributes;
        match member {
            Member::Provider => {
                self.provider(if first.is_empty() { second } else { first })?;
                self.attribute("ProviderGuid", third)
            }
            Member::EventId => {
                self.event_id(text)?;
                self.attribute("Qualifiers", first)
            }
            Member::TimeCreated => self.time_text(first),
            Member::Channel => self.channel(text),
            Member::Computer => self.computer(text),
            Member::Execution => {
                self.attribute("ProcessID", first)?;
                self.attribute("ThreadID", second)
            }
            Member::Correlation => {
                self.attribute("ActivityID", first)?;
                self.attribute("RelatedActivityID", second)
            }
            Member::Security => self.attribute("UserID", first),
            Member::Other => self.envelope(name, text.trim()),
        }
    }

    pub(super) fn provider(&mut self, text: Text<'c>) -> Result<(), Broken> {
        self.event.provider = (!text.is_empty()).then(|| text.value());
        self.pay(text)
    }

    pub(super) fn channel(&mut self, text: Text<'c>) -> Result<(), Broken> {
        self.event.channel = Some(text.trim().value());
        self.pay(text)
    }

    pub(super) fn computer(&mut self, text: Text<'c>) -> Result<(), Broken> {
        self.event.host = Some(text.trim().value());
        self.pay(text)
    }

    pub(super) fn time_text(&mut self, text: Text<'c>) -> Result<(), Broken> {
        self.pay(text)?;
        if let Some((stamp, _)) = time::iso8601(text.utf8(self.arena).trim_ascii()) {
            self.event.set_time((stamp.as_utc(), TimeQuality::Exact));
        }
        Ok(())
    }

    pub(super) fn event_id(&mut self, text: Text<'c>) -> Result<(), Broken> {
        self.pay(text)?;
        self.event_number(event_id(text, self.arena))
    }

    /// The event's number. A second one is damage: the prefilter looks at the first
    /// and must not miss what the second would match.
    pub(super) fn event_number(&mut self, number: Option<u32>) -> Result<(), Broken> {
        if self.has_event_id {
            return Err(Broken("a second `EventID`"));
        }
        self.has_event_id = true;
        self.event.event_id = number.ok_or(Broken("`EventID` is not a number"))?;
        Ok(())
    }

    /// The time, from ticks; text need not be written for it.
    pub(super) fn time(&mut self, ticks: u64) {
        // The years that times in text can have.
        const DAYS_OF_1601_TO_1677: u64 = 28_124;
        const DAYS_OF_1601_TO_2261: u64 = 241_425;
        if (DAYS_OF_1601_TO_1677..DAYS_OF_1601_TO_2261).contains(&(ticks / DAY_TICKS)) {
            self.event.set_time((time::filetime(ticks), TimeQuality::Exact));
        }
    }

    /// An attribute without a value is not there.
    pub(super) fn attribute(&mut self, name: &'static str, text: Text<'c>) -> Result<(), Broken> {
        if text.is_empty() { Ok(()) } else { self.envelope(name.as_bytes(), text) }
    }

    pub(super) fn envelope(&mut self, name: &'c [u8], text: Text<'c>) -> Result<(), Broken> {
        self.pay(text)?;
        if self.event.envelope.len() >= FIELDS_MAX {
            return Err(TOO_MANY);
        }
        self.event.envelope.push(Field { name, value: text.value() });
        Ok(())
    }

    pub(super) fn field(&mut self, name: &'c [u8], text: Text<'c>) -> Result<(), Broken> {
        self.pay(text)?;
        if self.event.fields.len() >= FIELDS_MAX {
            return Err(TOO_MANY);
        }
        self.event.push(name, text.value());
        Ok(())
    }
}

const TOO_MANY: Broken = Broken("more fields than any event has");

/// The number that the value of an `EventID` is: one of at most nine digits.
pub(super) fn event_id_of_value<'c>(slot: Slot, chunk: &'c [u8], arena: &'c Bump) -> Option<u32> {
    let bytes = slot.bytes(chunk);
    match value::number(slot.kind, bytes) {
        Some(number) => (number < 1_000_000_000).then_some(number),
        None => event_id(value::text(slot.kind, bytes, arena).ok()?, arena),
    }
}

/// The number that the text of an `EventID` is.
pub(super) fn event_id<'c>(text: Text<'c>, arena: &'c Bump) -> Option<u32> {
    digits(text.utf8(arena).trim_ascii())
}
