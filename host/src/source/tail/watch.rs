//! inotify: what has changed since the last look. It only saves looking; whatever it
//! misses, the next survey finds.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::io::Errno;

/// Something that has changed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// A file was written to.
    Written(PathBuf),
    /// A name was made, moved, removed, or may be read by others now.
    Named(PathBuf),
    /// Anything may have changed.
    Anything,
}

/// Watches on folders.
pub(super) struct Watcher {
    inotify: OwnedFd,
    folders: HashMap<i32, PathBuf>,
    /// The kernel gives no more watches.
    is_exhausted: bool,
}

/// Room for some hundred changes with short names; at least one with the longest.
const EVENT_BYTES: usize = 16 * 1024;

impl Watcher {
    /// Fails where the system has no inotify or gives no more instances of it.
    pub(super) fn new() -> Result<Self, Errno> {
        let inotify = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
        Ok(Self { inotify, folders: HashMap::new(), is_exhausted: false })
    }

    /// Watches a folder. Again and again: a folder that was moved keeps its watch,
    /// and this gives the watch the new path.
    pub(super) fn add(&mut self, folder: &Path) {
        if self.is_exhausted {
            return;
        }
        let flags = WatchFlags::MODIFY
            | WatchFlags::ATTRIB
            | WatchFlags::MOVE
            | WatchFlags::CREATE
            | WatchFlags::DELETE
            | WatchFlags::MOVE_SELF
            | WatchFlags::DELETE_SELF
            | WatchFlags::ONLYDIR;
        match inotify::add_watch(&self.inotify, folder, flags) {
            Ok(watch) => {
                self.folders.insert(watch, folder.to_owned());
            }
            Err(Errno::NOSPC | Errno::NOMEM) => self.is_exhausted = true,
            Err(_) => {}
        }
    }

    pub(super) fn is_exhausted(&self) -> bool {
        self.is_exhausted
    }

    /// Everything that has changed since the last call.
    pub(super) fn changes(&mut self) -> Vec<Change> {
        let mut changes = Vec::new();
        let mut buffer = [MaybeUninit::uninit(); EVENT_BYTES];
        let mut events = Reader::new(&self.inotify, &mut buffer);
        loop {
            let event = match events.next() {
                Ok(event) => event,
                Err(Errno::INTR) => continue,
                Err(_) => return changes,
            };
            if event.events().contains(ReadFlags::IGNORED) {
                self.folders.remove(&event.wd());
            }
            let name = event.file_name().map(|name| OsStr::from_bytes(name.to_bytes()));
            let change = match (self.folders.get(&event.wd()), name) {
                (Some(folder), Some(name)) => change(event.events(), folder.join(name)),
                _ => Change::Anything,
            };
            if changes.last() != Some(&change) {
                changes.push(change);
            }
        }
    }

    /// Sleeps until something changes, at most so long.
    pub(super) fn wait(&self, timeout: Duration) {
        let mut fds = [PollFd::new(&self.inotify, PollFlags::IN)];
        // A signal that interrupts it only ends the sleep early.
        let _ = Timespec::try_from(timeout).map(|timeout| poll(&mut fds, Some(&timeout)));
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }
}

fn change(events: ReadFlags, path: PathBuf) -> Change {
    match () {
        () if events.contains(ReadFlags::ISDIR) => Change::Anything,
        () if events.contains(ReadFlags::MODIFY) => Change::Written(path),
        () => Change::Named(path),
    }
}
