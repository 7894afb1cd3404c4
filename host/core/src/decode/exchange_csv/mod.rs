//! Exchange's own logs: CSV with `#` directives, or with a first row of names.

mod headless;
mod log;

use bumpalo::Bump;
use serde::{Deserialize, Serialize};

use super::csv::Row;
use super::tabular::{Columns, directive, is_fields, is_log_type};
use super::{Context, Damage, Decoded, owa_im};
use crate::bytes::{split_once, without_cr};
use crate::event::{Event, Value};
use crate::time::{TimeQuality, iso8601};

pub(super) use headless::{SMTP_COLUMNS, default_columns, looks_like_smtp_row};
pub(crate) use log::Log;
pub(super) use log::{columns, is_instant_messaging, names_columns};

/// What rows mean depends on the directives before them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct State {
    columns: Columns,
    /// The names as their line spells them: it may come again as a row.
    spelled: Box<[u8]>,
    log_type: Box<[u8]>,
    log: Log,
    direction: Option<Direction>,
    places: Places,
}

/// Whose protocol log it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Direction {
    /// We are the server.
    Receive,
    /// We are the client.
    Send,
}

impl Direction {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Receive => "receive",
            Self::Send => "send",
        }
    }
}

/// Where the columns are that every row is asked for.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Places {
    time: usize,
    host: Option<usize>,
    connector: Option<usize>,
}

impl State {
    /// The columns of SMTP protocol logs, for rows that come without a header.
    pub(crate) fn with_default_columns() -> Self {
        Self::with_columns(SMTP_COLUMNS)
    }

    /// Columns named by a `#Fields` line's value.
    pub(super) fn with_columns(names: &[u8]) -> Self {
        let mut state = Self::default();
        state.set_columns(names);
        state
    }

    fn set_columns(&mut self, names: &[u8]) {
        self.columns = log::columns(names);
        self.spelled = without_cr(names).into();
        self.log = Log::of(&self.columns, &self.log_type);
        self.places = Places {
            time: log::time_column(&self.columns),
            host: self.columns.position(self.log.host_column()),
            connector: self.columns.position(b"connector-id"),
        };
    }

    /// Which log it is, once its columns are known.
    pub(crate) fn log(&self) -> Option<Log> {
        (!self.columns.is_empty()).then_some(self.log)
    }

    /// Takes a directive in.
    pub(crate) fn directive(&mut self, line: &[u8]) {
        let Some((name, value)) = directive(line) else { return };
        if is_fields(name) {
            self.set_columns(value);
        } else if is_log_type(name) {
            self.log_type = value.into();
            self.direction = log_type(value);
        }
    }

    /// The length of the lines at the start of `text` that repeat the column names
    /// as data.
    fn headers_again(&self, text: &[u8]) -> usize {
        let mut length = 0;
        loop {
            let (line, taken) = first_line(text.get(length..).unwrap_or_default());
            if taken == 0 || !self.is_header_again(line) {
                return length;
            }
            length += taken;
        }
    }

    fn is_header_again(&self, line: &[u8]) -> bool {
        !self.spelled.is_empty() && without_cr(line) == &*self.spelled
    }

    /// The column names, in the arena of the chunk at hand.
    pub(crate) fn names_in<'c>(&self, arena: &'c Bump) -> &'c [&'c [u8]] {
        self.columns.in_arena(arena)
    }

    /// The column names.
    pub(crate) fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.columns.iter()
    }

    /// A receive connector's id names its server, a send connector's does not.
    pub(crate) fn direction_of(&self, connector: &[u8]) -> Direction {
        self.direction.unwrap_or(if connector.contains(&b'\\') {
            Direction::Receive
        } else {
            Direction::Send
        })
    }
}

fn log_type(value: &[u8]) -> Option<Direction> {
    let has = |word: &[u8]| value.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word));
    match (has(b"receive"), has(b"send")) {
        (true, false) => Some(Direction::Receive),
        (false, true) => Some(Direction::Send),
        _ => None,
    }
}

/// Decodes one record. What follows its last line inside the frame is left to the
/// caller: `Ok` comes with the record's length. `names` caches the column names in
/// the chunk's arena.
pub(crate) fn decode<'c>(
    frame: &'c [u8],
    context: &Context<'c, '_>,
    state: &mut State,
    names: &mut Option<&'c [&'c [u8]]>,
    event: &mut Event<'c>,
) -> Result<(Decoded, usize), Damage> {
    if let Some(length) = header(frame, state) {
        *names = None;
        return Ok((Decoded::Structure, length));
    }
    let names = *names.get_or_insert_with(|| state.columns.in_arena(context.arena));
    decode_row(frame, state, names, context.arena, event)
}

