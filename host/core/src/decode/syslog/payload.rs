//! Payloads that are formats of their own: Event XML, JSON of Windows events, and
//! the rows of tabular logs, whose header lines travel as messages, too.

use super::Header;
use crate::decode::{
    Context, Damage, Decoded, Log, exchange_csv, netlogon, w3c, winevent_json, winevent_text,
    winevent_xml,
};
use crate::event::{Event, Field, Value};
use crate::frame::event_xml;
use serde::{Deserialize, Serialize};

/// The columns that each (host, application) announced.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct State {
    tables: Vec<Table>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Table {
    host: Box<[u8]>,
    app: Box<[u8]>,
    rows: Rows,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
enum Rows {
    W3c(w3c::State),
    Exchange(exchange_csv::State),
}

/// Senders whose columns are remembered; the oldest is forgotten first.
const TABLES_MAX: usize = 256;

/// Decodes the payload as what it is; `None` when it is just a message.
pub(super) fn decode<'c>(
    header: &Header<'c>,
    frame: &'c [u8],
    context: &Context<'c, '_>,
    state: &mut State,
    event: &mut Event<'c>,
) -> Result<Option<Decoded>, Damage> {
    let payload = header.message.trim_ascii();
    let decoded = match payload.first() {
        Some(b'<') if is_event_xml(payload) => {
            winevent_xml::decode(payload, context, event)
                .map_err(|damage| inside(frame, payload, damage))?;
            Some(Decoded::Event)
        }
        // A message may begin with a brace and be no JSON: then it is a message.
        Some(b'{') if winevent_json::decode(payload, context, event) == Ok(true) => {
            Some(Decoded::Event)
        }
        Some(b'#') => directive(header, payload, state).then_some(Decoded::Structure),
        Some(b'0'..=b'9') => row(header, payload, context, state, event),
        _ => None,
    };
    let decoded = decoded.or_else(|| windows_text(header, payload, context, event));
    if decoded == Some(Decoded::Event) {
        complete(header, frame, event);
    }
    Ok(decoded)
}

/// Lines of agents, rendered messages, and NXLog's structured data.
fn windows_text<'c>(
    header: &Header<'c>,
    payload: &'c [u8],
    context: &Context<'c, '_>,
    event: &mut Event<'c>,
) -> Option<Decoded> {
    if let Some(params) = super::rfc5424::params_of(header.structured_data, b"NXLOG@14506") {
        let params = params.map(|(name, value)| Field { name, value });
        if winevent_json::decode_nxlog(params, context, event) {
            // `to_syslog_ietf` writes the source as the application, and only there.
            event.provider = event.provider.or(header.app.map(Value::plain));
            let message = Value::plain(payload);
            event.envelope.push(Field { name: b"Message", value: message });
            return Some(Decoded::Event);
        }
    }
    let sender = winevent_text::Sender { app: header.app };
    winevent_text::decode_line(payload, sender, context, event).then_some(Decoded::Event)
}

fn is_event_xml(payload: &[u8]) -> bool {
    payload
        .strip_prefix(b"<Event")
        .and_then(<[u8]>::first)
        .is_some_and(|b| event_xml::is_delimiter(*b))
}

/// A payload's damage, with its place in the whole line.
fn inside(frame: &[u8], payload: &[u8], damage: Damage) -> Damage {
    let start = payload.as_ptr().addr().saturating_sub(frame.as_ptr().addr());
    Damage { at: start + damage.at, ..damage }
}

/// What the payload leaves open comes from the header.
fn complete<'c>(header: &Header<'c>, frame: &'c [u8], event: &mut Event<'c>) {
    event.raw = frame;
    let named_by_address = matches!(event.kind, crate::event::Kind::Iis);
    if event.host.is_none() || named_by_address {
        event.host = header.host.map(Value::plain).or(event.host);
    }
    if event.time_quality == crate::time::TimeQuality::None
        && let Some(time) = header.time
    {
        event.set_time(time);
    }
}

/// Remembers the columns that a `#Fields:` line announces.
fn directive(header: &Header<'_>, line: &[u8], state: &mut State) -> bool {
    let Some((name, value)) = crate::decode::tabular::directive(line) else { return false };
    if !crate::decode::tabular::is_fields(name) {
        return ["Software", "Version", "Date", "Log-type"]
            .iter()
            .any(|known| known.as_bytes().eq_ignore_ascii_case(name));
    }
    let rows = if value.contains(&b',') {
        let state = exchange_csv::State::with_columns(value);
        // Other logs are seldom sent, and their literals would be looked for in every
        // message.
        if !matches!(state.log(), Some(Log::Smtp | Log::Tracking)) {
            return true;
        }
        Rows::Exchange(state)
    } else if value.starts_with(b"date ") {
        Rows::W3c(w3c::State::with_columns(value))
    } else {
        // Literals for cells begin with the blank before them, and the first cell of
        // a payload need not have one. All servers write the date first.
        return true;
    };
    let (host, app) = sender(header);
    state.tables.retain(|table| !table.is_of(host, app));
    if state.tables.len() >= TABLES_MAX {
        state.tables.remove(0);
    }
    state.tables.push(Table { host: host.into(), app: app.into(), rows });
    true
}

impl Table {
    fn is_of(&self, host: &[u8], app: &[u8]) -> bool {
        *self.host == *host && *self.app == *app
    }
}

fn sender<'c>(header: &Header<'c>) -> (&'c [u8], &'c [u8]) {
    (header.host.unwrap_or_default(), header.app.unwrap_or_default())
}

/// Decodes a row by the sender's columns, or by the default ones when it looks
/// like a row of those.
fn row<'c>(
    header: &Header<'c>,
    payload: &'c [u8],
    context: &Context<'c, '_>,
    state: &State,
    event: &mut Event<'c>,
) -> Option<Decoded> {
    let (host, app) = sender(header);
    if let Some(table) = state.tables.iter().find(|table| table.is_of(host, app)) {
        return table.rows.decode(payload, context, event);
    }
    // Both kinds of rows begin with a date.
    if payload.get(4) != Some(&b'-') {
        return None;
    }
    if exchange_csv::looks_like_smtp_row(payload) {
        let rows = Rows::Exchange(exchange_csv::State::with_default_columns());
        return rows.decode(payload, context, event);
    }
    if w3c::looks_like_default_row(payload) {
        return Rows::W3c(w3c::State::with_default_columns()).decode(payload, context, event);
    }
    if netlogon::looks_like_line(payload) {
        return netlogon::decode(payload, context, event).ok().map(|()| Decoded::Event);
    }
    None
}

impl Rows {
    fn decode<'c>(
        &self,
        payload: &'c [u8],
        context: &Context<'c, '_>,
        event: &mut Event<'c>,
    ) -> Option<Decoded> {
        let arena = context.arena;
        match self {
            Self::W3c(state) => {
                w3c::decode_row(payload, state, state.names_in(arena), event).ok()?;
                Some(Decoded::Event)
            }
            Self::Exchange(state) => {
                let names = state.names_in(arena);
                let decoded = exchange_csv::decode_row(payload, state, names, arena, event);
                decoded.ok().map(|(decoded, _)| decoded)
            }
        }
    }
}
