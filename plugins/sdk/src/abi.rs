//! The shapes of `wit/v0.1/detector.wit` as plain Rust, so that a detector runs
//! the same natively and inside a component. Only `guest` (and, natively, the
//! test kit) builds them.

use crate::time::Timestamp;

/// The top bit of a column's end: the cell is absent.
pub const ABSENT: u32 = 1 << 31;

/// One subscribed column of a batch. See the WIT for the encoding.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Column {
    /// End of each cell in `data`; the top bit marks an absent cell.
    pub ends: Vec<u32>,
    /// All cells, one after the other.
    pub data: String,
}

impl Column {
    /// Appends a cell.
    pub fn push(&mut self, cell: Option<&str>) {
        if let Some(text) = cell {
            self.data.push_str(text);
        }
        let end = self.data.len() as u32;
        self.ends.push(if cell.is_some() { end } else { end | ABSENT });
    }

    /// The cell of row `index`, `None` when absent or out of bounds.
    pub fn cell(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)?;
        if end & ABSENT != 0 {
            return None;
        }
        let start = match index.checked_sub(1) {
            Some(previous) => self.ends.get(previous)? & !ABSENT,
            None => 0,
        };
        self.data.get(start as usize..end as usize)
    }
}

/// The rows of one batch that satisfied one subscription.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rows {
    /// Index into the subscriptions that `start` returned.
    pub subscription: u32,
    /// Place of each event in the whole batch, ascending.
    pub order: Vec<u32>,
    /// Event time of each row.
    pub times: Vec<Timestamp>,
    /// See [`crate::TimeQuality`].
    pub time_quality: Vec<u8>,
    /// 1: behind the watermark.
    pub late: Vec<u8>,
    /// Opaque references, for evidence.
    pub records: Vec<u64>,
    /// The subscribed columns, in their order.
    pub columns: Vec<Column>,
}
