//! Durable: what the journal costs a replay.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::Bench;
use crate::lines::Lines;
use crate::service::{FILE_SINK, Service};
use crate::watch::Watch;

/// Rounds of each; the median counts.
const ROUNDS: usize = 3;
/// With the journal a replay has at least so much of the speed without.
const GOAL: f64 = 0.8;

pub(crate) fn run(bench: &Bench, megabytes: u64) -> Result<()> {
    for (noted_every, megabytes) in [(1_000, megabytes), (100, megabytes), (1, megabytes / 4)] {
        let path = bench.folder.path().join("replay.log");
        let lines = write(&path, noted_every, megabytes << 20)?;
        let mut costs = [Vec::new(), Vec::new()];
        for _ in 0..ROUNDS {
            for (interval, costs) in ["200ms", "0s"].iter().zip(&mut costs) {
                costs.push(replay(bench, &path, interval, lines / noted_every)?);
            }
        }
        let [with, without] = costs.map(median);
        let speed = |cost: &Cost| megabytes as f64 / cost.wall.as_secs_f64();
        println!(
            "1 line in {noted_every} matches: {:.0} MB/s with the journal, {:.0} without: {:.2} of \
             the speed, {:.2} of the CPU time; {:.0} and {:.0} MiB at most",
            speed(&with),
            speed(&without),
            speed(&with) / speed(&without),
            with.cpu.as_secs_f64() / without.cpu.as_secs_f64(),
            with.rss_mib_max,
            without.rss_mib_max,
        );
        let is_met = speed(&with) / speed(&without) >= GOAL;
        println!("  goal {GOAL}: {}", if is_met { "met" } else { "missed" });
        std::fs::remove_file(&path)?;
    }
    Ok(())
}

struct Cost {
    wall: Duration,
    cpu: Duration,
    rss_mib_max: f64,
}

fn median(mut costs: Vec<Cost>) -> Cost {
    costs.sort_by_key(|cost| cost.wall);
    costs.swap_remove(costs.len() / 2)
}

fn write(path: &std::path::Path, noted_every: u64, bytes: u64) -> Result<u64> {
    let mut out = BufWriter::new(File::create(path)?);
    let (mut lines, mut count) = (Lines::saved(1_000), 0);
    let mut line = Vec::new();
    let mut written = 0;
    while written < bytes || !u64::is_multiple_of(count, noted_every) {
        line.clear();
        lines.write(noted_every, &mut line)?;
        out.write_all(&line)?;
        written += line.len() as u64;
        count += 1;
    }
    out.flush()?;
    Ok(count)
}

fn replay(bench: &Bench, path: &std::path::Path, interval: &str, rows: u64) -> Result<Cost> {
    let service = Service::new(bench, |_| {
        format!(
            "[service]\nlog = 'json'\ncommit_interval = '{interval}'\n[source.files]\n\
             type = 'file'\npaths = ['{}']\n{FILE_SINK}",
            path.display()
        )
    })?;
    let start = Watch::start();
    let (rss_mib_max, cpu, status) = service.start(&["--once"])?.wait()?;
    let wall = start.elapsed();
    ensure!(status.success(), "{}", service.log());
    // Beside the lines, what is covered of the host is a row.
    let delivered = service.accounted("rows_delivered")?;
    ensure!(delivered >= rows && service.accounted("rows_late")? == 0, "{}", service.log());
    Ok(Cost { wall, cpu, rss_mib_max })
}
