//! Templates as flat programs: which value of an instance goes where in the event.
//!
//! Owns what a program can say. How one comes from a template is told in `compile`,
//! how it runs in `run`.

use super::builder::Context;
use super::token::INDEPENDENT;
use super::tree::Span;

/// Where a text comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Source {
    #[default]
    Nothing,
    /// The template itself.
    Literal(Span),
    /// A value of the instance.
    Value(u16),
}

/// Where the name of a field comes from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Name {
    Fixed(Span),
    /// A value; when it is empty, the element's name.
    Value {
        id: u16,
        otherwise: Span,
    },
}

/// One step, left out when the value that it depends on is null.
#[derive(Debug, Clone, Copy)]
pub(super) struct Op {
    pub(super) dependency: u16,
    pub(super) what: What,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum What {
    /// The next so many steps depend on the value of this one.
    Group(u32),
    Provider {
        name: Source,
        otherwise: Source,
    },
    EventId(Source),
    Time(Source),
    Channel(Source),
    Computer(Source),
    /// A name of the envelope that is there if it has a value.
    Attribute {
        name: &'static str,
        text: Source,
    },
    Envelope {
        name: Span,
        text: Source,
    },
    Field {
        name: Name,
        text: Source,
    },
    /// Elements that a value brings.
    Nested {
        id: u16,
        context: Context,
    },
    /// A value that goes nowhere as long as it is a mere text.
    Text(u16),
}

/// A compiled template.
#[derive(Debug, Default)]
pub(super) struct Program {
    pub(super) ops: Vec<Op>,
}

/// How the event's number can be found without running the program.
#[derive(Debug, Clone, Copy)]
pub(super) enum EventId {
    Literal(Span),
    Value(u16),
}

impl Program {
    /// Where the event's number is, if it is in exactly one sure place. That of an
    /// element which depends on a value is sure when this is the number itself.
    pub(super) fn event_id(&self) -> Option<EventId> {
        let mut found = None;
        let mut group_end = 0;
        for (index, op) in self.ops.iter().enumerate() {
            let text = match op.what {
                What::Group(length) => {
                    group_end = group_end.max(index + 1 + length as usize);
                    continue;
                }
                What::EventId(text) => text,
                _ => continue,
            };
            let id = match text {
                Source::Literal(span) if op.dependency == INDEPENDENT => EventId::Literal(span),
                Source::Value(id) if op.dependency == INDEPENDENT || op.dependency == id => {
                    EventId::Value(id)
                }
                _ => return None,
            };
            if index < group_end || found.replace(id).is_some() {
                return None;
            }
        }
        found
    }
}
