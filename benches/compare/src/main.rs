//! This build beside its peers, in one run. `benches/README.md` says what the rows
//! mean; `cargo xtask bench` calls this.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a bench talks to a terminal")]

mod decode;
mod evtx;
mod files;
#[path = "../../generate/mod.rs"]
mod generate;
mod guest;
mod little;
mod measure;
mod needles;
mod table;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use files::Files;
use generate::Log;
use needles::Set;

const USAGE: &str = "\
bench-compare [MB] [--rounds N] [--only little|decode|evtx|guest]
              [--guest MODULE.wasm] [--record FILE.csv] [--needles] [--verbose]";

/// What all rows need.
pub(crate) struct Bench {
    /// This build's program.
    pub logwasp: PathBuf,
    pub files: Files,
    /// How often each piece of work is done.
    pub rounds: usize,
    /// Detectors, and what they search for.
    pub sets: Vec<Set>,
    pub has_ripgrep: bool,
    pub evtx_dump: Option<PathBuf>,
    /// Real logs, for what cannot be generated.
    pub corpus: Option<PathBuf>,
    /// The module of `bench-guest`.
    pub guest: Option<PathBuf>,
    /// Shows every contender.
    pub verbose: bool,
}

struct Args {
    megabytes: u64,
    rounds: usize,
    only: Option<String>,
    guest: Option<PathBuf>,
    record: Option<PathBuf>,
    needles: bool,
    verbose: bool,
}

/// One part of the comparison: what it measures.
type Part = fn(&Bench) -> Result<Vec<table::Row>>;

fn main() -> Result<()> {
    let args = args()?;
    let folder = std::env::current_exe()?.parent().context("a program is in a folder")?.to_owned();
    let target = folder.parent().context("a profile's folder is in the target folder")?;
    let bench = Bench {
        logwasp: folder.join("logwasp"),
        files: Files::new(target, args.megabytes * 1_000_000),
        rounds: args.rounds,
        sets: needles::sets()?,
        has_ripgrep: is_installed(Path::new("rg")),
        evtx_dump: [target.join("peers/bin/evtx_dump"), PathBuf::from("evtx_dump")]
            .into_iter()
            .find(|program| is_installed(program)),
        corpus: std::env::var_os("LOGWASP_CORPUS").map(PathBuf::from),
        guest: args.guest,
        verbose: args.verbose,
    };
    if args.needles {
        bench.sets.iter().for_each(print_needles);
        return Ok(());
    }
    if !bench.has_ripgrep {
        eprintln!("ripgrep (`rg`) is missing: apt-get install ripgrep, or cargo install ripgrep");
    }
    let parts: [(&str, Part); 4] = [
        ("little", little::rows),
        ("decode", decode::rows),
        ("evtx", evtx::rows),
        ("guest", guest::rows),
    ];
    let mut rows = Vec::new();
    for (name, part) in parts {
        if args.only.as_deref().is_none_or(|only| only == name) {
            rows.extend(part(&bench)?);
        }
    }
    let facts = format!("{}, {} MB a log", table::machine(), args.megabytes);
    println!("{facts}\n{}", table::text(&rows));
    if let Some(path) = args.record {
        table::record(&rows, &path, &facts)?;
    }
    Ok(())
}

fn args() -> Result<Args> {
    let mut args = Args {
        megabytes: 500,
        rounds: 5,
        only: None,
        guest: None,
        record: None,
        needles: false,
        verbose: false,
    };
    let mut given = std::env::args().skip(1);
    while let Some(arg) = given.next() {
        let mut value = || given.next().with_context(|| format!("{arg} wants a value\n{USAGE}"));
        match arg.as_str() {
            "--rounds" => args.rounds = value()?.parse()?,
            "--only" => args.only = Some(value()?),
            "--guest" => args.guest = Some(value()?.into()),
            "--record" => args.record = Some(value()?.into()),
            "--verbose" => args.verbose = true,
            "--needles" => args.needles = true,
            number => match number.parse() {
                Ok(megabytes) if megabytes > 0 => args.megabytes = megabytes,
                _ => bail!("`{number}`?\n{USAGE}"),
            },
        }
    }
    Ok(args)
}

/// What is searched for in each format.
fn print_needles(Set { name, plan, .. }: &Set) {
    println!("{name}");
    for log in Log::ALL {
        match needles::literals(plan, log) {
            None => println!("{}: decoded fully", log.name()),
            Some(literals) => println!("{}: {literals:?}", log.name()),
        }
        let ids = needles::event_ids(plan, log);
        if !ids.is_empty() {
            println!("  event ids {ids:?}");
        }
    }
}

/// True when a program answers to `--version`.
fn is_installed(program: &Path) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}
