//! `cargo xtask bench`: this build beside its peers, in one run.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::process::{cargo, ensure_wasm_target, root, run};

const WASM: &str = "wasm32-unknown-unknown";

pub(crate) fn compare(args: &[String]) -> Result<()> {
    ensure_wasm_target()?;
    run(cargo().args(["build", "--release", "--locked", "--package", "logwasp"]))?;
    let guests = target_folder()?.join("guests");
    run(cargo()
        .args(["build", "--locked", "--package", "bench-guest"])
        .args(["--target", WASM, "--profile", "guest", "--target-dir"])
        .arg(&guests))?;
    let guest = guests.join(WASM).join("guest/bench_guest.wasm");
    let record = root().join("benches/record").join(format!("{}.csv", today()?));
    run(cargo()
        .args(["run", "--release", "--locked", "--quiet", "--package", "bench-compare", "--"])
        .arg("--guest")
        .arg(guest)
        .arg("--record")
        .arg(record)
        .args(args))
}

/// Where cargo builds to.
fn target_folder() -> Result<PathBuf> {
    let output = cargo().args(["metadata", "--no-deps", "--format-version", "1"]).output()?;
    let metadata = String::from_utf8_lossy(&output.stdout).into_owned();
    let value = metadata.split_once("\"target_directory\":\"").map(|(_, rest)| rest);
    let folder = value.and_then(|rest| rest.split('"').next());
    folder.map(PathBuf::from).context("cargo metadata names the target folder")
}

/// `2026-11-20`
fn today() -> Result<String> {
    let output = Command::new("date").arg("+%F").output().context("`date` cannot be started")?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
