//! Syslog: every message of rsyslog and syslog-ng arrives; what receiving costs,
//! beside rsyslog as the receiver.

use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::Bench;
use crate::account::{ensure_whole, wait_for};
use crate::lines::Lines;
use crate::process::Process;
use crate::service::{FILE_SINK, Service, free_port};
use crate::syslog_peers::{certificates, rsyslog, rsyslog_sender, syslog_ng_sender};
use crate::watch::Watch;

/// Rounds of each receiver; the median counts.
const ROUNDS: usize = 3;
/// rsyslog's cost of a message is at least so many of ours.
const GOAL: f64 = 2.0;

pub(crate) fn run(bench: &Bench, count: u64) -> Result<()> {
    let keys = bench.folder.path().join("keys");
    fs::create_dir(&keys)?;
    certificates(&keys)?;
    arrive(bench, "rsyslog over TCP", count, &keys, |folder, input, ports| {
        rsyslog_sender(folder, input, "", &format!("port=\"{}\"", ports.tcp)).map(Some)
    })?;
    arrive(bench, "rsyslog over TLS", count, &keys, |folder, input, ports| {
        let globals = format!("defaultNetstreamDriverCAFile=\"{}/ca.pem\"", keys.display());
        let action = format!(
            "port=\"{}\" streamDriver=\"gtls\" streamDriverMode=\"1\" \
             streamDriverAuthMode=\"x509/name\" streamDriverPermittedPeers=\"localhost\"",
            ports.tls
        );
        rsyslog_sender(folder, input, &globals, &action).map(Some)
    })?;
    arrive(bench, "syslog-ng over TCP", count, &keys, |folder, input, ports| {
        let destination = format!("syslog(\"127.0.0.1\" port({}) transport(tcp));", ports.tcp);
        syslog_ng_sender(folder, input, &destination)
    })?;
    receive(bench, count)
}

struct Ports {
    tcp: u16,
    tls: u16,
}

/// Has a sender send numbered lines; every one of them must come once.
fn arrive(
    bench: &Bench,
    name: &str,
    count: u64,
    keys: &Path,
    sender: impl FnOnce(&Path, &Path, &Ports) -> Result<Option<Process>>,
) -> Result<()> {
    let ports = Ports { tcp: free_port()?, tls: free_port()? };
    let service = Service::new(bench, |_| {
        format!(
            "[service]\nlateness = '2s'\nidle_after = '2s'\n[source.net]\ntype = 'syslog'\n\
             listen = ['tcp://127.0.0.1:{}', 'tls://127.0.0.1:{}']\n\
             tls = {{ cert_file = '{keys}/cert.pem', key_file = '{keys}/key.pem' }}\n{FILE_SINK}",
            ports.tcp,
            ports.tls,
            keys = keys.display(),
        )
    })?;
    let input = service.path("input");
    let mut out = BufWriter::new(File::create(&input)?);
    for number in 0..count {
        writeln!(out, "soak n={number:010} something has happened on this host, or so it says")?;
    }
    out.flush()?;
    let process = service.start_and_wait("listening")?;
    let (start, before) = (Watch::start(), process.cpu()?);
    let folder = service.path("sender");
    fs::create_dir(&folder)?;
    let Some(running) = sender(&folder, &input, &ports)? else {
        println!("{name}: it is not installed");
        return Ok(());
    };
    let mut append = OpenOptions::new().append(true).open(&input)?;
    let account = wait_for(&service.alerts(), count, Duration::from_mins(10), || {
        Ok(append.write_all(b"soak end\n")?)
    });
    let account = account.with_context(|| service.log())?;
    println!(
        "{name}: {} of {count} messages within {:.0} s, {} twice, {} late; {:.2} us of CPU each, \
         {:.2} of its sender; {:.0} MiB at most",
        account.rows,
        start.elapsed().as_secs_f64(),
        account.repeats,
        account.late,
        process.cpu()?.saturating_sub(before).as_secs_f64() * 1e6 / count as f64,
        running.cpu()?.as_secs_f64() * 1e6 / count as f64,
        process.rss_mib_max()?,
    );
    drop(running);
    process.stop()?;
    ensure_whole(&account, count)
}

/// What receiving costs.
#[derive(Clone, Copy)]
struct Cost {
    cpu: Duration,
    wall: Duration,
}

