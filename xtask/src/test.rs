//! `cargo xtask test`: everything CI runs.

use anyhow::Result;

use crate::process::{cargo, ensure_wasm_target, run};

pub(crate) fn run_tests() -> Result<()> {
    ensure_wasm_target()?;
    run(cargo().args(["fmt", "--all", "--check"]))?;
    run(cargo()
        .args(["clippy", "--workspace", "--all-targets", "--locked", "--quiet"])
        .args(["--", "--deny", "warnings"]))?;
    run(cargo().args(["test", "--workspace", "--locked", "--quiet"]))
}
