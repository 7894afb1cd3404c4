//! `logwasp detect`: saved logs in, alerts out.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::args::{self, AlertOutput};
use super::{Exit, Failure, output, report};
use crate::alert::encode::{self, Encoder, Style, pretty};
use crate::alert::{Identified, Severity, newest_revisions};
use crate::clock;
use crate::config::Config;
use crate::pipeline::{self, Options, Outcome, ReadOptions, Wanted};
use crate::problem::Problem;
use crate::report::{self as report_file, Report};
use crate::source::{Input, expand};

pub(super) fn run(args: &args::Detect) -> Result<Exit, Failure> {
    let config = load_config(args.config.as_deref())?;
    let wanted = match args.detectors.as_slice() {
        [] => Wanted::All,
        names => Wanted::Named(names.to_vec()),
    };
    check_report(args.report.as_deref())?;
    let (inputs, problems) = expand(&args.paths);
    let options = Options {
        read: ReadOptions {
            format: args::named_format(&args.format),
            zones: config.zones.clone(),
            now_nanos: clock::now_nanos(),
        },
        prefilter: !args.no_prefilter,
        threads: args.threads.map_or_else(processors, usize::from),
        progress: Arc::new(AtomicU64::new(0)),
    };
    let outcome = detect(&config, &wanted, &inputs, &options)?;
    problems.iter().chain(&outcome.problems).for_each(report::error);
    // Before stdout, whose reader may go away; and if it fails, stdout has the alerts.
    let saved = match &args.report {
        Some(path) => save_report(&outcome, &inputs, &problems, args.report_alerts, path),
        None => Ok(()),
    };
    write_alerts(&outcome, output::choose_for_alerts(args.output))?;
    report::stats(&outcome.stats, args.stats);
    saved?;
    let failed =
        !problems.is_empty() || !outcome.problems.is_empty() || !outcome.faulted.is_empty();
    Ok(exit_of(&outcome.alerts, args.fail_on.as_deref(), failed))
}

/// Tells before a long run that its report could not be written.
pub(super) fn check_report(path: Option<&Path>) -> Result<(), Failure> {
    path.map_or(Ok(()), report_file::check).map_err(Failure::Operating)
}

/// Writes the report of a run.
pub(super) fn save_report(
    outcome: &Outcome,
    inputs: &[Input],
    problems: &[Problem],
    alerts_max: usize,
    path: &Path,
) -> Result<(), Failure> {
    let made_nanos = clock::now_nanos();
    let report = Report { outcome, inputs, problems, alerts_max, made_nanos };
    report.save(path).map_err(Failure::Operating)
}

/// What holds without a config, or the config.
pub(super) fn load_config(path: Option<&Path>) -> Result<Config, Failure> {
    match path {
        Some(path) => Config::load(path).map_err(Failure::Usage),
        None => Ok(Config::without_file()),
    }
}

pub(super) fn processors() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Loads the detectors, runs them, tells what is worth a warning.
pub(super) fn detect(
    config: &Config,
    wanted: &Wanted,
    inputs: &[Input],
    options: &Options,
) -> Result<Outcome, Failure> {
    let detectors = pipeline::load(config, wanted, |_, _| {}).map_err(Failure::Usage)?;
    let outcome =
        with_bar(inputs, &options.progress, || pipeline::detect(inputs, detectors, options));
    let outcome = outcome.map_err(Failure::Operating)?;
    tell(&outcome);
    Ok(outcome)
}

/// Draws a progress bar while something is done.
pub(super) fn with_bar<R>(
    inputs: &[Input],
    progress: &Arc<AtomicU64>,
    work: impl FnOnce() -> R,
) -> R {
    let bar = Bar::start(inputs, progress);
    let result = work();
    bar.stop();
    result
}

/// Tells what is worth a warning.
pub(super) fn tell(outcome: &Outcome) {
    report::findings(&outcome.findings, outcome.stats.ledger.damaged);
    for (detector, severity, line) in &outcome.log {
        report::warning(&Problem::new(format!(
            "detector `{detector}` ({}): {line}",
            severity.name()
        )));
    }
    for faulted in &outcome.faulted {
        let what = format!("detector `{}` was stopped: {}", faulted.detector, faulted.fault);
        report::error(&Problem::new(what).hint("its alerts are incomplete; the others' are not"));
    }
}

