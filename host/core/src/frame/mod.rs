//! Frames: where records begin and end in a stream of bytes.
//!
//! A framer answers three questions about a buffer that begins at a frame's
//! start (or in garbage between frames): where does the next frame start, where
//! does the frame around a byte start, and where does a frame end. Starts are
//! recognised from the bytes around them alone, never from what was read before.
//! So the scan can jump to a hit and find the same frames as a reader that walks
//! through, and any split into chunks gives the same frames. What is inside a
//! frame is `decode`'s business.

pub(crate) mod event_xml;
mod json_document;
mod lines;
mod mbox;
pub(crate) mod octets;
pub(crate) mod windows_block;

use serde::{Deserialize, Serialize};
use std::ops::Range;

use crate::limits::{FRAME_BYTES_MAX, MAIL_BYTES_MAX};

/// How a format delimits its records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Framing {
    /// Every line is a record.
    Lines,
    /// A line that starts with a date or `#` begins a record; others continue it.
    DatedLines,
    /// `<Event ...>` to `</Event>`, wherever the line breaks are.
    EventXml,
    /// Header lines and a message: one Windows event as text.
    WindowsBlocks,
    /// The objects of a JSON array, or objects that span lines.
    JsonDocument,
    /// Lines, and messages behind the number of their bytes (RFC 6587).
    Octets,
    /// The whole stream is one record.
    Whole,
    /// `From ` lines behind empty lines begin mails.
    Mbox,
}

/// The frame that starts at a given place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// Its content, and where the next byte that does not belong to it is.
    Complete {
        /// The record's bytes, without delimiters.
        content: Range<usize>,
        /// After its delimiter.
        next: usize,
    },
    /// The buffer ends inside it.
    Incomplete,
    /// It cannot be a record: too long, or the next one starts inside it.
    Broken {
        /// Why.
        reason: Broken,
        /// Where to go on.
        next: usize,
    },
}

/// Why a frame cannot be a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Broken {
    /// Longer than [`FRAME_BYTES_MAX`].
    TooLong,
    /// Its end is missing: the stream ends, or another frame starts.
    Truncated,
}

impl Framing {
    /// The first start of a frame at or after `from`. With `None` there is none
    /// before the returned place, from which the search must go on when more
    /// bytes come.
    pub fn start_at_or_after(self, buf: &[u8], from: usize) -> Result<usize, usize> {
        match self {
            Self::Lines => lines::start_at_or_after(buf, from),
            Self::DatedLines => lines::dated_start_at_or_after(buf, from),
            Self::EventXml => event_xml::start_at_or_after(buf, from),
            Self::WindowsBlocks => windows_block::start_at_or_after(buf, from),
            Self::JsonDocument => json_document::start_at_or_after(buf, from),
            Self::Octets => octets::start_at_or_after(buf, from),
            Self::Whole if from == 0 && !buf.is_empty() => Ok(0),
            Self::Whole => Err(buf.len()),
            Self::Mbox => mbox::start_at_or_after(buf, from),
        }
    }

    /// The last start of a frame at or before `at`, at most [`FRAME_BYTES_MAX`]
    /// bytes back.
    pub fn start_at_or_before(self, buf: &[u8], at: usize) -> Option<usize> {
        let floor = at.saturating_sub(FRAME_BYTES_MAX);
        match self {
            Self::Lines => lines::start_at_or_before(buf, at, floor),
            Self::DatedLines => lines::dated_start_at_or_before(buf, at, floor),
            Self::EventXml => event_xml::start_at_or_before(buf, at, floor),
            Self::WindowsBlocks => windows_block::start_at_or_before(buf, at, floor),
            // Never scanned.
            Self::JsonDocument | Self::Mbox | Self::Octets => None,
            Self::Whole => (!buf.is_empty()).then_some(0),
        }
    }

    /// The frame that starts at `start`. `at_end` says that no byte follows the
    /// buffer.
    pub fn frame_at(self, buf: &[u8], start: usize, at_end: bool) -> Frame {
        let frame = match self {
            Self::Lines => lines::frame_at(buf, start, at_end),
            Self::DatedLines => lines::dated_frame_at(buf, start, at_end),
            Self::EventXml => event_xml::frame_at(buf, start, at_end),
            Self::WindowsBlocks => windows_block::frame_at(buf, start, at_end),
            Self::JsonDocument => json_document::frame_at(buf, start, at_end),
            Self::Octets => octets::frame_at(buf, start, at_end),
            Self::Whole => whole(buf, at_end),
            Self::Mbox => mbox::frame_at(buf, start, at_end),
        };
        match frame {
            Frame::Complete { content, next } if content.len() > FRAME_BYTES_MAX => {
                Frame::Broken { reason: Broken::TooLong, next }
            }
            frame => frame,
        }
    }
}

/// As much of the stream as is looked at; what follows is no record.
fn whole(buf: &[u8], at_end: bool) -> Frame {
    if !at_end && buf.len() < MAIL_BYTES_MAX {
        return Frame::Incomplete;
    }
    Frame::Complete {
        content: 0..buf.len().min(MAIL_BYTES_MAX),
        next: buf.len().min(MAIL_BYTES_MAX),
    }
}

#[cfg(test)]
mod tests;
