//! Objects that span lines, alone, in a row, or as the elements of an array.
//!
//! The only framing that counts: braces nest, and strings hide them. It is used
//! for files that are one document, where every object is decoded anyway.

use memchr::memchr;

use super::{Broken, Frame};
use crate::limits::FRAME_BYTES_MAX;

pub(super) fn start_at_or_after(buf: &[u8], from: usize) -> Result<usize, usize> {
    let window = buf.get(from..).unwrap_or_default();
    memchr(b'{', window).map(|at| from + at).ok_or(buf.len())
}

pub(super) fn frame_at(buf: &[u8], start: usize, at_end: bool) -> Frame {
    let rest = buf.get(start..).unwrap_or_default();
    match object_length(rest) {
        Some(length) => Frame::Complete { content: start..start + length, next: start + length },
        None if at_end => Frame::Broken { reason: Broken::Truncated, next: buf.len() },
        None if rest.len() > FRAME_BYTES_MAX => {
            Frame::Broken { reason: Broken::TooLong, next: start + 1 }
        }
        None => Frame::Incomplete,
    }
}

/// The length of the object that `bytes` begins with.
fn object_length(bytes: &[u8]) -> Option<usize> {
    let mut depth = 0_usize;
    let mut rest = bytes;
    loop {
        let (&byte, tail) = rest.split_first()?;
        rest = tail;
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => rest = after_string(rest)?,
            _ => {}
        }
        if depth == 0 {
            return Some(bytes.len() - rest.len());
        }
    }
}

/// What follows the string whose opening quote was read.
fn after_string(mut rest: &[u8]) -> Option<&[u8]> {
    loop {
        let at = memchr::memchr2(b'"', b'\\', rest)?;
        let (quote, after) = rest.get(at..)?.split_first()?;
        if *quote == b'"' {
            return Some(after);
        }
        rest = after.get(1..)?;
    }
}
