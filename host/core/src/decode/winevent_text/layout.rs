//! The message of an event that no template knows: a line `Label:` with indented
//! lines behind it is a section, `Label: value` is a value, named `Section/Label`.

use bumpalo::Bump;

use super::trim;
use crate::decode::nested_name;
use crate::event::{Event, Value};
use crate::limits::FIELDS_MAX;

/// Longer things before a colon are sentences.
const LABEL_BYTES_MAX: usize = 48;

/// Adds the labelled values of a text that kept its line breaks; a text that lost them
/// says nothing for sure.
pub(super) fn push_fields<'c>(text: &'c [u8], arena: &'c Bump, event: &mut Event<'c>) {
    let mut section: Option<&'c [u8]> = None;
    let mut lines = text.split(|byte| *byte == b'\n').peekable();
    // The first line is the title, even one that ends with a colon.
    lines.next();
    while let Some(line) = lines.next() {
        let is_indented = matches!(line.first(), Some(b'\t' | b' '));
        let Some((label, value)) = labelled(line) else {
            if !is_indented && !trim(line).is_empty() {
                // A paragraph: explanations follow the data.
                return;
            }
            continue;
        };
        if !is_indented {
            section = None;
        }
        let followed = lines.peek().is_some_and(|next| matches!(next.first(), Some(b'\t' | b' ')));
        if !is_indented && value.is_empty() && followed {
            section = Some(label);
            continue;
        }
        let name = match section {
            Some(section) => nested_name(&[section, label], arena),
            None => Some(label),
        };
        let Some(name) = name.filter(|_| event.fields.len() < FIELDS_MAX) else { return };
        event.push(name, Value::plain(value));
    }
}

/// `Label:\t\tvalue`
fn labelled(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let (label, value) = crate::bytes::split_once(trim(line), b':')?;
    let is_label = !label.is_empty()
        && label.len() <= LABEL_BYTES_MAX
        && label.first().is_some_and(u8::is_ascii_alphabetic)
        && !label.iter().any(|byte| b"\\=<>{}[]\"".contains(byte));
    is_label.then_some((label.trim_ascii_end(), trim(value)))
}
