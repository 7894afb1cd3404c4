//! `cargo xtask fuzz`: every fuzz target for a bounded time.

use std::fs;

use anyhow::{Context, Result};

use crate::process::{cargo, root, run};

/// Seconds for each target unless asked otherwise.
const SECONDS: u64 = 20;

pub(crate) fn run_targets(args: &[String]) -> Result<()> {
    let seconds = match args.first() {
        Some(text) => text.parse().with_context(|| format!("`{text}` is no number of seconds"))?,
        None => SECONDS,
    };
    let has_fuzz = cargo().args(["fuzz", "--version"]).output().is_ok_and(|o| o.status.success());
    if !has_fuzz {
        run(cargo().args(["install", "cargo-fuzz", "--locked"]))?;
    }
    let fuzz = root().join("tests/fuzz");
    let mut targets: Vec<_> = fs::read_dir(fuzz.join("targets"))?
        .map(|entry| Ok(entry?.path().file_stem().unwrap_or_default().to_owned()))
        .collect::<Result<_>>()?;
    targets.sort();
    for target in targets {
        let seeds = fuzz.join("seeds").join(&target);
        let corpus = fuzz.join("corpus").join(&target);
        fs::create_dir_all(&corpus)?;
        fs::create_dir_all(&seeds)?;
        let mut command = std::process::Command::new("cargo");
        command.current_dir(root()).args(["+nightly", "fuzz", "run", "--fuzz-dir", "tests/fuzz"]);
        command.arg(&target).arg(&corpus).arg(&seeds).arg("--");
        command.arg(format!("-max_total_time={seconds}")).arg("-max_len=65536");
        run(&mut command)?;
    }
    Ok(())
}
