//! `cargo xtask demo`: from a fresh clone to alerts.

use anyhow::Result;

use crate::process::{cargo, ensure_wasm_target, run};

pub(crate) fn run_demo() -> Result<()> {
    ensure_wasm_target()?;
    run(cargo().args(["build", "--release", "--locked", "--package", "logwasp"]))?;
    run(cargo()
        .args(["run", "--quiet", "--release", "--locked", "--package", "logwasp", "--"])
        .args(["detect", "--output", "pretty", "--config", "examples/logwasp.toml"])
        .args(["examples/lockout", "examples/schannel", "examples/relay", "examples/hybrid"]))
}
