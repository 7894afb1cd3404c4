//! Decoded: a record of an EVTX file, which is binary, as its fields.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use bumpalo::Bump;
use jiff::tz::TimeZone;
use logwasp_core::event::Event;
use logwasp_core::evtx::Reader;
use logwasp_core::interest::Interest;
use logwasp_core::probe::Probe;
use logwasp_core::scan::Plan;
use logwasp_core::stream::{Damaged, Encoding, Origin, Place, Visitor};
use logwasp_core::time::Zones;

use crate::event_line::EventLine;

/// How the file begins. Source: libyal, "Windows XML Event Log (EVTX) format", 2.
const SIGNATURE: &[u8] = b"ElfFile\0";
/// Bytes before the first chunk.
const HEADER_BYTES: u64 = 4_096;
/// Bytes of a chunk: it holds all that is needed to decode its records.
const CHUNK_BYTES: u64 = 65_536;

/// The record at that offset as JSON over several lines; `None` when the file is no
/// EVTX, or when no record stands there.
pub(super) fn record(file: &File, name: &str, offset: u64) -> Option<String> {
    let within = offset.checked_sub(HEADER_BYTES)? % CHUNK_BYTES;
    let mut bytes = bytes_at(file, 0, HEADER_BYTES).ok()?;
    if !bytes.starts_with(SIGNATURE) {
        return None;
    }
    bytes.extend(bytes_at(file, offset - within, CHUNK_BYTES).ok()?);
    let plan = Plan::new(Interest::new(Vec::new()), false);
    let zones = Zones::all_in(TimeZone::UTC);
    let origin = Origin { reference_nanos: 0, zones, encoding: Encoding::Utf8 };
    let mut search = Search { name, offset, wanted: HEADER_BYTES + within, found: None };
    Reader::new(&plan, origin).feed(&bytes, true, &mut search);
    search.found
}

/// Up to so many bytes: the last chunk of a damaged file may be short.
pub(super) fn bytes_at(file: &File, offset: u64, count: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; count as usize];
    let mut filled = 0;
    while let Some(room) = bytes.get_mut(filled..).filter(|room| !room.is_empty()) {
        match file.read_at(room, offset + filled as u64)? {
            0 => break,
            count => filled += count,
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

struct Search<'a> {
    name: &'a str,
    /// Where the record stands in the file, and in the bytes at hand.
    offset: u64,
    wanted: u64,
    found: Option<String>,
}

impl Visitor for Search<'_> {
    fn event<'c>(&mut self, event: &Event<'c>, place: Place, arena: &'c Bump) -> bool {
        if place.position == self.wanted {
            let line = EventLine::new(event, self.name, self.offset, arena);
            self.found = serde_json::to_string_pretty(&line).ok();
        }
        false
    }

    fn probe(&mut self, _: &Probe) {}

    fn damaged(&mut self, _: &Damaged<'_>) {}
}
