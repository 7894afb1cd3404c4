//! Detect: saved logs in, alerts out.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use logwasp_core::ledger::Ledger;
use logwasp_core::scan::Plan;

use super::detectors::{Detectors, Loaded, Stage};
use super::dispatch::{Dispatcher, Faulted, Work};
use super::harvest::{Harvest, Reaper, earlier};
use super::order::{Collector, Merge, RUN_BYTES_MAX};
use super::read::{Finding, ReadOptions};
use super::reasons::Reasons;
use super::row::Row;
use super::second_stage;
use super::witness::Witness;
use crate::alert::{Identified, Severity};
use crate::clock::{Stopwatch, process_cpu};
use crate::problem::Problem;
use crate::record::{SOURCES_MAX, Sources};
use crate::source::Input;

/// How to go about it.
#[derive(Debug, Clone)]
pub struct Options {
    /// How inputs are read.
    pub read: ReadOptions,
    /// False decodes everything.
    pub prefilter: bool,
    /// Threads that read, and whether detectors have their own.
    pub threads: usize,
    /// Counts the bytes read, for a progress bar.
    pub progress: Arc<AtomicU64>,
}

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    /// Alerts in the order of their decisions.
    pub alerts: Vec<Identified>,
    /// The names behind the evidence.
    pub sources: Sources,
    /// The accounts.
    pub stats: Stats,
    /// Detectors that were stopped.
    pub faulted: Vec<Faulted>,
    /// Damage, and inputs of unknown format.
    pub findings: Vec<Finding>,
    /// What detectors wrote to the log.
    pub log: Vec<(String, Severity, String)>,
    /// What detectors told of their decisions, when they were asked.
    pub reasons: Vec<(String, Reasons)>,
    /// Inputs that could not be read.
    pub problems: Vec<Problem>,
}

/// The accounts of a whole run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Inputs.
    pub inputs: u64,
    /// Bytes of the inputs, before decompression.
    pub bytes_read: u64,
    /// Of all streams together.
    pub ledger: Ledger,
    /// Rows matched: one event may give several.
    pub rows_matched: u64,
    /// Rows that detectors took.
    pub rows_delivered: u64,
    /// Rows that stopped detectors did not take.
    pub rows_quarantined: u64,
    /// Alerts raised.
    pub alerts_raised: u64,
    /// Alerts handed to the caller.
    pub alerts_delivered: u64,
    /// The oldest probed time.
    pub oldest: Option<i64>,
    /// The newest probed time.
    pub newest: Option<i64>,
    /// Probed times that lie in the future.
    pub future_times: u64,
    /// Findings that were only counted.
    pub findings_left_out: u64,
    /// From the first byte to the last alert.
    pub elapsed: Duration,
    /// What all threads computed.
    pub cpu: Duration,
}

impl Stats {
    /// True when everything that came in is accounted for.
    pub fn is_balanced(&self) -> bool {
        self.ledger.is_balanced()
            && self.rows_matched == self.rows_delivered + self.rows_quarantined
            && self.alerts_raised == self.alerts_delivered
    }
}

/// Reads all inputs and runs the detectors over what they want to see.
pub fn detect(
    inputs: &[Input],
    detectors: Detectors,
    options: &Options,
) -> Result<Outcome, Problem> {
    run(inputs, detectors, options, None)
}

/// The same, while a witness looks on.
pub fn detect_seen(
    inputs: &[Input],
    detectors: Detectors,
    options: &Options,
    witness: &dyn Witness,
) -> Result<Outcome, Problem> {
    run(inputs, detectors, options, Some(witness))
}

fn run(
    inputs: &[Input],
    detectors: Detectors,
    options: &Options,
    witness: Option<&dyn Witness>,
) -> Result<Outcome, Problem> {
    if inputs.len() > SOURCES_MAX {
        return Err(Problem::new(format!("{} inputs are too many", inputs.len()))
            .hint(format!("at most {SOURCES_MAX} can be told apart in evidence")));
    }
    let (watch, cpu_before) = (Stopwatch::start(), process_cpu());
    let (first, second) = detectors.stages();
    let (names, second_names) = (first.names(), second.names());
    let (interest, loaded) = first.split();
    let plan = Plan::new(interest, options.prefilter);
    let reaper = Reaper {
        inputs,
        plan: &plan,
        options: &options.read,
        progress: &options.progress,
        witness,
    };
    let mut harvest = reap(&reaper, options.threads);
    let collectors = std::mem::take(&mut harvest.collectors);
    let newest = harvest.stats.newest;
    let works = run_detectors(collectors, loaded, newest, options.threads)
        .map_err(|error| Problem::new(format!("matched rows cannot be read back: {error}")))?;
    let mut outcome = Outcome {
        alerts: Vec::new(),
        sources: Sources::new(inputs.iter().map(Input::name).collect()),
        stats: harvest.stats,
        faulted: Vec::new(),
        findings: harvest.findings,
        log: Vec::new(),
        reasons: Vec::new(),
        problems: harvest.problems,
    };
    outcome.stats.inputs = inputs.len() as u64;
    outcome.stats.bytes_read = options.progress.load(Ordering::Relaxed);
    for (name, work) in names.iter().zip(works) {
        outcome.add(name, work);
    }
    // Alerts of one detector keep their order; between detectors the time of the
    // decision counts, and then the detector's place.
    outcome.alerts.sort_by_key(|told| told.alert.time);
    outcome.correlate(second, &second_names, newest, witness);
    outcome.stats.alerts_delivered = outcome.alerts.len() as u64;
    outcome.stats.elapsed = watch.elapsed();
    outcome.stats.cpu = process_cpu().saturating_sub(cpu_before);
    Ok(outcome)
}

