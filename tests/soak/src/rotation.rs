//! Rotation: numbered lines through rotations of every kind, while they are written.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::Bench;
use crate::account::{ensure_whole, wait_for};
use crate::lines;
use crate::process::Process;
use crate::service::{FILE_SINK, Service};
use crate::watch::Watch;

/// How often the log is rotated.
const ROTATIONS: u64 = 200;
/// Lines that are written at once, and in a second: what waits for `lateness` fits the
/// default bound.
const BURST: u64 = 500;
const LINES_PER_SECOND: u64 = 100_000;

/// How a log is rotated.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// Renamed; a little more is written to it under its new name.
    Rename,
    /// Copied and truncated, while its writer waits.
    Copytruncate,
    /// Deleted while it is read, and made anew.
    Delete,
    /// Renamed and compressed; the plain file goes.
    Gzip,
}

/// Deletion comes behind a way that begins a new file: what is written to a file
/// between its truncation and its deletion nobody finds who did not look in between.
const WAYS: [Way; 4] = [Way::Rename, Way::Delete, Way::Copytruncate, Way::Gzip];

pub(crate) fn run(bench: &Bench, count: u64) -> Result<()> {
    let service = Service::new(bench, |_| {
        format!(
            "[service]\nlateness = '1s'\nidle_after = '2s'\n[source.files]\ntype = 'file'\n\
             paths = ['logs/app.log*']\nformat = 'syslog'\nrotated_wait = '5s'\n{FILE_SINK}"
        )
    })?;
    fs::create_dir(service.path("logs"))?;
    let process = service.start_and_wait("the service runs")?;
    let start = Watch::start();
    let mut log = Log::open(service.path("logs/app.log"))?;
    let per_rotation = count.div_ceil(ROTATIONS + 1);
    for number in 0..count {
        if number > 0 && number.is_multiple_of(per_rotation) {
            let rotation = number / per_rotation;
            log.rotate(WAYS[rotation as usize % WAYS.len()], rotation, number, &process)?;
        }
        log.line(number)?;
        if number.is_multiple_of(BURST) {
            log.out.flush()?;
            let due = Duration::from_micros(number * 1_000_000 / LINES_PER_SECOND);
            sleep(due.saturating_sub(start.elapsed()));
        }
    }
    log.out.flush()?;
    let written = start.elapsed();
    let account = wait_for(&service.alerts(), count, Duration::from_mins(10), || {
        log.out.write_all(lines::now("soak end").as_bytes())?;
        Ok(log.out.flush()?)
    });
    let account = account.with_context(|| service.log())?;
    let (cpu, rss) = (process.cpu()?, process.rss_mib_max()?);
    process.stop()?;
    println!(
        "{count} lines, {ROTATIONS} rotations: written in {:.1} s, read {:.1} s later at most; \
         {:.1} CPU-s; {rss:.0} MiB at most; {} late",
        written.as_secs_f64(),
        start.elapsed().saturating_sub(written).as_secs_f64(),
        cpu.as_secs_f64(),
        account.late,
    );
    ensure_whole(&account, count)?;
    println!("every line came once");
    Ok(())
}

/// The log that is written.
struct Log {
    path: PathBuf,
    out: BufWriter<File>,
}

impl Log {
    fn open(path: PathBuf) -> Result<Self> {
        Ok(Self { out: BufWriter::with_capacity(1 << 16, append(&path)?), path })
    }

    fn line(&mut self, number: u64) -> Result<()> {
        Ok(self.out.write_all(lines::now(&format!("soak n={number:010}")).as_bytes())?)
    }

    fn rotate(&mut self, way: Way, rotation: u64, number: u64, reader: &Process) -> Result<()> {
        self.out.flush()?;
        let rotated = self.path.with_extension(format!("log.{rotation}"));
        match way {
            Way::Rename => {
                fs::rename(&self.path, &rotated)?;
                // As a writer that has not heard of it yet.
                sleep(Duration::from_millis(5));
            }
            Way::Copytruncate => {
                fs::copy(&self.path, &rotated)?;
                self.out.get_ref().set_len(0)?;
                return Ok(());
            }
            Way::Delete => {
                wait_until_open(&self.path, reader)
                    .with_context(|| format!("before line {number}"))?;
                fs::remove_file(&self.path)?;
            }
            Way::Gzip => {
                fs::rename(&self.path, &rotated)?;
                compress(&rotated)?;
            }
        }
        self.out = BufWriter::with_capacity(1 << 16, append(&self.path)?);
        Ok(())
    }
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

/// What is deleted before anybody could open it is lost, whoever reads. To recognise a
/// file it is opened for a moment: that does not count.
fn wait_until_open(path: &Path, reader: &Process) -> Result<()> {
    const LOOKS: u32 = 3;
    let start = Watch::start();
    let mut looks = 0;
    while looks < LOOKS {
        looks = if is_open(path, reader)? { looks + 1 } else { 0 };
        ensure!(start.elapsed() < Duration::from_mins(2), "{} is not opened", path.display());
        sleep(Duration::from_millis(2));
    }
    Ok(())
}

fn is_open(path: &Path, reader: &Process) -> Result<bool> {
    for entry in fs::read_dir(format!("/proc/{}/fd", reader.0.id()))? {
        if fs::read_link(entry?.path()).is_ok_and(|target| target == path) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// As gzip does: under another name first, then the plain file goes.
fn compress(path: &Path) -> Result<()> {
    let packed = path
        .with_extension(format!("{}.gz", path.extension().unwrap_or_default().to_string_lossy()));
    let mut out =
        flate2::write::GzEncoder::new(File::create(&packed)?, flate2::Compression::fast());
    io::copy(&mut File::open(path)?, &mut out)?;
    out.finish()?;
    Ok(fs::remove_file(path)?)
}
