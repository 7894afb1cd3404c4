//! Decode everything, in this process on one thread: our decoders beside the
//! libraries that one would take instead.

use anyhow::{Context, Result, ensure};
use bumpalo::Bump;
use jiff::tz::TimeZone;
use logwasp_core::decode::recognize;
use logwasp_core::event::Event;
use logwasp_core::interest::Interest;
use logwasp_core::probe::Probe;
use logwasp_core::scan::Plan;
use logwasp_core::stream::{Damaged, Encoding, Origin, Place, Stream, Visitor};
use logwasp_core::time::Zones;

use crate::Bench;
use crate::files::beginning;
use crate::generate::{Log, Mix};
use crate::measure::{Contender, here, medians};
use crate::needles::format;
use crate::table::{Amount, Row};

/// So much of each log: enough to measure, little enough to stay in memory.
const BYTES_MAX: usize = 128 << 20;
/// What the stream gets at a time: it stays in the cache, as it does in `detect`.
const CHUNK_BYTES: usize = 256 << 10;

/// Decodes a whole log and counts its records.
type Decode = fn(&[u8]) -> Result<u64>;

pub(crate) fn rows(bench: &Bench) -> Result<Vec<Row>> {
    let peers: [(Log, &str, Decode, f64); 5] = [
        (Log::EventXml, "quick-xml pull", quick_xml, 2.5),
        (Log::Ndjson, "simd-json tape", simd_json, 1.15),
        (Log::Syslog, "syslog_loose", syslog_loose, 3.6),
        (Log::Iis, "csv crate", |text| csv(text, b' '), 1.9),
        (Log::ExchangeSmtp, "csv crate", |text| csv(text, b','), 1.4),
    ];
    peers.into_iter().map(|(log, name, peer, goal)| row(bench, log, name, peer, goal)).collect()
}

fn row(bench: &Bench, log: Log, name: &str, peer: Decode, goal: f64) -> Result<Row> {
    let text = beginning(&bench.files.get(log, Mix::Little)?, BYTES_MAX)?;
    let mut counts = [0; 2];
    let [ours_count, peer_count] = &mut counts;
    let measured = |count: &mut u64, decode: &dyn Fn() -> Result<u64>| {
        let (cost, records) = here(decode)?;
        *count = records;
        Ok(cost)
    };
    let mut contenders = [
        Contender::new("logwasp", || measured(ours_count, &|| ours(&text, log))),
        Contender::new(name, || measured(peer_count, &|| peer(&text))),
    ];
    let costs = medians(bench.rounds, &mut contenders)?;
    drop(contenders);
    let [ours_count, peer_count] = counts;
    // A W3C or Exchange log begins with a few directives, which the peer takes for rows.
    ensure!(ours_count.abs_diff(peer_count) < 8, "{name}: {peer_count} records, not {ours_count}");
    let [ours, theirs] = costs.try_into().ok().context("both took part")?;
    Ok(Row {
        work: format!("{}, decode all", log.name()),
        amount: Amount::Bytes(text.len() as u64),
        ours,
        peer: name.to_owned(),
        theirs: Some(theirs),
        goal: Some(goal),
        note: format!("{ours_count} records"),
    })
}

/// Counts events and reads nothing of them.
struct Count(u64);

impl Visitor for Count {
    fn event<'c>(&mut self, event: &Event<'c>, _: Place, _: &'c Bump) -> bool {
        std::hint::black_box(event);
        self.0 += 1;
        false
    }

    fn probe(&mut self, _: &Probe) {}

    fn damaged(&mut self, _: &Damaged<'_>) {}
}

fn ours(text: &[u8], log: Log) -> Result<u64> {
    let plan = Plan::new(Interest::new(Vec::new()), false);
    let recognized = recognize(text.get(..1 << 16).unwrap_or(text), None);
    ensure!(recognized.format == format(log), "taken for {:?}", recognized.format);
    let origin = Origin {
        reference_nanos: 1_795_132_800_000_000_000,
        zones: Zones::all_in(TimeZone::UTC),
        encoding: Encoding::Utf8,
    };
    let mut stream = Stream::new(&plan, recognized, origin);
    let (mut count, mut at) = (Count(0), 0);
    while at < text.len() {
        let end = (at + CHUNK_BYTES).min(text.len());
        let chunk = text.get(at..end).unwrap_or_default();
        at += stream.feed(chunk, end == text.len(), &mut count);
    }
    Ok(count.0)
}

fn quick_xml(text: &[u8]) -> Result<u64> {
    use quick_xml::events::Event;
    let mut reader = quick_xml::Reader::from_str(std::str::from_utf8(text)?);
    let mut records = 0;
    loop {
        match reader.read_event()? {
            Event::Start(element) | Event::Empty(element) => {
                for attribute in element.attributes().with_checks(false) {
                    std::hint::black_box(attribute?);
                }
            }
            Event::End(element) => records += u64::from(element.name().as_ref() == "Event"),
            Event::Eof => return Ok(records),
            other => drop(std::hint::black_box(other)),
        }
    }
}

fn simd_json(text: &[u8]) -> Result<u64> {
    let mut buffers = simd_json::Buffers::new(1 << 12);
    let (mut line, mut records) = (Vec::new(), 0);
    let mut spare = simd_json::Tape(Vec::new());
    for text in text.split_inclusive(|byte| *byte == b'\n') {
        // It parses in place.
        line.clear();
        line.extend_from_slice(text);
        let mut tape = spare.reset();
        simd_json::fill_tape(&mut line, &mut buffers, &mut tape)?;
        records += u64::from(!std::hint::black_box(&tape).0.is_empty());
        spare = tape.reset();
    }
    Ok(records)
}

fn syslog_loose(text: &[u8]) -> Result<u64> {
    let mut records = 0;
    for line in std::str::from_utf8(text)?.lines() {
        std::hint::black_box(syslog_loose::parse_message(line, syslog_loose::Variant::Either));
        records += 1;
    }
    Ok(records)
}

fn csv(text: &[u8], delimiter: u8) -> Result<u64> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(text);
    let (mut record, mut records) = (csv::ByteRecord::new(), 0);
    while reader.read_byte_record(&mut record)? {
        records += 1;
    }
    std::hint::black_box(&record);
    Ok(records)
}
