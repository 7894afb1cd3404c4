//! Streams: texts that are read once, in whatever file they lie. A stream outlives
//! its file: it is remembered, so that a copy of it is not read again.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io;
use std::path::PathBuf;

use super::content::{Content, read_full_at, read_prefix};
use super::identity::{Identity, Place, identities};
use super::{FileId, Position};

/// As much is kept of what was read last: a line's time and more.
const END_BYTES: usize = 64;

/// One text.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Stream {
    pub(super) identity: Identity,
    pub(super) place: Place,
    pub(super) path: PathBuf,
    /// What was handed on, in decompressed bytes.
    pub(super) offset: u64,
    /// The last of it that was handed on in this run.
    pub(super) end: Vec<u8>,
    pub(super) phase: Phase,
    /// Whether a file that is wanted holds it now.
    pub(super) is_present: bool,
    /// Its file left the patterns, but is at `path`.
    pub(super) is_stray: bool,
    /// Its file was replaced in place; nobody was told so far.
    pub(super) is_displaced: bool,
    /// Its file bears another name than once, or is compressed: it should end soon.
    pub(super) is_rotated: bool,
    /// Whether it was seen in this run. A known one that was not may be anywhere.
    pub(super) is_met: bool,
    /// Whether the caller knows it.
    pub(super) is_told: bool,
    /// Its file is compressed.
    pub(super) is_packed: bool,
    /// NULs at its end are padding, for its beginning has none.
    pub(super) is_text: bool,
    pub(super) content: Option<Content>,
    pub(super) is_ready: bool,
    /// Size and modification time when its beginning was last compared.
    pub(super) verified: Option<(u64, i64)>,
    /// Size of its file on disk when it was last seen.
    pub(super) size_seen: u64,
    /// Last time that something happened to it, in nanoseconds of the caller's clock.
    pub(super) moved_nanos: u64,
}

/// Where a stream stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// It is not read; only its position is known.
    Remembered,
    /// It is read.
    Live,
}

impl Stream {
    /// A stream that is known, but was not seen yet.
    pub(super) fn new(identity: Identity, place: Place, path: PathBuf, offset: u64) -> Self {
        Self {
            identity,
            place,
            path,
            offset,
            end: Vec::new(),
            phase: Phase::Remembered,
            is_present: false,
            is_stray: false,
            is_displaced: false,
            is_rotated: false,
            is_met: false,
            is_told: false,
            is_packed: false,
            is_text: true,
            content: None,
            is_ready: false,
            verified: None,
            size_seen: 0,
            moved_nanos: 0,
        }
    }

    /// What was handed on.
    pub(super) fn advance(&mut self, bytes: &[u8]) {
        self.offset += bytes.len() as u64;
        self.end.extend(bytes.get(bytes.len().saturating_sub(END_BYTES)..).unwrap_or_default());
        self.end.drain(..self.end.len().saturating_sub(END_BYTES));
    }

    /// Whether a file still has, or also has, this text up to the offset: by its
    /// beginning, and by what was read last.
    pub(super) fn is_in(&self, file: &File) -> io::Result<bool> {
        let prefix = read_prefix(file, self.identity.len as usize)?;
        let mut end = vec![0; self.end.len()];
        read_full_at(file, &mut end, self.offset.saturating_sub(self.end.len() as u64))?;
        Ok(self.identity.begins(&prefix) && end == self.end)
    }

    /// Whether its file, which has changed, still has this text. When it cannot be
    /// read now, it is believed to.
    pub(super) fn is_still_there(&self) -> bool {
        if let Some(Content::Plain(file)) = &self.content {
            return self.is_in(file).unwrap_or(true);
        }
        match Content::open(&self.path) {
            Ok((_, place)) if !place.is(self.place) => true,
            Ok((Content::Plain(file), _)) => !self.is_packed && self.is_in(&file).unwrap_or(true),
            Ok((Content::Packed { .. }, _)) => self.is_packed,
            Err(_) => true,
        }
    }

