//! What the tests share.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock, atomic::AtomicU64};

use jiff::tz::TimeZone;
use logwasp::config::Config;
use logwasp::pipeline::{Detectors, Options, Outcome, ReadOptions, Wanted, detect, load};
use logwasp::source::{Input, expand};
use logwasp_core::time::Zones;

/// The repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the repository")
}

/// Options for a run of one thread with the prefilter on.
pub(crate) fn options() -> Options {
    Options {
        read: ReadOptions {
            format: None,
            zones: Zones::all_in(TimeZone::UTC),
            now_nanos: logwasp::clock::now_nanos(),
        },
        prefilter: true,
        threads: 1,
        progress: Arc::new(AtomicU64::new(0)),
    }
}

/// All inputs below a folder.
pub(crate) fn inputs(folder: &Path) -> Vec<Input> {
    let (inputs, problems) = expand(&[folder.to_owned()]);
    assert_eq!(problems, []);
    inputs
}

/// Runs the stock detectors over a folder; the ledger must balance.
pub(crate) fn detect_folder(folder: &Path, config: &Config, options: &Options) -> Outcome {
    let detectors = load(config, &Wanted::All, |_, _| {}).expect("the detectors load");
    detect_inputs(&inputs(folder), detectors, options)
}

pub(crate) fn detect_inputs(inputs: &[Input], detectors: Detectors, options: &Options) -> Outcome {
    let outcome = detect(inputs, detectors, options).expect("it runs");
    assert!(outcome.stats.is_balanced(), "{:?}", outcome.stats);
    outcome
}

/// The alerts as NDJSON.
pub(crate) fn ndjson(outcome: &Outcome) -> String {
    let lines = outcome.alerts.iter();
    lines.map(|told| logwasp::alert::encode::ndjson(told, &outcome.sources) + "\n").collect()
}

/// The component of the guest that misbehaves, built once.
pub(crate) fn hostile_component() -> &'static [u8] {
    static COMPONENT: OnceLock<Vec<u8>> = OnceLock::new();
    COMPONENT.get_or_init(|| {
        let target = target_folder().join("guests");
        let status = Command::new(env!("CARGO"))
            .current_dir(root())
            .args(["build", "--quiet", "--locked", "--package", "hostile-guest"])
            .args(["--target", "wasm32-unknown-unknown", "--profile", "guest", "--target-dir"])
            .arg(&target)
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .status()
            .expect("cargo runs");
        assert!(status.success(), "the hostile guest does not build");
        let module = target.join("wasm32-unknown-unknown/guest/hostile_guest.wasm");
        let module = std::fs::read(module).expect("it was built");
        let mut encoder = wit_component::ComponentEncoder::default();
        encoder
            .module(&module)
            .and_then(wit_component::ComponentEncoder::encode)
            .expect("it is a component")
    })
}

/// The target folder of this build.
fn target_folder() -> PathBuf {
    let binary = Path::new(env!("CARGO_BIN_EXE_logwasp"));
    let found = binary.ancestors().find(|folder| folder.join("CACHEDIR.TAG").exists());
    found.expect("cargo marks its target folder").to_owned()
}
