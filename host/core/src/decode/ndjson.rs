//! Any other JSON: the members of the object are the fields, nested ones as
//! `outer/inner`, the elements of an array as values of one name.

use bumpalo::Bump;

use super::json::{Cursor, Shape};
use super::winevent_json::LONG_NAME;
use super::{Context, Damage, nested_name};
use crate::event::{Event, Kind};
use crate::limits::FIELDS_MAX;
use crate::time::{TimeQuality, stamp_at_start};

/// Decodes one object.
pub(super) fn decode<'c>(
    frame: &'c [u8],
    context: &Context<'c, '_>,
    event: &mut Event<'c>,
) -> Result<(), Damage> {
    event.reset(Kind::Json, frame);
    push_object(frame, context.arena, event)?;
    event.host = first_of(event, &[b"host/name", b"hostname", b"host", b"computer"]);
    if let Some(time) = time(event, context) {
        event.set_time(time);
    }
    Ok(())
}

/// Adds the members of the object that the text is.
pub(super) fn push_object<'c>(
    text: &'c [u8],
    arena: &'c Bump,
    event: &mut Event<'c>,
) -> Result<(), Damage> {
    let mut cursor = Cursor::new(text);
    if cursor.shape() != Shape::Object {
        return Err(cursor.damage("the record is not an object"));
    }
    members(&mut cursor, None, arena, event)?;
    cursor.finish()
}

/// The time that the members say, by the usual names.
pub(super) fn time<'c>(event: &Event<'c>, context: &Context<'c, '_>) -> Option<(i64, TimeQuality)> {
    let time = first_of(event, &[b"@timestamp", b"timestamp", b"time", b"EventTime"]);
    let dated = stamp_at_start(time?.text(context.arena), &context.year)?;
    let host = event.host.map(|value| value.text(context.arena));
    Some(dated.stamp.in_zone_and_year(dated.has_year, context.zones.of(host)))
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
