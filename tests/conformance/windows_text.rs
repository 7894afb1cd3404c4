//! Rendered messages.

use serde_json::Value;

use crate::json::text;
use crate::report::Report;
use crate::support::{corpus, files, load, read};

/// Scenario: Stanza's messages of security events, below a header with an id that no
/// template knows.
/// Guarantees: every label of every section that Stanza reads, and its value.
#[test]
fn stanza() {
    let Some(folder) = corpus("windows-message-text") else { return };
    let mut report = Report::new("windows-message-text (stanza)");
    for path in files(&folder).into_iter().filter(|path| path.ends_with("message.in")) {
        report.file();
        let message = String::from_utf8(load(&path)).expect("text");
        let block = format!("Event ID: 1\nSource: x\nDescription:\n{message}");
        let read = read(block.as_bytes(), None, 0);
        let details: Value =
            serde_json::from_slice(&load(&path.with_file_name("details.out"))).expect("JSON");
        for (name, value) in details.as_object().into_iter().flatten() {
            let parts: Vec<(String, &Value)> = match value {
                Value::Object(labels) => {
                    labels.iter().map(|(label, value)| (format!("{name}/{label}"), value)).collect()
                }
                value => vec![(name.clone(), value)],
            };
            for (name, value) in parts.into_iter().filter(|(name, _)| name != "Additional Context")
            {
                let Some(wanted) = text(value) else {
                    report.skip("a list");
                    continue;
                };
                // Stanza writes `-` for nothing.
                let ours = read.events[0]
                    .field(&name)
                    .map(|ours| if ours.is_empty() { "-" } else { ours });
                report.compare(|| format!("{}: {name}", path.display()), ours, Some(&wanted));
            }
        }
    }
    report.conclude(98.0);
}

/// Scenario: a 4624 with its title alone, and two events copied from the Event Viewer.
/// Guarantees: they are recognised, and their values have Windows' names.
#[test]
fn titles_and_copies() {
    let Some(folder) = corpus("windows-message-text") else { return };
    let all = files(&folder);
    let find = |part: &str| {
        all.iter().find(|path| path.to_string_lossy().contains(part)).expect("it is there")
    };
    let logon = read(&load(find("logon/message.in")), None, 0);
    let event = &logon.events[0];
    assert_eq!(
        (event.event_id, event.provider.as_deref()),
        (4624, Some("Microsoft-Windows-Security-Auditing"))
    );
    for (name, value) in [
        ("SubjectUserName", "WIN-322E2C550UP$"),
        ("TargetUserName", "SYSTEM"),
        ("TargetDomainName", "NT AUTHORITY"),
        ("LogonType", "5"),
        ("LogonProcessName", "Advapi"),
        ("KeyLength", "0"),
        ("WorkstationName", ""),
    ] {
        assert_eq!(event.field(name), Some(value), "{name}");
    }
    let copy = read(&load(find("schannel_36888")), None, 0);
    let ids: Vec<u32> = copy.events.iter().map(|event| event.event_id).collect();
    assert_eq!((ids, copy.ledger.damaged), (vec![36888, 36874], 0));
    assert_eq!(copy.events[0].field("AlertDesc"), Some("40"));
    assert_eq!(copy.events[0].field("ErrorState"), Some("1205"));
    assert_eq!(copy.events[1].field("Protocol"), Some("TLS 1.2"));
}
