//! The shape of a definition: what must be the same for another one to mean the same.
//!
//! Each chunk holds its own copies of the definitions that its records use, and they
//! differ in offsets only: a name stands in place in one copy and elsewhere in the
//! next, and lengths differ accordingly. Comparing along a shape is several times
//! cheaper than compiling anew. It knows the layout of tokens, not their meaning.

use super::Broken;
use super::token::{Cursor, Token, name_at, name_entry_bytes};

/// A piece of a definition's stream.
#[derive(Debug, Clone, Copy)]
enum Piece {
    /// So many bytes that must be equal.
    Same(u32),
    /// A length that varies with where names stand.
    Length,
    /// A reference to a name of so many bytes that must be equal.
    Name(u32),
}

/// What a definition consists of.
#[derive(Debug)]
pub(super) struct Shape {
    pieces: Vec<Piece>,
    /// The bytes of all pieces, one behind the other.
    bytes: Vec<u8>,
}

impl Shape {
    /// The shape of the definition whose stream stands in `start..end`.
    pub(super) fn of(chunk: &[u8], start: usize, end: usize) -> Result<Self, Broken> {
        let mut shape = Self { pieces: Vec::new(), bytes: Vec::new() };
        let mut cursor = Cursor::new(chunk, start, end);
        loop {
            let from = cursor.at();
            let token = cursor.next(true)?;
            let bytes = chunk.get(from..cursor.at()).unwrap_or_default();
            match token {
                Token::Open { name, .. } => {
                    // Token and dependency; then the length of the element.
                    shape.same(bytes.get(..3).unwrap_or_default());
                    shape.pieces.push(Piece::Length);
                    shape.name(name);
                    if bytes.first() == Some(&0x41) {
                        shape.pieces.push(Piece::Length);
                    }
                }
                Token::Attribute(name) | Token::EntityRef(name) => {
                    shape.same(bytes.get(..1).unwrap_or_default());
                    shape.name(name);
                }
                // It is dropped anyway, and its layout has two forms.
                Token::Instruction => return Err(Broken("a processing instruction")),
                // Without a last token, more could stand behind another one.
                Token::End if bytes.is_empty() => return Err(Broken("a stream without an end")),
                Token::End => {
                    shape.same(bytes);
                    return Ok(shape);
                }
                _ => shape.same(bytes),
            }
        }
    }

    /// How much memory it takes.
    pub(super) fn size(&self) -> usize {
        self.bytes.len() + self.pieces.len() * size_of::<Piece>()
    }

    fn same(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        match self.pieces.last_mut() {
            Some(Piece::Same(length)) => *length += bytes.len() as u32,
            _ => self.pieces.push(Piece::Same(bytes.len() as u32)),
        }
    }

    fn name(&mut self, name: &[u8]) {
        self.bytes.extend_from_slice(name);
        self.pieces.push(Piece::Name(name.len() as u32));
    }

    /// True when the stream in `start..end` has this shape.
    pub(super) fn matches(&self, chunk: &[u8], start: usize, end: usize) -> bool {
        self.end_of(chunk, start).is_some_and(|found| found <= end)
    }

    fn end_of(&self, chunk: &[u8], start: usize) -> Option<usize> {
        let mut at = start;
        let mut known = self.bytes.as_slice();
        for piece in &self.pieces {
            match *piece {
                Piece::Same(length) => {
                    let (expected, rest) = known.split_at_checked(length as usize)?;
                    if chunk.get(at..at + expected.len())? != expected {
                        return None;
                    }
                    at += expected.len();
                    known = rest;
                }
                Piece::Length => at += 4,
                Piece::Name(length) => {
                    let (expected, rest) = known.split_at_checked(length as usize)?;
                    at = past_name(chunk, at, expected)?;
                    known = rest;
                }
            }
        }
        Some(at)
    }
}

/// Where a reference to this name ends that stands at `at`.
fn past_name(chunk: &[u8], at: usize, expected: &[u8]) -> Option<usize> {
    let offset = u32::from_le_bytes(*chunk.get(at..)?.first_chunk()?) as usize;
    let name = name_at(chunk, offset).ok()?;
    let at = at + 4;
    let entry = if offset == at { name_entry_bytes(name) } else { 0 };
    (name == expected).then_some(at + entry)
}
