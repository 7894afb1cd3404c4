//! EVTX read in every way, on files that the tests write.

mod corpus;
mod damage;
mod laws;
mod round_trip;
mod shapes;
mod values;
mod writer;

use super::*;
use crate::event::{Event, Field};
use crate::interest::Interest;
use crate::stream::Encoding;
use crate::time::Zones;

/// An event, copied out of its chunk.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Owned {
    kind: Kind,
    time: i64,
    time_quality: TimeQuality,
    host: Option<String>,
    provider: Option<String>,
    channel: Option<String>,
    event_id: u32,
    fields: Vec<(String, String)>,
    envelope: Vec<(String, String)>,
}

impl Owned {
    fn of<'c>(event: &Event<'c>, arena: &'c Bump) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let all = |fields: &[Field<'c>]| {
            let pair = |field: &Field<'c>| (text(field.name), text(field.value.text(arena)));
            fields.iter().map(pair).collect()
        };
        Self {
            kind: event.kind,
            time: event.time,
            time_quality: event.time_quality,
            host: event.host.map(|value| text(value.text(arena))),
            provider: event.provider.map(|value| text(value.text(arena))),
            channel: event.channel.map(|value| text(value.text(arena))),
            event_id: event.event_id,
            fields: all(&event.fields),
            envelope: all(&event.envelope),
        }
    }
}

/// What a file gave.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    events: Vec<(u64, Owned)>,
    matched: Vec<(u64, usize)>,
    probes: Vec<Probe>,
    damaged: Vec<(u64, &'static str)>,
}

struct Recorder<'p> {
    plan: &'p Plan,
    seen: Seen,
}

impl Visitor for Recorder<'_> {
    fn event<'c>(&mut self, event: &Event<'c>, place: Place, arena: &'c Bump) -> bool {
        let mut found = Vec::new();
        self.plan.interest().matching(event, arena, &mut found);
        self.seen.events.push((place.position, Owned::of(event, arena)));
        self.seen.matched.extend(found.iter().map(|index| (place.position, *index)));
        !found.is_empty()
    }

    fn probe(&mut self, probe: &Probe) {
        self.seen.probes.push(probe.clone());
    }

    fn damaged(&mut self, damaged: &Damaged<'_>) {
        self.seen.damaged.push((damaged.position, damaged.reason));
    }
}

fn reader(plan: &Plan) -> Reader<'_> {
    let zones = Zones::all_in(jiff::tz::TimeZone::UTC);
    Reader::new(plan, Origin { reference_nanos: 7, zones, encoding: Encoding::Utf8 })
}

/// Reads a file in one go.
fn read(file: &[u8], plan: &Plan) -> (Seen, Ledger) {
    let mut reader = reader(plan);
    let mut recorder = Recorder { plan, seen: Seen::default() };
    assert_eq!(reader.feed(file, true, &mut recorder), file.len());
    let ledger = reader.ledger();
    assert!(ledger.is_balanced(), "{ledger:?}");
    (recorder.seen, ledger)
}

fn plan_for_all() -> Plan {
    Plan::new(Interest::new(Vec::new()), false)
}

/// All records of a file's chunks, each as an event or damaged; by programs, or the
/// general way, which may meet the damages of a record in another order.
fn decoded(file: &[u8], generally: bool) -> Vec<Option<Owned>> {
    let mut all = Vec::new();
    let mut store = Store::default();
    let chunks = file.get(header::FILE_HEADER_BYTES..).unwrap_or_default();
    for chunk in chunks.chunks(header::CHUNK_BYTES) {
        let arena = Bump::new();
        let mut decoder = Decoder::new(chunk, &arena, &mut store);
        for found in Records::of(chunk) {
            let Found::Record { record, .. } = found else { continue };
            let peeked = decoder.peek_event_id(&record);
            let decoded =
                if generally { decoder.attempt(&record, true) } else { decoder.decode(&record) };
            let event = decoded.ok().map(|()| Owned::of(&decoder.output.event, &arena));
            if let (Some(event_id), Some(event)) = (peeked, &event) {
                assert_eq!(event.event_id, event_id, "a peek tells the truth or nothing");
            }
            all.push(event);
        }
    }
    all
}
