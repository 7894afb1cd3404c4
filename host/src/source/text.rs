//! UTF-16 becomes UTF-8 before anything else sees it.

use std::io::{self, Read};

use encoding_rs::{CoderResult, Decoder, UTF_16BE, UTF_16LE};

/// Longest character in UTF-8.
const CHARACTER_BYTES_MAX: usize = 4;

/// Reads UTF-16 as UTF-8; what is no UTF-16 becomes U+FFFD.
pub struct Utf16Reader<R> {
    inner: R,
    decoder: Decoder,
    raw: Vec<u8>,
    start: usize,
    end: usize,
    at_end: bool,
    /// The decoder gave its last text and must not be asked again.
    is_finished: bool,
    /// A character that did not fit where it was asked for.
    rest: Vec<u8>,
}

impl<R: Read> Utf16Reader<R> {
    /// A reader behind the byte order mark.
    pub fn new(inner: R, big_endian: bool) -> Self {
        let encoding = if big_endian { UTF_16BE } else { UTF_16LE };
        let decoder = encoding.new_decoder_without_bom_handling();
        let raw = vec![0; 64 * 1024];
        Self {
            inner,
            decoder,
            raw,
            start: 0,
            end: 0,
            at_end: false,
            is_finished: false,
            rest: Vec::new(),
        }
    }

    fn decode(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while !self.is_finished {
            if self.start == self.end && !self.at_end {
                self.end = self.inner.read(&mut self.raw)?;
                self.start = 0;
                self.at_end = self.end == 0;
            }
            let raw = self.raw.get(self.start..self.end).unwrap_or_default();
            let (result, read, written, _) = self.decoder.decode_to_utf8(raw, out, self.at_end);
            self.start += read;
            self.is_finished = self.at_end && matches!(result, CoderResult::InputEmpty);
            if written > 0 {
                return Ok(written);
            }
        }
        Ok(0)
    }
}

impl<R: Read> Read for Utf16Reader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() && out.len() >= CHARACTER_BYTES_MAX {
            return self.decode(out);
        }
        if self.rest.is_empty() && !out.is_empty() {
            let mut character = [0; CHARACTER_BYTES_MAX];
            let length = self.decode(&mut character)?;
            self.rest.extend(character.iter().take(length));
        }
        let count = self.rest.len().min(out.len());
        for (to, from) in out.iter_mut().zip(self.rest.drain(..count)) {
            *to = from;
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One byte at a time is the hardest split.
    struct OneByOne<'a>(&'a [u8]);
    impl Read for OneByOne<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let count = 1.min(self.0.len());
            let (now, later) = self.0.split_at(count);
            out[..count].copy_from_slice(now);
            self.0 = later;
            Ok(count)
        }
    }

    /// Scenario: UTF-16 of both byte orders, read in small pieces.
    /// Guarantees: the text, with a lone surrogate replaced.
    #[test]
    fn utf16_is_read() {
        let text = "a\u{e9}\u{20ac}\u{1f600}\r\nb".repeat(1_000);
        for big_endian in [false, true] {
            let bytes =
                |unit: u16| if big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() };
            let mut raw: Vec<u8> = text.encode_utf16().flat_map(bytes).collect();
            raw.extend(bytes(0xD800));
            let mut read = String::new();
            let mut reader = Utf16Reader::new(OneByOne(&raw), big_endian);
            reader.read_to_string(&mut read).expect("valid UTF-8");
            assert_eq!(read, format!("{text}\u{fffd}"));
        }
    }
}
