//! A value in the spelling of its coat, and how to read it.

use bumpalo::Bump;
use bumpalo::collections::Vec;
use memchr::{memchr, memchr2, memmem};

/// How a coat spells what it cannot write plainly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Escape {
    /// As it stands.
    #[default]
    None,
    /// Character references, predefined entities, CDATA sections, comments.
    Xml,
    /// The inside of a JSON string.
    Json,
    /// The inside of a quoted CSV cell: quotes are doubled.
    Csv,
    /// Little-endian UTF-16.
    Utf16Le,
    /// A folded header: line breaks before blanks.
    Folded,
    /// A parameter of syslog structured data: `\"`, `\\`, `\]`.
    StructuredData,
    /// A part of a CEF header: `\|`, `\\`.
    CefHeader,
    /// A value of a CEF extension: `\=`, `\\`, `\|`, `\n`, `\r`.
    Cef,
}

/// A value: borrowed bytes and the spelling they are in.
#[derive(Debug, Clone, Copy)]
pub struct Value<'c> {
    bytes: &'c [u8],
    escape: Escape,
}

impl<'c> Value<'c> {
    /// A value spelled as `escape` says.
    pub const fn new(bytes: &'c [u8], escape: Escape) -> Self {
        Self { bytes, escape }
    }

    /// A value that reads as it stands.
    pub const fn plain(bytes: &'c [u8]) -> Self {
        Self { bytes, escape: Escape::None }
    }

    /// The bytes as the coat spells them.
    pub const fn spelled(&self) -> &'c [u8] {
        self.bytes
    }

    /// What the value says. Borrowed when the spelling is plain, else written
    /// into the arena. Not necessarily UTF-8.
    #[inline]
    pub fn text(&self, arena: &'c Bump) -> &'c [u8] {
        if self.escape == Escape::None { self.bytes } else { self.unescaped(arena) }
    }

    fn unescaped(&self, arena: &'c Bump) -> &'c [u8] {
        match self.escape {
            Escape::None => self.bytes,
            Escape::Xml => xml(self.bytes, arena),
            Escape::Json => json(self.bytes, arena),
            Escape::Csv => csv(self.bytes, arena),
            Escape::Utf16Le => utf16le(self.bytes, arena),
            Escape::Folded => folded(self.bytes, arena),
            Escape::StructuredData => backslashes(self.bytes, arena, b"\"]"),
            Escape::CefHeader => backslashes(self.bytes, arena, b"|"),
            Escape::Cef => cef(self.bytes, arena),
        }
    }
}

/// Copies `bytes`, letting `special` write what stands for the run that starts at
/// each special byte; `special` returns how many bytes it took.
fn rewrite<'c>(
    bytes: &'c [u8],
    arena: &'c Bump,
    find: impl Fn(&[u8]) -> Option<usize>,
    mut special: impl FnMut(&[u8], &mut Vec<'c, u8>) -> usize,
) -> &'c [u8] {
    let Some(first) = find(bytes) else { return bytes };
    let mut out = Vec::with_capacity_in(bytes.len(), arena);
    let (mut rest, mut next) = (bytes, Some(first));
    while let Some((plain, tail)) = next.and_then(|at| rest.split_at_checked(at)) {
        out.extend_from_slice(plain);
        let taken = special(tail, &mut out).max(1);
        rest = tail.get(taken..).unwrap_or_default();
        next = find(rest);
    }
    out.extend_from_slice(rest);
    out.into_bump_slice()
}

