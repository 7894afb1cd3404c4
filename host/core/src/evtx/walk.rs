//! The general way: any stream, token by token, and templates that no program is for.
//!
//! Owns substitution: which elements a value leaves out, repeats or brings along
//! (MS-EVEN6 2.2.12, 3.1.4.7.5). What the elements mean is the builder's business.

use bumpalo::collections::Vec as ArenaVec;

use super::builder::Builder;
use super::instance::{Instance, Slot};
use super::record::Decoder;
use super::templates::{Entry, Template};
use super::text::{Joined, Text, local_name};
use super::token::{Cursor, INDEPENDENT, Token};
use super::tree::{self, Node};
use super::value::{self, Item, Items};
use super::{Broken, kind};
use crate::limits::DEPTH_MAX;

const NESTING: Broken = Broken("elements do not nest");
const IN_ATTRIBUTE: Broken = Broken("an element inside an attribute");

/// An open tag, and the attribute in it whose value is being read.
#[derive(Debug)]
struct Tag<'c> {
    is_open: bool,
    attribute: Option<&'c [u8]>,
    text: Joined<'c>,
}

/// A place in an element where an array stands, and the item whose turn it is.
#[derive(Debug, Clone)]
struct Turn<'c> {
    node: usize,
    items: Items<'c>,
    item: Item<'c>,
    rest: Items<'c>,
}

impl<'c> Turn<'c> {
    /// The turn of the first item of an array, if it has two or more.
    fn first(node: usize, items: Items<'c>) -> Option<Self> {
        let mut rest = items.clone();
        let item = rest.next()?;
        rest.clone().next()?;
        Some(Self { node, items, item, rest })
    }

    /// Goes to the next item or, behind the last one, back to the first: then the
    /// array before has its next turn.
    fn advance(&mut self) -> bool {
        let next = self.rest.next();
        let has_more = next.is_some();
        if !has_more {
            self.rest = self.items.clone();
        }
        self.item = next.or_else(|| self.rest.next()).unwrap_or(self.item);
        has_more
    }
}

/// An instance whose template is read node by node.
#[derive(Clone, Copy)]
struct Frame<'c, 't> {
    template: &'t Template,
    /// What the template's spans refer to.
    bytes: &'c [u8],
    base: usize,
}

