//! Files that are written to while they are read.
//!
//! [`Tail`] is pulled: [`Tail::step`] looks at what has changed, reads a bounded
//! number of bytes and hands on what happened, one [`Arrival`] after the other. It
//! has no thread and no clock of its own; the same files and the same calls give the
//! same arrivals.
//!
//! What is read is a *stream*: a text that is read once, whatever file it lies in.
//! A stream is known by the hash of its beginning ([`Identity`]); where it lies
//! ([`Place`]) decides only between equal beginnings. So a file may be renamed,
//! copied and truncated, compressed, moved to another disk, or its inode used again,
//! and no byte that was readable is lost or read twice. The module refuses to know
//! what a record is: a partial last line is the reader's business (see
//! [`Tail::rewind`]).
//!
//! * `patterns` says which files are there: a *survey*.
//! * `survey` holds that against the streams: who stayed, moved, went, is new.
//! * `matching` decides which stream a file holds, `copies` what counts as a copy.
//! * `strays` looks for files that left the patterns before they were read to their
//!   end.
//! * `read` reads, in turns.
//! * `watch` asks inotify when it is worth looking; nothing depends on its answer.
//!
//! Known limits: what is written to a file between the copy and the truncation of
//! copytruncate is lost, by the rotation itself. So is what is written between a
//! truncation and a deletion that come before the next look: nobody has that text open. A file that was truncated and has
//! regrown while the tail did not run, to the same first 4096 bytes and beyond what
//! was read, cannot be told from one that has grown.

mod content;
mod copies;
mod identity;
mod matching;
mod patterns;
mod read;
mod settings;
mod strays;
mod streams;
mod survey;
mod troubles;
mod watch;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use identity::{Identity, PREFIX_BYTES_MAX, Place};
pub use settings::{Settings, Start};

use crate::problem::Problem;
use patterns::Patterns;
use streams::{Phase, Streams};
use survey::{Holds, Slot};
use troubles::Troubles;
use watch::{Change, Watcher};

/// A stream. It is never given to another one, also not in a later run that is told
/// the positions of this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// How far a stream was read, to be told to the next run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// Which stream.
    pub file: FileId,
    /// As last told by [`Arrival::Opened`] or [`Arrival::Grown`].
    pub identity: Identity,
    /// As last told by [`Arrival::Opened`] or [`Arrival::Renamed`].
    pub place: Place,
    /// As last told by [`Arrival::Opened`] or [`Arrival::Renamed`].
    pub path: PathBuf,
    /// Where to read on, in decompressed bytes.
    pub offset: u64,
}

/// Something that happened.
#[derive(Debug)]
pub enum Arrival<'a> {
    /// A stream is read from `offset` on. It may be one that has ended and grows
    /// again, or that an earlier run knew.
    Opened {
        /// Which stream.
        file: FileId,
        /// Where it lies.
        path: &'a Path,
        /// Its beginning.
        identity: Identity,
        /// Device and inode.
        place: Place,
        /// Where its bytes will begin.
        offset: u64,
        /// When the file was last modified, in nanoseconds since the epoch.
        modified_nanos: i64,
    },
    /// More of it, without gaps.
    Bytes {
        /// Which stream.
        file: FileId,
        /// Where these bytes stand in it.
        offset: u64,
        /// As on disk; of a compressed file the decompressed ones. Never empty.
        bytes: &'a [u8],
    },
    /// More of its beginning is known.
    Grown {
        /// Which stream.
        file: FileId,
        /// Its beginning.
        identity: Identity,
    },
    /// It lies elsewhere: the file was renamed, or a copy took its place.
    Renamed {
        /// Which stream.
        file: FileId,
        /// Where it lies now.
        path: &'a Path,
        /// Device and inode.
        place: Place,
    },
    /// It was rotated or deleted, read to its end, and is quiet: a partial last
    /// record is all there is.
    Ended {
        /// Which stream.
        file: FileId,
    },
    /// Its file was truncated or overwritten, and no copy of what it held was found
    /// so far. `Ended` follows; what the file holds now is another stream.
    Truncated {
        /// Which stream.
        file: FileId,
    },
    /// It ended long ago and is no longer known; its position may be deleted.
    Forgotten {
        /// Which stream.
        file: FileId,
    },
    /// Something cannot be read now. Told once until it changes.
    Trouble {
        /// What.
        path: &'a Path,
        /// Why.
        problem: Problem,
    },
}

