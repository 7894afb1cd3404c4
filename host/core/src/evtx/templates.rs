//! Templates: read and compiled once a file, found again in every chunk.
//!
//! Owns the two caches: by offset for the chunk at hand, by GUID for all chunks. A
//! GUID is only a hint; what counts is that the definition has the known shape.

use std::collections::BTreeMap;
use std::sync::Arc;

use bumpalo::Bump;

use super::Broken;
use super::builder::Context;
use super::compile::compile;
use super::instance::DEFINITION_HEAD_BYTES;
use super::program::{EventId, Op, Program};
use super::shape::Shape;
use super::token::INSTANCE_TOKEN;
use super::tree::{self, Tree};

/// A template, free of any chunk.
#[derive(Debug)]
pub(super) struct Template {
    pub(super) tree: Tree,
    programs: [Option<Program>; 3],
    event_id: Option<EventId>,
    shape: Option<Shape>,
}

impl Template {
    fn read(chunk: &[u8], start: usize, end: usize) -> Result<Self, Broken> {
        let mut tree = tree::read(chunk, start, end)?;
        let contexts = [Context::Record, Context::Event, Context::UserData];
        let programs = contexts.map(|context| compile(&mut tree, context));
        let [record, ..] = &programs;
        let event_id = record.as_ref().and_then(Program::event_id);
        let shape = if tree.is_bound { None } else { Shape::of(chunk, start, end).ok() };
        Ok(Self { tree, programs, event_id, shape })
    }

    fn size(&self) -> usize {
        let programs = self.programs.iter().flatten();
        let programs = programs.map(|program| size_of_val(program.ops.as_slice()));
        size_of_val(self.tree.nodes.as_slice())
            + self.tree.bytes.len()
            + programs.sum::<usize>()
            + self.shape.as_ref().map_or(0, Shape::size)
    }
}

/// The templates of a file so far.
#[derive(Debug, Default)]
pub(super) struct Store {
    by_guid: BTreeMap<[u8; 16], Vec<Arc<Template>>>,
    bytes: usize,
}

/// Memory that a file's templates may take. Real files have a few hundred templates
/// of a few kilobytes; when hostile ones come to more, we begin anew.
const STORE_BYTES_MAX: usize = 16 << 20;

/// Templates under one GUID. Versions of a provider can share it; more than a few
/// are not meant to be found.
const VARIANTS_MAX: usize = 8;

impl Store {
    fn find(
        &self,
        guid: [u8; 16],
        chunk: &[u8],
        start: usize,
        end: usize,
    ) -> Option<Arc<Template>> {
        let has_shape = |template: &&Arc<Template>| {
            template.shape.as_ref().is_some_and(|shape| shape.matches(chunk, start, end))
        };
        self.by_guid.get(&guid)?.iter().find(has_shape).map(Arc::clone)
    }

    fn add(&mut self, guid: [u8; 16], template: &Arc<Template>) {
        if template.shape.is_none() {
            return;
        }
        let size = template.size();
        if self.bytes + size > STORE_BYTES_MAX {
            *self = Self::default();
        }
        let variants = self.by_guid.entry(guid).or_default();
        if variants.len() < VARIANTS_MAX {
            self.bytes += size;
            variants.push(Arc::clone(template));
        }
    }
}

/// A program, borrowed from the chunk's arena.
#[derive(Debug, Clone, Copy)]
pub(super) struct Loaded<'c> {
    pub(super) ops: &'c [Op],
    /// What spans refer to.
    pub(super) bytes: &'c [u8],
}

/// A template in the chunk at hand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'c> {
    programs: [Option<Loaded<'c>>; 3],
    pub(super) event_id: Option<EventId>,
    pub(super) bytes: &'c [u8],
    held: usize,
}

impl<'c> Entry<'c> {
    pub(super) fn program(&self, context: Context) -> Option<Loaded<'c>> {
        let [record, event, user_data] = &self.programs;
        *match context {
            Context::Record => record,
            Context::Event => event,
            Context::UserData => user_data,
        }
    }
}

