//! Limits and timeouts, and what happens when nobody takes the batches.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpStream, UdpSocket};

use super::*;

/// Whether the other side has closed the connection.
fn is_closed(stream: &mut TcpStream) -> bool {
    stream.set_read_timeout(Some(LONG)).expect("set");
    match stream.read(&mut [0]) {
        Ok(count) => count == 0,
        Err(error) => error.kind() == ErrorKind::ConnectionReset,
    }
}

/// Scenario: nobody takes batches, and TCP and UDP senders go on.
/// Guarantees: the TCP sender has to wait and loses nothing; what the kernel had no
/// room for is counted: sent is received and dropped.
#[test]
fn senders_wait_when_nobody_takes_batches() {
    let mut settings = loopback(&["tcp://127.0.0.1:0", "udp://127.0.0.1:0"]);
    settings.limits.batch_bytes = 1;
    settings.limits.receive_buffer_bytes = 64 << 10;
    let mut source = Source::start_with_room(settings, 1);
    let mut stream = TcpStream::connect(source.address(0)).expect("connected");
    stream.set_nonblocking(true).expect("set");
    let line = format!("<13>{}\n", "x".repeat(9_995));
    let mut sent = 0;
    let watch = Stopwatch::start();
    loop {
        let rest = &line.as_bytes()[sent % line.len()..];
        match stream.write_vectored(&[std::io::IoSlice::new(rest)]) {
            Ok(count) => sent += count,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                break;
            }
        }
        assert!(watch.elapsed() < LONG, "it never has to wait");
    }
    source.wait_until(|counters| counters.backpressure() > 0);
    let udp = UdpSocket::bind("127.0.0.1:0").expect("loopback");
    // More than is gathered before it is handed on, and more than the kernel keeps.
    let mut udp_sent = 4_000;
    for _ in 0..udp_sent {
        udp.send_to(&[b'u'; 1_000], source.address(1)).expect("sent");
    }
    drop(stream);
    let mut tcp_bytes = 0;
    let mut take = |source: &mut Source| {
        while let Ok(batch) = source.batches.try_recv() {
            if batch.bytes.starts_with(b"<") {
                tcp_bytes += batch.bytes.len();
            }
        }
        std::thread::sleep(Duration::from_millis(1));
        tcp_bytes
    };
    while take(&mut source) < sent {}
    let is_balanced = |source: &Source, sent| {
        let dropped = source.counters.dropped(Dropped::Kernel);
        dropped > 0 && source.counters.messages(Transport::Udp) + dropped == sent
    };
    while !is_balanced(&source, udp_sent) {
        // The kernel tells of what it dropped with the next datagram.
        udp.send_to(b"u", source.address(1)).expect("sent");
        udp_sent += 1;
        take(&mut source);
        assert!(watch.elapsed() < LONG, "{:?}", source.counters);
    }
    assert!(take(&mut source) - sent <= 1, "the end of a half line at most");
}

/// Scenario: a connection from a network that may not send, one too many of an
/// address, and datagrams of a foreigner.
/// Guarantees: they are refused and counted; the others are read.
#[test]
fn strangers_are_refused() {
    let mut settings = loopback(&["tcp://127.0.0.1:0", "udp://127.0.0.1:0"]);
    settings.allow = vec!["127.0.0.1".parse().expect("a network")];
    settings.limits.connections_per_peer_max = 1;
    let mut source = Source::start(settings);
    let from = |address: &str| {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
        let address: SocketAddr = address.parse().expect("an address");
        socket.bind(&address.into())?;
        socket.connect(&source.address(0).into())?;
        Ok::<TcpStream, std::io::Error>(socket.into())
    };
    let mut first = from("127.0.0.1:0").expect("connected");
    source.wait_until(|counters| counters.connections_open() == 1);
    assert!(is_closed(&mut from("127.0.0.1:0").expect("connected")));
    assert!(is_closed(&mut from("127.0.0.2:0").expect("connected")));
    let refused = [Refused::Denied, Refused::ConnectionsPerPeer];
    assert_eq!(refused.map(|reason| source.counters.refused(reason)), [1, 1]);
    let stranger = UdpSocket::bind("127.0.0.2:0").expect("loopback");
    stranger.send_to(b"<13>no", source.address(1)).expect("sent");
    source.wait_until(|counters| counters.dropped(Dropped::Denied) == 1);
    first.write_all(b"<13>yes\n").expect("sent");
    assert_eq!(source.messages(1), ["<13>yes"]);
}

