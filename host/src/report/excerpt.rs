//! Excerpts: the text of a record, read again where the evidence says it stands.

use std::collections::HashMap;
use std::fs::File;
use std::sync::Arc;

use memchr::memmem;

use super::decoded::{self, bytes_at};
use crate::source::{Input, open};

/// Bytes of one excerpt at most: a Windows event has one to three thousand.
const EXCERPT_BYTES_MAX: usize = 3 * 1024;
/// Bytes of all excerpts at most, so that the page can be mailed.
const EXCERPTS_BYTES_MAX: usize = 4 << 20;
/// Files that are kept open.
const OPEN_MAX: usize = 64;

/// Text of records.
pub(super) struct Excerpts<'a> {
    inputs: &'a [Input],
    /// `None` for what cannot be read at an offset: compressed, UTF-16, stdin, gone.
    files: HashMap<usize, Option<File>>,
    bytes_left: usize,
}

/// The text of one record.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Excerpt {
    /// True when the record is binary and this is what it says.
    pub is_decoded: bool,
    /// What stands there.
    pub text: String,
    /// True when the record goes on behind it.
    pub is_cut: bool,
}

impl<'a> Excerpts<'a> {
    /// Excerpts from these inputs.
    pub(super) fn new(inputs: &'a [Input]) -> Self {
        Self { inputs, files: HashMap::new(), bytes_left: EXCERPTS_BYTES_MAX }
    }

    /// The record at that offset of the input; `None` when it cannot be read there, is
    /// no text, or when there were too many before.
    pub(super) fn at(&mut self, input: usize, offset: u64) -> Option<Excerpt> {
        if self.bytes_left < EXCERPT_BYTES_MAX {
            return None;
        }
        let excerpt = match self.decoded(input, offset) {
            Some(text) => shortened(text),
            None => self.raw(input, offset)?,
        };
        self.bytes_left -= excerpt.text.len().min(self.bytes_left);
        Some(excerpt)
    }

    fn decoded(&mut self, input: usize, offset: u64) -> Option<String> {
        let name = self.inputs.get(input)?.name();
        decoded::record(self.file(input)?, &name, offset)
    }

    fn raw(&mut self, input: usize, offset: u64) -> Option<Excerpt> {
        let (bytes, is_end) = self.bytes(input, offset)?;
        let length = record_bytes(&bytes);
        let is_cut = length.is_none() && !is_end;
        let record = bytes.get(..length.unwrap_or(bytes.len()))?;
        if record.is_empty() || record.contains(&0) {
            return None;
        }
        let text = String::from_utf8_lossy(record).replace("\r\n", "\n");
        Some(Excerpt { is_decoded: false, text: text.trim_end().to_owned(), is_cut })
    }

    /// What stands there, and whether the input ends behind it.
    fn bytes(&mut self, input: usize, offset: u64) -> Option<(Vec<u8>, bool)> {
        if let Input::Memory(_, bytes) = self.inputs.get(input)? {
            let rest = bytes.get(usize::try_from(offset).ok()?..)?;
            let taken = rest.get(..EXCERPT_BYTES_MAX).unwrap_or(rest);
            return Some((taken.to_vec(), taken.len() == rest.len()));
        }
        let file = self.file(input)?;
        let bytes = bytes_at(file, offset, EXCERPT_BYTES_MAX as u64).ok()?;
        let is_end = bytes.len() < EXCERPT_BYTES_MAX;
        Some((bytes, is_end))
    }

    fn file(&mut self, input: usize) -> Option<&File> {
        if self.files.len() >= OPEN_MAX && !self.files.contains_key(&input) {
            self.files.clear();
        }
        let inputs = self.inputs;
        self.files.entry(input).or_insert_with(|| plain_file(inputs.get(input)?)).as_ref()
    }
}

fn plain_file(input: &Input) -> Option<File> {
    let Input::File(path) = input else { return None };
    // A pipe would be read to nothing.
    if !path.metadata().ok()?.is_file() || !open(input, &Arc::default()).ok()?.is_plain_file {
        return None;
    }
    File::open(path).ok()
}

/// As much of a decoded record as an excerpt may have.
fn shortened(mut text: String) -> Excerpt {
    let is_cut = text.len() > EXCERPT_BYTES_MAX;
    text.truncate(text.floor_char_boundary(EXCERPT_BYTES_MAX));
    Excerpt { is_decoded: true, text, is_cut }
}

