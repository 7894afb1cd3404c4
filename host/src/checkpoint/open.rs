//! Opening: one owner, one file, created whole.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

use redb::Builder;
use rustix::fs::{FlockOperation, flock};

use super::store::{CACHE_BYTES, Store, trouble};
use crate::clock::Clock;
use crate::problem::Problem;

/// The file of the database, in the directory of the state.
pub const DATABASE: &str = "state.redb";

impl Store {
    /// Opens the store of a directory, and creates both where they are missing.
    ///
    /// Fails when another process holds it, when it is of a newer format, and when
    /// the file is damaged beyond what a power cut can do.
    pub fn open(dir: &Path, clock: Arc<dyn Clock>) -> Result<Self, Problem> {
        let place = dir.display().to_string();
        let failed = |error: std::io::Error| {
            Problem::new(format!("the state directory cannot be used: {error}"))
                .at(&place)
                .hint("`state_dir` must be writable for the user that runs the service")
        };
        DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(failed)?;
        let lock = lock(dir)?;
        let path = dir.join(DATABASE);
        if !exists(dir) {
            create(dir, &path, Arc::clone(&clock))?;
        }
        let file = file_options().open(&path).map_err(failed)?;
        let path = path.display().to_string();
        let db = Builder::new().set_cache_size(CACHE_BYTES).create_file(file);
        let db = db.map_err(|error| trouble(&path, &error.into()))?;
        Self::with_database(db, path, Some(lock), clock)
    }
}

/// Creates an empty store. A database whose first bytes are half written cannot be
/// opened, so it is made under another name, and renamed when it is on disk.
fn create(dir: &Path, path: &Path, clock: Arc<dyn Clock>) -> Result<(), Problem> {
    let new = dir.join("state.redb.new");
    let place = new.display().to_string();
    let failed = |error: std::io::Error| {
        Problem::new(format!("the state cannot be created: {error}")).at(&place)
    };
    let file = file_options().create(true).truncate(true).open(&new).map_err(failed)?;
    let synced = file.try_clone().map_err(failed)?;
    let db = Builder::new().create_file(file);
    let db = db.map_err(|error| trouble(&place, &error.into()))?;
    drop(Store::with_database(db, place.clone(), None, clock)?);
    synced.sync_all().map_err(failed)?;
    fs::rename(&new, path).map_err(failed)?;
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(failed)
}

/// For its owner alone: it holds what stood in logs.
fn file_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    options
}

/// The lock of a state directory, with our pid in it.
fn lock(dir: &Path) -> Result<File, Problem> {
    let path = dir.join("lock");
    let place = path.display().to_string();
    let failed = |error: std::io::Error| {
        Problem::new(format!("the state directory cannot be locked: {error}")).at(&place)
    };
    let file = file_options().create(true).truncate(false).open(&path);
    let mut file = file.map_err(failed)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => return Err(held(&mut file, &place)),
        Err(error) => return Err(failed(error.into())),
    }
    let write_pid = |file: &mut File| {
        file.set_len(0)?;
        file.rewind()?;
        writeln!(file, "{}", std::process::id())
    };
    write_pid(&mut file).map_err(failed)?;
    Ok(file)
}

/// The process that works on a state directory now, if one does.
pub fn holder(dir: &Path) -> Result<Option<i32>, Problem> {
    let path = dir.join("lock");
    let failed = |error: std::io::Error| {
        Problem::new(format!("the state directory cannot be used: {error}"))
            .at(path.display().to_string())
    };
    let mut file = File::open(&path).map_err(failed)?;
    match flock(&file, FlockOperation::NonBlockingLockShared) {
        Ok(()) => return Ok(None),
        Err(rustix::io::Errno::WOULDBLOCK) => {}
        Err(error) => return Err(failed(error.into())),
    }
    let mut pid = String::new();
    file.read_to_string(&mut pid).map_err(failed)?;
    Ok(pid.trim().parse().ok())
}

/// Who holds it, as far as the file says.
fn held(file: &mut File, place: &str) -> Problem {
    let mut pid = String::new();
    let known = file.read_to_string(&mut pid).is_ok() && !pid.trim().is_empty();
    let who = if known { format!("process {}", pid.trim()) } else { "another process".to_owned() };
    Problem::new(format!("the state directory is in use by {who}"))
        .at(place)
        .hint("stop that one, or give each service a `state_dir` of its own")
}

/// Whether a directory holds a store.
pub(super) fn exists(dir: &Path) -> bool {
    fs::exists(dir.join(DATABASE)).unwrap_or(false)
}
