//! Blocks of text, one a Windows event: header lines as copied from the Event Viewer
//! or written by Splunk, then the message; or a message alone.
//!
//! A block begins with the first of its header lines, of which one must be an id or a
//! log's name, or with the title of a message that no header line precedes. Blanks
//! between header and message belong to the block.

use memchr::{memchr, memchr_iter, memrchr};

use super::{Broken, Frame};
use crate::bytes::{is_blank, split_once};
use crate::decode::identify_message;
use crate::limits::FRAME_BYTES_MAX;
use crate::time::us_date;

/// Labels of header lines; those that begin a block are among them.
const LABELS: [&[u8]; 15] = [
    b"Log Name",
    b"Event Type",
    b"Event ID",
    b"Event Source",
    b"Event Category",
    b"Source",
    b"Date",
    b"Time",
    b"Task Category",
    b"Level",
    b"Keywords",
    b"User",
    b"Computer",
    b"Type",
    b"Description",
];

/// `Log Name:      Security`; labels stand at the beginning of the line.
pub(crate) fn header_label(line: &[u8]) -> Option<(&'static [u8], &[u8])> {
    let line = line.trim_ascii();
    let (label, value) = split_once(line, b':')?;
    let label = label.trim_ascii_end();
    let known = LABELS.iter().find(|known| **known == label)?;
    Some((known, value.trim_ascii()))
}

/// `LogName=Security`: the keys of Splunk's classic events are single words.
pub(crate) fn splunk_key(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let (key, value) = split_once(line.trim_ascii(), b'=')?;
    let is_key = matches!(
        key,
        b"LogName"
            | b"SourceName"
            | b"EventCode"
            | b"EventType"
            | b"Type"
            | b"ComputerName"
            | b"User"
            | b"Sid"
            | b"SidType"
            | b"TaskCategory"
            | b"OpCode"
            | b"RecordNumber"
            | b"Keywords"
            | b"CategoryString"
            | b"Message"
    );
    is_key.then_some((key, value.trim_ascii()))
}

/// Longer lines are no header lines, nor do dates or titles need more to be seen.
const HEAD_BYTES: usize = 512;

/// What a line is to the blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    /// A header line that tells what event it is.
    Identifying,
    /// Another header line.
    Header,
    /// `Description:`, `Message=`: what follows is the message.
    BeforeMessage,
    /// A date alone, as Splunk writes before its keys.
    Date,
    /// The title of a known message.
    Title,
    Blank,
    Other,
}

fn classify(line: &[u8]) -> Line {
    let head = line.get(..line.len().min(HEAD_BYTES)).unwrap_or_default();
    if is_blank(head) {
        return Line::Blank;
    }
    if let Some((label, _)) = header_label(head) {
        return match label {
            b"Log Name" | b"Event Type" | b"Event ID" | b"Event Source" => Line::Identifying,
            b"Description" => Line::BeforeMessage,
            _ => Line::Header,
        };
    }
    if let Some((key, _)) = splunk_key(head) {
        return match key {
            b"LogName" | b"EventCode" => Line::Identifying,
            b"Message" => Line::BeforeMessage,
            _ => Line::Header,
        };
    }
    if us_date(head).is_some_and(|(_, rest)| is_blank(rest)) {
        return Line::Date;
    }
    if identify_message(head).is_some() { Line::Title } else { Line::Other }
}

/// The line that begins at `start`, and where the next one begins; `None` when its end
/// is not there, be it the stream's last: a line without an end begins no block, so
/// that nothing depends on whether more may come.
fn line_at(buf: &[u8], start: usize) -> Option<(&[u8], usize)> {
    let rest = buf.get(start..)?;
    match memchr(b'\n', rest) {
        Some(length) => Some((rest.get(..length)?, start + length + 1)),
        None if rest.len() > HEAD_BYTES => Some((rest, buf.len())),
        None => None,
    }
}

