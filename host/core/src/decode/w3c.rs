//! W3C extended logs: IIS, and the SMTP service of IIS 6.
//!
//! Blanks separate cells, `-` stands for none and stays `-`. `#Fields` names the
//! columns and may come again; `#Date` gives the day to rows that have none, and a
//! clock that falls back by half a day or more means the next day.

use bumpalo::Bump;
use memchr::memchr;
use serde::{Deserialize, Serialize};

use super::tabular::{Columns, directive, is_date, is_fields};
use super::{Context, Damage, Decoded};
use crate::bytes::{split_once, without_cr};
use crate::event::{Event, Kind, Value};
use crate::time::{self, TimeQuality};

/// What rows mean depends on the directives before them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct State {
    columns: Columns,
    /// Midnight of the day that rows without a date are of, and the newest clock
    /// of that day: nanoseconds since the epoch and since midnight.
    day: Option<Day>,
    places: Places,
    /// No line named the columns, so a row with another number of cells may have
    /// those of another choice.
    is_headless: bool,
}

/// The day that rows without a date are of.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Day {
    midnight: i64,
    newest: i64,
}

impl Day {
    /// The instant of a row's clock. Servers write rows up to minutes late, so only
    /// a fall by half a day or more is midnight, and a rise by as much a late row
    /// of the day before.
    fn at(&mut self, clock: i64) -> i64 {
        if clock + time::DAY / 2 < self.newest {
            self.midnight += time::DAY;
            self.newest = clock;
        } else if clock > self.newest + time::DAY / 2 {
            return self.midnight - time::DAY + clock;
        }
        self.newest = self.newest.max(clock);
        self.midnight + clock
    }
}

/// Where the columns are that every row is asked for.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Places {
    date: Option<usize>,
    time: Option<usize>,
    server_name: Option<usize>,
    server_ip: Option<usize>,
}

/// IIS' own default since 2012, for rows that come without a header.
pub(super) const DEFAULT_COLUMNS: &[u8] = b"date time s-ip cs-method cs-uri-stem cs-uri-query \
    s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status \
    time-taken";

impl State {
    /// The columns that IIS writes by default.
    pub(super) fn with_default_columns() -> Self {
        Self::with_columns(DEFAULT_COLUMNS)
    }

    /// The columns of a log without a header, told by its first row.
    pub(super) fn headless(names: &[u8]) -> Self {
        Self { is_headless: true, ..Self::with_columns(names) }
    }

    /// Columns named by a `#Fields` line's value.
    pub(super) fn with_columns(names: &[u8]) -> Self {
        let mut state = Self::default();
        state.set_columns(names);
        state
    }

    fn set_columns(&mut self, names: &[u8]) {
        self.columns = Columns::new(names.split(|byte| *byte == b' ').filter(|n| !n.is_empty()));
        self.places = Places {
            date: self.columns.position(b"date"),
            time: self.columns.position(b"time"),
            server_name: self.columns.position(b"s-computername"),
            server_ip: self.columns.position(b"s-ip"),
        };
    }

    /// The column names, in the arena of the chunk at hand.
    pub(super) fn names_in<'c>(&self, arena: &'c Bump) -> &'c [&'c [u8]] {
        self.columns.in_arena(arena)
    }

    /// True when a row's time can only be told from the rows before.
    pub(super) fn needs_every_row(&self) -> bool {
        self.places.date.is_none() && self.places.time.is_some()
    }

    /// The name of the first column.
    pub(super) fn first_column(&self) -> Option<&[u8]> {
        self.columns.iter().next()
    }

    /// Takes a directive in.
    fn directive(&mut self, line: &[u8]) {
        let Some((name, value)) = directive(line) else { return };
        if is_fields(name) {
            self.is_headless = false;
            self.set_columns(value);
        } else if is_date(name) {
            let (date, clock) = split_once(value, b' ').unwrap_or((value, b"00:00:00"));
            let newest = time::w3c_clock(clock).unwrap_or_default();
            let day = time::w3c_days(date).map(|days| Day { midnight: days * time::DAY, newest });
            self.day = day.or(self.day);
        }
    }

    /// The instant of a row that has no date.
    fn undated(&mut self, event: &Event<'_>) -> Option<i64> {
        let clock = event.fields.get(self.places.time?)?;
        let clock = time::w3c_clock(clock.value.spelled())?;
        self.day.as_mut().map(|day| day.at(clock))
    }
}

/// Decodes one line. `names` caches the column names in the chunk's arena.
pub(super) fn decode<'c>(
    frame: &'c [u8],
    context: &Context<'c, '_>,
    state: &mut State,
    names: &mut Option<&'c [&'c [u8]]>,
    event: &mut Event<'c>,
) -> Result<Decoded, Damage> {
    if frame.first() == Some(&b'#') {
        state.directive(frame);
        *names = None;
        return Ok(Decoded::Structure);
    }
    let names = *names.get_or_insert_with(|| state.columns.in_arena(context.arena));
    match cells(frame, names, event) {
        Err(_) if state.is_headless => return other_row(frame, context.arena, event),
        cells => cells?,
    }
    let undated = if state.needs_every_row() { state.undated(event) } else { None };
    members(state, undated, event)?;
    Ok(Decoded::Event)
}

