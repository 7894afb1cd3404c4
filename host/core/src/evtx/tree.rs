//! The elements of a template definition as flat nodes, free of the chunk.
//!
//! Owns what makes a definition well-formed. It does not know what an element means.

use super::Broken;
use super::number;
use super::text::{Text, local_name};
use super::token::{Cursor, Token, entity};
use super::value;
use crate::limits::DEPTH_MAX;

use bumpalo::Bump;

/// A range of a tree's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    pub(super) fn of(self, bytes: &[u8]) -> &[u8] {
        bytes.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    pub(super) const fn is_empty(self) -> bool {
        self.start == self.end
    }
}

/// One node; nodes stand in document order.
#[derive(Debug, Clone, Copy)]
pub(super) enum Node {
    /// Its attributes stand before `content`, its content before `end`.
    Element { name: Span, dependency: u16, content: u32, end: u32, is_empty_tag: bool },
    /// The parts of its value stand before `end`. The name is UTF-16.
    Attribute { name: Span, end: u32 },
    /// A text, as UTF-8.
    Text(Span),
    /// A value of the instance.
    Value(u16),
    /// A BinXML stream in the chunk.
    Fragment { start: u32, end: u32 },
}

/// The elements of a definition; the root is the first node.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
    /// Names and texts.
    pub(super) bytes: Vec<u8>,
    /// It refers to a stream in the chunk, so it is good for this chunk only.
    pub(super) is_bound: bool,
}

impl Tree {
    pub(super) fn node(&self, index: usize) -> Option<Node> {
        self.nodes.get(index).copied()
    }

    /// The indices of the nodes side by side in `from..to`, without those inside them.
    pub(super) fn siblings(&self, from: u32, to: u32) -> impl Iterator<Item = (usize, Node)> {
        let mut at = from as usize;
        std::iter::from_fn(move || {
            let node = self.node(at).filter(|_| at < to as usize)?;
            let index = at;
            at = match node {
                Node::Element { end, .. } | Node::Attribute { end, .. } => end as usize,
                _ => at + 1,
            };
            Some((index, node))
        })
    }

    /// Keeps bytes; the span finds them again.
    pub(super) fn keep(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Span {
        let start = self.bytes.len() as u32;
        write(&mut self.bytes);
        Span { start, end: self.bytes.len() as u32 }
    }
}

/// What any tree may have of names and texts. It may have more in proportion to its
/// definition, but not in proportion to its names: thousands of elements can share a
/// long one.
const TREE_BYTES_MIN: usize = 4 * 1024;

/// Reads the stream of a definition.
pub(super) fn read(chunk: &[u8], start: usize, end: usize) -> Result<Tree, Broken> {
    let mut reader = Reader {
        tree: Tree::default(),
        open: Vec::new(),
        in_tag: false,
        attribute: None,
        joins: false,
        scratch: Bump::new(),
    };
    let bytes_max = TREE_BYTES_MIN + 8 * (end - start);
    let mut cursor = Cursor::new(chunk, start, end);
    loop {
        match cursor.next(true)? {
            Token::End => return reader.finish(),
            token => reader.token(token)?,
        }
        if reader.tree.bytes.len() > bytes_max {
            return Err(Broken("the names of a template are longer than any"));
        }
    }
}

struct Reader {
    tree: Tree,
    /// The elements that are open.
    open: Vec<usize>,
    /// The last of them is still in its tag.
    in_tag: bool,
    attribute: Option<usize>,
    /// The last node is a text that the next one continues.
    joins: bool,
    /// For values in place on their way to text.
    scratch: Bump,
}

const NESTING: Broken = Broken("elements do not nest");

impl Reader {
    fn token(&mut self, token: Token<'_>) -> Result<(), Broken> {
        let joins = std::mem::take(&mut self.joins);
        match token {
            Token::Open { name, dependency } => self.open(name, dependency),
            Token::CloseStart => self.leave_tag(),
            Token::CloseEmpty => {
                self.leave_tag()?;
                self.close(true)
            }
            Token::Close if self.in_tag => Err(NESTING),
            Token::Close => self.close(false),
            Token::Attribute(name) => self.attribute(name),
            Token::Substitution(id) => self.content(Node::Value(id)),
            Token::Fragment { start, end } => self.fragment(start, end),
            Token::Instance => Err(Broken("a template holds an instance")),
            Token::Header | Token::End => Ok(()),
            Token::Instruction => {
                self.joins = joins;
                Ok(())
            }
            text => self.text(text, joins),
        }
    }

