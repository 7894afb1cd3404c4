//! Tasks of this repository. `cargo xtask` lists them.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a task talks to a terminal")]

mod bench;
mod conformance;
mod demo;
mod deny;
mod flood;
mod fuzz;
mod process;
mod soak;
mod test;
mod torture;

use anyhow::{Result, bail};

const USAGE: &str = "\
cargo xtask <task>

  demo              build everything, run the detectors over examples/
  test              format, lints, all tests: what CI runs
  conformance       what we read of the corpus (LOGWASP_CORPUS), a table per group
  flood             a million fresh keys through each detector, as components
  fuzz [SECONDS]    every fuzz target for that long (default 20), on nightly
  torture [--seconds N] [--seed N]
                    the service crashes while its logs are written and rotated: in the
                    simulation for that long (default 60), then really
  soak NAME [N]     the service under load: rotation, syslog, durable, stalled, idle, or all
  bench [MB]        speed beside ripgrep, evtx_dump, quick-xml, simd-json (default 500 MB)
  deny              licences, bans and sources of the dependencies (installs cargo-deny)";

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let rest = args.get(1..).unwrap_or_default();
    match args.first().map(String::as_str) {
        Some("demo") => demo::run_demo(),
        Some("test") => test::run_tests(),
        Some("conformance") => conformance::print_tables(),
        Some("flood") => flood::run_floods(),
        Some("fuzz") => fuzz::run_targets(rest),
        Some("torture") => torture::crash_and_compare(rest),
        Some("soak") => soak::run_soak(rest),
        Some("bench") => bench::compare(rest),
        Some("deny") => deny::check(),
        Some(unknown) if !unknown.starts_with('-') => bail!("no task `{unknown}`\n\n{USAGE}"),
        _ => {
            println!("{USAGE}");
            Ok(())
        }
    }
}