/// How long the record is that begins here; `None` when its end is not among the
/// bytes. Where records end is `frame`'s knowledge; for a reader's eye this is enough:
/// an XML event to its end tag, header lines to the empty line, else a line with the
/// indented ones that follow.
fn record_bytes(bytes: &[u8]) -> Option<usize> {
    const END_TAG: &[u8] = b"</Event>";
    if bytes.starts_with(b"<Event") {
        return memmem::find(bytes, END_TAG).map(|at| at + END_TAG.len());
    }
    let ends = memchr::memchr_iter(b'\n', bytes).map(|end| end + 1);
    let next_line = |end: usize| bytes.get(end..).unwrap_or_default();
    let is_block = is_header(bytes) && {
        let second = ends.clone().next().map(next_line);
        second.is_some_and(|line| is_header(line) || is_indented(line))
    };
    for end in ends {
        let next = next_line(end);
        let goes_on = if is_block { !is_blank(next) } else { is_indented(next) };
        if !goes_on {
            // An end of the bytes at hand may be in the middle of the record.
            return (!next.is_empty()).then_some(end);
        }
    }
    None
}

fn is_indented(line: &[u8]) -> bool {
    matches!(line, [b' ' | b'\t', rest @ ..] if !is_blank(rest))
}

fn is_blank(line: &[u8]) -> bool {
    matches!(line, [b'\n', ..] | [b'\r', b'\n', ..])
}

/// `Name: value` or `Log Name: value`.
fn is_header(line: &[u8]) -> bool {
    let name = line.iter().position(|byte| *byte == b':').and_then(|colon| {
        let is_spaced = matches!(line.get(colon + 1), Some(b' ' | b'\t' | b'\r' | b'\n'));
        line.get(..colon).filter(|_| is_spaced)
    });
    let is_word = |name: &[u8]| {
        let plain = name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"- ".contains(byte));
        plain && name.first().is_some_and(u8::is_ascii_alphabetic) && name.len() < 64
    };
    name.is_some_and(is_word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn excerpt(text: &str) -> Option<(String, bool)> {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(b"skip").and_then(|()| file.write_all(text.as_bytes())).expect("written");
        let inputs = [Input::File(file.path().into())];
        let found = Excerpts::new(&inputs).at(0, 4)?;
        Some((found.text, found.is_cut))
    }

    /// Scenario: records of each kind, with another behind them, and without.
    /// Guarantees: one record, whole, and nothing of the next.
    #[test]
    fn one_record_is_shown() {
        for record in [
            "2026-11-20T09:03:01Z,EXCH01,+",
            "<13>Nov 20 09:03:01 dc01 text: <Event>",
            "<Event xmlns='x'>\n<System/>\n</Event>",
            "Received: from a\n by b; date\nSubject: x",
            "Log Name:      Security\nEvent ID:      4740",
            "ERROR failed\n   at frame one\n\tat frame two",
            "note: one line",
        ] {
            for (next, shown) in [("", record), ("\n\nnext\n", record), ("\r\n\r\nnext", record)] {
                let text = format!("{record}{next}");
                assert_eq!(excerpt(&text), Some((shown.to_owned(), false)), "{text:?}");
            }
        }
        assert_eq!(excerpt("note: a\nother\n").map(|(text, _)| text), Some("note: a".to_owned()));
    }

    /// Scenario: a record longer than an excerpt, binary, nothing, and inputs that
    /// cannot be read at an offset.
    /// Guarantees: the beginning with the mark that it goes on; nothing otherwise.
    #[test]
    fn what_cannot_be_shown_is_not() {
        let long = "x".repeat(EXCERPT_BYTES_MAX + 1);
        let (text, is_cut) = excerpt(&long).expect("its beginning");
        assert_eq!((text.len(), is_cut), (EXCERPT_BYTES_MAX, true));
        assert_eq!(excerpt("**\0\0"), None);
        assert_eq!(excerpt(""), None);
        let inputs =
            [Input::Stdin, Input::File("/nowhere".into()), Input::File("/dev/zero".into())];
        let mut excerpts = Excerpts::new(&inputs);
        assert!((0..4).all(|input| excerpts.at(input, 0).is_none()));
    }

    /// Scenario: more excerpts than a page can hold.
    /// Guarantees: the later ones are left out.
    #[test]
    fn all_excerpts_together_are_bounded() {
        let record: &'static [u8] = vec![b'x'; EXCERPT_BYTES_MAX].leak();
        let inputs = [Input::Memory("a", record)];
        let mut excerpts = Excerpts::new(&inputs);
        let count = std::iter::from_fn(|| excerpts.at(0, 0)).count();
        assert_eq!(count, EXCERPTS_BYTES_MAX / EXCERPT_BYTES_MAX);
    }
}
