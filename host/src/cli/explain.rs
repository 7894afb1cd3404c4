//! `logwasp explain`: why detectors fired on this input, or stayed silent.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use logwasp_core::interest::{Subscription, SubscriptionSpec};

use super::args::{self, ExplainOutput};
use super::detect::{load_config, processors, tell, with_bar};
use super::{Exit, Failure, output, report};
use crate::alert::encode::Style;
use crate::alert::newest_revisions;
use crate::clock;
use crate::explain::{self, Asked, Entities, Entity, Explanation, Survey, Watched};
use crate::pipeline::{self, Options, ReadOptions, Wanted};
use crate::problem::Problem;
use crate::source::expand;

pub(super) fn run(args: &args::Explain) -> Result<Exit, Failure> {
    let config = load_config(args.config.as_deref())?;
    let entities = entities(args)?;
    let wanted = match args.detectors.as_slice() {
        [] => Wanted::All,
        names => Wanted::Named(names.to_vec()),
    };
    let (mut asked, mut watched) = (Vec::new(), Vec::new());
    let detectors = pipeline::load_asked(&config, &wanted, |name, manifest, specs| {
        watched.extend(watch(name, specs));
        asked.push(Asked {
            name: name.to_owned(),
            summary: manifest.summary.clone(),
            explains_itself: pipeline::explains_itself(manifest),
        });
    })
    .map_err(Failure::Usage)?;
    let (inputs, problems) = expand(&args.paths);
    let options = Options {
        read: ReadOptions {
            format: args::named_format(&args.format),
            zones: config.zones.clone(),
            now_nanos: clock::now_nanos(),
        },
        // What was nearly wanted is seen only when everything is decoded.
        prefilter: false,
        threads: processors(),
        progress: Arc::new(AtomicU64::new(0)),
    };
    let survey = Survey::new(watched, entities.clone(), args.records);
    let outcome = with_bar(&inputs, &options.progress, || {
        pipeline::detect_seen(&inputs, detectors, &options, &survey)
    })
    .map_err(Failure::Operating)?;
    problems.iter().chain(&outcome.problems).for_each(report::error);
    tell(&outcome);
    let explanation = Explanation {
        detectors: &asked,
        report: &survey.into_report(),
        incidents: &newest_revisions(&outcome.alerts),
        outcome: &outcome,
        entities: &entities,
        style: Style { width: output::width(), colour: output::has_colour() },
    };
    write(&explanation, args.output)?;
    let failed =
        !problems.is_empty() || !outcome.problems.is_empty() || !outcome.faulted.is_empty();
    Ok(if failed { Exit::Operating } else { Exit::Done })
}

/// A detector's subscriptions, to be looked at. Those that do not compile are told of
/// when the detector is added.
fn watch(name: &str, specs: &[SubscriptionSpec]) -> Vec<Watched> {
    let watched = specs.iter().enumerate().filter_map(|(index, spec)| {
        let subscription = Subscription::compile(spec).ok()?;
        let (detector, spec) = (name.to_owned(), spec.clone());
        Some(Watched { detector, number: index + 1, spec, subscription })
    });
    watched.collect()
}

fn entities(args: &args::Explain) -> Result<Entities, Failure> {
    type Make = fn(&str) -> Entity;
    let asked: [(&[String], Make); 5] = [
        (&args.user, Entity::user),
        (&args.host, Entity::host),
        (&args.src_ip, Entity::src_ip),
        (&args.message_id, Entity::message_id),
        (&args.entity, Entity::text),
    ];
    let entities = asked.iter().flat_map(|(written, make)| written.iter().map(|text| make(text)));
    let entities: Vec<Entity> = entities.collect();
    match entities.iter().find(|entity| entity.is_blank()) {
        Some(blank) => Err(Failure::Usage(
            Problem::new(format!("`{}` names no {}", blank.written, blank.name))
                .hint("write what the logs write, or leave the option out"),
        )),
        None => Ok(Entities(entities)),
    }
}

fn write(explanation: &Explanation<'_>, form: ExplainOutput) -> Result<(), Failure> {
    let mut out = output::stdout();
    match form {
        ExplainOutput::Text => out.write_all(explain::text(explanation).as_bytes())?,
        ExplainOutput::Json => {
            for line in explain::json(explanation) {
                output::line(&mut out, &line)?;
            }
        }
    }
    out.flush()?;
    Ok(())
}
