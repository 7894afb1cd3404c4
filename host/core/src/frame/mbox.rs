//! Mailbox files: each mail begins with a line `From sender time` behind an empty
//! line (RFC 4155; a `From ` in a mail is written `>From `).
//!
//! Mails may be longer than any record, for they carry attachments. Only the
//! beginning of a mail is its frame; the rest is passed over like the gap between
//! two records. Where a frame is cut, and where a search is broken off, the bytes
//! before decide nothing about the bytes behind.

use memchr::memmem;

use super::Frame;
use crate::limits::FRAME_BYTES_MAX;

/// How far into a `From ` line its time is looked for.
const LINE_BYTES_MAX: usize = 512;

/// How much of a mail is its frame at most. Together with the next `From ` line it
/// is shorter than any record may be.
const MAIL_BYTES_MAX: usize = FRAME_BYTES_MAX - 2 * LINE_BYTES_MAX;

pub(super) fn start_at_or_after(buf: &[u8], from: usize) -> Result<usize, usize> {
    if from == 0 && buf.starts_with(b"From ") {
        return Ok(0);
    }
    match separator(buf, from.saturating_sub(1), buf.len(), false) {
        Found::At(at) if at >= from => Ok(at),
        _ => Err(cut(buf, from, buf.len().saturating_sub(LINE_BYTES_MAX).max(from))),
    }
}

pub(super) fn frame_at(buf: &[u8], start: usize, at_end: bool) -> Frame {
    let last = start + MAIL_BYTES_MAX;
    let next = match separator(buf, start, last, at_end) {
        Found::At(next) => next,
        Found::Nowhere if buf.len() > last + LINE_BYTES_MAX => cut(buf, start + 1, last),
        Found::Nowhere if at_end => buf.len().min(last),
        Found::MayCome | Found::Nowhere => return Frame::Incomplete,
    };
    Frame::Complete { content: start..next, next }
}

enum Found {
    At(usize),
    /// Not enough of a line is here to tell.
    MayCome,
    Nowhere,
}

/// The first `From ` line that begins after `from` and at or before `last`.
fn separator(buf: &[u8], from: usize, last: usize, at_end: bool) -> Found {
    let end = (last + b"From ".len()).min(buf.len());
    let window = buf.get(from..end).unwrap_or_default();
    for newline in memmem::find_iter(window, b"\nFrom ") {
        let at = from + newline + 1;
        if at > last || !follows_empty_line(buf, at) {
            continue;
        }
        match has_time(buf.get(at..).unwrap_or_default(), at_end) {
            Some(true) => return Found::At(at),
            Some(false) => {}
            None => return Found::MayCome,
        }
    }
    Found::Nowhere
}

fn follows_empty_line(buf: &[u8], at: usize) -> bool {
    let before = buf.get(..at).unwrap_or_default();
    before.ends_with(b"\n\n") || before.ends_with(b"\n\r\n")
}

/// True when the line has a clock in it; `None` when its end must be seen.
fn has_time(line: &[u8], at_end: bool) -> Option<bool> {
    let window = line.get(..line.len().min(LINE_BYTES_MAX)).unwrap_or_default();
    let end = memchr::memchr(b'\n', window);
    if end.is_none() && window.len() < LINE_BYTES_MAX && !at_end {
        return None;
    }
    let line = window.get(..end.unwrap_or(window.len())).unwrap_or_default();
    let is_clock = |text: &[u8]| matches!(text, [a, b, b':', c, d] if [a, b, c, d].into_iter().all(u8::is_ascii_digit));
    Some(line.windows(5).any(is_clock))
}

/// The last place at or before `at`, but not before `floor`, where the text can be
/// cut: no line break before it, and no `From ` behind it.
fn cut(buf: &[u8], floor: usize, at: usize) -> usize {
    let is_bad = |at: usize| {
        let breaks = matches!(buf.get(at.wrapping_sub(1)), Some(b'\n' | b'\r'));
        breaks || buf.get(at..).is_some_and(|rest| rest.starts_with(b"From "))
    };
    let mut at = at.min(buf.len());
    while at > floor && is_bad(at) {
        at -= 1;
    }
    at
}
