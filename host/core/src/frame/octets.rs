//! Octet counting (RFC 6587, 3.4.1): `LEN SP MSG`, mixed with lines.
//!
//! Where a frame starts is known from the frame before it alone, so such a stream is
//! read from its beginning. What says that a number is a count: a priority behind it,
//! or a place where it leads to that is the start of a frame. A count that leads
//! elsewhere is wrong; then the next line end or count with a priority ends the frame.

use memchr::memchr;

use super::{Broken, Frame};
use crate::limits::FRAME_BYTES_MAX;

/// What is between frames.
fn is_gap(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b'\0')
}

pub(super) fn start_at_or_after(buf: &[u8], from: usize) -> Result<usize, usize> {
    let rest = buf.get(from..).unwrap_or_default();
    rest.iter().position(|byte| !is_gap(*byte)).map(|at| from + at).ok_or(buf.len())
}

/// Digits of a count at most; more are no count.
const DIGITS_MAX: usize = 9;

/// The longest message that a count may announce: with its count it is a frame.
const COUNT_MAX: usize = FRAME_BYTES_MAX - DIGITS_MAX - 1;

/// What stands at a frame's start.
#[derive(Debug, PartialEq, Eq)]
enum Head {
    /// A count, the bytes that it takes with its blank, and whether a priority follows.
    Count { octets: usize, head: usize, has_priority: bool },
    /// Anything else.
    Line,
    /// More must be seen.
    Unclear,
}

fn head(text: &[u8], at_end: bool) -> Head {
    let digits = text.iter().take(DIGITS_MAX + 1).take_while(|byte| byte.is_ascii_digit()).count();
    if text.first() == Some(&b'0') || digits > DIGITS_MAX {
        return Head::Line;
    }
    let (Some(number), rest) =
        (text.get(..digits).and_then(crate::bytes::digits), text.get(digits..).unwrap_or_default())
    else {
        return Head::Line;
    };
    match priority_behind_blank(rest) {
        Some(has_priority) => {
            Head::Count { octets: number as usize, head: digits + 1, has_priority }
        }
        None if !at_end && rest.len() < b" <191>".len() => Head::Unclear,
        None if rest.starts_with(b" ") => {
            Head::Count { octets: number as usize, head: digits + 1, has_priority: false }
        }
        None => Head::Line,
    }
}

/// Whether ` <191>` follows, or something that it is not; `None` when it is cut off
/// or does not begin with a blank.
fn priority_behind_blank(text: &[u8]) -> Option<bool> {
    let rest = text.strip_prefix(b" ")?;
    let Some(rest) = rest.strip_prefix(b"<") else { return (!rest.is_empty()).then_some(false) };
    let digits = rest.iter().take(3).take_while(|byte| byte.is_ascii_digit()).count();
    rest.get(digits).map(|byte| *byte == b'>' && digits > 0)
}

pub(super) fn frame_at(buf: &[u8], start: usize, at_end: bool) -> Frame {
    let text = buf.get(start..).unwrap_or_default();
    match head(text, at_end) {
        Head::Unclear => Frame::Incomplete,
        Head::Line => line(buf, start, start, at_end),
        Head::Count { octets, head, has_priority } => {
            let content = start + head;
            if octets > COUNT_MAX || octets == 0 {
                return line(buf, start, start, at_end);
            }
            match leads_to_a_start(buf, content + octets, at_end) {
                None => Frame::Incomplete,
                Some(true) => complete(buf, content, content + octets, content + octets),
                Some(false) if has_priority => wrong_count(buf, start, content, at_end),
                Some(false) => line(buf, start, start, at_end),
            }
        }
    }
}

/// Whether a frame may start at `end`; `None` when it cannot be seen.
fn leads_to_a_start(buf: &[u8], end: usize, at_end: bool) -> Option<bool> {
    match buf.get(end) {
        Some(byte) => Some(is_gap(*byte) && *byte != b' ' || matches!(byte, b'<' | b'1'..=b'9')),
        None if at_end => Some(end == buf.len()),
        None => None,
    }
}

/// A frame that ends with its line.
fn line(buf: &[u8], start: usize, content: usize, at_end: bool) -> Frame {
    let rest = buf.get(content..).unwrap_or_default();
    match memchr(b'\n', rest) {
        Some(length) if content + length - start > FRAME_BYTES_MAX => {
            Frame::Broken { reason: Broken::TooLong, next: content + length + 1 }
        }
        Some(length) => complete(buf, content, content + length, content + length + 1),
        None if at_end => complete(buf, content, buf.len(), buf.len()),
        None => Frame::Incomplete,
    }
}

