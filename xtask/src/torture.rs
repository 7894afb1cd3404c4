//! `cargo xtask torture`: law 4 for longer than the tests have time.

use anyhow::{Context, Result, bail};

use crate::process::{cargo, run};

/// Runs the end-to-end test of kills for so long, from that seed. The seed is printed.
pub(crate) fn kill_and_compare(args: &[String]) -> Result<()> {
    let mut seconds = 60;
    let mut seed = u64::from(std::process::id());
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        let number = rest.next().context("a number is missing")?.parse::<u64>()?;
        match arg.as_str() {
            "--seconds" => seconds = number,
            "--seed" => seed = number,
            unknown => bail!("no option `{unknown}`: there are --seconds and --seed"),
        }
    }
    let mut command = cargo();
    command.args(["test", "--package", "logwasp", "--test", "e2e", "--"]);
    command.args(["--exact", "service::kills_are_invisible", "--nocapture"]);
    command.env("LOGWASP_TORTURE_SECONDS", seconds.to_string());
    command.env("LOGWASP_TORTURE_SEED", seed.to_string());
    run(&mut command)
}
