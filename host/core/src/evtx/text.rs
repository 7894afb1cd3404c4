//! Text as BinXML holds it: UTF-16 in the chunk, or already UTF-8.
//!
//! Owns which characters Event XML can hold, so that a value reads the same here as
//! in the XML rendering. It does not know where a text comes from.

use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;

use crate::event::{Escape, Value};

/// A text in one of the two spellings that occur.
#[derive(Debug, Clone, Copy)]
pub(super) enum Text<'c> {
    /// Little-endian UTF-16 of which every character can stand in XML.
    Utf16(&'c [u8]),
    /// UTF-8.
    Plain(&'c [u8]),
}

impl<'c> Text<'c> {
    pub(super) const EMPTY: Self = Self::Plain(b"");

    /// The UTF-16 string in `bytes`, up to its first NUL. Like Windows, we write `_`
    /// for what XML cannot hold: control characters, lone surrogates, U+FFFE, U+FFFF.
    pub(super) fn utf16(bytes: &'c [u8], arena: &'c Bump) -> Self {
        let bytes = bytes.get(..bytes.len() & !1).unwrap_or_default();
        // Most strings of classic events end with a NUL.
        let bytes = bytes.strip_suffix(&[0, 0]).unwrap_or(bytes);
        if is_simple(bytes) {
            return Self::Utf16(bytes);
        }
        let nul = bytes.as_chunks::<2>().0.iter().position(|unit| *unit == [0, 0]);
        let bytes = nul.and_then(|at| bytes.get(..at * 2)).unwrap_or(bytes);
        if is_valid_xml(bytes) { Self::Utf16(bytes) } else { Self::Plain(mended(bytes, arena)) }
    }

    /// The ANSI string in `bytes` without its NULs. No record says which code page
    /// it is in; windows-1252 is the likeliest, and right for ASCII in any case.
    pub(super) fn ansi(bytes: &'c [u8], arena: &'c Bump) -> Self {
        if bytes.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\t' | b'\r' | b'\n')) {
            return Self::Plain(bytes);
        }
        let mut out = ArenaVec::with_capacity_in(bytes.len() * 2, arena);
        for byte in bytes.iter().filter(|byte| **byte != 0) {
            push_char(&mut out, xml_char(windows_1252(*byte)));
        }
        Self::Plain(out.into_bump_slice())
    }

    /// The bytes as they are spelled.
    pub(super) const fn spelled(self) -> &'c [u8] {
        match self {
            Self::Utf16(bytes) | Self::Plain(bytes) => bytes,
        }
    }

    pub(super) const fn is_empty(self) -> bool {
        self.spelled().is_empty()
    }

    /// Without the ASCII blanks around it.
    pub(super) fn trim(self) -> Self {
        match self {
            Self::Plain(bytes) => Self::Plain(bytes.trim_ascii()),
            Self::Utf16(bytes) => {
                let (units, _) = bytes.as_chunks::<2>();
                let is_text = |unit: &[u8; 2]| unit[1] != 0 || !unit[0].is_ascii_whitespace();
                let start = units.iter().position(is_text).unwrap_or(units.len());
                let end = units.iter().rposition(is_text).map_or(start, |last| last + 1);
                Self::Utf16(bytes.get(start * 2..end * 2).unwrap_or_default())
            }
        }
    }

    pub(super) const fn value(self) -> Value<'c> {
        match self {
            Self::Utf16(bytes) => Value::new(bytes, Escape::Utf16Le),
            Self::Plain(bytes) => Value::plain(bytes),
        }
    }

    pub(super) fn utf8(self, arena: &'c Bump) -> &'c [u8] {
        self.value().text(arena)
    }
}

/// A text that is put together from parts; borrowed as long as there is only one.
#[derive(Debug)]
pub(super) enum Joined<'c> {
    One(Text<'c>),
    Many(ArenaVec<'c, u8>),
}

impl<'c> Joined<'c> {
    pub(super) const EMPTY: Self = Self::One(Text::EMPTY);

    pub(super) fn push(&mut self, part: Text<'c>, arena: &'c Bump) {
        match self {
            _ if part.is_empty() => {}
            Self::One(text) if text.is_empty() => *text = part,
            Self::One(text) => {
                let first = text.utf8(arena);
                let mut parts =
                    ArenaVec::with_capacity_in(first.len() + part.spelled().len(), arena);
                parts.extend_from_slice(first);
                parts.extend_from_slice(part.utf8(arena));
                *self = Self::Many(parts);
            }
            Self::Many(parts) => parts.extend_from_slice(part.utf8(arena)),
        }
    }

    /// Takes the text out; what is left is empty.
    pub(super) fn take(&mut self) -> Text<'c> {
        match std::mem::replace(self, Self::EMPTY) {
            Self::One(text) => text,
            Self::Many(parts) => Text::Plain(parts.into_bump_slice()),
        }
    }
}

