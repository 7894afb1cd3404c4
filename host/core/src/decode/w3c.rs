//! W3C extended logs: IIS, and the SMTP service of IIS 6.
//!
//! Blanks separate cells, `-` stands for none and stays `-`. `#Fields` names the
//! columns and may come again; `#Date` gives the day to rows that have none.

use bumpalo::Bump;
use memchr::memchr;

use super::tabular::{Columns, directive};
use super::{Context, Damage, Decoded};
use crate::bytes::{split_once, without_cr};
use crate::event::{Event, Kind, Value};
use crate::time::{self, TimeQuality};

/// What rows mean depends on the directives before them.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    columns: Columns,
    /// Days since the epoch, of the last `#Date`.
    date_days: Option<i64>,
    places: Places,
}

/// Where the columns are that every row is asked for.
#[derive(Debug, Clone, Default)]
struct Places {
    date: Option<usize>,
    time: Option<usize>,
    server_name: Option<usize>,
    server_ip: Option<usize>,
}

/// IIS' own default since 2012, for rows that come without a header.
const DEFAULT_COLUMNS: &[u8] = b"date time s-ip cs-method cs-uri-stem cs-uri-query s-port \
    cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken";

impl State {
    /// The columns that IIS writes by default.
    pub(super) fn with_default_columns() -> Self {
        Self::with_columns(DEFAULT_COLUMNS)
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

    /// The name of the first column.
    pub(super) fn first_column(&self) -> Option<&[u8]> {
        self.columns.iter().next()
    }

    /// Takes a directive in.
    fn directive(&mut self, line: &[u8]) {
        let Some((name, value)) = directive(line) else { return };
        if name.eq_ignore_ascii_case(b"Fields") {
            self.set_columns(value);
        } else if name.eq_ignore_ascii_case(b"Date") {
            let date = split_once(value, b' ').map_or(value, |(date, _)| date);
            self.date_days = time::w3c_days(date).or(self.date_days);
        }
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
    decode_row(frame, state, names, event)?;
    Ok(Decoded::Event)
}

/// Decodes one row.
pub(super) fn decode_row<'c>(
    frame: &'c [u8],
    state: &State,
    names: &[&'c [u8]],
    event: &mut Event<'c>,
) -> Result<(), Damage> {
    if names.is_empty() {
        return Err(Damage { reason: "no `#Fields` line names the columns", at: 0 });
    }
    event.reset(Kind::Iis, frame);
    event.names_are_unique = true;
    split(frame, names, event)?;
    members(state, event)
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
fn members(state: &State, event: &mut Event<'_>) -> Result<(), Damage> {
    let cell = |place: Option<usize>| {
        place.and_then(|place| event.fields.get(place)).map(|field| field.value)
    };
    let named = cell(state.places.server_name).filter(|name| name.spelled() != b"-");
    let host = named.or_else(|| cell(state.places.server_ip).filter(|ip| ip.spelled() != b"-"));
    let time = cell(state.places.time).map(|value| value.spelled());
    let at = match (cell(state.places.date), time) {
        (Some(date), Some(clock)) => time::w3c(date.spelled(), clock),
        (None, Some(clock)) => state
            .date_days
            .and_then(|days| time::w3c_clock(clock).map(|within| days * time::DAY + within)),
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

/// True for a row in the default columns, for logs without a header.
pub(super) fn looks_like_default_row(line: &[u8]) -> bool {
    let line = without_cr(line);
    let cells = line.split(|byte| *byte == b' ').count();
    let mut words = line.split(|byte| *byte == b' ');
    let (Some(date), Some(clock)) = (words.next(), words.next()) else { return false };
    cells == 15 && time::w3c(date, clock).is_some()
}
