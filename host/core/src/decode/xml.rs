//! The XML that Event XML is made of: tags, attributes, text. A pull scanner
//! over one frame that borrows everything and unescapes nothing.
//!
//! It is not an XML parser: no DTDs, no namespaces beyond cutting the prefix
//! off, no encodings. It is strict where leniency could swallow a record (tags
//! must nest, attributes must be quoted and free of `<`).

use memchr::{memchr, memchr2, memmem};

use super::Damage;
use crate::frame::event_xml;

/// A tag, comments and instructions left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag<'c> {
    /// `<Name attributes>`
    Open(Element<'c>),
    /// `<Name attributes/>`
    Empty(Element<'c>),
    /// `</Name>`
    Close(&'c [u8]),
}

/// Name and attributes of an open or empty tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Element<'c> {
    /// Without its prefix.
    pub(super) name: &'c [u8],
    /// Everything between name and `>` or `/>`.
    pub(super) attributes: &'c [u8],
}

/// Reads a frame from left to right.
#[derive(Debug, Clone)]
pub(super) struct Scanner<'c> {
    frame: &'c [u8],
    at: usize,
}

impl<'c> Scanner<'c> {
    pub(super) fn new(frame: &'c [u8]) -> Self {
        Self { frame, at: 0 }
    }

