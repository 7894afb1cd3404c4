//! Event XML: what `EvtRender`, WEF, Splunk and `wevtutil` write.
//!
//! Both spellings occur: single quotes on one line, and double quotes over many.
//! Attributes come in any order, the namespace as default or prefix.

use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;

use super::winevent_json::LONG_NAME;
use super::xml::{Element, Scanner, Tag};
use super::{Context, Damage, nested_name};
use crate::bytes::digits;
use crate::event::{Escape, Event, Field, Kind, Value};
use crate::limits::{DEPTH_MAX, FIELDS_MAX};
use crate::normalize::windows;
use crate::time::{TimeQuality, iso8601};

const NESTING: &str = "tags do not nest";

/// Decodes the frame of one event.
pub(super) fn decode<'c>(
    frame: &'c [u8],
    context: &Context<'c, '_>,
    event: &mut Event<'c>,
) -> Result<(), Damage> {
    event.reset(Kind::WindowsEvent, frame);
    let mut scanner = Scanner::new(frame);
    match scanner.next()?.1 {
        Tag::Open(element) if element.name == b"Event" => {}
        _ => return Err(scanner.damage("the record does not begin with `<Event`")),
    }
    loop {
        match scanner.next()?.1 {
            Tag::Open(element) => section(&mut scanner, element, context, event)?,
            Tag::Empty(element) => scanner.reject_event(element)?,
            Tag::Close(b"Event") => break,
            Tag::Close(_) => return Err(scanner.damage(NESTING)),
        }
    }
    if !scanner.is_at_end() {
        return Err(scanner.damage("text follows the event"));
    }
    windows::name_classic_fields(event, context.arena);
    Ok(())
}

/// Adds the fields of user data that stand alone, without `<UserData>` around or with it.
pub(super) fn user_data<'c>(
    text: &'c [u8],
    arena: &'c Bump,
    event: &mut Event<'c>,
) -> Result<(), Damage> {
    let text = text.trim_ascii();
    let wrapped = if text.starts_with(b"<UserData") {
        text
    } else {
        let mut wrapped = ArenaVec::with_capacity_in(text.len() + 21, arena);
        wrapped.extend_from_slice(b"<UserData>");
        wrapped.extend_from_slice(text);
        wrapped.extend_from_slice(b"</UserData>");
        wrapped.into_bump_slice()
    };
    let mut scanner = Scanner::new(wrapped);
    match scanner.next()?.1 {
        Tag::Open(element) => nested(&mut scanner, element.name, &[], arena, event),
        Tag::Empty(_) | Tag::Close(_) => Ok(()),
    }
}

fn section<'c>(
    scanner: &mut Scanner<'c>,
    element: Element<'c>,
    context: &Context<'c, '_>,
    event: &mut Event<'c>,
) -> Result<(), Damage> {
    match element.name {
        b"System" => system(scanner, event),
        b"EventData" => event_data(scanner, context, event),
        b"UserData" => nested(scanner, element.name, &[], context.arena, event),
        b"RenderingInfo" => rendering_info(scanner, event),
        // DebugData, BinaryEventData, ProcessingErrorData: names and values like user data.
        _ => {
            scanner.reject_event(element)?;
            nested(scanner, element.name, element.name, context.arena, event)
        }
    }
}

/// The `System` block: members of the event, and its envelope.
fn system<'c>(scanner: &mut Scanner<'c>, event: &mut Event<'c>) -> Result<(), Damage> {
    loop {
        match scanner.next()?.1 {
            Tag::Empty(element) => system_element(scanner, element, b"", event)?,
            Tag::Open(element) => {
                let text = scanner.skip_element(element.name)?;
                system_element(scanner, element, text, event)?;
            }
            Tag::Close(b"System") => return Ok(()),
            Tag::Close(_) => return Err(scanner.damage(NESTING)),
        }
    }
}

fn system_element<'c>(
    scanner: &Scanner<'c>,
    element: Element<'c>,
    text: &'c [u8],
    event: &mut Event<'c>,
) -> Result<(), Damage> {
    let text_value = Value::new(text.trim_ascii(), Escape::Xml);
    match element.name {
        b"Provider" => {
            let name = element.attribute(b"Name").or_else(|| element.attribute(b"EventSourceName"));
            event.provider = name.map(|name| Value::new(name, Escape::Xml));
            envelope_attribute(event, element, b"Guid", b"ProviderGuid");
        }
        b"EventID" => {
            let id =
                digits(text.trim_ascii()).ok_or(scanner.damage("`EventID` is not a number"))?;
            event.event_id = id;
            envelope_attribute(event, element, b"Qualifiers", b"Qualifiers");
        }
        b"TimeCreated" => {
            let stamp =
                element.attribute(b"SystemTime").and_then(|text| iso8601(text.trim_ascii()));
            // Some exporters drop the `Z`; System time is UTC all the same.
            if let Some((stamp, _)) = stamp {
                event.set_time((stamp.as_utc(), TimeQuality::Exact));
            }
        }
        b"Channel" => event.channel = Some(text_value),
        b"Computer" => event.host = Some(text_value),
        b"Execution" => {
            envelope_attribute(event, element, b"ProcessID", b"ProcessID");
            envelope_attribute(event, element, b"ThreadID", b"ThreadID");
        }
        b"Correlation" => {
            envelope_attribute(event, element, b"ActivityID", b"ActivityID");
            envelope_attribute(event, element, b"RelatedActivityID", b"RelatedActivityID");
        }
        b"Security" => envelope_attribute(event, element, b"UserID", b"UserID"),
        name => {
            scanner.reject_event(element)?;
            event.envelope.push(Field { name, value: text_value });
        }
    }
    Ok(())
}

