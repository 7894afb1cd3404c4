//! Over real sockets, in plain HTTP.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

use super::super::Admin;
use super::*;

/// Says what it was told to say.
struct Told {
    is_ready: bool,
}

impl Status for Told {
    fn metrics(&self) -> String {
        "things_total 3\n".to_owned()
    }

    fn health(&self) -> Result<(), String> {
        Ok(())
    }

    fn ready(&self) -> Result<(), String> {
        if self.is_ready { Ok(()) } else { Err("sink `out` is full".to_owned()) }
    }
}

fn start(is_ready: bool) -> Admin {
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    Admin::start(address, Arc::new(Told { is_ready })).expect("it listens")
}

/// What comes back for these bytes until the other side closes.
fn exchange(admin: &Admin, request: &str) -> String {
    let mut stream = TcpStream::connect(admin.address()).expect("it listens");
    stream.write_all(request.as_bytes()).expect("sent");
    let mut answer = String::new();
    // A reset is an end too: what was not read may have been too long.
    drop(stream.read_to_string(&mut answer));
    answer
}

fn ask(admin: &Admin, method: &str, path: &str) -> String {
    let rest = "HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    exchange(admin, &format!("{method} {path} {rest}"))
}

/// Scenario: every path, known and unknown, by every kind of method.
/// Guarantees: the codes of HTTP, the type of the exposition, and why it is not ready.
#[test]
fn paths_and_methods_are_answered() {
    for (is_ready, method, path, code, body) in [
        (true, "GET", "/metrics", 200, "things_total 3\n"),
        (true, "GET", "/metrics?name[]=x", 200, "things_total 3\n"),
        (true, "HEAD", "/metrics", 200, ""),
        (true, "GET", "/healthz", 200, "ok\n"),
        (true, "GET", "/readyz", 200, "ok\n"),
        (false, "GET", "/readyz", 503, "sink `out` is full\n"),
        (false, "GET", "/healthz", 200, "ok\n"),
        (true, "GET", "/", 404, "there are /metrics, /healthz and /readyz\n"),
        (true, "POST", "/other", 404, "there are /metrics, /healthz and /readyz\n"),
        (true, "POST", "/metrics", 405, "only GET and HEAD\n"),
        (true, "DELETE", "/readyz", 405, "only GET and HEAD\n"),
    ] {
        let answer = ask(&start(is_ready), method, path);
        let (head, found) = answer.split_once("\r\n\r\n").expect("a head");
        let head = head.to_lowercase();
        assert!(head.starts_with(&format!("http/1.1 {code} ")), "{method} {path}: {head}");
        assert_eq!(found, body, "{method} {path}");
        assert_eq!(head.contains("allow: get, head"), code == 405);
        if path.starts_with("/metrics") && code == 200 {
            assert!(head.contains("content-type: text/plain; version=0.0.4"), "{head}");
            assert!(head.contains("content-length: 15"), "{head}");
        }
    }
}

/// Scenario: two requests on one connection.
/// Guarantees: it is kept open between them.
#[test]
fn connections_are_kept() {
    let request = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    let admin = start(true);
    let mut stream = TcpStream::connect(admin.address()).expect("it listens");
    stream.write_all(request.repeat(2).as_bytes()).expect("sent");
    stream.shutdown(Shutdown::Write).expect("half closed");
    let mut answers = String::new();
    stream.read_to_string(&mut answers).expect("read");
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 2, "{answers}");
}

/// Scenario: a head that does not end, far too many headers, and no HTTP at all.
/// Guarantees: each is refused, and the next client is served.
#[test]
fn nonsense_is_refused() {
    let admin = start(true);
    let long = format!("GET /metrics HTTP/1.1\r\nX: {}\r\n\r\n", "a".repeat(64 * 1024));
    let many = format!("GET /metrics HTTP/1.1\r\n{}\r\n", "X: a\r\n".repeat(200));
    for wrong in [long.as_str(), &many, "\x16\x03\x01\x02\x00\x01\r\n\r\n"] {
        let answer = exchange(&admin, wrong);
        assert!(!answer.contains(" 200 "), "{answer}");
    }
    assert!(ask(&admin, "GET", "/metrics").contains("200 OK"));
}

/// Scenario: as many silent connections as there may be, and one more.
/// Guarantees: that one is closed without an answer; when one of the others goes,
/// clients are served again.
#[test]
fn connections_are_bounded() {
    let admin = start(true);
    let connect = || TcpStream::connect(admin.address()).expect("it listens");
    let mut silent: Vec<_> = (0..CONNECTIONS_MAX).map(|_| connect()).collect();
    assert_eq!(ask(&admin, "GET", "/healthz"), "");
    silent.clear();
    for _ in 0..500 {
        if ask(&admin, "GET", "/healthz").contains("200 OK") {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("nobody is served any more");
}

/// Scenario: a client that says nothing, by a clock that is put on.
/// Guarantees: its connection is closed.
#[tokio::test(start_paused = true)]
async fn silence_is_not_kept() {
    let socket = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = socket.local_addr().expect("bound");
    tokio::spawn(serve(socket, Arc::new(Told { is_ready: true })));
    let stream = TcpStream::connect(address).expect("it listens");
    stream.set_nonblocking(true).expect("set");
    let stream = tokio::net::TcpStream::from_std(stream).expect("registered");
    stream.readable().await.expect("it ends");
    assert_eq!(stream.try_read(&mut [0; 16]).ok(), Some(0));
}
