//! Queries of URLs: `Cmd=Sync&User=contoso%5Cuser1&DeviceId=...`. Keys come in any
//! order and any case. A query of ActiveSync may be packed into base64 instead.

use bumpalo::Bump;
use bumpalo::collections::Vec;

use super::activesync;
use crate::bytes::split_once;

/// Gives the values of `key`, percent-decoded, to `found` until it returns true.
pub(super) fn each<'c>(
    query: &'c [u8],
    key: &[u8],
    arena: &'c Bump,
    found: &mut dyn FnMut(&'c [u8]) -> bool,
) {
    let query = query.strip_prefix(b"?").unwrap_or(query);
    let mut named = false;
    for part in query.split(|byte| *byte == b'&') {
        let Some((name, value)) = split_once(part, b'=') else { continue };
        if name.eq_ignore_ascii_case(key) {
            named = true;
            // The proxy puts a semicolon behind what it adds.
            let value = value.strip_suffix(b";").unwrap_or(value);
            if found(decoded(value, arena)) {
                return;
            }
        }
    }
    if !named && let Some(value) = activesync::field(query, key, arena) {
        found(value);
    }
}

/// Percent-decoded (RFC 3986, 2.1), with `+` for a blank; what is no escape stays.
pub(super) fn decoded<'c>(value: &'c [u8], arena: &'c Bump) -> &'c [u8] {
    if memchr::memchr2(b'%', b'+', value).is_none() {
        return value;
    }
    let mut out = Vec::with_capacity_in(value.len(), arena);
    let mut rest = value;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        match byte {
            b'+' => out.push(b' '),
            b'%' => match escaped(tail) {
                Some(byte) => {
                    out.push(byte);
                    rest = tail.get(2..).unwrap_or_default();
                }
                None => out.push(b'%'),
            },
            other => out.push(other),
        }
    }
    out.into_bump_slice()
}

/// The byte that two hexadecimal digits make.
fn escaped(text: &[u8]) -> Option<u8> {
    let digit = |at: usize| (*text.get(at)? as char).to_digit(16);
    u8::try_from(digit(0)? * 16 + digit(1)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(query: &str, key: &str) -> Option<String> {
        let arena = Bump::new();
        let mut value = None;
        each(query.as_bytes(), key.as_bytes(), &arena, &mut |found| {
            value = Some(String::from_utf8_lossy(found).into_owned());
            true
        });
        value
    }

    /// Scenario: queries with keys in any order and case, escapes good and bad, and
    /// none at all.
    /// Guarantees: the value that was meant; a broken escape stays as it is.
    #[test]
    fn queries_are_read() {
        let query =
            "?Cmd=Sync&user=contoso%5Cuser1&DeviceId=A%zz+B%4&CorrelationID=<empty>;&cafeReqId=x;";
        for (key, expected) in [
            ("User", Some("contoso\\user1")),
            ("Cmd", Some("Sync")),
            ("DeviceId", Some("A%zz B%4")),
            ("CorrelationID", Some("<empty>")),
            ("cafereqid", Some("x")),
            ("DeviceType", None),
        ] {
            assert_eq!(value(query, key).as_deref(), expected, "{key}");
        }
        assert_eq!(value("-", "User"), None);
    }
}