fn envelope_attribute<'c>(
    event: &mut Event<'c>,
    element: Element<'c>,
    attribute: &[u8],
    name: &'static [u8],
) {
    if let Some(value) = element.attribute(attribute) {
        event.envelope.push(Field { name, value: Value::new(value, Escape::Xml) });
    }
}

/// `<Data Name='..'>..</Data>`, unnamed `<Data>`, `<Binary>`.
fn event_data<'c>(
    scanner: &mut Scanner<'c>,
    context: &Context<'c, '_>,
    event: &mut Event<'c>,
) -> Result<(), Damage> {
    loop {
        while let Some((name, text)) = scanner.named_data() {
            let name = Value::new(name, Escape::Xml).text(context.arena);
            push_field(scanner, name, text, event)?;
        }
        match scanner.next()?.1 {
            Tag::Empty(element) => push_data(scanner, element, b"", context, event)?,
            Tag::Open(element) => {
                let text = scanner.skip_element(element.name)?;
                push_data(scanner, element, text, context, event)?;
            }
            Tag::Close(b"EventData") => return Ok(()),
            Tag::Close(_) => return Err(scanner.damage(NESTING)),
        }
    }
}

fn push_data<'c>(
    scanner: &Scanner<'c>,
    element: Element<'c>,
    text: &'c [u8],
    context: &Context<'c, '_>,
    event: &mut Event<'c>,
) -> Result<(), Damage> {
    scanner.reject_event(element)?;
    let name = match element.attribute(b"Name") {
        Some(name) => Value::new(name, Escape::Xml).text(context.arena),
        None => element.name,
    };
    push_field(scanner, name, text, event)
}

fn push_field<'c>(
    scanner: &Scanner<'c>,
    name: &'c [u8],
    text: &'c [u8],
    event: &mut Event<'c>,
) -> Result<(), Damage> {
    if event.fields.len() >= FIELDS_MAX {
        return Err(scanner.damage("more fields than any event has"));
    }
    event.push(name, Value::new(text, Escape::Xml));
    Ok(())
}

/// An element on the way down: its own name, and the name of its field.
type Step<'c> = (&'c [u8], &'c [u8]);

/// Elements whose names are the fields' names. The outermost element of user data
/// names the schema and is no part of the path; deeper ones are `Outer/Inner`.
fn nested<'c>(
    scanner: &mut Scanner<'c>,
    until: &[u8],
    prefix: &'c [u8],
    arena: &'c Bump,
    event: &mut Event<'c>,
) -> Result<(), Damage> {
    let mut path: ArenaVec<'c, Step<'c>> = ArenaVec::new_in(arena);
    // Without a prefix, the schema's element takes its place and is left out.
    let named_from = usize::from(prefix.is_empty());
    let mut is_leaf = false;
    loop {
        let (text, tag) = scanner.next()?;
        match tag {
            Tag::Open(element) => {
                push_step(scanner, element, arena, &mut path)?;
                is_leaf = true;
            }
            Tag::Empty(element) => {
                push_step(scanner, element, arena, &mut path)?;
                push_leaf(scanner, prefix, &path, named_from, b"", event)?;
                path.pop();
                is_leaf = false;
            }
            Tag::Close(name) => {
                let Some((open, _)) = path.last() else {
                    return if name == until { Ok(()) } else { Err(scanner.damage(NESTING)) };
                };
                if *open != name {
                    return Err(scanner.damage(NESTING));
                }
                if is_leaf {
                    push_leaf(scanner, prefix, &path, named_from, text, event)?;
                }
                path.pop();
                is_leaf = false;
            }
        }
    }
}

fn push_step<'c>(
    scanner: &Scanner<'c>,
    element: Element<'c>,
    arena: &'c Bump,
    path: &mut ArenaVec<'c, Step<'c>>,
) -> Result<(), Damage> {
    scanner.reject_event(element)?;
    if path.len() >= DEPTH_MAX {
        return Err(scanner.damage("elements nest too deep"));
    }
    let field = match element.attribute(b"Name") {
        Some(name) if element.name == b"Data" => Value::new(name, Escape::Xml).text(arena),
        _ => element.name,
    };
    path.push((element.name, field));
    Ok(())
}

fn push_leaf<'c>(
    scanner: &Scanner<'c>,
    prefix: &'c [u8],
    path: &ArenaVec<'c, Step<'c>>,
    named_from: usize,
    text: &'c [u8],
    event: &mut Event<'c>,
) -> Result<(), Damage> {
    let steps = path.get(named_from..).unwrap_or_default();
    let name = match (prefix, steps) {
        (_, []) => return Ok(()),
        (b"", [(_, name)]) => name,
        _ => {
            let mut parts = ArenaVec::new_in(path.bump());
            parts.extend(std::iter::once(prefix).filter(|prefix| !prefix.is_empty()));
            parts.extend(steps.iter().map(|(_, step)| *step));
            nested_name(&parts, path.bump()).ok_or(scanner.damage(LONG_NAME))?
        }
    };
    push_field(scanner, name, text, event)
}

/// `RenderingInfo`: the message as text; the rest repeats the System block.
fn rendering_info<'c>(scanner: &mut Scanner<'c>, event: &mut Event<'c>) -> Result<(), Damage> {
    loop {
        match scanner.next()?.1 {
            Tag::Empty(element) => scanner.reject_event(element)?,
            Tag::Open(element) => {
                scanner.reject_event(element)?;
                let text = scanner.skip_element(element.name)?;
                if element.name == b"Message" {
                    let value = Value::new(text, Escape::Xml);
                    event.envelope.push(Field { name: b"Message", value });
                }
            }
            Tag::Close(b"RenderingInfo") => return Ok(()),
            Tag::Close(_) => return Err(scanner.damage(NESTING)),
        }
    }
}
