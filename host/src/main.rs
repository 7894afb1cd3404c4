//! The command line of logwasp. Everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    logwasp::cli::run()
}
