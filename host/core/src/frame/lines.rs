//! Lines, and records that continue over lines which do not start with a date.

use memchr::{memchr, memchr_iter, memrchr};

use super::{Broken, Frame};
use crate::limits::FRAME_BYTES_MAX;

pub(super) fn start_at_or_after(buf: &[u8], from: usize) -> Result<usize, usize> {
    let Some(before) = from.checked_sub(1) else {
        return if buf.is_empty() { Err(0) } else { Ok(0) };
    };
    // Behind a frame, the line end is the byte before.
    let newline = match buf.get(before) {
        Some(b'\n') => Some(before),
        _ => buf.get(from..).and_then(|rest| memchr(b'\n', rest)).map(|at| from + at),
    };
    match newline.map(|newline| newline + 1) {
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

/// What a record begins with, digits standing for any digit: every Exchange log
/// starts its rows with a date, and exports put it in quotes.
const DATE: &[u8] = b"0000-00-00";

/// Whether `line` begins a record: it does with a directive or a date. `None`
/// when more of it must be seen.
fn is_dated_start(line: &[u8]) -> Option<bool> {
    if line.first() == Some(&b'#') {
        return Some(true);
    }
    let fits = |(byte, pattern): (&u8, &u8)| match pattern {
        b'0' => byte.is_ascii_digit(),
        _ => byte == pattern,
    };
    let line = line.strip_prefix(b"\"").unwrap_or(line);
    match line.iter().zip(DATE).all(fits) {
        false => Some(false),
        true if line.len() >= DATE.len() => Some(true),
        true => None,
    }
}

pub(super) fn dated_start_at_or_after(buf: &[u8], from: usize) -> Result<usize, usize> {
    // The start of a buffer is a start: whatever stands there, it is a record of
    // its own or damage of its own.
    if from == 0 && !buf.is_empty() {
        return Ok(0);
    }
    let mut from = from;
    loop {
        let start = start_at_or_after(buf, from)?;
        match is_dated_start(buf.get(start..).unwrap_or_default()) {
            Some(true) => return Ok(start),
            Some(false) => from = start + 1,
            None => return Err(start),
        }
    }
}

pub(super) fn dated_start_at_or_before(buf: &[u8], at: usize, floor: usize) -> Option<usize> {
    let mut at = at;
    loop {
        let start = start_at_or_before(buf, at, floor)?;
        if start == 0 || is_dated_start(buf.get(start..)?) == Some(true) {
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
        let ends = is_dated_start(line);
        if ends == Some(true) || (at_end && line.is_empty()) {
            return complete(buf, start, start + newline, next);
        }
        if newline > FRAME_BYTES_MAX {
            // The record is too long whatever comes; leave it at this line's end.
            return Frame::Broken { reason: Broken::TooLong, next };
        }
        if ends.is_none() && !at_end {
            return Frame::Incomplete;
        }
    }
    if at_end { complete(buf, start, buf.len(), buf.len()) } else { Frame::Incomplete }
}
