//! The journal: what was received, on disk before anybody reads it.
//!
//! Segments `0000000000000001.log`, `...2.log` hold lines as they came. The last one is
//! appended to, the others are sealed and never change. They are read as files; when
//! their records are in the state store, [`Journal::delete_up_to`] makes room. When
//! there is none, appending says so and nothing is lost: the caller waits.

mod segments;

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use self::segments::{path_of, repair, segments_in};
use crate::clock::Stopwatch;
use crate::problem::Problem;

/// How a journal is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JournalSettings {
    /// A segment is sealed when it has so many bytes.
    pub segment_bytes_max: u64,
    /// All segments together.
    pub bytes_max: u64,
    /// When what was written is forced to the disk.
    pub fsync: Fsync,
}

impl Default for JournalSettings {
    fn default() -> Self {
        Self {
            segment_bytes_max: 64 << 20,
            bytes_max: 1 << 30,
            fsync: Fsync::Interval(Duration::from_secs(1)),
        }
    }
}

/// When what was written is forced to the disk. A crash of the program loses nothing
/// whatever is chosen; this is about a crash of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fsync {
    /// When the kernel likes.
    Never,
    /// Not later than this after the last time, as long as something comes.
    Interval(Duration),
    /// With every batch.
    Always,
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// It is in this segment.
    Written {
        /// The segment's number.
        segment: u64,
    },
    /// There is no room; nothing was written.
    Full,
}

/// A segment that will not change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Its number; numbers only grow.
    pub number: u64,
    /// Its file.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
}

/// The journal of one source. Shared by who writes and who reads and deletes.
#[derive(Debug)]
pub struct Journal {
    folder: PathBuf,
    settings: JournalSettings,
    torn_bytes: u64,
    state: Mutex<State>,
    deleted: Condvar,
}

#[derive(Debug)]
struct State {
    sealed: Vec<Segment>,
    active: Active,
    synced: Stopwatch,
    is_dirty: bool,
}

#[derive(Debug)]
struct Active {
    number: u64,
    file: File,
    bytes: u64,
}

impl State {
    fn bytes(&self) -> u64 {
        self.sealed.iter().map(|segment| segment.bytes).sum::<u64>() + self.active.bytes
    }
}

impl Journal {
    /// Opens the journal in a folder, which is created. A last line that was not
    /// written to its end is cut off: [`Self::torn_bytes`] says how much that was.
    pub fn open(folder: &Path, settings: JournalSettings) -> Result<Self, Problem> {
        fs::create_dir_all(folder).map_err(|error| failed(folder, "created", &error))?;
        let mut sealed = segments_in(folder)?;
        let torn_bytes = match sealed.last_mut() {
            Some(last) => repair(last)?,
            None => 0,
        };
        let number = sealed.last().map_or(1, |last| last.number + 1);
        for empty in sealed.extract_if(.., |segment| segment.bytes == 0) {
            fs::remove_file(&empty.path).map_err(|error| failed(folder, "tidied", &error))?;
        }
        let active = create(folder, number)?;
        let state = State { sealed, active, synced: Stopwatch::start(), is_dirty: false };
        let state = Mutex::new(state);
        Ok(Self { folder: folder.to_owned(), settings, torn_bytes, state, deleted: Condvar::new() })
    }

    /// Appends whole lines. When they are more than there is room for, nothing is
    /// written; what is longer than all of the journal may be still is, alone.
    pub fn append(&self, lines: &[u8]) -> Result<Appended, Problem> {
        let mut state = self.lock();
        let length = lines.len() as u64;
        let held = state.bytes();
        if held > 0 && held + length > self.settings.bytes_max {
            return Ok(Appended::Full);
        }
        if state.active.bytes > 0 && state.active.bytes + length > self.settings.segment_bytes_max {
            self.roll(&mut state)?;
        }
        let written = state.active.file.write_all(lines);
        if let Err(error) = written {
            // Half a batch must not stay: it will be written again.
            drop(state.active.file.set_len(state.active.bytes));
            return Err(failed(&self.folder, "written", &error));
        }
        state.active.bytes += length;
        state.is_dirty = true;
        self.sync_if_due(&mut state)?;
        Ok(Appended::Written { segment: state.active.number })
    }

