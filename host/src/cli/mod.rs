//! Command line: one file per command. stdout carries data only; everything else
//! goes to stderr.

mod args;
mod check;
mod demo;
mod detect;
mod documents;
mod explain;
mod output;
mod parse;
mod report;
mod run;
mod state;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};

/// What a command came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    /// Done.
    Done = 0,
    /// Something could not be read or written, or a detector was stopped.
    Operating = 1,
    /// The arguments or the config are wrong.
    Usage = 2,
    /// An alert of at least the severity of `--fail-on` was raised.
    Alarm = 3,
}

/// Why a command could not do its work.
enum Failure {
    /// The operator has to change something.
    Usage(crate::problem::Problem),
    /// The machine or an input let us down.
    Operating(crate::problem::Problem),
    /// Nobody reads stdout any more: a normal end.
    ClosedPipe,
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            return Self::ClosedPipe;
        }
        Self::Operating(crate::problem::Problem::new(format!(
            "the output cannot be written: {error}"
        )))
    }
}

/// Reads the arguments, runs the command, tells what went wrong.
pub fn run() -> ExitCode {
    let args = Args::parse();
    let result = match args.command {
        Command::Detect(args) => detect::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Parse(args) => parse::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Run(args) => run::run(&args),
        Command::Reload(args) => run::reload(&args),
        Command::State(args) => state::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Completions(args) => documents::completions(&args),
        Command::Man(args) => documents::man(&args),
    };
    let exit = match result {
        Ok(exit) => exit,
        Err(Failure::ClosedPipe) => Exit::Done,
        Err(Failure::Usage(problem)) => {
            report::error(&problem);
            Exit::Usage
        }
        Err(Failure::Operating(problem)) => {
            report::error(&problem);
            Exit::Operating
        }
    };
    ExitCode::from(exit as u8)
}
