//! A file, one alert a line, rotated by size and by period.
//!
//! A line that a crash tore is cut off at the next start: it was not acknowledged,
//! so it comes again, whole. A file that was moved or removed under us is created
//! anew: other programs may rotate it without telling us.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::message::Message;
use super::worker::{Delivery, Pace, Transport, Verdict};
use crate::clock::Clock;
use crate::config::FileSink;

/// How far back a torn line is looked for. Longer ones do not occur.
const TORN_BYTES_MAX: u64 = 16 << 20;

/// Delivered means: written, and on disk with `fsync`.
#[derive(Debug)]
pub(super) struct File {
    config: FileSink,
    clock: Arc<dyn Clock>,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    file: fs::File,
    bytes: u64,
    period: i128,
}

impl File {
    pub(super) fn new(config: FileSink, clock: Arc<dyn Clock>) -> Self {
        Self { config, clock, open: None }
    }

    fn write(&mut self, batch: &[Message]) -> io::Result<()> {
        let bytes: usize = batch.iter().map(|message| message.text.len() + 1).sum();
        let mut text = String::with_capacity(bytes);
        for message in batch {
            text.push_str(&message.text);
            text.push('\n');
        }
        let mut open = match self.open.take().filter(|open| open.is_at(&self.config.path)) {
            Some(open) => open,
            None => self.open()?,
        };
        let period = self.period(self.clock.now_nanos().into());
        if self.is_due(&open, bytes as u64, period) {
            drop(open);
            rotate(&self.config.path, self.config.keep)?;
            open = self.open()?;
        }
        if let Err(error) = open.append(text.as_bytes(), self.config.fsync) {
            // Half a batch must not stay: it is written again.
            open.file.set_len(open.bytes)?;
            return Err(error);
        }
        self.open = Some(Open { bytes: open.bytes + bytes as u64, period, ..open });
        Ok(())
    }

    fn is_due(&self, open: &Open, more: u64, period: i128) -> bool {
        let bytes_max = self.config.rotate_bytes;
        let is_full = bytes_max > 0 && open.bytes + more > bytes_max;
        open.bytes > 0 && (is_full || open.period != period)
    }

    /// The number of the period that a time lies in.
    fn period(&self, nanos: i128) -> i128 {
        let every = self.config.rotate_every;
        every.map_or(0, |every| nanos.div_euclid(every.as_nanos().max(1) as i128))
    }

    fn open(&self) -> io::Result<Open> {
        let path = &self.config.path;
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true).mode(0o640);
        let mut file = options.open(path)?;
        let metadata = file.metadata()?;
        let bytes = whole_lines(&mut file, metadata.len())?;
        if bytes < metadata.len() {
            file.set_len(bytes)?;
        }
        let nanos = i128::from(metadata.mtime()) * 1_000_000_000;
        let written = if bytes == 0 { self.clock.now_nanos().into() } else { nanos };
        Ok(Open { file, bytes, period: self.period(written) })
    }
}

impl Open {
    /// True when the path still names this file.
    fn is_at(&self, path: &Path) -> bool {
        let same = |a: fs::Metadata, b: fs::Metadata| (a.dev(), a.ino()) == (b.dev(), b.ino());
        match (fs::metadata(path), self.file.metadata()) {
            (Ok(there), Ok(ours)) => same(there, ours),
            _ => false,
        }
    }

    fn append(&mut self, bytes: &[u8], fsync: bool) -> io::Result<()> {
        self.file.write_all(bytes)?;
        if fsync { self.file.sync_data() } else { Ok(()) }
    }
}

impl Transport for File {
    fn deliver(&mut self, batch: &[Message], _: &dyn Pace) -> Delivery {
        let written = self.write(batch);
        Delivery::all(
            batch.len(),
            match written {
                Ok(()) => Verdict::Delivered,
                Err(error) => Verdict::Retry(format!("{}: {error}", self.config.path.display())),
            },
        )
    }
}

/// The file's length without a line that has no end.
fn whole_lines(file: &mut fs::File, len: u64) -> io::Result<u64> {
    let start = len.saturating_sub(TORN_BYTES_MAX);
    file.seek(SeekFrom::Start(start))?;
    let mut tail = Vec::new();
    file.take(len - start).read_to_end(&mut tail)?;
    let end = memchr::memrchr(b'\n', &tail);
    Ok(match end {
        Some(end) => start + end as u64 + 1,
        None if start == 0 => 0,
        // Not a file of ours, or a line beyond all bounds: leave it.
        None => len,
    })
}

/// `path` becomes `path.1`, `path.1` becomes `path.2`, and so on; the oldest goes.
fn rotate(path: &Path, keep: u64) -> io::Result<()> {
    let numbered = |number: u64| {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{number}"));
        PathBuf::from(name)
    };
    if keep == 0 {
        return fs::remove_file(path);
    }
    for number in (1..keep).rev() {
        rename_if_there(&numbered(number), &numbered(number + 1))?;
    }
    rename_if_there(path, &numbered(1))
}

fn rename_if_there(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}
