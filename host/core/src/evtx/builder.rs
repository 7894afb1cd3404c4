//! The general way from elements to the event: tags and texts come in as a reader of
//! the XML would see them.
//!
//! Owns what an element means by the place where it stands. It does not know how
//! elements are stored.

use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;

use super::Broken;
use super::output::{ATTRIBUTES, Member, Output};
use super::text::{Joined, Text};
use crate::limits::{DEPTH_MAX, NAME_BYTES_MAX};

/// Where elements stand whose meaning a compiled template can know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Context {
    /// The record itself: `Event`.
    Record,
    /// Inside `Event`: `System`, `EventData`, ...
    Event,
    /// Inside `UserData`: the element that names the schema.
    UserData,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place<'c> {
    Record,
    Event,
    System,
    EventData,
    RenderingInfo,
    /// Elements whose names are the fields' names, behind this prefix.
    Nested(&'c [u8]),
    /// Behind the record's root.
    Done,
}

/// An element on the way down.
#[derive(Debug, Clone, Copy)]
struct Step<'c> {
    element: &'c [u8],
    /// The `Name` of a `Data` element.
    given: Option<&'c [u8]>,
}

impl<'c> Step<'c> {
    fn field(self) -> &'c [u8] {
        self.given.unwrap_or(self.element)
    }
}

/// The element of a flat section that is being read.
#[derive(Debug)]
struct Leaf<'c> {
    name: &'c [u8],
    member: Member,
    attributes: [Text<'c>; ATTRIBUTES],
}

/// Tags and texts on their way into an event.
#[derive(Debug)]
pub(super) struct Builder<'c> {
    place: Place<'c>,
    /// Elements that are open, counted from the record's root.
    depth: usize,
    /// Of those, the ones inside the section.
    inside: usize,
    leaf: Leaf<'c>,
    text: Joined<'c>,
    path: ArenaVec<'c, Step<'c>>,
    /// No element has been closed inside the last one of the path.
    is_leaf: bool,
}

impl<'c> Builder<'c> {
    pub(super) fn new(context: Context, arena: &'c Bump) -> Self {
        let (place, depth) = match context {
            Context::Record => (Place::Record, 0),
            Context::Event => (Place::Event, 1),
            Context::UserData => (Place::Nested(b""), 2),
        };
        let leaf = Leaf { name: b"", member: Member::Other, attributes: [Text::EMPTY; ATTRIBUTES] };
        let path = ArenaVec::new_in(arena);
        Self { place, depth, inside: 0, leaf, text: Joined::EMPTY, path, is_leaf: false }
    }

    pub(super) const fn depth(&self) -> usize {
        self.depth
    }

    /// True when the record's root was closed; what follows is no part of it.
    pub(super) fn is_done(&self) -> bool {
        self.place == Place::Done
    }

    /// The context of an element that would start here, if it is a known one.
    pub(super) fn context(&self) -> Option<Context> {
        match self.place {
            Place::Record => Some(Context::Record),
            Place::Event => Some(Context::Event),
            Place::Nested(b"") if self.inside == 0 => Some(Context::UserData),
            _ => None,
        }
    }

    /// A compiled template took care of an element that would start here.
    pub(super) fn took_element(&mut self) {
        if self.place == Place::Record {
            self.place = Place::Done;
        }
    }

    pub(super) fn open(&mut self, name: &'c [u8]) -> Result<(), Broken> {
        if self.depth >= DEPTH_MAX {
            return Err(Broken("elements nest too deep"));
        }
        match (self.place, name) {
            (Place::Record, b"Event") => self.place = Place::Event,
            (Place::Record, _) => return Err(NO_EVENT),
            (_, b"Event") => return Err(Broken("another event starts inside")),
            (Place::Event, b"System") => self.place = Place::System,
            (Place::Event, b"EventData") => self.place = Place::EventData,
            (Place::Event, b"RenderingInfo") => self.place = Place::RenderingInfo,
            (Place::Event, b"UserData") => self.place = Place::Nested(b""),
            (Place::Event, name) => self.place = Place::Nested(name),
            _ => self.open_inside(name),
        }
        self.depth += 1;
        Ok(())
    }

    fn open_inside(&mut self, name: &'c [u8]) {
        if let Place::Nested(_) = self.place {
            self.path.push(Step { element: name, given: None });
            self.is_leaf = true;
            self.text = Joined::EMPTY;
        } else if self.inside == 0 {
            let member = if self.place == Place::System { Member::of(name) } else { Member::Other };
            self.leaf = Leaf { name, member, attributes: [Text::EMPTY; ATTRIBUTES] };
            self.text = Joined::EMPTY;
        }
        self.inside += 1;
    }

