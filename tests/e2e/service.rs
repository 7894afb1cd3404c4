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
        for _ in 0..1_200 {
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
        self.terminate();
    }

    /// Asks it to end, and waits.
    pub(crate) fn terminate(&mut self) {
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

/// Scenario: a source begins at the end; at the first run one file is there, or none;
/// then others come while no service runs.
/// Guarantees: what the first run found is not read, all that came later is.
#[test]
fn what_comes_after_the_first_run_is_read() {
    for is_empty in [true, false] {
        let service = Service::over("logs/*");
        let config = fs::read_to_string(service.config()).expect("readable");
        let config = config.replace("paths =", "start = 'end'\npaths =");
        fs::write(service.config(), config).expect("written");
        let write = |name: &str, lines: &[String]| {
            fs::write(service.logs().join(name), lines.concat()).expect("written");
        };
        let lines = lockouts(2);
        let (old, new) = lines.split_at(lines.len() / 2);
        if !is_empty {
            write("old.xml", old);
        }
        let once = || {
            let output = output_of(service.command("run", &["--once"]));
            assert_eq!(output.status.code(), Some(0), "{}", text(output.stderr));
        };
        once();
        assert_eq!(service.delivered(), "");
        write("new.xml", new);
        once();
        let expected = service.detected(&service.logs().join("new.xml"));
        assert!(!expected.is_empty());
        assert_eq!(said(&service.delivered()), said(&expected), "empty: {is_empty}");
    }
}

/// Scenario: a service starts where nothing was ever compiled, and starts again.
/// Guarantees: the first start takes hardly more memory than the second: the compiler
/// worked in a process that is gone.
#[test]
fn a_first_start_is_as_small_as_any() {
    let service = Service::over("nothing");
    let cache = service.folder.path().join("cache");
    let memory_most = || {
        let mut command = service.command("run", &[]);
        let log = fs::File::create(service.log()).expect("created");
        let child = command.env("XDG_CACHE_HOME", &cache).stderr(log).spawn();
        let running = Running(child.expect("it starts"));
        service.wait_for("the service runs");
        let status = fs::read_to_string(format!("/proc/{}/status", running.0.id()));
        running.stop();
        let status = status.expect("it runs");
        let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a line");
        most.trim().trim_end_matches(" kB").parse::<u64>().expect("a number")
    };
    let (first, second) = (memory_most(), memory_most());
    assert!(cache.join("logwasp").read_dir().is_ok_and(|mut found| found.next().is_some()));
    assert!(first < second * 5 / 4, "{first} and {second} KiB");
}

/// Scenario: logs of different weeks are read together with next to no room for rows
/// that wait, and as a whole; with and without a journal.
/// Guarantees: the alerts of `detect`; no row comes late for want of room.
#[test]
fn little_room_changes_nothing() {
    let service = Service::over("logs/*");
    let lines = lockouts(280);
    for (number, part) in lines.chunks(lines.len() / 4 + 1).enumerate() {
        // The last ones come first by name.
        let path = service.logs().join(format!("dc{}.xml", 9 - number));
        fs::write(path, part.concat()).expect("written");
    }
    let expected = service.detected(&service.logs());
    assert!(expected.lines().count() > 200);
    for more in ["", "commit_interval = '0s'\n"] {
        let config = fs::read_to_string(service.config()).expect("readable");
        let more = format!("[service]\nrows_waiting_max = 1000\n{more}");
        fs::write(service.config(), config.replace("[service]\n", &more)).expect("written");
        let output = output_of(service.command("run", &["--once"]));
        let log = text(output.stderr);
        assert!(log.contains("rows_late=0 "), "{log}");
        assert_eq!(said(&service.delivered()), said(&expected), "{log}");
        fs::write(service.config(), config).expect("written");
        fs::remove_dir_all(service.folder.path().join("state")).expect("removed");
        fs::remove_file(service.folder.path().join("alerts.ndjson")).expect("removed");
    }
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

/// Scenario: a running service gets a config with a port that another program has;
/// then the port is free.
/// Guarantees: it goes on under the config that it has and says why; later it
/// listens; no record is lost or read twice.
#[test]
fn a_reload_that_cannot_listen_changes_nothing() {
    let service = Service::over("logs/*");
    let lines = lockouts(6);
    let log = service.logs().join("dc.xml");
    let write = |part: &[String]| {
        let mut out = OpenOptions::new().create(true).append(true).open(&log).expect("opens");
        out.write_all(part.concat().as_bytes()).expect("written");
    };
    let occupant = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = occupant.local_addr().expect("an address");
    let running = service.start();
    service.wait_for("the service runs");
    let (first, rest) = lines.split_at(lines.len() / 3);
    let (second, third) = rest.split_at(lines.len() / 3);
    write(first);
    let net = format!("[source.net]\ntype = 'syslog'\nlisten = ['tcp://{address}']\n");
    service.configure("logs/*", &net);
    running.signal(rustix::process::Signal::HUP);
    service.wait_for("the config that runs stays in force: source `net` cannot listen");
    write(second);
    drop(occupant);
    running.signal(rustix::process::Signal::HUP);
    service.wait_for("listening");
    TcpStream::connect(address).expect("it listens");
    write(third);
    service.wait_until_quiet();
    running.stop();
    assert_eq!(said(&service.delivered()), said(&service.detected(&log)));
}

/// Scenario: beside the stock detectors one that crashes at its fourth row, or whenever
/// its state is asked for.
/// Guarantees: law 6 - the alerts of the others are those they raise alone; the
/// first one is stopped, and the service says so, and that it is over once it starts
/// without that detector.
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
        service.configure("logs/*", "");
        output_of(service.command("run", &["--once"]));
        let after = service.delivered();
        let mut after = after.lines().skip(delivered.lines().count());
        let is_closed = after.any(|line| {
            line.contains("logwasp.quarantine") && line.contains("\"activity\":\"close\"")
        });
        assert_eq!(is_closed, is_stopped, "what is over is said to be over");
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