impl Outcome {
    /// The second stage: who looks at alerts gets them now.
    fn correlate(
        &mut self,
        second: Stage,
        names: &[String],
        newest: Option<i64>,
        witness: Option<&dyn Witness>,
    ) {
        if names.is_empty() {
            return;
        }
        let (interest, loaded) = second.split();
        let first = std::mem::take(&mut self.alerts);
        let correlated = second_stage::correlate(first, &interest, loaded, newest, witness);
        for (name, work) in names.iter().zip(correlated.works) {
            self.add(name, work);
        }
        self.stats.rows_matched += correlated.rows_matched;
        self.stats.alerts_raised = correlated.alerts.len() as u64;
        self.alerts = correlated.alerts;
    }

    fn add(&mut self, name: &str, work: Work) {
        let forgotten = work.forgotten_line();
        self.log.extend(forgotten.map(|line| (name.to_owned(), Severity::Low, line)));
        self.stats.rows_delivered += work.rows_delivered;
        self.stats.rows_quarantined += work.rows_quarantined;
        self.stats.alerts_raised += work.alerts.len() as u64;
        self.alerts.extend(work.alerts);
        if !work.amendments.is_empty() {
            let line = "only detectors of the second stage can amend alerts".to_owned();
            self.log.push((name.to_owned(), Severity::Low, line));
        }
        self.log.extend(work.log.into_iter().map(|(level, line)| (name.to_owned(), level, line)));
        self.reasons.push((name.to_owned(), work.reasons));
        self.faulted.extend(work.fault.map(|fault| Faulted { detector: name.to_owned(), fault }));
    }
}

/// The harvest of all threads.
struct Reaped {
    collectors: Vec<Collector>,
    stats: Stats,
    findings: Vec<Finding>,
    problems: Vec<Problem>,
}

/// Reads the inputs; each thread takes the next one that nobody has.
fn reap(reaper: &Reaper<'_>, threads: usize) -> Reaped {
    let threads = threads.clamp(1, reaper.inputs.len().max(1));
    let next = AtomicUsize::new(0);
    // What each input gave, in the order of the inputs, whoever read it.
    let told = Mutex::new(Vec::new());
    let read = || {
        let mut harvest = Harvest::new(RUN_BYTES_MAX / threads);
        loop {
            let source = next.fetch_add(1, Ordering::Relaxed);
            if source >= reaper.inputs.len() {
                return harvest;
            }
            reaper.read(source, &mut harvest);
            let findings = std::mem::take(&mut harvest.findings);
            let problems = std::mem::take(&mut harvest.problems);
            if !findings.is_empty() || !problems.is_empty() {
                let mut told = told.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                told.push((source, findings, problems));
            }
        }
    };
    let harvests: Vec<Harvest> = if threads == 1 {
        vec![read()]
    } else {
        thread::scope(|scope| {
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(read)).collect();
            let join = |worker: thread::ScopedJoinHandle<'_, Harvest>| match worker.join() {
                Ok(harvest) => harvest,
                Err(panic) => std::panic::resume_unwind(panic),
            };
            workers.into_iter().map(join).collect()
        })
    };
    let mut told = told.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    told.sort_by_key(|(source, ..)| *source);
    collect(harvests, told)
}

fn collect(harvests: Vec<Harvest>, told: Vec<(usize, Vec<Finding>, Vec<Problem>)>) -> Reaped {
    let mut reaped = Reaped {
        collectors: Vec::new(),
        stats: Stats::default(),
        findings: Vec::new(),
        problems: Vec::new(),
    };
    for harvest in harvests {
        reaped.stats.oldest = earlier(reaped.stats.oldest, harvest.oldest);
        reaped.stats.newest = reaped.stats.newest.max(harvest.newest);
        reaped.stats.ledger += harvest.ledger;
        reaped.stats.rows_matched += harvest.rows_matched;
        reaped.stats.future_times += harvest.future_times;
        reaped.stats.findings_left_out += harvest.findings_left_out;
        reaped.collectors.push(harvest.collector);
    }
    for (_, findings, problems) in told {
        reaped.findings.extend(findings);
        reaped.problems.extend(problems);
    }
    reaped
}

/// Hands the rows to the detectors, in order, and ends the input.
fn run_detectors(
    collectors: Vec<Collector>,
    loaded: Vec<Loaded>,
    newest: Option<i64>,
    threads: usize,
) -> std::io::Result<Vec<Work>> {
    let mut merge = Merge::new(collectors)?;
    let mut drive = |mut dispatcher: Dispatcher<'_>| {
        while merge.next(|key, bytes| {
            if let Some(row) = Row::new(key.time, bytes) {
                dispatcher.row(row);
            }
        })? {}
        Ok(dispatcher.finish(newest))
    };
    if threads == 1 {
        drive(Dispatcher::here(loaded))
    } else {
        thread::scope(|scope| drive(Dispatcher::on_threads(loaded, scope)))
    }
}
