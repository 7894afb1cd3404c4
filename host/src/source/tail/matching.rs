//! Which stream a file holds. A file is first asked for by its inode, then by its
//! beginning; only what nobody knows is new.

use std::io;
use std::path::Path;

use super::content::{Content, Look, PackedSize, Relation, first_solid, relation};
use super::copies::{differs, holds, is_copy};
use super::identity::{Identity, PREFIX_BYTES_MAX};
use super::settings::Start;
use super::streams::{Phase, Stream};
use super::survey::{DOUBT_NANOS, Holds};
use super::{Arrival, FileId, Key, Tail, Take};

/// Streams with the same beginning that a new file is compared with.
const COMPARED_MAX: usize = 8;

impl Tail {
    /// Finds out what these files hold: all of them are tried on one question before
    /// the next is asked, so that none takes the stream of another.
    pub(super) fn settle(&mut self, candidates: Vec<Key>, now_nanos: u64, take: &mut Take<'_>) {
        let mut left = candidates;
        left.retain(|key| !self.settle_by(*key, Question::Place, now_nanos, take));
        if self.streams.iter().any(|(_, stream)| !stream.is_present) {
            left.retain(|key| !self.settle_by(*key, Question::Text, now_nanos, take));
        }
        self.find_strays(now_nanos, take);
        self.end_displaced(take);
        for key in left {
            self.settle_by(key, Question::New, now_nanos, take);
        }
    }

    fn settle_by(
        &mut self,
        key: Key,
        question: Question,
        now_nanos: u64,
        take: &mut Take<'_>,
    ) -> bool {
        let Some(slot) = self.slots.get(&key) else { return true };
        if matches!(question, Question::Place) && self.streams.at_inode(slot.place.inode).is_empty()
        {
            return false;
        }
        let path = slot.path.clone();
        let look = match Look::at(&path) {
            Ok(look) if (look.place.device, look.place.inode) == key => look,
            // It was rotated under our eyes.
            Ok(_) => {
                self.survey_soon();
                return true;
            }
            Err(error) => {
                self.hold(key, Holds::Unknown);
                self.tell_unreadable(&path, &error, take);
                return true;
            }
        };
        self.troubles.end(&path);
        let known = match question {
            Question::Place => self.stream_at_place(&look),
            Question::Text => self.stream_with_text(&look, &path),
            Question::New => return self.settle_new(key, &path, &look, now_nanos, take),
        };
        known.is_some_and(|id| {
            self.attach(id, key, &path, &look, now_nanos, take);
            true
        })
    }

