//! The snapshot: all detectors at one moment, in one value of the store.

use serde::{Deserialize, Serialize};

use super::entry::Layout;
use crate::alert::{Amended, SavedIncidents};

/// Under which name the store keeps it: its journal is one for all detectors.
pub(super) const NAME: &str = "service";

/// The form that this build writes.
const VERSION: u8 = 2;

/// All detectors at one moment, right behind an advance: every row that waits is of
/// a later time than the watermark.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Blob {
    /// The first entry of the journal that it has not seen.
    pub(super) sequence: u64,
    pub(super) watermark: Option<i64>,
    /// Of both stages.
    pub(super) detectors: Vec<Saved>,
    pub(super) amended: Amended,
    /// What the service itself has to say and has not closed.
    pub(super) host: SavedIncidents,
    /// Whose rows the journal holds.
    pub(super) layout: Layout,
}

/// One detector.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Saved {
    pub(super) name: String,
    /// `None` for one that was stopped.
    pub(super) state: Option<Vec<u8>>,
    pub(super) incidents: SavedIncidents,
}

impl Blob {
    pub(super) fn detector(&self, name: &str) -> Option<&Saved> {
        self.detectors.iter().find(|saved| saved.name == name)
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        out.extend(postcard::to_stdvec(self).unwrap_or_default());
        out
    }

    /// `None` for bytes of another version.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (version, rest) = bytes.split_first()?;
        (*version == VERSION).then(|| postcard::from_bytes(rest).ok())?
    }
}
