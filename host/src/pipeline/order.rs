//! Order: rows come out by (time, source, position), whoever read them and when.
//!
//! Matched rows are kept as flat bytes. When a run is full it is sorted and
//! written to a temporary file; in the end all runs are merged.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};

/// Bytes of a run that are held in memory, on all threads together.
pub(super) const RUN_BYTES_MAX: usize = 16 << 20;

/// Where a row belongs among all rows. `part` tells rows of one record apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RowKey {
    /// Event time.
    pub time: i64,
    /// Number of the source, by sorted path.
    pub source: u32,
    /// Place of the record in its source.
    pub position: u64,
    /// 0 for the record itself, 1 for its session, 2 for coverage.
    pub part: u8,
}

/// Bytes of a key that was written.
pub(crate) const KEY_BYTES: usize = 8 + 4 + 8 + 1;

impl RowKey {
    /// The key as it is written.
    pub(crate) fn to_bytes(self) -> [u8; KEY_BYTES] {
        let mut bytes = [0; KEY_BYTES];
        bytes[..8].copy_from_slice(&self.time.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.source.to_le_bytes());
        bytes[12..20].copy_from_slice(&self.position.to_le_bytes());
        bytes[20] = self.part;
        bytes
    }

    /// The key that was written.
    pub(crate) fn from_bytes(bytes: &[u8; KEY_BYTES]) -> Self {
        let number = |range: std::ops::Range<usize>| {
            bytes[range].iter().rev().fold(0_u64, |number, byte| number << 8 | u64::from(*byte))
        };
        Self {
            time: number(0..8).cast_signed(),
            source: number(8..12) as u32,
            position: number(12..20),
            part: bytes[20],
        }
    }
}

/// Collects the rows of one thread.
#[derive(Debug)]
pub(super) struct Collector {
    bytes_max: usize,
    data: Vec<u8>,
    index: Vec<(RowKey, usize, usize)>,
    spilled: Option<Spill>,
}

/// Sorted runs in one temporary file.
#[derive(Debug)]
struct Spill {
    file: File,
    /// Where each run begins, and how many rows it has.
    runs: Vec<(u64, usize)>,
}

impl Collector {
    /// A collector that holds about `bytes_max` in memory.
    pub(super) fn new(bytes_max: usize) -> Self {
        Self { bytes_max, data: Vec::new(), index: Vec::new(), spilled: None }
    }

    /// Adds a row; `write` appends its bytes.
    pub(super) fn push(&mut self, key: RowKey, write: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        let start = self.data.len();
        write(&mut self.data);
        self.index.push((key, start, self.data.len()));
        let index_bytes = self.index.len() * size_of::<(RowKey, usize, usize)>();
        if self.data.len() + index_bytes > self.bytes_max { self.spill() } else { Ok(()) }
    }

    fn sort(&mut self) {
        // Rows of one key keep the order in which they came.
        self.index.sort_by_key(|(key, ..)| *key);
    }

    fn spill(&mut self) -> io::Result<()> {
        self.sort();
        let spill = match &mut self.spilled {
            Some(spill) => spill,
            None => self.spilled.insert(Spill { file: tempfile::tempfile()?, runs: Vec::new() }),
        };
        let start = spill.file.seek(SeekFrom::End(0))?;
        let mut out = BufWriter::new(&mut spill.file);
        for (key, from, to) in &self.index {
            let row = self.data.get(*from..*to).unwrap_or_default();
            out.write_all(&key.to_bytes())?;
            out.write_all(&(row.len() as u32).to_le_bytes())?;
            out.write_all(row)?;
        }
        out.flush()?;
        drop(out);
        spill.runs.push((start, self.index.len()));
        self.data.clear();
        self.index.clear();
        Ok(())
    }
}

/// Memory for reading runs back, on all of them together.
const MERGE_BYTES_MAX: usize = 8 << 20;

/// All rows of all collectors, in order.
pub(super) struct Merge {
    runs: Vec<Run>,
    heads: BinaryHeap<Reverse<(RowKey, usize)>>,
}

enum Run {
    Memory { data: Vec<u8>, index: std::vec::IntoIter<(RowKey, usize, usize)>, row: (usize, usize) },
    Disk { reader: BufReader<At>, left: usize, row: Vec<u8> },
}

