//! Standard input: one stream, read on a thread of its own.
//!
//! A bounded number of pieces waits for whoever takes them. When nobody does, the
//! thread stops reading and the writer of the pipe waits. Nothing can be read twice.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread;

use logwasp_core::decode::recognize;
use logwasp_core::format::Format;
use logwasp_core::limits::RECOGNIZE_BYTES_MAX;
use tempfile::TempDir;

use super::expand::unreadable;
use super::open::{Reader, peek, unpacked_stdin};
use crate::problem::Problem;

/// Its name in evidence and messages.
pub const NAME: &str = "<stdin>";
/// A piece has at most so many bytes: what a pipe holds.
const PIECE_BYTES: usize = 64 * 1024;
/// Pieces that wait.
const PIECES_MAX: usize = 64;

/// What comes over standard input.
#[derive(Debug)]
pub enum Piece {
    /// Everything is in this file, to be looked at around a record; the bytes follow
    /// all the same.
    Aside(Aside),
    /// The next bytes, decompressed.
    Bytes(Vec<u8>),
    /// It is over; because of this, when it broke off.
    End(Option<Problem>),
}

/// A copy of standard input, alone in a folder of its own; deleted when dropped.
#[derive(Debug)]
pub struct Aside {
    folder: TempDir,
}

impl Aside {
    /// The copy.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("stdin")
    }
}

/// Standard input, being read.
#[derive(Debug)]
pub struct Stdin {
    pieces: Receiver<Piece>,
}

impl Stdin {
    /// Begins to read.
    ///
    /// # Errors
    /// When there is no thread for it.
    pub fn open() -> io::Result<Self> {
        Self::read(|pieces| forward(unpacked_stdin()?, pieces))
    }

    /// The same for input that ends: logs that have to be looked at around a record
    /// are put aside first. `format` is what the input is said to be.
    ///
    /// # Errors
    /// When there is no thread for it.
    pub fn open_to_end(format: Option<Format>) -> io::Result<Self> {
        Self::read(move |pieces| {
            let mut reader = unpacked_stdin()?;
            let head = peek(&mut reader, RECOGNIZE_BYTES_MAX as u64)?;
            let is_protocol_log = recognize(&head, format).format == Format::ExchangeCsv;
            let reader: Reader = Box::new(Cursor::new(head).chain(reader));
            match is_protocol_log {
                true => forward(put_aside(reader, pieces)?, pieces),
                false => forward(reader, pieces),
            }
        })
    }

    fn read(
        read: impl FnOnce(&SyncSender<Piece>) -> io::Result<()> + Send + 'static,
    ) -> io::Result<Self> {
        let (sender, pieces) = sync_channel(PIECES_MAX);
        let work = move || {
            let problem = read(&sender).err().map(|error| unreadable(&error).at(NAME));
            // Nobody listens any more when the service ends.
            drop(sender.send(Piece::End(problem)));
        };
        thread::Builder::new().name("stdin".to_owned()).spawn(work)?;
        Ok(Self { pieces })
    }

    /// What came; `None` when nothing has. After the end, the end again.
    pub fn take(&mut self) -> Option<Piece> {
        match self.pieces.try_recv() {
            Ok(piece) => Some(piece),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Piece::End(None)),
        }
    }
}

fn forward(mut reader: Reader, pieces: &SyncSender<Piece>) -> io::Result<()> {
    let mut buffer = vec![0; PIECE_BYTES];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => {
                let bytes = buffer.get(..count).unwrap_or_default().to_vec();
                if pieces.send(Piece::Bytes(bytes)).is_err() {
                    return Ok(());
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn put_aside(mut reader: Reader, pieces: &SyncSender<Piece>) -> io::Result<Reader> {
    let aside = Aside { folder: tempfile::tempdir()? };
    let path = aside.path();
    io::copy(&mut reader, &mut File::create(&path)?)?;
    let copy = File::open(&path)?;
    drop(pieces.send(Piece::Aside(aside)));
    Ok(Box::new(copy))
}
