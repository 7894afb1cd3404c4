//! Cuts a stream at the ends of its messages: lines, NUL, or `LEN SP MSG` (RFC 6587,
//! 3.4), decided for each message.
//!
//! Bytes come in any portions. A count is believed when the byte behind its message
//! can start another one; a wrong count costs no other message: then its message ends
//! with the line, or where a count with a priority follows. What is unfinished is held
//! within the limits; a message that is too long is cut, and the stream goes on behind
//! it.

use std::ops::Range;
use std::sync::Arc;

use memchr::memchr;

use super::batch::Pending;
use super::count::{COUNT_BYTES_MAX, Head, has_line_starts, head, next_count};
use super::held::{Budget, Held};
use super::settings::{Framing, Limits, OnLongMessage};

/// The longest message that a count may announce. What is longer is no message, and
/// to skip so much because of a wrong count would lose good ones.
const COUNT_MAX: usize = 16 << 20;

/// What came of some bytes, beside the messages themselves.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tally {
    /// Messages.
    pub(super) messages: u64,
    /// Those of which only the beginning was kept.
    pub(super) cut: u64,
    /// Those that were dropped because they are too long.
    pub(super) dropped_long: u64,
    /// Counts that led nowhere.
    pub(super) wrong_counts: u64,
}

/// How much is known of what follows the bytes at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rest {
    /// More may come at once.
    Open,
    /// Nothing came for a while: a counted message that is whole need not wait for the
    /// byte behind it.
    Quiet,
    /// Nothing will come.
    Ended,
}

/// What has to be passed over before the next message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Skip {
    Nothing,
    Bytes(usize),
    Line,
}

/// What stands at the start of a message.
enum Found {
    /// A message, and where the next one starts.
    Message { content: Range<usize>, next: usize },
    /// A message that is too long: what is kept of it, and what has to be skipped.
    Long { content: Range<usize>, next: usize, skip: Skip },
    /// Its end is not there yet; so many bytes need not be searched again.
    Incomplete { searched: usize },
}

/// The cutter of one stream.
pub(super) struct Framer {
    framing: Framing,
    message_bytes_max: usize,
    on_long_message: OnLongMessage,
    held: Held,
    /// Bytes of the first message held in which no end is.
    searched: usize,
    skip: Skip,
    /// The count of the first message held is known to be wrong.
    is_count_wrong: bool,
    tally: Tally,
}

impl Framer {
    pub(super) fn new(framing: Framing, limits: &Limits, budget: &Arc<Budget>) -> Self {
        Self {
            framing,
            message_bytes_max: limits.message_bytes_max,
            on_long_message: limits.on_long_message,
            held: Held::new(budget),
            searched: 0,
            skip: Skip::Nothing,
            is_count_wrong: false,
            tally: Tally::default(),
        }
    }

    /// Takes bytes in; what is whole goes out.
    pub(super) fn push(&mut self, bytes: &[u8], out: &mut Pending) {
        if self.held.is_empty() {
            let used = self.cut(bytes, Rest::Open, out);
            self.hold(bytes.get(used..).unwrap_or_default(), out);
        } else {
            let mut held = self.held.take();
            held.extend_from_slice(bytes);
            let used = self.cut(&held, Rest::Open, out);
            held.drain(..used);
            self.hold_all(held, out);
        }
    }

    /// Nothing came for a while: a message that is whole goes out.
    pub(super) fn settle(&mut self, out: &mut Pending) {
        self.cut_held(Rest::Quiet, out);
    }

    /// Nothing more will come: what is unfinished goes out as it is.
    pub(super) fn finish(&mut self, out: &mut Pending) {
        self.cut_held(Rest::Ended, out);
    }

    /// Whether a message has begun and not ended.
    pub(super) fn is_inside(&self) -> bool {
        !self.held.is_empty() || self.skip != Skip::Nothing
    }

    /// What was counted since this was asked last.
    pub(super) fn take_tally(&mut self) -> Tally {
        std::mem::take(&mut self.tally)
    }

    fn cut_held(&mut self, rest: Rest, out: &mut Pending) {
        let mut held = self.held.take();
        let used = self.cut(&held, rest, out);
        held.drain(..used);
        self.hold_all(held, out);
    }

    fn hold(&mut self, bytes: &[u8], out: &mut Pending) {
        if !bytes.is_empty() {
            self.hold_all(bytes.to_vec(), out);
        }
    }

    /// Keeps what is unfinished, or cuts it where there is no room for it.
    fn hold_all(&mut self, bytes: Vec<u8>, out: &mut Pending) {
        let Err(bytes) = self.held.keep(bytes) else { return };
        self.long(&bytes, out);
        self.searched = 0;
        self.skip = Skip::Line;
    }

    /// Hands on all messages that are whole; returns the bytes that are done with.
    fn cut(&mut self, bytes: &[u8], rest: Rest, out: &mut Pending) -> usize {
        let mut at = 0;
        loop {
            at = self.next_start(bytes, at);
            let text = bytes.get(at..).unwrap_or_default();
            if text.is_empty() {
                return at;
            }
            match self.find(text, rest) {
                Found::Message { content, next } => {
                    self.message(text.get(content).unwrap_or_default(), out);
                    at += next;
                }
                Found::Long { content, next, skip } => {
                    self.long(text.get(content).unwrap_or_default(), out);
                    self.skip = skip;
                    at += next;
                }
                Found::Incomplete { searched } => {
                    self.searched = searched;
                    return at;
                }
            }
            self.searched = 0;
            self.is_count_wrong = false;
        }
    }

