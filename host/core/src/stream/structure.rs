//! Structure: what may stand around records and is none.

/// Declarations, comments and wrappers that may stand around events, and the dashes
/// of a browser's tree view.
pub(super) fn is_xml_structure(gap: &[u8]) -> bool {
    let mut rest = gap.trim_ascii_start();
    rest = rest.strip_prefix("\u{feff}".as_bytes()).unwrap_or(rest);
    loop {
        rest = rest.trim_ascii_start();
        let end: &[u8] = match rest {
            [] => return true,
            [b'-' | 0, ..] => {
                rest = rest.get(1..).unwrap_or_default();
                continue;
            }
            _ if rest.starts_with(b"<?") => b"?>",
            _ if rest.starts_with(b"<!--") => b"-->",
            _ if rest.starts_with(b"<Events") || rest.starts_with(b"</Events") => b">",
            _ => return false,
        };
        match memchr::memmem::find(rest, end) {
            Some(at) => rest = rest.get(at + end.len()..).unwrap_or_default(),
            None => return false,
        }
    }
}
