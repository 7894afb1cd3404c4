//! The text of protocol logs, to be read again around a candidate row.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use logwasp_core::session::Texts;

use crate::source::{Input, open};

/// Files that are kept open: the candidate's, and its neighbours.
const OPEN_MAX: usize = 4;

/// The files of one folder, in order. Each is opened when it is looked at;
/// what is compressed or UTF-16 is written to a temporary file first.
pub struct FolderTexts {
    inputs: Vec<Input>,
    open: VecDeque<(usize, Text)>,
    buffer: Vec<u8>,
}

struct Text {
    file: File,
    length: u64,
}

impl FolderTexts {
    /// The files of a folder that follow each other.
    pub fn new(inputs: Vec<Input>) -> Self {
        Self { inputs, open: VecDeque::new(), buffer: Vec::new() }
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

impl Text {
    fn open(input: &Input) -> io::Result<Self> {
        let uncounted = Arc::new(AtomicU64::new(0));
        let mut opened =
            open(input, &uncounted).map_err(|problem| io::Error::other(problem.what))?;
        let file = match input {
            Input::File(path) if opened.is_plain_file => File::open(path)?,
            _ => {
                let mut spool = tempfile::tempfile()?;
                io::copy(&mut opened.reader, &mut spool)?;
                spool
            }
        };
        let length = file.metadata()?.len();
        Ok(Self { file, length })
    }
}

impl Texts for FolderTexts {
    fn count(&self) -> usize {
        self.inputs.len()
    }

    fn length(&mut self, file: usize) -> u64 {
        self.text(file).map_or(0, |text| text.length)
    }

    fn window(&mut self, file: usize, from: u64, to: u64) -> &[u8] {
        let mut buffer = std::mem::take(&mut self.buffer);
        let wanted = to.saturating_sub(from) as usize;
        buffer.resize(wanted, 0);
        let read = self.text(file).map_or(0, |text| read_at(&text.file, &mut buffer, from));
        buffer.truncate(read);
        self.buffer = buffer;
        &self.buffer
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
