//! `logwasp run`: the program itself, with real files, killed and asked to stop.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;

use crate::support::{hostile_component, root};

/// A service in a folder of its own.
pub(crate) struct Service {
    pub(crate) folder: tempfile::TempDir,
}

impl Service {
    /// A service over `paths`; the site is that of the examples.
    pub(crate) fn over(paths: &str) -> Self {
        let service = Self { folder: tempfile::tempdir().expect("a folder") };
        fs::create_dir(service.logs()).expect("created");
        service.configure(paths, "");
        service
    }

    pub(crate) fn configure(&self, paths: &str, more: &str) {
        let site = fs::read_to_string(root().join("examples/logwasp.toml")).expect("readable");
        let none = "[admin]\nlisten = 'none'\n";
        let admin = if more.contains("[admin]") { "" } else { none };
        let config = format!(
            "state_dir = 'state'\n{site}\n[service]\nlateness = '1s'\nidle_after = '1s'\n\
             [source.files]\ntype = 'file'\npaths = ['{paths}']\n\
             [sink.out]\ntype = 'file'\npath = 'alerts.ndjson'\n{admin}{more}"
        );
        fs::write(self.config(), config).expect("written");
    }

    /// A service that listens.
    fn listening(address: &str, more: &str) -> Self {
        let service = Self::over("nothing");
        let config = fs::read_to_string(service.config()).expect("readable");
        let source = format!("type = 'syslog'\nlisten = ['{address}']\n{more}");
        let config = config.replace("type = 'file'\npaths = ['nothing']\n", &source);
        fs::write(service.config(), config).expect("written");
        service
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.folder.path().join("logwasp.toml")
    }

    pub(crate) fn logs(&self) -> PathBuf {
        self.folder.path().join("logs")
    }

