//! Runs compiled templates.
//!
//! Owns the limits of what a program can do with actual values: where a value turns
//! out to be more than a text (elements, an array that repeats an element), it stops
//! and the record is read the general way.

use super::builder::Builder;
use super::output::event_id_of_value;
use super::program::{Name, Op, Source, What};
use super::record::{BAIL, Decoder};
use super::templates::Loaded;
use super::text::Text;
use super::token::INDEPENDENT;
use super::value::{self, Items};
use super::{Broken, kind};

impl<'c> Decoder<'c, '_> {
    /// Runs a program on the values from `base` on.
    pub(super) fn run(&mut self, program: Loaded<'c>, base: usize) -> Result<(), Broken> {
        self.output.work(program.ops.len())?;
        let mut ops = program.ops.iter();
        while let Some(Op { dependency, what }) = ops.next() {
            if *dependency != INDEPENDENT && self.is_null(base, *dependency) {
                if let What::Group(length) = what {
                    ops = ops.as_slice().get(*length as usize..).unwrap_or_default().iter();
                }
                continue;
            }
            self.step(program, what, base)?;
        }
        Ok(())
    }

    #[inline]
    fn step(&mut self, program: Loaded<'c>, what: &What, base: usize) -> Result<(), Broken> {
        let bytes = program.bytes;
        match *what {
            What::Group(_) => {}
            What::Field { name, text } => self.field(program, name, text, base)?,
            What::Envelope { name, text } => {
                let text = self.text(bytes, text, base)?;
                self.output.envelope(name.of(bytes), text.trim())?;
            }
            What::Attribute { name, text } => {
                let text = self.text(bytes, text, base)?;
                self.output.attribute(name, text)?;
            }
            What::Nested { id, context } => match self.slot(base, id) {
                Some(slot) if slot.is_fragment() => {
                    let mut builder = Builder::new(context, self.output.arena);
                    self.walk(slot.start as usize, slot.end(), &mut builder)?;
                }
                _ => self.unused(base, id)?,
            },
            What::Text(id) => self.unused(base, id)?,
            What::Provider { name, otherwise } => {
                let name = self.text(bytes, name, base)?;
                let otherwise = self.text(bytes, otherwise, base)?;
                self.output.provider(if name.is_empty() { otherwise } else { name })?;
            }
            What::EventId(text) => self.event_id(bytes, text, base)?,
            What::Channel(text) => {
                let text = self.text(bytes, text, base)?;
                self.output.channel(text)?;
            }
            What::Computer(text) => {
                let text = self.text(bytes, text, base)?;
                self.output.computer(text)?;
            }
            What::Time(text) => self.time(bytes, text, base)?,
        }
        Ok(())
    }

    fn event_id(&mut self, bytes: &'c [u8], text: Source, base: usize) -> Result<(), Broken> {
        if let Source::Value(id) = text
            && let Some(slot) = self.slot(base, id)
            && value::number(slot.kind, slot.bytes(self.chunk)).is_some()
        {
            let number = event_id_of_value(slot, self.chunk, self.output.arena);
            return self.output.event_number(number);
        }
        let text = self.text(bytes, text, base)?;
        self.output.event_id(text)
    }

    fn time(&mut self, bytes: &'c [u8], text: Source, base: usize) -> Result<(), Broken> {
        if let Source::Value(id) = text
            && let Some(slot) = self.slot(base, id).filter(|slot| slot.kind == kind::FILETIME)
            && let Some(ticks) = slot.bytes(self.chunk).first_chunk()
        {
            self.output.time(u64::from_le_bytes(*ticks));
            return Ok(());
        }
        let text = self.text(bytes, text, base)?;
        self.output.time_text(text)
    }

    fn field(
        &mut self,
        program: Loaded<'c>,
        name: Name,
        text: Source,
        base: usize,
    ) -> Result<(), Broken> {
        let name = match name {
            Name::Fixed(span) => span.of(program.bytes),
            Name::Value { id, otherwise } => {
                let given = self.text(program.bytes, Source::Value(id), base)?;
                self.output.pay(given)?;
                let is_given = !given.is_empty();
                if is_given { given.utf8(self.output.arena) } else { otherwise.of(program.bytes) }
            }
        };
        if let Source::Value(id) = text
            && let Some(slot) = self.slot(base, id)
            && slot.kind & kind::ARRAY != 0
        {
            return self.repeated(name, slot.kind, slot.bytes(self.chunk));
        }
        let text = self.text(program.bytes, text, base)?;
        self.output.field(name, text)
    }

    /// An array repeats its element; one without items leaves it empty.
    fn repeated(&mut self, name: &'c [u8], kind: u8, bytes: &'c [u8]) -> Result<(), Broken> {
        let mut items = Items::new(kind, bytes)?;
        let first = items.next().map_or(Ok(Text::EMPTY), |item| item.text(self.output.arena))?;
        self.output.field(name, first)?;
        for item in items {
            let text = item.text(self.output.arena)?;
            self.output.field(name, text)?;
        }
        Ok(())
    }

    /// A text that goes nowhere. It may be damaged all the same.
    fn unused(&mut self, base: usize, id: u16) -> Result<(), Broken> {
        let text = self.text(b"", Source::Value(id), base)?;
        self.output.pay(text)
    }

    /// A text that nobody has paid for yet.
    fn text(&self, bytes: &'c [u8], source: Source, base: usize) -> Result<Text<'c>, Broken> {
        let id = match source {
            Source::Nothing => return Ok(Text::EMPTY),
            Source::Literal(span) => return Ok(Text::Plain(span.of(bytes))),
            Source::Value(id) => id,
        };
        let Some(slot) = self.slot(base, id) else { return Ok(Text::EMPTY) };
        let (bytes, arena) = (slot.bytes(self.chunk), self.output.arena);
        match slot.kind {
            kind::STRING => Ok(Text::utf16(bytes, arena)),
            0..kind::BIN_XML => value::scalar(slot.kind, bytes, arena),
            _ => {
                self.mere_text(base, id)?;
                value::text(slot.kind, bytes, arena)
            }
        }
    }

    /// Stops at a value that is more than one text.
    fn mere_text(&self, base: usize, id: u16) -> Result<(), Broken> {
        let Some(slot) = self.slot(base, id) else { return Ok(()) };
        let is_text = match slot.kind {
            kind::BIN_XML => !slot.is_fragment(),
            value if value & kind::ARRAY != 0 => {
                Items::new(value, slot.bytes(self.chunk))?.nth(1).is_none()
            }
            _ => true,
        };
        if is_text { Ok(()) } else { Err(BAIL) }
    }
}
