//! Column names of tabular logs, as their `#Fields` lines say.

use bumpalo::Bump;
use serde::{Deserialize, Serialize};

use crate::bytes::without_cr;
use crate::limits::COLUMNS_MAX;

/// The columns of the rows that follow. Owned by the stream, so that they outlive
/// the chunk that named them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Columns {
    names: Vec<Box<[u8]>>,
}

impl Columns {
    /// Columns with the given names; a repeated name gets a number, so that names
    /// are unique. Names beyond the limit are left out, and their cells with them.
    pub(crate) fn new<'a>(names: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut columns = Self::default();
        for name in names.take(COLUMNS_MAX) {
            let repeats = columns.names.iter().filter(|seen| seen.as_ref() == name).count();
            columns.names.push(match repeats {
                0 => name.into(),
                n => [name, b"#", (n + 1).to_string().as_bytes()].concat().into(),
            });
        }
        columns
    }

    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    pub(crate) fn position(&self, name: &[u8]) -> Option<usize> {
        self.names.iter().position(|column| column.as_ref() == name)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.names.iter().map(AsRef::as_ref)
    }

    /// The names, in the arena of the chunk at hand.
    pub(crate) fn in_arena<'c>(&self, arena: &'c Bump) -> &'c [&'c [u8]] {
        arena.alloc_slice_fill_iter(
            self.names.iter().map(|name| -> &'c [u8] { arena.alloc_slice_copy(name) }),
        )
    }
}

/// A line `#Name: value`, also `# Name: value`.
pub(crate) fn directive(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let line = without_cr(line).strip_prefix(b"#")?;
    let line = line.strip_prefix(b" ").unwrap_or(line);
    let (name, value) = crate::bytes::split_once(line, b':')?;
    Some((name.trim_ascii_end(), value.trim_ascii()))
}

// The scan looks for directives by their first letters, so that these have to be
// spelled in one of the ways it knows (`scan/plan.rs`).

/// `Fields`: the columns of the rows that follow.
pub(crate) fn is_fields(name: &[u8]) -> bool {
    matches!(name, b"Fields" | b"fields")
}

/// `Date`: the day and time at which the server began or went on to write.
pub(crate) fn is_date(name: &[u8]) -> bool {
    matches!(name, b"Date" | b"date")
}

/// `Log-type`: which log it is.
pub(crate) fn is_log_type(name: &[u8]) -> bool {
    let is_spelled = name.starts_with(b"Log-") || name.starts_with(b"log-");
    is_spelled && name.eq_ignore_ascii_case(b"Log-type")
}
