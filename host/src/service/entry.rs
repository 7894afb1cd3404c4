//! Entries of the journal: what the detectors got, in the order in which they got it.

use logwasp_core::interest::Interest;
use serde::{Deserialize, Serialize};

use crate::alert::Alert;
use crate::pipeline::order::{KEY_BYTES, RowKey};
use crate::pipeline::row::Row;

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    /// Whose subscriptions the rows behind it name. No row waits before it: those
    /// that did follow again.
    Layout(Layout),
    /// A matched row.
    Row {
        /// Where it belongs.
        key: RowKey,
        /// As `pipeline::row` writes it.
        bytes: Vec<u8>,
    },
    /// Time goes on to here.
    Advance(i64),
    /// Time goes on to here, and the input ends.
    Finish(Option<i64>),
    /// Something the service has to say itself.
    Host(Box<Alert>),
}

/// The detectors of the first stage, in the order of their subscriptions' numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Layout {
    pub(super) detectors: Vec<Laid>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Laid {
    pub(super) name: String,
    /// Of its code, its options and its subscriptions.
    pub(super) fingerprint: String,
    /// Columns of each of its subscriptions.
    pub(super) columns: Vec<u32>,
}

const LAYOUT: u8 = 0;
const ROW: u8 = 1;
const ADVANCE: u8 = 2;
const FINISH: u8 = 3;
const HOST: u8 = 4;

impl Entry {
    /// The entry as it is kept: a byte that says what it is, and the rest.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match self {
            Self::Layout(layout) => {
                out.push(LAYOUT);
                out.extend(postcard::to_stdvec(layout).unwrap_or_default());
            }
            Self::Row { key, bytes } => {
                out.reserve(1 + KEY_BYTES + bytes.len());
                out.push(ROW);
                out.extend(key.to_bytes());
                out.extend(bytes);
            }
            Self::Advance(watermark) => {
                out.push(ADVANCE);
                out.extend(watermark.to_le_bytes());
            }
            Self::Finish(watermark) => {
                out.push(FINISH);
                out.extend(watermark.map(i64::to_le_bytes).iter().flatten());
            }
            Self::Host(alert) => {
                out.push(HOST);
                out.extend(postcard::to_stdvec(alert).unwrap_or_default());
            }
        }
        out
    }

    /// The entry that was kept; `None` for bytes that are none.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (kind, rest) = bytes.split_first()?;
        let time = || Some(i64::from_le_bytes(rest.try_into().ok()?));
        Some(match *kind {
            LAYOUT => Self::Layout(postcard::from_bytes(rest).ok()?),
            ROW => {
                let (key, bytes) = rest.split_first_chunk::<KEY_BYTES>()?;
                Self::Row { key: RowKey::from_bytes(key), bytes: bytes.to_vec() }
            }
            ADVANCE => Self::Advance(time()?),
            FINISH if rest.is_empty() => Self::Finish(None),
            FINISH => Self::Finish(Some(time()?)),
            HOST => Self::Host(postcard::from_bytes(rest).ok()?),
            _ => return None,
        })
    }
}

/// From the subscriptions of an earlier layout to those of the present one.
#[derive(Debug)]
pub(super) struct Translation {
    /// For each old subscription: its columns, and its number now.
    subscriptions: Vec<(u32, Option<u32>)>,
}

impl Layout {
    /// How rows of this layout are read in another; `None` when it is the same.
    pub(super) fn to(&self, now: &Self) -> Option<Translation> {
        if self == now {
            return None;
        }
        let mut subscriptions = Vec::new();
        for old in &self.detectors {
            let first = now.first_of(old);
            subscriptions.extend(
                (0_u32..).zip(&old.columns).map(|(i, columns)| (*columns, first.map(|n| n + i))),
            );
        }
        Some(Translation { subscriptions })
    }

