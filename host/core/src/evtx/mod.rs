//! EVTX: Windows event log files, chunk by chunk.
//!
//! Owns the way from the bytes of a file to events, and takes it without rendering
//! XML: a template is compiled once a file, and a record is then its values, put where
//! the program says. Strings stay UTF-16 in the chunk. The events are the same as
//! those of the Event XML that Windows renders for the same records. It refuses to
//! know who wants events, and never looks at checksums.
//!
//! Sources: MS-EVEN6 2.2.12 to 2.2.18 for BinXML and its values, 3.1.4.7 for how they
//! become text; "Windows XML Event Log (EVTX) format" of the libevtx project for
//! everything around it.
//!
//! A file is 4 KiB of header and then chunks of 64 KiB, each complete in itself: its
//! records refer to names and templates by offsets in the same chunk. Therefore a
//! chunk is the unit of reading (`layout`, `chunk`), and its records (`record`) are
//! read by programs (`templates`, `compile`, `run`) or, where no program fits, token
//! by token (`walk`, `tree`, `builder`). Both ways write through `output`.

mod builder;
mod chunk;
mod compile;
mod header;
mod instance;
mod kind;
mod layout;
mod number;
mod output;
mod program;
mod record;
mod run;
mod shape;
mod templates;
mod text;
mod token;
mod tree;
mod value;
mod walk;

use bumpalo::Bump;
use serde::{Deserialize, Serialize};

use crate::event::Kind;
use crate::ledger::Ledger;
use crate::probe::Probe;
use crate::scan::Plan;
use crate::stream::{Damaged, Origin, Place, Visitor};
use crate::time::TimeQuality;
use chunk::{Found, Record, Records};
use layout::Block;
use record::Decoder;
use templates::Store;

/// Why something cannot be read, in a few words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Broken(&'static str);

/// How much of what is damaged is shown.
const SAMPLE_BYTES_MAX: usize = 200;

/// What a reader has to know to go on behind a chunk.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReaderState {
    position: u64,
    reference_nanos: i64,
    inherited: Option<i64>,
    tail: Option<Probe>,
}

impl ReaderState {
    /// Where reading goes on: the offset in the file.
    pub fn position(&self) -> u64 {
        self.position
    }
}

/// The reader of one EVTX file.
#[derive(Debug)]
pub struct Reader<'p> {
    plan: &'p Plan,
    reference_nanos: i64,
    /// Offset of the next byte in the file.
    position: u64,
    ledger: Ledger,
    /// The newest probed time: what records without a time inherit.
    inherited: Option<i64>,
    /// The last record so far: it is a probe if it stays the last.
    tail: Option<Probe>,
    store: Store,
    arena: Bump,
}

impl<'p> Reader<'p> {
    /// The reader of a file.
    pub fn new(plan: &'p Plan, origin: Origin) -> Self {
        Self {
            plan,
            reference_nanos: origin.reference_nanos,
            position: 0,
            ledger: Ledger::default(),
            inherited: None,
            tail: None,
            store: Store::default(),
            arena: Bump::new(),
        }
    }

    /// Reads what is in `buf`; `at_end` says that nothing follows. Returns how many
    /// bytes were consumed: the file header and whole chunks, as far as what follows
    /// them shows that they are whole, and everything at the end. The rest must come
    /// again with more behind it.
    pub fn feed(&mut self, buf: &[u8], at_end: bool, visitor: &mut dyn Visitor) -> usize {
        let mut arena = std::mem::take(&mut self.arena);
        let mut rest = buf;
        while let Some((block, length)) = layout::next_block(rest, self.position == 0, at_end) {
            let (bytes, behind) = rest.split_at_checked(length.max(1)).unwrap_or((rest, b""));
            self.block(block, bytes, &arena, visitor);
            arena.reset();
            self.position += bytes.len() as u64;
            rest = behind;
        }
        self.arena = arena;
        if at_end && let Some(probe) = self.tail.take() {
            visitor.probe(&probe);
        }
        buf.len() - rest.len()
    }

    /// Offset of the next byte to consume.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// What is needed to go on from here. Templates are not in it: they only save
    /// work.
    pub fn state(&self) -> ReaderState {
        ReaderState {
            position: self.position,
            reference_nanos: self.reference_nanos,
            inherited: self.inherited,
            tail: self.tail.clone(),
        }
    }

    /// The reader that goes on from a state; the next byte it is fed is the one at
    /// [`ReaderState::position`]. Its accounts begin anew.
    pub fn resume(plan: &'p Plan, state: ReaderState) -> Self {
        Self {
            plan,
            reference_nanos: state.reference_nanos,
            position: state.position,
            ledger: Ledger::default(),
            inherited: state.inherited,
            tail: state.tail,
            store: Store::default(),
            arena: Bump::new(),
        }
    }

