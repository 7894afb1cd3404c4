//! What holds for Windows events in every coat, through a whole stream.

mod coats;
mod event_xml;

use bumpalo::Bump;

use crate::event::{Event, Kind, Value};
use crate::format::Format;
use crate::interest::Interest;
use crate::probe::Probe;
use crate::scan::Plan;
use crate::stream::{Damaged, Encoding, Origin, Place, Stream, Visitor};
use crate::time::{TimeQuality, Zones};

/// All that an event says, whatever its coat.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Said {
    kind: Kind,
    provider: String,
    channel: String,
    event_id: u32,
    host: String,
    time: i64,
    has_time: bool,
    /// Names and values, in order.
    fields: Vec<(String, String)>,
}

#[derive(Debug, Default)]
struct Seen {
    said: Vec<Said>,
    damaged: Vec<&'static str>,
}

impl Visitor for Seen {
    fn event<'c>(&mut self, event: &Event<'c>, _: Place, arena: &'c Bump) -> bool {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let member = |value: Option<Value<'c>>| {
            value.map(|value| text(value.text(arena))).unwrap_or_default()
        };
        let fields = event.fields.iter();
        self.said.push(Said {
            kind: event.kind,
            provider: member(event.provider),
            channel: member(event.channel),
            event_id: event.event_id,
            host: member(event.host),
            time: event.time,
            has_time: event.time_quality == TimeQuality::Exact
                || event.time_quality == TimeQuality::ZoneAssumed,
            fields: fields.map(|field| (text(field.name), text(field.value.text(arena)))).collect(),
        });
        true
    }

    fn probe(&mut self, _: &Probe) {}

    fn damaged(&mut self, damaged: &Damaged<'_>) {
        self.damaged.push(damaged.reason);
    }
}

/// Reads a log of unknown format, which must be whole.
fn read(log: &str) -> Result<(Format, Vec<Said>), Vec<&'static str>> {
    let plan = Plan::new(Interest::new(Vec::new()), false);
    let recognized = super::recognize(log.as_bytes(), None);
    let zones = Zones::all_in(jiff::tz::TimeZone::UTC);
    let origin = Origin { reference_nanos: 0, zones, encoding: Encoding::Utf8 };
    let mut seen = Seen::default();
    Stream::new(&plan, recognized, origin).feed(log.as_bytes(), true, &mut seen);
    if seen.damaged.is_empty() { Ok((recognized.format, seen.said)) } else { Err(seen.damaged) }
}
