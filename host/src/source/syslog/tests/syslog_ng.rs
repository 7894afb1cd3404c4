//! syslog-ng as the sender. Its package and rsyslog's exclude each other, so it may
//! also be unpacked somewhere: `LOGWASP_SYSLOG_NG` says where.

use std::path::PathBuf;

use super::*;

/// Where syslog-ng was unpacked.
fn root() -> PathBuf {
    std::env::var_os("LOGWASP_SYSLOG_NG").map_or_else(|| PathBuf::from("/"), PathBuf::from)
}

/// Runs syslog-ng on a file of messages, with a destination. `None` where it is not
/// installed.
fn send(dir: &Path, destination: &str, sent: &[String]) -> Option<Program> {
    let input = dir.join("input");
    std::fs::write(&input, sent.join("\n") + "\n").expect("written");
    let config = format!(
        "@version: 3.38\n\
         source s {{ file(\"{}\" follow-freq(0.1) flags(no-parse)); }};\n\
         destination d {{ {destination} }};\n\
         log {{ source(s); destination(d); flags(flow-control); }};\n",
        input.display()
    );
    let path = dir.join("syslog-ng.conf");
    std::fs::write(&path, config).expect("written");
    let root = root();
    let libraries = ["usr/lib/syslog-ng", "usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"];
    let libraries = libraries.map(|folder| text(&root.join(folder)).to_owned()).join(":");
    let mut command = Command::new(root.join("usr/sbin/syslog-ng"));
    command
        .env("LD_LIBRARY_PATH", libraries)
        .args(["-F", "--no-caps", "-f", text(&path)])
        .arg(format!("--module-path={}", root.join("usr/lib/syslog-ng/3.38").display()))
        .args(["--persist-file", text(&dir.join("persist"))])
        .args(["--pidfile", text(&dir.join("pid")), "--control", text(&dir.join("control"))]);
    program(&mut command)
}

/// Scenario: syslog-ng over TCP as lines and counted, over UDP, and over TLS.
/// Guarantees: every message once, unaltered and in order.
#[test]
fn syslog_ng_is_read() {
    let keys = tempfile::tempdir().expect("a directory");
    let certificates = certificates::make(keys.path());
    let mut settings = loopback(&["udp://127.0.0.1:0", "tcp://127.0.0.1:0"]);
    if let Some(certificates) = &certificates {
        settings.listen.push("tls://127.0.0.1:0".parse().expect("a place"));
        settings.tls = Some(certificates.server());
    }
    let mut source = Source::start(settings);
    let port = |index: usize| source.address(index).port();
    let mut ways = vec![
        format!("network(\"127.0.0.1\" port({}) transport(udp));", port(0)),
        format!("network(\"127.0.0.1\" port({}) transport(tcp));", port(1)),
        format!("syslog(\"127.0.0.1\" port({}) transport(tcp));", port(1)),
    ];
    if let Some(certificates) = &certificates {
        ways.push(format!(
            "syslog(\"127.0.0.1\" port({}) transport(tls) tls(ca-file(\"{}\") \
             peer-verify(required-trusted)));",
            port(2),
            certificates.file("ca.pem").display()
        ));
    }
    let sent = samples(300);
    for way in ways {
        let dir = tempfile::tempdir().expect("a directory");
        let Some(_syslog_ng) = send(dir.path(), &way, &sent) else { return };
        let mut found = Vec::new();
        while found.len() < sent.len() {
            found.extend(lines(&source.batch()));
        }
        assert_eq!(found.len(), sent.len(), "{way}");
        for (line, message) in found.iter().zip(&sent) {
            assert!(line.ends_with(message.as_str()), "{way}\n{line}\n{message}");
        }
    }
    assert_eq!((source.counters.wrong_counts(), source.counters.tls_failures()), (0, 0));
}
