//! Lists of items in a cell of an Exchange log.
//!
//! ```text
//! custom   = item *( ";" [SP] item )
//! item     = type ":" key "=" value          type: S, I32, I64, Dbl, F, Dt, Bool
//! value    = any text up to the next ";" [SP] type ":" key "="
//! ```
//!
//! A value may hold a list `key=value; key=value` of its own, without types; some
//! cells (`GenericInfo`, the context of IMAP4, TLS rows) are such a list. Keys
//! come in any order and may repeat.

use crate::bytes::split_once;

/// Gives the values behind `path` to `found` until it returns true: `S:Key`,
/// `S:Key/Inner`, or `Key` of a list without types.
pub(super) fn each<'c>(cell: &'c [u8], path: &[u8], found: &mut dyn FnMut(&'c [u8]) -> bool) {
    let (key, inner) = match split_once(path, b'/') {
        Some((key, inner)) => (key, Some(inner)),
        None => (path, None),
    };
    if !key.contains(&b':') {
        each_untyped(cell, path, found);
        return;
    }
    for (_, value) in Items::new(cell).filter(|(item_key, _)| *item_key == key) {
        let is_enough = match inner {
            None => found(value),
            Some(inner) => each_untyped(value, inner, found),
        };
        if is_enough {
            return;
        }
    }
}

/// The items of a cell: `type:key` and value.
struct Items<'c> {
    cell: &'c [u8],
    /// The item that begins here comes next.
    next: Option<usize>,
}

impl<'c> Items<'c> {
    fn new(cell: &'c [u8]) -> Self {
        Self { cell, next: head_at_or_after(cell, 0) }
    }
}

impl<'c> Iterator for Items<'c> {
    type Item = (&'c [u8], &'c [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.next?;
        let length = head_length(self.cell.get(start..)?)?;
        let key = self.cell.get(start..start + length - 1)?;
        let value_start = start + length;
        let after = self.cell.get(value_start..)?;
        let separator = memchr::memchr_iter(b';', after).find_map(|at| {
            let item = skip_blanks(self.cell, value_start + at + 1);
            head_length(self.cell.get(item..)?).map(|_| (value_start + at, item))
        });
        let end = separator.map_or(self.cell.len(), |(end, _)| end);
        self.next = separator.map(|(_, item)| item);
        Some((key, trim(self.cell.get(value_start..end)?)))
    }
}

/// The first item that begins at `from` or behind a semicolon after it.
fn head_at_or_after(cell: &[u8], from: usize) -> Option<usize> {
    let tail = cell.get(from..)?;
    let places =
        std::iter::once(from).chain(memchr::memchr_iter(b';', tail).map(|at| from + at + 1));
    let mut heads = places.map(|at| skip_blanks(cell, at));
    heads.find(|at| cell.get(*at..).and_then(head_length).is_some())
}

fn skip_blanks(cell: &[u8], at: usize) -> usize {
    let rest = cell.get(at..).unwrap_or_default();
    at + rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count()
}

/// The length of `S:ProxyHop1=` at the start of `text`.
fn head_length(text: &[u8]) -> Option<usize> {
    let kind = text.iter().take(5).position(|byte| *byte == b':')?;
    let is_kind = kind > 0 && text.get(..kind)?.iter().all(u8::is_ascii_alphanumeric);
    let rest = text.get(kind + 1..)?;
    let is_key = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-[]".contains(byte);
    let key = rest.iter().take_while(|byte| is_key(byte)).count();
    (is_kind && key > 0 && rest.get(key) == Some(&b'=')).then_some(kind + 1 + key + 1)
}

/// Gives the values of `key` in a list without types to `found`; true when it had
/// enough.
fn each_untyped<'c>(list: &'c [u8], key: &[u8], found: &mut dyn FnMut(&'c [u8]) -> bool) -> bool {
    let mut items = list.split(|byte| *byte == b';').filter_map(|item| {
        let (name, value) = split_once(item, b'=')?;
        (name.trim_ascii() == key).then(|| unquoted(value.trim_ascii()))
    });
    items.any(found)
}

/// Without the quotes of either sort around it.
fn unquoted(value: &[u8]) -> &[u8] {
    let inside = |quote: &[u8]| value.strip_prefix(quote)?.strip_suffix(quote);
    inside(b"\"").or_else(|| inside(b"'")).unwrap_or(value)
}

fn trim(value: &[u8]) -> &[u8] {
    let is_edge = |byte: &u8| matches!(byte, b';' | b' ');
    let start = value.iter().take_while(|byte| is_edge(byte)).count();
    let value = value.get(start..).unwrap_or_default();
    let end = value.iter().rev().take_while(|byte| is_edge(byte)).count();
    value.get(..value.len() - end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(cell: &str, path: &str) -> Vec<String> {
        let mut all = Vec::new();
        each(cell.as_bytes(), path.as_bytes(), &mut |value| {
            all.push(String::from_utf8_lossy(value).into_owned());
            false
        });
        all
    }

    /// Scenario: items with both separators, nested lists, agents' payloads, repeated
    /// and missing keys, values with semicolons, and lists without types.
    /// Guarantees: each value whole, whatever the order.
    #[test]
    fn items_are_found() {
        let cell = "S:ProxyHop1=a(::1);S:ProxyHop1=b; S:InboundConnectorData=Name=In [x]; ConnectorType=OnPremises; \
                    TenantId=[g];S:TRA=ETR|ruleId=1;st=2;I32:N=5;S:Empty=;S:FromEntity=HybridOnPrem";
        for (path, expected) in [
            ("S:FromEntity", &["HybridOnPrem"][..]),
            ("S:ProxyHop1", &["a(::1)", "b"]),
            ("S:InboundConnectorData/ConnectorType", &["OnPremises"]),
            ("S:InboundConnectorData", &["Name=In [x]; ConnectorType=OnPremises; TenantId=[g]"]),
            ("S:TRA", &["ETR|ruleId=1;st=2"]),
            ("I32:N", &["5"]),
            ("S:Empty", &[""]),
            ("S:Nothing", &[]),
            ("S:FromEntity/x", &[]),
        ] {
            assert_eq!(values(cell, path), expected, "{path}");
        }
        let imap = "R=\"a2 NO LOGIN failed.\";Msg=\"LogonFailed:LogonDenied\"";
        assert_eq!(values(imap, "Msg"), ["LogonFailed:LogonDenied"]);
        assert_eq!(values("TlsDomainCapabilities='None'; Status='X'", "Status"), ["X"]);
        assert_eq!(values("no items; at all", "S:x"), Vec::<String>::new());
    }
}
