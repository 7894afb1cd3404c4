//! Files that left the patterns before they were read to their end: `app.log` is
//! wanted, `app.log.1` is not, but its last lines are.

use std::collections::BTreeMap;
use std::fs::{self, DirEntry};
use std::os::unix::fs::DirEntryExt;
use std::path::{Path, PathBuf};

use super::content::Look;
use super::copies::{holds, is_copy};
use super::streams::{Phase, Stream};
use super::{Arrival, FileId, Tail, Take};

impl Tail {
    /// Looks for the files of streams that lost theirs, in the folder where it lay.
    pub(super) fn find_strays(&mut self, now_nanos: u64, take: &mut Take<'_>) {
        let mut folders: BTreeMap<PathBuf, Vec<FileId>> = BTreeMap::new();
        for (id, stream) in self.streams.iter().filter(|(_, stream)| self.is_astray(stream)) {
            if let Some(folder) = stream.path.parent() {
                folders.entry(folder.to_owned()).or_default().push(id);
            }
        }
        for (folder, astray) in folders {
            let Ok(entries) = fs::read_dir(&folder) else { continue };
            let is_other = |entry: &DirEntry| !self.names.contains_key(&entry.path());
            let others: Vec<_> = entries.filter_map(Result::ok).filter(is_other).collect();
            for entry in others {
                self.try_stray(&entry, &astray, now_nanos, take);
            }
        }
    }

    fn is_astray(&self, stream: &Stream) -> bool {
        let is_lost = match stream.phase {
            Phase::Live => stream.content.is_none() && !stream.is_stray,
            Phase::Remembered => self.is_first_survey,
        };
        is_lost && !stream.is_present
    }

    fn try_stray(
        &mut self,
        entry: &DirEntry,
        astray: &[FileId],
        now_nanos: u64,
        take: &mut Take<'_>,
    ) {
        let path = entry.path();
        let has_inode = |stream: &Stream| stream.place.inode == entry.ino();
        let may_be = |id: &&FileId| {
            let stream = self.streams.get(**id);
            stream.is_some_and(|s| self.is_astray(s) && (has_inode(s) || is_sibling(s, &path)))
        };
        if !entry.file_type().is_ok_and(|kind| kind.is_file())
            || !astray.iter().any(|id| may_be(&id))
        {
            return;
        }
        let Ok(look) = Look::at(&path) else { return };
        let is_it = |id: &&FileId| {
            self.streams.get(**id).is_some_and(|stream| {
                let is_there = stream.place.has_inode_of(look.place) && holds(stream, &look);
                (is_there && !stream.is_displaced) || is_copy(stream, &look, &path)
            })
        };
        let found = astray.iter().filter(may_be).find(is_it).copied();
        if let Some(id) = found {
            self.follow(id, &path, look, now_nanos, take);
        }
    }

    /// Reads a stream to its end outside the patterns.
    fn follow(&mut self, id: FileId, path: &Path, look: Look, now_nanos: u64, take: &mut Take<'_>) {
        let Some(stream) = self.streams.get(id) else { return };
        let is_read = match look.packed_size {
            Some(size) => size.ends_at(stream.offset),
            None => !look.is_packed() && look.size <= stream.offset,
        };
        if is_read && stream.phase == Phase::Remembered {
            return;
        }
        let place = look.place;
        self.streams.set_place(id, place);
        let Some(stream) = self.streams.get_mut(id) else { return };
        path.clone_into(&mut stream.path);
        stream.is_packed = look.is_packed();
        stream.is_rotated = true;
        stream.is_stray = true;
        stream.is_told = true;
        stream.is_displaced = false;
        stream.is_met = true;
        stream.verified = None;
        stream.size_seen = look.size;
        stream.moved_nanos = now_nanos;
        let (identity, offset, modified_nanos) =
            (stream.identity, stream.offset, look.modified_nanos);
        let was_live = std::mem::replace(&mut stream.phase, Phase::Live) == Phase::Live;
        if was_live {
            take(Arrival::Renamed { file: id, path, place });
        } else {
            take(Arrival::Opened { file: id, path, identity, place, offset, modified_nanos });
        }
        self.wake(id);
    }
}

/// Whether the name is made from the stream's own, as rotation does.
fn is_sibling(stream: &Stream, path: &Path) -> bool {
    match (stream.path.file_stem(), path.file_name()) {
        (Some(stem), Some(name)) => {
            name.as_encoded_bytes().starts_with(stem.as_encoded_bytes()) && path != stream.path
        }
        _ => false,
    }
}
