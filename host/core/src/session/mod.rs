//! Session: a refusal says little; the rows that explain it carry no literal.
//!
//! For each candidate row of an SMTP protocol log - one that satisfies the row's
//! part of a session subscription - all rows of its session are gathered by
//! searching the session's id backward and forward. The facts they give become
//! one event of kind `exchange-smtp-session`.

mod facts;
mod gather;
mod rows;

pub use facts::Facts;
pub use gather::{Candidate, Gatherer, Texts};

use bumpalo::Bump;

use crate::event::{Event, Kind, Selector, Value};
use crate::interest::{Condition, Subscription};

/// Fields of a session event that stand in its candidate row.
pub(crate) fn is_candidate_field(name: &[u8]) -> bool {
    matches!(name, b"reply" | b"auth_error" | b"event" | b"data" | b"context" | b"session-id")
}

/// True when the row can be the candidate of one of the session subscriptions:
/// their conditions on the row hold. What they ask of the session is seen later.
pub fn is_candidate<'c, 's>(
    mut subscriptions: impl Iterator<Item = &'s Subscription>,
    row: &Event<'c>,
    arena: &'c Bump,
) -> bool {
    subscriptions.any(|subscription| {
        let of_row = subscription
            .all_of
            .iter()
            .filter_map(|condition| row_field(condition).map(|name| (condition, name)));
        of_row
            .into_iter()
            .all(|(condition, name)| condition.holds_for(candidate_value(row, name, arena), arena))
    })
}

/// The candidate field that a condition asks for, if it does.
fn row_field(condition: &Condition) -> Option<&[u8]> {
    match &condition.selector {
        Selector::Nth(name, 0) if is_candidate_field(name) => Some(name),
        _ => None,
    }
}

/// What the candidate row says of itself.
fn candidate_value<'c>(row: &Event<'c>, name: &[u8], arena: &'c Bump) -> Option<&'c [u8]> {
    let cell = |name: &[u8]| row.field(name).map(|value| value.text(arena));
    match name {
        b"reply" => reply(cell(b"direction")?, cell(b"event")?, cell(b"data")?),
        b"auth_error" => facts::auth_error(cell(b"context")?).map(|(_, error)| error),
        name => cell(name),
    }
}

/// The row's data when it is an SMTP reply: of ours in a receive log, of the
/// peer's in a send log.
fn reply<'c>(direction: &[u8], event: &[u8], data: &'c [u8]) -> Option<&'c [u8]> {
    let of_server = matches!((direction, event), (b"receive", b">") | (b"send", b"<"));
    (of_server && facts::reply_code(data).is_some()).then_some(data)
}

/// The session event of a candidate row.
pub fn event<'c>(row: &Event<'c>, facts: &'c Facts, arena: &'c Bump, event: &mut Event<'c>) {
    event.reset(Kind::ExchangeSmtpSession, row.raw);
    event.set_time((row.time, row.time_quality));
    event.host = row.host;
    facts.push_to(event);
    for name in [b"event".as_slice(), b"data", b"context", b"session-id", b"reply", b"auth_error"] {
        if name == b"auth_error" && event.field(b"auth_error").is_some() {
            continue;
        }
        if let Some(value) = candidate_value(row, name, arena) {
            event.push(arena.alloc_slice_copy(name), Value::plain(value));
        }
    }
}

#[cfg(test)]
mod tests;
