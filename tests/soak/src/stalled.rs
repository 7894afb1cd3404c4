//! Stalled: a replay full of alerts, for a sink that takes nothing for long.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::Bench;
use crate::lines::Lines;
use crate::service::Service;
use crate::watch::Watch;
use crate::web::Web;

/// One line in so many is an alert.
const ALERT_EVERY: u64 = 30;
/// Memory of the service at most.
const RSS_MIB_MAX: f64 = 150.0;
/// How long the sink stalls after the service has stopped to read.
const STALL: Duration = Duration::from_secs(30);

pub(crate) fn run(bench: &Bench, megabytes: u64) -> Result<()> {
    let web = Web::start()?;
    let path = bench.folder.path().join("replay.log");
    write(&path, megabytes << 20)?;
    let service = Service::new(bench, |_| {
        format!(
            "[detector.sequence.config]\nalert_every = 1\n\
             [service]\nlog = 'json'\ndrain_timeout = '1h'\n\
             [source.files]\ntype = 'file'\npaths = ['{}']\n\
             [sink.out]\ntype = 'webhook'\nurl = '{}'\n",
            path.display(),
            web.url()
        )
    })?;
    let start = Watch::start();
    let mut process = service.start(&["--once"])?;
    service.wait_for("its backlog is full")?;
    let full = start.elapsed();
    sleep(STALL);
    let (rss, stalled_rss) = (process.rss_mib()?, process.rss_mib_max()?);
    println!(
        "full after {:.1} s, {} requests unanswered; stalled: {rss:.0} MiB, {stalled_rss:.0} at most",
        full.as_secs_f64(),
        web.requests(),
    );
    web.recover();
    let recovered = Watch::start();
    let (rss_mib_max, cpu, status) = process.wait()?;
    ensure!(status.success(), "{}", service.log());
    let confirmed = web.confirmed();
    let repeats: u64 = confirmed.values().map(|count| count - 1).sum();
    println!(
        "{} alerts delivered {:.0} s after it recovered, {repeats} of them twice; {:.0} CPU-s; \
         {rss_mib_max:.0} MiB at most",
        confirmed.len(),
        recovered.elapsed().as_secs_f64(),
        cpu.as_secs_f64(),
    );
    let expected = detected(&service, &path)?;
    let confirmed: BTreeSet<String> = confirmed.into_keys().collect();
    let (lost, made_up) =
        (expected.difference(&confirmed).count(), confirmed.difference(&expected).count());
    ensure!(lost + made_up == 0, "{lost} are lost, {made_up} nobody raised");
    println!("the alerts of `detect`, none is missing");
    ensure!(rss_mib_max < RSS_MIB_MAX, "more than {RSS_MIB_MAX} MiB");
    Ok(())
}

fn write(path: &Path, bytes: u64) -> Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    let mut lines = Lines::saved(1_000);
    let mut line = Vec::new();
    let mut written = 0;
    while written < bytes {
        line.clear();
        lines.write(ALERT_EVERY, &mut line)?;
        out.write_all(&line)?;
        written += line.len() as u64;
    }
    Ok(out.flush()?)
}

/// Id and revision of every alert that `detect` raises.
fn detected(service: &Service<'_>, path: &Path) -> Result<BTreeSet<String>> {
    let mut command = service.command("detect");
    command.args(["--config", "logwasp.toml", "--output", "ndjson", "--stats", "none"]).arg(path);
    let output = command.output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout)?;
    text.lines()
        .map(|line| {
            let alert: Value = serde_json::from_str(line)?;
            let id = alert["id"].as_str().context("an id")?;
            Ok(format!("{id}-{}", alert["revision"]))
        })
        .collect()
}
