//! The text of a body: parts in base64 or quoted-printable become readable, packed
//! attachments are left out. Parts are told by their boundary lines, in one walk
//! through the lines however they are nested (RFC 2046, 5.1).

use bumpalo::Bump;
use bumpalo::collections::Vec;

use super::headers::Headers;
use crate::bytes::{base64, split_once, without_cr};

/// Boundaries of one mail at most; bounces have one to three.
const BOUNDARIES_MAX: usize = 16;

/// How a part is packed (RFC 2045, 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packing {
    Plain,
    Base64,
    QuotedPrintable,
}

/// The body of the mail with these headers, as people read it. Borrowed when no part
/// of it is packed.
pub(super) fn readable<'c>(headers: &'c [u8], body: &'c [u8], arena: &'c Bump) -> &'c [u8] {
    let mut walk =
        Walk { boundaries: Vec::new_in(arena), out: Vec::new_in(arena), has_packed: false, arena };
    walk.run(headers, body);
    if walk.has_packed { walk.out.into_bump_slice() } else { body }
}

struct Walk<'c> {
    boundaries: Vec<'c, &'c [u8]>,
    out: Vec<'c, u8>,
    has_packed: bool,
    arena: &'c Bump,
}

impl<'c> Walk<'c> {
    fn run(&mut self, headers: &'c [u8], body: &'c [u8]) {
        let (mut headers, mut rest) = (headers, body);
        loop {
            let (packing, is_text) = self.part(headers);
            let length = self.part_length(rest);
            let (content, tail) = rest.split_at_checked(length).unwrap_or((rest, b""));
            self.content(content, packing, is_text);
            let Some((boundary, after)) = split_once(tail, b'\n') else {
                self.out.extend_from_slice(tail);
                return;
            };
            self.line(boundary);
            if without_cr(boundary).ends_with(b"--") {
                // What follows the last boundary is text of nobody up to an outer one.
                (headers, rest) = (b"", after);
                continue;
            }
            (headers, rest) = super::split_body(after);
            self.out.extend_from_slice(headers);
            self.line(b"");
        }
    }

    /// How the part behind these headers is packed, and whether it is text. Its own
    /// boundary is remembered.
    fn part(&mut self, headers: &'c [u8]) -> (Packing, bool) {
        let (mut packing, mut is_text) = (Packing::Plain, true);
        for (name, value) in Headers::new(headers) {
            let value = value.trim_ascii();
            if name.eq_ignore_ascii_case(b"Content-Transfer-Encoding") {
                packing = packing_of(value);
            } else if name.eq_ignore_ascii_case(b"Content-Type") {
                is_text = [b"text/".as_slice(), b"message/", b"multipart/"].iter().any(|kind| {
                    value.get(..kind.len()).is_some_and(|start| start.eq_ignore_ascii_case(kind))
                });
                let boundary = boundary(value).filter(|_| self.boundaries.len() < BOUNDARIES_MAX);
                self.boundaries.extend(boundary);
            }
        }
        (packing, is_text)
    }

    /// Where the next boundary line begins.
    fn part_length(&self, text: &[u8]) -> usize {
        if self.boundaries.is_empty() {
            return text.len();
        }
        let is_boundary = |at: &usize| {
            let line = text.get(*at..).and_then(|line| line.strip_prefix(b"--"));
            line.is_some_and(|line| self.boundaries.iter().any(|b| line.starts_with(b)))
        };
        let lines = memchr::memchr_iter(b'\n', text).map(|newline| newline + 1);
        std::iter::once(0).chain(lines).find(is_boundary).unwrap_or(text.len())
    }

    fn content(&mut self, content: &'c [u8], packing: Packing, is_text: bool) {
        if packing == Packing::Plain {
            self.out.extend_from_slice(content);
            return;
        }
        self.has_packed = true;
        if !is_text {
            return;
        }
        let unpacked = match packing {
            Packing::QuotedPrintable => quoted_printable(content, self.arena),
            _ => base64(whole_groups(content), self.arena).unwrap_or(content),
        };
        self.out.extend_from_slice(unpacked);
        self.line(b"");
    }

    fn line(&mut self, line: &[u8]) {
        self.out.extend_from_slice(without_cr(line));
        self.out.push(b'\n');
    }
}

fn packing_of(value: &[u8]) -> Packing {
    if value.eq_ignore_ascii_case(b"base64") {
        Packing::Base64
    } else if value.eq_ignore_ascii_case(b"quoted-printable") {
        Packing::QuotedPrintable
    } else {
        Packing::Plain
    }
}

/// `multipart/report; boundary="..."`: the boundary.
fn boundary(content_type: &[u8]) -> Option<&[u8]> {
    const NAME: &[u8] = b"boundary=";
    let at = content_type.windows(NAME.len()).position(|text| text.eq_ignore_ascii_case(NAME))?;
    let value = content_type.get(at + NAME.len()..)?;
    let boundary = if let Some(inside) = value.strip_prefix(b"\"") {
        split_once(inside, b'"').map_or(inside, |(boundary, _)| boundary)
    } else {
        let is_end = |byte: &u8| *byte == b';' || byte.is_ascii_whitespace();
        value.get(..value.iter().position(is_end).unwrap_or(value.len()))?
    };
    (!boundary.is_empty()).then_some(boundary)
}

/// Base64 without what a cut leaves of its last line.
fn whole_groups(text: &[u8]) -> &[u8] {
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=\r\n \t".contains(byte);
    let end = text.iter().position(|byte| !is_digit(byte)).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

/// Quoted-printable (RFC 2045, 6.7); what is no escape stays.
fn quoted_printable<'c>(text: &'c [u8], arena: &'c Bump) -> &'c [u8] {
    let mut out = Vec::with_capacity_in(text.len(), arena);
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'=', rest) {
        let (plain, escape) = rest.split_at_checked(at).unwrap_or((rest, b""));
        out.extend_from_slice(plain);
        let digit = |at: usize| (*escape.get(at)? as char).to_digit(16);
        let (byte, taken) = match (escape.get(1), escape.get(2)) {
            (Some(b'\n'), _) => (None, 2),
            (Some(b'\r'), Some(b'\n')) => (None, 3),
            _ => match digit(1).zip(digit(2)) {
                Some((high, low)) => (u8::try_from(high * 16 + low).ok(), 3),
                None => (Some(b'='), 1),
            },
        };
        out.extend(byte);
        rest = escape.get(taken..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    out.into_bump_slice()
}

/// Lines `>From ` of a mailbox file without the quote that protects them there.
pub(super) fn unquoted<'c>(text: &'c [u8], arena: &'c Bump) -> &'c [u8] {
    if memchr::memmem::find(text, b">From ").is_none() {
        return text;
    }
    let mut out = Vec::with_capacity_in(text.len(), arena);
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let bare = line.iter().position(|byte| *byte != b'>').and_then(|at| line.get(at..));
        let is_quoted =
            line.starts_with(b">") && bare.is_some_and(|bare| bare.starts_with(b"From "));
        out.extend_from_slice(line.get(usize::from(is_quoted)..).unwrap_or_default());
    }
    out.into_bump_slice()
}
