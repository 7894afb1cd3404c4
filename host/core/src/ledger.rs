//! The ledger: what came in is accounted for.

use std::ops::AddAssign;

/// Counts of one stream or of many. See [`Ledger::is_balanced`] for what must hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Bytes of the decompressed stream, as UTF-8.
    pub bytes_in: u64,
    /// Bytes that the scan passed over. Damage in them is not counted.
    pub bytes_skipped: u64,
    /// Bytes of records, of directives, and of what stands between.
    pub bytes_records: u64,
    /// Records looked at.
    pub records: u64,
    /// Records that became events.
    pub decoded: u64,
    /// Records that could not be read.
    pub damaged: u64,
    /// Events that some subscription matched.
    pub events_matched: u64,
}

impl Ledger {
    /// Bytes in = skipped + of records; records = decoded + damaged.
    pub fn is_balanced(&self) -> bool {
        self.bytes_in == self.bytes_skipped + self.bytes_records
            && self.records == self.decoded + self.damaged
            && self.events_matched <= self.decoded
    }
}

impl AddAssign for Ledger {
    fn add_assign(&mut self, other: Self) {
        self.bytes_in += other.bytes_in;
        self.bytes_skipped += other.bytes_skipped;
        self.bytes_records += other.bytes_records;
        self.records += other.records;
        self.decoded += other.decoded;
        self.damaged += other.damaged;
        self.events_matched += other.events_matched;
    }
}