/// The part of a UTF-16 name behind its namespace prefix, as UTF-8.
pub(super) fn local_name(name: &[u8], mut push: impl FnMut(u8)) {
    let (units, _) = name.as_chunks::<2>();
    let prefix = units.iter().position(|unit| *unit == [b':', 0]);
    let local = units.get(prefix.map_or(0, |colon| colon + 1)..).unwrap_or_default();
    if local.iter().all(|unit| unit[1] == 0 && unit[0].is_ascii()) {
        return local.iter().for_each(|unit| push(unit[0]));
    }
    for c in char::decode_utf16(local.iter().map(|unit| u16::from_le_bytes(*unit))) {
        let c = c.unwrap_or(char::REPLACEMENT_CHARACTER);
        c.encode_utf8(&mut [0; 4]).bytes().for_each(&mut push);
    }
}

/// True for a string that needs no second look: no NUL, and every unit is a character
/// by itself that can stand in XML. Looking at each string is most of what strings
/// cost, so it goes by blocks. The last block or word overlaps the one before it.
fn is_simple(bytes: &[u8]) -> bool {
    let (blocks, _) = bytes.as_chunks::<32>();
    if let Some(last) = bytes.last_chunk::<32>() {
        let is_simple = |block: &[u8; 32]| is_plain_block(block) || has_simple_units(block);
        return blocks.iter().all(is_simple) && is_simple(last);
    }
    let (words, _) = bytes.as_chunks::<8>();
    if let Some(last) = bytes.last_chunk::<8>() {
        let is_odd = |word: &[u8; 8]| odd_units(u64::from_le_bytes(*word)) != 0;
        let is_simple = !words.iter().any(is_odd) && !is_odd(last);
        return is_simple || has_simple_units(bytes);
    }
    has_simple_units(bytes)
}

/// The same unit by unit.
fn has_simple_units(bytes: &[u8]) -> bool {
    bytes.as_chunks::<2>().0.iter().all(
        |unit| matches!(u16::from_le_bytes(*unit), 9 | 10 | 13 | 0x20..0xD800 | 0xE000..0xFFFE),
    )
}

/// True for a block of units between the controls and the surrogates. Without an
/// early exit, so that it becomes vector code.
fn is_plain_block(block: &[u8; 32]) -> bool {
    let odd = block.as_chunks::<2>().0.iter().fold(0, |odd, unit| {
        odd | u16::from_le_bytes(*unit).wrapping_sub(0x20).saturating_sub(0xD7DF)
    });
    odd == 0
}

/// The highest bit of each of the four units that is below 0x20 or not below 0xD800.
/// No sum here carries into the next unit, for the highest bits are left out of it.
const fn odd_units(word: u64) -> u64 {
    const EACH: u64 = 0x0001_0001_0001_0001;
    let low = word & (0x7FFF * EACH);
    let high = word & (low + 0x2800 * EACH);
    let control = !(word | (low + 0x7FE0 * EACH));
    (high | control) & (0x8000 * EACH)
}

fn chars(bytes: &[u8]) -> impl Iterator<Item = Option<char>> {
    let (units, _) = bytes.as_chunks::<2>();
    char::decode_utf16(units.iter().map(|unit| u16::from_le_bytes(*unit))).map(Result::ok)
}

fn is_valid_xml(bytes: &[u8]) -> bool {
    chars(bytes).all(|c| c.is_some_and(|c| xml_char(c) == c))
}

fn mended<'c>(bytes: &[u8], arena: &'c Bump) -> &'c [u8] {
    let mut out = ArenaVec::with_capacity_in(bytes.len() / 2 + 8, arena);
    for c in chars(bytes) {
        push_char(&mut out, c.map_or('_', xml_char));
    }
    out.into_bump_slice()
}

/// The character, or `_` when XML cannot hold it (XML 1.0, 2.2).
const fn xml_char(c: char) -> char {
    match c {
        '\t' | '\n' | '\r' => c,
        '\0'..' ' | '\u{fffe}' | '\u{ffff}' => '_',
        _ => c,
    }
}

fn push_char(out: &mut ArenaVec<'_, u8>, c: char) {
    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

/// The upper half of windows-1252 where it is not Latin-1 (WHATWG Encoding, index
/// windows-1252); its five holes are the C1 controls.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

fn windows_1252(byte: u8) -> char {
    let special = byte.checked_sub(0x80).and_then(|at| WINDOWS_1252.get(usize::from(at)));
    special.copied().unwrap_or(char::from(byte))
}
