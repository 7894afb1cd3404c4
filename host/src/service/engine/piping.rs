//! Piping: the source that is standard input.

use std::path::Path;
use std::time::Duration;

use super::{Arrival, Engine, FileId, Intake, Problem, SourceKind, span_key};
use crate::service::pipe::Rest;
use crate::source::stdin::{NAME, Piece};

/// Its stream.
pub(super) const PIPE: FileId = FileId(u32::MAX - 1);
/// Pieces that are taken before other sources have their turn.
const PIECES_MAX: usize = 16;

impl Engine<'_> {
    /// Begins to read standard input, or goes on where another generation left it.
    pub(super) fn open_pipe(&mut self) -> Result<(), Problem> {
        let Some((index, name)) = self.pipe_source() else { return Ok(()) };
        let format = self.set.config.sources.get(index).and_then(|source| source.format);
        let rest = {
            let mut pipe = self.set.pipe.borrow_mut();
            pipe.open(self.set.once, format)?;
            pipe.take_rest(&name)
        };
        if self.set.pipe.borrow().is_over() {
            let record = self.known_as(index, PIPE).and_then(|n| self.known.records.get(&n));
            self.newest = self.newest.max(record.and_then(|record| record.newest));
            return Ok(());
        }
        if rest.is_none() {
            self.forget_pipe(index);
        }
        let (number, mut record, spans) = self.meet(index, PIPE, Path::new(NAME));
        record.set_name(NAME);
        self.sources.set(number, NAME);
        let now = self.set.clock.uptime();
        // What ends was written before now; what goes on is written now.
        let modified_nanos = self.set.once.then(|| self.set.clock.now_nanos());
        let shared = self.shared(index);
        let mut intake = Intake::new(shared, number, record, spans, modified_nanos, now);
        if let Some(rest) = rest {
            intake.go_on(rest.kept, rest.utf16);
        }
        self.numbers.insert((index, PIPE), number);
        self.intakes.insert(number, intake);
        Ok(())
    }

    /// The stream of another process is not this one.
    fn forget_pipe(&mut self, index: usize) {
        let Some(number) = self.known_as(index, PIPE) else { return };
        let spans = self.known.spans.remove(&number).unwrap_or_default();
        let gone = spans.keys().map(|whose| (span_key(number, whose), None));
        self.commit.positions.extend(gone);
        self.forget(index, PIPE);
    }

    /// Takes what came over standard input; how many pieces.
    pub(super) fn draw(&mut self, now: Duration) -> usize {
        let Some((index, source)) = self.pipe_source() else { return 0 };
        for pieces in 0..PIECES_MAX {
            if self.hold(index).holds(PIPE) {
                return pieces;
            }
            let piece = self.set.pipe.borrow_mut().take();
            match piece {
                None => return pieces,
                Some(Piece::Bytes(bytes)) => {
                    let arrival = Arrival::Bytes { file: PIPE, offset: 0, bytes: &bytes };
                    self.arrive(index, arrival, now);
                    self.heard(index, now);
                }
                Some(Piece::Aside(aside)) => {
                    if let Some(intake) = self.intake(index, PIPE) {
                        intake.put_aside(aside);
                    }
                }
                Some(Piece::End(problem)) => {
                    if let Some(problem) = problem {
                        tracing::error!(source, "standard input breaks off: {}", problem.what);
                    } else {
                        tracing::info!(source, "standard input has ended");
                    }
                    self.end(index, PIPE);
                    return pieces + 1;
                }
            }
        }
        PIECES_MAX
    }

    /// Leaves what is no whole record to the next generation.
    pub(super) fn leave_pipe(&mut self) {
        let Some((index, source)) = self.pipe_source() else { return };
        let Some(intake) = self.intake(index, PIPE) else { return };
        let (kept, utf16) = intake.rest();
        self.set.pipe.borrow_mut().leave(Rest { source, kept, utf16 });
    }

    /// Whether something may still come over standard input.
    pub(super) fn is_piping(&self) -> bool {
        self.pipe_source().is_some() && !self.set.pipe.borrow().is_over()
    }

    fn pipe_source(&self) -> Option<(usize, String)> {
        let mut sources = self.set.config.sources.iter().enumerate();
        let (index, source) = sources.find(|(_, source)| source.kind == SourceKind::Stdin)?;
        Some((index, source.name.clone()))
    }
}
