//! The service under a service manager: what it tells, and its unit.

use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::Duration;

use crate::service::{Running, Service, output_of, text};
use crate::support::root;

/// The next thing that a manager hears, but for the watchdog.
fn heard(manager: &UnixDatagram) -> String {
    let mut buffer = [0; 256];
    loop {
        let count = manager.recv(&mut buffer).expect("something is told in time");
        let told = String::from_utf8_lossy(&buffer[..count]).into_owned();
        if told != "WATCHDOG=1" {
            return told;
        }
    }
}

/// Scenario: a service is started, reloaded with a config that is wrong and one that is
/// right, and stopped.
/// Guarantees: its manager hears of each, in order, and that the loop turns.
#[test]
fn a_manager_hears() {
    let service = Service::over("logs/*");
    let path = service.folder.path().join("notify");
    let manager = UnixDatagram::bind(&path).expect("bound");
    manager.set_read_timeout(Some(Duration::from_secs(20))).expect("set");
    let mut command = service.command("run", &[]);
    command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "300000");
    let log = std::fs::File::create(service.log()).expect("created");
    let running = Running(command.stderr(log).spawn().expect("it starts"));
    let reload = || {
        let output = output_of(service.command("reload", &[]));
        assert_eq!(output.status.code(), Some(0), "{}", text(output.stderr));
    };
    assert!(heard(&manager).starts_with("READY=1\n"));
    let mut buffer = [0; 256];
    let count = manager.recv(&mut buffer).expect("the watchdog is told");
    assert_eq!(&buffer[..count], b"WATCHDOG=1");
    service.configure("logs/*", "[detector.schannel.config]\nno_such_option = 1\n");
    reload();
    assert!(heard(&manager).starts_with("RELOADING=1\nMONOTONIC_USEC="));
    assert!(heard(&manager).starts_with("READY=1\n"));
    service.configure("logs/*", "[detector.schannel]\nenabled = false\n");
    reload();
    assert!(heard(&manager).starts_with("RELOADING=1\nMONOTONIC_USEC="));
    assert!(heard(&manager).starts_with("READY=1\n"));
    running.stop();
    assert!(heard(&manager).starts_with("STOPPING=1\n"));
}

/// Scenario: `systemd-analyze` looks at the unit.
/// Guarantees: its exposure is at most 2.0.
#[test]
fn the_unit_is_hardened() {
    let unit = root().join("contrib/systemd/logwasp.service");
    let mut command = Command::new("systemd-analyze");
    command.args(["security", "--offline=yes", "--threshold=20", "--no-pager"]).arg(unit);
    let Ok(output) = command.output() else {
        println!("skipped: systemd-analyze is not installed");
        return;
    };
    let told = text(output.stdout) + &text(output.stderr);
    if told.contains("unrecognized option") {
        println!("skipped: this systemd-analyze knows no units offline");
        return;
    }
    let score = told
        .lines()
        .find_map(|line| line.split_once("Overall exposure level")?.1.split(' ').nth(3));
    let score: f64 = score.and_then(|score| score.parse().ok()).expect(&told);
    assert!(score <= 2.0 && output.status.success(), "{told}");
}
