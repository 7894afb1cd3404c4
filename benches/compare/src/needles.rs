//! What the scan searches for, for ripgrep and for people.

use anyhow::{Result, bail};
use logwasp::config::Config;
use logwasp::pipeline::{Wanted, load};
use logwasp_core::event::Kind;
use logwasp_core::format::Format;
use logwasp_core::scan::{Mode, Plan};

use crate::generate::Log;

/// Detectors that run together.
pub(crate) struct Set {
    /// Its name in the table.
    pub name: &'static str,
    /// Names of its detectors; none of them for all that are bundled.
    pub detectors: &'static [&'static str],
    /// What they search for.
    pub plan: Plan,
}

/// Those that look for rare things, and all that are bundled.
const SETS: [(&str, &[&str]); 2] = [
    ("4 detectors", &["lockout", "schannel", "relay-denied", "authas-anomaly"]),
    ("all detectors", &[]),
];

/// The sets of detectors that are measured.
pub(crate) fn sets() -> Result<Vec<Set>> {
    let set = |(name, detectors): (&'static str, &'static [&'static str])| {
        let wanted = match detectors {
            [] => Wanted::All,
            names => Wanted::Named(names.iter().map(|&name| name.to_owned()).collect()),
        };
        match load(&Config::without_file(), &wanted, |_, _| {}) {
            Ok(loaded) => {
                Ok(Set { name, detectors, plan: Plan::new(loaded.into_interest(), true) })
            }
            Err(problem) => bail!("the bundled detectors do not load: {problem:?}"),
        }
    };
    SETS.into_iter().map(set).collect()
}

/// The format of a generated log.
pub(crate) fn format(log: Log) -> Format {
    match log {
        Log::EventXml => Format::WinEventXml,
        Log::Ndjson => Format::WinEventJson,
        Log::Iis => Format::W3c,
        Log::ExchangeSmtp => Format::ExchangeCsv,
        Log::Syslog => Format::Syslog,
    }
}

/// How a log is searched.
fn mode(plan: &Plan, log: Log) -> &Mode {
    match log {
        Log::ExchangeSmtp => plan.mode_of_log(Kind::ExchangeSmtp),
        log => plan.mode(format(log)),
    }
}

/// The scan's literals; `None` when the format is decoded fully.
pub(crate) fn literals(plan: &Plan, log: Log) -> Option<Vec<String>> {
    let Mode::Scan { scan, .. } = mode(plan, log) else { return None };
    let literals = scan.literals().map(|literal| String::from_utf8_lossy(literal).into_owned());
    Some(literals.collect())
}

/// The same without keys of event ids, but with each wanted id in each way to write
/// it: the scan reads the number behind a key, a plain search cannot.
pub(crate) fn ids_spelled_out(plan: &Plan, log: Log) -> Option<Vec<String>> {
    let ids = event_ids(plan, log);
    let spelled = |literal: String| match literal.as_str() {
        "ntID" => ids.iter().map(|id| format!(">{id}<")).collect(),
        "nt_id\"" | "\"code\"" => {
            let both = |id: &u32| [format!("{literal}:\"{id}\""), format!("{literal}:{id},")];
            ids.iter().flat_map(both).collect()
        }
        _ => vec![literal],
    };
    Some(literals(plan, log)?.into_iter().flat_map(spelled).collect())
}

/// The event ids that are looked for behind their keys.
pub(crate) fn event_ids(plan: &Plan, log: Log) -> Vec<u32> {
    match mode(plan, log) {
        Mode::DecodeAll => Vec::new(),
        Mode::Scan { scan, .. } => scan.event_ids().to_vec(),
    }
}
