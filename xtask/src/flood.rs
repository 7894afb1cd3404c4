//! `cargo xtask flood`: a million fresh keys through each detector.

use anyhow::Result;

use crate::process::{cargo, ensure_wasm_target, run};

pub(crate) fn run_floods() -> Result<()> {
    ensure_wasm_target()?;
    run(cargo().args(["test", "--locked", "--package", "logwasp", "--test", "e2e", "--"]).args([
        "--ignored",
        "--nocapture",
        "floods::heavy",
    ]))
}