    /// Waits until something was deleted, or so long.
    pub fn wait_for_room(&self, most: Duration) {
        let state = self.lock();
        drop(self.deleted.wait_timeout(state, most));
    }

    /// Forces to the disk what is due, when nothing was appended for a while.
    pub fn tick(&self) -> Result<(), Problem> {
        let mut state = self.lock();
        self.sync_if_due(&mut state)
    }

    /// Seals what was written so far, and forces it to the disk: for an ordered stop,
    /// or so that a quiet source's segment can be deleted.
    pub fn seal(&self) -> Result<(), Problem> {
        let mut state = self.lock();
        if state.active.bytes > 0 { self.roll(&mut state) } else { Ok(()) }
    }

    /// Segments that will not change, in order.
    pub fn sealed_segments(&self) -> Vec<Segment> {
        self.lock().sealed.clone()
    }

    /// The segment that is written now: its number, its file and the bytes that are
    /// whole.
    pub fn active_segment(&self) -> Segment {
        let state = self.lock();
        let number = state.active.number;
        Segment { number, path: path_of(&self.folder, number), bytes: state.active.bytes }
    }

    /// Deletes sealed segments up to this one, itself included.
    pub fn delete_up_to(&self, segment: u64) -> Result<(), Problem> {
        let mut state = self.lock();
        while state.sealed.first().is_some_and(|first| first.number <= segment) {
            let first = state.sealed.remove(0);
            match fs::remove_file(&first.path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    let problem = failed(&first.path, "deleted", &error);
                    state.sealed.insert(0, first);
                    return Err(problem);
                }
                _ => {}
            }
        }
        self.deleted.notify_all();
        Ok(())
    }

    /// Bytes of a last line that were cut off when the journal was opened.
    pub fn torn_bytes(&self) -> u64 {
        self.torn_bytes
    }

    /// Bytes of all segments.
    pub fn bytes(&self) -> u64 {
        self.lock().bytes()
    }

    fn roll(&self, state: &mut State) -> Result<(), Problem> {
        if self.settings.fsync != Fsync::Never {
            self.sync(state)?;
        }
        let number = state.active.number;
        let next = create(&self.folder, number + 1)?;
        let full = std::mem::replace(&mut state.active, next);
        let path = path_of(&self.folder, number);
        state.sealed.push(Segment { number, path, bytes: full.bytes });
        Ok(())
    }

    fn sync_if_due(&self, state: &mut State) -> Result<(), Problem> {
        let is_due = match self.settings.fsync {
            Fsync::Never => false,
            Fsync::Always => true,
            Fsync::Interval(interval) => state.synced.elapsed() >= interval,
        };
        if is_due && state.is_dirty { self.sync(state) } else { Ok(()) }
    }

    fn sync(&self, state: &mut State) -> Result<(), Problem> {
        let synced = state.active.file.sync_data();
        synced.map_err(|error| failed(&self.folder, "forced to the disk", &error))?;
        state.synced = Stopwatch::start();
        state.is_dirty = false;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Creates a segment, and the entry of its name on the disk.
fn create(folder: &Path, number: u64) -> Result<Active, Problem> {
    let path = path_of(folder, number);
    let file = File::options().create_new(true).append(true).open(&path);
    let file = file.map_err(|error| failed(&path, "created", &error))?;
    let folder_synced = File::open(folder).and_then(|folder| folder.sync_all());
    folder_synced.map_err(|error| failed(folder, "forced to the disk", &error))?;
    Ok(Active { number, file, bytes: 0 })
}

fn failed(path: &Path, what: &str, error: &std::io::Error) -> Problem {
    Problem::new(format!("the journal cannot be {what}: {error}"))
        .at(path.display().to_string())
        .hint("check the rights and the room in `state_dir`")
}

#[cfg(test)]
mod tests;