/// What a step came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes that were read.
    pub bytes: usize,
    /// Whether another step would have something to do at once.
    pub has_more: bool,
    /// When the next step is due at the latest, if nothing changes before.
    pub due_in: Duration,
}

/// Streams that have ended are remembered, so that late copies of them are not read
/// again; at most so many: about a hundred bytes and a path each.
const REMEMBERED_MAX: usize = 10_000;
/// Names change in bursts; they are looked at together.
const SURVEY_GAP_NANOS: u64 = 50_000_000;

/// Which streams are not read for the time being. Their files are kept open all the
/// same, so that nothing is lost when they are deleted meanwhile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Hold {
    /// All are read.
    #[default]
    None,
    /// These are not.
    Some(BTreeSet<FileId>),
    /// None is.
    All,
}

impl Hold {
    /// Whether that stream is held.
    pub fn holds(&self, file: FileId) -> bool {
        match self {
            Self::None => false,
            Self::Some(held) => held.contains(&file),
            Self::All => true,
        }
    }
}

/// A set of files that are tailed.
pub struct Tail {
    settings: Settings,
    patterns: Patterns,
    watcher: Option<Watcher>,
    streams: Streams,
    /// What lies at each device and inode that the last survey found.
    slots: BTreeMap<Key, Slot>,
    /// Every name that the last survey found.
    names: HashMap<PathBuf, Key>,
    ready: VecDeque<FileId>,
    hold: Hold,
    /// Open files in the order they were opened; some may be closed by now.
    opened: VecDeque<FileId>,
    open_count: usize,
    troubles: Troubles,
    buffer: Vec<u8>,
    survey_due_nanos: u64,
    surveyed_nanos: u64,
    is_first_survey: bool,
    is_first_run: bool,
    /// Files modified before are old.
    old_nanos: Option<i64>,
}

/// Device and inode.
type Key = (u64, u64);

/// Who is told what happens.
type Take<'t> = dyn FnMut(Arrival<'_>) + 't;

impl Tail {
    /// A tail that reads on at the positions of the last run; without any it is the
    /// very first run, for which `settings.start` holds. `now_nanos` is the present,
    /// since the Unix epoch; only `settings.ignore_older_than` needs it.
    ///
    /// # Errors
    /// A pattern that cannot be read.
    pub fn new(settings: Settings, known: Vec<Position>, now_nanos: i64) -> Result<Self, Problem> {
        let old_nanos = settings
            .ignore_older_than
            .map(|age| now_nanos.saturating_sub(i64::try_from(age.as_nanos()).unwrap_or(i64::MAX)));
        let is_first_run = known.is_empty();
        let mut streams = Streams::default();
        for position in known {
            streams.know(position);
        }
        Ok(Self {
            patterns: Patterns::new(&settings)?,
            watcher: settings.watch.then(|| Watcher::new().ok()).flatten(),
            buffer: vec![0; settings.chunk_bytes.max(1)],
            settings,
            streams,
            slots: BTreeMap::new(),
            names: HashMap::new(),
            ready: VecDeque::new(),
            hold: Hold::None,
            opened: VecDeque::new(),
            open_count: 0,
            troubles: Troubles::default(),
            survey_due_nanos: 0,
            surveyed_nanos: 0,
            is_first_survey: true,
            is_first_run,
            old_nanos,
        })
    }

