//! Open an input: decompress it, find its byte order mark, make UTF-8 of it.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::UNIX_EPOCH;

use flate2::read::MultiGzDecoder;
use logwasp_core::stream::Encoding;

use super::expand::{Input, unreadable};
use super::text::Utf16Reader;
use crate::problem::Problem;

/// An input, ready to be read as UTF-8 (or as it is, when it is binary).
pub struct Opened {
    /// Its bytes.
    pub reader: Box<dyn Read + Send>,
    /// How they were encoded.
    pub encoding: Encoding,
    /// True when the bytes of a file are read as they stand: then any place in it
    /// can be read again by its offset.
    pub is_plain_file: bool,
    /// When it was last modified, in nanoseconds since the epoch; `None` for what
    /// has no such time.
    pub modified_nanos: Option<i64>,
}

/// Decompressed bytes for each compressed one at most. Logs compress 10 to 50
/// times; what expands more is zeros or an attack.
const EXPANSION_MAX: u64 = 1_000;
/// Small inputs may expand this far whatever the ratio.
const EXPANSION_BYTES_FREE: u64 = 64 << 20;

/// Opens an input. `progress` counts the bytes read from it, before decompression.
pub fn open(input: &Input, progress: &Arc<AtomicU64>) -> Result<Opened, Problem> {
    let fail = |error: io::Error| unreadable(&error).at(input.name());
    let (raw, modified_nanos): (Box<dyn Read + Send>, _) = match input {
        Input::Stdin => (Box::new(io::stdin()), None),
        Input::Memory(_, bytes) => (Box::new(Cursor::new(*bytes)), None),
        Input::File(path) => {
            let file = File::open(path).map_err(fail)?;
            let modified = modified(&file);
            (Box::new(file), modified)
        }
    };
    let consumed = Arc::new(AtomicU64::new(0));
    let counted = Counted { inner: raw, counters: [Arc::clone(progress), Arc::clone(&consumed)] };
    let (reader, is_compressed) = decompressed(counted, consumed).map_err(fail)?;
    let (reader, encoding) = as_utf8(reader).map_err(fail)?;
    let is_file = matches!(input, Input::File(_));
    let is_plain_file = is_file && !is_compressed && encoding != Encoding::Utf16;
    Ok(Opened { reader, encoding, is_plain_file, modified_nanos })
}

fn modified(file: &File) -> Option<i64> {
    let since_epoch = file.metadata().ok()?.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since_epoch.as_nanos()).ok()
}

/// Counts what is read.
struct Counted {
    inner: Box<dyn Read + Send>,
    counters: [Arc<AtomicU64>; 2],
}

impl Read for Counted {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(out)?;
        for counter in &self.counters {
            counter.fetch_add(count as u64, Ordering::Relaxed);
        }
        Ok(count)
    }
}

/// Bytes, wherever they come from.
pub(super) type Reader = Box<dyn Read + Send>;

/// A file's bytes without gzip and zstd, and whether there was such a wrapping.
pub(super) fn unpacked(file: File, progress: &Arc<AtomicU64>) -> io::Result<(Reader, bool)> {
    let consumed = Arc::new(AtomicU64::new(0));
    let counters = [Arc::clone(progress), Arc::clone(&consumed)];
    decompressed(Counted { inner: Box::new(file), counters }, consumed)
}

/// Standard input without gzip and zstd.
pub(super) fn unpacked_stdin() -> io::Result<Reader> {
    let consumed = Arc::new(AtomicU64::new(0));
    let counters = [Arc::clone(&consumed), Arc::default()];
    let (reader, _) = decompressed(Counted { inner: Box::new(io::stdin()), counters }, consumed)?;
    Ok(reader)
}

/// Takes gzip and zstd off, recognised by their magic bytes.
fn decompressed(mut raw: Counted, consumed: Arc<AtomicU64>) -> io::Result<(Reader, bool)> {
    let magic = peek(&mut raw, 4)?;
    let whole = Cursor::new(magic.clone()).chain(raw);
    let unpacked: Reader = match magic.as_slice() {
        [0x1f, 0x8b, ..] => Box::new(MultiGzDecoder::new(whole)),
        [0x28, 0xb5, 0x2f, 0xfd] => Box::new(zstd::stream::read::Decoder::new(whole)?),
        _ => return Ok((Box::new(whole), false)),
    };
    Ok((Box::new(Bounded { inner: unpacked, consumed, produced: 0 }), true))
}

