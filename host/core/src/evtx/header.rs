//! The headers of file and chunk (MS-EVEN6 has none of this; "Windows XML Event Log
//! (EVTX) format" of the libevtx documentation, 2 and 3).

/// Magic of a file.
pub(super) const FILE_MAGIC: &[u8; 8] = b"ElfFile\0";
/// Magic of a chunk.
pub(super) const CHUNK_MAGIC: &[u8; 8] = b"ElfChnk\0";
/// Bytes of the block that holds the file header.
pub(super) const FILE_HEADER_BYTES: usize = 4_096;
/// Bytes of a chunk.
pub(super) const CHUNK_BYTES: usize = 65_536;
/// Bytes of a chunk before its first record: the header and two tables of offsets.
pub(super) const CHUNK_HEADER_BYTES: usize = 512;
/// What every chunk says of the length of its header proper.
const HEADER_LENGTH: [u8; 4] = 128_u32.to_le_bytes();

/// What a chunk says of its records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ChunkHeader {
    /// Where the free space begins, which may hold records of an earlier round.
    pub(super) free_space: usize,
    pub(super) first_id: u64,
    pub(super) last_id: u64,
}

impl ChunkHeader {
    /// Nothing is known: records may stand anywhere.
    const UNKNOWN: Self = Self { free_space: CHUNK_BYTES, first_id: 0, last_id: u64::MAX };

    /// Reads the header; what cannot be true is not believed.
    pub(super) fn read(chunk: &[u8]) -> Self {
        let known = || {
            let first_id = u64::from_le_bytes(*chunk.get(24..)?.first_chunk()?);
            let last_id = u64::from_le_bytes(*chunk.get(32..)?.first_chunk()?);
            let free_space = u32::from_le_bytes(*chunk.get(48..)?.first_chunk()?) as usize;
            let is_sane = (CHUNK_HEADER_BYTES..=CHUNK_BYTES).contains(&free_space);
            let ids = if first_id <= last_id { (first_id, last_id) } else { (0, u64::MAX) };
            is_sane.then_some(Self { free_space, first_id: ids.0, last_id: ids.1 })
        };
        known().unwrap_or(Self::UNKNOWN)
    }
}

/// True when a chunk starts at the beginning of `bytes`.
pub(super) fn starts_chunk(bytes: &[u8]) -> bool {
    bytes.starts_with(CHUNK_MAGIC)
}

/// Where in `bytes` a chunk starts at or after `from`, told by more than its magic:
/// any record may hold those eight bytes.
pub(super) fn find_chunk(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    let hits = memchr::memmem::find_iter(rest, CHUNK_MAGIC).map(|hit| from + hit);
    let has_length = |at: &usize| bytes.get(at + 40..at + 44) == Some(HEADER_LENGTH.as_slice());
    hits.into_iter().find(has_length)
}
