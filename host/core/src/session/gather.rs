//! The rows of a session, found by its id.
//!
//! Rows of many sessions are interleaved, so the id is searched backward until
//! the row that opens the session and forward until the one that closes it,
//! within bounds of bytes and time, across the files of a folder that follow each
//! other.

use std::rc::Rc;

use bumpalo::Bump;
use memchr::memmem;

use super::facts::{Facts, Reader, Row};
use super::rows::Columns;
use crate::frame::{Frame, Framing};
use crate::limits::{SESSION_LOOKBACK_BYTES, SESSION_ROWS_MAX, SESSION_TTL_NANOS};

/// Files of protocol logs that follow each other, to look around in.
pub trait Texts {
    /// How many files there are.
    fn count(&self) -> usize;

    /// Bytes of a file's text.
    fn length(&mut self, file: usize) -> u64;

    /// The bytes `from..to` of a file's text, as far as they exist and can be read.
    fn window(&mut self, file: usize, from: u64, to: u64) -> &[u8];
}

/// The row whose session is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'c> {
    /// Its file.
    pub file: usize,
    /// Offset of its row in the file's text.
    pub offset: u64,
    /// Its time.
    pub time: i64,
    /// The session's id, as the log writes it.
    pub session_id: &'c [u8],
    /// The connector, of which the server is a part.
    pub connector: &'c [u8],
}

/// Gathers sessions, and remembers those it has seen whole.
#[derive(Debug, Default)]
pub struct Gatherer {
    seen: std::collections::VecDeque<Session>,
    /// The columns of the file that was looked at last.
    columns: Option<(usize, Columns)>,
    /// For the texts of one session's rows.
    texts: Bump,
    /// What comes behind the candidate is not looked at.
    only_before: bool,
}

/// A session from its first row to its last.
#[derive(Debug)]
struct Session {
    id: Box<[u8]>,
    server: Box<[u8]>,
    first: Place,
    last: Place,
    facts: Rc<Facts>,
}

type Place = (usize, u64);

/// Sessions that are remembered: those of neighbouring rows.
const SEEN_MAX: usize = 64;

/// Bytes looked at in the first step; a session's rows are seldom far apart. Each
/// further step is twice as long, up to [`STEP_BYTES_MAX`].
const STEP_BYTES_MIN: u64 = 4 * 1024;
const STEP_BYTES_MAX: u64 = 1 << 20;

/// Directives stand in the first bytes of a file.
const HEAD_BYTES: u64 = 4_096;

/// A row that was found.
struct Found<'r> {
    place: Place,
    row: Row<'r>,
    opens: bool,
    closes: bool,
}

/// Which way to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Backward,
    Forward,
}

impl Gatherer {
    /// Gathers up to the candidate alone. What stands before it is the same whenever
    /// it is read; how much has come behind it is not.
    pub fn only_before() -> Self {
        Self { only_before: true, ..Self::default() }
    }

    /// The facts of the candidate's session.
    pub fn gather(&mut self, texts: &mut dyn Texts, candidate: &Candidate<'_>) -> Rc<Facts> {
        let place = (candidate.file, candidate.offset);
        let known = self.seen.iter().find(|session| session.holds(candidate, place));
        if let Some(session) = known {
            return Rc::clone(&session.facts);
        }
        let mut kept = std::mem::take(&mut self.texts);
        let mut before = self.look(texts, candidate, Way::Backward, &kept);
        before.reverse();
        let after = self.look(texts, candidate, Way::Forward, &kept);
        let is_whole = before.first().is_some_and(|found| found.opens)
            && after.last().is_some_and(|found| found.closes);
        let mut reader = Reader::default();
        for found in before.iter().chain(&after) {
            reader.row(&found.row);
        }
        let facts = Rc::new(reader.finish());
        if let (true, Some(first), Some(last)) = (is_whole, before.first(), after.last()) {
            self.remember(Session {
                id: candidate.session_id.into(),
                server: server(candidate.connector).into(),
                first: first.place,
                last: last.place,
                facts: Rc::clone(&facts),
            });
        }
        drop((before, after));
        kept.reset();
        self.texts = kept;
        facts
    }

    fn remember(&mut self, session: Session) {
        if self.seen.len() >= SEEN_MAX {
            self.seen.pop_front();
        }
        self.seen.push_back(session);
    }

    /// Rows of the session before the candidate (nearest first), or from the
    /// candidate on.
    fn look<'r>(
        &mut self,
        texts: &mut dyn Texts,
        candidate: &Candidate<'_>,
        way: Way,
        kept: &'r Bump,
    ) -> Vec<Found<'r>> {
        let mut look = Look {
            candidate,
            way,
            budget: SESSION_LOOKBACK_BYTES,
            rows: Vec::new(),
            columns: &mut self.columns,
            id: memmem::Finder::new(candidate.session_id),
            kept,
            // Looking forward begins with the candidate itself.
            rows_max: if self.only_before && way == Way::Forward { 1 } else { SESSION_ROWS_MAX },
        };
        let (mut file, mut edge) = (candidate.file, candidate.offset);
        while look.in_file(texts, file, edge) {
            match way {
                Way::Backward if file > 0 => {
                    file -= 1;
                    edge = texts.length(file);
                }
                Way::Forward if file + 1 < texts.count() => {
                    file += 1;
                    edge = 0;
                }
                _ => break,
            }
        }
        look.rows
    }
}

/// One look around, in one direction.
struct Look<'a, 'r> {
    candidate: &'a Candidate<'a>,
    way: Way,
    /// Bytes that may still be looked at.
    budget: u64,
    rows: Vec<Found<'r>>,
    columns: &'a mut Option<(usize, Columns)>,
    /// Finds the session's id.
    id: memmem::Finder<'a>,
    kept: &'r Bump,
    rows_max: usize,
}

