//! The records of a chunk: where each begins and ends.
//!
//! Owns the way from one record to the next, also past damaged ones. Checksums are
//! not looked at: a wrong one is no reason to drop what can be read.

use std::ops::Range;

use memchr::memmem;

use super::header::{CHUNK_HEADER_BYTES, ChunkHeader};

/// Magic of a record.
const RECORD_MAGIC: &[u8; 4] = b"**\0\0";
/// Bytes of a record before its stream: magic, size, id, time.
const RECORD_HEAD_BYTES: usize = 24;
/// Bytes behind it: the size once more.
const RECORD_TAIL_BYTES: usize = 4;

/// A record; offsets are the chunk's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) start: usize,
    pub(super) end: usize,
    id: u64,
    /// When it was written, in FILETIME ticks.
    pub(super) written: u64,
}

impl Record {
    /// Where its stream stands.
    pub(super) const fn data(&self) -> Range<usize> {
        self.start + RECORD_HEAD_BYTES..self.end - RECORD_TAIL_BYTES
    }

    /// The record that starts at `start`. A half-written one has its size only once.
    fn at(chunk: &[u8], start: usize) -> Result<Self, &'static str> {
        const NONE: &str = "no record starts where one should";
        let bytes = chunk.get(start..).unwrap_or_default();
        let (magic, head) = bytes.split_first_chunk::<4>().ok_or(NONE)?;
        if magic != RECORD_MAGIC {
            return Err(NONE);
        }
        let (size, head) = head.split_first_chunk::<4>().ok_or(NONE)?;
        let (id, head) = head.split_first_chunk::<8>().ok_or(NONE)?;
        let written = head.first_chunk::<8>().ok_or(NONE)?;
        let length = u32::from_le_bytes(*size) as usize;
        let copy = length.checked_sub(RECORD_TAIL_BYTES).and_then(|at| bytes.get(at..length));
        if length < RECORD_HEAD_BYTES + RECORD_TAIL_BYTES || copy != Some(size) {
            return Err("the two sizes of a record differ");
        }
        let (id, written) = (u64::from_le_bytes(*id), u64::from_le_bytes(*written));
        Ok(Self { start, end: start + length, id, written })
    }
}

/// What stands in a chunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    Record {
        record: Record,
        is_last: bool,
    },
    /// Bytes where records should be.
    Damage(Range<usize>, &'static str),
}

/// Goes over what stands in a chunk, one record ahead: the last one is to be known as
/// such, and the beginning of the next one is in the cache when its turn comes.
pub(super) struct Records<'a> {
    chunk: &'a [u8],
    header: ChunkHeader,
    /// What stands before the record ahead.
    damage: Option<Found>,
    ahead: Option<Record>,
}

impl<'a> Records<'a> {
    /// Nothing.
    pub(super) fn none() -> Self {
        Self { chunk: b"", header: ChunkHeader::read(b""), damage: None, ahead: None }
    }

    /// All of it is damaged.
    pub(super) fn damage(bytes: usize, reason: &'static str) -> Self {
        Self { damage: Some(Found::Damage(0..bytes, reason)), ..Self::none() }
    }

    /// A chunk that has its header.
    pub(super) fn of(chunk: &'a [u8]) -> Self {
        let header = ChunkHeader::read(chunk);
        let mut records = Self { chunk, header, damage: None, ahead: None };
        records.advance(CHUNK_HEADER_BYTES.min(chunk.len()));
        records
    }

    /// A chunk whose beginning is damaged.
    pub(super) fn of_headless(chunk: &'a [u8]) -> Self {
        let header = ChunkHeader::read(chunk);
        let mut records = Self { chunk, header, damage: None, ahead: None };
        let ahead = records.resync(0);
        let lost = ahead.map_or(chunk.len(), |record| record.start);
        records.damage = Some(Found::Damage(0..lost, "no chunk starts where one should"));
        records.ahead = ahead;
        records
    }

    /// Looks for the record at `at` or, if it is damaged, for the one behind it.
    fn advance(&mut self, at: usize) {
        let end = self.header.free_space.min(self.chunk.len());
        let is_cut = self.header.free_space > self.chunk.len();
        if at < end {
            let reason = match Record::at(self.chunk, at) {
                Ok(record) => {
                    self.ahead = Some(record);
                    return;
                }
                Err(reason) => reason,
            };
            self.ahead = self.resync(at + 1);
            // Zeros with no record behind them are free space that the header does
            // not know of yet.
            if self.ahead.is_some() || !self.is_blank(at) {
                let lost = at..self.ahead.map_or(end, |record| record.start);
                self.damage = Some(Found::Damage(lost, reason));
                return;
            }
        }
        if is_cut {
            let lost = self.chunk.len()..self.chunk.len();
            self.damage = Some(Found::Damage(lost, "the chunk is cut off"));
        }
    }

    fn is_blank(&self, at: usize) -> bool {
        let rest = self.chunk.get(at..).unwrap_or_default();
        rest.iter().take(RECORD_MAGIC.len()).all(|byte| *byte == 0)
    }

    /// The next record at or after `from` that can be one of this chunk's own: free
    /// space that is used again holds records of an earlier round.
    fn resync(&self, from: usize) -> Option<Record> {
        let ids = self.header.first_id..=self.header.last_id;
        let rest = self.chunk.get(from..)?;
        let mut hits = memmem::find_iter(rest, RECORD_MAGIC);
        hits.find_map(|hit| {
            let record = Record::at(self.chunk, from + hit).ok()?;
            let is_own = record.end <= self.header.free_space && ids.contains(&record.id);
            is_own.then_some(record)
        })
    }
}

impl Iterator for Records<'_> {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        if let Some(damage) = self.damage.take() {
            return Some(damage);
        }
        let record = self.ahead.take()?;
        let next = Record::at(self.chunk, record.end).ok();
        // A record that carries on the count is no old one, whatever the header says:
        // its last update may be missing.
        self.ahead = next.filter(|next| next.id == record.id.wrapping_add(1));
        if self.ahead.is_none() && record.id != self.header.last_id {
            self.advance(record.end);
        }
        Some(Found::Record { record, is_last: self.ahead.is_none() })
    }
}
