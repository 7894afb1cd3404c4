//! Real files, held against another implementation.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use evtx::{EvtxChunkData, ParserSettings};

use super::*;
use crate::decode::{Context, Damage, Decoder as FrameDecoder, Recognized};
use crate::format::Format;
use crate::time::YearReference;

/// All EVTX files under the corpus, in order.
fn files() -> Vec<PathBuf> {
    let Some(root) = std::env::var_os("LOGWASP_CORPUS") else { return Vec::new() };
    let mut files = Vec::new();
    for group in ["evtx", "evtx-golden-pairs", "sigma-regression"] {
        collect(&Path::new(&root).join(group), &mut files);
    }
    files.sort();
    files
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let inner = if is(&path, "zst") { path.with_extension("") } else { path.clone() };
        if path.is_dir() {
            collect(&path, files);
        } else if is(&inner, "evtx") {
            files.push(path);
        }
    }
}

fn is(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}

fn load(path: &Path) -> Vec<u8> {
    let bytes = std::fs::read(path).unwrap();
    if is(path, "zst") { zstd::decode_all(&*bytes).unwrap() } else { bytes }
}

/// What the other implementation makes of a file.
#[derive(Default)]
pub(super) struct Rendered {
    /// The XML of each record by its position, or why there is none.
    pub(super) records: BTreeMap<u64, Result<String, String>>,
    /// Chunks and records that it cannot read.
    pub(super) errors: usize,
}

/// Lets the other implementation render a file, chunk by chunk.
pub(super) fn rendered(file: &[u8]) -> Rendered {
    let settings = Arc::new(ParserSettings::new().indent(false).num_threads(1));
    let mut rendered = Rendered::default();
    let chunks = file.get(header::FILE_HEADER_BYTES..).unwrap_or_default();
    for (number, bytes) in chunks.chunks_exact(header::CHUNK_BYTES).enumerate() {
        let base = (header::FILE_HEADER_BYTES + number * header::CHUNK_BYTES) as u64;
        if bytes.iter().all(|byte| *byte == 0) {
            continue;
        }
        let Ok(mut data) = EvtxChunkData::new(bytes.to_vec(), false) else {
            rendered.errors += 1;
            continue;
        };
        let Ok(mut chunk) = data.parse(Arc::clone(&settings)) else {
            rendered.errors += 1;
            continue;
        };
        for record in chunk.iter() {
            let Ok(record) = record else {
                rendered.errors += 1;
                continue;
            };
            let position = base + record.binxml_offset - 24;
            let xml = record.into_xml().map(|xml| xml.data).map_err(|error| error.to_string());
            rendered.records.insert(position, xml);
        }
    }
    rendered
}

/// What the XML reader makes of an event.
pub(super) fn of_xml(xml: &str) -> Result<Owned, Damage> {
    let arena = Bump::new();
    let mut event = Event::default();
    let zones = Zones::all_in(jiff::tz::TimeZone::UTC);
    let year = YearReference { nanos: 0 };
    let context = Context { arena: &arena, zones: &zones, year };
    let mut decoder = FrameDecoder::new(Recognized::plain(Format::WinEventXml));
    decoder.decode(xml.as_bytes(), &context, &mut None, &mut event)?;
    Ok(Owned::of(&event, &arena))
}

#[derive(Debug, Default)]
struct Counts {
    files: usize,
    /// Records that both read, with the same event.
    same: usize,
    /// Half-written records: their size stands at the beginning only, and zeros at the
    /// end. The other implementation takes the zeros for values, for us it is damage.
    half_written: usize,
    /// Records in chunks whose beginning is zeroed. The other one leaves them out.
    only_ours: usize,
    /// What either one reports as unreadable; a run of garbage is one thing for us.
    damaged: usize,
    errors: usize,
}

impl Counts {
    fn compare(&mut self, path: &Path, file: &[u8]) {
        let (seen, ledger) = read(file, &plan_for_all());
        let theirs = rendered(file);
        let ours: BTreeMap<_, _> = seen.events.iter().map(|(at, event)| (*at, event)).collect();
        let reasons: BTreeMap<_, _> = seen.damaged.iter().copied().collect();
        let mut lost = 0;
        for (position, xml) in &theirs.records {
            let place = format!("{} at {position:#x}", path.display());
            let xml = xml.as_ref().unwrap_or_else(|error| panic!("{place}: {error}"));
            if reasons.get(position) == Some(&"the two sizes of a record differ") {
                lost += 1;
                continue;
            }
            assert_eq!(ours.get(position), Some(&&of_xml(xml).unwrap()), "{place}: {xml}");
        }
        let only_ours = ours.keys().filter(|at| !theirs.records.contains_key(at)).count();
        assert_eq!(ledger.decoded as usize, theirs.records.len() - lost + only_ours);
        if theirs.errors == 0 && lost == 0 {
            assert_eq!((seen.damaged, only_ours), (vec![], 0), "{}", path.display());
        }
        self.files += 1;
        self.same += theirs.records.len() - lost;
        self.half_written += lost;
        self.only_ours += only_ours;
        self.damaged += ledger.damaged as usize;
        self.errors += theirs.errors;
    }
}

/// Scenario: real files, good and damaged ones, read by another implementation as
/// XML, which our XML reader reads, and by us directly.
/// Guarantees: the same members, times, fields and values, the same number of
/// records; the exceptions are those that [`Counts`] names.
#[test]
fn events_are_those_of_the_xml() {
    let files = files();
    if files.is_empty() {
        println!("skipped: LOGWASP_CORPUS names no corpus");
        return;
    }
    let mut counts = Counts::default();
    for path in &files {
        counts.compare(path, &load(path));
    }
    println!("{counts:?}");
    assert!(counts.same > 0);
}

/// Scenario: the same files, in pieces, with and without the prefilter and programs.
/// Guarantees: the laws.
#[test]
fn the_laws_hold_for_real_files() {
    for path in files() {
        let file = load(&path);
        assert_eq!(decoded(&file, false), decoded(&file, true), "{}", path.display());
        super::laws::check(&file, &[100_000, 1_000_000], false).unwrap();
    }
}
