//! What a file is, whatever its name: the hash of its beginning, and where it lies.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::time::UNIX_EPOCH;

/// Longest beginning that is hashed: a page, one read. Logs differ within it, for
/// their first records carry times.
pub const PREFIX_BYTES_MAX: usize = 4096;

/// The beginning of a file's decompressed text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// FNV-1a of it, 64 bits (<http://www.isthe.com/chongo/tech/comp/fnv/>). Whoever
    /// can choose the text could as well copy it, so no stronger hash is needed.
    pub hash: u64,
    /// Its length, at most [`PREFIX_BYTES_MAX`]; it grows with the file.
    pub len: u32,
}

impl Identity {
    /// Of these bytes, of which only the first [`PREFIX_BYTES_MAX`] count.
    pub fn of(prefix: &[u8]) -> Self {
        let prefix = prefix.get(..PREFIX_BYTES_MAX).unwrap_or(prefix);
        let hash = prefix.iter().copied().fold(FNV_BASIS, fnv);
        Self { hash, len: prefix.len() as u32 }
    }

    /// Whether a text that begins with `prefix` begins with this one's bytes.
    pub fn begins(self, prefix: &[u8]) -> bool {
        prefix.get(..self.len as usize).is_some_and(|prefix| Self::of(prefix) == self)
    }

    /// Whether it cannot grow any more.
    pub fn is_full(self) -> bool {
        self.len as usize >= PREFIX_BYTES_MAX
    }
}

/// The identities of all beginnings of a text, the shortest first.
pub(super) fn identities(prefix: &[u8]) -> impl Iterator<Item = Identity> {
    let hashes = prefix.iter().scan(FNV_BASIS, |hash, byte| {
        *hash = fnv(*hash, *byte);
        Some(*hash)
    });
    hashes.zip(1..).map(|(hash, len)| Identity { hash, len })
}

const FNV_BASIS: u64 = 0xcbf2_9ce4_8422_2325;

fn fnv(hash: u64, byte: u8) -> u64 {
    (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
}

/// Where a file lies: decides between files whose beginnings are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Device; changes on remount.
    pub device: u64,
    /// Inode; used again after a file was deleted.
    pub inode: u64,
    /// When the file was made, in nanoseconds since the epoch, where the file system
    /// tells: it uncovers an inode that is used again.
    pub born_nanos: Option<i64>,
}

impl Place {
    pub(super) fn of(metadata: &Metadata) -> Self {
        let born = metadata.created().ok().and_then(nanos);
        Self { device: metadata.dev(), inode: metadata.ino(), born_nanos: born }
    }

    /// The same inode, as far as can be told when the device may have another number.
    pub(super) fn has_inode_of(self, other: Self) -> bool {
        let is_born_alike = match (self.born_nanos, other.born_nanos) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        };
        self.inode == other.inode && is_born_alike
    }

    /// The same file, as far as the file system can tell.
    pub(super) fn is(self, other: Self) -> bool {
        self.device == other.device && self.has_inode_of(other)
    }
}

/// When a file was last modified, in nanoseconds since the epoch.
pub(super) fn modified_nanos(metadata: &Metadata) -> i64 {
    metadata.modified().ok().and_then(nanos).unwrap_or(0)
}

fn nanos(time: std::time::SystemTime) -> Option<i64> {
    i64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_nanos()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: published values of FNV-1a, and a text that grows.
    /// Guarantees: every earlier identity begins the later text, and no other does.
    #[test]
    fn identities_grow() {
        assert_eq!(Identity::of(b"").hash, 0xcbf2_9ce4_8422_2325);
        assert_eq!(Identity::of(b"foobar").hash, 0x8594_4171_f739_67e8);
        let text = b"2024-01-01 a line\n".repeat(300);
        for (len, identity) in (1..).zip(identities(&text[..50])) {
            assert_eq!(identity, Identity::of(&text[..len]));
            assert!(identity.begins(&text) && !identity.begins(&text[1..]));
        }
        assert!(Identity::of(&text).is_full() && !Identity::of(&text[..4095]).is_full());
        assert_eq!(Identity::of(&text), Identity::of(&text[..4096]));
        assert!(!Identity::of(&text).begins(&text[..4095]));
    }
}
