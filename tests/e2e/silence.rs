//! Sources that fall silent, and what is said of it.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;

use crate::service::Service;

/// A log with one line, whose source may be silent for so long.
fn soon_silent() -> Service {
    let service = Service::over("logs/*");
    let config = fs::read_to_string(service.config()).expect("readable");
    let config = config.replace("paths =", "silent_after = '2s'\npaths =");
    fs::write(service.config(), config).expect("written");
    speak(&service);
    service
}

fn speak(service: &Service) {
    let mut out = OpenOptions::new();
    let out = out.create(true).append(true).open(service.logs().join("app.log"));
    let line = b"<13>1 2026-11-20T09:00:00Z dc01 app - - - a word\n";
    out.expect("opens").write_all(line).expect("written");
}

/// The ids and activities of what was delivered. A kill between delivery and
/// acknowledgement delivers again, and says the same.
fn told(service: &Service) -> Vec<(String, String)> {
    let alerts = service.delivered();
    let mut told = BTreeSet::new();
    let alerts = alerts.lines().filter(|line| told.insert(*line));
    let alerts = alerts.map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    alerts.map(|alert| (alert["id"].to_string(), alert["activity"].to_string())).collect()
}

fn wait_for_told(service: &Service, count: usize) -> Vec<(String, String)> {
    for _ in 0..1_200 {
        let told = told(service);
        if told.len() >= count {
            return told;
        }
        sleep(Duration::from_millis(50));
    }
    panic!("{:?}", told(service));
}

fn assert_is_one_incident(told: &[(String, String)]) {
    assert_eq!([&told[0].1, &told[1].1], ["\"create\"", "\"close\""]);
    assert_eq!(told[0].0, told[1].0);
}

/// Scenario: a source falls silent, the service is killed and started, and only then
/// the source speaks.
/// Guarantees: its silence is told once, and its end once, with the same id.
#[test]
fn silence_outlives_a_kill() {
    let service = soon_silent();
    let mut running = service.start();
    wait_for_told(&service, 1);
    running.kill();
    fs::write(service.log(), "").expect("written");
    let running = service.start();
    service.wait_for("the service runs");
    sleep(Duration::from_secs(4));
    assert_eq!(told(&service).len(), 1, "{:?}", told(&service));
    speak(&service);
    let told = wait_for_told(&service, 2);
    running.stop();
    assert_is_one_incident(&told);
}

/// Scenario: a source is silent, and a reload watches it no more.
/// Guarantees: its silence ends, with the same id.
#[test]
fn silence_ends_with_the_watch() {
    let service = soon_silent();
    let running = service.start();
    wait_for_told(&service, 1);
    service.configure("logs/*", "");
    running.signal(rustix::process::Signal::HUP);
    let told = wait_for_told(&service, 2);
    running.stop();
    assert_is_one_incident(&told);
}