/// Reads a shared file from a place of its own.
struct At {
    file: std::sync::Arc<File>,
    offset: u64,
}

impl Read for At {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = std::os::unix::fs::FileExt::read_at(&*self.file, out, self.offset)?;
        self.offset += count as u64;
        Ok(count)
    }
}

impl Merge {
    /// Merges what was collected.
    pub(super) fn new(collectors: Vec<Collector>) -> io::Result<Self> {
        let runs_on_disk: usize = collectors
            .iter()
            .filter_map(|c| c.spilled.as_ref())
            .map(|spill| spill.runs.len())
            .sum();
        let buffer_bytes = (MERGE_BYTES_MAX / runs_on_disk.max(1)).clamp(4 * 1024, 256 * 1024);
        let mut merge = Self { runs: Vec::new(), heads: BinaryHeap::new() };
        for mut collector in collectors {
            collector.sort();
            if let Some(spill) = collector.spilled.take() {
                let file = std::sync::Arc::new(spill.file);
                for (offset, left) in spill.runs {
                    let at = At { file: std::sync::Arc::clone(&file), offset };
                    let reader = BufReader::with_capacity(buffer_bytes, at);
                    merge.runs.push(Run::Disk { reader, left, row: Vec::new() });
                }
            }
            let (data, index) = (collector.data, collector.index.into_iter());
            merge.runs.push(Run::Memory { data, index, row: (0, 0) });
        }
        for run in 0..merge.runs.len() {
            merge.pull(run)?;
        }
        Ok(merge)
    }

    /// Hands the next row to `take`; false when there is none.
    pub(super) fn next(&mut self, take: impl FnOnce(RowKey, &[u8])) -> io::Result<bool> {
        let Some(Reverse((key, run))) = self.heads.pop() else { return Ok(false) };
        match &self.runs[run] {
            Run::Memory { data, row, .. } => take(key, data.get(row.0..row.1).unwrap_or_default()),
            Run::Disk { row, .. } => take(key, row),
        }
        self.pull(run)?;
        Ok(true)
    }

    /// Puts the run's next row at its head.
    fn pull(&mut self, run: usize) -> io::Result<()> {
        let key = match &mut self.runs[run] {
            Run::Memory { index, row, .. } => index.next().map(|(key, from, to)| {
                *row = (from, to);
                key
            }),
            Run::Disk { left: 0, .. } => None,
            Run::Disk { reader, left, row } => {
                *left -= 1;
                let mut key = [0; KEY_BYTES];
                reader.read_exact(&mut key)?;
                let mut length = [0; 4];
                reader.read_exact(&mut length)?;
                row.resize(u32::from_le_bytes(length) as usize, 0);
                reader.read_exact(row)?;
                Some(RowKey::from_bytes(&key))
            }
        };
        if let Some(key) = key {
            self.heads.push(Reverse((key, run)));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::hash_map::DefaultHasher;
    use std::hash::{Hash, Hasher};

    fn pseudo_random(number: u64) -> u64 {
        let mut hasher = DefaultHasher::new();
        number.hash(&mut hasher);
        hasher.finish()
    }

    /// Scenario: rows out of order, spread over collectors that hold next to
    /// nothing, so that most is written to disk.
    /// Guarantees: the same sequence as sorting all of them, bytes intact.
    #[test]
    fn rows_come_out_in_order() {
        let mut all = Vec::new();
        let mut collectors: Vec<Collector> = [1_000, 64 << 20].map(Collector::new).into();
        for number in 0..5_000_u64 {
            let random = pseudo_random(number);
            let key = RowKey {
                time: (random % 97).cast_signed() - 48,
                source: (random >> 8) as u32 % 3,
                position: number,
                part: (random >> 16) as u8 % 2,
            };
            let row = vec![random as u8; (random >> 24) as usize % 50];
            all.push((key, row.clone()));
            let collector = &mut collectors[(random >> 32) as usize % 2];
            collector.push(key, |data| data.extend_from_slice(&row)).expect("collected");
        }
        assert!(collectors[0].spilled.as_ref().is_some_and(|spill| spill.runs.len() > 50));
        all.sort();
        let mut merge = Merge::new(collectors).expect("merges");
        let mut merged = Vec::new();
        while merge.next(|key, row| merged.push((key, row.to_vec()))).expect("reads") {}
        assert!(merged == all);
    }
}
