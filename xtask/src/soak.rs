//! `cargo xtask soak`: the service under load.

use anyhow::Result;

use crate::process::{build_guest, cargo, ensure_wasm_target, run, target_folder};

/// Builds the service and the detector that counts, and runs one of the soaks.
pub(crate) fn run_soak(args: &[String]) -> Result<()> {
    ensure_wasm_target()?;
    run(cargo().args(["build", "--release", "--locked", "--package", "logwasp"]))?;
    let guest = build_guest("sequence-guest")?;
    run(cargo()
        .args(["run", "--release", "--locked", "--quiet", "--package", "soak", "--"])
        .arg(target_folder()?.join("release/logwasp"))
        .arg(guest)
        .args(args))
}
