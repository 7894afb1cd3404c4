//! Fields inside fields: `custom-data/S:FromEntity`, `cs-uri-query/User`,
//! `data/thumbprint`.
//!
//! Nothing is taken apart until a condition or a column names a part, so that rows
//! pay for what somebody asks of them and for nothing else. Other formats whose
//! names contain `/` (JSON, structured data) have these as fields of their own,
//! which come first.

mod activesync;
mod certificate;
mod items;
mod query;

pub(crate) use certificate::Certificate;

use bumpalo::Bump;

use super::{Event, Kind};
use crate::bytes::split_once;

/// Gives the values of the nested field `name` to `found`, in their order, until it
/// returns true.
pub(super) fn each<'c>(
    event: &Event<'c>,
    name: &[u8],
    arena: &'c Bump,
    found: &mut dyn FnMut(&'c [u8]) -> bool,
) {
    let Some((outer, inner)) = split_once(name, b'/') else { return };
    let Some(cell) = event.field(outer) else { return };
    match (event.kind, outer) {
        (Kind::Iis, b"cs-uri-query") | (Kind::ExchangeHttpProxy, b"UrlQuery") => {
            query::each(cell.text(arena), inner, arena, found);
        }
        (Kind::ExchangeSmtp, b"data") => {
            let context = event.field(b"context").map(|value| value.text(arena));
            let part = certificate::part(cell.text(arena), context.unwrap_or_default(), inner);
            part.map(found);
        }
        _ if has_items(event.kind) => items::each(cell.text(arena), inner, found),
        _ => {}
    }
}

/// Kinds whose cells may be lists of items.
fn has_items(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::ExchangeSmtp
            | Kind::ExchangeTracking
            | Kind::ExchangeConnectivity
            | Kind::ExchangeHttpProxy
            | Kind::ExchangeImapPop
            | Kind::ExchangeOwaIm
            | Kind::Text
    )
}

/// True when the values of `name` are decoded, so that the record need not contain
/// them as they are.
pub(crate) fn is_decoded(name: &[u8]) -> bool {
    name.starts_with(b"cs-uri-query/") || name.starts_with(b"UrlQuery/")
}
