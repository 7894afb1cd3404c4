//! Batches: rows as the contract wants them, column by column.

/// The top bit of a column's end: the cell is absent.
const ABSENT: u32 = 1 << 31;

/// One subscribed column.
#[derive(Debug, Default, Clone)]
pub struct Column {
    /// End of each cell in `data`; the top bit marks an absent cell.
    pub ends: Vec<u32>,
    /// All cells, one after the other.
    pub data: String,
}

/// The rows of one batch that satisfied one subscription.
#[derive(Debug, Default, Clone)]
pub struct Rows {
    /// Index into the detector's subscriptions.
    pub subscription: u32,
    /// Place of each event in the whole batch.
    pub order: Vec<u32>,
    /// Event times.
    pub times: Vec<i64>,
    /// See the contract.
    pub time_quality: Vec<u8>,
    /// 1: behind the watermark.
    pub late: Vec<u8>,
    /// References for evidence.
    pub records: Vec<u64>,
    /// The subscribed columns.
    pub columns: Vec<Column>,
}

/// What is the same for all subscriptions that one event satisfied.
#[derive(Debug, Clone, Copy)]
pub struct RowHead {
    /// Event time.
    pub time: i64,
    /// See the contract.
    pub time_quality: u8,
    /// Behind the watermark.
    pub late: bool,
    /// Reference for evidence.
    pub record: u64,
}

/// Rows for one call of one detector. Its buffers are used again and again.
#[derive(Debug, Default)]
pub struct Batch {
    groups: Vec<Rows>,
    events: u32,
    bytes: usize,
}

impl Batch {
    /// An empty batch for a detector whose subscriptions have these numbers of
    /// columns.
    pub fn new(columns: &[usize]) -> Self {
        let group = |(index, columns): (usize, &usize)| Rows {
            subscription: index as u32,
            columns: vec![Column::default(); *columns],
            ..Rows::default()
        };
        Self { groups: columns.iter().enumerate().map(group).collect(), events: 0, bytes: 0 }
    }

    /// Events in the batch.
    pub fn events(&self) -> usize {
        self.events as usize
    }

    /// Bytes of cells in the batch.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Begins the next event; its rows follow.
    pub fn next_event(&mut self) {
        self.events += 1;
    }

    /// Adds the event at hand as a row of a subscription. Cells that are no UTF-8
    /// are read lossily.
    pub fn push<'a>(
        &mut self,
        subscription: usize,
        head: RowHead,
        cells: impl Iterator<Item = Option<&'a [u8]>>,
    ) {
        let Some(rows) = self.groups.get_mut(subscription) else { return };
        rows.order.push(self.events.saturating_sub(1));
        rows.times.push(head.time);
        rows.time_quality.push(head.time_quality);
        rows.late.push(u8::from(head.late));
        rows.records.push(head.record);
        for (column, cell) in rows.columns.iter_mut().zip(cells) {
            if let Some(bytes) = cell {
                push_lossy(&mut column.data, bytes);
                self.bytes += bytes.len();
            }
            let end = column.data.len() as u32;
            column.ends.push(if cell.is_some() { end } else { end | ABSENT });
        }
    }

    /// The groups that have rows.
    pub fn groups(&self) -> impl Iterator<Item = &Rows> {
        self.groups.iter().filter(|rows| !rows.order.is_empty())
    }

    /// Forgets the rows, keeps the room.
    pub fn clear(&mut self) {
        for rows in &mut self.groups {
            rows.order.clear();
            rows.times.clear();
            rows.time_quality.clear();
            rows.late.clear();
            rows.records.clear();
            for column in &mut rows.columns {
                column.ends.clear();
                column.data.clear();
            }
        }
        self.events = 0;
        self.bytes = 0;
    }
}

fn push_lossy(text: &mut String, bytes: &[u8]) {
    match std::str::from_utf8(bytes) {
        Ok(valid) => text.push_str(valid),
        Err(_) => text.push_str(&String::from_utf8_lossy(bytes)),
    }
}
