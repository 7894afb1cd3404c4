//! Arguments: plain values, nothing resolved yet.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Parser, Subcommand, ValueEnum};
use logwasp_core::format::Format;

use crate::alert::Severity;

/// Reads logs of Windows, Exchange, IIS and mail systems, and runs sandboxed
/// detectors over them.
#[derive(Debug, Parser)]
#[command(name = "logwasp", version, max_term_width = 100)]
pub(super) struct Args {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Read saved logs, print alerts
    Detect(Detect),
    /// Tell why detectors fired on saved logs, or stayed silent
    Explain(Explain),
    /// Print the normalized events themselves
    Parse(Parse),
    /// Run the service: follow logs, deliver alerts
    Run(Run),
    /// Let a running service read its config again
    Reload(Reload),
    /// Check a config, print it with all defaults
    Check(Check),
    /// Look at the state of a stopped service
    State(State),
    /// Run the detectors over small example logs
    Demo(Demo),
    /// Print completions for a shell
    Completions(Completions),
    /// Print the manual page
    Man(Man),
}

/// Read saved logs (files, folders, patterns, `-` for stdin) and print alerts
///
/// All inputs are one stream, ordered by event time. Formats are recognised by
/// what stands in the files; `.gz` and `.zst`, UTF-8 and UTF-16 are read as they are.
#[derive(Debug, Parser)]
#[command(after_help = "\
Examples:
  logwasp detect /evidence/2026-11-20          all logs below a folder
  logwasp detect --detector lockout *.evtx     one detector
  logwasp detect -o ndjson --fail-on high logs/ > alerts.ndjson
  logwasp detect --report friday.html logs/    a page for the browser, to be mailed
  ssh dc01 cat security.xml | logwasp detect -

Exit codes: 0 done, 1 something could not be read, 2 usage or config error,
3 an alert of at least the severity of --fail-on was raised.")]
pub(super) struct Detect {
    /// Files, folders, patterns, or `-` for stdin
    #[arg(required = true, value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// Format of the inputs
    #[arg(long, value_name = "FORMAT", default_value = "auto", value_parser = formats())]
    pub(super) format: String,
    /// Run only this detector: a name, or a component file (repeatable)
    #[arg(short, long = "detector", value_name = "NAME|FILE.wasm")]
    pub(super) detectors: Vec<String>,
    /// Settings of the detectors and the inventory of the site
    #[arg(short, long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// How alerts are written [default: pretty on a terminal, else ndjson]
    #[arg(short, long, value_name = "OUTPUT")]
    pub(super) output: Option<AlertOutput>,
    /// Write a report, too: one HTML file that needs nothing else
    ///
    /// It quotes the logs: hand it only to those who may read these.
    #[arg(long, value_name = "FILE.html")]
    pub(super) report: Option<PathBuf>,
    /// Alerts that the report tells in full, the worst first; the rest is counted
    #[arg(long, value_name = "N", default_value_t = REPORT_ALERTS_MAX, requires = "report")]
    pub(super) report_alerts: usize,
    /// Exit with 3 when an alert of at least this severity was raised
    #[arg(long, value_name = "SEVERITY", value_parser = severities())]
    pub(super) fail_on: Option<String>,
    /// The ledger and the speed, on stderr
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub(super) stats: StatsForm,
    /// Decode every record, also those that no detector asked for
    #[arg(long)]
    pub(super) no_prefilter: bool,
    /// Threads that read [default: one for each processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(super) threads: Option<u16>,
}

/// Alerts that a report tells in full, unless the operator says: some ten megabytes.
pub(super) const REPORT_ALERTS_MAX: usize = 2_000;

/// Run the detectors over small example logs, which are part of the program
#[derive(Debug, Parser)]
#[command(after_help = "\
Example:
  logwasp demo --report demo.html")]
pub(super) struct Demo {
    /// Write a report, too: one HTML file that needs nothing else
    #[arg(long, value_name = "FILE.html")]
    pub(super) report: Option<PathBuf>,
}

/// Tell why detectors fired on saved logs, or stayed silent
///
/// For each detector: what it asked the host for, and how the inputs are searched for
/// that; which records matched, and which failed by one condition only; what the
/// detector counted, against which threshold, and what it left out; the alerts it
/// raised. Records must name all the entities that are given, decisions and alerts
/// one of them.
#[derive(Debug, Parser)]
#[command(after_help = "\
Examples:
  logwasp explain -d lockout --user CONTOSO\\jdoe logs/   why was jdoe not reported?
  logwasp explain -d relay-denied --src-ip 10.1.9.7 --records 5 RECV*.LOG
  logwasp explain -d ./mine.wasm sample.xml              what does a detector get?
  logwasp explain -o json logs/ | jq 'select(.type == \"decision\")'

