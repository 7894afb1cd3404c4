//! A small writer of EVTX files, for tests: elements and values in, a file out.
//!
//! Like Windows, it writes names and templates where they are used first in a chunk
//! and refers to them afterwards. All templates share one GUID, so that nobody can
//! rely on it.

use std::collections::HashMap;

use super::header::{CHUNK_BYTES, CHUNK_HEADER_BYTES, CHUNK_MAGIC, FILE_HEADER_BYTES, FILE_MAGIC};
use super::kind;

/// An element, of a template or in place.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, Vec<Part>)>,
    pub(super) content: Vec<Part>,
    /// The value that it depends on; in a template only.
    pub(super) dependency: Option<u16>,
    pub(super) is_empty_tag: bool,
}

/// What stands in an element or an attribute.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Part {
    Text(String),
    CData(String),
    CharRef(u16),
    EntityRef(String),
    Instruction(String),
    /// A value of the instance; in a template only.
    Value(u16),
    Element(Element),
}

/// A typed value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Bytes(u8, Vec<u8>),
    Stream(Vec<Item>),
}

/// What a stream holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    Element(Element),
    Instance(Element, Vec<Value>),
}

impl Element {
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    pub(super) fn with(mut self, name: &str, part: Part) -> Self {
        self.attributes.push((name.to_owned(), vec![part]));
        self
    }

    pub(super) fn holding(mut self, parts: impl IntoIterator<Item = Part>) -> Self {
        self.content.extend(parts);
        self
    }

    pub(super) fn depending(mut self, id: u16) -> Self {
        self.dependency = Some(id);
        self
    }
}

impl Value {
    pub(super) fn string(text: &str) -> Self {
        Self::Bytes(kind::STRING, utf16(text))
    }
}

pub(super) fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// A file being written.
pub(super) struct Writer {
    file: Vec<u8>,
    chunk: Chunk,
    next_id: u64,
}

/// The time that every record header has: 2016-02-15T08:53:20Z.
pub(super) const WRITTEN: u64 = 131_000_000_000_000_000;

impl Writer {
    pub(super) fn new() -> Self {
        let mut file = vec![0; FILE_HEADER_BYTES];
        file[..8].copy_from_slice(FILE_MAGIC);
        file[32..36].copy_from_slice(&128_u32.to_le_bytes());
        file[36..38].copy_from_slice(&1_u16.to_le_bytes());
        file[38..40].copy_from_slice(&3_u16.to_le_bytes());
        file[40..42].copy_from_slice(&4_096_u16.to_le_bytes());
        Self { file, chunk: Chunk::new(), next_id: 1 }
    }

    /// Writes a record; returns where it begins in the file.
    pub(super) fn record(&mut self, items: &[Item]) -> u64 {
        let before = self.chunk.clone();
        self.chunk.record(self.next_id, items);
        if self.chunk.bytes.len() > CHUNK_BYTES {
            self.chunk = before;
            self.end_chunk();
            self.chunk.record(self.next_id, items);
            assert!(self.chunk.bytes.len() <= CHUNK_BYTES, "a record fits a chunk");
        }
        self.next_id += 1;
        (self.file.len() + self.chunk.last_record) as u64
    }

    /// Ends the chunk, so that the next record begins another one.
    pub(super) fn end_chunk(&mut self) {
        let chunk = std::mem::replace(&mut self.chunk, Chunk::new());
        self.file.extend(chunk.finish());
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        if self.chunk.first_id.is_some() {
            self.end_chunk();
        }
        self.file
    }
}

#[derive(Clone)]
struct Chunk {
    bytes: Vec<u8>,
    names: HashMap<String, u32>,
    templates: HashMap<Element, u32>,
    first_id: Option<u64>,
    last_id: u64,
    last_record: usize,
}

impl Chunk {
    fn new() -> Self {
        let bytes = vec![0; CHUNK_HEADER_BYTES];
        let (names, templates) = (HashMap::new(), HashMap::new());
        Self { bytes, names, templates, first_id: None, last_id: 0, last_record: 0 }
    }

    fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    fn patch(&mut self, at: usize, number: u32) {
        self.bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
    }

    fn record(&mut self, id: u64, items: &[Item]) {
        let start = self.bytes.len();
        self.put(b"**\0\0\0\0\0\0");
        self.put(&id.to_le_bytes());
        self.put(&WRITTEN.to_le_bytes());
        self.stream(items);
        self.put(&[0; 4]);
        let size = (self.bytes.len() - start) as u32;
        self.patch(start + 4, size);
        self.patch(self.bytes.len() - 4, size);
        self.first_id.get_or_insert(id);
        (self.last_id, self.last_record) = (id, start);
    }

    fn stream(&mut self, items: &[Item]) {
        self.put(&[0x0F, 1, 1, 0]);
        for item in items {
            match item {
                Item::Element(element) => self.element(element, false),
                Item::Instance(template, values) => self.instance(template, values),
            }
        }
        self.put(&[0]);
    }