impl<'c> Decoder<'c, '_> {
    /// Reads the stream in `start..end`.
    pub(super) fn walk(
        &mut self,
        start: usize,
        end: usize,
        builder: &mut Builder<'c>,
    ) -> Result<(), Broken> {
        if self.depth >= DEPTH_MAX {
            return Err(Broken("streams nest too deep"));
        }
        self.depth += 1;
        let result = self.stream(Cursor::new(self.chunk, start, end), builder);
        self.depth -= 1;
        result
    }

    fn stream(&mut self, mut cursor: Cursor<'c>, builder: &mut Builder<'c>) -> Result<(), Broken> {
        let floor = builder.depth();
        let mut tag = Tag { is_open: false, attribute: None, text: Joined::EMPTY };
        while !builder.is_done() {
            self.output.work(1)?;
            match cursor.next(false)? {
                Token::End => {
                    let is_balanced = !tag.is_open && builder.depth() == floor;
                    return if is_balanced { Ok(()) } else { Err(NESTING) };
                }
                Token::Instance if tag.is_open => return Err(IN_ATTRIBUTE),
                Token::Instance => {
                    let instance = Instance::read(&mut cursor)?;
                    self.instance(&instance, builder)?;
                }
                // Elements have no place in an attribute.
                Token::Fragment { .. } if tag.is_open => {}
                Token::Fragment { start, end } => self.walk(start, end, builder)?,
                token => self.token(token, &mut tag, floor, builder)?,
            }
        }
        Ok(())
    }

    fn token(
        &mut self,
        token: Token<'c>,
        tag: &mut Tag<'c>,
        floor: usize,
        builder: &mut Builder<'c>,
    ) -> Result<(), Broken> {
        let arena = self.output.arena;
        match token {
            Token::Open { name, .. } if !tag.is_open => {
                tag.is_open = true;
                let name = self.local_name(name)?;
                builder.open(name)?;
            }
            Token::Attribute(name) if tag.is_open => {
                self.finish_attribute(tag, builder);
                tag.attribute = Some(name);
            }
            Token::CloseStart if tag.is_open => {
                self.finish_attribute(tag, builder);
                tag.is_open = false;
            }
            Token::CloseEmpty if tag.is_open => {
                self.finish_attribute(tag, builder);
                tag.is_open = false;
                builder.close_empty(&mut self.output)?;
            }
            Token::Close if !tag.is_open && builder.depth() > floor => {
                builder.close(&mut self.output)?;
            }
            Token::Open { .. }
            | Token::Attribute(_)
            | Token::CloseStart
            | Token::CloseEmpty
            | Token::Close => return Err(NESTING),
            Token::Substitution(_) => {
                return Err(Broken("a substitution outside of a template"));
            }
            Token::Header | Token::Instruction => {}
            text => {
                let text = tree::text(text, arena)?;
                self.output.pay(text)?;
                if tag.is_open {
                    tag.text.push(text, arena);
                } else {
                    builder.text(text, arena);
                }
            }
        }
        Ok(())
    }

    fn finish_attribute(&self, tag: &mut Tag<'c>, builder: &mut Builder<'c>) {
        let text = tag.text.take();
        if let Some(name) = tag.attribute.take() {
            builder.attribute(name, text, self.output.arena);
        }
    }

    fn local_name(&mut self, name: &[u8]) -> Result<&'c [u8], Broken> {
        // Thousands of elements can share one long name.
        self.output.pay(Text::Utf16(name))?;
        let mut local = ArenaVec::with_capacity_in(name.len() / 2, self.output.arena);
        local_name(name, |byte| local.push(byte));
        Ok(local.into_bump_slice())
    }

    /// Brings in the elements of a template instance.
    fn instance(
        &mut self,
        instance: &Instance<'c>,
        builder: &mut Builder<'c>,
    ) -> Result<(), Broken> {
        let entry = self.templates.get(instance.definition)?;
        let base = self.slots.len();
        self.slots.extend(instance.slots());
        let program = builder.context().filter(|_| !self.is_general);
        match program.and_then(|context| entry.program(context)) {
            Some(program) => {
                self.run(program, base)?;
                builder.took_element();
            }
            None => self.expand(entry, base, builder)?,
        }
        self.slots.truncate(base);
        Ok(())
    }

    fn expand(
        &mut self,
        entry: &Entry<'c>,
        base: usize,
        builder: &mut Builder<'c>,
    ) -> Result<(), Broken> {
        let missing = Broken("a template lies outside of the chunk");
        let template = self.templates.template(entry).ok_or(missing)?;
        let frame = Frame { template: &template, bytes: entry.bytes, base };
        // The root is there in any case, and only once.
        self.element(frame, 0, &[], builder)
    }

    fn element(
        &mut self,
        frame: Frame<'c, '_>,
        index: usize,
        turns: &[Turn<'c>],
        builder: &mut Builder<'c>,
    ) -> Result<(), Broken> {
        let tree = &frame.template.tree;
        let Some(Node::Element { name, content, end, is_empty_tag, .. }) = tree.node(index) else {
            return Ok(());
        };
        self.output.work(1)?;
        builder.open(name.of(frame.bytes))?;
        for (at, node) in tree.siblings(index as u32 + 1, content) {
            if let Node::Attribute { name, end } = node {
                let text = self.attribute(frame, at + 1..end as usize, turns)?;
                builder.attribute(name.of(frame.bytes), text, self.output.arena);
            }
        }
        for (at, node) in tree.siblings(content, end) {
            self.content(frame, at, node, turns, builder)?;
        }
        if is_empty_tag {
            builder.close_empty(&mut self.output)?;
        } else {
            builder.close(&mut self.output)?;
        }
        Ok(())
    }

    fn content(
        &mut self,
        frame: Frame<'c, '_>,
        at: usize,
        node: Node,
        turns: &[Turn<'c>],
        builder: &mut Builder<'c>,
    ) -> Result<(), Broken> {
        self.output.work(1)?;
        match node {
            Node::Element { dependency, .. } => {
                if dependency == INDEPENDENT || !self.is_null(frame.base, dependency) {
                    self.child(frame, at, builder)?;
                }
            }
            Node::Fragment { start, end } => self.walk(start as usize, end as usize, builder)?,
            Node::Value(id) => match self.slot(frame.base, id) {
                Some(slot) if slot.is_fragment() => {
                    self.walk(slot.start as usize, slot.end(), builder)?;
                }
                Some(slot) => {
                    let text = self.value(slot, at, turns)?;
                    self.output.pay(text)?;
                    builder.text(text, self.output.arena);
                }
                None => {}
            },
            Node::Text(span) => {
                let text = Text::Plain(span.of(frame.bytes));
                self.output.pay(text)?;
                builder.text(text, self.output.arena);
            }
            Node::Attribute { .. } => {}
        }
        Ok(())
    }

    fn attribute(
        &mut self,
        frame: Frame<'c, '_>,
        parts: std::ops::Range<usize>,
        turns: &[Turn<'c>],
    ) -> Result<Text<'c>, Broken> {
        let mut text = Joined::EMPTY;
        for at in parts {
            self.output.work(1)?;
            let part = match frame.template.tree.node(at) {
                Some(Node::Text(span)) => Text::Plain(span.of(frame.bytes)),
                Some(Node::Value(id)) => match self.slot(frame.base, id) {
                    Some(slot) if slot.is_fragment() => Text::EMPTY,
                    Some(slot) => self.value(slot, at, turns)?,
                    None => Text::EMPTY,
                },
                _ => Text::EMPTY,
            };
            self.output.pay(part)?;
            text.push(part, self.output.arena);
        }
        Ok(text.take())
    }

    fn value(&mut self, slot: Slot, at: usize, turns: &[Turn<'c>]) -> Result<Text<'c>, Broken> {
        self.output.work(turns.len())?;
        let (bytes, arena) = (slot.bytes(self.chunk), self.output.arena);
        if let Some(turn) = turns.iter().find(|turn| turn.node == at) {
            return turn.item.text(arena);
        }
        value::text(slot.kind, bytes, arena)
    }

    /// An element inside another one: once for each item of an array that stands in
    /// it, and for each combination of items if there are several.
    fn child(
        &mut self,
        frame: Frame<'c, '_>,
        index: usize,
        builder: &mut Builder<'c>,
    ) -> Result<(), Broken> {
        let mut turns = self.turns(frame, index)?;
        loop {
            self.element(frame, index, &turns, builder)?;
            // The last array goes fastest.
            if !turns.iter_mut().rev().any(Turn::advance) {
                return Ok(());
            }
        }
    }

    /// The arrays of more than one item that stand in an element: first those in its
    /// content, then those in its attributes.
    fn turns(
        &mut self,
        frame: Frame<'c, '_>,
        index: usize,
    ) -> Result<ArenaVec<'c, Turn<'c>>, Broken> {
        let tree = &frame.template.tree;
        let mut turns = ArenaVec::new_in(self.output.arena);
        let Some(Node::Element { content, end, .. }) = tree.node(index) else { return Ok(turns) };
        let attributes = index + 1..content as usize;
        let attributes = attributes.filter_map(|at| Some((at, tree.node(at)?)));
        for (at, node) in tree.siblings(content, end).chain(attributes) {
            self.output.work(1)?;
            let Node::Value(id) = node else { continue };
            let Some(slot) = self.slot(frame.base, id) else { continue };
            if slot.kind & kind::ARRAY != 0 {
                let items = Items::new(slot.kind, slot.bytes(self.chunk))?;
                turns.extend(Turn::first(at, items));
            }
        }
        Ok(turns)
    }
}
