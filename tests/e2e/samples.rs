//! Every `samples/<case>/` of every detector: raw logs in, expected alerts out.

use std::path::Path;

use logwasp::alert::Identified;
use logwasp::config::Config;
use serde_json::{Map, Value};

use crate::support::{detect_inputs, inputs, ndjson, options, root};

/// Scenario: the sample logs beside each detector, as an operator would have them.
/// Guarantees: exactly the expected incidents, in order of their creation, with
/// the expected members; with and without the prefilter the same.
#[test]
fn samples_give_the_expected_alerts() {
    let mut cases = 0;
    let mut failures = Vec::new();
    for detector in logwasp_detectors::BUNDLED {
        let folder = root().join("plugins").join(detector.name).join("samples");
        for case in folder.read_dir().expect("every detector has samples") {
            let case = case.expect("readable").path();
            cases += 1;
            if let Err(failure) = run(detector.name, &case) {
                failures.push(format!("{}: {failure}", case.display()));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    assert!(cases >= 40, "{cases} cases");
}

fn run(detector: &str, case: &Path) -> Result<(), String> {
    let config = case.join("logwasp.toml");
    let config = if config.exists() {
        Config::load(&config).map_err(|problem| problem.to_string())?
    } else {
        Config::without_file()
    };
    let is_log = |path: String| !path.ends_with("expected.json") && !path.ends_with("logwasp.toml");
    let logs: Vec<_> = inputs(case).into_iter().filter(|input| is_log(input.name())).collect();
    // What looks at the alerts of others needs the others.
    let wanted = match detector {
        "incident" => logwasp::pipeline::Wanted::All,
        alone => logwasp::pipeline::Wanted::Named(vec![alone.to_owned()]),
    };
    let run = |prefilter| {
        let detectors = logwasp::pipeline::load(&config, &wanted, |_, _| {}).expect("it loads");
        let mut options = options();
        options.prefilter = prefilter;
        detect_inputs(&logs, detectors, &options)
    };
    let outcome = run(true);
    if ndjson(&outcome) != ndjson(&run(false)) {
        return Err("the prefilter changed the alerts".to_owned());
    }
    if outcome.stats.ledger.damaged > 0 {
        return Err(format!("damaged records: {:?}", outcome.findings));
    }
    let expected = std::fs::read_to_string(case.join("expected.json")).expect("expectations");
    let expected: Vec<Value> = serde_json::from_str(&expected).expect("a list");
    let told: Vec<_> = outcome.alerts.iter().filter(|told| told.detector == detector).collect();
    let incidents = incidents(&told);
    let got: Vec<Value> = incidents
        .iter()
        .map(|told| {
            let line = logwasp::alert::encode::ndjson(told, &outcome.sources);
            serde_json::from_str(&line).expect("JSON")
        })
        .collect();
    compare(&expected, &got)
}

/// The newest revision of each incident, in the order of creation.
fn incidents<'a>(alerts: &[&'a Identified]) -> Vec<&'a Identified> {
    let mut newest: Vec<&Identified> = Vec::new();
    for told in alerts {
        match newest.iter_mut().find(|seen| seen.id == told.id) {
            Some(seen) => *seen = told,
            None => newest.push(told),
        }
    }
    newest
}

fn compare(expected: &[Value], got: &[Value]) -> Result<(), String> {
    let titles = |alerts: &[Value]| {
        let titles = alerts.iter().map(|alert| format!("  {} {}", alert["rule"], alert["title"]));
        titles.collect::<Vec<_>>().join("\n")
    };
    if expected.len() != got.len() {
        return Err(format!("{} incidents expected, got\n{}", expected.len(), titles(got)));
    }
    for (expected, got) in expected.iter().zip(got) {
        for (name, value) in expected.as_object().expect("an object") {
            let differs = match (name.as_str(), name.strip_suffix("_contains")) {
                (_, Some(member)) => {
                    let part = value.as_str().unwrap_or_default();
                    !got[member].as_str().is_some_and(|text| text.contains(part))
                }
                ("entities" | "attributes" | "labels", None) => !holds_all(value, &got[name]),
                _ => *value != got[name],
            };
            if differs {
                return Err(format!("{name}: expected {value}, got {}\n{got:#}", got[name]));
            }
        }
    }
    Ok(())
}

/// True when every listed member is there and equal.
fn holds_all(expected: &Value, got: &Value) -> bool {
    let none = Map::new();
    let members = expected.as_object().unwrap_or(&none);
    members.iter().all(|(name, value)| got[name] == *value)
}