impl<'r> Look<'_, 'r> {
    /// Looks through one file from `edge`; false when the session is over.
    fn in_file(&mut self, texts: &mut dyn Texts, file: usize, edge: u64) -> bool {
        let known = self.columns.take().filter(|(of, _)| *of == file);
        let (_, columns) =
            known.unwrap_or_else(|| (file, Columns::of(texts.window(file, 0, HEAD_BYTES))));
        let goes_on = self.in_file_of(texts, file, edge, &columns);
        *self.columns = Some((file, columns));
        goes_on
    }

    fn in_file_of(
        &mut self,
        texts: &mut dyn Texts,
        file: usize,
        edge: u64,
        columns: &Columns,
    ) -> bool {
        let length = texts.length(file);
        let mut edge = edge;
        let mut size = STEP_BYTES_MIN;
        while self.budget > 0 {
            let Some((from, to)) = self.step(edge, size, length) else { return true };
            let window = texts.window(file, from, to);
            // Only whole rows count. On the side that was reached already a window
            // ends at one; on the other side it may cut one.
            let begins = from == 0 || self.way == Way::Forward;
            let ends = to == length || self.way == Way::Backward;
            let whole = whole_rows(window, begins, ends);
            self.budget = self.budget.saturating_sub(to - from);
            size = (size * 2).min(STEP_BYTES_MAX);
            if whole.is_empty() {
                // One row fills the window: look at more of it, or at nothing more.
                if from == 0 && to == length {
                    return true;
                }
                if to - from >= STEP_BYTES_MAX {
                    return false;
                }
                continue;
            }
            let text = window.get(whole.clone()).unwrap_or_default();
            let base = from + whole.start as u64;
            if !self.in_rows(text, (file, base), columns) {
                return false;
            }
            edge = if self.way == Way::Backward { base } else { from + whole.end as u64 };
        }
        false
    }

    /// The next stretch of the file, `None` at its end.
    fn step(&self, edge: u64, size: u64, length: u64) -> Option<(u64, u64)> {
        let size = size.min(self.budget);
        match self.way {
            Way::Backward => (edge > 0).then(|| (edge.saturating_sub(size), edge)),
            Way::Forward => (edge < length).then(|| (edge, (edge + size).min(length))),
        }
    }

    /// Adds the session's rows in `text`; false when the session is over.
    fn in_rows(&mut self, text: &[u8], (file, base): Place, columns: &Columns) -> bool {
        let mut hits: Vec<usize> = self.id.find_iter(text).collect();
        if self.way == Way::Backward {
            hits.reverse();
        }
        let mut last_start = None;
        for hit in hits {
            let start = Framing::DatedLines.start_at_or_before(text, hit);
            let Some(start) = start.filter(|start| last_start != Some(*start)) else { continue };
            last_start = Some(start);
            let place = (file, base + start as u64);
            let Some(found) = self.found(text, start, place, columns) else { continue };
            let is_over = if self.way == Way::Backward { found.opens } else { found.closes };
            self.rows.push(found);
            if is_over || self.rows.len() >= self.rows_max {
                return false;
            }
        }
        is_within_ttl(text, self.candidate.time, self.way)
    }

    /// The row that starts at `start`, if it is of the session. It is kept: the
    /// window is gone before the whole session was found.
    fn found(
        &self,
        text: &[u8],
        start: usize,
        place: Place,
        columns: &Columns,
    ) -> Option<Found<'r>> {
        let frame = Framing::DatedLines.frame_at(text, start, true);
        let Frame::Complete { content, .. } = frame else { return None };
        let row: &'r [u8] = self.kept.alloc_slice_copy(text.get(content)?);
        let cells = columns.read(row, self.kept)?;
        let is_of_session = cells.session_id() == self.candidate.session_id
            && server(cells.connector()) == server(self.candidate.connector);
        is_of_session.then(|| Found {
            place,
            row: cells.row(self.kept),
            opens: cells.opens(),
            closes: cells.closes(),
        })
    }
}

impl Session {
    fn holds(&self, candidate: &Candidate<'_>, place: Place) -> bool {
        *self.id == *candidate.session_id
            && *self.server == *server(candidate.connector)
            && (self.first..=self.last).contains(&place)
    }
}

/// The server of `SERVER\Connector`; a send connector names none.
fn server(connector: &[u8]) -> &[u8] {
    crate::bytes::split_once(connector, b'\\').map_or(b"", |(server, _)| server)
}

/// The part of a window that holds whole rows.
fn whole_rows(window: &[u8], begins: bool, ends: bool) -> std::ops::Range<usize> {
    let start = if begins {
        0
    } else {
        Framing::DatedLines.start_at_or_after(window, 1).unwrap_or(window.len())
    };
    let end = if ends {
        window.len()
    } else {
        let last = window.len().checked_sub(1);
        last.and_then(|last| Framing::DatedLines.start_at_or_before(window, last)).unwrap_or(0)
    };
    start..end.max(start)
}

/// True while the edge that was reached is not too far from the candidate in time.
fn is_within_ttl(text: &[u8], time: i64, way: Way) -> bool {
    let stamp = |line: &[u8]| crate::time::iso8601(line).map(|(stamp, _)| stamp.as_utc());
    let edge = match way {
        Way::Backward => stamp(text),
        Way::Forward => {
            let last = text.len().checked_sub(1);
            let last = last.and_then(|at| Framing::DatedLines.start_at_or_before(text, at));
            last.and_then(|start| stamp(text.get(start..)?))
        }
    };
    edge.is_none_or(|edge| edge.abs_diff(time) <= SESSION_TTL_NANOS as u64)
}
