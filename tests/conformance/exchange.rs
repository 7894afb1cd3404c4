//! Logs of Exchange: real files are read without damage, and rows as another
//! pipeline reads them.

use serde_json::Value;

use logwasp_core::format::Format;

use crate::report::Report;
use crate::support::{Owned, corpus, files, load, read};

/// What the pipeline calls a column of the tracking log.
const TRACKING: [(&str, &str); 25] = [
    ("/client/ip", "client-ip"),
    ("/client/domain", "client-hostname"),
    ("/server/ip", "server-ip"),
    ("/server/domain", "server-hostname"),
    ("/microsoft/exchange/sourcecontext", "source-context"),
    ("/microsoft/exchange/connectorid", "connector-id"),
    ("/microsoft/exchange/source", "source"),
    ("/microsoft/exchange/eventid", "event-id"),
    ("/email/local_id", "internal-message-id"),
    ("/email/message_id", "message-id"),
    ("/microsoft/exchange/networkmessageid", "network-message-id"),
    ("/email/to/address/0", "recipient-address"),
    ("/microsoft/exchange/recipientstatus", "recipient-status"),
    ("/network/bytes", "total-bytes"),
    ("/microsoft/exchange/recipientcount", "recipient-count"),
    ("/email/subject", "message-subject"),
    ("/email/sender/address/0", "sender-address"),
    ("/microsoft/exchange/returnpath", "return-path"),
    ("/microsoft/exchange/messageinfo", "message-info"),
    ("/email/direction", "directionality"),
    ("/microsoft/exchange/originalclientip", "original-client-ip"),
    ("/microsoft/exchange/originalserverip", "original-server-ip"),
    ("/microsoft/exchange/customdata", "custom-data"),
    ("/microsoft/exchange/transporttraffictype", "transport-traffic-type"),
    ("/microsoft/exchange/schemaversion", "schema-version"),
];

const SMTP: [(&str, &str); 8] = [
    ("/microsoft/exchange/connectorid", "connector-id"),
    ("/microsoft/exchange/sessionid", "session-id"),
    ("/microsoft/exchange/sequencenumber", "sequence-number"),
    ("/microsoft/exchange/localendpoint", "local-endpoint"),
    ("/microsoft/exchange/remoteendpoint", "remote-endpoint"),
    ("/microsoft/exchange/event", "event"),
    ("/microsoft/exchange/data", "data"),
    ("/microsoft/exchange/context", "context"),
];

fn compare(
    report: &mut Report,
    place: &str,
    ours: &Owned,
    theirs: &Value,
    mappings: &[(&str, &str)],
) {
    for (pointer, name) in mappings {
        let theirs = theirs.pointer(pointer);
        let theirs =
            theirs.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        // Empty cells are absent there.
        let ours = ours.field(name).filter(|value| !value.is_empty());
        if ours.is_some() || theirs.is_some() {
            report.compare(|| format!("{place} {name}"), ours, theirs.as_deref());
        }
    }
    let time: jiff::Timestamp =
        theirs["@timestamp"].as_str().and_then(|time| time.parse().ok()).expect("a timestamp");
    let theirs = time.as_nanosecond().to_string();
    report.compare(|| format!("{place} time"), Some(&ours.time.to_string()), Some(&theirs));
}

fn expected(path: &std::path::Path) -> Vec<Value> {
    let mut json: Value = serde_json::from_slice(&load(path)).expect("JSON");
    json["expected"].as_array_mut().map(std::mem::take).expect("a list")
}

/// Scenario: tracking and protocol rows without headers.
/// Guarantees: recognised, and each field as Elastic's pipeline reads it.
#[test]
fn elastic_pipelines_read_the_same() {
    let Some(folder) = corpus("elastic-pipeline-pairs") else { return };
    let streams = folder.join("LaZyDK+integrations/packages/microsoft_exchange_server/data_stream");
    let mut report = Report::new("elastic-pipeline-pairs/microsoft_exchange_server");

    report.file();
    let log = streams.join("messagetracking/_dev/test/pipeline/test-messagetracking.log");
    let ours = read(&load(&log), None, 0);
    assert_eq!(ours.damaged, Vec::<String>::new());
    let theirs = expected(&log.with_file_name("test-messagetracking.log-expected.json"));
    assert_eq!(ours.events.len(), theirs.len());
    for (row, (ours, theirs)) in ours.events.iter().zip(&theirs).enumerate() {
        assert_eq!(ours.kind, "exchange-tracking");
        compare(&mut report, &format!("tracking {row}"), ours, theirs, &TRACKING);
    }

    report.file();
    let events = streams.join("smtp/_dev/test/pipeline/test-smtp.json");
    let theirs = expected(&events.with_file_name("test-smtp.json-expected.json"));
    let events: Value = serde_json::from_slice(&load(&events)).expect("JSON");
    for (row, (event, theirs)) in
        events["events"].as_array().expect("a list").iter().zip(&theirs).enumerate()
    {
        let message = event["message"].as_str().expect("a message");
        let ours = read(message.as_bytes(), None, 0);
        let [ours] = ours.events.as_slice() else { panic!("{:?}", ours.damaged) };
        assert_eq!(ours.kind, "exchange-smtp");
        compare(&mut report, &format!("smtp {row}"), ours, theirs, &SMTP);
    }
    report.conclude(98.0);
}

/// Scenario: files of Exchange servers of all versions and logs.
/// Guarantees: recognised by what they say; every row is an event of the log's kind
/// with a time, and none is damaged.
#[test]
fn files_of_servers_are_read() {
    let Some(folder) = corpus("exchange") else { return };
    let mut kinds = std::collections::BTreeMap::<String, usize>::new();
    for path in files(&folder) {
        let log = load(&path);
        let read = read(&log, None, 0);
        let rows = log
            .split(|byte| *byte == b'\n')
            .filter(|line| line.first().is_some_and(u8::is_ascii_digit));
        println!("{}: {} events, {:?}", path.display(), read.events.len(), read.damaged);
        assert_eq!(read.events.len() + read.damaged.len(), rows.count(), "{}", path.display());
        for event in &read.events {
            assert!(event.time > 0, "{}", path.display());
            *kinds.entry(event.kind.clone()).or_default() += 1;
        }
    }
    println!("{kinds:?}");
    for kind in ["exchange-smtp", "exchange-tracking", "exchange-httpproxy", "text"] {
        assert!(kinds.contains_key(kind), "{kind}");
    }
}

/// Scenario: the same rows as UTF-8 text, read as the format that is asked for.
/// Guarantees: naming the format changes nothing.
#[test]
fn asking_for_the_format_changes_nothing() {
    let Some(folder) = corpus("exchange") else { return };
    for path in
        files(&folder).iter().filter(|path| !path.ends_with("IIS_W3C_exchange_frontend.log"))
    {
        let log = load(path);
        let asked = read(&log, Some(Format::ExchangeCsv), 0);
        assert_eq!(asked.events.len(), read(&log, None, 0).events.len(), "{}", path.display());
    }
}
