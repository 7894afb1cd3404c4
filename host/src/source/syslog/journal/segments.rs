//! The files of a journal.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use memchr::memrchr;

use super::{Segment, failed};
use crate::problem::Problem;

/// The file of a segment: digits enough that names sort as numbers.
pub(super) fn path_of(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:016}.log"))
}

/// All segments in a folder, in order. Other files are left alone.
pub(super) fn segments_in(folder: &Path) -> Result<Vec<Segment>, Problem> {
    let unreadable = |error: std::io::Error| failed(folder, "read", &error);
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let path = entry.path();
        let number = path.file_stem().and_then(|stem| stem.to_str()?.parse().ok());
        let Some(number) = number.filter(|number| path_of(folder, *number) == path) else {
            continue;
        };
        let bytes = entry.metadata().map_err(unreadable)?.len();
        found.push(Segment { number, path, bytes });
    }
    found.sort_by_key(|segment| segment.number);
    Ok(found)
}

/// Cuts off the last line when its end is missing, or blocks of zeros that a crash
/// left. Returns the bytes cut off.
pub(super) fn repair(segment: &mut Segment) -> Result<u64, Problem> {
    let whole = whole_bytes(&segment.path, segment.bytes)
        .map_err(|error| failed(&segment.path, "read", &error))?;
    let torn = segment.bytes - whole;
    if torn > 0 {
        let cut = File::options().write(true).open(&segment.path);
        let cut = cut.and_then(|file| file.set_len(whole).and_then(|()| file.sync_data()));
        cut.map_err(|error| failed(&segment.path, "repaired", &error))?;
        segment.bytes = whole;
    }
    Ok(torn)
}

/// Where the last line that is whole ends.
fn whole_bytes(path: &Path, bytes: u64) -> std::io::Result<u64> {
    const BLOCK_BYTES: u64 = 64 << 10;
    let mut file = File::open(path)?;
    let mut end = bytes;
    while end > 0 {
        let start = end.saturating_sub(BLOCK_BYTES);
        file.seek(SeekFrom::Start(start))?;
        let mut block = Vec::new();
        file.by_ref().take(end - start).read_to_end(&mut block)?;
        if let Some(at) = memrchr(b'\n', &block) {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}