Exit codes: 0 done, 1 something could not be read, 2 usage or config error.")]
pub(super) struct Explain {
    /// Files, folders, patterns, or `-` for stdin
    #[arg(required = true, value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// Format of the inputs
    #[arg(long, value_name = "FORMAT", default_value = "auto", value_parser = formats())]
    pub(super) format: String,
    /// Explain only this detector: a name, or a component file (repeatable)
    #[arg(short, long = "detector", value_name = "NAME|FILE.wasm")]
    pub(super) detectors: Vec<String>,
    /// Settings of the detectors and the inventory of the site
    #[arg(short, long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Only what is about this account (repeatable, as the following)
    #[arg(long, value_name = "USER")]
    pub(super) user: Vec<String>,
    /// Only what is about this machine
    #[arg(long, value_name = "HOST")]
    pub(super) host: Vec<String>,
    /// Only what is about this address
    #[arg(long, value_name = "IP")]
    pub(super) src_ip: Vec<String>,
    /// Only what is about this mail
    #[arg(long, value_name = "ID")]
    pub(super) message_id: Vec<String>,
    /// Only what is about this text: a connector, a tenant, a domain
    #[arg(long, value_name = "TEXT")]
    pub(super) entity: Vec<String>,
    /// Records that are shown of each subscription; the rest is counted
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(super) records: usize,
    /// How it is written
    #[arg(short, long, value_name = "OUTPUT", default_value = "text")]
    pub(super) output: ExplainOutput,
}

/// Print the normalized events themselves, one a line
#[derive(Debug, Parser)]
#[command(after_help = "\
Examples:
  logwasp parse Security.evtx | jq 'select(.event_id == 4740)'
  logwasp parse --damaged broken.log           what failed, where, and why")]
pub(super) struct Parse {
    /// Files, folders, patterns, or `-` for stdin
    #[arg(required = true, value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// Format of the inputs
    #[arg(long, value_name = "FORMAT", default_value = "auto", value_parser = formats())]
    pub(super) format: String,
    /// How events are written [default: pretty on a terminal, else ndjson]
    #[arg(short, long, value_name = "OUTPUT")]
    pub(super) output: Option<Output>,
    /// Time zones of hosts (`[site.time_zones]`)
    #[arg(short, long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Print what could not be read instead, and why
    #[arg(long)]
    pub(super) damaged: bool,
}

/// Check a config and the detectors it names; print it with all defaults
#[derive(Debug, Parser)]
pub(super) struct Check {
    /// The config
    #[arg(short, long, value_name = "FILE")]
    pub(super) config: PathBuf,
}

/// Run the service: follow logs that are being written, deliver alerts to sinks
#[derive(Debug, Parser)]
#[command(after_help = "\
Signals:
  SIGTERM, SIGINT   stop: take what is whole, keep the state, deliver what can be
  SIGHUP            read the config again; a config that is wrong changes nothing

Exit codes: 0 stopped as asked, 1 it had to stop, 2 usage or config error.")]
pub(super) struct Run {
    /// The config
    #[arg(short, long, value_name = "FILE")]
    pub(super) config: PathBuf,
    /// Read all files to their end, deliver, and exit
    #[arg(long)]
    pub(super) once: bool,
}

/// Let a running service read its config again
#[derive(Debug, Parser)]
pub(super) struct Reload {
    /// The config, for its `state_dir`
    #[arg(short, long, value_name = "FILE")]
    pub(super) config: PathBuf,
}

/// Look at the state directory of a stopped service
#[derive(Debug, Parser)]
pub(super) struct State {
    #[command(subcommand)]
    pub(super) command: StateCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum StateCommand {
    /// Check the state, repair what a crash can damage; exit 1 when it is broken
    Check(StatePlace),
    /// Print what the state holds, in numbers
    Show(StateShow),
}

#[derive(Debug, Parser)]
pub(super) struct StateShow {
    #[command(flatten)]
    pub(super) place: StatePlace,
    /// One JSON object
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Parser)]
pub(super) struct StatePlace {
    /// The config, for its `state_dir`
    #[arg(short, long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// The state directory itself
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    pub(super) dir: Option<PathBuf>,
}

/// Print completions for a shell
#[derive(Debug, Parser)]
#[command(after_help = "\
Example:
  logwasp completions bash > /etc/bash_completion.d/logwasp")]
pub(super) struct Completions {
    /// The shell
    pub(super) shell: clap_complete::Shell,
}

/// Print the manual page
#[derive(Debug, Parser)]
#[command(after_help = "\
Examples:
  logwasp man | man -l -
  logwasp man detect > logwasp-detect.1")]
pub(super) struct Man {
    /// The page of one command
    pub(super) command: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    /// For people
    Pretty,
    /// One JSON object a line
    Ndjson,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ExplainOutput {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum AlertOutput {
    /// For people
    Pretty,
    /// One JSON object a line
    Ndjson,
    /// Elastic Common Schema
    Ecs,
    /// OCSF Detection Finding
    Ocsf,
    /// Common Event Format
    Cef,
    /// Log Event Extended Format
    Leef,
    /// RFC 5424
    Syslog,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum StatsForm {
    /// A few lines
    Text,
    /// One JSON object
    Json,
    /// Nothing
    None,
}

fn formats() -> PossibleValuesParser {
    let names = Format::ALL.iter().map(|format| format.name());
    std::iter::once("auto").chain(names).collect::<Vec<_>>().into()
}

fn severities() -> PossibleValuesParser {
    Severity::ALL.iter().map(|severity| severity.name()).collect::<Vec<_>>().into()
}

/// The format that was named; `None` for `auto`.
pub(super) fn named_format(name: &str) -> Option<Format> {
    Format::from_name(name)
}
