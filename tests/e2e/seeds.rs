//! The page of cases says the truth: its samples are there, its rules are raised.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::support::root;

/// What stands between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

fn is_rule(word: &str) -> bool {
    let detectors = logwasp_detectors::BUNDLED.iter();
    let codes = detectors.filter_map(|d| word.strip_prefix(d.name)?.strip_prefix('.'));
    codes.into_iter().any(|code| !code.contains(['/', '.']))
}

/// The rules that the alerts of a sample have.
fn raised(sample: &str) -> BTreeSet<String> {
    let path = root().join(sample).join("expected.json");
    let Ok(text) = fs::read_to_string(path) else { return BTreeSet::new() };
    let alerts: Vec<Value> = serde_json::from_str(&text).expect("a list");
    alerts.iter().filter_map(|alert| alert["rule"].as_str().map(str::to_owned)).collect()
}

/// Scenario: each row of `docs/seeds.md`.
/// Guarantees: its paths exist; each of its rules is raised by a sample of the row; a
/// row without a rule has samples that are silent about it, or says why it has none.
#[test]
fn every_case_has_its_rules_and_samples() {
    let page = fs::read_to_string(root().join("docs/seeds.md")).expect("the page");
    let rows: Vec<Vec<&str>> = page
        .lines()
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .filter(|cells: &Vec<&str>| cells.len() == 4 && !["case", "---"].contains(&cells[0]))
        .collect();
    let mut cases = BTreeSet::new();
    for row in &rows {
        let [case, _, rules, samples] = row[..] else { panic!("{row:?}") };
        assert!(cases.insert(case), "{case} stands there twice");
        let samples: Vec<&str> = quoted(samples).collect();
        for path in samples.iter().copied().chain(quoted(rules).filter(|word| word.contains('/'))) {
            assert!(root().join(path).exists(), "{case}: {path} is missing");
        }
        let raised: BTreeSet<String> = samples.iter().flat_map(|sample| raised(sample)).collect();
        let named: Vec<&str> = quoted(rules).filter(|word| is_rule(word)).collect();
        assert_eq!(named.is_empty(), rules.starts_with("none"), "{case}: no rule, and no reason");
        for rule in named {
            assert!(raised.contains(rule), "{case}: no sample of the row raises {rule}");
        }
    }
    assert_eq!(cases.len(), 46, "cases came or went");
}

/// Scenario: the samples of all detectors.
/// Guarantees: what the page does not name is known, so that it is not forgotten.
#[test]
fn rules_without_a_sample_are_known() {
    let mut without = BTreeSet::new();
    for detector in logwasp_detectors::BUNDLED {
        let plugin = root().join("plugins").join(detector.name);
        let readme = fs::read_to_string(plugin.join("README.md")).expect("a README");
        let cells = readme.lines().filter_map(|line| line.strip_prefix("| ")?.split(" |").next());
        let is_code = |cell: &&str| {
            let digits = cell.trim_start_matches(|c: char| c.is_ascii_uppercase());
            *cell == "N"
                || digits.len() < cell.len() && digits.starts_with(|c: char| c.is_ascii_digit())
        };
        let rules = cells.filter(is_code).map(|code| format!("{}.{code}", detector.name));
        let mut have = BTreeSet::new();
        for sample in plugin.join("samples").read_dir().expect("samples") {
            let sample = sample.expect("readable").path();
            let relative = sample.strip_prefix(root()).expect("below the root");
            have.extend(raised(&relative.to_string_lossy()));
        }
        without.extend(rules.filter(|rule| !have.contains(rule)));
    }
    let known =
        ["authas-anomaly.A4", "authas-anomaly.A5", "connector-attribution.C4", "schannel.R0b"];
    assert_eq!(without, known.map(str::to_owned).into());
}
