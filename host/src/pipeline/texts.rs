//! The text of protocol logs, to be read again around a candidate row.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Cursor, Read, Seek};
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use logwasp_core::decode::recognize;
use logwasp_core::format::Format;
use logwasp_core::limits::RECOGNIZE_BYTES_MAX;
use logwasp_core::session::Texts;

use crate::source::{Input, Opened, open, peek};

/// Who looks at a window mostly looks at the one behind it next.
const READ_AHEAD_BYTES: usize = 4 * 1024;

/// Files that are kept open: the candidate's, and its neighbours.
const OPEN_MAX: usize = 4;

/// The files of one folder, in order. Each is opened when it is looked at;
/// what is compressed or UTF-16 is written to a temporary file first.
pub(crate) struct FolderTexts {
    inputs: Vec<Input>,
    open: VecDeque<(usize, Text)>,
    buffer: Vec<u8>,
    /// Which file's bytes the buffer holds, and from where on.
    held: Option<(usize, u64)>,
    /// The files are being written to.
    is_live: bool,
}

struct Text {
    file: File,
    /// Bytes before the text: a byte order mark.
    mark_bytes: u64,
    /// Bytes of the text.
    length: u64,
}

impl FolderTexts {
    /// The files of a folder that follow each other.
    pub(crate) fn new(inputs: Vec<Input>) -> Self {
        Self { inputs, open: VecDeque::new(), buffer: Vec::new(), held: None, is_live: false }
    }

    /// The same, of files that grow while they are looked at.
    pub(crate) fn live(inputs: Vec<Input>) -> Self {
        Self { is_live: true, ..Self::new(inputs) }
    }

    /// One text that was kept aside.
    pub(crate) fn of(input: Input, file: File) -> io::Result<Self> {
        let text = Text { length: file.metadata()?.len(), mark_bytes: 0, file };
        Ok(Self { open: VecDeque::from([(0, text)]), ..Self::new(vec![input]) })
    }

    /// The file, opened. One that cannot be is empty: whoever reads it as an input
    /// reports that.
    fn text(&mut self, index: usize) -> Option<&Text> {
        if let Some(found) = self.open.iter().position(|(open, _)| *open == index) {
            return self.open.get(found).map(|(_, text)| text);
        }
        let text = self.inputs.get(index).and_then(|input| Text::open(input).ok())?;
        if self.open.len() >= OPEN_MAX {
            self.open.pop_front();
        }
        self.open.push_back((index, text));
        self.open.back().map(|(_, text)| text)
    }
}

impl FolderTexts {
    /// Fills the buffer with the text from `from` on.
    fn read(&mut self, file: usize, from: u64, wanted: usize) {
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.resize(wanted + READ_AHEAD_BYTES, 0);
        let read = self
            .text(file)
            .map_or(0, |text| read_at(&text.file, &mut buffer, text.mark_bytes + from));
        buffer.truncate(read);
        self.buffer = buffer;
        self.held = Some((file, from));
    }
}

impl Text {
    fn open(input: &Input) -> io::Result<Self> {
        let uncounted = Arc::new(AtomicU64::new(0));
        let mut opened =
            open(input, &uncounted).map_err(|problem| io::Error::other(problem.what))?;
        let (file, mark_bytes) = match input {
            Input::File(path) if opened.is_plain_file => {
                (File::open(path)?, opened.encoding.mark_bytes())
            }
            _ => (spool(&mut opened.reader)?, 0),
        };
        let length = file.metadata()?.len().saturating_sub(mark_bytes);
        Ok(Self { file, mark_bytes, length })
    }
}

/// What can be read only once, in a temporary file that nobody else sees.
fn spool(reader: &mut dyn Read) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    io::copy(reader, &mut file)?;
    file.rewind()?;
    Ok(file)
}

/// Keeps the text of a protocol log that can be read only once, so that it can be
/// read again; `None` for anything else, which goes on as it comes.
pub(crate) fn keep_aside(opened: &mut Opened, asked: Option<Format>) -> io::Result<Option<File>> {
    let head = peek(&mut opened.reader, RECOGNIZE_BYTES_MAX as u64)?;
    let is_protocol_log = recognize(&head, asked).format == Format::ExchangeCsv;
    let rest = std::mem::replace(&mut opened.reader, Box::new(io::empty()));
    opened.reader = Box::new(Cursor::new(head).chain(rest));
    if !is_protocol_log {
        return Ok(None);
    }
    let file = spool(&mut opened.reader)?;
    opened.reader = Box::new(file.try_clone()?);
    Ok(Some(file))
}

impl Texts for FolderTexts {
    fn count(&self) -> usize {
        self.inputs.len()
    }

    fn length(&mut self, file: usize) -> u64 {
        let is_live = self.is_live;
        let Some(text) = self.text(file) else { return 0 };
        if is_live {
            let grown = text.file.metadata().map_or(0, |metadata| metadata.len());
            return grown.saturating_sub(text.mark_bytes).max(text.length);
        }
        text.length
    }

    fn window(&mut self, file: usize, from: u64, to: u64) -> &[u8] {
        let wanted = to.saturating_sub(from) as usize;
        let start = match self.held {
            // What grows may be another text by now.
            Some((held, held_from)) if held == file && !self.is_live => from.checked_sub(held_from),
            _ => None,
        };
        let start = start.map(|start| start as usize);
        let start =
            start.filter(|start| self.buffer.len() >= start + wanted).unwrap_or_else(|| {
                self.read(file, from, wanted);
                0
            });
        let window = self.buffer.get(start..).unwrap_or_default();
        window.get(..wanted).unwrap_or(window)
    }
}

/// Reads as much as there is.
fn read_at(file: &File, buffer: &mut [u8], from: u64) -> usize {
    let mut done = 0;
    while let Some(rest) = buffer.get_mut(done..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, from + done as u64) {
            Ok(0) => break,
            Ok(count) => done += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    done
}
