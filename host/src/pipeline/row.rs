//! Rows as flat bytes: what one event gives to the subscriptions that it satisfied.

use bumpalo::Bump;
use logwasp_core::event::Event;
use logwasp_core::interest::Interest;

use crate::sandbox::RowHead;

/// Marks an absent cell.
const ABSENT: u32 = u32::MAX;

/// Longest cell that is handed over. Longer ones are cut: no detector reads a
/// megabyte, and a batch of them would not fit its memory.
const CELL_BYTES_MAX: usize = 256 * 1024;

/// Appends the row of an event to `out`.
pub(crate) fn write<'c>(
    out: &mut Vec<u8>,
    interest: &Interest,
    matches: &[usize],
    event: &Event<'c>,
    record: u64,
    arena: &'c Bump,
) {
    out.push(event.time_quality as u8);
    out.extend_from_slice(&record.to_le_bytes());
    for index in matches {
        let Some(subscription) = interest.subscriptions().get(*index) else { continue };
        let columns = subscription.columns.iter();
        let cells = columns.map(|column| column.project(event, arena));
        let cut = |cell: &'c [u8]| cell.get(..CELL_BYTES_MAX).unwrap_or(cell);
        Row::append(out, *index as u32, cells.map(|cell| cell.map(cut)));
    }
}

/// A row that was written, to be read back.
pub(crate) struct Row<'a> {
    /// What is the same for all subscriptions.
    pub head: RowHead,
    rest: &'a [u8],
}

impl<'a> Row<'a> {
    /// The row in `bytes`.
    pub(crate) fn new(time: i64, bytes: &'a [u8]) -> Option<Self> {
        let (quality, rest) = bytes.split_first()?;
        let (record, rest) = rest.split_first_chunk::<8>()?;
        let record = u64::from_le_bytes(*record);
        Some(Self { head: RowHead { time, time_quality: *quality, late: false, record }, rest })
    }

    /// Appends a match with its cells, as [`write`] does.
    pub(crate) fn append(
        out: &mut Vec<u8>,
        subscription: u32,
        cells: impl Iterator<Item = Option<&'a [u8]>>,
    ) {
        out.extend_from_slice(&subscription.to_le_bytes());
        for cell in cells {
            match cell {
                Some(cell) => {
                    out.extend_from_slice(&(cell.len() as u32).to_le_bytes());
                    out.extend_from_slice(cell);
                }
                None => out.extend_from_slice(&ABSENT.to_le_bytes()),
            }
        }
    }

    /// The next subscription that was satisfied; its cells follow by
    /// [`Row::next_cell`].
    pub(crate) fn next_match(&mut self) -> Option<usize> {
        self.number().map(|index| index as usize)
    }

    /// The next cell of the subscription at hand.
    pub(crate) fn next_cell(&mut self) -> Option<&'a [u8]> {
        let length = self.number().filter(|length| *length != ABSENT)?;
        let (cell, rest) = self.rest.split_at_checked(length as usize)?;
        self.rest = rest;
        Some(cell)
    }

    fn number(&mut self) -> Option<u32> {
        let (number, rest) = self.rest.split_first_chunk::<4>()?;
        self.rest = rest;
        Some(u32::from_le_bytes(*number))
    }
}
