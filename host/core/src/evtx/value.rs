//! Typed values (MS-EVEN6 2.2.18) as text.
//!
//! Owns the value types: how wide they are and how arrays of them are laid out. It
//! does not know where a value is used.

use bumpalo::Bump;

use super::number;
use super::text::{Joined, Text};
use super::{Broken, kind};

/// The text of a value that stands alone; an array is a list with commas.
pub(super) fn text<'c>(value: u8, bytes: &'c [u8], arena: &'c Bump) -> Result<Text<'c>, Broken> {
    if value & kind::ARRAY == 0 {
        return scalar(value, bytes, arena);
    }
    let mut list = Joined::EMPTY;
    for (index, item) in Items::new(value, bytes)?.enumerate() {
        if index > 0 {
            list.push(Text::Plain(b","), arena);
        }
        list.push(item.text(arena)?, arena);
    }
    Ok(list.take())
}

/// The text of a value that is no array.
pub(super) fn scalar<'c>(value: u8, bytes: &'c [u8], arena: &'c Bump) -> Result<Text<'c>, Broken> {
    // A value without bytes says nothing, whatever its type.
    if bytes.is_empty() {
        return Ok(Text::EMPTY);
    }
    let plain = match value {
        kind::NULL => b"",
        kind::STRING => return Ok(Text::utf16(bytes, arena)),
        kind::ANSI_STRING => return Ok(Text::ansi(bytes, arena)),
        kind::INT8 => number::signed(i8::from_le_bytes(first(bytes)?).into(), arena),
        kind::UINT8 => number::unsigned(u8::from_le_bytes(first(bytes)?).into(), arena),
        kind::INT16 => number::signed(i16::from_le_bytes(first(bytes)?).into(), arena),
        kind::UINT16 => number::unsigned(u16::from_le_bytes(first(bytes)?).into(), arena),
        kind::INT32 => number::signed(i32::from_le_bytes(first(bytes)?).into(), arena),
        kind::UINT32 => number::unsigned(u32::from_le_bytes(first(bytes)?).into(), arena),
        kind::INT64 => number::signed(i64::from_le_bytes(first(bytes)?), arena),
        kind::UINT64 => number::unsigned(u64::from_le_bytes(first(bytes)?), arena),
        kind::REAL32 => number::float(f32::from_le_bytes(first(bytes)?), arena),
        kind::REAL64 => number::float(f64::from_le_bytes(first(bytes)?), arena),
        kind::BOOL => boolean(i32::from_le_bytes(first(bytes)?), arena),
        kind::BINARY => number::binary(bytes, arena),
        kind::GUID => number::guid(first(bytes)?, arena),
        kind::SIZE_T if bytes.len() < 8 => {
            number::hex(u32::from_le_bytes(first(bytes)?).into(), arena)
        }
        kind::HEX_INT32 => number::hex(u32::from_le_bytes(first(bytes)?).into(), arena),
        kind::SIZE_T | kind::HEX_INT64 => number::hex(u64::from_le_bytes(first(bytes)?), arena),
        kind::FILETIME => number::filetime(u64::from_le_bytes(first(bytes)?), arena),
        kind::SYSTEMTIME => number::systemtime(first(bytes)?, arena),
        kind::SID => number::sid(bytes, arena).ok_or(SHORT)?,
        _ => return Err(Broken("a value has a type that no text has")),
    };
    Ok(Text::Plain(plain))
}

/// The number that a value is, without writing it down, if it is an unsigned one of
/// at most 32 bits.
pub(super) fn number(value: u8, bytes: &[u8]) -> Option<u32> {
    match value {
        kind::UINT8 => bytes.first().copied().map(u32::from),
        kind::UINT16 => bytes.first_chunk().map(|bytes| u16::from_le_bytes(*bytes).into()),
        kind::UINT32 => bytes.first_chunk().map(|bytes| u32::from_le_bytes(*bytes)),
        _ => None,
    }
}

const SHORT: Broken = Broken("a value is shorter than its type");

fn first<const N: usize>(bytes: &[u8]) -> Result<[u8; N], Broken> {
    bytes.first_chunk::<N>().copied().ok_or(SHORT)
}

/// Windows writes bit masks into some booleans; those stay numbers.
fn boolean(number: i32, arena: &Bump) -> &[u8] {
    match number {
        0 => b"false",
        1 => b"true",
        other => number::signed(other.into(), arena),
    }
}

/// One element of an array.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item<'c> {
    value: u8,
    bytes: &'c [u8],
}

impl<'c> Item<'c> {
    pub(super) fn text(self, arena: &'c Bump) -> Result<Text<'c>, Broken> {
        scalar(self.value, self.bytes, arena)
    }
}

/// The elements of an array.
#[derive(Debug, Clone)]
pub(super) struct Items<'c> {
    value: u8,
    /// Bytes of one element; 0 when the elements tell their own end.
    width: usize,
    rest: &'c [u8],
}

impl<'c> Items<'c> {
    pub(super) fn new(value: u8, bytes: &'c [u8]) -> Result<Self, Broken> {
        let value = value & !kind::ARRAY;
        let width = match value {
            kind::STRING | kind::ANSI_STRING | kind::SID => 0,
            kind::INT8 | kind::UINT8 => 1,
            kind::INT16 | kind::UINT16 => 2,
            kind::INT32 | kind::UINT32 | kind::REAL32 | kind::BOOL | kind::HEX_INT32 => 4,
            kind::INT64 | kind::UINT64 | kind::REAL64 | kind::FILETIME | kind::HEX_INT64 => 8,
            kind::GUID | kind::SYSTEMTIME => 16,
            _ => return Err(Broken("an array has elements of a type that no text has")),
        };
        // Booleans of which one is a bit mask are numbers, all of them.
        let is_mask = |item: &[u8; 4]| u32::from_le_bytes(*item) > 1;
        let has_masks = value == kind::BOOL && bytes.as_chunks::<4>().0.iter().any(is_mask);
        Ok(Self { value: if has_masks { kind::INT32 } else { value }, width, rest: bytes })
    }

    /// Where the first element ends, and where the next one begins.
    fn ends(&self) -> (usize, usize) {
        let all = (self.rest.len(), self.rest.len());
        match (self.value, self.rest) {
            (kind::STRING, rest) => {
                let nul = rest.as_chunks::<2>().0.iter().position(|unit| *unit == [0, 0]);
                nul.map_or(all, |at| (at * 2, at * 2 + 2))
            }
            (kind::ANSI_STRING, rest) => memchr::memchr(0, rest).map_or(all, |at| (at, at + 1)),
            (kind::SID, [_, count, ..]) => {
                let length = (8 + usize::from(*count) * 4).min(self.rest.len());
                (length, length)
            }
            (kind::SID, _) => all,
            _ => (self.width, self.width),
        }
    }
}

impl<'c> Iterator for Items<'c> {
    type Item = Item<'c>;

    fn next(&mut self) -> Option<Item<'c>> {
        if self.rest.is_empty() {
            return None;
        }
        let (end, next) = self.ends();
        let bytes = self.rest.get(..end)?;
        self.rest = self.rest.get(next..)?;
        Some(Item { value: self.value, bytes })
    }
}
