//! One record: from its bytes to the event.
//!
//! Owns what is kept between the records of a chunk. Where records begin and end is
//! `chunk`'s business, whether one is wanted is `mod`'s.

use bumpalo::Bump;

use super::builder::{Builder, Context, NO_EVENT, is};
use super::chunk::Record;
use super::instance::{Instance, Slot};
use super::output::{Output, event_id, event_id_of_value};
use super::program::EventId;
use super::templates::{Store, Templates};
use super::text::Text;
use super::token::{Cursor, Token};
use super::value;
use super::{Broken, kind};
use crate::time::TimeQuality;

/// A program came to something that only the general way can do.
pub(super) const BAIL: Broken = Broken("a value has no place here");

/// The decoder of one chunk's records.
#[derive(Debug)]
pub(super) struct Decoder<'c, 's> {
    pub(super) chunk: &'c [u8],
    pub(super) templates: Templates<'c, 's>,
    /// The values of the instances being read, the inner ones behind the outer ones.
    pub(super) slots: Vec<Slot>,
    pub(super) output: Output<'c>,
    /// Streams that are being read, one inside the other.
    pub(super) depth: usize,
    /// Programs are not used.
    pub(super) is_general: bool,
}

impl<'c, 's> Decoder<'c, 's> {
    pub(super) fn new(chunk: &'c [u8], arena: &'c Bump, store: &'s mut Store) -> Self {
        Self {
            chunk,
            templates: Templates::new(chunk, arena, store),
            slots: Vec::with_capacity(64),
            output: Output::new(arena),
            depth: 0,
            is_general: false,
        }
    }

    /// Decodes a record into `self.output.event`.
    pub(super) fn decode(&mut self, record: &Record) -> Result<(), Broken> {
        match self.attempt(record, false) {
            Err(BAIL) => self.attempt(record, true),
            result => result,
        }
    }

    /// Decodes a record, by programs or in the general way only.
    pub(super) fn attempt(&mut self, record: &Record, is_general: bool) -> Result<(), Broken> {
        self.is_general = is_general;
        self.slots.clear();
        self.depth = 0;
        self.output.begin(self.chunk.get(record.start..record.end).unwrap_or_default());
        let mut builder = Builder::new(Context::Record, self.output.arena);
        self.walk(record.data().start, record.data().end, &mut builder)?;
        if !builder.is_done() {
            return Err(NO_EVENT);
        }
        if self.output.event.time_quality == TimeQuality::None {
            self.output.time(record.written);
        }
        crate::normalize::windows::name_classic_fields(&mut self.output.event, self.output.arena);
        Ok(())
    }

    /// The value `id` of the instance whose values begin at `base`.
    pub(super) fn slot(&self, base: usize, id: u16) -> Option<Slot> {
        self.slots.get(base + usize::from(id)).copied()
    }

    pub(super) fn is_null(&self, base: usize, id: u16) -> bool {
        self.slot(base, id).is_some_and(Slot::is_null)
    }

    /// The event's number, if it can be told for sure without decoding the record:
    /// decoding gives this number or finds damage.
    pub(super) fn peek_event_id(&mut self, record: &Record) -> Option<u32> {
        let mut cursor = Cursor::new(self.chunk, record.data().start, record.data().end);
        loop {
            match cursor.next(false).ok()? {
                Token::Header => {}
                Token::Instance => return self.event_id_of_instance(&mut cursor),
                Token::Open { name, .. } if is(name, "Event") => {
                    return self.event_id_in_place(cursor);
                }
                _ => return None,
            }
        }
    }

    fn event_id_of_instance(&mut self, cursor: &mut Cursor<'c>) -> Option<u32> {
        let instance = Instance::read(cursor).ok()?;
        let entry = self.templates.get(instance.definition).ok()?;
        match entry.event_id? {
            EventId::Literal(span) => {
                event_id(Text::Plain(span.of(entry.bytes)), self.output.arena)
            }
            EventId::Value(id) => {
                let slot = instance.slots().nth(usize::from(id))?;
                let is_scalar = slot.kind & kind::ARRAY == 0;
                is_scalar.then(|| event_id_of_value(slot, self.chunk, self.output.arena))?
            }
        }
    }

    /// The number in a record without templates: forwarded events are written so. The
    /// cursor stands behind the name of the root.
    fn event_id_in_place(&self, mut cursor: Cursor<'c>) -> Option<u32> {
        // Elements that are open, and those among them that lead to the number.
        let (mut depth, mut on_the_way) = (1, 1);
        let mut in_tag = true;
        loop {
            match cursor.next(false).ok()? {
                Token::Open { name, .. } => {
                    let wanted = ["Event", "System", "EventID"].get(depth);
                    if on_the_way == depth && wanted.is_some_and(|wanted| is(name, wanted)) {
                        on_the_way += 1;
                    }
                    depth += 1;
                    in_tag = true;
                }
                Token::CloseStart => in_tag = false,
                Token::CloseEmpty | Token::Close => {
                    depth -= 1;
                    if depth == 0 || on_the_way > depth {
                        return None;
                    }
                }
                Token::Value { kind, bytes } if !in_tag && on_the_way == 3 && depth == 3 => {
                    // More text could follow.
                    let Token::Close = cursor.next(false).ok()? else { return None };
                    let text = value::text(kind, bytes, self.output.arena).ok()?;
                    return event_id(text, self.output.arena);
                }
                Token::Value { .. } | Token::Attribute(_) => {}
                _ => return None,
            }
        }
    }
}
