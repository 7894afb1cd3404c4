//! `cargo xtask bench`: this build beside its peers, in one run.

use std::process::Command;

use anyhow::{Context, Result};

use crate::process::{build_guest, cargo, ensure_wasm_target, root, run};

pub(crate) fn compare(args: &[String]) -> Result<()> {
    ensure_wasm_target()?;
    run(cargo().args(["build", "--release", "--locked", "--package", "logwasp"]))?;
    let guest = build_guest("bench-guest")?;
    let record = root().join("benches/record").join(format!("{}.csv", today()?));
    run(cargo()
        .args(["run", "--release", "--locked", "--quiet", "--package", "bench-compare", "--"])
        .arg("--guest")
        .arg(guest)
        .arg("--record")
        .arg(record)
        .args(args))
}

/// `2026-11-20`
fn today() -> Result<String> {
    let output = Command::new("date").arg("+%F").output().context("`date` cannot be started")?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
