//! The endpoints of the running program: health, and numbers that must be true.

use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;

use crate::service::{Running, Service, lockouts, output_of, text};

/// A port of loopback that nobody uses at the moment.
fn free_port() -> u16 {
    let socket = TcpListener::bind("127.0.0.1:0").expect("a port");
    socket.local_addr().expect("bound").port()
}

/// The code and the body; `None` while nobody listens.
fn get(port: u16, path: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let code = head.split(' ').nth(1)?.parse().ok()?;
    Some((code, body.to_owned()))
}

/// A service that tells how it fares.
struct Told {
    service: Service,
    port: u16,
}

impl Told {
    fn new(more: &str) -> Self {
        let told = Self { service: Service::over("logs/*"), port: free_port() };
        told.configure(more);
        told
    }

    fn configure(&self, more: &str) {
        let admin = format!("[admin]\nlisten = '127.0.0.1:{}'\n{more}", self.port);
        self.service.configure("logs/*", &admin);
    }

    fn start(&self) -> Running {
        let running = self.service.start();
        self.wait_for("/readyz", |code, _| code == 200);
        running
    }

    /// Appends lines; the bytes so far. The last line's end comes with the next one:
    /// it belongs to no record, and is not counted before.
    fn write(&self, lines: &[String]) -> u64 {
        let log = self.service.logs().join("dc.xml");
        let mut out = OpenOptions::new().create(true).append(true).open(log).expect("opens");
        if out.metadata().expect("there").len() > 0 {
            out.write_all(b"\n").expect("written");
        }
        out.write_all(lines.concat().trim_end().as_bytes()).expect("written");
        out.metadata().expect("there").len()
    }

    /// Waits until an answer is as it should be.
    fn wait_for(&self, path: &str, is_right: impl Fn(u16, &str) -> bool) -> String {
        let mut last = None;
        // Detectors may have to be compiled first, by many services at once.
        for _ in 0..2_400 {
            last = get(self.port, path);
            if let Some((code, body)) = &last
                && is_right(*code, body)
            {
                return body.clone();
            }
            sleep(Duration::from_millis(25));
        }
        let log = fs::read_to_string(self.service.log()).unwrap_or_default();
        let last =
            last.map_or_else(String::new, |(code, body)| format!("{code}\n{}", brief(&body)));
        panic!("{path} never was right: {last}\n{log}")
    }

    /// Waits until a sample has a value; all samples then.
    fn wait_for_sample(&self, name: &str, value: f64) -> String {
        self.wait_for("/metrics", |_, body| sample(body, name) == Some(value))
    }
}

/// The samples without what is said of them, and without buckets.
fn brief(body: &str) -> String {
    let is_brief = |line: &&str| !line.starts_with('#') && !line.contains("_bucket{");
    body.lines().filter(is_brief).collect::<Vec<_>>().join("\n")
}

/// The sample of that name with its labels.
fn sample(body: &str, name: &str) -> Option<f64> {
    let line = body.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
    line.parse().ok()
}

/// The sum of all samples of a metric.
fn sum(body: &str, metric: &str) -> f64 {
    let of = |line: &str| line.starts_with(&format!("{metric}{{"));
    let value = |line: &str| line.rsplit(' ').next().and_then(|value| value.parse::<f64>().ok());
    body.lines().filter(|line| of(line)).filter_map(value).sum()
}