fn push_char(out: &mut Vec<'_, u8>, c: char) {
    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

/// XML character data (XML 1.0, 4.6). An unknown or broken reference stays as it
/// is written: a log is no place to lose text.
fn xml<'c>(bytes: &'c [u8], arena: &'c Bump) -> &'c [u8] {
    rewrite(
        bytes,
        arena,
        |rest| memchr2(b'&', b'<', rest),
        |tail, out| {
            if tail.first() == Some(&b'<') { markup(tail, out) } else { reference(tail, out) }
        },
    )
}

fn reference(tail: &[u8], out: &mut Vec<'_, u8>) -> usize {
    // The longest we know is `&#x10FFFF;`.
    let window = tail.get(..tail.len().min(12)).unwrap_or_default();
    let decoded = memchr(b';', window).and_then(|end| {
        let c = match window.get(1..end)? {
            b"lt" => '<',
            b"gt" => '>',
            b"amp" => '&',
            b"apos" => '\'',
            b"quot" => '"',
            name => char::from_u32(character_number(name.strip_prefix(b"#")?)?)?,
        };
        Some((c, end + 1))
    });
    if let Some((c, taken)) = decoded {
        push_char(out, c);
        taken
    } else {
        out.push(b'&');
        1
    }
}

fn character_number(text: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(text).ok().filter(|text| !text.starts_with('+'))?;
    match text.strip_prefix(['x', 'X']) {
        Some(hex) if !hex.starts_with('+') => u32::from_str_radix(hex, 16).ok(),
        Some(_) => None,
        None => text.parse().ok(),
    }
}

/// CDATA sections are taken over; comments, instructions and stray tags are dropped.
fn markup(tail: &[u8], out: &mut Vec<'_, u8>) -> usize {
    if let Some(inside) = tail.strip_prefix(b"<![CDATA[") {
        let end = memmem::find(inside, b"]]>");
        out.extend_from_slice(inside.get(..end.unwrap_or(inside.len())).unwrap_or_default());
        return end.map_or(tail.len(), |end| b"<![CDATA[".len() + end + b"]]>".len());
    }
    for (start, end) in [(b"<!--".as_slice(), b"-->".as_slice()), (b"<?", b"?>")] {
        if let Some(inside) = tail.strip_prefix(start) {
            let length = memmem::find(inside, end);
            return length.map_or(tail.len(), |length| start.len() + length + end.len());
        }
    }
    memchr(b'>', tail).map_or(tail.len(), |end| end + 1)
}

/// The inside of a JSON string (RFC 8259, 7). A lone surrogate becomes U+FFFD, an
/// unknown escape keeps its letter.
fn json<'c>(bytes: &'c [u8], arena: &'c Bump) -> &'c [u8] {
    rewrite(
        bytes,
        arena,
        |rest| memchr(b'\\', rest),
        |tail, out| {
            match tail.get(1) {
                Some(b'n') => out.push(b'\n'),
                Some(b't') => out.push(b'\t'),
                Some(b'r') => out.push(b'\r'),
                Some(b'b') => out.push(b'\x08'),
                Some(b'f') => out.push(b'\x0c'),
                Some(b'u') => return unicode_escape(tail, out),
                Some(&other) => out.push(other),
                None => out.push(b'\\'),
            }
            2
        },
    )
}

fn unicode_escape(tail: &[u8], out: &mut Vec<'_, u8>) -> usize {
    let unit = |at: usize| -> Option<u32> {
        let digits = tail.get(at..at + 6)?.strip_prefix(b"\\u")?;
        let all_hex = digits.iter().all(u8::is_ascii_hexdigit);
        u32::from_str_radix(std::str::from_utf8(digits).ok().filter(|_| all_hex)?, 16).ok()
    };
    let Some(first) = unit(0) else {
        out.push(b'u');
        return 2;
    };
    if (0xD800..0xDC00).contains(&first)
        && let Some(second) = unit(6).filter(|unit| (0xDC00..0xE000).contains(unit))
    {
        let code = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
        push_char(out, char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
        return 12;
    }
    push_char(out, char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
    6
}

/// Doubled quotes become one (RFC 4180, 2.7); a single one stays.
fn csv<'c>(bytes: &'c [u8], arena: &'c Bump) -> &'c [u8] {
    rewrite(
        bytes,
        arena,
        |rest| memchr(b'"', rest),
        |tail, out| {
            out.push(b'"');
            if tail.get(1) == Some(&b'"') { 2 } else { 1 }
        },
    )
}

fn utf16le<'c>(bytes: &'c [u8], arena: &'c Bump) -> &'c [u8] {
    let mut out = Vec::with_capacity_in(bytes.len(), arena);
    let units = bytes.chunks_exact(2).map(|pair| match *pair {
        [low, high] => u16::from_le_bytes([low, high]),
        _ => 0,
    });
    for c in char::decode_utf16(units) {
        push_char(&mut out, c.unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    out.into_bump_slice()
}

/// Unfolds a header (RFC 5322, 2.2.3): the line break goes, the blanks stay. The
/// outer blanks are none of the value's.
fn folded<'c>(bytes: &'c [u8], arena: &'c Bump) -> &'c [u8] {
    rewrite(bytes.trim_ascii(), arena, |rest| memchr2(b'\r', b'\n', rest), |_, _| 1)
}

/// A backslash before itself or one of `escapable` (RFC 5424, 6.3.3); any other
/// backslash is itself.
fn backslashes<'c>(bytes: &'c [u8], arena: &'c Bump, escapable: &[u8]) -> &'c [u8] {
    rewrite(
        bytes,
        arena,
        |rest| memchr(b'\\', rest),
        |tail, out| match tail.get(1) {
            Some(escaped) if *escaped == b'\\' || escapable.contains(escaped) => {
                out.push(*escaped);
                2
            }
            _ => {
                out.push(b'\\');
                1
            }
        },
    )
}

/// A value of a CEF extension; line breaks are spelled.
fn cef<'c>(bytes: &'c [u8], arena: &'c Bump) -> &'c [u8] {
    rewrite(
        bytes,
        arena,
        |rest| memchr(b'\\', rest),
        |tail, out| {
            let meant = match tail.get(1) {
                Some(b'n') => b'\n',
                Some(b'r') => b'\r',
                Some(&escaped @ (b'\\' | b'=' | b'|')) => escaped,
                _ => {
                    out.push(b'\\');
                    return 1;
                }
            };
            out.push(meant);
            2
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(bytes: &[u8], escape: Escape) -> String {
        let arena = Bump::new();
        String::from_utf8_lossy(Value::new(bytes, escape).text(&arena)).into_owned()
    }

    /// Scenario: each coat's escapes, also broken and unknown ones.
    /// Guarantees: what is meant is read, what is broken is kept.
    #[test]
    fn escapes_are_read() {
        for (spelled, escape, text) in [
            ("a &lt;b&gt; &amp;&apos;&quot;", Escape::Xml, "a <b> &'\""),
            ("&#13;&#xA;&#x41;&#xD800;&nbsp;&", Escape::Xml, "\r\nA&#xD800;&nbsp;&"),
            ("a<![CDATA[<&]]>b<!-- x -->c", Escape::Xml, "a<&bc"),
            ("<![CDATA[open", Escape::Xml, "open"),
            ("a<?x y>z?>b<!-->-->c", Escape::Xml, "abc"),
            (r"a\n\t\\\/\u0041\ud83d\ude00", Escape::Json, "a\n\t\\/A\u{1f600}"),
            (r"\ud83d\u0041\u12\q\", Escape::Json, "\u{fffd}Au12q\\"),
            (r#"R=""x"" "y""#, Escape::Csv, r#"R="x" "y""#),
            ("a\r\n\tb\n c", Escape::Folded, "a\tb c"),
            (r#"a\]b\"c\\d\e"#, Escape::StructuredData, r#"a]b"c\d\e"#),
            (r"a\|b\\c\=\n", Escape::CefHeader, r"a|b\c\=\n"),
            (r"a\=b\\c\|d\ne\x\", Escape::Cef, "a=b\\c|d\ne\\x\\"),
        ] {
            assert_eq!(read(spelled.as_bytes(), escape), text, "{spelled}");
        }
        assert_eq!(read(b"A\0\xe9\0\x00\xd8x", Escape::Utf16Le), "A\u{e9}\u{fffd}");
    }

    proptest! {
        /// Scenario: any text, spelled by another library.
        /// Guarantees: our reading gives the text back.
        #[test]
        fn escapes_agree_with_libraries(text in "\\PC{0,40}|[ -~\n\r\t<>&\"'\\\\]{0,40}") {
            let json = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(read(&json.as_bytes()[1..json.len() - 1], Escape::Json), text.clone());
            let xml = quick_xml::escape::escape(text.as_str());
            prop_assert_eq!(read(xml.as_bytes(), Escape::Xml), text.clone());
            let csv = text.replace('"', "\"\"");
            prop_assert_eq!(read(csv.as_bytes(), Escape::Csv), text.clone());
            let utf16: std::vec::Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            prop_assert_eq!(read(&utf16, Escape::Utf16Le), text);
        }

        /// Scenario: any bytes in any coat.
        /// Guarantees: no panic, and never longer than three times the spelling.
        #[test]
        fn any_bytes_can_be_read(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let arena = Bump::new();
            for escape in [Escape::None, Escape::Xml, Escape::Json, Escape::Csv, Escape::Utf16Le, Escape::Folded, Escape::StructuredData, Escape::CefHeader, Escape::Cef] {
                prop_assert!(Value::new(&bytes, escape).text(&arena).len() <= bytes.len() * 3);
            }
        }
    }
}
