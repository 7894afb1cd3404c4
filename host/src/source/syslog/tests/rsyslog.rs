//! rsyslog as the sender.

use super::*;

/// The messages behind their headers, sorted: rsyslog sends on several workers.
fn payloads(lines: &[String]) -> Vec<&str> {
    let mut found: Vec<_> = lines
        .iter()
        .map(|line| line.find("message ").and_then(|at| line.get(at..)).unwrap_or(line))
        .collect();
    found.sort_unstable();
    found
}

/// Runs rsyslog on a file of messages, with an action that sends them. `None` where
/// it is not installed.
fn send(dir: &Path, globals: &str, action: &str, sent: &[String]) -> Option<Program> {
    let input = dir.join("input");
    std::fs::write(&input, sent.join("\n") + "\n").expect("written");
    let config = format!(
        "global(workDirectory=\"{dir}\" {globals})\nmodule(load=\"imfile\")\n\
         input(type=\"imfile\" file=\"{input}\" tag=\"tag:\" reopenOnTruncate=\"on\")\n\
         action(type=\"omfwd\" target=\"127.0.0.1\" {action})\n",
        dir = dir.display(),
        input = input.display(),
    );
    let path = dir.join("rsyslog.conf");
    std::fs::write(&path, config).expect("written");
    let pid = dir.join("pid");
    program(Command::new("rsyslogd").args(["-n", "-f", text(&path), "-i", text(&pid)]))
}

/// Scenario: rsyslog over UDP, and over TCP in both framings.
/// Guarantees: every message once and unaltered; counts are right.
#[test]
fn rsyslog_is_read() {
    let mut source = Source::start(loopback(&["udp://127.0.0.1:0", "tcp://127.0.0.1:0"]));
    let mut sent = samples(400);
    let udp = format!("protocol=\"udp\" port=\"{}\"", source.address(0).port());
    let tcp = format!("protocol=\"tcp\" port=\"{}\"", source.address(1).port());
    let counted = format!("{tcp} tcp_framing=\"octet-counted\"");
    let rfc5424 = format!("{counted} template=\"RSYSLOG_SyslogProtocol23Format\"");
    sent.sort_unstable();
    for action in [udp, tcp, counted, rfc5424] {
        let dir = tempfile::tempdir().expect("a directory");
        let Some(_rsyslog) = send(dir.path(), "", &action, &sent) else { return };
        let mut found = Vec::new();
        while found.len() < sent.len() {
            found.extend(lines(&source.batch()));
        }
        assert_eq!(payloads(&found), sent, "{action}");
    }
    assert_eq!((source.counters.wrong_counts(), source.counters.cut()), (0, 0));
}

/// Scenario: rsyslog with GnuTLS that checks our certificate and shows its own.
/// Guarantees: every message once and unaltered.
#[test]
fn rsyslog_is_read_over_tls() {
    let dir = tempfile::tempdir().expect("a directory");
    let Some(certificates) = certificates::make(dir.path()) else { return };
    let mut settings = loopback(&["tls://127.0.0.1:0"]);
    settings.tls =
        Some(Tls { client_ca_file: Some(certificates.file("ca.pem")), ..certificates.server() });
    let mut source = Source::start(settings);
    let at = |name: &str| certificates.file(name).display().to_string();
    let globals = format!(
        "defaultNetstreamDriverCAFile=\"{}\" defaultNetstreamDriverCertFile=\"{}\" \
         defaultNetstreamDriverKeyFile=\"{}\"",
        at("ca.pem"),
        at("cert.pem"),
        at("key.pem"),
    );
    let action = format!(
        "protocol=\"tcp\" port=\"{}\" streamDriver=\"gtls\" streamDriverMode=\"1\" \
         streamDriverAuthMode=\"x509/name\" streamDriverPermittedPeers=\"localhost\" \
         tcp_framing=\"octet-counted\"",
        source.address(0).port(),
    );
    if !Path::new("/usr/lib/x86_64-linux-gnu/rsyslog/lmnsd_gtls.so").exists() {
        println!("skipped: rsyslog-gnutls is not installed");
        return;
    }
    let mut sent = samples(300);
    let Some(_rsyslog) = send(dir.path(), &globals, &action, &sent) else { return };
    sent.sort_unstable();
    let mut found = Vec::new();
    while found.len() < sent.len() {
        found.extend(lines(&source.batch()));
    }
    assert_eq!(payloads(&found), sent);
    assert_eq!(source.counters.tls_failures(), 0);
    assert_eq!(source.counters.messages(Transport::Tls), 300);
}