/// Takes in the directive or the row of names that the frame begins with, and says
/// how long it is.
fn header(frame: &[u8], state: &mut State) -> Option<usize> {
    let (line, length) = first_line(frame);
    if line.starts_with(b"#") {
        state.directive(line);
    } else if state.columns.is_empty() && names_columns(line) {
        state.set_columns(line);
    } else {
        return None;
    }
    let after = frame.get(length..).unwrap_or_default();
    Some(length + state.headers_again(after))
}

/// Decodes one row; `Ok` comes with its length.
pub(crate) fn decode_row<'c>(
    frame: &'c [u8],
    state: &State,
    names: &[&'c [u8]],
    arena: &'c Bump,
    event: &mut Event<'c>,
) -> Result<(Decoded, usize), Damage> {
    if state.log == Log::OwaIm {
        owa_im::decode_row(frame, names, event);
        return Ok((Decoded::Event, frame.len()));
    }
    if names.is_empty() {
        return Err(Damage { reason: "no `#Fields` line names the columns", at: 0 });
    }
    event.reset(state.log.kind(), frame);
    event.names_are_unique = true;
    let mut length = cells(frame, names, event)?;
    let row = frame.get(..length).unwrap_or_default();
    event.raw = without_cr(row.strip_suffix(b"\n").unwrap_or(row));
    if length < frame.len() {
        length += state.headers_again(frame.get(length..).unwrap_or_default());
    }
    match members(state, arena, event) {
        Ok(()) => Ok((Decoded::Event, length)),
        Err(_) if state.is_header_again(event.raw) => Ok((Decoded::Structure, length)),
        Err(damage) => Err(damage),
    }
}

/// The first line of a frame, and where the next begins.
fn first_line(frame: &[u8]) -> (&[u8], usize) {
    split_once(frame, b'\n').map_or((frame, frame.len()), |(line, _)| (line, line.len() + 1))
}

fn cells<'c>(
    frame: &'c [u8],
    columns: &[&'c [u8]],
    event: &mut Event<'c>,
) -> Result<usize, Damage> {
    let mut row = Row::new(frame);
    for name in columns {
        let Some(cell) = row.next_cell() else {
            return Err(Damage { reason: "the row has fewer cells than columns", at: row.end() });
        };
        event.push(name, cell?);
    }
    if row.next_cell().is_some() {
        return Err(Damage { reason: "the row has more cells than columns", at: row.end() });
    }
    Ok(row.end())
}

/// The cells of a row of an SMTP log, with the numbers of their columns; `None` for a row
/// that [`decode_row`] would not take, or of another log.
pub(crate) fn smtp_cells<'c>(
    row: &'c [u8],
    state: &State,
    mut each: impl FnMut(usize, Value<'c>),
) -> Option<()> {
    if state.log != Log::Smtp {
        return None;
    }
    let mut cells = Row::new(row);
    for column in 0..state.columns.len() {
        let cell = cells.next_cell()?.ok()?;
        if column == state.places.time {
            iso8601(cell.spelled())?;
        }
        each(column, cell);
    }
    cells.next_cell().is_none().then_some(())
}

/// Time, host, and what the log's kind has beside its columns.
fn members<'c>(state: &State, arena: &'c Bump, event: &mut Event<'c>) -> Result<(), Damage> {
    let cell = |place: Option<usize>| {
        place.and_then(|place| event.fields.get(place)).map(|field| field.value.text(arena))
    };
    let Some((stamp, _)) = cell(Some(state.places.time)).and_then(iso8601) else {
        return Err(Damage { reason: "the row does not begin with a date and time", at: 0 });
    };
    let host = cell(state.places.host);
    let connector = cell(state.places.connector).unwrap_or_default();
    let host = match state.log {
        Log::Smtp => split_once(connector, b'\\')
            .map(|(server, _)| server)
            .or_else(|| host.and_then(endpoint_address)),
        Log::ImapPop => host.and_then(endpoint_address),
        _ => host,
    };
    event.host = host.filter(|host| !host.is_empty()).map(Value::plain);
    event.set_time((stamp.as_utc(), TimeQuality::Exact));
    match state.log {
        Log::Smtp => {
            let direction = state.direction_of(connector).name();
            event.push(b"direction", Value::plain(direction.as_bytes()));
        }
        Log::Other => event.push(b"message", Value::plain(event.raw)),
        _ => {}
    }
    Ok(())
}

/// The address of `10.0.0.25:587` or `[fe80::1]:25`.
pub(crate) fn endpoint_address(endpoint: &[u8]) -> Option<&[u8]> {
    let colon = memchr::memrchr(b':', endpoint)?;
    let address = endpoint.get(..colon)?;
    let bare = address.strip_prefix(b"[").and_then(|inner| inner.strip_suffix(b"]"));
    Some(bare.unwrap_or(address))
}

#[cfg(test)]
mod tests;
