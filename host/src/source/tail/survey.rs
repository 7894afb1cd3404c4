//! A survey held against the streams: who stayed, moved, went, is new.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use super::identity::Place;
use super::patterns::Found;
use super::streams::Phase;
use super::{Arrival, FileId, Key, REMEMBERED_MAX, Tail, Take};
use crate::problem::Problem;

/// A file at a device and inode.
pub(super) struct Slot {
    pub(super) path: PathBuf,
    pub(super) place: Place,
    pub(super) size: u64,
    pub(super) modified_nanos: i64,
    pub(super) holds: Holds,
}

/// What is in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    /// Not known yet, or it could not be read.
    Unknown,
    /// Nothing so far.
    Nothing,
    /// A stream.
    Stream(FileId),
    /// A copy of a stream that is read elsewhere.
    Copy(FileId),
    /// So far a copy of a short stream that is read elsewhere: either its file is
    /// about to be truncated, or both begin with the same lines. Time will tell.
    Doubt { of: FileId, since_nanos: u64 },
}

/// Copytruncate takes milliseconds for a short file; a busy machine may take longer.
pub(super) const DOUBT_NANOS: u64 = 3_000_000_000;

impl Tail {
    /// Looks at everything.
    pub(super) fn survey(&mut self, now_nanos: u64, take: &mut Take<'_>) {
        let Self { patterns, watcher, .. } = self;
        let survey = patterns.survey(&mut |folder| {
            if let Some(watcher) = watcher {
                watcher.add(folder);
            }
        });
        self.troubles.tell_survey(&survey.unreadable, take);
        self.tell_exhausted_watches(take);
        let found = self.by_place(survey.found);
        self.end_quiet(now_nanos, take);
        self.leave(&found, now_nanos);
        let Met { mut candidates, changed } = self.meet(found, now_nanos, take);
        if !candidates.is_empty() {
            // One of them may be a copy of what one of these held.
            candidates.extend(changed.into_iter().filter(|key| self.has_replaced(*key)));
        }
        self.settle(candidates, now_nanos, take);
        self.wake_gone();
        self.close_idle(now_nanos);
        self.forget_oldest(take);
        self.is_first_survey = false;
    }

    fn tell_exhausted_watches(&mut self, take: &mut Take<'_>) {
        if self.watcher.as_ref().is_some_and(super::Watcher::is_exhausted) {
            let path = PathBuf::from("/proc/sys/fs/inotify/max_user_watches");
            let problem = Problem::new("no more inotify watches: some folders are only polled")
                .hint("raise fs.inotify.max_user_watches");
            self.troubles.tell_problem(&path, problem, take);
        }
    }

    /// One file may have several names: the one it is known by stays; else one that is
    /// no symbolic link is preferred.
    fn by_place(&mut self, found: BTreeMap<PathBuf, Found>) -> BTreeMap<Key, Found> {
        self.names = HashMap::with_capacity(found.len());
        let mut by_place: BTreeMap<Key, Found> = BTreeMap::new();
        for (path, found) in found {
            let key = (found.place.device, found.place.inode);
            self.names.insert(path, key);
            let known_by = self.slots.get(&key).map(|slot| &slot.path);
            let rank = |found: &Found| (known_by != Some(&found.path), found.is_link);
            match by_place.get(&key) {
                Some(other) if rank(other) <= rank(&found) => {}
                _ => {
                    by_place.insert(key, found);
                }
            }
        }
        by_place
    }

    /// Files that are not there any more.
    fn leave(&mut self, found: &BTreeMap<Key, Found>, now_nanos: u64) {
        let left: Vec<_> =
            self.slots.keys().filter(|key| !found.contains_key(key)).copied().collect();
        for slot in left.iter().filter_map(|key| self.slots.remove(key)) {
            self.troubles.end(&slot.path);
            if let Holds::Stream(id) = slot.holds
                && let Some(stream) = self.streams.get_mut(id)
            {
                stream.is_present = false;
                stream.moved_nanos = now_nanos;
            }
        }
    }

