//! The stamp before the host. Most lines are of the second of the line before.

use crate::decode::Context;
use crate::time::{Stamp, iso8601, rfc3164, stamp_at_start, zone_or_year_follows};

/// `Nov 20 09:14:03` of the line before, and its civil time.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Last {
    text: [u8; 15],
    civil_nanos: i64,
}

/// The stamp, whether it has a year, and what follows.
type Found<'c> = Option<(Stamp, bool, &'c [u8])>;

/// Reads RFC 3164's or RFC 3339's stamp.
pub(super) fn stamp<'c>(text: &'c [u8], context: &Context<'c, '_>, last: &mut Last) -> Found<'c> {
    if text.first().is_some_and(u8::is_ascii_digit) {
        return iso(text, context).or_else(|| rfc3164(text, &context.year));
    }
    let Some((head, rest)) = text.split_first_chunk::<15>() else {
        return rfc3164(text, &context.year);
    };
    // The plain form is as long as this; what else it might be is read anew.
    let is_plain = rest.first() == Some(&b' ') && !zone_or_year_follows(rest);
    if is_plain && *head == last.text {
        return Some((Stamp { civil_nanos: last.civil_nanos, offset_s: None }, false, rest));
    }
    let found = rfc3164(text, &context.year)?;
    if let (Stamp { civil_nanos, offset_s: None }, false, after) = found
        && is_plain
        && after.len() == rest.len()
    {
        *last = Last { text: *head, civil_nanos };
    }
    Some(found)
}

/// RFC 3339's, also with the zone behind a blank.
fn iso<'c>(text: &'c [u8], context: &Context<'c, '_>) -> Found<'c> {
    let (stamp, rest) = iso8601(text)?;
    if stamp.offset_s.is_some() || !rest.starts_with(b" ") {
        return Some((stamp, true, rest));
    }
    let dated = stamp_at_start(text, &context.year)?;
    Some((dated.stamp, true, dated.rest))
}
