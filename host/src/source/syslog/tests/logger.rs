//! `logger` of util-linux as the sender.

use super::*;

/// Scenario: `logger` over UDP, TCP in both framings, and Unix sockets.
/// Guarantees: each message comes once, whole and unaltered, behind a header.
#[test]
fn logger_is_read() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = |name: &str| text(&dir.path().join(name)).to_owned();
    let (log, stream, input) = (path("log"), path("stream"), path("input"));
    let unix = [format!("unix://{log}"), format!("unix-stream://{stream}")];
    let mut source =
        Source::start(loopback(&["udp://127.0.0.1:0", "tcp://127.0.0.1:0", &unix[0], &unix[1]]));
    // What is longer than a datagram of `logger` may be is cut by it.
    let sent: Vec<_> = samples(60).into_iter().filter(|message| message.len() < 900).collect();
    std::fs::write(&input, sent.join("\n") + "\n").expect("written");
    let ports = [source.address(0), source.address(1)].map(|address| address.port().to_string());
    let inet = |index: usize| ["-n", "127.0.0.1", "-P", ports[index].as_str()];
    for way in [
        [&inet(0)[..], &["-d"]].concat(),
        [&inet(0)[..], &["-d", "--rfc3164"]].concat(),
        [&inet(1)[..], &["-T"]].concat(),
        [&inet(1)[..], &["-T", "--octet-count"]].concat(),
        [&inet(1)[..], &["-T", "--octet-count", "--rfc3164"]].concat(),
        vec!["-d", "-u", &log],
        vec!["-u", &stream],
    ] {
        let mut command = Command::new("logger");
        command.args(["-t", "tag", "-f", &input]).args(&way);
        let Some(mut logger) = program(&mut command) else { return };
        let mut found = Vec::new();
        while found.len() < sent.len() {
            found.extend(lines(&source.batch()));
        }
        assert!(logger.0.wait().expect("it ends").success());
        assert_eq!(found.len(), sent.len(), "{way:?}");
        for (line, message) in found.iter().zip(&sent) {
            assert!(line.starts_with("<13>") && line.contains("tag"), "{line}");
            assert!(line.ends_with(message.as_str()), "{way:?}\n{line}\n{message}");
        }
    }
    assert_eq!(source.counters.wrong_counts(), 0);
    assert_eq!(source.drain(), Vec::<String>::new());
}
