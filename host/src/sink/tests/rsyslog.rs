//! rsyslog as the receiver, on ports of its own. Skipped where it is not installed.

use std::fs;
use std::net::{TcpListener, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use super::certificates::certificates;
use super::*;

/// A running rsyslogd that writes what it gets to a file.
struct Rsyslog {
    process: Child,
    out: PathBuf,
}

impl Drop for Rsyslog {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

impl Rsyslog {
    /// `None` where it is not installed.
    fn start(dir: &Path, input: &str) -> Option<Self> {
        let out = dir.join("received");
        let text = format!(
            "global(workDirectory=\"{dir}\")\n{input}\n\
             template(name=\"t\" type=\"string\" \
             string=\"%protocol-version%|%app-name%|%msgid%|%structured-data%|%msg%\\n\")\n\
             action(type=\"omfile\" file=\"{out}\" template=\"t\")\n",
            dir = dir.display(),
            out = out.display(),
        );
        let config = dir.join("rsyslog.conf");
        fs::write(&config, text).expect("written");
        let process = Command::new("rsyslogd")
            .args(["-n", "-f", path(&config), "-i", path(&dir.join("pid"))])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        match process {
            Ok(process) => Some(Self { process, out }),
            Err(_) => {
                println!("skipped: rsyslogd is not installed");
                None
            }
        }
    }

    /// The lines that it wrote, when there are so many.
    fn received(&self, count: usize) -> Vec<String> {
        let watch = Stopwatch::start();
        loop {
            let text = fs::read_to_string(&self.out).unwrap_or_default();
            if text.lines().count() >= count {
                return text.lines().map(str::to_owned).collect();
            }
            assert!(watch.elapsed() < LONG, "it received {text:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

fn path(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port()
}

/// The RFC 5424 line of an alert, as the template of the receiver shows it.
fn assert_is_alert(line: &str, number: u64) {
    let id = format!("id=\"id{number:04}\"");
    assert!(line.starts_with("1|logwasp|lockout|[alert@32473 "), "{line}");
    assert!(line.contains(&id), "{line}");
    assert!(line.ends_with(&format!("|alert number {number} \u{e4}")), "{line}");
}

/// Scenario: nobody listens at first, then rsyslog does, over TCP with either
/// framing, confirmed or not.
/// Guarantees: nothing is acknowledged before; then every alert arrives once, in
/// order.
#[test]
fn rsyslog_gets_every_alert_over_tcp() {
    for (framing, confirm) in [("octet-counting", true), ("newline", true), ("newline", false)] {
        let dir = tempfile::tempdir().expect("a directory");
        let store = store(&dir.path().join("state"));
        let port = free_port();
        let sink = sink(&format!(
            "type = 'syslog'\naddress = 'localhost:{port}'\nframing = '{framing}'\nconfirm = {confirm}"
        ));
        let mut worker = worker(&sink, &store);
        raise(&store, 0..25);
        assert!(matches!(worker.step(&Hurry), Ok(Next::After(_))));
        assert_eq!(pending(&store), 25);
        assert!(worker.trouble().is_some_and(|why| why.contains("refused")));
        let input = format!("module(load=\"imtcp\")\ninput(type=\"imtcp\" port=\"{port}\")");
        let Some(rsyslog) = Rsyslog::start(dir.path(), &input) else { return };
        work_off(&mut worker);
        assert_eq!(pending(&store), 0);
        let received = rsyslog.received(25);
        assert_eq!(received.len(), 25);
        for (number, line) in received.iter().enumerate() {
            assert_is_alert(line, number as u64);
        }
    }
}

/// Scenario: a receiver that takes the bytes and dies without reading its end.
/// Guarantees: with confirmation nothing counts as delivered.
#[test]
fn a_receiver_that_dies_confirms_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = store(dir.path());
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let mut worker = worker(&sink(&format!("type = 'syslog'\naddress = '{address}'")), &store);
    raise(&store, 0..5);
    // Unread bytes in a socket that is closed: the kernel resets.
    let dying = std::thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a connection");
        let mut one = [0];
        while stream.peek(&mut one).expect("it sends") == 0 {}
    });
    assert!(matches!(worker.step(&Hurry), Ok(Next::After(_))));
    dying.join().expect("it ends");
    assert_eq!((pending(&store), worker.counters().numbers().delivered), (5, 0));
}

/// Scenario: a proxy without anybody behind it: it closes each connection at once.
/// Guarantees: whether our bytes or its close come first, nothing counts as
/// delivered.
#[test]
fn a_receiver_that_closes_at_once_confirms_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = store(dir.path());
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || listener.incoming().for_each(drop));
    let mut worker = worker(&sink(&format!("type = 'syslog'\naddress = '{address}'")), &store);
    raise(&store, 0..5);
    for _ in 0..200 {
        assert!(matches!(worker.step(&Hurry), Ok(Next::After(_))));
    }
    assert_eq!((pending(&store), worker.counters().numbers().delivered), (5, 0));
}

/// Scenario: CEF in datagrams.
/// Guarantees: rsyslog gets each as the message of an RFC 5424 line.
#[test]
fn rsyslog_gets_datagrams() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = store(&dir.path().join("state"));
    let port = UdpSocket::bind("127.0.0.1:0").expect("a port").local_addr().expect("one").port();
    let input = format!("module(load=\"imudp\")\ninput(type=\"imudp\" port=\"{port}\")");
    let Some(rsyslog) = Rsyslog::start(dir.path(), &input) else { return };
    let sink = sink(&format!(
        "type = 'syslog'\naddress = '127.0.0.1:{port}'\ntransport = 'udp'\nencoding = 'cef'"
    ));
    let mut worker = worker(&sink, &store);
    // UDP tells nobody whether somebody listens: ask until something comes.
    let watch = Stopwatch::start();
    let mut raised = 0;
    while fs::metadata(&rsyslog.out).is_err() {
        assert!(watch.elapsed() < LONG);
        raise(&store, raised..raised + 1);
        raised += 1;
        work_off(&mut worker);
        std::thread::sleep(Duration::from_millis(20));
    }
    raise(&store, 500..503);
    work_off(&mut worker);
    let watch = Stopwatch::start();
    let is_last = |line: &str| line.contains("externalId=id0502");
    while !rsyslog.received(1).iter().any(|line| is_last(line)) {
        assert!(watch.elapsed() < LONG);
    }
    let received = rsyslog.received(4);
    let last = received.iter().find(|line| is_last(line)).expect("there");
    assert!(last.starts_with("1|logwasp|lockout|-|CEF:0|logwasp|logwasp|"), "{last}");
}

