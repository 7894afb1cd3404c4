//! How many distinct things were seen lately, by hash.

use logwasp_sdk::Timestamp;
use serde::{Deserialize, Serialize};

/// The newest distinct things, oldest first. Threefold the largest count that
/// anybody asks for would be waste; a little more than it is enough.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Recent {
    seen: Vec<(u64, Timestamp)>,
}

/// How many are told apart.
pub(crate) const DISTINCT_MAX: usize = 64;
const _: () = assert!(DISTINCT_MAX > crate::rule::HARVEST_MIN, "a harvest must be countable");

impl Recent {
    /// Notes a thing at `at`.
    pub(crate) fn note(&mut self, hash: u64, at: Timestamp) {
        self.seen.retain(|(seen, _)| *seen != hash);
        if self.seen.len() >= DISTINCT_MAX {
            self.seen.remove(0);
        }
        self.seen.push((hash, at));
    }

    /// Forgets what was not seen since `before`.
    pub(crate) fn forget(&mut self, before: Timestamp) {
        self.seen.retain(|(_, at)| *at >= before);
    }

    /// How many distinct things there are.
    pub(crate) fn len(&self) -> usize {
        self.seen.len()
    }

    /// Heap bytes.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.seen.capacity() * size_of::<(u64, Timestamp)>()
    }
}

/// FNV-1a of the lower-cased text: a recipient costs eight bytes, however long
/// its writer makes it.
pub(crate) fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: repeated things, old things, more things than are told apart.
    /// Guarantees: distinct and recent ones are counted, within the limit.
    #[test]
    fn distinct_and_recent_things_are_counted() {
        let mut recent = Recent::default();
        for at in 0..10 {
            recent.note(hash("A@fabrikam.com"), at);
        }
        recent.note(hash("b@fabrikam.com"), 5);
        assert_eq!((recent.len(), hash("a@FABRIKAM.com")), (2, hash("A@fabrikam.com")));
        recent.forget(9);
        assert_eq!(recent.len(), 1);
        (0..1_000).for_each(|n| recent.note(n, 10));
        assert_eq!(recent.len(), DISTINCT_MAX);
        assert!(recent.heap_bytes() <= 2 * DISTINCT_MAX * 16);
    }
}
