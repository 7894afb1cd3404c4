//! From places in the UTF-8 text back to places in the original stream.

use serde::{Deserialize, Serialize};

/// How a stream was encoded before it became UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Encoding {
    /// UTF-8, or unknown bytes taken as they are.
    #[default]
    Utf8,
    /// UTF-8 behind a byte order mark.
    Utf8Bom,
    /// UTF-16 behind a byte order mark, of either byte order.
    Utf16,
}

impl Encoding {
    /// Bytes of the mark that is no part of the text.
    pub const fn mark_bytes(self) -> u64 {
        match self {
            Self::Utf8 => 0,
            Self::Utf8Bom => 3,
            Self::Utf16 => 2,
        }
    }
}

/// Where a record begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Byte offset in the decompressed stream in its original encoding: what record
    /// references name.
    pub position: u64,
    /// Byte offset in the text, UTF-8 without a byte order mark.
    pub text_offset: u64,
}

/// Where the buffer at hand begins, in the text and in the original stream.
#[derive(Debug, Clone)]
pub(super) struct Positions {
    encoding: Encoding,
    text: u64,
    original: u64,
    /// The place asked for last, in the buffer and in the original stream, so
    /// that a buffer of UTF-16 is counted once and not once a record.
    last: (usize, u64),
}

impl Positions {
    pub(super) fn new(encoding: Encoding) -> Self {
        let original = encoding.mark_bytes();
        Self { encoding, text: 0, original, last: (0, original) }
    }

    /// The places where a stream goes on.
    pub(super) fn resumed(encoding: Encoding, text: u64, original: u64) -> Self {
        Self { encoding, text, original, last: (0, original) }
    }

    pub(super) fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Offset of the buffer in the original stream.
    pub(super) fn next(&self) -> u64 {
        self.original
    }

    /// Offset of the buffer in the text.
    pub(super) fn text(&self) -> u64 {
        self.text
    }

    /// The place of the byte `at` of the buffer.
    pub(super) fn place(&mut self, buf: &[u8], at: usize) -> Place {
        Place { position: self.original(buf, at), text_offset: self.text + at as u64 }
    }

    /// The original offset of the byte `at` of the buffer.
    pub(super) fn original(&mut self, buf: &[u8], at: usize) -> u64 {
        let (from, original) = if self.last.0 <= at { self.last } else { (0, self.original) };
        let between = buf.get(from..at).unwrap_or_default();
        self.last = (at, original + self.original_bytes(between));
        self.last.1
    }

    /// The buffer's first bytes are consumed.
    pub(super) fn advance(&mut self, buf: &[u8], consumed: usize) {
        self.original = self.original(buf, consumed);
        self.text += consumed as u64;
        self.last = (0, self.original);
    }

    fn original_bytes(&self, text: &[u8]) -> u64 {
        match self.encoding {
            Encoding::Utf8 | Encoding::Utf8Bom => text.len() as u64,
            // Every character begins with one byte that does not continue another;
            // four bytes stand for a surrogate pair.
            Encoding::Utf16 => {
                let units = |byte: &u8| match byte {
                    0x80..0xC0 => 0,
                    0xF0..=0xFF => 2,
                    _ => 1,
                };
                text.iter().map(units).sum::<u64>() * 2
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: UTF-16 text with characters of one, two, three and four bytes.
    /// Guarantees: the original offset of each, in any order and across buffers.
    #[test]
    fn utf16_offsets_are_found() {
        let text = "a\u{e9}\u{20ac}\u{1f600}b".as_bytes();
        let mut positions = Positions::new(Encoding::Utf16);
        assert_eq!(positions.original(text, text.len() - 1), 2 + 2 * 5);
        assert_eq!(positions.original(text, 0), 2);
        assert_eq!(positions.original(text, 3), 2 + 2 * 2);
        positions.advance(text, 6);
        assert_eq!(positions.original(&text[6..], 4), 2 + 2 * 5);
        assert_eq!(positions.text(), 6);
    }
}
