//! Little matches: `logwasp detect` beside ripgrep, which only finds lines.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use logwasp_core::scan::Plan;

use crate::Bench;
use crate::files::lines;
use crate::generate::{Log, Mix};
use crate::measure::{Contender, Cost, child, medians};
use crate::needles::{Set, ids_spelled_out, literals};
use crate::table::{Amount, Row};

/// Every log with one interesting record in a thousand, and the honest mixes; for each
/// set of detectors.
pub(crate) fn rows(bench: &Bench) -> Result<Vec<Row>> {
    let little = Log::ALL.map(|log| (log, Mix::Little));
    let honest = [Log::EventXml, Log::Ndjson, Log::ExchangeSmtp].map(|log| (log, Mix::Honest));
    let mut rows = Vec::new();
    for set in &bench.sets {
        for (log, mix) in little.into_iter().chain(honest) {
            rows.push(row(bench, set, log, mix)?);
        }
    }
    Ok(rows)
}

/// The part of ripgrep's speed that is the goal.
const GOAL: f64 = 0.8;

fn row(bench: &Bench, set: &Set, log: Log, mix: Mix) -> Result<Row> {
    let path = bench.files.get(log, mix)?;
    let work = match mix {
        Mix::Honest => format!("{}, honest mix, {}", log.name(), set.name),
        _ => format!("{}, little matches, {}", log.name(), set.name),
    };
    let args: Vec<&str> = set.detectors.iter().flat_map(|name| ["--detector", name]).collect();
    let mut decoded = 0;
    let mut contenders = vec![Contender::new("logwasp", || {
        let (cost, ledger) = detect(bench, &path, &args)?;
        decoded = ledger["decoded"].as_u64().context("the ledger counts records")?;
        Ok(cost)
    })];
    if bench.has_ripgrep {
        contenders.extend(ripgreps(&set.plan, log, &path));
    }
    let names: Vec<String> = contenders.iter().map(|contender| contender.name.clone()).collect();
    let costs = medians(bench.rounds, &mut contenders)?;
    drop(contenders);
    let (ours, peers) = costs.split_first().context("we took part")?;
    if bench.verbose {
        for (name, cost) in names.iter().zip(&costs) {
            eprintln!(
                "{work}: {name}: {:.3} s CPU, {:.3} s",
                cost.cpu.as_secs_f64(),
                cost.wall.as_secs_f64()
            );
        }
    }
    let best = peers.iter().zip(names.iter().skip(1)).min_by_key(|(cost, _)| cost.cpu);
    let candidates = 100.0 * decoded as f64 / lines(&path)? as f64;
    Ok(Row {
        work,
        amount: Amount::Bytes(path.metadata()?.len()),
        ours: *ours,
        peer: best.map_or_else(|| "ripgrep".to_owned(), |(_, name)| name.clone()),
        theirs: best.map(|(cost, _)| *cost),
        goal: Some(GOAL),
        note: format!("{candidates:.2} % candidates"),
    })
}

/// Runs this build over a file, on one thread. Its cost and its ledger.
pub(crate) fn detect(
    bench: &Bench,
    path: &Path,
    args: &[&str],
) -> Result<(Cost, serde_json::Value)> {
    let mut command = Command::new(&bench.logwasp);
    command.args(["detect", "--threads", "1", "--output", "ndjson", "--stats", "json"]);
    let (cost, _, err) = child(command.args(args).arg(path))?;
    let ledger = err.lines().rev().find(|line| line.starts_with('{'));
    Ok((cost, serde_json::from_str(ledger.context("--stats json prints an object")?)?))
}

/// ripgrep in each way to do it: with the scan's own literals (the keys of event ids
/// are in every line then) or with every wanted id spelled out, mapping the file or
/// reading it. The best one is the peer.
fn ripgreps<'a>(plan: &Plan, log: Log, path: &'a Path) -> Vec<Contender<'a>> {
    let mut needles: Vec<_> = [literals(plan, log), ids_spelled_out(plan, log)].into();
    needles.dedup();
    let ways = [("mmap", "--mmap"), ("read", "--no-mmap")];
    let all = needles.into_iter().flatten().flat_map(|needles| {
        ways.map(|(name, way)| {
            let name = format!("ripgrep, {} needles, {name}", needles.len());
            let needles = needles.clone();
            Contender::new(&name, move || {
                let mut command = Command::new("rg");
                command.args(["--no-config", "-F", "-j1", "-c", way]);
                for needle in &needles {
                    command.args(["-e", needle]);
                }
                Ok(child(command.arg("--").arg(path))?.0)
            })
        })
    });
    all.collect()
}
