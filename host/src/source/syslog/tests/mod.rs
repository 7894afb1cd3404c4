//! The source over real sockets, with real senders.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tokio::runtime::Runtime;

use super::*;
use crate::clock::Stopwatch;

mod bounds;
mod certificates;
mod hostile;
mod logger;
mod loopback;
mod rsyslog;
mod syslog_ng;
mod systemd;
mod throughput;

/// More than anything takes.
const LONG: Duration = Duration::from_secs(20);

/// A source with its runtime and what it hands on.
struct Source {
    running: Option<Running>,
    batches: mpsc::Receiver<Batch>,
    counters: Arc<Counters>,
    runtime: Runtime,
}

fn loopback(listen: &[&str]) -> Settings {
    let listen = listen.iter().map(|text| text.parse().expect("a place to listen")).collect();
    Settings::new("test", listen)
}

impl Source {
    fn start(settings: Settings) -> Self {
        Self::start_with_room(settings, 1_024)
    }

    fn start_with_room(settings: Settings, batches_max: usize) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let (out, batches) = mpsc::channel(batches_max);
        let counters = Arc::new(Counters::default());
        let seen = Arc::clone(&counters);
        let running = start(settings, &mut Inherited::default(), runtime.handle(), out, seen)
            .expect("starts");
        Self { running: Some(running), batches, counters, runtime }
    }

    fn address(&self, index: usize) -> SocketAddr {
        match &self.running.as_ref().expect("it runs").local_addrs()[index] {
            Listen::Udp(address) | Listen::Tcp(address) | Listen::Tls(address) => *address,
            other => panic!("{other} has no address"),
        }
    }

    fn batch(&mut self) -> Batch {
        let next = async { timeout(LONG, self.batches.recv()).await };
        self.runtime.block_on(next).expect("in time").expect("it runs")
    }

    /// The next messages; so many, and not more in their last batch.
    fn messages(&mut self, count: usize) -> Vec<String> {
        let mut found = Vec::new();
        while found.len() < count {
            found.extend(lines(&self.batch()));
        }
        assert_eq!(found.len(), count, "{:?}", found.last());
        found
    }

    /// Stops in order; returns the messages that were still on their way.
    fn drain(&mut self) -> Vec<String> {
        let running = self.running.take().expect("it runs");
        assert!(self.runtime.block_on(running.drain(LONG)), "everything is done in time");
        let mut found = Vec::new();
        while let Some(batch) = self.runtime.block_on(self.batches.recv()) {
            found.extend(lines(&batch));
        }
        found
    }

    /// Waits until something has come true.
    fn wait_until(&self, is_true: impl Fn(&Counters) -> bool) {
        let watch = Stopwatch::start();
        while !is_true(&self.counters) {
            assert!(watch.elapsed() < LONG, "{:?}", self.counters);
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

fn lines(batch: &Batch) -> Vec<String> {
    let text = String::from_utf8_lossy(&batch.bytes);
    let lines: Vec<_> = text.lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), batch.messages as usize);
    assert!(batch.received_nanos > 0 && &*batch.source == "test");
    lines
}

/// A program that runs beside a test, ended with it.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Starts a program; `None`, with a word about it, where it is not installed.
fn program(command: &mut Command) -> Option<Program> {
    let started = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    match started {
        Ok(child) => Some(Program(child)),
        Err(_) => {
            println!("skipped: {} is not installed", command.get_program().display());
            None
        }
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// Messages as logs hold them: of many lengths, with characters of all kinds.
fn samples(count: usize) -> Vec<String> {
    let payloads = [
        "session opened for user root(uid=0)",
        "h\u{e9}llo w\u{f6}rld \u{65e5}\u{672c}\u{8a9e} \u{1f600}",
        "{\"a\":\"<13>b\",\"c\":[1,2]}  two blanks,\ttab",
        "5 <13>looks like a count",
    ];
    (0..count)
        .map(|n| format!("message {n} {}{}", payloads[n % 4], "x".repeat(n * 7 % 1_500)))
        .collect()
}
