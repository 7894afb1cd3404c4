//! Every transport, and the ordered stop.

use std::io::{Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixDatagram, UnixStream};

use super::*;

/// Scenario: UDP, IPv4 and IPv6, with delimiters at the ends and nothing at all.
/// Guarantees: one message for each datagram that is not empty, with its sender.
#[test]
fn udp_datagrams_are_messages() {
    let mut settings = loopback(&["udp://127.0.0.1:0", "udp://[::1]:0"]);
    settings.timeouts.flush_interval = Duration::from_millis(50);
    let mut source = Source::start(settings);
    for (index, from) in ["127.0.0.1:0", "[::1]:0"].into_iter().enumerate() {
        let socket = UdpSocket::bind(from).expect("loopback");
        for message in ["<13>a", "", "\r\n", "<13>b\n", "<13>c\nd\0"] {
            socket.send_to(message.as_bytes(), source.address(index)).expect("sent");
        }
        source.wait_until(|counters| counters.messages(Transport::Udp) == 3 * (index as u64 + 1));
        let peer = socket.local_addr().expect("bound").ip();
        let mut found = Vec::new();
        while found.len() < 3 {
            let batch = source.batch();
            assert_eq!(batch.peer, Some(peer));
            found.extend(lines(&batch));
        }
        assert_eq!(found, ["<13>a", "<13>b", "<13>c  d"]);
    }
    assert_eq!(source.counters.bytes(Transport::Udp), 2 * 21);
    assert_eq!(source.drain(), Vec::<String>::new());
}

/// Scenario: two TCP connections with both framings, slow and in halves.
/// Guarantees: every message once, in the order of its connection; the last one
/// without its end comes with the end of the connection.
#[test]
fn tcp_connections_are_read() {
    let mut source = Source::start(loopback(&["tcp://127.0.0.1:0"]));
    let mut counted = TcpStream::connect(source.address(0)).expect("connected");
    counted.write_all(b"5 <1>ab6 <1>").expect("sent");
    assert_eq!(source.messages(1), ["<1>ab"]);
    let mut plain = TcpStream::connect(source.address(0)).expect("connected");
    plain.write_all(b"<1>x\n<1>y").expect("sent");
    assert_eq!(source.messages(1), ["<1>x"]);
    counted.write_all(b"abc").expect("sent");
    assert_eq!(source.messages(1), ["<1>abc"]);
    drop(plain);
    assert_eq!(source.messages(1), ["<1>y"]);
    assert_eq!(source.counters.connections_opened(), 2);
    source.wait_until(|counters| counters.connections_open() == 1);
    assert_eq!(source.drain(), Vec::<String>::new());
}

/// Scenario: Unix sockets, one left behind by a crash; a long datagram.
/// Guarantees: messages come; the files have their mode and are gone afterwards.
#[test]
fn unix_sockets_are_read() {
    let dir = tempfile::tempdir().expect("a directory");
    let paths = ["log", "stream"].map(|name| dir.path().join(name));
    drop(UnixDatagram::bind(&paths[0]).expect("bound"));
    let listen =
        [format!("unix://{}", text(&paths[0])), format!("unix-stream://{}", text(&paths[1]))];
    let mut settings = loopback(&[&listen[0], &listen[1]]);
    settings.unix_mode = 0o600;
    settings.limits.message_bytes_max = 100_000;
    let mut source = Source::start(settings);
    let mode = std::fs::metadata(&paths[0]).expect("a socket").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let sender = UnixDatagram::unbound().expect("a socket");
    sender.send_to(b"<13>local", &paths[0]).expect("sent");
    assert_eq!(source.messages(1), ["<13>local"]);
    sender.send_to("x".repeat(150_000).as_bytes(), &paths[0]).expect("sent");
    assert_eq!(source.messages(1), ["x".repeat(100_000)]);
    assert_eq!(source.counters.cut(), 1);
    let mut stream = UnixStream::connect(&paths[1]).expect("connected");
    stream.write_all(b"<13>stream\n").expect("sent");
    assert_eq!(source.messages(1), ["<13>stream"]);
    assert_eq!(source.counters.messages(Transport::UnixStream), 1);
    source.drain();
    assert!(paths.iter().all(|path| !path.exists()));
}

/// Scenario: a busy address, a path that is a file, one that is in use, a socket that
/// systemd did not pass.
/// Guarantees: nothing starts; the error says what, where and what to do.
#[test]
fn what_cannot_be_bound_is_told() {
    let dir = tempfile::tempdir().expect("a directory");
    let (file, socket) = (dir.path().join("file"), dir.path().join("socket"));
    std::fs::write(&file, "precious").expect("written");
    let _taken = UnixDatagram::bind(&socket).expect("bound");
    let busy = std::net::TcpListener::bind("127.0.0.1:0").expect("bound");
    let busy = format!("tcp://{}", busy.local_addr().expect("bound"));
    let (out, _batches) = mpsc::channel(1);
    let runtime = Runtime::new().expect("a runtime");
    for (listen, hint) in [
        (busy.as_str(), "another program"),
        (&format!("unix://{}", text(&file)), "no socket"),
        (&format!("unix://{}", text(&socket)), "another program"),
        ("systemd://none", "missing"),
        ("udp://192.0.2.1:514", "no interface"),
    ] {
        let counters = Arc::new(Counters::default());
        let mut inherited = Inherited::default();
        let settings = loopback(&[listen]);
        let started = start(settings, &mut inherited, runtime.handle(), out.clone(), counters);
        let problem = started.expect_err(listen);
        assert!(problem.what.contains(listen), "{problem}");
        assert_eq!(problem.place.as_deref(), Some("source.test.listen"));
        assert!(problem.hint.as_ref().is_some_and(|text| text.contains(hint)), "{problem}");
    }
    assert_eq!(std::fs::read(&file).expect("still there"), b"precious");
}

/// Scenario: messages are sent and the source is stopped at once: what it has not
/// read yet is still with the kernel.
/// Guarantees: everything that has arrived is handed on, halves included; then
/// connections end and new ones are refused.
#[test]
fn draining_reads_what_has_arrived() {
    let mut source = Source::start(loopback(&["tcp://127.0.0.1:0", "udp://127.0.0.1:0"]));
    let address = source.address(0);
    let mut stream = TcpStream::connect(address).expect("connected");
    let udp = UdpSocket::bind("127.0.0.1:0").expect("loopback");
    let sent = samples(200);
    // So few datagrams fit the kernel's buffer when nobody has read any of them.
    let datagrams = sent.get(..40).expect("as many");
    for message in datagrams {
        udp.send_to(message.as_bytes(), source.address(1)).expect("sent");
    }
    for message in &sent {
        stream.write_all(format!("<13>{message}\n").as_bytes()).expect("sent");
    }
    stream.write_all(b"<13>half").expect("sent");
    let found = source.drain();
    assert_eq!(found.len(), sent.len() + datagrams.len() + 1);
    assert!(found.contains(&"<13>half".to_owned()));
    assert!(datagrams.iter().all(|message| found.contains(message)));
    assert!(sent.iter().all(|message| found.contains(&format!("<13>{message}"))));
    assert_eq!(stream.read(&mut [0]).expect("closed"), 0);
    assert!(TcpStream::connect(address).is_err());
}