/// A frame whose count is wrong: it goes to the line's end, or to the next count with
/// a priority.
fn wrong_count(buf: &[u8], start: usize, content: usize, at_end: bool) -> Frame {
    let rest = buf.get(content..).unwrap_or_default();
    let line_end = memchr(b'\n', rest).unwrap_or(rest.len());
    let line = rest.get(..line_end).unwrap_or_default();
    // A count can only begin after the priority.
    let next_count = memchr::memmem::find_iter(line, b" <")
        .filter(|at| {
            *at > 0 && priority_behind_blank(line.get(*at..).unwrap_or_default()) == Some(true)
        })
        .take_while(|at| content + at - start <= FRAME_BYTES_MAX)
        .find_map(|at| count_before(line, at));
    match next_count {
        Some(at) => complete(buf, content, content + at, content + at),
        None => self::line(buf, start, content, at_end),
    }
}

/// Where the number before `at` starts, if it may be a count.
fn count_before(text: &[u8], at: usize) -> Option<usize> {
    let before = text.get(..at)?;
    let digits = before.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let start = at - digits;
    ((1..=DIGITS_MAX).contains(&digits) && start > 0 && text.get(start) != Some(&b'0'))
        .then_some(start)
}

fn complete(buf: &[u8], content: usize, end: usize, next: usize) -> Frame {
    let ending = buf.get(content..end).unwrap_or_default();
    let ending = ending.iter().rev().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    Frame::Complete { content: content..end - ending, next }
}

/// True for a line that begins with a count and a priority.
pub(crate) fn is_counted(line: &[u8]) -> bool {
    matches!(head(line, true), Head::Count { octets: 1..=COUNT_MAX, has_priority: true, .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(text: &str) -> Vec<String> {
        let (mut found, mut at) = (Vec::new(), 0);
        while let Ok(start) = start_at_or_after(text.as_bytes(), at) {
            match frame_at(text.as_bytes(), start, true) {
                Frame::Complete { content, next } => {
                    found.push(String::from_utf8_lossy(&text.as_bytes()[content]).into_owned());
                    at = next;
                }
                Frame::Broken { next, .. } => at = next,
                Frame::Incomplete => unreachable!("the end is here"),
            }
        }
        found
    }

    /// Scenario: counted messages with and without line ends inside and between,
    /// mixed with lines, and wrong counts.
    /// Guarantees: each message is one frame; a wrong count costs no other frame.
    #[test]
    fn counted_and_lines_are_read() {
        for (text, expected) in [
            ("5 <1>ab3 xyz", vec!["<1>ab", "xyz"]),
            ("<1>a\n<1>b\n", vec!["<1>a", "<1>b"]),
            ("28 <1>3 - - - - - - hello\nworld", vec!["<1>3 - - - - - - hello\nworld"]),
            ("6 <1>ab\n<1>c\n5 <1>de\n", vec!["<1>ab", "<1>c", "<1>de"]),
            ("4 <1>h\u{e9}llo5 <1>ab", vec!["<1>h\u{e9}llo", "<1>ab"]),
            ("90 <1>ab\n5 <1>cd\n", vec!["<1>ab", "<1>cd"]),
            ("90 <1>ab6 <1>cd\n5 <1>ef", vec!["<1>ab", "<1>cd", "<1>ef"]),
            ("<1>a\n3 apples\n<1>b\n", vec!["<1>a", "3 apples", "<1>b"]),
            ("999999999999 x\n<1>b", vec!["999999999999 x", "<1>b"]),
            ("0 <1>a\n", vec!["0 <1>a"]),
            ("16 <1>2", vec!["<1>2"]),
        ] {
            assert_eq!(frames(text), expected, "{text:?}");
        }
    }

    /// Scenario: any split of a buffer.
    /// Guarantees: a frame is incomplete until it is what it will be.
    #[test]
    fn frames_do_not_change_with_more_bytes() {
        for text in [
            "5 <1>ab3 xyz",
            "90 <1>ab6 <1>cd\n5 <1>ef",
            "4 <1>h\u{e9}llo5 <1>ab",
            "12 apples <13>\n<1>",
        ] {
            let text = text.as_bytes();
            let whole = frame_at(text, 0, true);
            for end in 1..text.len() {
                let part = frame_at(&text[..end], 0, false);
                assert!(part == Frame::Incomplete || part == whole, "{end}: {part:?} {whole:?}");
            }
        }
    }
}
