//! What is there outside the service: the time, logs, a peer, a disk.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

use super::peer::Peer;
use super::script::{Act, BEGIN, FILES};
use crate::checkpoint::power_cut::Disk;
use crate::checkpoint::tests::HandClock;
use crate::clock::Clock;
use crate::config::Config;

/// The world of one life.
pub(super) struct World {
    folder: TempDir,
    pub(super) clock: Arc<HandClock>,
    pub(super) peer: Peer,
    pub(super) disk: Disk,
    /// Which of the two configs the operator wants.
    pub(super) wanted: usize,
}

impl World {
    pub(super) fn new(disk: Disk) -> Self {
        let clock = Arc::new(HandClock::default());
        clock.go_on(Duration::from_nanos(BEGIN as u64));
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("logs")).expect("created");
        Self { folder, clock, peer: Peer::new(), disk, wanted: 0 }
    }

    /// The time since the beginning.
    pub(super) fn now(&self) -> Duration {
        self.clock.uptime().saturating_sub(Duration::from_nanos(BEGIN as u64))
    }

    pub(super) fn config(&self) -> Config {
        let mut config = config(&self.folder.path().display().to_string(), self.wanted);
        for sink in &mut config.sinks {
            // A few alerts: so it is full now and then.
            sink.backlog.backlog_bytes_max = 12_000;
        }
        config
    }

    fn log(&self, file: u64) -> PathBuf {
        let name = match file.checked_sub(FILES) {
            Some(number) => format!("RECV2026112009-{number}.LOG"),
            None => format!("dc{file}.xml"),
        };
        self.folder.path().join("logs").join(name)
    }

    /// The name of a rotated file, or of a compressed one.
    fn rotated(&self, file: u64, number: u64, end: &str) -> PathBuf {
        self.folder.path().join(format!("logs/dc{file}.xml.{number}{end}"))
    }

    /// Lets happen what touches logs and the peer.
    pub(super) fn happen(&mut self, act: &Act) {
        match act {
            Act::Append(file, text) => {
                let mut log = OpenOptions::new();
                let log = log.create(true).append(true).open(self.log(*file));
                log.expect("opens").write_all(text.as_bytes()).expect("written");
            }
            Act::Rename(file) => {
                if self.make_way(*file) {
                    fs::rename(self.log(*file), self.rotated(*file, 1, "")).expect("renamed");
                }
            }
            Act::CopyTruncate(file) => {
                if self.make_way(*file) {
                    fs::copy(self.log(*file), self.rotated(*file, 1, "")).expect("copied");
                    let log = OpenOptions::new().write(true).open(self.log(*file));
                    log.expect("opens").set_len(0).expect("truncated");
                }
            }
            Act::Compress(file) => self.compress(*file),
            Act::Recreate(file) => drop(fs::remove_file(self.log(*file))),
            Act::Peer(mood) => self.peer.set_mood(*mood),
            Act::Quiet => {}
            Act::Reload => self.wanted = 1 - self.wanted,
        }
    }

    /// Numbers the rotated files anew; false when there is nothing to rotate.
    fn make_way(&self, file: u64) -> bool {
        if !self.log(file).metadata().is_ok_and(|log| log.len() > 0) {
            return false;
        }
        for number in (1..50).rev() {
            for end in ["", ".gz"] {
                let to = self.rotated(file, number + 1, end);
                drop(fs::rename(self.rotated(file, number, end), to));
            }
        }
        true
    }

    fn compress(&self, file: u64) {
        let youngest = (1..50).find(|number| self.rotated(file, *number, "").exists());
        let Some(number) = youngest else { return };
        let plain = self.rotated(file, number, "");
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(&fs::read(&plain).expect("readable")).expect("packed");
        let packed = packed.finish().expect("packed");
        // As programs do it: under another name until it is whole.
        let whole = self.rotated(file, number, ".gz");
        let hidden = self.folder.path().join("packing");
        fs::write(&hidden, packed).expect("written");
        fs::rename(hidden, whole).expect("renamed");
        fs::remove_file(plain).expect("removed");
    }

    /// Logs under their own names.
    pub(super) fn log_paths(&self) -> Vec<PathBuf> {
        (0..FILES).map(|file| self.log(file)).collect()
    }
}

/// A config. The two differ in a detector that sees much and says nothing, and in
/// how often progress is made durable.
pub(super) fn config(folder: &str, which: usize) -> Config {
    let others = ["authas-anomaly", "connector-attribution", "kerberos-auth", "mail-loop"];
    let more = ["service-inactive", "tenant-throttle", "tls-failure"];
    let off = |name: &&str| format!("[detector.{name}]\nenabled = false\n");
    let off: String = others.iter().chain(&more).map(off).collect();
    let (schannel, interval) = [("true", "500ms"), ("false", "1s")][which];
    let text = format!(
        "state_dir = '{folder}/state'\n[site]\npdc = 'DC01'\ndcs = ['DC01', 'DC02']\n\
         exchange_hosts = ['EXCH01=10.0.0.25', 'EXCHANGE2013=10.0.0.13']\n\
         accepted_domains = ['contoso.com']\n\
         [service]\ncommit_interval = '{interval}'\nlateness = '20s'\nidle_after = '5s'\n\
         [source.files]\ntype = 'file'\npaths = ['{folder}/logs/*']\nwatch = 'poll'\n\
         poll_interval = '1s'\nrotated_wait = '5s'\nclose_idle_after = '20s'\n\
         chunk_bytes = 4096\nsilent_after = '30s'\n\
         [sink.out]\ntype = 'file'\npath = 'unused'\nbatch = {{ count = 3, linger = '0s' }}\n\
         retry = {{ initial = '200ms', max = '2s' }}\n\
         [detector.schannel]\nenabled = {schannel}\n{off}"
    );
    Config::embedded("simulated.toml", &text).unwrap_or_else(|error| panic!("{error}"))
}
