//! `logwasp state`: what a stopped service has in its state directory.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use super::{Exit, Failure, args, output};
use crate::checkpoint::{Shown, Store};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::problem::Problem;

pub(super) fn run(args: &args::State) -> Result<Exit, Failure> {
    match &args.command {
        args::StateCommand::Check(place) => check(place),
        args::StateCommand::Show(show) => self::show(&show.place, show.json),
    }
}

fn check(place: &args::StatePlace) -> Result<Exit, Failure> {
    let checked = open(place)?.check().map_err(Failure::Operating)?;
    let mut out = output::stdout();
    for broken in &checked.broken {
        output::line(&mut out, broken)?;
    }
    if !checked.was_clean {
        output::line(&mut out, "the database was damaged and has been repaired")?;
    }
    if checked.broken.is_empty() && checked.was_clean {
        output::line(&mut out, "all is well")?;
    }
    out.flush()?;
    Ok(if checked.broken.is_empty() { Exit::Done } else { Exit::Operating })
}

fn show(place: &args::StatePlace, json: bool) -> Result<Exit, Failure> {
    let shown = open(place)?.show().map_err(Failure::Operating)?;
    let text = match json {
        true => serde_json::to_string(&shown).unwrap_or_default(),
        false => human(&shown),
    };
    let mut out = output::stdout();
    output::line(&mut out, text.trim_end())?;
    out.flush()?;
    Ok(Exit::Done)
}

fn open(place: &args::StatePlace) -> Result<Store, Failure> {
    let dir = state_dir(place).map_err(Failure::Usage)?;
    Store::open_existing(&dir, Arc::new(SystemClock)).map_err(Failure::Operating)
}

fn state_dir(place: &args::StatePlace) -> Result<PathBuf, Problem> {
    if let Some(dir) = &place.dir {
        return Ok(dir.clone());
    }
    let config = place.config.as_deref().map(Config::load).transpose()?;
    config.and_then(|config| config.state_dir).ok_or_else(|| {
        Problem::new("it is not said where the state is")
            .hint("give `--dir DIR`, or `-c FILE` with a config that has `state_dir`")
    })
}

fn human(shown: &Shown) -> String {
    let mut lines = vec![
        format!("format    {}", shown.format),
        format!("sources   {} with a position", shown.sources),
        format!("journal   {} entries, next is {}", shown.journal_entries, shown.journal_next),
        format!(
            "outbox    {} alerts, next is {}; {} recorded",
            shown.outbox_entries, shown.outbox_next, shown.recorded_alerts
        ),
        format!(
            "refused   {} alerts kept, {} dropped",
            shown.dead_letters, shown.dead_letters_dropped
        ),
    ];
    lines.extend(shown.detectors.iter().map(|detector| {
        let state = match detector.state_bytes {
            Some(bytes) => format!("state of {bytes} bytes"),
            None => "no state".to_owned(),
        };
        format!(
            "detector  {}: {state}, {} journal entries behind, {} open incidents",
            detector.name, detector.journal_entries, detector.open_incidents
        )
    }));
    lines.extend(shown.sinks.iter().map(|sink| {
        format!(
            "sink      {}: {} alerts pending ({} bytes), {} dropped",
            sink.name, sink.pending, sink.pending_bytes, sink.dropped
        )
    }));
    lines.join("\n")
}
