//! `<Event ...>` to `</Event>`: one event a line, pretty-printed, or a file of
//! events in a row.
//!
//! Every `<Event` that is followed by a blank, `>` or `/` is a start, whatever
//! stands around it; Windows escapes `<` in data, so a start inside a record
//! means that the record before was cut off. The decoder reports such a start
//! as damage, and reading goes on there.

use memchr::memmem;

use super::{Broken, Frame};
use crate::limits::FRAME_BYTES_MAX;

const START: &[u8] = b"<Event";
const END: &[u8] = b"</Event>";

pub(super) fn start_at_or_after(buf: &[u8], from: usize) -> Result<usize, usize> {
    let window = buf.get(from..).unwrap_or_default();
    for at in memmem::find_iter(window, START) {
        match window.get(at + START.len()) {
            Some(byte) if is_delimiter(*byte) => return Ok(from + at),
            Some(_) => {}
            None => return Err(from + at),
        }
    }
    // A part of a start may stand at the very end.
    let tail = window.len().saturating_sub(START.len() - 1);
    let open = window.get(tail..).and_then(|rest| memchr::memchr(b'<', rest));
    Err(from + open.map_or(window.len(), |at| tail + at))
}

pub(super) fn start_at_or_before(buf: &[u8], at: usize, floor: usize) -> Option<usize> {
    // The start's own bytes reach past `at`.
    let end = buf.len().min(at + START.len() + 1);
    let mut window = buf.get(floor..end)?;
    while let Some(found) = memmem::rfind(window, START) {
        if buf.get(floor + found + START.len()).is_some_and(|byte| is_delimiter(*byte)) {
            return Some(floor + found);
        }
        window = window.get(..found + START.len() - 1)?;
    }
    None
}

pub(super) fn frame_at(buf: &[u8], start: usize, at_end: bool) -> Frame {
    let rest = buf.get(start..).unwrap_or_default();
    match memmem::find(rest, END) {
        Some(at) => {
            let end = start + at + END.len();
            Frame::Complete { content: start..end, next: end }
        }
        None => match start_inside(rest) {
            Some(inside) => Frame::Broken { reason: Broken::Truncated, next: start + inside },
            None => without_end(start, rest, at_end),
        },
    }
}

/// A start that nothing follows, as far as can be seen.
fn without_end(start: usize, rest: &[u8], at_end: bool) -> Frame {
    match rest.len() {
        _ if at_end => Frame::Broken { reason: Broken::Truncated, next: start + rest.len() },
        length if length > FRAME_BYTES_MAX => {
            Frame::Broken { reason: Broken::TooLong, next: start + START.len() }
        }
        _ => Frame::Incomplete,
    }
}

/// The first start inside a damaged frame, where reading goes on.
pub(crate) fn start_inside(frame: &[u8]) -> Option<usize> {
    start_at_or_after(frame, START.len()).ok()
}

/// What separates `<Event` from `<EventData`.
pub(crate) fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b' ' | b'>' | b'/' | b'\t' | b'\r' | b'\n')
}
