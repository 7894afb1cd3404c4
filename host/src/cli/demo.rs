//! `logwasp demo`: the detectors over small example logs, which are part of the
//! program.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use jiff::tz::TimeZone;
use logwasp_core::time::Zones;

use super::args::{self, AlertOutput, StatsForm};
use super::detect::{check_report, detect, save_report, write_alerts};
use super::{Exit, Failure, report};
use crate::clock;
use crate::config::Config;
use crate::examples;
use crate::pipeline::{Options, ReadOptions, Wanted};
use crate::source::Input;

pub(super) fn run(args: &args::Demo) -> Result<Exit, Failure> {
    check_report(args.report.as_deref())?;
    let config =
        Config::embedded("examples/logwasp.toml", examples::CONFIG).map_err(Failure::Usage)?;
    let inputs: Vec<Input> =
        examples::LOGS.iter().map(|(name, bytes)| Input::Memory(name, bytes)).collect();
    let options = Options {
        read: ReadOptions {
            format: None,
            zones: Zones::all_in(TimeZone::UTC),
            now_nanos: clock::now_nanos(),
        },
        prefilter: true,
        threads: 1,
        progress: Arc::new(AtomicU64::new(0)),
    };
    let outcome = detect(&config, &Wanted::All, &inputs, &options)?;
    if let Some(path) = &args.report {
        save_report(&outcome, &inputs, &[], args::REPORT_ALERTS_MAX, path)?;
    }
    write_alerts(&outcome, AlertOutput::Pretty)?;
    report::stats(&outcome.stats, StatsForm::Text);
    Ok(if outcome.faulted.is_empty() { Exit::Done } else { Exit::Operating })
}
