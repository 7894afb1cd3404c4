//! Reading corpus files into events that own their text.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bumpalo::Bump;
use logwasp_core::decode::recognize;
use logwasp_core::event::Event;
use logwasp_core::evtx;
use logwasp_core::format::Format;
use logwasp_core::interest::Interest;
use logwasp_core::ledger::Ledger;
use logwasp_core::probe::Probe;
use logwasp_core::scan::Plan;
use logwasp_core::stream::{Damaged, Encoding, Origin, Place, Stream, Visitor};
use logwasp_core::time::Zones;

/// A group of the corpus, or `None` and a line that says so.
pub(crate) fn corpus(group: &str) -> Option<PathBuf> {
    let root = std::env::var_os("LOGWASP_CORPUS");
    let found = root.map(|root| Path::new(&root).join(group)).filter(|folder| folder.is_dir());
    if found.is_none() {
        println!("skipped: LOGWASP_CORPUS does not say where `{group}` is");
    }
    found
}

/// All files below a folder, in order.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The bytes of a file, unpacked, without a byte order mark.
pub(crate) fn load(path: &Path) -> Vec<u8> {
    let bytes = std::fs::read(path).expect("readable");
    let packed = path.extension().is_some_and(|extension| extension == "zst");
    let bytes = if packed { zstd::decode_all(&*bytes).expect("zstd") } else { bytes };
    bytes.strip_prefix(b"\xef\xbb\xbf").map_or_else(|| bytes.clone(), <[u8]>::to_vec)
}

/// An event that owns its text. Values that are not UTF-8 are shown lossily.
#[derive(Debug, Clone, Default)]
pub(crate) struct Owned {
    pub(crate) kind: String,
    pub(crate) time: i64,
    pub(crate) host: Option<String>,
    pub(crate) provider: Option<String>,
    pub(crate) channel: Option<String>,
    pub(crate) event_id: u32,
    /// Values by name, in the order of the record.
    pub(crate) fields: BTreeMap<String, Vec<String>>,
}

impl Owned {
    /// The first value of that name.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name).and_then(|values| values.first()).map(String::as_str)
    }

    fn of<'c>(event: &Event<'c>, arena: &'c Bump) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for field in event.fields.iter().chain(&event.envelope) {
            fields.entry(text(field.name)).or_default().push(text(field.value.text(arena)));
        }
        Self {
            kind: event.kind.name().to_owned(),
            time: event.time,
            host: event.host.map(|value| text(value.text(arena))),
            provider: event.provider.map(|value| text(value.text(arena))),
            channel: event.channel.map(|value| text(value.text(arena))),
            event_id: event.event_id,
            fields,
        }
    }
}

/// What a text gave.
#[derive(Debug, Default)]
pub(crate) struct Read {
    pub(crate) events: Vec<Owned>,
    pub(crate) damaged: Vec<String>,
    pub(crate) ledger: Ledger,
}

impl Visitor for Read {
    fn event<'c>(&mut self, event: &Event<'c>, _: Place, arena: &'c Bump) -> bool {
        self.events.push(Owned::of(event, arena));
        true
    }

    fn probe(&mut self, _: &Probe) {}

    fn damaged(&mut self, damaged: &Damaged<'_>) {
        self.damaged.push(format!("{}@{}", damaged.reason, damaged.position));
    }
}

/// Reads a text in one go. `reference_nanos` is what a missing year is inferred from.
pub(crate) fn read(text: &[u8], format: Option<Format>, reference_nanos: i64) -> Read {
    read_in(jiff::tz::TimeZone::UTC, text, format, reference_nanos)
}

/// As [`read`], with local times in `zone`.
pub(crate) fn read_in(
    zone: jiff::tz::TimeZone,
    text: &[u8],
    format: Option<Format>,
    reference_nanos: i64,
) -> Read {
    let plan = Plan::new(Interest::new(Vec::new()), false);
    let recognized = recognize(text, format);
    let zones = Zones::all_in(zone);
    let origin = Origin { reference_nanos, zones, encoding: Encoding::Utf8 };
    let mut read = Read::default();
    read.ledger = if recognized.format == Format::Evtx {
        let mut reader = evtx::Reader::new(&plan, origin);
        reader.feed(text, true, &mut read);
        reader.ledger()
    } else {
        let mut stream = Stream::new(&plan, recognized, origin);
        stream.feed(text, true, &mut read);
        stream.ledger()
    };
    assert!(read.ledger.is_balanced(), "{:?}", read.ledger);
    read
}
