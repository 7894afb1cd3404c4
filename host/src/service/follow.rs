//! Follow: files that grow, are renamed, cut off and replaced.
//!
//! A file is what its beginning says: the hash of its first bytes. Device and inode
//! tell apart files that begin alike. Nothing here sleeps or asks for the time.

use std::collections::BTreeMap;
use std::fs::{self, File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use globset::{Glob, GlobSet, GlobSetBuilder};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::problem::Problem;
use crate::source::{Input, expand, open_decompressed};

/// How much of a file's beginning tells it from others.
const PREFIX_BYTES: u64 = 4_096;
/// Bytes read in one step.
const CHUNK_BYTES: usize = 256 * 1024;
/// A file that is not found in so many looks at its folder is gone.
const LOOKS_MAX: u32 = 3;

/// The beginning of a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Identity {
    hash: [u8; 16],
    /// Bytes that were hashed; more when the file grows, up to 4 KiB.
    length: u64,
}

impl Identity {
    fn of(beginning: &[u8]) -> Self {
        let hash = Sha256::digest(beginning);
        let mut identity = Self { hash: [0; 16], length: beginning.len() as u64 };
        identity.hash.copy_from_slice(hash.get(..16).unwrap_or(&[0; 16]));
        identity
    }

    /// True when a file with that beginning may be this one, grown or not.
    fn begins(&self, beginning: &[u8]) -> bool {
        beginning.get(..self.length as usize).is_some_and(|begin| Self::of(begin) == *self)
    }
}

/// Which files, and how.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) paths: Vec<PathBuf>,
    pub(super) exclude: GlobSet,
    pub(super) from_end: bool,
    pub(super) poll_interval: Duration,
    /// Files end where they end now.
    pub(super) once: bool,
}

/// The patterns of paths that are left out.
pub(super) fn globs(patterns: &[String]) -> Result<GlobSet, Problem> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let glob = Glob::new(pattern).map_err(|error| {
            Problem::new(format!("the pattern cannot be read: {}", error.kind())).at(pattern)
        })?;
        set.add(glob);
    }
    set.build().map_err(|error| Problem::new(format!("the patterns cannot be used: {error}")))
}

/// A file of an earlier run.
#[derive(Debug, Clone)]
pub(super) struct Met {
    pub(super) number: u32,
    pub(super) identity: Identity,
    pub(super) device_inode: (u64, u64),
    pub(super) offset: u64,
}

/// A file in this run.
pub(super) type FileId = u32;

/// Something that happened.
#[derive(Debug)]
pub(super) enum Arrival<'a> {
    /// Bytes of a file will come.
    Opened(Opened<'a>),
    /// Bytes as they stand in the file, decompressed.
    Bytes { file: FileId, bytes: &'a [u8] },
    /// More of its beginning is known.
    Grown { file: FileId, identity: Identity },
    /// It has another name.
    Renamed { file: FileId, path: &'a Path },
    /// There is nothing more to read at the moment.
    AtEnd { file: FileId },
    /// It is gone, or was cut off, and is read to its end.
    Ended { file: FileId },
    /// It cannot be read; told once.
    Trouble { problem: Problem },
}

/// A file whose bytes will come.
#[derive(Debug)]
pub(super) struct Opened<'a> {
    pub(super) file: FileId,
    /// Its number in the earlier run.
    pub(super) met: Option<u32>,
    pub(super) path: &'a Path,
    pub(super) identity: Identity,
    pub(super) device_inode: (u64, u64),
    /// Bytes before this place were there before anybody asked: they only tell how
    /// to read what follows.
    pub(super) wanted_from: u64,
    pub(super) modified_nanos: Option<i64>,
}

/// What a step came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// Bytes that were handed over.
    pub(super) bytes: usize,
    /// There may be more at once.
    pub(super) is_more: bool,
}

/// Follows the files of one source.
pub(super) struct Follow {
    settings: Settings,
    met: Vec<Met>,
    files: BTreeMap<FileId, Followed>,
    next_file: FileId,
    next_look: Duration,
    has_looked: bool,
    /// Told already.
    troubles: Vec<String>,
    buffer: Vec<u8>,
}

struct Followed {
    path: PathBuf,
    device_inode: (u64, u64),
    identity: Identity,
    reader: Reader,
    /// Where the next byte stands.
    offset: u64,
    /// Looks at the folder in which it was not found.
    missed: u32,
    is_at_end: bool,
    is_over: bool,
}

enum Reader {
    Plain(File),
    Unpacked(Box<dyn Read + Send>),
}

impl Follow {
    pub(super) fn new(settings: Settings, met: Vec<Met>) -> Self {
        Self {
            settings,
            met,
            files: BTreeMap::new(),
            next_file: 0,
            next_look: Duration::ZERO,
            has_looked: false,
            troubles: Vec::new(),
            buffer: vec![0; CHUNK_BYTES],
        }
    }