/// Stops at what expands beyond reason.
struct Bounded {
    inner: Reader,
    consumed: Arc<AtomicU64>,
    produced: u64,
}

impl Read for Bounded {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(out)?;
        self.produced += count as u64;
        let consumed = self.consumed.load(Ordering::Relaxed);
        if self.produced > EXPANSION_BYTES_FREE.max(consumed.saturating_mul(EXPANSION_MAX)) {
            let what = format!("it expands more than {EXPANSION_MAX} times; that is no log");
            return Err(io::Error::other(what));
        }
        Ok(count)
    }
}

/// Makes UTF-8 of UTF-16 behind a byte order mark.
fn as_utf8(mut reader: Reader) -> io::Result<(Reader, Encoding)> {
    let mark = peek(&mut reader, 3)?;
    Ok(match mark.as_slice() {
        [0xef, 0xbb, 0xbf] => (reader, Encoding::Utf8Bom),
        [first @ (0xff | 0xfe), second @ (0xff | 0xfe), rest @ ..] if first != second => {
            let big_endian = *first == 0xfe;
            let text = Cursor::new(rest.to_vec()).chain(reader);
            let utf8 = Utf16Reader::new(text, big_endian);
            (Box::new(utf8), Encoding::Utf16)
        }
        _ => (Box::new(Cursor::new(mark).chain(reader)), Encoding::Utf8),
    })
}

/// Up to `count` bytes from the beginning.
pub(crate) fn peek(reader: &mut impl Read, count: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(count).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn read(bytes: &[u8]) -> (Vec<u8>, Encoding) {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(bytes).expect("written");
        let progress = Arc::new(AtomicU64::new(0));
        let mut opened = open(&Input::File(file.path().into()), &progress).expect("opens");
        let mut read = Vec::new();
        // A reader's buffer may have little room left, whatever the characters need.
        let mut byte = [0];
        while opened.reader.read(&mut byte).expect("reads") == 1 {
            read.push(byte[0]);
        }
        assert_eq!(progress.load(Ordering::Relaxed), bytes.len() as u64);
        assert!(opened.modified_nanos.is_some());
        (read, opened.encoding)
    }

    /// Scenario: one text in every wrapping.
    /// Guarantees: the same UTF-8, whatever the file's name.
    #[test]
    fn wrappings_are_taken_off() {
        let text = "h\u{e9}llo\nworld\n";
        let gz = |bytes: &[u8]| {
            let mut encoder =
                flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(bytes).expect("in memory");
            encoder.finish().expect("in memory")
        };
        let zst = |bytes: &[u8]| zstd::stream::encode_all(bytes, 1).expect("in memory");
        let utf16: Vec<u8> =
            std::iter::once(0xFEFF).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        let bom = ["\u{feff}", text].concat();
        for (bytes, encoding) in [
            (text.as_bytes().to_vec(), Encoding::Utf8),
            (bom.clone().into_bytes(), Encoding::Utf8Bom),
            (utf16.clone(), Encoding::Utf16),
            (gz(text.as_bytes()), Encoding::Utf8),
            ([gz(&text.as_bytes()[..4]), gz(&text.as_bytes()[4..])].concat(), Encoding::Utf8),
            (zst(&utf16), Encoding::Utf16),
        ] {
            assert_eq!(read(&bytes), (text.as_bytes().to_vec(), encoding));
        }
        assert_eq!(read(b""), (Vec::new(), Encoding::Utf8));
        assert_eq!(read(b"\xff"), (b"\xff".to_vec(), Encoding::Utf8));
    }

    /// Scenario: a gigabyte of zeros in a few kilobytes, and a cut-off archive.
    /// Guarantees: reading stops with an error that says why.
    #[test]
    fn bombs_are_refused() {
        let zeros = zstd::stream::encode_all(io::repeat(0).take(1 << 30), 1).expect("in memory");
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(&zeros).expect("written");
        let progress = Arc::new(AtomicU64::new(0));
        let mut opened = open(&Input::File(file.path().into()), &progress).expect("opens");
        let error = io::copy(&mut opened.reader, &mut io::sink()).expect_err("it is a bomb");
        assert!(error.to_string().contains("expands"), "{error}");
    }
}
