//! What the scan searches for, as a search without knowledge of formats needs it.

use anyhow::{Result, bail};
use logwasp::config::Config;
use logwasp::pipeline::{Wanted, load};
use logwasp_core::format::Format;
use logwasp_core::scan::{Mode, Plan, Scan};

use crate::generate::Log;

/// The plan of the bundled detectors.
pub(crate) fn plan() -> Result<Plan> {
    let detectors = match load(&Config::without_file(), &Wanted::All, |_, _| {}) {
        Ok(detectors) => detectors,
        Err(problem) => bail!("the bundled detectors do not load: {problem:?}"),
    };
    Ok(Plan::new(detectors.split().0, true))
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

/// Needles for ripgrep; `None` when the format is decoded fully.
///
/// The scan finds the key of an event id and reads the number behind it; a plain
/// search needs each wanted id in each way to write it.
pub(crate) fn needles(plan: &Plan, log: Log) -> Option<Vec<String>> {
    let Mode::Scan { scan, .. } = plan.mode(format(log)) else { return None };
    let mut needles = Vec::new();
    for literal in scan.literals() {
        let literal = String::from_utf8_lossy(literal).into_owned();
        let ids = scan.event_ids().iter();
        match literal.as_str() {
            "<EventID" => needles.extend(ids.map(|id| format!(">{id}<"))),
            "event_id\"" | "code\"" => {
                needles.extend(
                    ids.flat_map(|id| [format!("{literal}:\"{id}\""), format!("{literal}:{id},")]),
                );
            }
            _ => needles.push(literal),
        }
    }
    needles.sort();
    needles.dedup();
    Some(needles)
}

/// The literals as the scan has them.
pub(crate) fn literals(scan: &Scan) -> String {
    let quoted = scan.literals().map(|literal| format!("{:?}", String::from_utf8_lossy(literal)));
    quoted.collect::<Vec<_>>().join(" ")
}
