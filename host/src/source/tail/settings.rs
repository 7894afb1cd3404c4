//! What an operator decides about files that are tailed.

use std::path::PathBuf;
use std::time::Duration;

use super::patterns::Patterns;
use crate::problem::Problem;

/// Settings of a file source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Files, folders (with all that is below) and patterns (`*`, `?`, `[..]`,
    /// `{a,b}`, and `**` for any number of folders).
    pub paths: Vec<PathBuf>,
    /// Patterns of files and folders that are left out. Without a `/` they are held
    /// against the name alone.
    pub exclude: Vec<String>,
    /// Where to begin with the files that the very first run finds.
    pub start: Start,
    /// Whether inotify is asked. Without it, and for what it does not see (network
    /// file systems, targets of links), files are looked at every `poll_interval`.
    pub watch: bool,
    /// Time between two looks at everything.
    pub poll_interval: Duration,
    /// A file that was quiet this long is closed until it grows.
    pub close_idle_after: Duration,
    /// A file that was rotated or deleted ends when it was quiet this long.
    pub rotated_wait: Duration,
    /// Most files that are held open.
    pub files_open_max: usize,
    /// Files that were last modified longer ago when the source starts are not read
    /// until they are written to; then what is new.
    pub ignore_older_than: Option<Duration>,
    /// Most bytes that are read from one file before it is another's turn.
    pub chunk_bytes: usize,
    /// Whether symbolic links are followed.
    pub follow_symlinks: bool,
}

/// Where to begin with the files that the very first run finds. Those that appear
/// later are read from their beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Read what is there.
    Beginning,
    /// Only what is written from now on.
    End,
}

impl Settings {
    /// Whether all patterns can be read.
    ///
    /// # Errors
    /// The first that cannot, as the place of the problem.
    pub fn check(&self) -> Result<(), Problem> {
        Patterns::new(self).map(drop)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            paths: Vec::new(),
            exclude: Vec::new(),
            start: Start::Beginning,
            watch: true,
            poll_interval: Duration::from_secs(1),
            close_idle_after: Duration::from_mins(5),
            rotated_wait: Duration::from_secs(30),
            files_open_max: 256,
            ignore_older_than: None,
            chunk_bytes: 256 * 1024,
            follow_symlinks: true,
        }
    }
}
