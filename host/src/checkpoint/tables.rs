//! The tables. `mod.rs` says what is in them.

use redb::{ReadableTable, Table, TableDefinition, WriteTransaction};

/// The format that this build writes.
pub(super) const FORMAT: u64 = 1;

pub(super) const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
pub(super) const POSITIONS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("positions");
pub(super) const JOURNAL: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("journal");
pub(super) const DETECTORS: TableDefinition<'_, &str, (u64, Option<&[u8]>)> =
    TableDefinition::new("detectors");
pub(super) const INCIDENTS: TableDefinition<'_, (&str, &str), (&str, u64)> =
    TableDefinition::new("incidents");
pub(super) const RECORDED: TableDefinition<'_, (&str, &str, u64), u64> =
    TableDefinition::new("recorded");
pub(super) const OUTBOX: TableDefinition<'_, u64, (&str, u64, i64, &[u8])> =
    TableDefinition::new("outbox");
pub(super) const SINKS: TableDefinition<'_, &str, (u64, u64, u64)> = TableDefinition::new("sinks");
pub(super) const DEAD_LETTERS: TableDefinition<'_, u64, DeadLetter> =
    TableDefinition::new("dead_letters");

/// Sink, alert id, revision, time, reason, alert.
pub(super) type DeadLetter = (&'static str, &'static str, u64, i64, &'static str, &'static [u8]);

pub(super) const FORMAT_KEY: &str = "format";
pub(super) const JOURNAL_NEXT: &str = "journal_next";
pub(super) const OUTBOX_NEXT: &str = "outbox_next";
pub(super) const DEAD_LETTERS_NEXT: &str = "dead_letters_next";
pub(super) const DEAD_LETTERS_DROPPED: &str = "dead_letters_dropped";

/// Creates what is not there yet.
pub(super) fn create(txn: &WriteTransaction) -> Result<(), redb::Error> {
    txn.open_table(POSITIONS)?;
    txn.open_table(JOURNAL)?;
    txn.open_table(DETECTORS)?;
    txn.open_table(INCIDENTS)?;
    txn.open_table(RECORDED)?;
    txn.open_table(OUTBOX)?;
    txn.open_table(SINKS)?;
    txn.open_table(DEAD_LETTERS)?;
    let mut meta = txn.open_table(META)?;
    if number(&meta, FORMAT_KEY)? == 0 {
        meta.insert(FORMAT_KEY, FORMAT)?;
    }
    Ok(())
}

/// A number of `meta`; 0 when it was never written.
pub(super) fn number(
    meta: &impl ReadableTable<&'static str, u64>,
    name: &str,
) -> Result<u64, redb::Error> {
    Ok(meta.get(name)?.map_or(0, |value| value.value()))
}

/// Adds to a number of `meta`.
pub(super) fn add(
    meta: &mut Table<'_, &'static str, u64>,
    name: &str,
    more: u64,
) -> Result<(), redb::Error> {
    let next = number(meta, name)?.saturating_add(more);
    meta.insert(name, next)?;
    Ok(())
}