    /// Whether its file can be opened by its name.
    pub(super) fn can_be_opened(&self) -> bool {
        self.is_present || self.is_stray
    }
}

/// All streams, found by id, by inode and by the beginning of a text.
#[derive(Default)]
pub(super) struct Streams {
    by_id: BTreeMap<FileId, Stream>,
    by_inode: HashMap<u64, Vec<FileId>>,
    by_identity: HashMap<(u32, u64), Vec<FileId>>,
    last_id: u32,
}

impl Streams {
    pub(super) fn know(&mut self, position: Position) {
        let Position { file, identity, place, path, offset } = position;
        self.last_id = self.last_id.max(file.0);
        let stream = Stream::new(identity, place, path, offset);
        self.insert(file, Stream { is_told: true, ..stream });
    }

    pub(super) fn add(&mut self, stream: Stream) -> FileId {
        self.last_id += 1;
        let id = FileId(self.last_id);
        self.insert(id, stream);
        id
    }

    fn insert(&mut self, id: FileId, stream: Stream) {
        self.forget(id);
        push(&mut self.by_inode, stream.place.inode, id);
        push(&mut self.by_identity, key(stream.identity), id);
        self.by_id.insert(id, stream);
    }

    pub(super) fn forget(&mut self, id: FileId) {
        if let Some(stream) = self.by_id.remove(&id) {
            pull(&mut self.by_inode, stream.place.inode, id);
            pull(&mut self.by_identity, key(stream.identity), id);
        }
    }

    pub(super) fn get(&self, id: FileId) -> Option<&Stream> {
        self.by_id.get(&id)
    }

    pub(super) fn get_mut(&mut self, id: FileId) -> Option<&mut Stream> {
        self.by_id.get_mut(&id)
    }

    pub(super) fn set_place(&mut self, id: FileId, place: Place) {
        if let Some(stream) = self.by_id.get_mut(&id) {
            pull(&mut self.by_inode, stream.place.inode, id);
            push(&mut self.by_inode, place.inode, id);
            stream.place = place;
        }
    }

    pub(super) fn set_identity(&mut self, id: FileId, identity: Identity) {
        if let Some(stream) = self.by_id.get_mut(&id) {
            pull(&mut self.by_identity, key(stream.identity), id);
            push(&mut self.by_identity, key(identity), id);
            stream.identity = identity;
        }
    }

    /// Those that lay in this inode.
    pub(super) fn at_inode(&self, inode: u64) -> &[FileId] {
        self.by_inode.get(&inode).map(Vec::as_slice).unwrap_or_default()
    }

    /// Those whose beginning is a beginning of `prefix`, the longest first.
    pub(super) fn beginning(&self, prefix: &[u8]) -> Vec<FileId> {
        let found = identities(prefix).filter_map(|identity| self.by_identity.get(&key(identity)));
        let mut found: Vec<_> = found.map(Vec::as_slice).collect();
        found.reverse();
        found.concat()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (FileId, &Stream)> {
        self.by_id.iter().map(|(id, stream)| (*id, stream))
    }

    pub(super) fn ids(&self, wanted: impl Fn(&Stream) -> bool) -> Vec<FileId> {
        self.iter().filter(|(_, stream)| wanted(stream)).map(|(id, _)| id).collect()
    }
}

fn key(identity: Identity) -> (u32, u64) {
    (identity.len, identity.hash)
}

fn push<K: std::hash::Hash + Eq>(index: &mut HashMap<K, Vec<FileId>>, key: K, id: FileId) {
    index.entry(key).or_default().push(id);
}

fn pull<K: std::hash::Hash + Eq>(index: &mut HashMap<K, Vec<FileId>>, key: K, id: FileId) {
    if let Some(ids) = index.get_mut(&key) {
        ids.retain(|other| *other != id);
        if ids.is_empty() {
            index.remove(&key);
        }
    }
}
