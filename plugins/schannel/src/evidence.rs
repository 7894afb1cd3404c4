//! Evidence in bounded space: the first records of an incident and the last.

use logwasp_sdk::Evidence;
use logwasp_sdk::state::Ring;
use serde::{Deserialize, Serialize};

/// An alert carries at most twenty pieces of evidence; half of them tell how it
/// began, half how it is now.
const HALF: usize = 10;

/// The first and the last few of many.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct EvidenceLog {
    first: Vec<Evidence>,
    last: Ring<Evidence>,
}

impl Default for EvidenceLog {
    fn default() -> Self {
        Self { first: Vec::new(), last: Ring::new(HALF) }
    }
}

impl EvidenceLog {
    pub(crate) fn push(&mut self, evidence: Evidence) {
        if self.first.len() < HALF {
            self.first.push(evidence);
        } else {
            self.last.push(evidence);
        }
    }

    /// Oldest first: late records came out of turn.
    pub(crate) fn to_vec(&self) -> Vec<Evidence> {
        let mut all: Vec<_> = self.first.iter().chain(self.last.iter()).cloned().collect();
        all.sort_by_key(|evidence| evidence.time);
        all
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.first.iter().chain(self.last.iter()).map(evidence_bytes).sum()
    }
}

fn evidence_bytes(evidence: &Evidence) -> usize {
    size_of::<Evidence>() + evidence.summary.len()
}

/// At most `bytes_max` bytes of untrusted text, cut between characters.
pub(crate) fn clip(text: &str, bytes_max: usize) -> String {
    text.split_at(text.floor_char_boundary(bytes_max)).0.to_owned()
}