    fn message(&mut self, message: &[u8], out: &mut Pending) {
        self.tally.messages += u64::from(out.push(message));
    }

    fn long(&mut self, beginning: &[u8], out: &mut Pending) {
        self.tally.messages += 1;
        match self.on_long_message {
            OnLongMessage::Drop => self.tally.dropped_long += 1,
            OnLongMessage::Cut => {
                self.tally.cut += 1;
                out.push(beginning);
            }
        }
    }

    /// Where the next message starts: behind what is skipped and behind delimiters.
    fn next_start(&mut self, bytes: &[u8], mut at: usize) -> usize {
        let rest = bytes.get(at..).unwrap_or_default();
        match self.skip {
            Skip::Nothing => {}
            Skip::Bytes(count) if count > rest.len() => {
                self.skip = Skip::Bytes(count - rest.len());
                return bytes.len();
            }
            Skip::Bytes(count) => at += count,
            Skip::Line => match memchr(self.delimiter(), rest) {
                Some(length) => at += length + 1,
                None => return bytes.len(),
            },
        }
        self.skip = Skip::Nothing;
        if self.searched > 0 {
            return at;
        }
        let rest = bytes.get(at..).unwrap_or_default();
        at + rest.iter().take_while(|byte| is_delimiter(**byte)).count()
    }

    fn delimiter(&self) -> u8 {
        if self.framing == Framing::Nul { b'\0' } else { b'\n' }
    }

    fn find(&mut self, text: &[u8], rest: Rest) -> Found {
        let head = match self.framing {
            Framing::Lf | Framing::Nul => Head::Line,
            Framing::Auto | Framing::Octet => head(text, rest == Rest::Ended),
        };
        match head {
            Head::Unclear => Found::Incomplete { searched: 0 },
            Head::Count { octets, start, has_priority } => {
                if has_priority || self.framing == Framing::Octet {
                    self.counted(text, start, octets, rest)
                } else {
                    self.line(text, 0, rest)
                }
            }
            Head::Line => {
                if self.framing == Framing::Octet && self.searched == 0 {
                    self.tally.wrong_counts += 1;
                }
                self.line(text, 0, rest)
            }
        }
    }

    /// A message behind its count.
    fn counted(&mut self, text: &[u8], start: usize, octets: usize, rest: Rest) -> Found {
        if self.is_count_wrong || !(1..=COUNT_MAX).contains(&octets) {
            return self.wrong_count(text, start, rest);
        }
        let end = start + octets;
        if octets > self.message_bytes_max {
            return self.long_counted(text, start, octets, rest);
        }
        let is_right = match text.get(end) {
            Some(byte) => is_delimiter(*byte) || matches!(byte, b'<' | b'1'..=b'9'),
            None if text.len() == end && rest != Rest::Open => true,
            None if rest != Rest::Ended => return Found::Incomplete { searched: 0 },
            None => false,
        };
        match is_right {
            true => Found::Message { content: start..end, next: end },
            false => self.wrong_count(text, start, rest),
        }
    }

    /// A count that says that its message is too long: true, unless messages are seen
    /// behind line breaks in what is kept of it.
    fn long_counted(&mut self, text: &[u8], start: usize, octets: usize, rest: Rest) -> Found {
        let end = start + self.message_bytes_max;
        match text.get(start..end) {
            None if rest == Rest::Ended => self.wrong_count(text, start, rest),
            None => Found::Incomplete { searched: 0 },
            Some(kept) if has_line_starts(kept) => self.wrong_count(text, start, rest),
            Some(_) => {
                let skip = Skip::Bytes(octets - self.message_bytes_max);
                Found::Long { content: start..end, next: end, skip }
            }
        }
    }

    /// A message whose count is wrong ends with its line, or where a count with a
    /// priority follows.
    fn wrong_count(&mut self, text: &[u8], start: usize, rest: Rest) -> Found {
        self.tally.wrong_counts += u64::from(!self.is_count_wrong);
        self.is_count_wrong = true;
        let content = text.get(start..).unwrap_or_default();
        let line_end = memchr(b'\n', content).unwrap_or(content.len());
        let line = content.get(..line_end).unwrap_or_default();
        let seen = self.searched.saturating_sub(start + COUNT_BYTES_MAX);
        match next_count(line, seen) {
            Some(at) if at <= self.message_bytes_max => {
                Found::Message { content: start..start + at, next: start + at }
            }
            _ => self.line(text, start, rest),
        }
    }

    /// A message that ends with its line.
    fn line(&mut self, text: &[u8], start: usize, rest: Rest) -> Found {
        let max = start + self.message_bytes_max;
        let from = self.searched.max(start);
        let end = memchr(self.delimiter(), text.get(from..).unwrap_or_default());
        match end.map(|length| from + length) {
            Some(end) if end > max => {
                Found::Long { content: start..max, next: end + 1, skip: Skip::Nothing }
            }
            Some(end) => Found::Message { content: start..end, next: end + 1 },
            None if text.len() > max => {
                Found::Long { content: start..max, next: text.len(), skip: Skip::Line }
            }
            None if rest == Rest::Ended => {
                Found::Message { content: start..text.len(), next: text.len() }
            }
            None => Found::Incomplete { searched: text.len() },
        }
    }
}

fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r' | b'\0')
}

#[cfg(test)]
#[path = "framer_tests.rs"]
mod tests;