/// Scenario: a service reads a log with a damaged record, is reloaded with a detector
/// less, and reads more.
/// Guarantees: bytes, records, damage, alerts and deliveries are those of what was
/// written and delivered, over the reload too; the reload is counted.
#[test]
fn figures_are_those_of_what_was_written() {
    let told = Told::new("");
    let lines = lockouts(6);
    let (first, second) = lines.split_at(lines.len() / 2);
    let damaged = first[0].replace("</Event>", "");
    let bytes = told.write(&[&[damaged], first].concat());
    let running = told.start();
    let name = "logwasp_source_bytes_total{source=\"files\"}";
    told.wait_for_sample(name, bytes as f64);
    told.configure("[detector.schannel]\nenabled = false\n");
    let output = output_of(told.service.command("reload", &[]));
    assert_eq!(output.status.code(), Some(0), "{}", text(output.stderr));
    told.service.wait_for("the config was read again");
    let bytes = told.write(second);
    told.wait_for_sample(name, bytes as f64);
    told.service.wait_until_quiet();
    let alerts = told.service.delivered().lines().count() as f64;
    let body = told.wait_for_sample("logwasp_sink_delivered_alerts_total{sink=\"out\"}", alerts);
    let records = sample(&body, "logwasp_source_records_total{source=\"files\"}");
    let rows = sample(&body, "logwasp_source_rows_total{source=\"files\"}");
    assert!(alerts > 3.0 && records >= rows && rows > Some(0.0), "{}", brief(&body));
    assert_eq!(Some(sum(&body, "logwasp_alerts_total")), Some(alerts), "{}", brief(&body));
    for (name, value) in [
        ("logwasp_source_damaged_records_total{source=\"files\"}", 1.0),
        ("logwasp_source_streams{source=\"files\"}", 1.0),
        ("logwasp_source_unread_bytes{source=\"files\"}", 0.0),
        ("logwasp_config_reloads_total{result=\"taken\"}", 1.0),
        ("logwasp_detector_quarantined{detector=\"lockout\"}", 0.0),
        ("logwasp_sink_backlog_alerts{sink=\"out\"}", 0.0),
        ("logwasp_sink_blocking{sink=\"out\"}", 0.0),
    ] {
        assert_eq!(sample(&body, name), Some(value), "{name}\n{}", brief(&body));
    }
    for name in [
        "logwasp_detector_call_seconds_count{detector=\"lockout\"}",
        "logwasp_detector_memory_bytes{detector=\"lockout\"}",
        "logwasp_commit_seconds_count",
        "logwasp_state_bytes",
        "process_resident_memory_bytes",
    ] {
        assert!(sample(&body, name) > Some(0.0), "{name}\n{}", brief(&body));
    }
    running.stop();
}

/// Scenario: a sink whose peer is not there, with a backlog that is soon full.
/// Guarantees: the service is healthy but not ready, and says which sink it is; when
/// there is room again it is ready.
#[test]
fn a_full_sink_is_not_ready() {
    let hook = |more: &str| {
        let peer = free_port();
        format!("[sink.hook]\ntype = 'webhook'\nurl = 'http://127.0.0.1:{peer}/'\n{more}")
    };
    let told = Told::new("");
    let config = fs::read_to_string(told.service.config()).expect("readable");
    let config = config.replace("[service]\n", "[service]\ndrain_timeout = '100ms'\n");
    let with = |more: &str| fs::write(told.service.config(), config.clone() + &hook(more));
    with("backlog_bytes_max = 65536\n").expect("written");
    let _running = told.start();
    told.write(&lockouts(100));
    let why = told.wait_for("/readyz", |code, _| code == 503);
    assert_eq!(why, "the backlog of sink `hook` is full: nothing is read until there is room\n");
    assert_eq!(get(told.port, "/healthz"), Some((200, "ok\n".to_owned())));
    told.wait_for_sample("logwasp_sink_failing{sink=\"hook\"}", 1.0);
    let body = told.wait_for_sample("logwasp_sink_blocking{sink=\"hook\"}", 1.0);
    assert!(
        sample(&body, "logwasp_sink_backlog_bytes{sink=\"hook\"}") >= Some(65536.0),
        "{}",
        brief(&body)
    );
    with("on_full = 'drop-counted'\n").expect("written");
    let output = output_of(told.service.command("reload", &[]));
    assert_eq!(output.status.code(), Some(0), "{}", text(output.stderr));
    told.wait_for("/readyz", |code, _| code == 200);
}