    /// An attribute of the element just opened. Without a value it is not there.
    pub(super) fn attribute(&mut self, name: &[u8], text: Text<'c>, arena: &'c Bump) {
        if text.is_empty() || self.inside == 0 {
            return;
        }
        match self.place {
            Place::System if self.inside == 1 => {
                let names = self.leaf.member.attributes();
                let place = names.iter().position(|known| is(name, known));
                self.keep(place, text);
            }
            Place::EventData if self.inside == 1 => {
                self.keep(is(name, "Name").then_some(0), text);
            }
            Place::Nested(_) => {
                let step = self.path.last_mut().filter(|step| step.element == b"Data");
                if let Some(step) = step.filter(|_| is(name, "Name")) {
                    step.given = step.given.or_else(|| Some(text.utf8(arena)));
                }
            }
            _ => {}
        }
    }

    /// Of two attributes with one name, the first one counts.
    fn keep(&mut self, place: Option<usize>, text: Text<'c>) {
        let kept = place.and_then(|place| self.leaf.attributes.get_mut(place));
        if let Some(kept) = kept.filter(|kept| kept.is_empty()) {
            *kept = text;
        }
    }

    /// Text inside the element that is open.
    pub(super) fn text(&mut self, text: Text<'c>, arena: &'c Bump) {
        let counts = match self.place {
            Place::System | Place::EventData | Place::RenderingInfo => self.inside > 0,
            Place::Nested(_) => self.is_leaf,
            Place::Record | Place::Event | Place::Done => false,
        };
        if counts {
            self.text.push(text, arena);
        }
    }

    pub(super) fn close(&mut self, output: &mut Output<'c>) -> Result<(), Broken> {
        self.depth = self.depth.saturating_sub(1);
        if self.inside == 0 {
            self.place = if self.place == Place::Event { Place::Done } else { Place::Event };
            return Ok(());
        }
        self.inside -= 1;
        if let Place::Nested(prefix) = self.place {
            if self.is_leaf {
                self.close_nested(prefix, output)?;
            }
            self.path.pop();
            self.is_leaf = false;
        } else if self.inside == 0 {
            self.close_leaf(output)?;
        }
        Ok(())
    }

    /// Closes an element that has no inside at all (`<Name/>`).
    pub(super) fn close_empty(&mut self, output: &mut Output<'c>) -> Result<(), Broken> {
        match self.place {
            Place::Event if self.inside == 0 => return Err(NO_EVENT),
            // An empty message is none.
            Place::RenderingInfo if self.inside == 1 => self.leaf.name = b"",
            _ => {}
        }
        self.close(output)
    }

    fn close_leaf(&mut self, output: &mut Output<'c>) -> Result<(), Broken> {
        let text = self.text.take();
        let Leaf { name, member, attributes } = self.leaf;
        match self.place {
            Place::System => output.member(member, name, attributes, text),
            Place::EventData => {
                let [given, ..] = attributes;
                let name = if given.is_empty() { name } else { given.utf8(output.arena) };
                output.field(name, text)
            }
            // The rest of it repeats the System block.
            Place::RenderingInfo if name == b"Message" => output.envelope(name, text),
            _ => Ok(()),
        }
    }

    /// A leaf of nested elements. The outermost element of user data names the schema
    /// and is no part of the field's name.
    fn close_nested(&mut self, prefix: &'c [u8], output: &mut Output<'c>) -> Result<(), Broken> {
        let text = self.text.take();
        let named_from = usize::from(prefix.is_empty());
        let steps = self.path.get(named_from..).unwrap_or_default();
        let name = match (prefix, steps) {
            (_, []) => return Ok(()),
            (b"", [step]) => step.field(),
            _ => {
                let prefix = std::iter::once(prefix).filter(|prefix| !prefix.is_empty());
                let parts = prefix.chain(steps.iter().map(|step| step.field()));
                let mut name = ArenaVec::new_in(output.arena);
                join(parts, |part| name.extend_from_slice(part)).ok_or(LONG_NAME)?;
                name.into_bump_slice()
            }
        };
        output.field(name, text)
    }
}

pub(super) const NO_EVENT: Broken = Broken("the record does not begin with `<Event`");
const LONG_NAME: Broken = Broken("nested names are longer than any name is");

/// Writes `Outer/Inner`; `None` when that gets longer than [`NAME_BYTES_MAX`].
pub(super) fn join<'a>(
    parts: impl Iterator<Item = &'a [u8]>,
    mut write: impl FnMut(&[u8]),
) -> Option<()> {
    let mut length = 0;
    for (index, part) in parts.enumerate() {
        if index > 0 {
            write(b"/");
            length += 1;
        }
        length += part.len();
        if length > NAME_BYTES_MAX {
            return None;
        }
        write(part);
    }
    Some(())
}

/// True when a UTF-16 name is this ASCII one.
pub(super) fn is(name: &[u8], ascii: &str) -> bool {
    name.len() == ascii.len() * 2
        && name.as_chunks::<2>().0.iter().zip(ascii.bytes()).all(|(unit, byte)| *unit == [byte, 0])
}
