//! Exchange's own logs: CSV with `#` directives. Here: the SMTP protocol logs.

use bumpalo::Bump;

use super::csv::Row;
use super::tabular::{Columns, directive};
use super::{Context, Damage, Decoded};
use crate::bytes::{split_once, without_cr};
use crate::event::{Event, Kind, Value};
use crate::time::{TimeQuality, iso8601};

/// What rows mean depends on the directives before them.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    columns: Columns,
    direction: Option<Direction>,
    places: Places,
}

/// Whose protocol log it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

#[derive(Debug, Clone, Default)]
struct Places {
    time: Option<usize>,
    connector: Option<usize>,
    local_endpoint: Option<usize>,
}

/// The columns of every SMTP protocol log since 2007.
const SMTP_COLUMNS: &[u8] = b"date-time,connector-id,session-id,sequence-number,local-endpoint,\
    remote-endpoint,event,data,context";

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
        self.columns = Columns::new(names.split(|byte| *byte == b',').map(<[u8]>::trim_ascii));
        self.places = Places {
            time: self.columns.position(b"date-time"),
            connector: self.columns.position(b"connector-id"),
            local_endpoint: self.columns.position(b"local-endpoint"),
        };
    }

    /// Takes a directive in.
    pub(crate) fn directive(&mut self, line: &[u8]) {
        let Some((name, value)) = directive(line) else { return };
        if name.eq_ignore_ascii_case(b"Fields") {
            self.set_columns(value);
        } else if name.eq_ignore_ascii_case(b"Log-type") {
            self.direction = log_type(value);
        }
    }

    /// True for a line that repeats the column names as data.
    fn is_header_again(&self, line: &[u8]) -> bool {
        let mut cells = without_cr(line).split(|byte| *byte == b',');
        self.columns.iter().all(|name| cells.next() == Some(name)) && cells.next().is_none()
    }

    /// The column names, in the arena of the chunk at hand.
    pub(crate) fn names_in<'c>(&self, arena: &'c Bump) -> &'c [&'c [u8]] {
        self.columns.in_arena(arena)
    }

    /// A receive connector's id names its server, a send connector's does not.
    fn direction_of(&self, connector: &[u8]) -> Direction {
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
    if frame.first() == Some(&b'#') {
        let (line, length) = first_line(frame);
        state.directive(line);
        *names = None;
        return Ok((Decoded::Structure, length));
    }
    let names = *names.get_or_insert_with(|| state.columns.in_arena(context.arena));
    decode_row(frame, state, names, context.arena, event)
}

/// Decodes one row; `Ok` comes with its length.
pub(crate) fn decode_row<'c>(
    frame: &'c [u8],
    state: &State,
    names: &[&'c [u8]],
    arena: &'c Bump,
    event: &mut Event<'c>,
) -> Result<(Decoded, usize), Damage> {
    if names.is_empty() {
        return Err(Damage { reason: "no `#Fields` line names the columns", at: 0 });
    }
    event.reset(Kind::ExchangeSmtp, frame);
    event.names_are_unique = true;
    let length = cells(frame, names, event)?;
    let row = frame.get(..length).unwrap_or_default();
    event.raw = without_cr(row.strip_suffix(b"\n").unwrap_or(row));
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

/// Time, host and direction of the row.
fn members<'c>(state: &State, arena: &'c Bump, event: &mut Event<'c>) -> Result<(), Damage> {
    let cell = |place: Option<usize>| {
        place.and_then(|place| event.fields.get(place)).map(|field| field.value.text(arena))
    };
    let time = cell(state.places.time).and_then(iso8601);
    let connector = cell(state.places.connector).unwrap_or_default();
    let local = cell(state.places.local_endpoint).unwrap_or_default();
    let Some((stamp, _)) = time else {
        return Err(Damage { reason: "the row does not begin with a date and time", at: 0 });
    };
    let server = split_once(connector, b'\\').map(|(server, _)| server);
    let host = server.or_else(|| endpoint_address(local)).filter(|host| !host.is_empty());
    event.set_time((stamp.as_utc(), TimeQuality::Exact));
    event.host = host.map(Value::plain);
    let direction = Value::plain(state.direction_of(connector).name().as_bytes());
    event.push(b"direction", direction);
    Ok(())
}

/// The address of `10.0.0.25:587` or `[fe80::1]:25`.
pub(crate) fn endpoint_address(endpoint: &[u8]) -> Option<&[u8]> {
    let colon = memchr::memrchr(b':', endpoint)?;
    let address = endpoint.get(..colon)?;
    let bare = address.strip_prefix(b"[").and_then(|inner| inner.strip_suffix(b"]"));
    Some(bare.unwrap_or(address))
}

/// True for a row of an SMTP protocol log, for logs without a header.
pub(super) fn looks_like_smtp_row(line: &[u8]) -> bool {
    let arena = Bump::new();
    let mut row = Row::new(line);
    let mut cells = Vec::new();
    while let Some(Ok(cell)) = row.next_cell() {
        cells.push(cell.text(&arena));
    }
    matches!(cells.as_slice(), [time, _, _, sequence, _, _, event, _, _]
        if iso8601(time).is_some()
            && crate::bytes::digits(sequence).is_some()
            && matches!(*event, b"+" | b"-" | b"<" | b">" | b"*"))
}
