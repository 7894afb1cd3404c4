//! `cargo xtask bench`: this build beside its peers, in one run.

use anyhow::Result;

use crate::process::{cargo, ensure_wasm_target, is_installed, run};

pub(crate) fn compare(args: &[String]) -> Result<()> {
    ensure_wasm_target()?;
    if !is_installed("rg") {
        eprintln!("ripgrep (`rg`) is not installed: its column stays empty");
    }
    run(cargo().args(["build", "--release", "--locked", "--package", "logwasp"]))?;
    run(cargo()
        .args(["run", "--release", "--locked", "--quiet", "--package", "bench-compare", "--"])
        .args(args))
}