    pub(crate) fn command(&self, name: &str, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_logwasp"));
        command
            .args([name, "-c"])
            .arg(self.config())
            .args(more)
            .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn start(&self) -> Running {
        let log = OpenOptions::new().create(true).append(true).open(self.log());
        let child = self.command("run", &[]).stderr(log.expect("opens")).spawn();
        Running(child.expect("it starts"))
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// Waits until the service's own log says something.
    pub(crate) fn wait_for(&self, text: &str) {
        for _ in 0..300 {
            if fs::read_to_string(self.log()).is_ok_and(|log| log.contains(text)) {
                return;
            }
            sleep(Duration::from_millis(50));
        }
        panic!("never said: {text}\n{}", fs::read_to_string(self.log()).unwrap_or_default());
    }

    /// Waits until no alert has come for a while.
    pub(crate) fn wait_until_quiet(&self) {
        let mut quiet = 0;
        let mut before = self.delivered();
        while quiet < 12 {
            sleep(Duration::from_millis(250));
            let now = self.delivered();
            quiet = if now == before { quiet + 1 } else { 0 };
            before = now;
        }
    }

    pub(crate) fn delivered(&self) -> String {
        fs::read_to_string(self.folder.path().join("alerts.ndjson")).unwrap_or_default()
    }

    /// What `detect` says of a file or folder under the same config.
    pub(crate) fn detected(&self, path: &Path) -> String {
        let path = path.to_str().expect("a plain path");
        let output = self.command("detect", &["--output", "ndjson", "--stats", "none", path]);
        text(output_of(output).stdout)
    }
}

/// A running service; killed when the test is over.
pub(crate) struct Running(pub(crate) Child);

impl Running {
    pub(crate) fn kill(&mut self) {
        self.0.kill().expect("it runs");
        self.0.wait().expect("it ends");
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(pid, signal).expect("it runs");
    }

    pub(crate) fn stop(mut self) {
        self.signal(rustix::process::Signal::TERM);
        assert_eq!(self.0.wait().expect("it ends").code(), Some(0));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

pub(crate) fn output_of(mut command: Command) -> Output {
    command.output().expect("it runs")
}

pub(crate) fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("UTF-8")
}

pub(crate) fn sorted(lines: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = lines.lines().collect();
    lines.sort_unstable();
    lines
}

/// What was said, by id and revision, without the places of evidence: a file may be
/// called otherwise when it has been rotated. A repeat must say the same.
pub(crate) fn said(lines: &str) -> BTreeMap<(String, u64), Value> {
    let mut said = BTreeMap::new();
    for line in lines.lines() {
        let mut alert: Value = serde_json::from_str(line).expect("one object a line");
        for evidence in alert["evidence"].as_array_mut().into_iter().flatten() {
            evidence["source"] = Value::Null;
        }
        let key = (alert["id"].to_string(), alert["revision"].as_u64().expect("a number"));
        let before = said.insert(key, alert.clone());
        assert!(before.is_none_or(|before| before == alert), "{line}");
    }
    said
}

/// A log of lockouts, an hour and more ago, of so many users.
pub(crate) fn lockouts(users: usize) -> Vec<String> {
    let path = root().join("examples/lockout/Security-DC01.xml");
    let log = fs::read_to_string(path).expect("readable");
    let day = |line: &str, user: usize| {
        let day = format!("'2026-{:02}-{:02}T", 1 + user / 28, 1 + user % 28);
        line.replace("'2026-11-20T", &day).replace("anna", &format!("anna{user}"))
    };
    (0..users).flat_map(|user| log.lines().map(move |line| day(line, user) + "\n")).collect()
}

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

/// Scenario: all examples, read to their end by `run --once` and by `detect`; and
/// once more from the state that is left.
/// Guarantees: the same alerts, to the byte; nothing is read twice.
#[test]
fn once_is_detect() {
    let examples = root().join("examples");
    let service = Service::over(examples.to_str().expect("a plain path"));
    let expected = service.detected(&examples);
    assert!(expected.lines().count() > 5, "{expected}");
    for _ in 0..2 {
        let output = output_of(service.command("run", &["--once"]));
        assert_eq!(output.status.code(), Some(0), "{}", text(output.stderr));
        assert_eq!(sorted(&service.delivered()), sorted(&expected));
    }
}

/// Scenario: a log is written line by line and half lines, and rotated by renaming,
/// while the service is killed again and again.
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
    let (log, rotated) = (service.logs().join("dc.xml"), |number| format!("dc.xml.{number}"));
    let lines = lockouts((seconds * 5).clamp(10, 300) as usize);
    let open = || OpenOptions::new().create(true).append(true).open(&log).expect("opens");
    let mut out = open();
    let mut running = service.start();
    service.wait_for("the service runs");
    let mut rest = lines.as_slice();
    let mut kills = 0;
    // About so long in steps of 50 ms.
    let step = lines.len() / (seconds as usize * 20) + 1;
    while !rest.is_empty() {
        let (now, later) = rest.split_at(rest.len().min(1 + dice.below(2 * step as u64) as usize));
        rest = later;
        let chunk = now.concat();
        let half = dice.below(chunk.len() as u64) as usize;
        out.write_all(&chunk.as_bytes()[..half]).expect("written");
        sleep(Duration::from_millis(dice.below(80)));
        out.write_all(&chunk.as_bytes()[half..]).expect("written");
        if dice.below(12) == 0 {
            // None is deleted: what is gone before anybody could read it is lost.
            for number in (0..500).rev() {
                let (from, to) = (rotated(number), rotated(number + 1));
                drop(fs::rename(service.logs().join(from), service.logs().join(to)));
            }
            fs::rename(&log, service.logs().join(rotated(0))).expect("renamed");
            out = open();
        }
        if dice.below(8) == 0 {
            running.kill();
            running = service.start();
            kills += 1;
        }
    }
    service.wait_until_quiet();
    running.stop();
    let all = service.folder.path().join("all.xml");
    fs::write(&all, lines.concat()).expect("written");
    let (found, expected) = (said(&service.delivered()), said(&service.detected(&all)));
    assert!(expected.len() > 5 && kills > 0);
    assert_eq!(
        found,
        expected,
        "after {kills} kills\n{}",
        fs::read_to_string(service.log()).expect("the log")
    );
}

/// Scenario: a running service gets a config that is wrong, then one that is right
/// and leaves a detector out, while its log is written.
/// Guarantees: the wrong one changes nothing; with the right one no record is lost
/// or read twice.
#[test]
fn a_reload_loses_nothing() {
    let service = Service::over("logs/*");
    let lines = lockouts(6);
    let log = service.logs().join("dc.xml");
    let write = |part: &[String]| {
        let mut out = OpenOptions::new().create(true).append(true).open(&log).expect("opens");
        out.write_all(part.concat().as_bytes()).expect("written");
    };
    let running = service.start();
    service.wait_for("the service runs");
    let (first, rest) = lines.split_at(lines.len() / 3);
    let (second, third) = rest.split_at(lines.len() / 3);
    write(first);
    let reload = || {
        let output = output_of(service.command("reload", &[]));
        assert_eq!(output.status.code(), Some(0), "{}", text(output.stderr));
    };
    service.configure("logs/*", "[detector.schannel.config]\nno_such_option = 1\n");
    reload();
    service.wait_for("the config that runs stays in force");
    write(second);
    service.configure("logs/*", "[detector.schannel]\nenabled = false\n");
    reload();
    service.wait_for("the config was read again");
    write(third);
    service.wait_until_quiet();
    running.stop();
    assert_eq!(said(&service.delivered()), said(&service.detected(&log)));
}

/// Scenario: beside the stock detectors one that crashes at its fourth row, or whenever
/// its state is asked for.
/// Guarantees: law 6 - the alerts of the others are those they raise alone; the
/// first one is stopped, and the service says so.
#[test]
fn a_detector_that_fails_hurts_nobody() {
    for (moment, is_stopped) in [("event", true), ("snapshot", false)] {
        let service = Service::over("logs/*");
        let log = service.logs().join("dc.xml");
        fs::write(&log, lockouts(6).concat()).expect("written");
        let expected = said(&service.detected(&log));
        fs::write(service.folder.path().join("bad.wasm"), hostile_component()).expect("written");
        service.configure(
            "logs/*",
            &format!(
                "[detector.bad]\npath = 'bad.wasm'\n[detector.bad.config]\nmisdeed = 'trap'\n\
                 moment = '{moment}'\ngood_rows = 3\n"
            ),
        );
        let running = service.start();
        service.wait_for("the service runs");
        service.wait_until_quiet();
        running.stop();
        let delivered = service.delivered();
        let of = |name: &str| format!("\"detector\":\"{name}\",\"rule\"");
        let (own, others): (Vec<&str>, Vec<&str>) = delivered
            .lines()
            .filter(|line| !line.contains(&of("bad")))
            .partition(|line| line.contains(&of("logwasp")));
        assert_eq!(said(&others.join("\n")), expected, "{moment}");
        let log = fs::read_to_string(service.log()).unwrap_or_default();
        assert_eq!(own.iter().any(|line| line.contains("logwasp.quarantine")), is_stopped, "{log}");
    }
}

/// Scenario: lockouts over TCP; in between the service is stopped, or killed when it
/// keeps a journal.
/// Guarantees: the alerts of the same lines in a file.
#[test]
fn syslog_is_received() {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
    let address = port.expect("a port").to_string();
    for has_journal in [false, true] {
        let more = if has_journal { "journal = true\n" } else { "" };
        let service = Service::listening(&format!("tcp://{address}"), more);
        let line = |line: String| format!("<13>1 2026-11-20T09:00:00Z dc01 wef - - - {line}");
        let lines: Vec<String> = lockouts(6).into_iter().map(line).collect();
        let send = |part: &[String]| {
            let mut peer = TcpStream::connect(&address).expect("it listens");
            peer.write_all(part.concat().as_bytes()).expect("sent");
        };
        let mut running = service.start();
        service.wait_for("listening");
        let (first, second) = lines.split_at(lines.len() / 2);
        send(first);
        sleep(Duration::from_secs(1));
        match has_journal {
            true => running.kill(),
            false => running.stop(),
        }
        fs::write(service.log(), "").expect("written");
        running = service.start();
        service.wait_for("listening");
        send(second);
        service.wait_until_quiet();
        running.stop();
        let all = service.folder.path().join("all.log");
        fs::write(&all, lines.concat()).expect("written");
        let expected = said(&service.detected(&all));
        assert!(expected.len() > 3);
        let log = fs::read_to_string(service.log()).unwrap_or_default();
        assert_eq!(said(&service.delivered()), expected, "journal: {has_journal}\n{log}");
    }
}

/// Scenario: no service runs, and one whose state directory is in use.
/// Guarantees: each is an error that says so.
#[test]
fn one_service_works_on_a_state() {
    let service = Service::over("logs/*");
    let output = output_of(service.command("reload", &[]));
    assert_eq!(output.status.code(), Some(1));
    let running = service.start();
    service.wait_for("the service runs");
    let output = output_of(service.command("run", &[]));
    assert_eq!(output.status.code(), Some(1));
    assert!(text(output.stderr).contains("in use by process"));
    running.stop();
}