    /// Looks at the folders when it is time, and reads a chunk of each file that
    /// `may_read` lets through.
    pub(super) fn step(
        &mut self,
        now: Duration,
        may_read: &dyn Fn(FileId) -> bool,
        take: &mut dyn FnMut(Arrival<'_>),
    ) -> Progress {
        if now >= self.next_look && !(self.settings.once && self.has_looked) {
            self.look(take);
            self.has_looked = true;
            self.next_look = now + self.settings.poll_interval;
        }
        let mut progress = Progress::default();
        let mut over = Vec::new();
        for (id, file) in &mut self.files {
            if !may_read(*id) {
                progress.is_more |= !file.is_at_end;
                continue;
            }
            match file.read(*id, &mut self.buffer, take) {
                Ok(0) => {
                    if !file.is_at_end {
                        file.is_at_end = true;
                        take(Arrival::AtEnd { file: *id });
                    }
                    let is_gone = file.missed >= LOOKS_MAX || file.is_over;
                    if is_gone || self.settings.once || matches!(file.reader, Reader::Unpacked(_)) {
                        over.push(*id);
                    }
                }
                Ok(count) => {
                    file.is_at_end = false;
                    progress.bytes += count;
                    progress.is_more = true;
                }
                Err(error) => {
                    let place = format!("{}@{}", file.path.display(), file.offset);
                    let problem = Problem::new(format!("reading broke off: {error}")).at(place);
                    take(Arrival::Trouble { problem });
                    over.push(*id);
                }
            }
        }
        for id in over {
            take(Arrival::Ended { file: id });
            // What is done stays known, so that it is not read again.
            if let Some(file) = self.files.get_mut(&id) {
                file.is_over = true;
            }
            self.bury(id);
        }
        progress
    }

    /// True when every file is read to its end.
    pub(super) fn is_done(&self) -> bool {
        self.has_looked && self.files.values().all(|file| file.is_over)
    }

    /// Forgets a file that is gone.
    fn bury(&mut self, id: FileId) {
        let is_gone = self.files.get(&id).is_some_and(|file| file.missed >= LOOKS_MAX);
        if is_gone {
            self.files.remove(&id);
        }
    }

    fn look(&mut self, take: &mut dyn FnMut(Arrival<'_>)) {
        let (inputs, problems) = expand(&self.settings.paths);
        for problem in problems {
            // A pattern that finds nothing may find something later.
            if self.settings.once || !problem.what.starts_with("no file matches") {
                self.trouble(problem, take);
            }
        }
        let mut seen = Vec::new();
        for input in inputs {
            let Input::File(path) = input else { continue };
            if self.settings.exclude.is_match(&path) {
                continue;
            }
            match self.look_at(&path, &mut seen, take) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    let problem = Problem::new(format!("it cannot be read: {error}"));
                    self.trouble(problem.at(path.display().to_string()), take);
                }
            }
        }
        for (id, file) in &mut self.files {
            file.missed = if seen.contains(id) { 0 } else { file.missed.saturating_add(1) };
        }
        self.files.retain(|_, file| !(file.is_over && file.missed >= LOOKS_MAX));
    }