    /// The accounts so far.
    pub fn ledger(&self) -> Ledger {
        self.ledger
    }

    fn block(&mut self, block: Block, bytes: &[u8], arena: &Bump, visitor: &mut dyn Visitor) {
        let records = match block {
            Block::Header | Block::Blank => Records::none(),
            Block::Chunk => Records::of(bytes),
            Block::Headless => Records::of_headless(bytes),
            Block::Garbage(reason) => Records::damage(bytes.len(), reason),
        };
        let mut store = std::mem::take(&mut self.store);
        let mut decoder = Decoder::new(bytes, arena, &mut store);
        let looked_at = self.records(records, &mut decoder, visitor);
        self.store = store;
        let length = bytes.len() as u64;
        let of_records = if self.plan.is_prefiltered() { looked_at } else { length };
        self.ledger.bytes_in += length;
        self.ledger.bytes_records += of_records;
        self.ledger.bytes_skipped += length - of_records;
    }

    /// Goes over the records of a chunk. Returns how many bytes were looked at.
    fn records(
        &mut self,
        records: Records<'_>,
        decoder: &mut Decoder<'_, '_>,
        visitor: &mut dyn Visitor,
    ) -> u64 {
        let mut has_probe = false;
        let mut looked_at = 0;
        for found in records {
            let (record, is_last) = match found {
                Found::Record { record, is_last } => (record, is_last),
                Found::Damage(range, reason) => {
                    looked_at += range.len() as u64;
                    self.damaged(decoder.chunk, range, reason, visitor);
                    continue;
                }
            };
            self.tail = None;
            // The first record is a probe, and the last one may be.
            let is_free = has_probe && !is_last;
            if is_free && self.is_unwanted(decoder, &record) {
                continue;
            }
            looked_at += (record.end - record.start) as u64;
            let is_event = self.record(decoder, &record, visitor);
            if is_event && !has_probe {
                has_probe = true;
                self.probe(decoder, visitor);
            } else if is_event && is_last {
                self.tail = Some(Probe::of(&decoder.output.event, decoder.output.arena));
            }
        }
        looked_at
    }

    /// True when the prefilter is on and no subscription can match the record.
    fn is_unwanted(&self, decoder: &mut Decoder<'_, '_>, record: &Record) -> bool {
        let may_match = |id| self.plan.interest().may_match_event_id(Kind::WindowsEvent, id);
        self.plan.is_prefiltered()
            && decoder.peek_event_id(record).is_some_and(|event_id| !may_match(event_id))
    }

    /// Decodes a record and hands it over; false when it is damaged.
    fn record(
        &mut self,
        decoder: &mut Decoder<'_, '_>,
        record: &Record,
        visitor: &mut dyn Visitor,
    ) -> bool {
        if let Err(Broken(reason)) = decoder.decode(record) {
            self.damaged(decoder.chunk, record.start..record.end, reason, visitor);
            return false;
        }
        let event = &mut decoder.output.event;
        if event.time_quality >= TimeQuality::Inherited {
            event.set_time(match self.inherited {
                Some(time) => (time, TimeQuality::Inherited),
                None => (self.reference_nanos, TimeQuality::Receipt),
            });
        }
        let position = self.position + record.start as u64;
        let place = Place { position, text_offset: position };
        let matched = visitor.event(event, place, decoder.output.arena);
        self.ledger.records += 1;
        self.ledger.decoded += 1;
        self.ledger.events_matched += u64::from(matched);
        true
    }

    fn probe(&mut self, decoder: &Decoder<'_, '_>, visitor: &mut dyn Visitor) {
        let event = &decoder.output.event;
        if event.time_quality < TimeQuality::Inherited {
            self.inherited = Some(event.time);
        }
        visitor.probe(&Probe::of(event, decoder.output.arena));
    }

    fn damaged(
        &mut self,
        chunk: &[u8],
        range: std::ops::Range<usize>,
        reason: &'static str,
        visitor: &mut dyn Visitor,
    ) {
        self.ledger.records += 1;
        self.ledger.damaged += 1;
        let position = self.position + range.start as u64;
        let sample = chunk.get(range).unwrap_or_default();
        let sample = sample.get(..SAMPLE_BYTES_MAX).unwrap_or(sample);
        visitor.damaged(&Damaged { reason, position, sample });
    }
}

#[cfg(test)]
mod tests;
