//! The laws of the design, through the whole pipeline with its real detectors.

use std::path::Path;

use logwasp::config::Config;
use logwasp::pipeline::Outcome;
use proptest::prelude::*;

use crate::support::{detect_folder, ndjson, options, root};

/// A folder of logs of every format, mixed from the samples of all detectors, with
/// damage in between.
fn mixed(seed: u64) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let mut number = seed;
    for detector in logwasp_detectors::BUNDLED {
        let samples = root().join("plugins").join(detector.name).join("samples");
        for case in samples.read_dir().expect("samples") {
            let case = case.expect("readable").path();
            for file in case.read_dir().expect("files") {
                number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                copy(&file.expect("readable").path(), &case, folder.path(), number >> 33);
            }
        }
    }
    folder
}

fn copy(file: &Path, case: &Path, folder: &Path, random: u64) {
    let name = file.file_name().expect("a name").to_string_lossy().into_owned();
    if random.is_multiple_of(3) || name == "expected.json" || name == "logwasp.toml" {
        return;
    }
    let mut bytes = std::fs::read(file).expect("readable");
    if random.is_multiple_of(7) {
        let middle = bytes.len() / 2;
        bytes.splice(middle..middle, b"\n\0garbage <Event >\n".iter().copied());
    }
    if random.is_multiple_of(11) {
        bytes.truncate(bytes.len() - bytes.len() / 10);
    }
    if random.is_multiple_of(5) {
        bytes = zstd::stream::encode_all(bytes.as_slice(), 1).expect("in memory");
    }
    let case = case.file_name().expect("a name").to_string_lossy().into_owned();
    std::fs::write(folder.join(format!("{case}-{name}")), bytes).expect("written");
}

fn run(folder: &Path, prefilter: bool, threads: usize) -> Outcome {
    let mut options = options();
    options.prefilter = prefilter;
    options.threads = threads;
    let config = Config::without_file();
    let outcome = detect_folder(folder, &config, &options);
    assert_eq!(outcome.faulted, []);
    outcome
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// Scenario: folders of mixed, partly damaged logs, read with one thread and
    /// with several, with and without the prefilter.
    /// Guarantees: laws 2, 3, 5 and 7 - the alerts are byte-identical, damage is
    /// counted alike, every ledger balances.
    #[test]
    fn nothing_but_the_logs_decides(seed in any::<u64>()) {
        let folder = mixed(seed);
        let plain = run(folder.path(), true, 1);
        let alerts = ndjson(&plain);
        prop_assert!(!alerts.is_empty());
        for (prefilter, threads) in [(true, 2), (true, 5), (false, 1), (false, 3)] {
            let other = run(folder.path(), prefilter, threads);
            prop_assert_eq!(&ndjson(&other), &alerts, "prefilter {} threads {}", prefilter, threads);
            if prefilter {
                prop_assert_eq!(other.stats.ledger, plain.stats.ledger);
                prop_assert_eq!(&other.findings, &plain.findings);
            } else {
                prop_assert_eq!(other.stats.ledger.bytes_skipped, 0);
            }
        }
    }
}
