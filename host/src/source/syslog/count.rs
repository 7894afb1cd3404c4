//! Counts of octets and priorities: what can stand at the start of a message
//! (RFC 6587, 3.4.1; RFC 5424, 6.2.1).

use memchr::{memchr_iter, memmem};

/// Digits of a count at most; more are no count.
const DIGITS_MAX: usize = 9;

/// The longest count with the priority behind it.
pub(super) const COUNT_BYTES_MAX: usize = DIGITS_MAX + b" <191>".len();

/// What stands at the start of a message.
pub(super) enum Head {
    /// A count; where its message starts, and whether that begins with a priority.
    Count { octets: usize, start: usize, has_priority: bool },
    /// Anything else.
    Line,
    /// More must be seen.
    Unclear,
}

pub(super) fn head(text: &[u8], at_end: bool) -> Head {
    if !matches!(text.first(), Some(b'1'..=b'9')) {
        return Head::Line;
    }
    let digits = text.iter().take(DIGITS_MAX + 1).take_while(|byte| byte.is_ascii_digit()).count();
    if digits > DIGITS_MAX {
        return Head::Line;
    }
    let (number, rest) = text.split_at(digits);
    let octets = number.iter().fold(0, |octets, digit| octets * 10 + usize::from(digit - b'0'));
    match priority_behind_blank(rest) {
        Some(has_priority) => Head::Count { octets, start: digits + 1, has_priority },
        None if !at_end => Head::Unclear,
        None => Head::Line,
    }
}

/// Whether ` <191>` follows; `None` when it is cut off. Anything but a blank is no
/// priority.
fn priority_behind_blank(text: &[u8]) -> Option<bool> {
    let (blank, rest) = text.split_first()?;
    if *blank != b' ' {
        return Some(false);
    }
    let (bracket, rest) = rest.split_first()?;
    if *bracket != b'<' {
        return Some(false);
    }
    let digits = rest.iter().take(3).take_while(|byte| byte.is_ascii_digit()).count();
    rest.get(digits).map(|byte| *byte == b'>' && digits > 0)
}

/// Where a count with a priority begins in a line, behind its first byte; the first
/// `seen` bytes hold none.
pub(super) fn next_count(line: &[u8], seen: usize) -> Option<usize> {
    let from = line.get(seen..).unwrap_or_default();
    memmem::find_iter(from, b" <").map(|at| seen + at).find_map(|at| {
        let (before, behind) = line.split_at_checked(at)?;
        let digits = before.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        let start = at - digits;
        let is_count = (1..=DIGITS_MAX).contains(&digits) && start > 0;
        let is_number = line.get(start) != Some(&b'0');
        (is_count && is_number && priority_behind_blank(behind) == Some(true)).then_some(start)
    })
}

/// Whether a message starts behind a line break.
pub(super) fn has_line_starts(text: &[u8]) -> bool {
    memchr_iter(b'\n', text).any(|at| {
        let line = text.get(at + 1..).unwrap_or_default();
        let digits = line.iter().take(DIGITS_MAX).take_while(|byte| byte.is_ascii_digit()).count();
        let behind = line.get(digits..).unwrap_or_default();
        match digits {
            0 => priority(line),
            _ => priority_behind_blank(behind) == Some(true),
        }
    })
}

/// Whether the text begins with `<191>`.
fn priority(text: &[u8]) -> bool {
    let Some(rest) = text.strip_prefix(b"<") else { return false };
    let digits = rest.iter().take(3).take_while(|byte| byte.is_ascii_digit()).count();
    digits > 0 && rest.get(digits) == Some(&b'>')
}