fn receive(bench: &Bench, count: u64) -> Result<()> {
    let load = bench.folder.path().join("load");
    let mut out = BufWriter::new(File::create(&load)?);
    let mut lines = Lines::saved(1_000);
    for _ in 0..count {
        lines.write(1_000, &mut out)?;
    }
    out.flush()?;
    let bytes = fs::read(&load)?;
    println!(
        "receiving {count} messages of {} bytes over one connection",
        bytes.len() as u64 / count
    );
    let receivers: [(&str, Receiver); 4] = [
        ("logwasp, stock detectors", |bench, bytes, _| by_logwasp(bench, bytes, "")),
        ("... journal = true", |bench, bytes, _| by_logwasp(bench, bytes, "journal = true\n")),
        ("rsyslog, imtcp to omfile", |bench, bytes, count| by_rsyslog(bench, bytes, count, "")),
        ("... in ruleset queue", |bench, bytes, count| {
            by_rsyslog(bench, bytes, count, "queue.type=\"LinkedList\" queue.size=\"200000\"")
        }),
    ];
    let mut costs = receivers.map(|_| Vec::new());
    for _ in 0..ROUNDS {
        for ((name, receiver), costs) in receivers.iter().zip(&mut costs) {
            costs.push(receiver(bench, &bytes, count).with_context(|| (*name).to_owned())?);
        }
    }
    let costs = costs.map(|mut costs: Vec<Cost>| {
        costs.sort_by_key(|cost| cost.cpu);
        costs.swap_remove(costs.len() / 2)
    });
    let each = |cost: &Cost| cost.cpu.as_secs_f64() * 1e6 / count as f64;
    for ((name, _), cost) in receivers.iter().zip(&costs) {
        let rate = count as f64 / cost.wall.as_secs_f64() / 1e3;
        println!("  {name:<26} {:.2} us of CPU each, {rate:.0} k/s", each(cost));
    }
    let [ours, journal, theirs, queued] = costs;
    let best = each(&theirs).min(each(&queued));
    let ratio = best / each(&ours);
    println!("  ratio {ratio:.1}, with the journal {:.1} (goal {GOAL})", best / each(&journal));
    ensure!(ratio >= GOAL, "the goal is missed");
    Ok(())
}

/// Receives so many messages, and tells what that cost.
type Receiver = fn(&Bench, &[u8], u64) -> Result<Cost>;

fn by_logwasp(bench: &Bench, bytes: &[u8], more: &str) -> Result<Cost> {
    let port = free_port()?;
    let service = Service::new(bench, |_| {
        format!(
            "enabled = false\n[service]\nlog = 'json'\n[source.net]\ntype = 'syslog'\n\
             listen = ['tcp://127.0.0.1:{port}']\n{more}{FILE_SINK}"
        )
    })?;
    let process = service.start_and_wait("listening")?;
    let cost = send(&process, port, bytes, || Ok(true))?;
    ensure!(process.stop()?.success(), "{}", service.log());
    // Most are skipped by the scan and are no records; none of their bytes is missing.
    ensure!(service.accounted("bytes_in")? == bytes.len() as u64, "{}", service.log());
    Ok(cost)
}

fn by_rsyslog(bench: &Bench, bytes: &[u8], count: u64, queue: &str) -> Result<Cost> {
    let folder = tempfile::tempdir_in(bench.folder.path())?;
    let (port, out) = (free_port()?, folder.path().join("received"));
    let rules = format!(
        "module(load=\"imtcp\")\ntemplate(name=\"raw\" type=\"string\" string=\"%rawmsg%\\n\")\n\
         ruleset(name=\"in\" {queue}) {{ action(type=\"omfile\" file=\"{}\" template=\"raw\") }}\n\
         input(type=\"imtcp\" port=\"{port}\" ruleset=\"in\")",
        out.display()
    );
    let process = rsyslog(folder.path(), "", &rules)?;
    let expected = bytes.len() as u64;
    let is_all = || Ok(fs::metadata(&out).is_ok_and(|data| data.len() >= expected));
    let cost = send(&process, port, bytes, is_all)?;
    ensure!(lines_of(&out)? == count, "rsyslog wrote {} lines", lines_of(&out)?);
    Ok(cost)
}

/// Sends everything over one connection, and waits until the receiver has done it.
fn send(
    receiver: &Process,
    port: u16,
    bytes: &[u8],
    is_all: impl Fn() -> Result<bool>,
) -> Result<Cost> {
    const QUIET: Duration = Duration::from_millis(1_500);
    let mut stream = connect(port)?;
    receiver.wait_until_quiet(Duration::from_millis(500))?;
    let (start, before) = (Watch::start(), receiver.cpu()?);
    stream.write_all(bytes)?;
    stream.shutdown(std::net::Shutdown::Write)?;
    // It closes when it has read to our end.
    let mut rest = Vec::new();
    stream.set_read_timeout(Some(Duration::from_mins(1)))?;
    drop(stream.read_to_end(&mut rest));
    let wall = start.elapsed();
    receiver.wait_until_quiet(QUIET)?;
    while !is_all()? {
        ensure!(start.elapsed() < Duration::from_mins(2), "not all was written");
        sleep(Duration::from_millis(50));
    }
    Ok(Cost { cpu: receiver.cpu()?.saturating_sub(before), wall })
}

fn connect(port: u16) -> Result<TcpStream> {
    let start = Watch::start();
    loop {
        match TcpStream::connect(("127.0.0.1", port)) {
            Ok(stream) => return Ok(stream),
            Err(error) if start.elapsed() > Duration::from_secs(20) => return Err(error.into()),
            Err(_) => sleep(Duration::from_millis(50)),
        }
    }
}

fn lines_of(path: &PathBuf) -> Result<u64> {
    let bytes = fs::read(path)?;
    Ok(bytes.split(|byte| *byte == b'\n').count() as u64 - 1)
}