    /// Looks at what has changed, reads at most `budget_bytes`, all files in turns,
    /// and tells `take` what happened. `now_nanos` is the caller's clock: it never
    /// goes back, and may begin anywhere.
    pub fn step(
        &mut self,
        now_nanos: u64,
        budget_bytes: usize,
        take: &mut dyn FnMut(Arrival<'_>),
    ) -> Progress {
        self.notice(now_nanos);
        if self.is_first_survey || now_nanos >= self.survey_due_nanos {
            self.surveyed_nanos = now_nanos;
            let poll_nanos = self.settings.poll_interval.as_nanos() as u64;
            self.survey_due_nanos = now_nanos.saturating_add(poll_nanos.max(SURVEY_GAP_NANOS));
            self.survey(now_nanos, take);
        }
        let bytes = self.read_in_turns(now_nanos, budget_bytes, take);
        let due_in = Duration::from_nanos(self.survey_due_nanos.saturating_sub(now_nanos));
        Progress { bytes, has_more: !self.ready.is_empty() || due_in.is_zero(), due_in }
    }

    /// Bytes on disk that were not read, as of the last look at the files; those of
    /// compressed ones are not known.
    pub fn unread_bytes(&self) -> u64 {
        let live = self.streams.iter().map(|(_, stream)| stream);
        let live = live.filter(|stream| stream.phase == Phase::Live && !stream.is_packed);
        live.map(|stream| stream.size_seen.saturating_sub(stream.offset)).sum()
    }

    /// Reads a stream again from `offset` on: what was handed on behind it was not
    /// taken.
    pub fn rewind(&mut self, file: FileId, offset: u64) {
        if let Some(stream) = self.streams.get_mut(file) {
            stream.offset = offset.min(stream.offset);
            stream.end.clear();
            if stream.is_packed {
                self.close(file);
            }
            self.wake(file);
        }
    }

    /// Says which streams are not read until the next call of this.
    pub fn hold_back(&mut self, hold: Hold) {
        self.hold = hold;
    }

    /// Whether there may be something to read of a stream now.
    pub fn is_ready(&self, file: FileId) -> bool {
        self.streams.get(file).is_some_and(|stream| stream.is_ready)
    }

    /// Sleeps until something has changed, at most so long; without inotify, so long.
    pub fn wait(&self, timeout: Duration) {
        match &self.watcher {
            Some(watcher) => watcher.wait(timeout),
            None => std::thread::sleep(timeout),
        }
    }

    /// Readable when something has changed, to sleep on it together with others.
    pub fn wait_fd(&self) -> Option<BorrowedFd<'_>> {
        self.watcher.as_ref().map(Watcher::fd)
    }

    /// What inotify says.
    fn notice(&mut self, now_nanos: u64) {
        let changes = self.watcher.as_mut().map(Watcher::changes).unwrap_or_default();
        for change in changes {
            match change {
                Change::Written(path) => {
                    if let Some(key) = self.names.get(&path) {
                        self.notice_written(*key, now_nanos);
                    }
                }
                Change::Named(path) => {
                    if self.names.contains_key(&path) || self.patterns.wants(&path) {
                        self.survey_soon();
                    }
                }
                Change::Anything => self.survey_soon(),
            }
        }
    }

    fn notice_written(&mut self, key: Key, now_nanos: u64) {
        let holds = self.slots.get(&key).map(|slot| slot.holds);
        match holds {
            Some(Holds::Stream(id)) if self.is_live(id) => {
                self.wake(id);
                self.streams.get_mut(id).into_iter().for_each(|s| s.moved_nanos = now_nanos);
            }
            _ => self.survey_soon(),
        }
    }

    /// Names have changed: look at them, but not for each.
    fn survey_soon(&mut self) {
        let soon = self.surveyed_nanos.saturating_add(SURVEY_GAP_NANOS);
        self.survey_due_nanos = self.survey_due_nanos.min(soon);
    }

    fn is_live(&self, id: FileId) -> bool {
        self.streams.get(id).is_some_and(|stream| stream.phase == Phase::Live)
    }

    fn is_present(&self, id: FileId) -> bool {
        self.streams.get(id).is_some_and(|stream| stream.is_present)
    }

    /// Puts a stream in the queue of those that are read.
    fn wake(&mut self, id: FileId) {
        if let Some(stream) = self.streams.get_mut(id)
            && !stream.is_ready
            && stream.phase == Phase::Live
        {
            stream.is_ready = true;
            self.ready.push_back(id);
        }
    }
}

#[cfg(test)]
mod tests;