/// Decodes a row of a log without a header by the number of its cells.
fn other_row<'c>(
    frame: &'c [u8],
    arena: &'c Bump,
    event: &mut Event<'c>,
) -> Result<Decoded, Damage> {
    let names = default_columns(frame).ok_or(Damage {
        reason: "the row has not the cells of any usual choice of columns",
        at: 0,
    })?;
    let state = State::with_columns(names);
    decode_row(frame, &state, state.names_in(arena), event)?;
    Ok(Decoded::Event)
}

/// Decodes one row of a log whose rows are dated.
pub(super) fn decode_row<'c>(
    frame: &'c [u8],
    state: &State,
    names: &[&'c [u8]],
    event: &mut Event<'c>,
) -> Result<(), Damage> {
    cells(frame, names, event)?;
    members(state, None, event)
}

fn cells<'c>(frame: &'c [u8], names: &[&'c [u8]], event: &mut Event<'c>) -> Result<(), Damage> {
    if names.is_empty() {
        return Err(Damage { reason: "no `#Fields` line names the columns", at: 0 });
    }
    event.reset(Kind::Iis, frame);
    event.names_are_unique = true;
    split(frame, names, event)
}

fn split<'c>(line: &'c [u8], columns: &[&'c [u8]], event: &mut Event<'c>) -> Result<(), Damage> {
    let mut rest = line;
    let mut columns = columns.iter();
    loop {
        let Some(name) = columns.next() else {
            return Err(Damage {
                reason: "the row has more cells than columns",
                at: line.len() - rest.len(),
            });
        };
        let end = memchr(b' ', rest);
        let (cell, tail) = rest.split_at_checked(end.unwrap_or(rest.len())).unwrap_or((rest, b""));
        event.push(name, Value::plain(cell));
        let Some(tail) = tail.get(1..) else { break };
        rest = tail;
    }
    if columns.next().is_some() {
        return Err(Damage { reason: "the row has fewer cells than columns", at: line.len() });
    }
    Ok(())
}

/// Time and host of the row.
fn members(state: &State, undated: Option<i64>, event: &mut Event<'_>) -> Result<(), Damage> {
    let cell = |place: Option<usize>| {
        place.and_then(|place| event.fields.get(place)).map(|field| field.value)
    };
    let named = cell(state.places.server_name).filter(|name| name.spelled() != b"-");
    let host = named.or_else(|| cell(state.places.server_ip).filter(|ip| ip.spelled() != b"-"));
    let time = cell(state.places.time).map(|value| value.spelled());
    let at = match (cell(state.places.date), time) {
        (Some(date), Some(clock)) => time::w3c(date.spelled(), clock),
        (None, Some(_)) => undated,
        _ => None,
    };
    event.host = host;
    match (at, time) {
        (Some(at), _) => event.set_time((at, TimeQuality::Exact)),
        (None, Some(_)) => {
            return Err(Damage { reason: "the row has no valid date and time", at: 0 });
        }
        (None, None) => {}
    }
    Ok(())
}

/// The columns of HTTPERR logs, and of rows that IIS 7 to 10 write with other
/// choices than the default. No two are of the same number.
const OTHER_COLUMNS: [&[u8]; 5] = [
    b"date time c-ip c-port s-ip s-port cs-version cs-method cs-uri sc-status s-siteid s-reason \
        s-queuename",
    b"date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) \
        sc-status sc-substatus sc-win32-status time-taken",
    b"date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) \
        cs(Referer) sc-status sc-substatus sc-win32-status time-taken X-Forwarded-For",
    b"date time s-sitename cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip \
        cs(User-Agent) cs(Cookie) cs(Referer) cs-host sc-status sc-substatus sc-win32-status \
        sc-bytes cs-bytes time-taken",
    b"date time s-sitename s-computername s-ip cs-method cs-uri-stem cs-uri-query s-port \
        cs-username c-ip cs-version cs(User-Agent) cs(Cookie) cs(Referer) cs-host sc-status \
        sc-substatus sc-win32-status sc-bytes cs-bytes time-taken",
];

/// The columns of a row that comes without a header, told by their number and by
/// which of them are numbers; `None` when it is no such row.
pub(super) fn default_columns(line: &[u8]) -> Option<&'static [u8]> {
    let line = without_cr(line);
    let mut words = line.split(|byte| *byte == b' ');
    time::w3c(words.next()?, words.next()?)?;
    let cells = words.count() + 2;
    let count =
        |columns: &[u8]| columns.split(|byte| *byte == b' ').filter(|n| !n.is_empty()).count();
    let mut all = std::iter::once(DEFAULT_COLUMNS).chain(OTHER_COLUMNS);
    all.find(|columns| count(columns) == cells && numbers_fit(columns, line))
}

/// True when ports, statuses and sizes are numbers, or left open.
fn numbers_fit(columns: &[u8], line: &[u8]) -> bool {
    const NUMBERS: [&[u8]; 6] =
        [b"s-port", b"c-port", b"sc-status", b"sc-bytes", b"cs-bytes", b"time-taken"];
    let names = columns.split(|byte| *byte == b' ').filter(|name| !name.is_empty());
    let mut cells = names.zip(line.split(|byte| *byte == b' '));
    cells.all(|(name, cell)| {
        let is_number = cell == b"-" || (!cell.is_empty() && cell.iter().all(u8::is_ascii_digit));
        is_number || !NUMBERS.contains(&name)
    })
}

/// True for a row in the default columns, for logs without a header.
pub(super) fn looks_like_default_row(line: &[u8]) -> bool {
    default_columns(line).is_some_and(|columns| columns == DEFAULT_COLUMNS)
}

#[cfg(test)]
mod tests;
