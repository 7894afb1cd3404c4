//! The layout of a file: a header, then chunks.
//!
//! Owns where the next block begins and ends, also when headers are damaged, bytes
//! are missing or the file ends early. It looks into no chunk.

use super::header::{
    CHUNK_BYTES, CHUNK_HEADER_BYTES, FILE_HEADER_BYTES, FILE_MAGIC, find_chunk, starts_chunk,
};

/// What stands at some place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Block {
    /// The file header.
    Header,
    /// A chunk.
    Chunk,
    /// A chunk whose beginning is damaged.
    Headless,
    /// Zeros: space that was reserved or given up.
    Blank,
    /// Nothing that can be read.
    Garbage(&'static str),
}

/// Bytes behind a block that are looked at to see where it ends.
const LOOKAHEAD_BYTES: usize = CHUNK_HEADER_BYTES;

/// The block at the beginning of `rest`, and its length. `None` when more bytes are
/// needed to say so. `is_start` says that `rest` begins the file, `at_end` that
/// nothing follows it.
pub(super) fn next_block(rest: &[u8], is_start: bool, at_end: bool) -> Option<(Block, usize)> {
    let header_bytes = if is_start { FILE_HEADER_BYTES } else { 0 };
    if rest.is_empty() || !at_end && rest.len() < header_bytes + CHUNK_BYTES + LOOKAHEAD_BYTES {
        return None;
    }
    if let Some(block) = Some(rest).filter(|_| is_start).and_then(file_header) {
        return Some((block, rest.len().min(FILE_HEADER_BYTES)));
    }
    // What lies further on must not matter: it may not have come yet.
    let rest = rest.get(..CHUNK_BYTES + LOOKAHEAD_BYTES).unwrap_or(rest);
    let length = rest.len().min(CHUNK_BYTES);
    let block = rest.get(..length).unwrap_or_default();
    if starts_chunk(rest) {
        return Some((Block::Chunk, chunk_length(rest, length)));
    }
    if is_zero(block) {
        return Some((Block::Blank, length));
    }
    match find_chunk(rest, 1).filter(|start| *start < length) {
        Some(start) if is_zero(rest.get(..start).unwrap_or_default()) => {
            Some((Block::Blank, start))
        }
        Some(start) => Some((Block::Garbage("bytes that belong to no chunk"), start)),
        None => Some((Block::Headless, length)),
    }
}

/// The file header, or what is left of it when a chunk follows where one should.
fn file_header(file: &[u8]) -> Option<Block> {
    if file.starts_with(FILE_MAGIC) {
        let is_whole = file.len() >= FILE_HEADER_BYTES;
        let cut = Block::Garbage("the file ends inside its header");
        return Some(if is_whole { Block::Header } else { cut });
    }
    let follows = |at: usize| file.get(at..).is_some_and(starts_chunk);
    let is_damaged = !starts_chunk(file)
        && (follows(FILE_HEADER_BYTES) || follows(FILE_HEADER_BYTES + CHUNK_BYTES));
    is_damaged.then_some(Block::Garbage("the file header is damaged"))
}

/// How long the chunk is that starts here: when bytes are missing, the next one
/// starts too early.
fn chunk_length(rest: &[u8], length: usize) -> usize {
    let next = rest.get(length..).unwrap_or_default();
    let next_magic = next.get(..8).unwrap_or(next);
    if starts_chunk(next) || is_zero(next_magic) {
        return length;
    }
    find_chunk(rest, CHUNK_HEADER_BYTES).map_or(length, |start| start.min(length))
}

fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}