    /// A compressed file may still be written; that is no trouble.
    fn tell_unreadable(&mut self, path: &Path, error: &io::Error, take: &mut Take<'_>) {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => {}
            io::ErrorKind::NotFound => self.survey_soon(),
            _ => self.troubles.tell(path, error, take),
        }
    }

    fn stream_at_place(&self, look: &Look) -> Option<FileId> {
        let ids = self.streams.at_inode(look.place.inode).iter().copied();
        let fits = |id: &FileId| {
            self.streams.get(*id).is_some_and(|stream| {
                let is_free = !stream.is_present || stream.place.is(look.place);
                let is_there = stream.place.has_inode_of(look.place);
                is_free && is_there && !stream.is_displaced && holds(stream, look)
            })
        };
        let rank = |id: &FileId| {
            self.streams
                .get(*id)
                .map(|stream| (stream.place.is(look.place), stream.identity.len, *id))
        };
        ids.filter(fits).max_by_key(rank)
    }

    /// A stream whose own file is gone. Of several, one that was read in this run is
    /// known best, then the one whose file went last.
    fn stream_with_text(&self, look: &Look, path: &Path) -> Option<FileId> {
        let mut ids = self.streams.beginning(look.solid_prefix());
        ids.sort_by_key(|id| {
            let stream = self.streams.get(*id);
            std::cmp::Reverse(stream.map(|stream| {
                let is_live = stream.phase == Phase::Live;
                (stream.identity.len, !stream.end.is_empty(), is_live, stream.moved_nanos, *id)
            }))
        });
        ids.into_iter().find(|id| {
            self.streams.get(*id).is_some_and(|stream| {
                !stream.is_present && is_copy(stream, look, path) && !differs(stream, path)
            })
        })
    }

    /// A file that holds no stream whose own file is gone: a copy of one that is
    /// there, or a new one.
    fn settle_new(
        &mut self,
        key: Key,
        path: &Path,
        look: &Look,
        now_nanos: u64,
        take: &mut Take<'_>,
    ) -> bool {
        if look.prefix.is_empty() {
            self.hold(key, Holds::Nothing);
            return true;
        }
        // One may have lost its file since the last question.
        if let Some(id) = self.stream_with_text(look, path) {
            self.attach(id, key, path, look, now_nanos, take);
            return true;
        }
        for id in self.present_with_text(look, key) {
            let Some(other) = self.streams.get(id).map(|stream| stream.path.clone()) else {
                continue;
            };
            if !self.still_holds(id, &other) {
                self.replaced(id);
                if self.stream_with_text(look, path) == Some(id) {
                    self.attach(id, key, path, look, now_nanos, take);
                    return true;
                }
                continue;
            }
            let is_long = look.prefix.len() >= PREFIX_BYTES_MAX;
            match relation(path, &other) {
                Ok(Relation::Beginning) if is_long || look.is_packed() => {
                    self.hold(key, Holds::Copy(id));
                    return true;
                }
                Ok(Relation::Beginning) if self.is_in_doubt(key, id, now_nanos) => return true,
                // The other one was the copy.
                Ok(Relation::Longer) if self.is_full(id) => {
                    self.hold_instead(id, Holds::Copy(id));
                    self.attach(id, key, path, look, now_nanos, take);
                    return true;
                }
                _ => {}
            }
        }
        self.open_new(key, path, look, now_nanos, take);
        true
    }

    fn present_with_text(&self, look: &Look, key: Key) -> Vec<FileId> {
        let is_elsewhere = |id: &FileId| {
            self.streams.get(*id).is_some_and(|stream| {
                stream.is_present && (stream.place.device, stream.place.inode) != key
            })
        };
        let ids = self.streams.beginning(look.solid_prefix()).into_iter();
        let mut ids: Vec<_> = ids.filter(is_elsewhere).collect();
        // A copy is made of what was written to last.
        ids.sort_by_key(|id| {
            let place = self.streams.get(*id).map(|stream| stream.place);
            let slot = place.and_then(|place| self.slots.get(&(place.device, place.inode)));
            std::cmp::Reverse(slot.map(|slot| slot.modified_nanos))
        });
        ids.truncate(COMPARED_MAX);
        ids
    }

    /// Whether the stream is still where the survey saw it.
    fn still_holds(&self, id: FileId, path: &Path) -> bool {
        let (Some(stream), Ok(look)) = (self.streams.get(id), Look::at(path)) else { return true };
        !look.place.is(stream.place) || holds(stream, &look)
    }

    fn is_full(&self, id: FileId) -> bool {
        self.streams.get(id).is_some_and(|stream| stream.identity.is_full())
    }

    /// Whether to wait with a file that may be a copy.
    fn is_in_doubt(&mut self, key: Key, of: FileId, now_nanos: u64) -> bool {
        if self.is_first_survey && self.is_first_run && self.settings.start == Start::End {
            return false;
        }
        let since_nanos = match self.slots.get(&key).map(|slot| slot.holds) {
            Some(Holds::Doubt { since_nanos, .. }) => since_nanos,
            _ => now_nanos,
        };
        let is_over = now_nanos.saturating_sub(since_nanos) >= DOUBT_NANOS;
        if !is_over {
            self.hold(key, Holds::Doubt { of, since_nanos });
        }
        !is_over
    }

    fn open_new(
        &mut self,
        key: Key,
        path: &Path,
        look: &Look,
        now_nanos: u64,
        take: &mut Take<'_>,
    ) {
        let begins_at = match &look.content {
            Content::Plain(file) if look.prefix.first() == Some(&0) => {
                // Left by a writer that went on where it was after a truncation.
                first_solid(file, 0).unwrap_or(Some(0))
            }
            _ => Some(0),
        };
        let Some(begins_at) = begins_at else {
            self.hold(key, Holds::Nothing);
            return;
        };
        let is_old = self.old_nanos.is_some_and(|old| look.modified_nanos < old);
        let is_skipped =
            self.is_first_survey && self.is_first_run && self.settings.start == Start::End;
        let offset = match (self.is_first_survey && is_old) || is_skipped {
            true => end_of(look),
            false => begins_at,
        };
        let identity = Identity::of(look.solid_prefix());
        let id = self.streams.add(Stream::new(identity, look.place, path.to_owned(), offset));
        if self.is_first_survey && is_old && !is_skipped {
            self.remember_old(id, key, look);
        } else {
            self.attach(id, key, path, look, now_nanos, take);
        }
    }

    /// An old file is known, but not read until it changes.
    fn remember_old(&mut self, id: FileId, key: Key, look: &Look) {
        if let Some(stream) = self.streams.get_mut(id) {
            stream.is_present = true;
            stream.is_packed = look.is_packed();
        }
        self.hold(key, Holds::Stream(id));
    }

    /// From now on this file holds the stream.
    pub(super) fn attach(
        &mut self,
        id: FileId,
        key: Key,
        path: &Path,
        look: &Look,
        now_nanos: u64,
        take: &mut Take<'_>,
    ) {
        self.close(id);
        self.hold(key, Holds::Stream(id));
        let identity = Identity::of(look.solid_prefix());
        let Some(stream) = self.streams.get(id) else { return };
        let has_moved = stream.place != look.place || stream.path != path;
        self.streams.set_place(id, look.place);
        let Some(stream) = self.streams.get(id) else { return };
        let has_grown = identity.len > stream.identity.len;
        if has_grown {
            self.streams.set_identity(id, identity);
        }
        let Some(stream) = self.streams.get_mut(id) else { return };
        let was_live = stream.phase == Phase::Live;
        let was_here = stream.path == path;
        path.clone_into(&mut stream.path);
        stream.is_present = true;
        stream.is_stray = false;
        stream.is_displaced = false;
        stream.is_packed = look.is_packed();
        stream.is_text = !look.solid_prefix().contains(&0);
        stream.is_rotated = stream.is_packed || !was_here;
        stream.verified = None;
        stream.size_seen = look.size;
        stream.moved_nanos = now_nanos;
        let is_complete = look.packed_size.is_some_and(|size| size.ends_at(stream.offset));
        stream.is_met = true;
        if is_complete && !was_live && stream.is_told {
            // All of it was read before it was compressed.
            if has_moved {
                take(Arrival::Renamed { file: id, path, place: look.place });
            }
            return;
        }
        stream.is_told = true;
        stream.phase = Phase::Live;
        let (identity, place, offset) = (stream.identity, stream.place, stream.offset);
        let has_more = if stream.is_packed { !is_complete } else { look.size > offset };
        if was_live {
            take(Arrival::Renamed { file: id, path, place });
        } else {
            let modified_nanos = look.modified_nanos;
            take(Arrival::Opened { file: id, path, identity, place, offset, modified_nanos });
        }
        if was_live && has_grown {
            take(Arrival::Grown { file: id, identity });
        }
        if has_more {
            self.wake(id);
        }
    }

    pub(super) fn hold(&mut self, key: Key, holds: Holds) {
        self.slots.entry(key).and_modify(|slot| slot.holds = holds);
    }

    /// The file that held a stream holds something else now.
    fn hold_instead(&mut self, id: FileId, holds: Holds) {
        if let Some(place) = self.streams.get(id).map(|stream| stream.place) {
            self.hold((place.device, place.inode), holds);
        }
    }
}

/// What is asked of a file.
#[derive(Clone, Copy)]
enum Question {
    /// Which stream lay in this inode?
    Place,
    /// Which stream whose file is gone has this text?
    Text,
    /// Is it a copy of a stream that is there, or a new one?
    New,
}

/// The decompressed length, as far as it can be known without reading it all.
fn end_of(look: &Look) -> u64 {
    match (look.is_packed(), look.packed_size) {
        (false, _) => look.size,
        (true, Some(PackedSize::Zstd(size))) => size,
        (true, Some(PackedSize::Gzip(size))) => u64::from(size),
        (true, None) => u64::MAX,
    }
}
