//! How many messages a CPU-second takes, ours beside rsyslog's.

use std::io::Write;
use std::net::{TcpListener, TcpStream};

use super::*;
use crate::clock::process_cpu;

const MESSAGES: usize = 1_000_000;

fn line(n: usize) -> String {
    format!(
        "<38>Nov 20 09:14:03 host-{:02} sshd[{n}]: Failed password for invalid user admin from 203.0.113.{} port 4{n:04} ssh2\n",
        n % 40,
        n % 250
    )
}

/// Sends everything and ends; returns the CPU time that this took.
fn send(to: SocketAddr, stream: &[u8]) -> Duration {
    let watch = Stopwatch::start();
    TcpStream::connect(to).expect("connected").write_all(stream).expect("sent");
    watch.cpu_elapsed()
}

fn ours(dir: &Path, stream: &Arc<Vec<u8>>) -> Duration {
    let settings = JournalSettings { fsync: Fsync::Never, ..JournalSettings::default() };
    let journal = Journal::open(dir, settings).expect("opens");
    let mut source = Source::start_with_room(loopback(&["tcp://127.0.0.1:0"]), 64);
    let (to, sent) = (source.address(0), Arc::clone(stream));
    let before = process_cpu();
    let sender = std::thread::spawn(move || send(to, &sent));
    let mut messages = 0;
    while messages < MESSAGES {
        let batch = source.batch();
        messages += batch.messages as usize;
        journal.append(&batch.bytes).expect("written");
    }
    let cpu = process_cpu().saturating_sub(before + sender.join().expect("sent"));
    assert_eq!(journal.bytes(), stream.len() as u64);
    cpu
}

/// User and system time of a process (`proc_pid_stat(5)`: fields 14 and 15, in
/// hundredths of a second).
fn cpu_of(process: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("it runs");
    let fields = stat.rsplit(')').next().expect("a name in brackets").split_whitespace();
    let ticks: u64 =
        fields.skip(11).take(2).map(|field| field.parse::<u64>().expect("digits")).sum();
    Duration::from_millis(ticks * 10)
}

fn rsyslogs(dir: &Path, stream: &[u8]) -> Option<Duration> {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
    let to = port.expect("a free port");
    let out = dir.join("received");
    let config = format!(
        "global(workDirectory=\"{}\")\nmodule(load=\"imtcp\")\n\
         input(type=\"imtcp\" address=\"127.0.0.1\" port=\"{}\")\n\
         action(type=\"omfile\" file=\"{}\")\n",
        dir.display(),
        to.port(),
        out.display(),
    );
    std::fs::write(dir.join("conf"), config).expect("written");
    let (conf, pid) = (dir.join("conf"), dir.join("pid"));
    let rsyslog =
        program(Command::new("rsyslogd").args(["-n", "-f", text(&conf), "-i", text(&pid)]))?;
    while TcpStream::connect(to).is_err() {
        std::thread::sleep(Duration::from_millis(10));
    }
    let before = cpu_of(rsyslog.0.id());
    send(to, stream);
    let count = || {
        let text = std::fs::read(&out).unwrap_or_default();
        memchr::memchr_iter(b'\n', &text).count()
    };
    while count() < MESSAGES {
        std::thread::sleep(Duration::from_millis(200));
    }
    Some(cpu_of(rsyslog.0.id()).saturating_sub(before))
}

/// Scenario: a million messages over TCP loopback, to us with the journal behind and
/// to rsyslog that writes a file.
/// Guarantees: we take at least twice as many per CPU-second.
#[test]
#[ignore = "measures: takes many seconds, and only an optimised build counts"]
fn a_million_messages_over_tcp() {
    let stream: Arc<Vec<u8>> = Arc::new((0..MESSAGES).flat_map(|n| line(n).into_bytes()).collect());
    let dir = tempfile::tempdir().expect("a directory");
    let per_s = |cpu: Duration| MESSAGES as f64 / cpu.as_secs_f64();
    let own = per_s(ours(&dir.path().join("journal"), &stream));
    println!("logwasp: {own:.0} messages per CPU-second, {} bytes each", stream.len() / MESSAGES);
    let Some(theirs) = rsyslogs(dir.path(), &stream) else { return };
    println!("rsyslog: {:.0} messages per CPU-second", per_s(theirs));
    let ratio = own / per_s(theirs);
    println!("ratio: {ratio:.1}");
    assert!(ratio >= 2.0, "{ratio}");
}