/// Scenario: a silent connection, one that sends a message byte by byte, one that
/// never begins the handshake of TLS.
/// Guarantees: each is closed in time and counted for its reason; what had come of
/// the slow message is handed on.
#[test]
fn slow_connections_are_closed() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut settings = loopback(&["tcp://127.0.0.1:0"]);
    settings.timeouts.message = Duration::from_millis(200);
    settings.timeouts.idle = Some(Duration::from_millis(300));
    let tls = certificates::make(dir.path());
    if let Some(tls) = &tls {
        settings.listen.push("tls://127.0.0.1:0".parse().expect("a place"));
        settings.tls = Some(tls.server());
        settings.timeouts.handshake = Duration::from_millis(100);
    }
    let mut source = Source::start(settings);
    let mut silent = TcpStream::connect(source.address(0)).expect("connected");
    let mut slow = TcpStream::connect(source.address(0)).expect("connected");
    let mut begun = tls.map(|_| TcpStream::connect(source.address(1)).expect("connected"));
    if let Some(begun) = &mut begun {
        begun.write_all(b"\x16\x03\x01\x02\x00\x01").expect("sent");
    }
    let watch = Stopwatch::start();
    while slow.write_all(b"x").is_ok() {
        assert!(watch.elapsed() < LONG, "it is never closed");
        std::thread::sleep(Duration::from_millis(10));
    }
    let cut = source.messages(1);
    assert!(cut[0].chars().all(|c| c == 'x') && cut[0].len() >= 5, "{cut:?}");
    assert!(is_closed(&mut silent));
    let counters = &source.counters;
    assert_eq!(counters.timed_out(TimedOut::Message), 1);
    source.wait_until(|counters| counters.timed_out(TimedOut::Idle) == 1);
    if let Some(begun) = &mut begun {
        assert!(is_closed(begun));
        assert_eq!(counters.timed_out(TimedOut::Handshake), 1);
    }
}

/// Scenario: one sender over its rate on TCP and on UDP.
/// Guarantees: the stream is slowed and loses nothing; datagrams are dropped and
/// counted.
#[test]
fn rates_bound_senders() {
    let mut settings = loopback(&["tcp://127.0.0.1:0", "udp://127.0.0.1:0"]);
    settings.limits.peer_bytes_per_s_max = Some(100_000);
    let mut source = Source::start(settings);
    let watch = Stopwatch::start();
    let mut stream = TcpStream::connect(source.address(0)).expect("connected");
    let line = format!("<13>{}\n", "x".repeat(95));
    stream.write_all(line.repeat(1_200).as_bytes()).expect("sent");
    stream.write_all(b"<13>later\n").expect("sent");
    assert_eq!(source.messages(1_201).last().map(String::as_str), Some("<13>later"));
    assert!(watch.elapsed() > Duration::from_millis(100), "20 kB more than a second's worth");
    let udp = UdpSocket::bind("127.0.0.1:0").expect("loopback");
    for _ in 0..200 {
        udp.send_to(&[b'u'; 1_000], source.address(1)).expect("sent");
    }
    source.wait_until(|counters| counters.messages(Transport::Udp) == 200);
    let dropped = source.counters.dropped(Dropped::Rate);
    assert!((50..=200).contains(&dropped), "{dropped}");
    assert_eq!(source.drain().len() as u64, 200 - dropped);
}

/// Scenario: nobody takes batches any more, and the source has to stop.
/// Guarantees: it stops after the deadline, and what was not handed on is counted.
#[test]
fn a_stop_does_not_wait_for_ever() {
    let mut source = Source::start_with_room(loopback(&["tcp://127.0.0.1:0"]), 1);
    let mut stream = TcpStream::connect(source.address(0)).expect("connected");
    for _ in 0..3 {
        stream.write_all(b"<13>x\n").expect("sent");
        std::thread::sleep(Duration::from_millis(60));
    }
    source.wait_until(|counters| counters.backpressure() > 0);
    let running = source.running.take().expect("it runs");
    let is_done = source.runtime.block_on(running.drain(Duration::from_millis(50)));
    assert!(!is_done);
    let kept = u64::from(source.batch().messages);
    let received = source.counters.messages(Transport::Tcp);
    assert_eq!(kept + source.counters.dropped(Dropped::Stopped), received);
    assert!(source.counters.dropped(Dropped::Stopped) > 0);
}
