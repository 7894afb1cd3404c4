//! Generated logs, kept in the target folder.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::generate::{self, Log, Mix};

/// Where generated logs are, and how long they are.
pub(crate) struct Files {
    folder: PathBuf,
    /// Length of each, about.
    pub bytes: u64,
}

impl Files {
    /// Logs of about `bytes` in the target folder. Logs of an older generator are
    /// not found again.
    pub(crate) fn new(target: &Path, bytes: u64) -> Self {
        let mut hasher = DefaultHasher::new();
        include_str!("../../generate/mod.rs").hash(&mut hasher);
        let version = format!("{:08x}", hasher.finish() as u32);
        Self { folder: target.join("bench-data").join(version).join(bytes.to_string()), bytes }
    }

    /// The file of a log, generated if it is not there.
    pub(crate) fn get(&self, log: Log, mix: Mix) -> Result<PathBuf> {
        self.make(&format!("{mix:?}/{}", log.file_name()), |out| {
            Ok(generate::write(log, mix, self.bytes, out)?)
        })
    }

    /// The file of that name, made by `write` if it is not there.
    pub(crate) fn make(
        &self,
        name: &str,
        write: impl FnOnce(&mut BufWriter<File>) -> Result<()>,
    ) -> Result<PathBuf> {
        let path = self.folder.join(name);
        if path.exists() {
            return Ok(path);
        }
        eprintln!("generating {name}");
        fs::create_dir_all(path.parent().context("a file is in a folder")?)?;
        let partial = path.with_extension("partial");
        let mut out = BufWriter::with_capacity(1 << 20, File::create(&partial)?);
        write(&mut out)?;
        out.flush()?;
        fs::rename(&partial, &path)?;
        Ok(path)
    }
}

/// The beginning of a file, up to the end of its last complete line.
pub(crate) fn beginning(path: &Path, bytes_max: usize) -> Result<Vec<u8>> {
    use std::io::Read;
    let mut bytes = Vec::new();
    File::open(path)?.take(bytes_max as u64).read_to_end(&mut bytes)?;
    let end = memchr::memrchr(b'\n', &bytes).map_or(bytes.len(), |newline| newline + 1);
    bytes.truncate(end);
    Ok(bytes)
}

/// How many lines a file has.
pub(crate) fn lines(path: &Path) -> Result<u64> {
    use std::io::Read;
    let (mut file, mut buffer, mut lines) = (File::open(path)?, vec![0; 1 << 18], 0);
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            return Ok(lines);
        }
        let read = buffer.get(..count).unwrap_or_default();
        lines += memchr::memchr_iter(b'\n', read).count() as u64;
    }
}