/// Alerts as they were raised for programs; for people each incident once, as it
/// stands in the end.
pub(super) fn write_alerts(outcome: &Outcome, form: AlertOutput) -> Result<(), Failure> {
    let encoder: Encoder = match form {
        AlertOutput::Pretty => return write_for_people(outcome),
        AlertOutput::Ndjson => encode::ndjson,
        AlertOutput::Ecs => encode::ecs,
        AlertOutput::Ocsf => encode::ocsf,
        AlertOutput::Cef => encode::cef,
        AlertOutput::Leef => encode::leef,
        AlertOutput::Syslog => encode::syslog,
    };
    let mut out = output::stdout();
    for told in &outcome.alerts {
        output::line(&mut out, &encoder(told, &outcome.sources))?;
    }
    out.flush()?;
    Ok(())
}

fn write_for_people(outcome: &Outcome) -> Result<(), Failure> {
    let mut out = output::stdout();
    let style = Style { width: output::width(), colour: output::has_colour() };
    let incidents = newest_revisions(&outcome.alerts);
    for told in &incidents {
        output::line(&mut out, &pretty(told, &outcome.sources, style))?;
    }
    output::line(&mut out, &summary(&incidents))?;
    out.flush()?;
    Ok(())
}

/// `5 incidents: 2 high, 3 medium (1 of them noise)`
fn summary(incidents: &[&Identified]) -> String {
    let count = |severity: Severity| {
        incidents.iter().filter(|told| told.alert.severity == severity).count()
    };
    let counts = Severity::ALL.iter().rev().map(|severity| (count(*severity), severity.name()));
    let counts = counts.filter(|(count, _)| *count > 0);
    let counts: Vec<String> = counts.map(|(count, name)| format!("{count} {name}")).collect();
    let noise = incidents.iter().filter(|told| told.alert.noise).count();
    let noise = if noise > 0 { format!(" ({noise} of them noise)") } else { String::new() };
    match incidents.len() {
        0 => "no incidents".to_owned(),
        1 => format!("1 incident: {}{noise}", counts.join(", ")),
        total => format!("{total} incidents: {}{noise}", counts.join(", ")),
    }
}

fn exit_of(alerts: &[Identified], fail_on: Option<&str>, failed: bool) -> Exit {
    let limit = fail_on.and_then(Severity::from_name);
    let is_alarm =
        limit.is_some_and(|limit| alerts.iter().any(|told| told.alert.severity >= limit));
    match (is_alarm, failed) {
        (true, _) => Exit::Alarm,
        (false, true) => Exit::Operating,
        (false, false) => Exit::Done,
    }
}

/// A progress bar on a terminal, for what takes longer than a moment.
struct Bar {
    stop: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

/// How often the bar is drawn.
const BAR_TICK: Duration = Duration::from_millis(100);

impl Bar {
    fn start(inputs: &[Input], progress: &Arc<AtomicU64>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        if !std::io::stderr().is_terminal() {
            return Self { stop, thread: None };
        }
        let size = |input: &Input| match input {
            Input::File(path) => path.metadata().map_or(0, |metadata| metadata.len()),
            Input::Stdin => 0,
            Input::Memory(_, bytes) => bytes.len() as u64,
        };
        let total: u64 = inputs.iter().map(size).sum();
        let (stopped, progress) = (Arc::clone(&stop), Arc::clone(progress));
        let draw = move || draw(total, &progress, &stopped);
        Self { stop, thread: Some(thread::spawn(draw)) }
    }

    fn stop(mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A bar that could not be drawn is no loss.
            drop(thread.join());
        }
    }
}

fn draw(total: u64, progress: &AtomicU64, stopped: &AtomicBool) {
    let bar = ProgressBar::new(total);
    let style = "{wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
    if let Ok(style) = ProgressStyle::with_template(style) {
        bar.set_style(style);
    }
    while !stopped.load(Ordering::Relaxed) {
        thread::sleep(BAR_TICK);
        bar.set_position(progress.load(Ordering::Relaxed));
    }
    bar.finish_and_clear();
}
