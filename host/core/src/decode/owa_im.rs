//! OWA's instant messaging log: dated CSV rows whose last cell is free text.
//!
//! The columns differ by build and are not documented, so nothing is asked of them:
//! with a `#Fields` line that fits they are fields, and in any case `message` is the
//! record. Of a failure of the UCWEB library its parts are fields as well:
//!
//! ```text
//! ERROR:UCWEB Failure: Code=TlsFailure, SubCode=TlsRemoteDisconnected, Reason=...
//! ```

use memchr::memmem;
use serde::{Deserialize, Serialize};

use super::csv::Row;
use super::tabular::{Columns, directive, is_fields};
use super::{Context, Decoded, exchange_csv};
use crate::bytes::{split_once, without_cr};
use crate::event::{Escape, Event, Kind, Value};
use crate::time::{TimeQuality, iso8601};

/// The columns that a `#Fields` line named.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct State {
    columns: Columns,
}

/// What every failure begins with.
pub(super) const FAILURE: &[u8] = b"UCWEB Failure:";

/// Decodes a directive or a record; lines that begin with no date continue it.
pub(super) fn decode<'c>(
    frame: &'c [u8],
    context: &Context<'c, '_>,
    state: &mut State,
    names: &mut Option<&'c [&'c [u8]]>,
    event: &mut Event<'c>,
) -> (Decoded, usize) {
    if frame.first() == Some(&b'#') {
        let line = split_once(frame, b'\n').map_or(frame, |(line, _)| line);
        if let Some((_, value)) = directive(line).filter(|(name, _)| is_fields(name)) {
            state.columns = exchange_csv::columns(value);
            *names = None;
        }
        return (Decoded::Structure, (line.len() + 1).min(frame.len()));
    }
    let names = *names.get_or_insert_with(|| state.columns.in_arena(context.arena));
    decode_row(frame, names, event);
    (Decoded::Event, frame.len())
}

/// Decodes one record.
pub(super) fn decode_row<'c>(frame: &'c [u8], names: &[&'c [u8]], event: &mut Event<'c>) {
    event.reset(Kind::ExchangeOwaIm, frame);
    cells(frame, names, event);
    if let Some((stamp, _)) = iso8601(frame.strip_prefix(b"\"").unwrap_or(frame)) {
        event.set_time((stamp.as_utc(), TimeQuality::Exact));
    }
    failure(frame, event);
    event.push(b"message", Value::plain(frame));
}

/// The cells as fields, if there are as many as columns.
fn cells<'c>(frame: &'c [u8], names: &[&'c [u8]], event: &mut Event<'c>) {
    let mut row = Row::new(frame);
    for name in names {
        match row.next_cell() {
            Some(Ok(cell)) => event.push(name, cell),
            _ => return event.fields.clear(),
        }
    }
    if row.next_cell().is_some() {
        event.fields.clear();
    }
}

/// `Code`, `SubCode` and `Reason` of a failure.
fn failure<'c>(frame: &'c [u8], event: &mut Event<'c>) {
    let Some(at) = memmem::find(frame, FAILURE) else { return };
    let text = frame.get(at + FAILURE.len()..).unwrap_or_default();
    for name in ["Code", "SubCode"] {
        if let Some(word) = word_behind(text, name.as_bytes()) {
            event.push(name.as_bytes(), Value::plain(word));
        }
    }
    if let Some(at) = memmem::find(text, b"Reason=") {
        let reason = text.get(at + b"Reason=".len()..).unwrap_or_default();
        let end = closing_quote(reason).unwrap_or(reason.len());
        let reason = without_cr(reason.get(..end).unwrap_or_default());
        event.push(b"Reason", Value::new(reason, Escape::Csv));
    }
}

/// The letters behind `name=`, where `name` is a word of its own.
fn word_behind<'c>(text: &'c [u8], name: &[u8]) -> Option<&'c [u8]> {
    let behind = memmem::find_iter(text, name).find_map(|at| {
        let before = at.checked_sub(1).and_then(|before| text.get(before));
        let is_word = before.is_none_or(|byte| !byte.is_ascii_alphanumeric());
        text.get(at + name.len()..).filter(|_| is_word)?.strip_prefix(b"=")
    })?;
    let length = behind.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    behind.get(..length)
}

/// The quote that ends the cell: the first that is not doubled.
fn closing_quote(text: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let quote = from + memchr::memchr(b'"', text.get(from..)?)?;
        if text.get(quote + 1) != Some(&b'"') {
            return Some(quote);
        }
        from = quote + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{YearReference, Zones};
    use bumpalo::Bump;

    /// Scenario: a failure inside quotes, over two lines, and rows with and without
    /// named columns.
    /// Guarantees: the failure's parts, the exception chain whole; columns only when
    /// they fit.
    #[test]
    fn failures_are_taken_apart() {
        let arena = Bump::new();
        let zones = Zones::all_in(jiff::tz::TimeZone::UTC);
        let context = Context { arena: &arena, zones: &zones, year: YearReference { nanos: 0 } };
        let (mut state, mut names) = (State::default(), None);
        let mut event = Event::default();
        let mut read = |frame: &'static str| {
            let decoded = decode(frame.as_bytes(), &context, &mut state, &mut names, &mut event);
            let text = |name: &str| {
                let value = event.field(name.as_bytes())?.text(&arena);
                Some(String::from_utf8(value.to_vec()).unwrap())
            };
            (decoded.0, ["Code", "SubCode", "Reason", "user"].map(text))
        };
        let some = |text: &str| Some(text.to_owned());
        let row = "2026-11-20T10:01:22.511Z,1b2c,im,user1,\"ERROR:UCWEB Failure: Code=TlsFailure, \
                   SubCode=TlsRemoteDisconnected, Reason=\\r\\n X: \"\"y\"\" ---> Z\nat W\"";
        let reason = some("\\r\\n X: \"y\" ---> Z\nat W");
        let parts = [some("TlsFailure"), some("TlsRemoteDisconnected"), reason];
        let (_, [code, sub_code, reason, user]) = read(row);
        assert_eq!(([code, sub_code, reason], user), (parts.clone(), None));
        assert_eq!(read("#Fields: time,id,host,user,text").0, Decoded::Structure);
        let (_, [code, .., user]) = read(row);
        assert_eq!((code, user), (parts[0].clone(), some("user1")));
        assert_eq!(read("2026-11-20T10:01:22.511Z,1,2,3,4,5").1, [None, None, None, None]);
        assert_eq!(event.time_quality, TimeQuality::Exact);
    }
}