    fn rest(&self) -> &'c [u8] {
        self.frame.get(self.at..).unwrap_or_default()
    }

    pub(super) fn damage(&self, reason: &'static str) -> Damage {
        Damage { reason, at: self.at }
    }

    /// The text up to the next tag, and the tag. Comments and CDATA sections stay
    /// in the text; the value's escape knows them.
    pub(super) fn next(&mut self) -> Result<(&'c [u8], Tag<'c>), Damage> {
        let text_start = self.at;
        loop {
            let open = memchr(b'<', self.rest()).ok_or(self.damage("a tag is missing"))?;
            self.at += open;
            let text_end = self.at;
            match self.rest().get(1) {
                Some(b'!') => self.skip_section()?,
                Some(b'?') => self.skip_past(b"<?", b"?>")?,
                _ => {
                    let text = self.frame.get(text_start..text_end).unwrap_or_default();
                    return Ok((text, self.tag()?));
                }
            }
        }
    }

    /// A tag that starts here.
    fn tag(&mut self) -> Result<Tag<'c>, Damage> {
        let body = self.rest().get(1..).unwrap_or_default();
        if let Some(name) = body.strip_prefix(b"/") {
            let end = memchr(b'>', name).ok_or(self.damage("a closing tag is cut off"))?;
            let (name, _) = name.split_at(end);
            self.at += end + 3;
            return Ok(Tag::Close(local_name(name.trim_ascii_end())));
        }
        let name_length = body.iter().position(|byte| event_xml::is_delimiter(*byte));
        let name_length = name_length.ok_or(self.damage("a tag is cut off"))?;
        let (name, tail) = body.split_at(name_length);
        if name.is_empty() {
            return Err(self.damage("`<` is not the beginning of a tag"));
        }
        let attributes_length = self.attributes_length(tail)?;
        let (attributes, tail) = tail.split_at(attributes_length);
        let is_empty = tail.first() == Some(&b'/');
        self.at += 1 + name_length + attributes_length + if is_empty { 2 } else { 1 };
        let element = Element { name: local_name(name), attributes };
        Ok(if is_empty { Tag::Empty(element) } else { Tag::Open(element) })
    }

    /// Bytes up to the `>` or `/>` that ends the tag; quotes hide both.
    fn attributes_length(&self, tail: &[u8]) -> Result<usize, Damage> {
        let cut_off = || self.damage("a tag is cut off");
        let mut at = 0;
        loop {
            let rest = tail.get(at..).ok_or_else(cut_off)?;
            let stop =
                rest.iter().position(|byte| matches!(byte, b'>' | b'"' | b'\'' | b'/' | b'<'));
            at += stop.ok_or_else(cut_off)?;
            match tail.get(at) {
                Some(b'>') => return Ok(at),
                Some(b'/') if tail.get(at + 1) == Some(&b'>') => return Ok(at),
                Some(&quote @ (b'"' | b'\'')) => {
                    let inside = tail.get(at + 1..).unwrap_or_default();
                    let end = memchr2(quote, b'<', inside).ok_or_else(cut_off)?;
                    if inside.get(end) == Some(&b'<') {
                        return Err(self.damage("an attribute holds `<`"));
                    }
                    at += end + 2;
                }
                _ => return Err(self.damage("a tag holds a stray character")),
            }
        }
    }

    /// A comment or CDATA section.
    fn skip_section(&mut self) -> Result<(), Damage> {
        match self.rest() {
            rest if rest.starts_with(b"<![CDATA[") => self.skip_past(b"<![CDATA[", b"]]>"),
            rest if rest.starts_with(b"<!--") => self.skip_past(b"<!--", b"-->"),
            _ => Err(self.damage("a declaration has no place in a record")),
        }
    }

    /// The end does not begin inside the start: `<!-->` opens a comment only.
    fn skip_past(&mut self, start: &[u8], end: &[u8]) -> Result<(), Damage> {
        let inside = self.rest().get(start.len()..).unwrap_or_default();
        let length = memmem::find(inside, end).ok_or(self.damage("a section is cut off"))?;
        let length = start.len() + length;
        let section = self.rest().get(..length).unwrap_or_default();
        if event_xml::start_inside(section).is_some() {
            return Err(self.damage("another event starts inside a section"));
        }
        self.at += length + end.len();
        Ok(())
    }

    /// Name and text of `<Data Name='..'>..</Data>` when that is what comes next,
    /// written as nearly everybody writes it.
    pub(super) fn named_data(&mut self) -> Option<(&'c [u8], &'c [u8])> {
        let rest = self.rest().trim_ascii_start();
        let (&quote, inside) = rest.strip_prefix(b"<Data Name=")?.split_first()?;
        if !matches!(quote, b'"' | b'\'') {
            return None;
        }
        // Names are short: a loop finds their end sooner than a search does.
        let name_length = inside.iter().position(|byte| *byte == quote || *byte == b'<')?;
        let (name, tail) = inside.split_at(name_length);
        let text = tail.strip_prefix(&[quote, b'>'])?;
        let (text, tail) = text.split_at(memchr(b'<', text)?);
        let tail = tail.strip_prefix(b"</Data>")?;
        self.at = self.frame.len() - tail.len();
        Some((name, text))
    }

    /// The text of the element just opened, when it holds nothing else.
    fn text_only(&mut self, name: &[u8]) -> Option<&'c [u8]> {
        let rest = self.rest();
        let (text, tail) = rest.split_at(memchr(b'<', rest)?);
        let tail = tail.strip_prefix(b"</")?.strip_prefix(name)?.strip_prefix(b">")?;
        self.at = self.frame.len() - tail.len();
        Some(text)
    }

    /// Reads to the end of the element just opened; returns everything inside.
    pub(super) fn skip_element(&mut self, name: &[u8]) -> Result<&'c [u8], Damage> {
        if let Some(text) = self.text_only(name) {
            return Ok(text);
        }
        let start = self.at;
        let mut depth = 0_usize;
        loop {
            let (_, tag) = self.next()?;
            match tag {
                Tag::Open(element) => {
                    self.reject_event(element)?;
                    depth += 1;
                }
                Tag::Empty(element) => self.reject_event(element)?,
                Tag::Close(closed) if depth == 0 => {
                    if closed != name {
                        return Err(self.damage("tags do not nest"));
                    }
                    let end = memchr::memrchr(b'<', self.frame.get(..self.at).unwrap_or_default());
                    return Ok(self.frame.get(start..end.unwrap_or(start)).unwrap_or_default());
                }
                Tag::Close(_) => depth -= 1,
            }
        }
    }

    /// Another event's start inside an event means that this one was cut off.
    pub(super) fn reject_event(&self, element: Element<'_>) -> Result<(), Damage> {
        if element.name == b"Event" {
            return Err(self.damage("another event starts inside"));
        }
        Ok(())
    }

    /// True when only blanks are left.
    pub(super) fn is_at_end(&self) -> bool {
        self.rest().trim_ascii().is_empty()
    }
}

fn local_name(name: &[u8]) -> &[u8] {
    match memchr(b':', name) {
        Some(colon) => name.get(colon + 1..).unwrap_or_default(),
        None => name,
    }
}

/// The attributes of a tag, in order.
pub(super) struct Attributes<'c> {
    rest: &'c [u8],
}

impl<'c> Element<'c> {
    pub(super) fn attributes(&self) -> Attributes<'c> {
        Attributes { rest: self.attributes }
    }

    /// The value of one attribute, as spelled.
    pub(super) fn attribute(&self, name: &[u8]) -> Option<&'c [u8]> {
        self.attributes().find(|(found, _)| *found == name).map(|(_, value)| value)
    }
}

impl<'c> Iterator for Attributes<'c> {
    type Item = (&'c [u8], &'c [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest.trim_ascii_start();
        let (name, rest) = rest.split_at_checked(memchr(b'=', rest)?)?;
        let (&quote, rest) = rest.get(1..)?.trim_ascii_start().split_first()?;
        if quote != b'"' && quote != b'\'' {
            return None;
        }
        let (value, rest) = rest.split_at_checked(memchr(quote, rest)?)?;
        self.rest = rest.get(1..).unwrap_or_default();
        Some((name.trim_ascii_end(), value))
    }
}
