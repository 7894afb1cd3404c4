//! Which messages were counted already: copies of one message count once.

use logwasp_sdk::Timestamp;
use logwasp_sdk::state::{BoundedMap, Keep, Weigh};
use logwasp_sdk::time::MINUTE;
use serde::{Deserialize, Serialize};

/// A message is remembered this long.
const SEEN_NANOS: i64 = 60 * MINUTE;

/// Hashes of what makes a message one and the same.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SeenMessages {
    seen: BoundedMap<u64, Seen>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Seen {
    counted: Option<Timestamp>,
}

impl Default for SeenMessages {
    fn default() -> Self {
        Self { seen: BoundedMap::new(0) }
    }
}

impl SeenMessages {
    pub(crate) fn set_bytes_max(&mut self, bytes_max: usize) {
        self.seen.set_bytes_max(bytes_max);
    }

    /// Counts a message; true when it was counted within the memory's span already.
    pub(crate) fn is_repeat(&mut self, hash: u64, now: Timestamp) -> bool {
        let count = |seen: &mut Seen| {
            let is_repeat = seen.counted.is_some_and(|at| now - at <= SEEN_NANOS);
            if !is_repeat {
                seen.counted = Some(now);
            }
            is_repeat
        };
        self.seen.touch(hash, now, Seen::default, count).0
    }

    pub(crate) fn expire(&mut self, now: Timestamp) {
        self.seen.expire(now - SEEN_NANOS);
    }
}

impl Weigh for Seen {
    fn heap_bytes(&self) -> usize {
        0
    }

    fn keep(&self) -> Keep {
        Keep::Once
    }
}

/// FNV-1a, 64 bits.
pub(crate) fn hash<const N: usize>(parts: [&str; N]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.as_bytes().iter().chain(&[0xff]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
