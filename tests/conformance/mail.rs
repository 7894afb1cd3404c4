//! Mails against a plain reading of their headers.

use logwasp_core::format::Format;

use crate::report::Report;
use crate::support::{corpus, files, load, read};

/// The values of a header, unfolded by the letter of RFC 5322: a line break before a
/// blank goes.
fn header(mail: &str, name: &str) -> Vec<String> {
    let text = mail.replace("\r\n", "\n");
    let block = text.split("\n\n").next().unwrap_or_default();
    let unfolded = block.replace("\n ", " ").replace("\n\t", "\t");
    let values = unfolded.lines().filter_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim_matches([' ', '\t']).to_owned())
    });
    values.collect()
}

/// Scenario: some 160 mails of all kinds, among them broken ones.
/// Guarantees: each file is one mail; the chain of servers and the headers that
/// detectors ask for are there in order, whatever their case.
#[test]
fn headers_are_read() {
    let Some(folder) = corpus("email") else { return };
    let mut report = Report::new("email");
    for path in files(&folder) {
        report.file();
        let mail = load(&path);
        let text = String::from_utf8_lossy(&mail).into_owned();
        let ours = read(&mail, None, 0);
        let [event] = ours.events.as_slice() else {
            panic!("{}: {} events, {:?}", path.display(), ours.events.len(), ours.damaged);
        };
        assert_eq!(event.kind, "mail-headers", "{}", path.display());
        for name in
            ["Received", "From", "Subject", "Message-ID", "Return-Path", "Authentication-Results"]
        {
            let theirs = header(&text, name);
            let ours = event.fields.get(name).cloned().unwrap_or_default();
            let count = |values: &[String]| values.len().to_string();
            let place = || format!("{} {name}", path.display());
            report.compare(place, Some(&count(&ours)), Some(&count(&theirs)));
            for (ours, theirs) in ours.iter().zip(&theirs) {
                report.compare(place, Some(ours), Some(theirs));
            }
        }
    }
    report.conclude(99.0);
}

/// Scenario: all mails in one mailbox file, with their `From ` lines protected.
/// Guarantees: as many mails, each with its own chain of servers.
#[test]
fn a_mailbox_holds_the_same_mails() {
    let Some(folder) = corpus("email") else { return };
    let (mut mailbox, mut chains) = (Vec::new(), Vec::new());
    for path in files(&folder) {
        let mail = load(&path);
        mailbox.extend_from_slice(b"From a@example.org Fri Nov 20 10:12:09 2026\n");
        for line in mail.split_inclusive(|byte| *byte == b'\n') {
            if line.trim_ascii_start().starts_with(b"From ") {
                mailbox.push(b'>');
            }
            mailbox.extend_from_slice(line);
        }
        mailbox.extend_from_slice(b"\n\n");
        chains.push(read(&mail, Some(Format::Mail), 0).events[0].fields.get("Received").cloned());
    }
    let ours = read(&mailbox, None, 0);
    assert_eq!(ours.damaged, Vec::<String>::new());
    assert_eq!(ours.events.len(), chains.len());
    for (event, chain) in ours.events.iter().zip(&chains) {
        assert_eq!(event.fields.get("Received"), chain.as_ref());
    }
}