    /// The first subscription of that very detector.
    fn first_of(&self, wanted: &Laid) -> Option<u32> {
        let place = self.detectors.iter().position(|laid| laid == wanted)?;
        let before = self.detectors.iter().take(place);
        Some(before.map(|laid| laid.columns.len() as u32).sum())
    }
}

impl Translation {
    /// The row as it is now, and how many matches of detectors that are gone or
    /// changed it lost; `None` when nothing is left.
    pub(super) fn row(&self, bytes: &[u8]) -> (Option<Vec<u8>>, u64) {
        const HEAD_BYTES: usize = 1 + 8;
        let Some(mut row) = Row::new(0, bytes) else { return (None, 0) };
        let mut out = bytes.get(..HEAD_BYTES).unwrap_or_default().to_vec();
        let mut lost = 0;
        while let Some(subscription) = row.next_match() {
            let Some((columns, now)) = self.subscriptions.get(subscription) else { break };
            let cells: Vec<_> = (0..*columns).map(|_| row.next_cell()).collect();
            match now {
                Some(now) => Row::append(&mut out, *now, cells.into_iter()),
                None => lost += 1,
            }
        }
        ((out.len() > HEAD_BYTES).then_some(out), lost)
    }
}

/// Columns of each subscription.
pub(super) fn columns_of(interest: &Interest, range: std::ops::Range<usize>) -> Vec<u32> {
    let wanted = interest.subscriptions().get(range).unwrap_or_default();
    wanted.iter().map(|subscription| subscription.columns.len() as u32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laid(name: &str, fingerprint: &str, columns: &[u32]) -> Laid {
        Laid { name: name.into(), fingerprint: fingerprint.into(), columns: columns.into() }
    }

    /// Scenario: every kind of entry, and bytes that are none.
    /// Guarantees: what is decoded is what was encoded.
    #[test]
    fn entries_come_back() {
        let key = RowKey { time: -5, source: 7, position: 1 << 39, part: 2 };
        for entry in [
            Entry::Layout(Layout { detectors: vec![laid("a", "f", &[1, 2])] }),
            Entry::Row { key, bytes: b"bytes".to_vec() },
            Entry::Advance(i64::MIN),
            Entry::Finish(None),
            Entry::Finish(Some(3)),
        ] {
            assert_eq!(Entry::decode(&entry.encode()), Some(entry));
        }
        for wrong in [b"".as_slice(), b"\x02short", b"\x09"] {
            assert_eq!(Entry::decode(wrong), None);
        }
    }

    /// Scenario: rows of an earlier config: one detector stays at another place, one
    /// is changed, one is gone.
    /// Guarantees: the matches of the first get its numbers of now, the others are
    /// counted; a row of nobody is none.
    #[test]
    fn rows_are_read_in_a_new_layout() {
        let old = Layout {
            detectors: vec![laid("b", "1", &[2]), laid("c", "1", &[0, 1]), laid("d", "1", &[1])],
        };
        let now = Layout {
            detectors: vec![laid("a", "1", &[3]), laid("b", "2", &[2]), laid("c", "1", &[0, 1])],
        };
        assert!(old.to(&old.clone()).is_none());
        let translation = old.to(&now).expect("they differ");
        let row = |matches: &[(u32, &[Option<&'static [u8]>])]| {
            let mut out = vec![1, 2, 0, 0, 0, 0, 0, 0, 0];
            for (subscription, cells) in matches {
                Row::append(&mut out, *subscription, cells.iter().copied());
            }
            out
        };
        let cells: &[Option<&'static [u8]>] = &[Some(b"x"), None];
        let bytes = row(&[(0, cells), (1, &[]), (2, &[None]), (3, &[Some(b"d")])]);
        let (translated, lost) = translation.row(&bytes);
        assert_eq!((translated, lost), (Some(row(&[(2, &[]), (3, &[None])])), 2));
        assert_eq!(translation.row(&row(&[(3, &[Some(b"")])])), (None, 1));
    }
}