    /// Files that are there.
    fn meet(&mut self, found: BTreeMap<Key, Found>, now_nanos: u64, take: &mut Take<'_>) -> Met {
        let mut candidates = Vec::new();
        let mut changed = Vec::new();
        for (key, found) in found {
            let Some(slot) = self.slots.get(&key) else {
                self.slots.insert(key, Slot::new(found, Holds::Unknown));
                candidates.push(key);
                continue;
            };
            let is_other = !slot.place.is(found.place);
            let is_changed =
                is_other || (slot.size, slot.modified_nanos) != (found.size, found.modified_nanos);
            let mut holds = slot.holds;
            let is_touched = is_changed || slot.path != found.path;
            let is_settled = match holds {
                Holds::Unknown => false,
                Holds::Nothing => !is_changed,
                Holds::Copy(of) => !is_changed && self.is_present(of),
                Holds::Doubt { of, since_nanos } => {
                    let is_over = now_nanos.saturating_sub(since_nanos) >= DOUBT_NANOS;
                    !is_changed && !is_over && self.is_present(of)
                }
                Holds::Stream(id) => {
                    let stays = self.meet_again(id, &found, is_other, is_changed, now_nanos, take);
                    if stays.is_none() {
                        holds = Holds::Unknown;
                    }
                    stays == Some(Stays::Settled)
                }
            };
            if !is_settled {
                candidates.push(key);
            } else if is_touched {
                changed.push(key);
            }
            self.slots.insert(key, Slot::new(found, holds));
        }
        Met { candidates, changed }
    }

    /// Whether a file that has changed holds its stream no longer.
    fn has_replaced(&mut self, key: Key) -> bool {
        let Some(Holds::Stream(id)) = self.slots.get(&key).map(|slot| slot.holds) else {
            return false;
        };
        let is_gone = self.streams.get(id).is_some_and(|stream| !stream.is_still_there());
        if is_gone {
            self.replaced(id);
        }
        is_gone
    }

    /// A file that held a stream; `None` when it holds it no longer.
    fn meet_again(
        &mut self,
        id: FileId,
        found: &Found,
        is_other: bool,
        is_changed: bool,
        now_nanos: u64,
        take: &mut Take<'_>,
    ) -> Option<Stays> {
        let stream = self.streams.get_mut(id)?;
        if is_other {
            stream.is_present = false;
            stream.moved_nanos = now_nanos;
            self.close(id);
            return None;
        }
        if !stream.is_packed && found.size < stream.offset {
            self.displace(id);
            return None;
        }
        if stream.path != found.path {
            stream.path.clone_from(&found.path);
            stream.is_rotated = true;
            stream.moved_nanos = now_nanos;
            take(Arrival::Renamed { file: id, path: &found.path, place: stream.place });
        }
        stream.size_seen = found.size;
        let has_more = !stream.is_packed && found.size > stream.offset;
        match stream.phase {
            Phase::Live if is_changed || has_more => self.wake(id),
            Phase::Remembered if is_changed => return Some(Stays::Again),
            Phase::Live | Phase::Remembered => {}
        }
        Some(Stays::Settled)
    }

    /// What a stream's file held was replaced; the stream may go on in a copy.
    pub(super) fn displace(&mut self, id: FileId) {
        self.close(id);
        if let Some(stream) = self.streams.get_mut(id) {
            stream.is_present = false;
            stream.is_stray = false;
            stream.is_displaced = true;
            stream.size_seen = stream.offset;
        }
        // What comes to lie there, were it the same text, is not this one.
        self.streams.set_place(id, Place { device: 0, inode: 0, born_nanos: None });
    }

    /// Displaced streams that go on nowhere.
    pub(super) fn end_displaced(&mut self, take: &mut Take<'_>) {
        for id in self.streams.ids(|stream| stream.is_displaced && !stream.is_present) {
            if self.is_live(id) {
                take(Arrival::Truncated { file: id });
                self.end(id, take);
            }
            self.streams.get_mut(id).into_iter().for_each(|stream| stream.is_displaced = false);
        }
    }

