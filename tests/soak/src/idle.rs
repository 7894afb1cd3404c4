//! Idle: what the service holds while nothing happens.

use std::io::Write;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::Bench;
use crate::lines::Lines;
use crate::service::{FILE_SINK, Service, free_port};

/// Memory of the idle service at most.
const RSS_MIB_MAX: f64 = 40.0;

/// All detectors, three files and a syslog listener, for so many seconds: at the very
/// first start, which compiles the detectors, and at a later one.
pub(crate) fn run(bench: &Bench, seconds: u64) -> Result<()> {
    let port = free_port()?;
    let service = Service::new(bench, |_| {
        format!(
            "[source.files]\ntype = 'file'\npaths = ['logs']\n[source.net]\ntype = 'syslog'\n\
             listen = ['tcp://127.0.0.1:{port}', 'udp://127.0.0.1:{port}']\n{FILE_SINK}"
        )
    })?;
    std::fs::create_dir(service.path("logs"))?;
    for name in ["a", "b", "c"] {
        let (mut out, mut lines) =
            (service.create(&format!("logs/{name}.log"))?, Lines::saved(100));
        for _ in 0..1_000 {
            lines.write(100, &mut out)?;
        }
        out.flush()?;
    }
    std::fs::remove_dir_all(bench.cache())?;
    rest(&service, "the very first start", seconds)?;
    rest(&service, "a later one", seconds)
}

fn rest(service: &Service<'_>, name: &str, seconds: u64) -> Result<()> {
    std::fs::write(service.path("log"), "")?;
    let process = service.start_and_wait("listening")?;
    sleep(Duration::from_secs(seconds / 2));
    let before = process.cpu()?;
    sleep(Duration::from_secs(seconds - seconds / 2));
    let cpu = process.cpu()?.saturating_sub(before).as_secs_f64() / (seconds - seconds / 2) as f64;
    let (rss, most) = (process.rss_mib()?, process.rss_mib_max()?);
    println!("idle, {name}: {rss:.1} MiB ({most:.1} at most), {:.1} % of a CPU", cpu * 100.0);
    ensure!(process.stop()?.success(), "{}", service.log());
    ensure!(rss < RSS_MIB_MAX, "more than {RSS_MIB_MAX} MiB");
    Ok(())
}
