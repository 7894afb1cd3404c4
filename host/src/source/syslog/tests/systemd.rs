//! Sockets that were opened by somebody else.

use std::io::Write;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;

use super::*;

/// Scenario: a process that is started as systemd starts one: with a TCP and a UDP
/// socket, their names in the environment, and messages that wait in both.
/// Guarantees: it finds them by name and reads what was waiting.
#[test]
fn passed_sockets_are_read() {
    let tcp = TcpListener::bind("127.0.0.1:0").expect("bound");
    let udp = UdpSocket::bind("127.0.0.1:0").expect("bound");
    let mut stream =
        TcpStream::connect(tcp.local_addr().expect("bound")).expect("it is listened on");
    stream.write_all(b"<13>over tcp\n").expect("sent");
    udp.send_to(b"<13>over udp", udp.local_addr().expect("bound")).expect("sent");
    // A shell moves them to where systemd puts them.
    let script = "exec 3<&0 4<&1 </dev/null >/dev/null; \
                  exec env LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=stream:datagrams \"$0\" \"$@\"";
    let name = std::thread::current().name().expect("a test has a name").to_owned();
    let child = name.replace("passed_sockets_are_read", "a_process_with_passed_sockets");
    let status = Command::new("sh")
        .args(["-c", script])
        .arg(std::env::current_exe().expect("this program"))
        .args(["--exact", &child, "--ignored"])
        .stdin(OwnedFd::from(tcp))
        .stdout(OwnedFd::from(udp))
        .status()
        .expect("a shell");
    assert!(status.success());
}

/// Scenario: the process of the test above.
/// Guarantees: as above; and a name that was not passed is told.
#[test]
#[ignore = "started by `passed_sockets_are_read`, with sockets"]
fn a_process_with_passed_sockets() {
    let names = std::env::var_os("LISTEN_FDNAMES").expect("started as it should be");
    let mut inherited = Inherited::take_all(names.to_str());
    let runtime = Runtime::new().expect("a runtime");
    let (out, batches) = mpsc::channel(9);
    let counters = Arc::new(Counters::default());
    let start = |listen: &[&str], inherited: &mut Inherited| {
        let counters = Arc::clone(&counters);
        start(loopback(listen), inherited, runtime.handle(), out.clone(), counters)
    };
    let both = ["systemd://stream", "systemd://datagrams"];
    let running = start(&both, &mut inherited).expect("they were passed");
    let mut source = Source {
        running: Some(running),
        batches,
        counters: Arc::clone(&counters),
        runtime: Runtime::new().expect("a runtime"),
    };
    let mut found = [lines(&source.batch()), lines(&source.batch())].concat();
    found.sort();
    assert_eq!(found, ["<13>over tcp", "<13>over udp"]);
    let problem = start(&both, &mut inherited).expect_err("each is given once");
    assert!(problem.what.contains("no socket named `stream`"), "{problem}");
}