/// Lines of a header at most, before one of them must say what event it is.
const HEADER_LINES_MAX: usize = 12;

/// Whether the line at `start` begins a block. `None` when more must be seen.
fn is_start(buf: &[u8], start: usize) -> Option<bool> {
    let (line, next) = line_at(buf, start)?;
    match classify(line) {
        Line::Blank | Line::Other | Line::BeforeMessage => Some(false),
        Line::Title | Line::Identifying => Some(!continues_header(buf, start)),
        Line::Header | Line::Date if continues_header(buf, start) => Some(false),
        Line::Header | Line::Date => leads_to_id(buf, next),
    }
}

/// True when one of the header lines from `start` on says what event it is.
fn leads_to_id(buf: &[u8], start: usize) -> Option<bool> {
    let mut at = start;
    for _ in 0..HEADER_LINES_MAX {
        let (line, next) = line_at(buf, at)?;
        match classify(line) {
            Line::Identifying => return Some(true),
            Line::Header => at = next,
            _ => return Some(false),
        }
    }
    Some(false)
}

/// Blank lines that may stand between a header and its message.
const BLANK_LINES_MAX: usize = 4;

/// True when the line before is one of a header. The buffer's first line is nobody's
/// continuation.
fn continues_header(buf: &[u8], start: usize) -> bool {
    let mut end = start;
    for _ in 0..=BLANK_LINES_MAX {
        let Some(before) = end.checked_sub(1).and_then(|last| buf.get(..last)) else {
            return false;
        };
        let from = memrchr(b'\n', before).map_or(0, |newline| newline + 1);
        match classify(before.get(from..).unwrap_or_default()) {
            Line::Blank => end = from,
            Line::Identifying | Line::Header | Line::BeforeMessage | Line::Date => return true,
            Line::Title | Line::Other => return false,
        }
        if from == 0 {
            return false;
        }
    }
    false
}

/// True when the first line that is not blank begins a block.
pub(crate) fn begins_block(buf: &[u8]) -> bool {
    let mut start = 0;
    while let Some((line, next)) = line_at(buf, start) {
        if !is_blank(line) {
            return is_start(buf, start) == Some(true);
        }
        start = next;
    }
    identify_message(buf.get(start..).unwrap_or_default()).is_some()
}

pub(super) fn start_at_or_after(buf: &[u8], from: usize) -> Result<usize, usize> {
    if from == 0 && !buf.is_empty() {
        return Ok(0);
    }
    let mut from = from;
    loop {
        let start = super::lines::start_at_or_after(buf, from)?;
        match is_start(buf, start) {
            Some(true) => return Ok(start),
            Some(false) => from = start + 1,
            None => return Err(start),
        }
    }
}

pub(super) fn start_at_or_before(buf: &[u8], at: usize, floor: usize) -> Option<usize> {
    let mut at = at;
    loop {
        let start = super::lines::start_at_or_before(buf, at, floor)?;
        if start == 0 || is_start(buf, start) == Some(true) {
            return Some(start);
        }
        at = start - 1;
        if at < floor {
            return None;
        }
    }
}

pub(super) fn frame_at(buf: &[u8], start: usize, at_end: bool) -> Frame {
    let rest = buf.get(start..).unwrap_or_default();
    for newline in memchr_iter(b'\n', rest) {
        let next = start + newline + 1;
        if next >= buf.len() {
            break;
        }
        match is_start(buf, next) {
            Some(true) => return Frame::Complete { content: start..start + newline, next },
            Some(false) => {}
            None if at_end => {}
            None => return Frame::Incomplete,
        }
        if newline > FRAME_BYTES_MAX {
            // The block is too long whatever comes; leave it at this line's end.
            return Frame::Broken { reason: Broken::TooLong, next };
        }
    }
    if at_end {
        Frame::Complete { content: start..buf.len(), next: buf.len() }
    } else {
        Frame::Incomplete
    }
}