/// Scenario: the address of the config is in use; then the default one is; then there
/// is none.
/// Guarantees: an error that says where; a warning, and the service works; nothing.
#[test]
fn a_port_that_is_taken_is_told() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("bound");
    let service = Service::over("logs/*");
    service.configure("logs/*", &format!("[admin]\nlisten = '{address}'\n"));
    let output = output_of(service.command("run", &[]));
    assert_eq!(output.status.code(), Some(1));
    let told = text(output.stderr);
    let what = format!("the admin endpoints cannot be opened at {address}");
    assert!(told.contains(&what) && told.contains("logwasp.toml:"), "{told}");
    // Whether we have it or somebody else.
    let _default = TcpListener::bind("127.0.0.1:9464");
    service.configure("logs/*", "[admin]\n");
    let running = service.start();
    service.wait_for("there are no metrics and no health");
    service.wait_for("the service runs");
    running.stop();
    fs::write(service.log(), "").expect("written");
    service.configure("logs/*", "");
    let running = service.start();
    service.wait_for("the service runs");
    running.stop();
    let log = fs::read_to_string(service.log()).expect("the log");
    assert!(!log.contains("admin") && !log.contains("metrics"), "{log}");
}

/// A program of Debian's `prometheus`; `None` where it is not installed.
fn of_prometheus(name: &str) -> Option<Command> {
    let unpacked = std::env::var_os("LOGWASP_PROMETHEUS").map(PathBuf::from);
    let program = unpacked.map_or_else(|| name.into(), |dir| dir.join("usr/bin").join(name));
    let is_there = Command::new(&program).arg("--version").output().is_ok();
    if !is_there {
        println!("skipped: {name} is not installed");
    }
    is_there.then(|| Command::new(program))
}

/// A running Prometheus; killed when the test is over.
struct Prometheus {
    process: Child,
    port: u16,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

impl Prometheus {
    /// One that looks at a service five times a second.
    fn start(told: &Told) -> Option<Self> {
        let mut command = of_prometheus("prometheus")?;
        let (folder, port) = (told.service.folder.path(), free_port());
        let config = folder.join("prometheus.yml");
        let target = told.port;
        let text = format!(
            "scrape_configs:\n- job_name: logwasp\n  scrape_interval: 200ms\n  \
             scrape_timeout: 200ms\n  static_configs:\n  - targets: ['127.0.0.1:{target}']\n"
        );
        fs::write(&config, text).expect("written");
        let process = command
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", folder.join("tsdb").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Some(Self { process: process.expect("it starts"), port })
    }

    /// What a query without blanks gives, when it gives one number.
    fn query(&self, query: &str) -> Option<f64> {
        let (code, body) = get(self.port, &format!("/api/v1/query?query={query}"))?;
        let answer: Value = serde_json::from_str(&body).ok().filter(|_| code == 200)?;
        answer["data"]["result"][0]["value"][1].as_str()?.parse().ok()
    }

    fn wait_for(&self, query: &str, value: f64) {
        let mut last = None;
        for _ in 0..200 {
            last = self.query(query);
            if last == Some(value) {
                return;
            }
            sleep(Duration::from_millis(50));
        }
        panic!("{query} is {last:?}, not {value}");
    }
}

/// Scenario: `promtool` looks at the numbers, and Prometheus scrapes them while a log
/// is written.
/// Guarantees: no complaint; the service is up, and what Prometheus knows of it is
/// what was written and delivered.
#[test]
fn prometheus_understands_it() {
    let told = Told::new("");
    let running = told.start();
    let Some(prometheus) = Prometheus::start(&told) else { return running.stop() };
    let bytes = told.write(&lockouts(6));
    told.service.wait_until_quiet();
    let alerts = told.service.delivered().lines().count() as f64;
    assert!(alerts > 3.0);
    prometheus.wait_for("up", 1.0);
    prometheus.wait_for("logwasp_source_bytes_total{source=\"files\"}", bytes as f64);
    prometheus.wait_for("sum(logwasp_alerts_total)", alerts);
    let calls = prometheus
        .query("logwasp_detector_call_seconds_bucket{detector=\"lockout\",le=\"%2BInf\"}");
    assert!(calls > Some(0.0), "{calls:?}");
    let (_, body) = get(told.port, "/metrics").expect("it answers");
    let mut promtool = of_prometheus("promtool").expect("the same package");
    let mut promtool = promtool
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut stdin = promtool.stdin.take().expect("piped");
    stdin.write_all(body.as_bytes()).expect("taken");
    drop(stdin);
    let output = promtool.wait_with_output().expect("it ends");
    let complaints = text(output.stdout) + &text(output.stderr);
    assert!(output.status.success() && complaints.is_empty(), "{complaints}");
    running.stop();
}