/// The templates of one chunk, by the offsets of their definitions.
#[derive(Debug)]
pub(super) struct Templates<'c, 's> {
    chunk: &'c [u8],
    arena: &'c Bump,
    store: &'s mut Store,
    offsets: Vec<u32>,
    /// As long as `offsets`. A broken one is broken for all who use it.
    entries: Vec<Result<&'c Entry<'c>, Broken>>,
    held: Vec<Arc<Template>>,
}

impl<'c, 's> Templates<'c, 's> {
    pub(super) fn new(chunk: &'c [u8], arena: &'c Bump, store: &'s mut Store) -> Self {
        let (offsets, entries) = (Vec::with_capacity(32), Vec::with_capacity(32));
        Self { chunk, arena, store, offsets, entries, held: Vec::with_capacity(32) }
    }

    /// The template whose definition stands there.
    pub(super) fn get(&mut self, definition: u32) -> Result<&'c Entry<'c>, Broken> {
        let known = self.offsets.iter().position(|offset| *offset == definition);
        if let Some(entry) = known.and_then(|at| self.entries.get(at)) {
            return *entry;
        }
        let entry = self.load(definition);
        self.offsets.push(definition);
        self.entries.push(entry);
        entry
    }

    /// The template behind an entry.
    pub(super) fn template(&self, entry: &Entry<'c>) -> Option<Arc<Template>> {
        self.held.get(entry.held).map(Arc::clone)
    }

    fn load(&mut self, definition: u32) -> Result<&'c Entry<'c>, Broken> {
        let definition = definition as usize;
        let start = definition.saturating_add(DEFINITION_HEAD_BYTES);
        let missing = Broken("a template lies outside of the chunk");
        let head = self.chunk.get(definition..start).ok_or(missing)?;
        let [_, _, _, _, guid @ .., a, b, c, d] = head else { return Err(missing) };
        let guid: [u8; 16] = guid.try_into().map_err(|_| missing)?;
        let length = u32::from_le_bytes([*a, *b, *c, *d]) as usize;
        let end = start.saturating_add(length);
        if end > self.chunk.len() {
            return Err(missing);
        }
        if !is_in_place(self.chunk, definition) {
            return Err(Broken("a template is missing"));
        }
        let stream = self.chunk.get(start..end).ok_or(missing)?;
        let tokens = memchr::memchr_iter(INSTANCE_TOKEN, stream);
        if tokens.into_iter().any(|at| is_in_place(self.chunk, start + at + INSTANCE_BYTES)) {
            return Err(Broken("templates overlap"));
        }
        let template = if let Some(known) = self.store.find(guid, self.chunk, start, end) {
            known
        } else {
            let template = Arc::new(Template::read(self.chunk, start, end)?);
            self.store.add(guid, &template);
            template
        };
        Ok(self.hold(template))
    }

    /// Brings a template into the chunk's arena.
    fn hold(&mut self, template: Arc<Template>) -> &'c Entry<'c> {
        let arena = self.arena;
        let bytes = arena.alloc_slice_copy(&template.tree.bytes);
        let load = |program: &Program| Loaded { ops: arena.alloc_slice_copy(&program.ops), bytes };
        let programs = template.programs.each_ref().map(|program| program.as_ref().map(load));
        let entry = Entry { programs, event_id: template.event_id, bytes, held: self.held.len() };
        self.held.push(template);
        arena.alloc(entry)
    }
}

/// Bytes of an instance before the definition that it may bring along: token, version,
/// number, reference.
const INSTANCE_BYTES: usize = 10;

/// True when a definition can stand there: the instance that brings it along has its
/// number, which is the beginning of its GUID, and ends with a reference to it. Since
/// no definition may hold another one, reading all definitions of a chunk takes no
/// longer than reading the chunk.
fn is_in_place(chunk: &[u8], definition: usize) -> bool {
    let around = definition.checked_sub(INSTANCE_BYTES).and_then(|at| chunk.get(at..));
    let Some((instance, rest)) = around.and_then(|around| around.split_first_chunk()) else {
        return false;
    };
    let [token, _version, number @ .., r0, r1, r2, r3]: &[u8; INSTANCE_BYTES] = instance;
    *token == INSTANCE_TOKEN
        && u32::from_le_bytes([*r0, *r1, *r2, *r3]) as usize == definition
        && rest.get(4..8) == Some(number.as_slice())
}