    fn instance(&mut self, template: &Element, values: &[Value]) {
        self.put(&[0x0C, 1, 0xAB, 0xAB, 0xAB, 0xAB]);
        let here = self.bytes.len() as u32 + 4;
        let definition = self.templates.get(template).copied();
        self.put(&definition.unwrap_or(here).to_le_bytes());
        if definition.is_none() {
            self.definition(template);
            self.templates.insert(template.clone(), here);
        }
        self.values(values);
    }

    fn definition(&mut self, template: &Element) {
        self.put(&[0; 4]);
        self.put(&[0xAB; 16]);
        let length_at = self.bytes.len();
        self.put(&[0; 4]);
        self.put(&[0x0F, 1, 1, 0]);
        self.element(template, true);
        self.put(&[0]);
        self.patch(length_at, (self.bytes.len() - length_at - 4) as u32);
    }

    fn values(&mut self, values: &[Value]) {
        self.put(&(values.len() as u32).to_le_bytes());
        let descriptors = self.bytes.len();
        self.put(&vec![0; values.len() * 4]);
        for (index, value) in values.iter().enumerate() {
            let start = self.bytes.len();
            let kind = match value {
                Value::Bytes(kind, bytes) => {
                    self.put(bytes);
                    *kind
                }
                Value::Stream(items) => {
                    self.stream(items);
                    kind::BIN_XML
                }
            };
            let size = u16::try_from(self.bytes.len() - start).unwrap_or(u16::MAX);
            let at = descriptors + index * 4;
            self.bytes[at..at + 2].copy_from_slice(&size.to_le_bytes());
            self.bytes[at + 2] = kind;
        }
    }

    fn element(&mut self, element: &Element, in_template: bool) {
        let has_attributes = !element.attributes.is_empty();
        self.put(&[if has_attributes { 0x41 } else { 0x01 }]);
        if in_template {
            self.put(&element.dependency.unwrap_or(0xFFFF).to_le_bytes());
        }
        let length_at = self.bytes.len();
        self.put(&[0; 4]);
        self.name(&element.name);
        if has_attributes {
            let list_at = self.bytes.len();
            self.put(&[0; 4]);
            for (name, value) in &element.attributes {
                self.put(&[0x06]);
                self.name(name);
                for part in value {
                    self.part(part, in_template);
                }
            }
            self.patch(list_at, (self.bytes.len() - list_at - 4) as u32);
        }
        if element.is_empty_tag {
            self.put(&[0x03]);
        } else {
            self.put(&[0x02]);
            for part in &element.content {
                self.part(part, in_template);
            }
            self.put(&[0x04]);
        }
        self.patch(length_at, (self.bytes.len() - length_at - 4) as u32);
    }

    fn part(&mut self, part: &Part, in_template: bool) {
        match part {
            Part::Text(text) => {
                self.put(&[0x05, 0x01]);
                self.counted(text);
            }
            Part::CData(text) => {
                self.put(&[0x07]);
                self.counted(text);
            }
            Part::CharRef(code) => {
                self.put(&[0x08]);
                self.put(&code.to_le_bytes());
            }
            Part::EntityRef(name) => {
                self.put(&[0x09]);
                self.name(name);
            }
            Part::Instruction(text) => {
                self.put(&[0x0A]);
                self.name("target");
                self.put(&[0x0B]);
                self.counted(text);
            }
            Part::Value(id) => {
                self.put(&[0x0D]);
                self.put(&id.to_le_bytes());
                self.put(&[0x01]);
            }
            Part::Element(element) => self.element(element, in_template),
        }
    }

    fn counted(&mut self, text: &str) {
        let text = utf16(text);
        self.put(&((text.len() / 2) as u16).to_le_bytes());
        self.put(&text);
    }

    fn name(&mut self, name: &str) {
        let here = self.bytes.len() as u32 + 4;
        let known = self.names.get(name).copied();
        self.put(&known.unwrap_or(here).to_le_bytes());
        if known.is_none() {
            self.put(&[0; 6]);
            self.counted(name);
            self.put(&[0; 2]);
            self.names.insert(name.to_owned(), here);
        }
    }

    fn finish(mut self) -> Vec<u8> {
        let free_space = self.bytes.len() as u32;
        self.bytes.resize(CHUNK_BYTES, 0);
        self.bytes[..8].copy_from_slice(CHUNK_MAGIC);
        let first_id = self.first_id.unwrap_or(1);
        for (at, id) in [(8, first_id), (16, self.last_id), (24, first_id), (32, self.last_id)] {
            self.bytes[at..at + 8].copy_from_slice(&id.to_le_bytes());
        }
        self.patch(40, 128);
        self.patch(44, self.last_record as u32);
        self.patch(48, free_space);
        self.bytes
    }
}
