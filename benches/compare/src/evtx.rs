//! EVTX files to alerts, beside a dump of the same file as JSON lines.

use std::io::Write;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::Bench;
use crate::little::detect;
use crate::measure::{Contender, Cost, child, here, medians};
use crate::table::{Amount, Row};

const HEADER_BYTES: usize = 4_096;
const CHUNK_BYTES: usize = 65_536;
/// The header's number of chunks, and its checksum over what is before.
const COUNT_OFFSET: usize = 42;
const CHECKSUM_OFFSET: usize = 124;
const CHECKED_BYTES: usize = 120;

/// The part of the dump's speed that is the goal.
const GOAL: f64 = 1.5;

/// Without a corpus of EVTX files there is no such row.
pub(crate) fn rows(bench: &Bench) -> Result<Vec<Row>> {
    let Some(corpus) = &bench.corpus else {
        eprintln!("LOGWASP_CORPUS is not set: no EVTX file to read");
        return Ok(Vec::new());
    };
    let path = bench.files.make("Security.evtx", |out| join(corpus, bench.files.bytes, out))?;
    let mut decoded = 0;
    let dump = bench.evtx_dump.as_deref();
    let peer = dump.map_or("evtx crate, in process", |_| "evtx_dump -o jsonl");
    let mut records = 0;
    let mut contenders = [
        Contender::new("logwasp", || {
            let (cost, ledger) = detect(bench, &path, &[])?;
            decoded = ledger["records"].as_u64().context("the ledger counts records")?;
            Ok(cost)
        }),
        Contender::new(peer, || match dump {
            Some(program) => dump_of_child(program, &path),
            None => dump_here(&path, &mut records),
        }),
    ];
    let costs = medians(bench.rounds.min(3), &mut contenders)?;
    drop(contenders);
    let [ours, theirs] = costs.try_into().ok().context("both took part")?;
    Ok(vec![Row {
        work: "EVTX -> alerts".to_owned(),
        amount: Amount::Bytes(path.metadata()?.len()),
        ours,
        peer: peer.to_owned(),
        theirs: Some(theirs),
        goal: Some(GOAL),
        note: match records {
            0 => format!("{decoded} records decoded"),
            all => format!("{decoded} of {all} records decoded"),
        },
    }])
}

fn dump_of_child(program: &Path, path: &Path) -> Result<Cost> {
    let mut command = Command::new(program);
    Ok(child(command.args(["-t", "1", "-o", "jsonl"]).arg(path))?.0)
}

fn dump_here(path: &Path, records: &mut u64) -> Result<Cost> {
    let settings = evtx::ParserSettings::new().num_threads(1).indent(false);
    let (cost, count) = here(|| {
        let mut parser = evtx::EvtxParser::from_path(path)?.with_configuration(settings);
        let mut sink = std::io::sink();
        let mut count = 0;
        // A damaged record is one less, for both.
        for record in parser.records_json().flatten() {
            sink.write_all(std::hint::black_box(record.data.as_bytes()))?;
            count += 1;
        }
        Ok(count)
    })?;
    *records = count;
    Ok(cost)
}

/// One file of all chunks in the corpus, again and again, about `bytes` long.
fn join(corpus: &Path, bytes: u64, out: &mut impl Write) -> Result<()> {
    let files = evtx_files(corpus)?;
    let count = (bytes as usize / CHUNK_BYTES).clamp(1, usize::from(u16::MAX));
    let header = files.first().and_then(|file| file.get(..HEADER_BYTES));
    let mut header = header.context("the corpus has no EVTX file")?.to_vec();
    put(&mut header, COUNT_OFFSET, &(count as u16).to_le_bytes());
    let mut checksum = flate2::Crc::new();
    checksum.update(header.get(..CHECKED_BYTES).unwrap_or_default());
    put(&mut header, CHECKSUM_OFFSET, &checksum.sum().to_le_bytes());
    out.write_all(&header)?;
    let bodies = files.iter().filter_map(|file| file.get(HEADER_BYTES..));
    let chunks = bodies.flat_map(|body| body.chunks_exact(CHUNK_BYTES));
    let whole: Vec<&[u8]> = chunks.filter(|chunk| chunk.starts_with(b"ElfChnk\0")).collect();
    for chunk in whole.iter().cycle().take(count) {
        out.write_all(chunk)?;
    }
    Ok(())
}

fn put(header: &mut [u8], at: usize, bytes: &[u8]) {
    header.iter_mut().skip(at).zip(bytes).for_each(|(byte, new)| *byte = *new);
}

/// The EVTX files of the corpus, packed by zstd or not.
fn evtx_files(corpus: &Path) -> Result<Vec<Vec<u8>>> {
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(corpus).sort_by_file_name() {
        let path = entry?.into_path();
        let inner = path.with_extension("");
        let is = |path: &Path, wanted: &str| path.extension().is_some_and(|found| found == wanted);
        if is(&path, "evtx") {
            files.push(std::fs::read(path)?);
        } else if is(&path, "zst") && is(&inner, "evtx") {
            files.push(zstd::stream::decode_all(std::fs::File::open(path)?)?);
        }
    }
    Ok(files)
}
