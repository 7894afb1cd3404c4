//! Whether a file holds a stream, or a copy of it.

use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use super::content::{Content, Look, Relation, relation};
use super::streams::Stream;

/// Whether the stream can be in this file.
pub(super) fn holds(stream: &Stream, look: &Look) -> bool {
    match &look.content {
        Content::Plain(file) => look.size >= stream.offset && stream.is_in(file).unwrap_or(false),
        Content::Packed { .. } => stream.identity.begins(&look.prefix),
    }
}

/// Whether the file can be a copy of the stream's own, which is gone. What was
/// deleted and made again under its name, under our eyes, is another one, unless the
/// text says otherwise for sure.
pub(super) fn is_copy(stream: &Stream, look: &Look, path: &Path) -> bool {
    let is_made_again = stream.is_met && stream.path == path && !look.is_packed();
    holds(stream, look)
        && stream.identity.len > 0
        && (stream.identity.is_full() || !is_made_again)
        && (!look.is_packed() || has_end(stream, path).unwrap_or(false))
}

/// Most bytes that are decompressed to find the place where reading stopped.
const UNPACKED_BYTES_MAX: u64 = 64 << 20;

/// Whether a compressed file has what was read last where it was read. Long ones are
/// believed.
fn has_end(stream: &Stream, path: &Path) -> io::Result<bool> {
    if stream.end.is_empty() || stream.offset > UNPACKED_BYTES_MAX {
        return Ok(true);
    }
    let (Content::Packed { mut reader, .. }, _) = Content::open(path)? else { return Ok(false) };
    let end_len = stream.end.len() as u64;
    io::copy(&mut reader.by_ref().take(stream.offset - end_len), &mut io::sink())?;
    let mut end = Vec::new();
    reader.take(end_len).read_to_end(&mut end)?;
    Ok(end == stream.end)
}

/// Whether a stream whose file was deleted, but is still open, has another text.
pub(super) fn differs(stream: &Stream, path: &Path) -> bool {
    let Some(Content::Plain(file)) = &stream.content else { return false };
    if !stream.is_in(file).unwrap_or(false) {
        // It was truncated before it was deleted.
        return false;
    }
    let fd = file.as_raw_fd();
    let open = PathBuf::from(format!("/proc/self/fd/{fd}"));
    matches!(relation(path, &open), Ok(Relation::Other))
}
