//! The rendered message of a Windows event, back to named values.
//!
//! Texts arrive with their line breaks, with runs of blanks for them, or with
//! nothing at all between a value and the next label. So known labels are looked
//! for in the order of the event's template; a value ends where the next one
//! begins. A text of an event that no template knows is read by its layout.

use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;
use memchr::{memchr_iter, memmem};

use super::sentences::{SENTENCES, Sentence};
use super::templates::{EXPLANATIONS, Entry, REASONS, TEMPLATES, Template};
use super::{layout, trim};
use crate::event::{Event, Value};

/// What the beginning of a text says about its event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) event_id: u32,
    pub(crate) provider: &'static [u8],
}

/// The event that a text with this beginning belongs to.
pub(crate) fn identify(text: &[u8]) -> Option<Identity> {
    let text = trim(text);
    let head = u32::from_le_bytes(*text.first_chunk()?);
    // Without a jump for each: every syslog message comes here.
    if HEADS.iter().map(|known| u32::from(*known == head)).sum::<u32>() == 0 {
        return None;
    }
    let found = TEMPLATES.iter().find(|template| has_title(template, text));
    if let Some(template) = found {
        let first = template.ids.first().copied()?;
        let event_id =
            if template.ids.len() > 1 { reason_id(text).unwrap_or(first) } else { first };
        return Some(Identity { event_id, provider: template.provider.as_bytes() });
    }
    let found = SENTENCES.iter().find(|sentence| begins_sentence(sentence, text))?;
    Some(Identity { event_id: found.id, provider: found.provider.as_bytes() })
}

/// How many titles there are.
const TITLES: usize = {
    let (mut count, mut rest) = (SENTENCES.len(), TEMPLATES);
    while let [template, after @ ..] = rest {
        count += template.titles.len();
        rest = after;
    }
    count
};

/// The first four bytes of all titles.
#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const HEADS: [u32; TITLES] = {
    let mut heads = [0; TITLES];
    let mut count = 0;
    let mut rest = TEMPLATES;
    while let [template, after @ ..] = rest {
        let mut titles = template.titles;
        while let [title, others @ ..] = titles {
            heads[count] = head_of(title);
            count += 1;
            titles = others;
        }
        rest = after;
    }
    let mut rest = SENTENCES;
    while let [sentence, after @ ..] = rest {
        heads[count] = head_of(sentence.title);
        count += 1;
        rest = after;
    }
    heads
};

/// A title shorter than this does not compile.
const fn head_of(title: &str) -> u32 {
    match title.as_bytes().first_chunk() {
        Some(head) => u32::from_le_bytes(*head),
        None => panic!("a title has four bytes at least"),
    }
}

fn has_title(template: &Template, text: &[u8]) -> bool {
    template.titles.iter().any(|title| text.starts_with(title.as_bytes()))
}

fn begins_sentence(sentence: &Sentence, text: &[u8]) -> bool {
    text.starts_with(sentence.title.as_bytes())
}

/// `Reason: Account locked out` tells the classic logon failures apart.
fn reason_id(text: &[u8]) -> Option<u32> {
    let at = memmem::find(text, b"Reason:")? + b"Reason:".len();
    let reason = trim(text.get(at..)?);
    let known = REASONS.iter().find(|(begin, _)| reason.starts_with(begin.as_bytes()));
    known.map(|(_, id)| *id)
}

/// Adds the values of a message to the event whose id and provider are known.
pub(super) fn push_fields<'c>(text: &'c [u8], arena: &'c Bump, event: &mut Event<'c>) {
    let text = trim(text);
    let is_of = |ids: &[u32]| ids.contains(&event.event_id);
    let template = TEMPLATES.iter().find(|t| is_of(t.ids) && has_title(t, text));
    if let Some(template) = template {
        push_aligned(template.entries, text, arena, event);
        return;
    }
    let is_of =
        |sentence: &&Sentence| sentence.id == event.event_id && begins_sentence(sentence, text);
    if let Some(sentence) = SENTENCES.iter().find(is_of) {
        for slot in sentence.slots {
            if let Some(value) = slot_in(slot, text)
                && event.field(slot.0.as_bytes()).is_none()
            {
                event.push(slot.0.as_bytes(), Value::plain(value));
            }
        }
        return;
    }
    layout::push_fields(text, arena, event);
}

