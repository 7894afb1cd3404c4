//! `cargo xtask torture`: law 4 for longer than the tests have time.

use anyhow::{Context, Result, bail};

use crate::process::{cargo, run};

/// Simulated lives with crashes at any operation of the disk.
const SIMULATED: [&str; 2] = ["--lib", "service::engine::sim::crashes_are_invisible"];
/// The program itself, killed at any moment.
const REAL: [&str; 3] = ["--test", "e2e", "torture::kills_are_invisible"];

/// Runs both tests of crashes, each for so long, from that seed. The seed is printed;
/// a difference is an error.
pub(crate) fn crash_and_compare(args: &[String]) -> Result<()> {
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
    println!("seed {seed}");
    for which in [SIMULATED.as_slice(), &REAL] {
        let Some((name, kind)) = which.split_last() else { continue };
        let mut command = cargo();
        command.args(["test", "--package", "logwasp"]).args(kind);
        command.args(["--", "--exact", name, "--nocapture"]);
        command.env("LOGWASP_TORTURE_SECONDS", seconds.to_string());
        command.env("LOGWASP_TORTURE_SEED", seed.to_string());
        run(&mut command)?;
    }
    Ok(())
}