    fn open(&mut self, name: &[u8], dependency: u16) -> Result<(), Broken> {
        let has_root = !self.tree.nodes.is_empty();
        if self.in_tag || self.open.is_empty() && has_root {
            return Err(NESTING);
        }
        if self.open.len() >= DEPTH_MAX {
            return Err(Broken("elements nest too deep"));
        }
        let name = self.tree.keep(|bytes| local_name(name, |byte| bytes.push(byte)));
        self.open.push(self.tree.nodes.len());
        let element = Node::Element { name, dependency, content: 0, end: 0, is_empty_tag: false };
        self.tree.nodes.push(element);
        self.in_tag = true;
        Ok(())
    }

    fn attribute(&mut self, name: &[u8]) -> Result<(), Broken> {
        if !self.in_tag {
            return Err(NESTING);
        }
        self.leave_attribute();
        let name = self.tree.keep(|bytes| bytes.extend_from_slice(name));
        self.attribute = Some(self.tree.nodes.len());
        self.tree.nodes.push(Node::Attribute { name, end: 0 });
        Ok(())
    }

    fn leave_attribute(&mut self) {
        let here = self.tree.nodes.len() as u32;
        let attribute = self.attribute.take().and_then(|index| self.tree.nodes.get_mut(index));
        if let Some(Node::Attribute { end, .. }) = attribute {
            *end = here;
        }
    }

    fn leave_tag(&mut self) -> Result<(), Broken> {
        if !self.in_tag {
            return Err(NESTING);
        }
        self.leave_attribute();
        self.in_tag = false;
        let here = self.tree.nodes.len() as u32;
        let element = self.open.last().and_then(|index| self.tree.nodes.get_mut(*index));
        if let Some(Node::Element { content, .. }) = element {
            *content = here;
        }
        Ok(())
    }

    fn close(&mut self, as_empty_tag: bool) -> Result<(), Broken> {
        let here = self.tree.nodes.len() as u32;
        let index = self.open.pop().ok_or(NESTING)?;
        if let Some(Node::Element { end, is_empty_tag, .. }) = self.tree.nodes.get_mut(index) {
            (*end, *is_empty_tag) = (here, as_empty_tag);
        }
        Ok(())
    }

    /// Adds a node to the attribute or the element that is open.
    fn content(&mut self, node: Node) -> Result<(), Broken> {
        if self.open.is_empty() {
            return Err(Broken("text outside of an element"));
        }
        if !self.in_tag || self.attribute.is_some() {
            self.tree.nodes.push(node);
        }
        Ok(())
    }

    fn fragment(&mut self, start: usize, end: usize) -> Result<(), Broken> {
        if start == end {
            return Ok(());
        }
        if self.in_tag {
            return Err(Broken("an element inside an attribute"));
        }
        self.tree.is_bound = true;
        self.content(Node::Fragment { start: start as u32, end: end as u32 })
    }

    fn text(&mut self, token: Token<'_>, joins: bool) -> Result<(), Broken> {
        let text = text(token, &self.scratch)?.utf8(&self.scratch);
        let span = self.tree.keep(|bytes| bytes.extend_from_slice(text));
        self.scratch.reset();
        self.joins = true;
        match self.tree.nodes.last_mut().filter(|_| joins) {
            Some(Node::Text(last)) => last.end = span.end,
            _ => self.content(Node::Text(span))?,
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Tree, Broken> {
        if !self.open.is_empty() {
            return Err(NESTING);
        }
        if self.tree.nodes.is_empty() {
            return Err(Broken("a template without an element"));
        }
        self.tree.nodes.shrink_to_fit();
        Ok(self.tree)
    }
}

/// The text that a token in place stands for.
pub(super) fn text<'c>(token: Token<'c>, arena: &'c Bump) -> Result<Text<'c>, Broken> {
    Ok(match token {
        Token::Value { kind, bytes } => value::text(kind, bytes, arena)?,
        Token::CData(bytes) => Text::utf16(bytes, arena),
        Token::CharRef(code) => Text::Plain(char_ref(code, arena)),
        Token::EntityRef(name) => {
            let mut written = bumpalo::vec![in arena; b'&'];
            local_name(name, |byte| written.push(byte));
            let known = entity(written.get(1..).unwrap_or_default());
            written.push(b';');
            Text::Plain(known.unwrap_or_else(|| written.into_bump_slice()))
        }
        _ => Text::EMPTY,
    })
}

/// A character reference; one that names no character stays as it is.
fn char_ref(code: u16, arena: &Bump) -> &[u8] {
    if let Some(c) = char::from_u32(code.into()) {
        return arena.alloc_str(c.encode_utf8(&mut [0; 4])).as_bytes();
    }
    let number = number::unsigned(code.into(), arena);
    let parts: [&[u8]; 3] = [b"&#", number, b";"];
    arena.alloc_slice_fill_iter(parts.concat())
}
