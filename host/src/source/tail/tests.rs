//! Real files in a temporary folder, a clock that the test turns.

mod compressed;
mod limits;
mod odd;
mod property;
mod rotation;
mod watching;

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use super::{Arrival, FileId, Hold, Place, Position, Progress, Settings, Tail};

const SECOND: u64 = 1_000_000_000;

/// A folder, a tail on it, and all that it handed on.
struct Rig {
    folder: TempDir,
    settings: Settings,
    tail: Tail,
    now_nanos: u64,
    seen: Seen,
}

/// What was handed on, by stream and over all runs.
#[derive(Default)]
struct Seen {
    positions: BTreeMap<FileId, Position>,
    texts: BTreeMap<FileId, Vec<u8>>,
    /// Where the texts begin.
    begins: BTreeMap<FileId, u64>,
    /// What happened, in short.
    log: Vec<String>,
}

impl Rig {
    /// A tail on everything in a folder.
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut settings =
            Settings { paths: vec![folder.path().to_owned()], ..Settings::default() };
        change(&mut settings);
        for path in &mut settings.paths {
            *path = folder.path().join(&*path);
        }
        let tail = Tail::new(settings.clone(), Vec::new(), 0).expect("good patterns");
        Self { folder, settings, tail, now_nanos: 5, seen: Seen::default() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn append(&self, name: &str, bytes: impl AsRef<[u8]>) {
        append(&self.path(name), bytes.as_ref());
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).expect("renamed");
    }

    fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).expect("removed");
    }

    /// Copies and truncates, as logrotate does.
    fn copytruncate(&self, name: &str, copy: &str) {
        fs::copy(self.path(name), self.path(copy)).expect("copied");
        self.truncate(name);
    }

    fn truncate(&self, name: &str) {
        OpenOptions::new().write(true).truncate(true).open(self.path(name)).expect("truncated");
    }

    fn step(&mut self, budget_bytes: usize) -> Progress {
        let Self { tail, seen, now_nanos, .. } = self;
        let root = self.folder.path().to_owned();
        tail.step(*now_nanos, budget_bytes, &mut |arrival| seen.note(arrival, &root))
    }

    /// Time passes, then steps are made until nothing is left to do.
    fn settle(&mut self) {
        self.pass(2);
    }

    fn pass(&mut self, seconds: u64) {
        self.now_nanos += seconds * SECOND;
        for _ in 0..10_000 {
            if !self.step(1 << 20).has_more {
                return;
            }
        }
        panic!("no end: {:?}", self.seen.log);
    }

    /// Another run, with the positions of this one.
    fn restart(&mut self) {
        let known = self.seen.positions.values().cloned().collect();
        self.tail = Tail::new(self.settings.clone(), known, 0).expect("good patterns");
        self.now_nanos = 7;
    }

    /// All texts so far, sorted.
    fn texts(&self) -> Vec<String> {
        let texts = self.seen.texts.values();
        sorted(texts.map(|text| String::from_utf8_lossy(text).into_owned()))
    }

    /// What happened since this was last asked.
    fn log(&mut self) -> Vec<String> {
        std::mem::take(&mut self.seen.log)
    }
}

impl Seen {
    fn note(&mut self, arrival: Arrival<'_>, root: &Path) {
        let name = |path: &Path| path.strip_prefix(root).unwrap_or(path).display().to_string();
        match arrival {
            Arrival::Opened { file, path, identity, place, offset, .. } => {
                let text = self.texts.entry(file).or_default();
                let begin = self.begins.entry(file).or_insert(offset);
                assert_eq!(*begin + text.len() as u64, offset, "no gap and no repeat");
                self.log.push(format!("opened {} {} {offset}", file.0, name(path)));
                let path = path.to_owned();
                self.positions.insert(file, Position { file, identity, place, path, offset });
            }
            Arrival::Bytes { file, offset, bytes } => {
                assert!(!bytes.is_empty());
                let position = self.positions.get_mut(&file).expect("it was opened");
                assert_eq!(position.offset, offset, "no gap and no repeat");
                position.offset += bytes.len() as u64;
                self.texts.entry(file).or_default().extend(bytes);
            }
            Arrival::Grown { file, identity } => {
                let position = self.positions.get_mut(&file).expect("it was opened");
                assert!(identity.len > position.identity.len);
                position.identity = identity;
            }
            Arrival::Renamed { file, path, place } => {
                self.log.push(format!("renamed {} {}", file.0, name(path)));
                let position = self.positions.get_mut(&file).expect("it was opened");
                position.path = path.to_owned();
                position.place = place;
            }
            Arrival::Ended { file } => self.log.push(format!("ended {}", file.0)),
            Arrival::Truncated { file } => self.log.push(format!("truncated {}", file.0)),
            Arrival::Forgotten { file } => {
                self.positions.remove(&file).expect("it was known");
            }
            Arrival::Trouble { path, problem } => {
                self.log.push(format!("trouble {}: {}", name(path), problem.what));
            }
        }
    }
}

/// Texts in order; of long ones only the beginning, the end and the hash.
fn sorted(texts: impl IntoIterator<Item = String>) -> Vec<String> {
    let shorten = |text: String| match (text.get(..30), text.get(text.len().saturating_sub(30)..)) {
        (Some(begin), Some(end)) if text.len() > 300 => {
            let hash = text.bytes().fold(0_u64, |hash, byte| hash * 31 % 999_983 + u64::from(byte));
            format!("{begin}..{end} {} bytes, {hash}", text.len())
        }
        _ => text,
    };
    let mut texts: Vec<_> = texts.into_iter().map(shorten).collect();
    texts.sort();
    texts
}

fn append(path: &Path, bytes: &[u8]) {
    let mut file = OpenOptions::new().append(true).create(true).open(path).expect("opens");
    file.write_all(bytes).expect("written");
}

/// Lines that no other file begins with, longer than what is hashed of a file.
fn long(name: &str) -> String {
    let lines: Vec<_> =
        (0..200).map(|number| format!("{name} line {number} of a long file\n")).collect();
    lines.concat()
}