fn slot_in<'c>(&(_, before, end): &(&str, &str, u8), text: &'c [u8]) -> Option<&'c [u8]> {
    let at = memmem::find(text, before.as_bytes())? + before.len();
    let rest = text.get(at..)?;
    // A full stop ends a sentence only when nothing is glued to it.
    let ends = |at: &usize| end != b'.' || !rest.get(at + 1).is_some_and(u8::is_ascii_alphanumeric);
    let length = memchr_iter(end, rest).find(ends).unwrap_or(rest.len());
    Some(trim(rest.get(..length)?))
}

/// A label found in the text: which entry, and where label and value begin.
#[derive(Debug, Clone, Copy)]
struct Found {
    entry: usize,
    label: usize,
    value: usize,
}

fn push_aligned<'c>(
    entries: &'static [Entry],
    text: &'c [u8],
    arena: &'c Bump,
    event: &mut Event<'c>,
) {
    let text = without_explanations(text);
    let mut labels: ArenaVec<'c, Found> = ArenaVec::new_in(arena);
    for colon in memchr_iter(b':', text) {
        let before = text.get(..colon).unwrap_or_default();
        let last = labels.last().copied();
        let Some((entry, length)) = label_before(entries, before, last) else { continue };
        labels.push(Found { entry, label: colon - length, value: colon + 1 });
    }
    let ends = labels.iter().skip(1).map(|next| next.label).chain(std::iter::once(text.len()));
    for (found, end) in labels.iter().zip(ends) {
        let Some((_, field)) = entries.get(found.entry).filter(|(_, field)| !field.is_empty())
        else {
            continue;
        };
        let value = text.get(found.value..end).unwrap_or_default();
        // A list goes on over lines; any other value is one line.
        let value = if *field == "PrivilegeList" { trim(value) } else { first_line(value) };
        event.push(field.as_bytes(), Value::plain(value));
    }
}

/// The entry whose label ends where `before` ends, and the label's length. Labels
/// come in order; the longest one wins, for one may end another (`Process Name`,
/// `Caller Process Name`).
fn label_before(entries: &[Entry], before: &[u8], last: Option<Found>) -> Option<(usize, usize)> {
    // What belongs to the value before is not searched for labels.
    let from = last.map_or(0, |last| last.value);
    let window = before.get(from..)?.trim_ascii_end();
    let blanks = before.len() - from - window.len();
    let next = last.map_or(0, |last| last.entry + 1);
    let last_byte = window.last().copied()?;
    let ends = |(_, (label, _)): &(usize, &Entry)| {
        label.as_bytes().last() == Some(&last_byte) && window.ends_with(label.as_bytes())
    };
    let longest =
        entries.iter().enumerate().filter(ends).map(|(_, (label, _))| label.len()).max()?;
    let of_longest = |(index, (label, _)): (usize, &Entry)| {
        (label.len() == longest && window.ends_with(label.as_bytes())).then_some(index)
    };
    // The next one of that name; a heading may come out of order.
    let ahead = entries.iter().enumerate().skip(next).find_map(of_longest);
    let found = ahead.or_else(|| {
        entries.iter().enumerate().filter(|(_, (_, field))| field.is_empty()).find_map(of_longest)
    })?;
    (!is_inside_word(window, longest)).then_some((found, longest + blanks))
}

/// True when a letter of the same word stands before the label, unless it looks like
/// the end of a value that lost its line break.
fn is_inside_word(window: &[u8], length: usize) -> bool {
    let before = window.len().checked_sub(length + 1).and_then(|at| window.get(at));
    before.is_some_and(|byte| matches!(byte, b'_' | b'\\' | b'/' | b'@'))
}

fn without_explanations(text: &[u8]) -> &[u8] {
    let starts = EXPLANATIONS.iter().filter_map(|begin| memmem::find(text, begin.as_bytes()));
    text.get(..starts.min().unwrap_or(text.len())).unwrap_or_default()
}

/// The first line of a value that is not blank. Where line breaks became blanks, a run
/// of blanks ends it.
fn first_line(value: &[u8]) -> &[u8] {
    let value = trim(value);
    let breaks: [&[u8]; 5] = [b"\n", b"\r", b"#012", b"#015", b"  "];
    let end = breaks.iter().filter_map(|line_break| memmem::find(value, line_break)).min();
    trim(value.get(..end.unwrap_or(value.len())).unwrap_or_default())
}
