//! `type = "stdin"`: logs that are piped into the service.

use std::fs;
use std::io::Write;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, sleep};
use std::time::Duration;

use crate::service::{Running, Service, lockouts, output_of, said, sorted, text};
use crate::support::root;

/// A service that reads standard input.
fn piped(more: &str) -> Service {
    let service = Service::over("nothing");
    configure(&service, more);
    service
}

fn configure(service: &Service, more: &str) {
    service.configure("nothing", more);
    let config = fs::read_to_string(service.config()).expect("readable");
    let config = config.replace("type = 'file'\npaths = ['nothing']", "type = 'stdin'");
    fs::write(service.config(), config).expect("written");
}

fn spawn(mut command: Command) -> Child {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("it starts")
}

/// What a command does with this input.
fn fed(command: Command, input: Vec<u8>) -> Output {
    let mut child = spawn(command);
    let mut stdin = child.stdin.take().expect("piped");
    let writer = thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("no panic").expect("all was taken");
    output
}

/// Starts the service, with its log where [`Service::wait_for`] looks.
fn start(service: &Service) -> (Running, std::process::ChildStdin) {
    let log = fs::File::create(service.log()).expect("created");
    let mut command = service.command("run", &[]);
    let mut child = command.stdin(Stdio::piped()).stderr(log).spawn().expect("it starts");
    let stdin = child.stdin.take().expect("piped");
    let running = Running(child);
    service.wait_for("the service runs");
    (running, stdin)
}

/// Scenario: logs of every kind over a pipe, one of them compressed, one in UTF-16,
/// one that has to be looked at around its records, and nothing at all.
/// Guarantees: `run --once` ends, and says what `detect -` says, to the byte.
#[test]
fn once_is_detect() {
    let read = |path: &str| fs::read(root().join("examples").join(path)).expect("readable");
    let log = read("lockout/Security-DC01.xml");
    let utf16 = String::from_utf8(log.clone()).expect("UTF-8");
    let utf16 = ["\u{feff}", &utf16].concat().encode_utf16().flat_map(u16::to_be_bytes).collect();
    let zst = zstd::stream::encode_all(log.as_slice(), 1).expect("in memory");
    let sessions: Vec<u8> = fs::read_dir(root().join("examples/relay"))
        .expect("readable")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| {
            path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("log"))
        })
        .flat_map(|path| fs::read(path).expect("readable"))
        .collect();
    for (name, input, least) in [
        ("plain", log, 1),
        ("utf-16", utf16, 1),
        ("zstd", zst, 1),
        ("sessions", sessions, 1),
        ("nothing", Vec::new(), 0),
    ] {
        let service = piped("");
        let detect = service.command("detect", &["--output", "ndjson", "--stats", "none", "-"]);
        let expected = text(fed(detect, input.clone()).stdout);
        let output = fed(service.command("run", &["--once"]), input);
        let log = text(output.stderr);
        assert_eq!(output.status.code(), Some(0), "{name}: {log}");
        assert!(expected.lines().count() >= least, "{name}: {expected}");
        assert_eq!(sorted(&service.delivered()), sorted(&expected), "{name}: {log}");
    }
}

/// Scenario: lines come in pieces that end anywhere; in the middle of a record the
/// config is read again; then the input ends.
/// Guarantees: the alerts of the same lines in a file; the service goes on until it
/// is stopped, and after a restart nothing of the old stream is taken for the new one.
#[test]
fn a_reload_loses_nothing() {
    let service = piped("");
    let (running, mut stdin) = start(&service);
    let lines = lockouts(6).concat();
    let (first, second) = lines.split_at(lines.len() / 2 + 100);
    for piece in first.as_bytes().chunks(7_001) {
        stdin.write_all(piece).expect("taken");
        sleep(Duration::from_millis(10));
    }
    configure(&service, "[detector.schannel]\nenabled = false\n");
    let output = output_of(service.command("reload", &[]));
    assert_eq!(output.status.code(), Some(0), "{}", text(output.stderr));
    service.wait_for("the config was read again");
    stdin.write_all(second.as_bytes()).expect("taken");
    drop(stdin);
    service.wait_for("standard input has ended");
    service.wait_until_quiet();
    let all = service.folder.path().join("all.xml");
    fs::write(&all, &lines).expect("written");
    let expected = said(&service.detected(&all));
    assert!(expected.len() > 3);
    running.stop();
    let log = fs::read_to_string(service.log()).unwrap_or_default();
    assert_eq!(said(&service.delivered()), expected, "{log}");
    let output = fed(service.command("run", &["--once"]), lines.into_bytes());
    assert_eq!(output.status.code(), Some(0));
    let log = text(output.stderr);
    assert!(log.contains("rows_late=") && !log.contains("bytes_in=0 "), "{log}");
}

/// Scenario: a sink whose peer is not there is soon full, and the writer of the pipe
/// does not stop.
/// Guarantees: after a few megabytes it has to wait.
#[test]
fn a_full_sink_slows_the_writer() {
    const MUCH: usize = 64 << 20;
    let hook = "[sink.hook]\ntype = 'webhook'\nurl = 'http://127.0.0.1:1/'\n\
                backlog_bytes_max = 65536\n";
    let service = piped(hook);
    let (_running, mut stdin) = start(&service);
    let lines = lockouts(100).concat().into_bytes();
    stdin.write_all(&lines).expect("taken");
    service.wait_for("its backlog is full");
    let written = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&written);
    thread::spawn(move || {
        while counter.load(Ordering::Relaxed) < MUCH && stdin.write_all(&lines[..4096]).is_ok() {
            counter.fetch_add(4096, Ordering::Relaxed);
        }
    });
    let mut before = usize::MAX;
    while written.load(Ordering::Relaxed) != before {
        before = written.load(Ordering::Relaxed);
        sleep(Duration::from_millis(500));
    }
    assert!((1 << 16..16 << 20).contains(&before), "{before} bytes were taken");
}

/// Scenario: a config with two sources that are standard input.
/// Guarantees: it is refused where the second one stands.
#[test]
fn there_is_one_standard_input() {
    let service = piped("[source.more]\ntype = 'stdin'\n");
    let output = output_of(service.command("check", &[]));
    assert_eq!(output.status.code(), Some(2));
    let told = text(output.stderr);
    assert!(told.contains("`files` and `more` both are standard input"), "{told}");
}
