//! Peers that mean harm, or are broken.

use std::io::Write;
use std::net::TcpStream;

use super::*;

/// Bytes that look like nothing, the same each time.
fn garbage(bytes: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    std::iter::repeat_with(next).take(bytes).collect()
}

/// Scenario: garbage, half messages, a message of 10 MB as line and as count, a count
/// that lies, while another connection sends well-formed messages.
/// Guarantees: the good messages come, each once; long ones are cut and counted;
/// memory for what is unfinished stays within its bound.
#[test]
fn bad_peers_do_not_hurt_good_ones() {
    let mut source = Source::start(loopback(&["tcp://127.0.0.1:0"]));
    let address = source.address(0);
    let huge = vec![b'x'; 10 << 20];
    let streams = [
        garbage(300_000),
        b"999999 <13>half".to_vec(),
        [b"<13>", huge.as_slice(), b"\n<13>after line\n"].concat(),
        [format!("{} <13>", huge.len() + 4).as_bytes(), &huge, b"17 <13>after counted"].concat(),
        b"900000 <13>liar\n<13>after liar\n".to_vec(),
        b"<".repeat(100_000),
        b"1 ".repeat(100_000),
        vec![0; 1 << 20],
    ];
    let senders: Vec<_> = streams
        .into_iter()
        .map(|bytes| {
            std::thread::spawn(move || {
                let mut stream = TcpStream::connect(address).expect("connected");
                stream.write_all(&bytes).expect("taken");
            })
        })
        .collect();
    let sent = samples(500);
    let mut good = TcpStream::connect(address).expect("connected");
    for message in &sent {
        good.write_all(format!("<13>good {message}\n").as_bytes()).expect("sent");
    }
    drop(good);
    let mut found = Vec::new();
    while senders.iter().any(|sender| !sender.is_finished())
        || source.counters.connections_open() > 0
        || source.counters.connections_opened() < 9
    {
        while let Ok(batch) = source.batches.try_recv() {
            found.extend(lines(&batch));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    found.extend(source.drain());
    let good: Vec<_> = found.iter().filter_map(|line| line.strip_prefix("<13>good ")).collect();
    assert_eq!(good, sent);
    for expected in
        ["<13>half", "<13>after line", "<13>after counted", "<13>liar", "<13>after liar"]
    {
        assert_eq!(found.iter().filter(|line| *line == expected).count(), 1, "{expected}");
    }
    assert_eq!(source.counters.cut(), 2);
    assert!(found.iter().all(|line| line.len() < 1 << 20));
}

/// Scenario: a thousand connections, each with half a message, and one more.
/// Guarantees: so many as allowed are held, the rest is refused at once; those that
/// are held are read; after they are gone there is room.
#[test]
fn a_thousand_connections_are_bounded() {
    let mut settings = loopback(&["tcp://127.0.0.1:0"]);
    settings.limits.connections_max = 800;
    settings.limits.connections_per_peer_max = 1_000;
    let mut source = Source::start(settings);
    let address = source.address(0);
    let mut held: Vec<_> = (0..1_000).filter_map(|_| TcpStream::connect(address).ok()).collect();
    for stream in &mut held {
        // Who was refused may hear of it here.
        drop(stream.write_all(b"<13>ha"));
    }
    source.wait_until(|counters| counters.refused(Refused::Connections) == 200);
    assert_eq!(source.counters.connections_open(), 800);
    for stream in &mut held {
        drop(stream.write_all(b"lf\n"));
    }
    assert!(source.messages(800).iter().all(|line| line == "<13>half"));
    drop(held);
    source.wait_until(|counters| counters.connections_open() == 0);
    let mut late = TcpStream::connect(address).expect("connected");
    late.write_all(b"<13>late\n").expect("sent");
    assert_eq!(source.messages(1), ["<13>late"]);
}

/// Scenario: plain text and a wrong certificate on TLS.
/// Guarantees: both are refused and counted; one with the right certificate is read.
#[test]
fn tls_is_for_those_who_are_trusted() {
    let dir = tempfile::tempdir().expect("a directory");
    let Some(certificates) = certificates::make(dir.path()) else { return };
    let mut settings = loopback(&["tls://127.0.0.1:0"]);
    let tls = Tls { client_ca_file: Some(certificates.file("ca.pem")), ..certificates.server() };
    settings.tls = Some(tls);
    let mut source = Source::start(settings);
    let address = source.address(0);
    let mut plain = TcpStream::connect(address).expect("connected");
    plain.write_all(b"<13>in the clear\n").expect("sent");
    source.wait_until(|counters| counters.tls_failures() == 1);
    let connect = |more: &[&str]| {
        let to = address.to_string();
        let client = Command::new("openssl")
            .args(["s_client", "-quiet", "-no_ign_eof", "-connect", &to, "-CAfile", "ca.pem"])
            .args(more)
            .current_dir(dir.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        client.expect("openssl is here")
    };
    let own = ["-cert", "cert.pem", "-key", "key.pem"];
    let mut stranger = connect(&[]);
    source.wait_until(|counters| counters.tls_failures() == 2);
    for version in ["-tls1_2", "-tls1_3"] {
        let mut known = connect(&[own.as_slice(), &[version]].concat());
        let mut input = known.stdin.take().expect("a pipe");
        input.write_all(b"<13>trusted\n10 <13>counte\n").expect("sent");
        drop(input);
        assert_eq!(source.messages(2), ["<13>trusted", "<13>counte"]);
        known.wait().expect("it ends");
    }
    drop(stranger.stdin.take());
    stranger.wait().expect("it ends");
    assert_eq!(source.counters.messages(Transport::Tls), 4);
    assert_eq!(source.counters.tls_failures(), 2);
}