    fn trouble(&mut self, problem: Problem, take: &mut dyn FnMut(Arrival<'_>)) {
        let text = problem.to_string();
        if !self.troubles.contains(&text) && self.troubles.len() < 1_000 {
            self.troubles.push(text);
            take(Arrival::Trouble { problem });
        }
    }

    /// Looks at one path: is it a file that we have?
    fn look_at(
        &mut self,
        path: &Path,
        seen: &mut Vec<FileId>,
        take: &mut dyn FnMut(Arrival<'_>),
    ) -> io::Result<()> {
        let metadata = fs::metadata(path)?;
        let device_inode = (metadata.dev(), metadata.ino());
        let of_inode = self.files.iter().find(|(_, file)| file.device_inode == device_inode);
        if let Some(id) = of_inode.map(|(id, _)| *id)
            && let Some(file) = self.files.get_mut(&id)
        {
            if seen.contains(&id) {
                return Ok(()); // another name of the same file
            }
            if !file.was_cut(&metadata)? {
                seen.push(id);
                if file.path != path {
                    path.clone_into(&mut file.path);
                    take(Arrival::Renamed { file: id, path });
                }
                return file.grow(id, take);
            }
            if !file.is_over {
                take(Arrival::Ended { file: id });
            }
            // A copy of what it was may lie beside it: that is not read again.
            if let Some(file) = self.files.get_mut(&id) {
                (file.device_inode, file.is_over, file.missed) = ((0, 0), true, 0);
            }
        }
        let (id, is_new) = self.open(path, &metadata, take)?;
        seen.push(id);
        if is_new && let Some(file) = self.files.get_mut(&id) {
            file.grow(id, take)?;
        }
        Ok(())
    }

    fn open(
        &mut self,
        path: &Path,
        metadata: &Metadata,
        take: &mut dyn FnMut(Arrival<'_>),
    ) -> io::Result<(FileId, bool)> {
        let device_inode = (metadata.dev(), metadata.ino());
        let (mut unpacked, is_compressed) = open_decompressed(path)?;
        let mut beginning = Vec::new();
        unpacked.by_ref().take(PREFIX_BYTES).read_to_end(&mut beginning)?;
        // A copy of what we follow: a rotated file that was copied, and packed maybe.
        let copy = self.files.iter().find(|(_, file)| {
            file.identity.length > 0
                && file.identity.begins(&beginning)
                && (file.identity.length == PREFIX_BYTES || is_compressed)
                && file.device_inode != device_inode
        });
        if let Some((id, _)) = copy {
            return Ok((*id, false));
        }
        let met = self.take_met(&beginning, device_inode);
        let offset = met.as_ref().map_or(0, |met| met.offset);
        let is_old = met.is_none() && self.settings.from_end && !self.has_looked;
        let wanted_from = if is_old { metadata.len() } else { 0 };
        let reader = if is_compressed {
            let (mut reader, _) = open_decompressed(path)?;
            io::copy(&mut reader.by_ref().take(offset), &mut io::sink())?;
            Reader::Unpacked(reader)
        } else {
            let mut file = File::open(path)?;
            file.seek(SeekFrom::Start(offset))?;
            Reader::Plain(file)
        };
        let id = self.next_file;
        self.next_file += 1;
        let identity = Identity::of(&beginning);
        take(Arrival::Opened(Opened {
            file: id,
            met: met.map(|met| met.number),
            path,
            identity,
            device_inode,
            wanted_from,
            modified_nanos: modified(metadata),
        }));
        let path = path.to_owned();
        let file = Followed {
            path,
            device_inode,
            identity,
            reader,
            offset,
            missed: 0,
            is_at_end: false,
            is_over: false,
        };
        self.files.insert(id, file);
        Ok((id, true))
    }

    /// The file of an earlier run that this is.
    fn take_met(&mut self, beginning: &[u8], device_inode: (u64, u64)) -> Option<Met> {
        let begins = |met: &Met| match met.identity.length {
            0 => met.device_inode == device_inode,
            _ => met.identity.begins(beginning),
        };
        let same = self.met.iter().position(|m| m.device_inode == device_inode && begins(m));
        let place = same.or_else(|| self.met.iter().position(begins))?;
        Some(self.met.swap_remove(place))
    }
}

impl Followed {
    fn read(
        &mut self,
        id: FileId,
        buffer: &mut [u8],
        take: &mut dyn FnMut(Arrival<'_>),
    ) -> io::Result<usize> {
        if self.is_over {
            return Ok(0);
        }
        let count = match &mut self.reader {
            Reader::Plain(file) => file.read(buffer)?,
            Reader::Unpacked(reader) => reader.read(buffer)?,
        };
        if count > 0 {
            self.offset += count as u64;
            let bytes = buffer.get(..count).unwrap_or_default();
            take(Arrival::Bytes { file: id, bytes });
        }
        Ok(count)
    }

    /// True when the file has lost what was read of it.
    fn was_cut(&self, metadata: &Metadata) -> io::Result<bool> {
        match &self.reader {
            Reader::Plain(file) => {
                let mut begin = vec![0; self.identity.length as usize];
                let is_short = metadata.len() < self.offset.max(self.identity.length);
                Ok(is_short || {
                    file.read_exact_at(&mut begin, 0)?;
                    Identity::of(&begin) != self.identity
                })
            }
            Reader::Unpacked(_) => Ok(false),
        }
    }

    /// Takes more of the beginning into the identity.
    fn grow(&mut self, id: FileId, take: &mut dyn FnMut(Arrival<'_>)) -> io::Result<()> {
        let Reader::Plain(file) = &self.reader else { return Ok(()) };
        if self.identity.length >= PREFIX_BYTES {
            return Ok(());
        }
        let mut beginning = vec![0; PREFIX_BYTES as usize];
        let count = file.read_at(&mut beginning, 0)?;
        beginning.truncate(count);
        let identity = Identity::of(&beginning);
        if identity.length > self.identity.length {
            self.identity = identity;
            take(Arrival::Grown { file: id, identity });
        }
        Ok(())
    }
}

fn modified(metadata: &Metadata) -> Option<i64> {
    let since_epoch = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since_epoch.as_nanos()).ok()
}
