//! Lines of netlogon.log against a regular reading of their own.

use crate::report::Report;
use crate::support::{corpus, files, load, read};

/// 2026-11-20T12:00:00Z
const REFERENCE_NANOS: i64 = 1_795_176_000_000_000_000;

/// What a person reads off a line: words around fixed ones.
fn by_words(line: &str) -> Option<[Option<String>; 5]> {
    let (_, logon) = line.split_once("SamLogon: ")?;
    let (kind, rest) = logon.split_once(" logon of ")?;
    let (user, rest) = rest.split_once(" from ")?;
    let words: Vec<&str> = rest.split_whitespace().collect();
    let workstation = match words.first() {
        Some(&("Entered" | "Returns" | "(via")) | None => "",
        Some(word) if word.contains('<') => rest.split(" (via").next()?.trim(),
        Some(word) => word,
    };
    let via = rest.split_once("(via ").and_then(|(_, via)| via.split_once(')')).map(|(via, _)| via);
    let status = rest.split_once("Returns ").map(|(_, status)| status.trim());
    let workstation = workstation.trim_start_matches('\\');
    let owned = |text: &str| text.to_owned();
    Some([
        Some(owned(kind)),
        Some(owned(user.trim())),
        Some(owned(workstation)),
        via.map(owned),
        status.map(owned),
    ])
}

/// Scenario: logs of NT 4 and of current domain controllers.
/// Guarantees: recognised; every line is an event, and each part of a logon is what
/// a person reads.
#[test]
fn lines_are_read() {
    let Some(folder) = corpus("netlogon") else { return };
    let mut report = Report::new("netlogon");
    for path in files(&folder) {
        report.file();
        let log = load(&path);
        let ours = read(&log, None, REFERENCE_NANOS);
        let text = String::from_utf8_lossy(&log).into_owned();
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        assert_eq!(ours.damaged, Vec::<String>::new(), "{}", path.display());
        assert_eq!(ours.events.len(), lines.len(), "{}", path.display());
        for (event, line) in ours.events.iter().zip(lines) {
            assert_eq!(event.kind, "netlogon", "{line}");
            let Some(theirs) = by_words(line) else { continue };
            let names = ["logon_kind", "user", "workstation", "via", "status"];
            for (name, theirs) in names.into_iter().zip(&theirs) {
                report.compare(|| format!("{line} {name}"), event.field(name), theirs.as_deref());
            }
        }
    }
    report.conclude(99.0);
}
