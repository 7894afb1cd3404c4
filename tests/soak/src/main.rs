//! The service under load. `cargo xtask soak` builds what this needs and calls it:
//!
//! `soak LOGWASP GUEST NAME [N]`
//!
//! Each soak prints figures, and fails when a line is missing or came twice, or when
//! a bound does not hold.
#![allow(clippy::print_stdout, reason = "it talks to a terminal")]

mod account;
mod durable;
mod idle;
mod lines;
mod process;
mod rotation;
mod service;
mod stalled;
mod syslog;
mod syslog_peers;
mod watch;
mod web;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// What the soaks work with.
pub(crate) struct Bench {
    /// The program.
    logwasp: PathBuf,
    /// The component that counts.
    guest: PathBuf,
    /// Where everything else lies; gone at the end.
    folder: tempfile::TempDir,
}

impl Bench {
    fn new(logwasp: &Path, module: &Path) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("logwasp-soak").tempdir()?;
        let module = std::fs::read(module).with_context(|| module.display().to_string())?;
        let mut encoder = wit_component::ComponentEncoder::default();
        let component =
            encoder.module(&module).and_then(wit_component::ComponentEncoder::encode)?;
        let guest = folder.path().join("sequence.wasm");
        std::fs::write(&guest, component)?;
        Ok(Self { logwasp: logwasp.canonicalize()?, guest, folder })
    }

    /// Where compiled detectors are kept.
    fn cache(&self) -> PathBuf {
        self.folder.path().join("cache")
    }
}

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [logwasp, guest, name, rest @ ..] = args.as_slice() else {
        bail!("soak LOGWASP GUEST rotation|syslog|durable|stalled|idle|all [N]");
    };
    let number = rest.first().map(|text| text.parse::<u64>()).transpose()?;
    let bench = Bench::new(Path::new(logwasp), Path::new(guest))?;
    let known: [(&str, Soak, u64); 5] = [
        ("rotation", rotation::run, 10_000_000),
        ("syslog", syslog::run, 1_000_000),
        ("durable", durable::run, 1_000),
        ("stalled", stalled::run, 2_000),
        ("idle", idle::run, 20),
    ];
    let wanted = known.iter().filter(|(known, ..)| name == known || name == "all");
    let mut is_known = false;
    for (name, soak, default) in wanted {
        println!("== {name}");
        soak(&bench, number.unwrap_or(*default)).with_context(|| (*name).to_owned())?;
        is_known = true;
    }
    if !is_known {
        bail!("no soak `{name}`");
    }
    Ok(())
}

/// One of them, and its size.
type Soak = fn(&Bench, u64) -> Result<()>;
