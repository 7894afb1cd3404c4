//! Event XML from other projects.

use serde_json::Value;

use crate::json::text;
use crate::report::Report;
use crate::support::{Owned, corpus, files, load, read};

/// Scenario: OpenWEC's test events, as XML and as the JSON it makes of them.
/// Guarantees: the same event from both; what it calls unrecoverable is damage, and so
/// is an event with a broken rendering.
#[test]
fn openwec() {
    let Some(folder) = corpus("windows-xml/openwec") else { return };
    let mut report = Report::new("windows-xml/openwec");
    let one = |name: &str| read(&load(&folder.join(name)), None, 0);
    for (xml, json) in [
        ("json.EVENT_1003.xml", "json.EVENT_1003_JSON.json"),
        ("json.EVENT_4688.xml", "json.EVENT_4688_JSON.json"),
        ("raw_json.EVENT_4688.xml", "raw_json.EVENT_4688_JSON.json"),
    ] {
        report.file();
        let (xml, json) = (one(xml).events, one(json).events);
        same(&xml[0], &json[0], &mut report);
    }
    let event = one("event.EVENT_4624.xml").events.remove(0);
    report.compare(|| "4624".into(), event.field("ElevatedToken"), Some("%%1842"));
    let broken = one("event.UNRECOVERABLE_1.xml");
    report.compare(|| "unrecoverable".into(), Some(&broken.damaged.len().to_string()), Some("1"));
    let recovered = one("event.RAW_CONTENT_RECOVERED.xml");
    let count = (recovered.damaged.len() + recovered.events.len()).to_string();
    report.compare(|| "recovered".into(), Some(&count), Some("1"));
    report.conclude(100.0);
}

fn same(xml: &Owned, json: &Owned, report: &mut Report) {
    let id = |event: &Owned| {
        format!(
            "{} {} {:?} {:?} {:?}",
            event.event_id, event.time, event.host, event.provider, event.channel
        )
    };
    report.compare(|| "members".into(), Some(&id(json)), Some(&id(xml)));
    for (name, values) in &xml.fields {
        let ours = json.fields.get(name).map(|values| values.join("\u{1f}"));
        let wanted = values.join("\u{1f}");
        report.compare(|| name.clone(), ours.as_deref().map(str::trim), Some(wanted.trim()));
    }
}

/// Scenario: example events of EvtxECmd's maps, of Microsoft's documentation and of
/// Zircolite; some are not well-formed.
/// Guarantees: of each well-formed file, the ids as they stand there.
#[test]
fn example_events() {
    let mut report = Report::new("windows-xml (examples)");
    for group in
        ["windows-xml/EvtxECmd-maps", "windows-xml/ms-docs", "windows-xml/wagga40+Zircolite"]
    {
        let Some(folder) = corpus(group) else { return };
        for path in files(&folder) {
            let content = load(&path);
            if path.extension().is_some_and(|extension| extension == "json") {
                zircolite_json(&content, &mut report);
                continue;
            }
            report.file();
            let shown = String::from_utf8_lossy(&content).into_owned();
            let wanted: Vec<String> = shown
                .match_indices("<EventID")
                .filter_map(|(at, _)| {
                    let (_, text) = shown.get(at..)?.split_once('>')?;
                    Some(text.split_once("</")?.0.trim().to_owned())
                })
                .collect();
            let read = read(&content, None, 0);
            if !read.damaged.is_empty() && !is_well_formed(&shown) {
                report.skip("the file is not well-formed");
                continue;
            }
            let ours: Vec<String> =
                read.events.iter().map(|event| event.event_id.to_string()).collect();
            report.compare(
                || format!("{} {:?}", path.display(), read.damaged),
                Some(&ours.join(",")),
                Some(&wanted.join(",")),
            );
        }
    }
    report.conclude(100.0);
}

fn is_well_formed(text: &str) -> bool {
    let mut reader = quick_xml::Reader::from_str(text);
    let mut roots = 0_i32;
    loop {
        match reader.read_event() {
            Ok(quick_xml::events::Event::Eof) => return roots == 0,
            Ok(quick_xml::events::Event::Start(_)) => roots += 1,
            Ok(quick_xml::events::Event::End(_)) => roots -= 1,
            Ok(_) => {}
            Err(_) => return false,
        }
    }
}

fn zircolite_json(content: &[u8], report: &mut Report) {
    report.file();
    let events = read(content, None, 0).events;
    let lines = content.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    for (ours, line) in events.iter().zip(lines) {
        let Ok(theirs) = serde_json::from_slice::<Value>(line) else { continue };
        let wanted = text(&theirs["winlog"]["event_id"]);
        report.compare(|| "id".into(), Some(&ours.event_id.to_string()), wanted.as_deref());
    }
}
