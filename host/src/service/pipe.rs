//! Pipe: standard input, which outlives the generations of the service.

use encoding_rs::Decoder;
use logwasp_core::format::Format;

use crate::problem::Problem;
use crate::source::stdin::{Piece, Stdin};

/// Standard input, and what was read of it and not taken yet.
#[derive(Default)]
pub(super) struct Pipe {
    stdin: Option<Stdin>,
    rest: Option<Rest>,
    is_over: bool,
}

/// Where a generation left the stream: the beginning of a record.
pub(super) struct Rest {
    /// The source that read it.
    pub(super) source: String,
    pub(super) kept: Vec<u8>,
    pub(super) utf16: Option<Decoder>,
}

impl Pipe {
    /// Begins to read, the first time; with `to_end`, what is a `format` that needs
    /// it is put aside.
    pub(super) fn open(&mut self, to_end: bool, format: Option<Format>) -> Result<(), Problem> {
        if self.stdin.is_some() || self.is_over {
            return Ok(());
        }
        let stdin = if to_end { Stdin::open_to_end(format) } else { Stdin::open() };
        let failed = |error| Problem::new(format!("standard input cannot be read: {error}"));
        self.stdin = Some(stdin.map_err(failed)?);
        Ok(())
    }

    /// What came.
    pub(super) fn take(&mut self) -> Option<Piece> {
        let piece = self.stdin.as_mut()?.take();
        if matches!(piece, Some(Piece::End(_))) {
            self.stdin = None;
            self.is_over = true;
        }
        piece
    }

    /// What a source of that name left.
    pub(super) fn take_rest(&mut self, source: &str) -> Option<Rest> {
        self.rest.take_if(|rest| rest.source == source)
    }

    pub(super) fn leave(&mut self, rest: Rest) {
        self.rest = Some(rest);
    }

    /// Nothing more will come.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }
}
