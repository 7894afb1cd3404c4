//! Law 4 with the real program: killed while its logs are written and rotated.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use rustix::process::Signal;

use crate::service::{Running, Service, lockouts, said};

/// Numbers that look random, from a seed that a failure tells.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % limit
    }
}

/// Scenario: a log is written in lines and half lines, and rotated by renaming, by
/// copying and truncating, by compressing, by deleting what was read, while the
/// service is killed again and again, and now and then stopped or reloaded.
/// Guarantees: law 4 - the alerts of an uninterrupted reader, with the same ids and
/// revisions; what is delivered twice is the same.
#[test]
fn kills_are_invisible() {
    let seconds = std::env::var_os("LOGWASP_TORTURE_SECONDS");
    let seconds = seconds.and_then(|text| text.to_str()?.parse().ok()).unwrap_or(4);
    let seed = std::env::var_os("LOGWASP_TORTURE_SEED");
    let seed = seed.and_then(|text| text.to_str()?.parse().ok()).unwrap_or(20_261_120);
    println!("LOGWASP_TORTURE_SEED={seed}");
    torture(seed, seconds);
}

fn torture(seed: u64, seconds: u64) {
    let mut dice = Dice(seed.max(1));
    let service = Service::over("logs/*");
    let lines = lockouts((seconds * 5).clamp(10, 300) as usize);
    let mut log = Log::begin(&service);
    let mut victim = Victim::start(&service);
    victim.wait_until_up();
    let mut rest = lines.as_slice();
    // About so long in steps of 50 ms.
    let step = lines.len() / (seconds as usize * 20) + 1;
    while !rest.is_empty() {
        let (now, later) = rest.split_at(rest.len().min(1 + dice.below(2 * step as u64) as usize));
        rest = later;
        let chunk = now.concat();
        let half = dice.below(chunk.len() as u64) as usize;
        log.write(&chunk.as_bytes()[..half]);
        sleep(Duration::from_millis(dice.below(80)));
        log.write(&chunk.as_bytes()[half..]);
        match dice.below(48) {
            0..=3 => log.rename(),
            4 => log.copy_and_truncate(),
            5 => log.compress(),
            _ => {}
        }
        match dice.below(80) {
            0..=9 => victim.kill(),
            10 => victim.stop(),
            11 | 12 => victim.reload(),
            13 if seconds >= 20 => {
                victim.rest();
                log.recreate();
            }
            _ => {}
        }
    }
    service.wait_until_quiet();
    let Victim { running, counts, .. } = victim;
    running.stop();
    println!("{counts:?}, rotated {} times", log.rotations);
    let all = service.folder.path().join("all.xml");
    fs::write(&all, lines.concat()).expect("written");
    let (found, expected) = (said(&service.delivered()), said(&service.detected(&all)));
    assert!(expected.len() > 5 && counts.kills > 0);
    assert_eq!(
        found,
        expected,
        "seed {seed}, {counts:?}\n{}",
        fs::read_to_string(service.log()).expect("the log")
    );
}

/// The log, and what becomes of it.
struct Log<'s> {
    service: &'s Service,
    out: File,
    rotations: u64,
}

impl<'s> Log<'s> {
    fn begin(service: &'s Service) -> Self {
        Self { service, out: open(service.logs().join("dc.xml")), rotations: 0 }
    }

    fn write(&mut self, bytes: &[u8]) {
        self.out.write_all(bytes).expect("written");
    }

    fn path(&self) -> PathBuf {
        self.service.logs().join("dc.xml")
    }

    fn rotated(&self, number: u64, end: &str) -> PathBuf {
        self.service.logs().join(format!("dc.xml.{number}{end}"))
    }

    /// None is deleted: what is gone before anybody could read it is lost.
    fn make_way(&mut self) {
        for number in (0..self.rotations).rev() {
            for end in ["", ".gz"] {
                drop(fs::rename(self.rotated(number, end), self.rotated(number + 1, end)));
            }
        }
        self.rotations += 1;
    }

    fn rename(&mut self) {
        self.make_way();
        fs::rename(self.path(), self.rotated(0, "")).expect("renamed");
        self.out = open(self.path());
    }

    /// Who writes waits for it.
    fn copy_and_truncate(&mut self) {
        self.make_way();
        fs::copy(self.path(), self.rotated(0, "")).expect("copied");
        self.out.set_len(0).expect("truncated");
    }

    /// The youngest that was rotated.
    fn compress(&mut self) {
        let youngest = (0..self.rotations).find(|number| self.rotated(*number, "").exists());
        let Some(number) = youngest else { return };
        let plain = self.rotated(number, "");
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(&fs::read(&plain).expect("readable")).expect("packed");
        // Under another name until it is whole.
        let hidden = self.service.folder.path().join("packing");
        fs::write(&hidden, packed.finish().expect("packed")).expect("written");
        fs::rename(hidden, self.rotated(number, ".gz")).expect("renamed");
        fs::remove_file(plain).expect("removed");
    }

    fn recreate(&mut self) {
        fs::remove_file(self.path()).expect("removed");
        self.out = open(self.path());
    }
}

fn open(path: PathBuf) -> File {
    OpenOptions::new().create(true).append(true).open(path).expect("opens")
}

/// The service, and what is done to it.
struct Victim<'s> {
    service: &'s Service,
    running: Running,
    /// What its log had when it was started.
    log_bytes: usize,
    is_reduced: bool,
    counts: Counts,
}

#[derive(Debug, Default)]
struct Counts {
    kills: u64,
    stops: u64,
    reloads: u64,
}

impl<'s> Victim<'s> {
    fn start(service: &'s Service) -> Self {
        let running = service.start();
        Self { service, running, log_bytes: 0, is_reduced: false, counts: Counts::default() }
    }

    fn start_again(&mut self) {
        self.log_bytes = self.log().len();
        self.running = self.service.start();
    }

    fn log(&self) -> String {
        fs::read_to_string(self.service.log()).unwrap_or_default()
    }

    /// Before that it does not listen to signals.
    fn wait_until_up(&self) {
        for _ in 0..1_200 {
            if self.log()[self.log_bytes..].contains("the service runs") {
                return;
            }
            sleep(Duration::from_millis(50));
        }
        panic!("it does not start\n{}", self.log());
    }

    fn kill(&mut self) {
        self.running.kill();
        self.counts.kills += 1;
        self.start_again();
    }

    fn stop(&mut self) {
        self.wait_until_up();
        self.running.terminate();
        self.counts.stops += 1;
        self.start_again();
    }

    /// A detector that sees much and says nothing is left out, or comes back.
    fn reload(&mut self) {
        self.wait_until_up();
        self.is_reduced = !self.is_reduced;
        let more = if self.is_reduced { "[detector.schannel]\nenabled = false\n" } else { "" };
        self.service.configure("logs/*", more);
        self.running.signal(Signal::HUP);
        self.counts.reloads += 1;
    }

    /// Long enough to read everything and to make it durable.
    fn rest(&self) {
        self.wait_until_up();
        sleep(Duration::from_secs(4));
    }
}
