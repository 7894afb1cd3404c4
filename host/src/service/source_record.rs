//! What the store knows of a source: its number, its name, and where to go on.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use logwasp_core::event::Kind;
use serde::{Deserialize, Serialize};

use crate::pipeline::read::AnyState;
use crate::source::tail::{FileId, Identity, Place, Position};

/// The form that this build writes.
const VERSION: u8 = 1;
/// Keys of records, of what is covered, and of sources that were looked at.
const RECORD: u8 = b's';
const COVERED: u8 = b'c';
const MET: u8 = b'm';

/// A file that was met. Its number stays its own for good.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct SourceRecord {
    /// The source of the config that found it.
    pub(super) source: String,
    path: Vec<u8>,
    /// Which stream it is to the tail.
    file: u32,
    /// The hash of its beginning, and how long that is.
    identity: (u64, u32),
    /// Where it lay, to tell apart files that begin alike: device, inode, birth.
    place: (u64, u64, Option<i64>),
    /// Where the next byte to read stands.
    pub(super) offset: u64,
    /// What the reader knows there; none before the format was recognised.
    pub(super) state: Option<AnyState>,
    /// UTF-16 whose first byte is the higher one.
    pub(super) is_big_endian: bool,
    /// What stands before this place was there before anybody asked.
    pub(super) wanted_from: u64,
    /// The newest time that a probe told.
    pub(super) newest: Option<i64>,
}

/// Whose log of which kind.
pub(super) type Whose = (String, Kind, Option<String>);

/// From when to when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Span {
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) is_exchange: bool,
}

impl SourceRecord {
    pub(super) fn new(source: &str, file: FileId, wanted_from: u64) -> Self {
        Self {
            source: source.to_owned(),
            path: Vec::new(),
            file: file.0,
            identity: (0, 0),
            place: (0, 0, None),
            offset: 0,
            state: None,
            is_big_endian: false,
            wanted_from,
            newest: None,
        }
    }

    /// Where the tail goes on.
    pub(super) fn position(&self) -> Position {
        let ((hash, len), (device, inode, born_nanos)) = (self.identity, self.place);
        Position {
            file: self.file(),
            identity: Identity { hash, len },
            place: Place { device, inode, born_nanos },
            path: self.path(),
            offset: self.offset,
        }
    }

    pub(super) fn file(&self) -> FileId {
        FileId(self.file)
    }

    pub(super) fn set_identity(&mut self, identity: Identity) {
        self.identity = (identity.hash, identity.len);
    }

    pub(super) fn set_place(&mut self, path: &Path, place: Place) {
        self.path = path.as_os_str().as_bytes().to_vec();
        self.place = (place.device, place.inode, place.born_nanos);
    }

    pub(super) fn path(&self) -> PathBuf {
        PathBuf::from(std::ffi::OsString::from_vec(self.path.clone()))
    }

    /// A name that is no path.
    pub(super) fn set_name(&mut self, name: &str) {
        self.path = name.as_bytes().to_vec();
    }

    /// Its name in evidence and messages.
    pub(super) fn name(&self) -> String {
        self.path().display().to_string()
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        out.extend(postcard::to_stdvec(self).unwrap_or_default());
        out
    }
}

/// The key of a record.
pub(super) fn record_key(number: u32) -> Vec<u8> {
    [[RECORD].as_slice(), &number.to_be_bytes()].concat()
}

/// The key of what is covered of somebody.
pub(super) fn span_key(number: u32, whose: &Whose) -> Vec<u8> {
    let whose = postcard::to_stdvec(whose).unwrap_or_default();
    [[COVERED].as_slice(), &number.to_be_bytes(), &whose].concat()
}

/// The key that says that a source of the config was looked at, whatever it had.
pub(super) fn met_key(source: &str) -> Vec<u8> {
    [[MET].as_slice(), source.as_bytes()].concat()
}

/// All sources of a store.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) records: BTreeMap<u32, SourceRecord>,
    pub(super) spans: BTreeMap<u32, BTreeMap<Whose, Span>>,
    /// Sources of a config that were looked at, by name.
    met: BTreeSet<String>,
    /// Entries that this build cannot read.
    pub(super) unreadable: u64,
}

impl Known {
    /// Reads what the store has.
    pub(super) fn read(positions: &[(Vec<u8>, Vec<u8>)]) -> Self {
        let mut known = Self::default();
        for (key, value) in positions {
            if known.entry(key, value).is_none() {
                known.unreadable += 1;
            }
        }
        known
    }

    /// Whether an earlier run has looked at a source of the config.
    pub(super) fn has_met(&self, source: &str) -> bool {
        self.met.contains(source) || self.records.values().any(|record| record.source == source)
    }

    fn entry(&mut self, key: &[u8], value: &[u8]) -> Option<()> {
        let (kind, rest) = key.split_first()?;
        if *kind == MET {
            self.met.insert(String::from_utf8(rest.to_vec()).ok()?);
            return Some(());
        }
        let (number, rest) = rest.split_first_chunk::<4>()?;
        let number = u32::from_be_bytes(*number);
        match *kind {
            RECORD => {
                let value = value.strip_prefix(&[VERSION])?;
                self.records.insert(number, postcard::from_bytes(value).ok()?);
            }
            COVERED => {
                let (whose, span) =
                    (postcard::from_bytes(rest).ok()?, postcard::from_bytes(value).ok()?);
                self.spans.entry(number).or_default().insert(whose, span);
            }
            _ => return None,
        }
        Some(())
    }
}
