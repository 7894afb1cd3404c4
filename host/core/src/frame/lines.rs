//! Lines, and records that continue over lines which do not start with a date.

use memchr::{memchr, memchr_iter, memrchr};

use super::{Broken, Frame};
use crate::limits::FRAME_BYTES_MAX;

pub(super) fn start_at_or_after(buf: &[u8], from: usize) -> Result<usize, usize> {
    let Some(before) = from.checked_sub(1) else {
        return if buf.is_empty() { Err(0) } else { Ok(0) };
    };
    let newline = buf.get(before..).and_then(|rest| memchr(b'\n', rest));
    match newline.map(|at| before + at + 1) {
        Some(start) if start < buf.len() => Ok(start),
        _ => Err(buf.len()),
    }
}

pub(super) fn start_at_or_before(buf: &[u8], at: usize, floor: usize) -> Option<usize> {
    let window = buf.get(floor..at.min(buf.len()))?;
    match memrchr(b'\n', window) {
        Some(newline) => Some(floor + newline + 1),
        None => (floor == 0).then_some(0),
    }
}

pub(super) fn frame_at(buf: &[u8], start: usize, at_end: bool) -> Frame {
    let rest = buf.get(start..).unwrap_or_default();
    match memchr(b'\n', rest) {
        Some(length) => complete(buf, start, start + length, start + length + 1),
        None if at_end => complete(buf, start, buf.len(), buf.len()),
        None => Frame::Incomplete,
    }
}

fn complete(buf: &[u8], start: usize, end: usize, next: usize) -> Frame {
    let ends_with_cr = end > start && buf.get(end - 1) == Some(&b'\r');
    Frame::Complete { content: start..end - usize::from(ends_with_cr), next }
}

/// True for the beginning of a line that begins a record: a directive, or a date
/// `2026-11-20` (every Exchange log starts its rows with one).
fn is_dated_start(line: &[u8]) -> bool {
    match line {
        [b'#', ..] => true,
        [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, ..] => {
            [y1, y2, y3, y4, m1, m2, d1, d2].iter().all(|byte| byte.is_ascii_digit())
        }
        _ => false,
    }
}

/// Bytes that must be seen to know whether a line begins a record.
const DATE_BYTES: usize = b"2026-11-20".len();

pub(super) fn dated_start_at_or_after(buf: &[u8], from: usize) -> Result<usize, usize> {
    // The start of a buffer is a start: whatever stands there, it is a record of
    // its own or damage of its own.
    if from == 0 && !buf.is_empty() {
        return Ok(0);
    }
    let mut from = from;
    loop {
        let start = start_at_or_after(buf, from)?;
        let line = buf.get(start..).unwrap_or_default();
        if is_dated_start(line) {
            return Ok(start);
        }
        if line.len() < DATE_BYTES {
            return Err(start);
        }
        from = start + 1;
    }
}

pub(super) fn dated_start_at_or_before(buf: &[u8], at: usize, floor: usize) -> Option<usize> {
    let mut at = at;
    loop {
        let start = start_at_or_before(buf, at, floor)?;
        if start == 0 || is_dated_start(buf.get(start..)?) {
            return Some(start);
        }
        at = start - 1;
        if at < floor {
            return None;
        }
    }
}

pub(super) fn dated_frame_at(buf: &[u8], start: usize, at_end: bool) -> Frame {
    let rest = buf.get(start..).unwrap_or_default();
    for newline in memchr_iter(b'\n', rest) {
        let next = start + newline + 1;
        let line = buf.get(next..).unwrap_or_default();
        if is_dated_start(line) || (at_end && line.is_empty()) {
            return complete(buf, start, start + newline, next);
        }
        if newline > FRAME_BYTES_MAX {
            // The record is too long whatever comes; leave it at this line's end.
            return Frame::Broken { reason: Broken::TooLong, next };
        }
        if line.len() < DATE_BYTES && !at_end {
            return Frame::Incomplete;
        }
    }
    if at_end { complete(buf, start, buf.len(), buf.len()) } else { Frame::Incomplete }
}
