//! Every line matches and goes to a guest that counts it: what the sandbox costs.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use anyhow::{Context, Result, ensure};
use jiff::tz::TimeZone;
use logwasp::alert::Alert;
use logwasp::clock::now_nanos;
use logwasp::pipeline::{self, Detectors, Options, Outcome, ReadOptions};
use logwasp::sandbox::{Batch, Fault, Guest, Sandbox, Started};
use logwasp::source::Input;
use logwasp_core::time::Zones;

use crate::Bench;
use crate::files::lines;
use crate::generate::{Log, Mix};
use crate::measure::{Contender, Cost, here, medians};
use crate::table::{Amount, Row};

/// The sandbox may take 30 % of the whole path.
const GOAL: f64 = 0.7;

/// Without the guest's module there is no such row.
pub(crate) fn rows(bench: &Bench) -> Result<Vec<Row>> {
    let Some(module) = &bench.guest else {
        eprintln!("no --guest MODULE: `cargo xtask bench` builds it");
        return Ok(Vec::new());
    };
    let component = componentize(module)?;
    let path = bench.files.get(Log::Iis, Mix::All)?;
    let mut contenders = [
        Contender::new("sandboxed", || run(&path, sandboxed(&component)?)),
        Contender::new("native", || run(&path, native(&component)?)),
    ];
    let costs = medians(bench.rounds, &mut contenders)?;
    drop(contenders);
    let [ours, theirs] = costs.try_into().ok().context("both took part")?;
    let tax = 1.0 - theirs.cpu.as_secs_f64() / ours.cpu.as_secs_f64();
    Ok(vec![Row {
        work: "IIS, every line -> guest of 3 columns".to_owned(),
        // Directives are no events.
        amount: Amount::Events(lines(&path)? - 4),
        ours,
        peer: "the same guest, native".to_owned(),
        theirs: Some(theirs),
        goal: Some(GOAL),
        note: format!("sandbox tax {:.0} % (goal 30 %); goal 3 M events/s", 100.0 * tax),
    }])
}

fn componentize(module: &Path) -> Result<Vec<u8>> {
    let module = std::fs::read(module).with_context(|| module.display().to_string())?;
    let mut encoder = wit_component::ComponentEncoder::default();
    encoder.module(&module).and_then(wit_component::ComponentEncoder::encode)
}

fn sandboxed(component: &[u8]) -> Result<Detectors> {
    let sandbox = Sandbox::new(None).map_err(anyhow::Error::msg)?;
    let plugin = sandbox.load(component).map_err(|error| anyhow::anyhow!("{error}"))?;
    let started = plugin.start("{}", None).map_err(|fault| anyhow::anyhow!("{fault}"))?;
    detectors(started)
}

fn native(component: &[u8]) -> Result<Detectors> {
    let sandbox = Sandbox::new(None).map_err(anyhow::Error::msg)?;
    let plugin = sandbox.load(component).map_err(|error| anyhow::anyhow!("{error}"))?;
    let started = plugin.start("{}", None).map_err(|fault| anyhow::anyhow!("{fault}"))?;
    detectors(Started { guest: Count::default(), subscriptions: started.subscriptions })
}

fn detectors<G: Guest + 'static>(started: Started<G>) -> Result<Detectors> {
    let mut detectors = Detectors::none();
    let added = detectors.add("count", started, false);
    added.map_err(|problem| anyhow::anyhow!("{problem:?}"))?;
    Ok(detectors)
}

/// From the first byte to the last row; loading the guest is not part of it.
fn run(path: &Path, detectors: Detectors) -> Result<Cost> {
    let options = Options {
        read: ReadOptions {
            format: None,
            zones: Zones::all_in(TimeZone::UTC),
            now_nanos: now_nanos(),
        },
        prefilter: true,
        threads: 1,
        progress: Arc::new(AtomicU64::new(0)),
    };
    let inputs = [Input::File(path.to_owned())];
    let (cost, outcome) = here(|| {
        let outcome = pipeline::detect(&inputs, detectors, &options);
        outcome.map_err(|problem| anyhow::anyhow!("{problem:?}"))
    })?;
    check(&outcome)?;
    Ok(cost)
}

fn check(outcome: &Outcome) -> Result<()> {
    ensure!(outcome.faulted.is_empty(), "{:?}", outcome.faulted);
    let stats = &outcome.stats;
    ensure!(stats.is_balanced() && stats.rows_delivered == stats.ledger.records, "{stats:?}");
    Ok(())
}

/// What the guest does, without a sandbox and without its SDK.
#[derive(Debug, Default)]
struct Count {
    rows: u64,
    bytes: u64,
}

impl Guest for Count {
    fn process(&mut self, batch: &Batch) -> Result<Vec<Alert>, Fault> {
        for rows in batch.groups() {
            self.rows += rows.order.len() as u64;
            for column in &rows.columns {
                let mut start = 0;
                for end in &column.ends {
                    let end = end & !(1 << 31);
                    self.bytes += u64::from(std::hint::black_box(end - start));
                    start = end;
                }
            }
        }
        Ok(Vec::new())
    }

    fn advance(&mut self, _: i64) -> Result<Vec<Alert>, Fault> {
        Ok(Vec::new())
    }

    fn finish(&mut self) -> Result<Vec<Alert>, Fault> {
        std::hint::black_box((self.rows, self.bytes));
        Ok(Vec::new())
    }

    fn snapshot(&mut self) -> Result<Vec<u8>, Fault> {
        Ok(Vec::new())
    }
}
