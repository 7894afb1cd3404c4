//! The query of ActiveSync in base64, as clients since protocol 12.1 send it
//! ([MS-ASHTTP] 2.2.1.1.1.1): protocol version, command code, locale, and then
//! device id, policy key and device type, each behind its length.

use bumpalo::Bump;
use bumpalo::collections::Vec;

/// Names of the command codes ([MS-ASHTTP] 2.2.1.1.1.1.2).
const COMMANDS: [(u8, &str); 21] = [
    (0, "Sync"),
    (1, "SendMail"),
    (2, "SmartForward"),
    (3, "SmartReply"),
    (4, "GetAttachment"),
    (9, "FolderSync"),
    (10, "FolderCreate"),
    (11, "FolderDelete"),
    (12, "FolderUpdate"),
    (13, "MoveItems"),
    (14, "GetItemEstimate"),
    (15, "MeetingResponse"),
    (16, "Search"),
    (17, "Settings"),
    (18, "Ping"),
    (19, "ItemOperations"),
    (20, "Provision"),
    (21, "ResolveRecipients"),
    (22, "ValidateCert"),
    (23, "Find"),
    (24, "GetHierarchy"),
];

/// Longer queries are something else.
const PACKED_BYTES_MAX: usize = 1_024;

/// `Cmd`, `DeviceId` or `DeviceType` of a packed query.
pub(super) fn field<'c>(query: &'c [u8], key: &[u8], arena: &'c Bump) -> Option<&'c [u8]> {
    let is = |name: &str| key.eq_ignore_ascii_case(name.as_bytes());
    if !is("Cmd") && !is("DeviceId") && !is("DeviceType") {
        return None;
    }
    let end = memchr::memchr(b'&', query).unwrap_or(query.len());
    let packed = unpack(query.get(..end)?, arena)?;
    let (head, rest) = packed.split_at_checked(4)?;
    let command = *head.get(1)?;
    let (device_id, rest) = counted(rest)?;
    let (_, rest) = counted(rest)?;
    let (device_type, _) = counted(rest)?;
    if is("Cmd") {
        let name = COMMANDS.iter().find(|(code, _)| *code == command);
        name.map(|(_, name)| name.as_bytes())
    } else if is("DeviceId") {
        Some(printable(device_id, arena))
    } else {
        Some(device_type)
    }
}

/// What stands behind its length, and what follows.
fn counted(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first()?;
    rest.split_at_checked(usize::from(*length))
}

/// A device id that is no text is shown in hexadecimal digits.
fn printable<'c>(id: &'c [u8], arena: &'c Bump) -> &'c [u8] {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    if id.iter().all(u8::is_ascii_graphic) {
        return id;
    }
    let mut hex = Vec::with_capacity_in(id.len() * 2, arena);
    for byte in id {
        let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or_default();
        hex.extend([digit(byte >> 4), digit(byte & 15)]);
    }
    hex.into_bump_slice()
}

/// The bytes behind base64 (RFC 4648, 4), of which the padding may be escaped.
fn unpack<'c>(text: &[u8], arena: &'c Bump) -> Option<&'c [u8]> {
    if text.len() < 8 || text.len() > PACKED_BYTES_MAX {
        return None;
    }
    // A plus is a digit here, and no blank.
    let mut plain = Vec::with_capacity_in(text.len(), arena);
    let mut rest = text;
    while let Some((&byte, tail)) = rest.split_first() {
        let is_escape = byte == b'%';
        let code = if is_escape { tail.get(..2) } else { None };
        rest = if is_escape { tail.get(2..)? } else { tail };
        match code {
            None => plain.push(byte),
            Some(b"3D" | b"3d") => plain.push(b'='),
            Some(b"2B" | b"2b") => plain.push(b'+'),
            Some(b"2F" | b"2f") => plain.push(b'/'),
            Some(_) => return None,
        }
    }
    crate::bytes::base64(&plain, arena)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: a packed query as clients send it, with a textual and a binary
    /// device id, and texts that are none.
    /// Guarantees: the parts of the specification's layout; the rest is opaque.
    #[test]
    fn packed_queries_are_read() {
        let arena = Bump::new();
        let text = |query: &'static str, key: &str| {
            let found = field(query.as_bytes(), key.as_bytes(), &arena)?;
            Some(String::from_utf8(found.to_vec()).unwrap())
        };
        // 8C 09 0904 | 04 "dev1" | 04 policy key | 06 "iPhone"
        let query = "jAkECQRkZXYxBAECAwQGaVBob25l&CorrelationID=<empty>;";
        assert_eq!(text(query, "Cmd").as_deref(), Some("FolderSync"));
        assert_eq!(text(query, "DeviceId").as_deref(), Some("dev1"));
        assert_eq!(text(query, "devicetype").as_deref(), Some("iPhone"));
        assert_eq!(text(query, "User"), None);
        // The same with the id 00 FF and no policy key.
        assert_eq!(text("jAAECQIA/wACV1A%3D", "DeviceId").as_deref(), Some("00FF"));
        assert_eq!(text("jAAECQIA/wACV1A%3D", "DeviceType").as_deref(), Some("WP"));
        for other in ["-", "jAkECQRkZXYx", "%zzkECQRkZXYxBAECAwQG", "hello world this is none"] {
            assert_eq!(text(other, "DeviceId"), None, "{other}");
        }
    }
}