    /// Rotated and deleted streams that are quiet for long enough.
    fn end_quiet(&mut self, now_nanos: u64, take: &mut Take<'_>) {
        let wait_nanos = self.settings.rotated_wait.as_nanos() as u64;
        let is_quiet = |stream: &super::streams::Stream| {
            let is_over = stream.is_rotated || !stream.is_present;
            let is_quiet = now_nanos.saturating_sub(stream.moved_nanos) >= wait_nanos;
            stream.phase == Phase::Live && is_over && is_quiet && !stream.is_ready
        };
        for id in self.streams.ids(is_quiet) {
            if self.has_late_bytes(id) {
                self.wake(id);
                continue;
            }
            self.tell_unread(id, take);
            self.end(id, take);
        }
    }

    fn tell_unread(&mut self, id: FileId, take: &mut Take<'_>) {
        let Some(stream) = self.streams.get(id) else { return };
        let unread = stream.size_seen.saturating_sub(stream.offset);
        let is_lost = !stream.can_be_opened() && stream.content.is_none();
        if is_lost && !stream.is_packed && unread > 0 {
            let what = format!("it was deleted before its last {unread} bytes were read");
            let path = stream.path.clone();
            self.troubles.tell_problem(&path, Problem::new(what), take);
            self.troubles.end(&path);
        }
    }

    fn end(&mut self, id: FileId, take: &mut Take<'_>) {
        self.close(id);
        if let Some(stream) = self.streams.get_mut(id) {
            stream.phase = Phase::Remembered;
            take(Arrival::Ended { file: id });
        }
    }

    /// Nobody tells when a file outside the patterns is written to.
    fn wake_gone(&mut self) {
        let is_gone = |s: &super::streams::Stream| !s.is_present && !s.is_packed;
        let is_read = |stream: &super::streams::Stream| {
            is_gone(stream) && (stream.content.is_some() || stream.is_stray)
        };
        for id in self.streams.ids(is_read) {
            self.wake(id);
        }
    }

    fn close_idle(&mut self, now_nanos: u64) {
        let idle_nanos = self.settings.close_idle_after.as_nanos() as u64;
        let is_idle = |stream: &super::streams::Stream| {
            let is_quiet = now_nanos.saturating_sub(stream.moved_nanos) >= idle_nanos;
            is_quiet && stream.content.is_some() && stream.can_be_opened() && !stream.is_ready
        };
        for id in self.streams.ids(is_idle) {
            self.close(id);
        }
    }

    /// Bounds what is remembered.
    fn forget_oldest(&mut self, take: &mut Take<'_>) {
        let is_past = |s: &super::streams::Stream| s.phase == Phase::Remembered && !s.is_present;
        let mut past = self.streams.ids(is_past);
        let Some(too_many) = past.len().checked_sub(REMEMBERED_MAX).filter(|count| *count > 0)
        else {
            return;
        };
        past.sort_by_key(|id| (self.streams.get(*id).map(|stream| stream.moved_nanos), *id));
        for id in past.into_iter().take(too_many) {
            self.streams.forget(id);
            take(Arrival::Forgotten { file: id });
        }
    }
}

/// Files that a survey met.
struct Met {
    /// Of these it has to be found out what they hold.
    candidates: Vec<Key>,
    /// These are not as they were.
    changed: Vec<Key>,
}

/// A file that still holds its stream.
#[derive(PartialEq, Eq)]
enum Stays {
    /// Nothing is left to find out.
    Settled,
    /// The stream had ended and goes on, perhaps.
    Again,
}

impl Slot {
    fn new(found: Found, holds: Holds) -> Self {
        let Found { path, place, size, modified_nanos, .. } = found;
        Self { path, place, size, modified_nanos, holds }
    }
}
