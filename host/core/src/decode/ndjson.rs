//! Any other JSON: the members of the object are the fields, nested ones as
//! `outer/inner`, the elements of an array as values of one name.

use bumpalo::Bump;

use super::json::{Cursor, Shape};
use super::winevent_json::LONG_NAME;
use super::{Context, Damage, nested_name};
use crate::event::{Event, Kind};
use crate::limits::FIELDS_MAX;
use crate::time::iso8601;

/// Decodes one object.
pub(super) fn decode<'c>(
    frame: &'c [u8],
    context: &Context<'c, '_>,
    event: &mut Event<'c>,
) -> Result<(), Damage> {
    event.reset(Kind::Json, frame);
    let mut cursor = Cursor::new(frame);
    if cursor.shape() != Shape::Object {
        return Err(cursor.damage("the record is not an object"));
    }
    members(&mut cursor, None, context.arena, event)?;
    cursor.finish()?;
    event.host = first_of(event, &[b"host/name", b"hostname", b"host", b"computer"]);
    let time = first_of(event, &[b"@timestamp", b"timestamp", b"time", b"EventTime"]);
    if let Some((stamp, _)) = time.and_then(|value| iso8601(value.text(context.arena))) {
        let host = event.host.map(|value| value.text(context.arena));
        event.set_time(stamp.in_zone(context.zones.of(host)));
    }
    Ok(())
}

fn first_of<'c>(event: &Event<'c>, names: &[&[u8]]) -> Option<crate::event::Value<'c>> {
    names.iter().find_map(|name| event.field(name))
}

fn members<'c>(
    cursor: &mut Cursor<'c>,
    outer: Option<&'c [u8]>,
    arena: &'c Bump,
    event: &mut Event<'c>,
) -> Result<(), Damage> {
    cursor.enter()?;
    let mut first = true;
    while let Some(key) = cursor.next_key(&mut first)? {
        let key = key.text(arena);
        let name = match outer {
            Some(outer) => nested_name(&[outer, key], arena).ok_or(cursor.damage(LONG_NAME))?,
            None => key,
        };
        value(cursor, name, arena, event)?;
    }
    Ok(())
}

fn value<'c>(
    cursor: &mut Cursor<'c>,
    name: &'c [u8],
    arena: &'c Bump,
    event: &mut Event<'c>,
) -> Result<(), Damage> {
    match cursor.shape() {
        Shape::Object => members(cursor, Some(name), arena, event),
        Shape::Array => {
            cursor.enter()?;
            let mut first = true;
            while cursor.next_element(&mut first)? {
                value(cursor, name, arena, event)?;
            }
            Ok(())
        }
        Shape::Scalar => {
            if event.fields.len() >= FIELDS_MAX {
                return Err(cursor.damage("more fields than any record has"));
            }
            if let Some(value) = cursor.scalar()?.value() {
                event.push(name, value);
            }
            Ok(())
        }
    }
}
