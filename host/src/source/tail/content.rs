//! The bytes of a file as they are read: plain ones at any place, compressed ones
//! from the beginning on.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use rustix::fs::{OFlags, SeekFrom, seek};
use rustix::io::Errno;

use super::identity::{PREFIX_BYTES_MAX, Place, modified_nanos};
use crate::source::open::{Reader, unpacked};

/// An open file.
pub(super) enum Content {
    /// Read as it stands.
    Plain(File),
    /// Decompressed; `at` bytes of it were read.
    Packed { reader: Reader, at: u64 },
}

/// A file at first sight.
pub(super) struct Look {
    pub(super) content: Content,
    pub(super) place: Place,
    /// On disk.
    pub(super) size: u64,
    pub(super) modified_nanos: i64,
    /// The first decompressed bytes, at most [`PREFIX_BYTES_MAX`].
    pub(super) prefix: Vec<u8>,
    /// Decompressed length, where a compressed file tells.
    pub(super) packed_size: Option<PackedSize>,
}

/// What a compressed file says about its decompressed length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PackedSize {
    /// The length modulo 2^32, of its last member (RFC 1952, ISIZE).
    Gzip(u32),
    /// The length of its first frame (RFC 8878, `Frame_Content_Size`).
    Zstd(u64),
}

impl PackedSize {
    /// Whether nothing can be left behind `offset`.
    pub(super) fn ends_at(self, offset: u64) -> bool {
        match self {
            Self::Gzip(size) => offset as u32 == size,
            Self::Zstd(size) => offset == size,
        }
    }
}

impl Look {
    /// Opens a file and reads its beginning.
    pub(super) fn at(path: &Path) -> io::Result<Self> {
        let file = open(path)?;
        let metadata = file.metadata()?;
        let (place, size) = (Place::of(&metadata), metadata.len());
        let modified_nanos = modified_nanos(&metadata);
        let mut prefix = read_prefix(&file, PREFIX_BYTES_MAX)?;
        let packed_size = packed_size(&file, &prefix, size);
        let mut content = Content::of(file)?;
        if let Content::Packed { reader, at } = &mut content {
            prefix.clear();
            reader.by_ref().take(PREFIX_BYTES_MAX as u64).read_to_end(&mut prefix)?;
            *at = prefix.len() as u64;
        }
        Ok(Self { content, place, size, modified_nanos, prefix, packed_size })
    }

    pub(super) fn is_packed(&self) -> bool {
        matches!(self.content, Content::Packed { .. })
    }

    /// The beginning without the NULs at its end, which may be overwritten yet, and
    /// nothing of what begins with NULs: such files are all alike.
    pub(super) fn solid_prefix(&self) -> &[u8] {
        match self.prefix.first() {
            Some(0) if !self.is_packed() => &[],
            _ => solid(&self.prefix),
        }
    }
}

impl Content {
    /// Opens a file again, to read on.
    pub(super) fn open(path: &Path) -> io::Result<(Self, Place)> {
        let file = open(path)?;
        let place = Place::of(&file.metadata()?);
        Ok((Self::of(file)?, place))
    }

    fn of(file: File) -> io::Result<Self> {
        let plain = file.try_clone()?;
        let (reader, is_packed) = unpacked(file, &Arc::new(AtomicU64::new(0)))?;
        Ok(if is_packed { Self::Packed { reader, at: 0 } } else { Self::Plain(plain) })
    }
}

impl Content {
    /// All of it, from its beginning.
    fn into_reader(self) -> io::Result<Reader> {
        match self {
            Self::Plain(mut file) => {
                file.rewind()?;
                Ok(Box::new(file))
            }
            Self::Packed { reader, .. } => Ok(reader),
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    // A pipe that took the file's name must not hold us up.
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits() as i32).open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::other("it is no file")),
    }
}

/// The first bytes on disk.
pub(super) fn read_prefix(file: &File, len: usize) -> io::Result<Vec<u8>> {
    let mut prefix = vec![0; len];
    let read = read_full_at(file, &mut prefix, 0)?;
    prefix.truncate(read);
    Ok(prefix)
}

/// Reads until the buffer is full or the file ends.
pub(super) fn read_full_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, offset + filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