/// Scenario: rsyslog over TLS that wants to know who we are; first we trust another
/// authority.
/// Guarantees: a stranger gets nothing; then every alert arrives once.
#[test]
fn rsyslog_gets_every_alert_over_tls() {
    let dir = tempfile::tempdir().expect("a directory");
    if !certificates(dir.path()) {
        return;
    }
    let store = store(&dir.path().join("state"));
    let port = free_port();
    let at = |name: &str| dir.path().join(name).display().to_string();
    let input = format!(
        "global(defaultNetstreamDriver=\"gtls\" defaultNetstreamDriverCAFile=\"{}\" \
         defaultNetstreamDriverCertFile=\"{}\" defaultNetstreamDriverKeyFile=\"{}\")\n\
         module(load=\"imtcp\" streamDriver.name=\"gtls\" streamDriver.mode=\"1\" \
         streamDriver.authMode=\"x509/certvalid\")\ninput(type=\"imtcp\" port=\"{port}\")",
        at("ca.pem"),
        at("leaf.pem"),
        at("leaf.key"),
    );
    let Some(rsyslog) = Rsyslog::start(dir.path(), &input) else { return };
    let tls_sink = |ca: &str| {
        let tls = format!(
            "tls = {{ ca_file = '{}', cert_file = '{}', key_file = '{}' }}",
            at(ca),
            at("leaf.pem"),
            at("leaf.key")
        );
        let address = format!("address = 'localhost:{port}'\ntransport = 'tls'");
        sink(&format!("type = 'syslog'\n{address}\n{tls}"))
    };
    let mut stranger = worker(&tls_sink("other.pem"), &store);
    raise(&store, 0..12);
    try_until(&mut stranger, "certificate");
    assert_eq!(pending(&store), 12);
    let mut worker = worker(&tls_sink("ca.pem"), &store);
    work_off(&mut worker);
    let received = rsyslog.received(12);
    assert_eq!((received.len(), pending(&store)), (12, 0));
    for (number, line) in received.iter().enumerate() {
        assert_is_alert(line, number as u64);
    }
}
