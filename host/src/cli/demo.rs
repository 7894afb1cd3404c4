//! `logwasp demo`: the detectors over small example logs, which are part of the
//! program.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use jiff::tz::TimeZone;
use logwasp_core::time::Zones;

use super::args::{AlertOutput, StatsForm};
use super::detect::{detect, write_alerts};
use super::{Exit, Failure, report};
use crate::clock;
use crate::config::Config;
use crate::examples;
use crate::pipeline::{Options, ReadOptions, Wanted};
use crate::source::Input;

pub(super) fn run() -> Result<Exit, Failure> {
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
    write_alerts(&outcome, AlertOutput::Pretty)?;
    report::stats(&outcome.stats, StatsForm::Text);
    Ok(if outcome.faulted.is_empty() { Exit::Done } else { Exit::Operating })
}
