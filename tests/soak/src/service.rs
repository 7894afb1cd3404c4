//! A service in a folder of its own.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::Bench;
use crate::process::Process;
use crate::watch::Watch;

/// A service's folder.
pub(crate) struct Service<'b> {
    bench: &'b Bench,
    folder: tempfile::TempDir,
}

impl<'b> Service<'b> {
    /// With this in its config, behind `state_dir` and the detector that counts; the
    /// text is given the folder.
    pub(crate) fn new(bench: &'b Bench, config: impl FnOnce(&Path) -> String) -> Result<Self> {
        let folder = tempfile::tempdir_in(bench.folder.path())?;
        let path = folder.path();
        let config = format!(
            "state_dir = 'state'\n[plugins]\ncache_dir = '{}'\n[detector.sequence]\npath = '{}'\n{}",
            bench.cache().display(),
            bench.guest.display(),
            config(path)
        );
        fs::write(path.join("logwasp.toml"), config)?;
        let service = Self { bench, folder };
        // Compiled detectors are kept: what that costs is not measured.
        let checked = service.command("check").args(["-c", "logwasp.toml"]).output()?;
        ensure!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
        Ok(service)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What was delivered to the sink of [`FILE_SINK`].
    pub(crate) fn alerts(&self) -> PathBuf {
        self.path("alerts.ndjson")
    }

    pub(crate) fn command(&self, name: &str) -> Command {
        let mut command = Command::new(&self.bench.logwasp);
        command.arg(name).stdin(Stdio::null()).current_dir(self.folder.path());
        command
    }

    /// Starts it.
    pub(crate) fn start(&self, args: &[&str]) -> Result<Process> {
        let log = OpenOptions::new().create(true).append(true).open(self.path("log"))?;
        let mut command = self.command("run");
        command.args(["-c", "logwasp.toml"]).args(args).stdout(Stdio::null()).stderr(log);
        Ok(Process(command.spawn()?))
    }

    /// Starts it and waits until it says that it runs, or listens.
    pub(crate) fn start_and_wait(&self, text: &str) -> Result<Process> {
        let process = self.start(&[])?;
        self.wait_for(text)?;
        Ok(process)
    }

    /// Waits until its log says something.
    pub(crate) fn wait_for(&self, text: &str) -> Result<()> {
        let start = Watch::start();
        while !self.log().contains(text) {
            ensure!(start.elapsed() < Duration::from_mins(2), "no `{text}` in {}", self.log());
            sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// A figure of the accounts that it told in the end; its log must be JSON.
    pub(crate) fn accounted(&self, name: &str) -> Result<u64> {
        let log = self.log();
        let line =
            log.lines().rfind(|line| line.contains("the accounts")).context("no accounts")?;
        let line: Value = serde_json::from_str(line)?;
        line[name].as_u64().with_context(|| format!("no {name}"))
    }

    pub(crate) fn create(&self, name: &str) -> Result<File> {
        Ok(File::create(self.path(name))?)
    }
}

/// Alerts go to a file.
pub(crate) const FILE_SINK: &str = "[sink.out]\ntype = 'file'\npath = 'alerts.ndjson'\n\
     detectors = ['sequence']\nfsync = false\n";

/// A port that nobody has.
pub(crate) fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
