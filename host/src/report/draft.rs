//! A draft: a file that appears whole, or not at all.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use crate::problem::Problem;

/// Says early what would fail in the end: a run may take an hour.
pub fn check(path: &Path) -> Result<(), Problem> {
    let target = target(path)?;
    begin(&target).map(drop).map_err(|error| failed(&error, path))
}

/// Writes a file through `write` into a temporary one beside it, which then takes its
/// place.
pub(super) fn save(
    path: &Path,
    write: impl FnOnce(&mut dyn io::Write) -> io::Result<()>,
) -> Result<(), Problem> {
    let target = target(path)?;
    put(&target, write).map_err(|error| failed(&error, path))
}

fn put(target: &Path, write: impl FnOnce(&mut dyn io::Write) -> io::Result<()>) -> io::Result<()> {
    use io::Write as _;
    let mut draft = begin(target)?;
    let mut buffered = io::BufWriter::new(draft.as_file_mut());
    write(&mut buffered)?;
    buffered.flush()?;
    drop(buffered);
    draft.as_file().sync_all()?;
    draft.persist(target).map(drop).map_err(|error| error.error)
}

/// The file itself, when the path is a link to it.
fn target(path: &Path) -> Result<PathBuf, Problem> {
    let problem = |what: &str| {
        Problem::new(what).at(path.display().to_string()).hint("name a file that may be replaced")
    };
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => {
            Err(problem("the report cannot be written: it is a folder"))
        }
        Ok(metadata) if !metadata.is_file() => {
            Err(problem("the report cannot be written: it is no plain file"))
        }
        Ok(_) => fs::canonicalize(path).map_err(|error| failed(&error, path)),
        Err(_) => Ok(path.to_owned()),
    }
}

fn begin(target: &Path) -> io::Result<NamedTempFile> {
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
    // Readable as the operator's other files are, not for its owner alone.
    let permissions = Permissions::from_mode(0o666);
    Builder::new()
        .prefix(".logwasp-report-")
        .permissions(permissions)
        .tempfile_in(folder.unwrap_or(Path::new(".")))
}

fn failed(error: &io::Error, path: &Path) -> Problem {
    let hint = match error.kind() {
        io::ErrorKind::NotFound => "make the folder first",
        io::ErrorKind::StorageFull => "make room, or name a file on another disk",
        _ => "name a file in a folder that you may write to",
    };
    // The name of the temporary file, which the error holds, tells nobody anything.
    let why = io::Error::from(error.kind());
    Problem::new(format!("the report cannot be written: {why}"))
        .at(path.display().to_string())
        .hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = folder.read_dir().expect("readable");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// Scenario: a new file, an old one, a link; and a writer that fails half way.
    /// Guarantees: all or nothing; the old file stays, no draft is left behind.
    #[test]
    fn a_file_appears_whole_or_not_at_all() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("report.html");
        check(&path).expect("it could be written");
        assert_eq!(names(folder.path()), [] as [&str; 0]);
        save(&path, |out| out.write_all(b"one")).expect("written");
        let link = folder.path().join("link.html");
        std::os::unix::fs::symlink(&path, &link).expect("linked");
        save(&link, |out| out.write_all(b"two")).expect("written");
        let problem = save(&path, |out| {
            out.write_all(&vec![b'x'; 100_000])?;
            Err(io::ErrorKind::StorageFull.into())
        });
        let problem = problem.expect_err("it failed");
        assert!(problem.place.is_some() && problem.hint.is_some_and(|hint| hint.contains("room")));
        assert_eq!(fs::read(&path).expect("there"), b"two");
        assert_eq!(names(folder.path()), ["link.html", "report.html"]);
    }

    /// Scenario: a folder that is missing, a folder itself, a device.
    /// Guarantees: told in three parts, and nothing is replaced.
    #[test]
    fn what_is_no_file_is_not_replaced() {
        for path in ["/nowhere/report.html", "/tmp", "/dev/null"] {
            let problem = check(Path::new(path)).expect_err(path);
            assert!(problem.what.starts_with("the report cannot be written: "), "{problem}");
            assert_eq!(problem.place.as_deref(), Some(path));
            assert!(problem.hint.is_some());
        }
    }
}