fn packed_size(file: &File, prefix: &[u8], size: u64) -> Option<PackedSize> {
    match prefix {
        [0x1f, 0x8b, ..] => {
            let mut trailer = [0; 4];
            file.read_exact_at(&mut trailer, size.checked_sub(4)?).ok()?;
            Some(PackedSize::Gzip(u32::from_le_bytes(trailer)))
        }
        [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            let size = zstd::zstd_safe::get_frame_content_size(prefix).ok()??;
            Some(PackedSize::Zstd(size))
        }
        _ => None,
    }
}

/// Without the NULs at the end.
pub(super) fn solid(bytes: &[u8]) -> &[u8] {
    let len = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    bytes.get(..len).unwrap_or_default()
}

/// How far is looked for something behind NULs. What is longer is taken for text.
const NUL_BYTES_MAX: u64 = 8 << 20;

/// The first byte at or behind `offset` that is not NUL; `None` when only NULs follow.
/// Holes and preallocated space are skipped without reading them.
pub(super) fn first_solid(file: &File, mut offset: u64) -> io::Result<Option<u64>> {
    let mut buffer = vec![0; 64 * 1024];
    let mut looked_at = 0;
    loop {
        offset = match seek(file, SeekFrom::Data(offset)) {
            Ok(data) => data,
            Err(Errno::NXIO) => return Ok(None),
            // A file system that knows no holes.
            Err(_) => offset,
        };
        let read = read_full_at(file, &mut buffer, offset)?;
        let bytes = buffer.get(..read).unwrap_or_default();
        match bytes.iter().position(|&byte| byte != 0) {
            Some(at) => return Ok(Some(offset + at as u64)),
            None if read == 0 => return Ok(None),
            None => offset += read as u64,
        }
        looked_at += read as u64;
        if looked_at > NUL_BYTES_MAX {
            return Ok(Some(offset));
        }
    }
}

/// How two texts with the same beginning relate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    /// The first is a beginning of the second, or all of it.
    Beginning,
    /// The first is the second and more.
    Longer,
    /// They differ.
    Other,
}

/// Most bytes of two texts that are compared from their beginnings.
const COMPARED_BYTES_MAX: u64 = 1 << 20;
/// As many are compared where the shorter one ends, when both are plain.
const COMPARED_END_BYTES: u64 = 64 << 10;

/// Two texts are compared in steps; most differ in the first.
const BLOCK_BYTES: u64 = 16 << 10;

/// Compares two files: their first megabyte, and the end of the shorter one.
pub(super) fn relation(one: &Path, other: &Path) -> io::Result<Relation> {
    let (one, other) = (Content::open(one)?.0, Content::open(other)?.0);
    let mut is_longer = false;
    if let (Content::Plain(one), Content::Plain(other)) = (&one, &other) {
        let (size, other_size) = (one.metadata()?.len(), other.metadata()?.len());
        is_longer = size > other_size;
        let end = size.min(other_size).saturating_sub(COMPARED_END_BYTES);
        let (mut from_end, mut other_from_end) = (one.try_clone()?, other.try_clone()?);
        from_end.seek(io::SeekFrom::Start(end))?;
        other_from_end.seek(io::SeekFrom::Start(end))?;
        if beginnings(from_end, other_from_end)? == Relation::Other {
            return Ok(Relation::Other);
        }
    }
    Ok(match beginnings(one.into_reader()?, other.into_reader()?)? {
        Relation::Beginning if is_longer => Relation::Longer,
        relation => relation,
    })
}

/// Compares the first megabyte, block by block, of a compressed file as far as it can
/// be read.
fn beginnings(one: impl Read, other: impl Read) -> io::Result<Relation> {
    let (mut one, mut other) = (one.take(COMPARED_BYTES_MAX), other.take(COMPARED_BYTES_MAX));
    loop {
        let (block, other_block) = (block(&mut one)?, block(&mut other)?);
        let common = block.len().min(other_block.len());
        match block.get(..common) == other_block.get(..common) {
            false => return Ok(Relation::Other),
            true if block.len() > common => return Ok(Relation::Longer),
            true if common < BLOCK_BYTES as usize => return Ok(Relation::Beginning),
            true => {}
        }
    }
}

fn block(reader: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut block = Vec::new();
    match reader.take(BLOCK_BYTES).read_to_end(&mut block) {
        // A compressed file that is not complete yet.
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => Err(error),
        _ => Ok(block),
    }
}
