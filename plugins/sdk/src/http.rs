//! Facts about HTTP requests as servers log them.

/// What an ActiveSync request says about itself in its query.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActiveSyncQuery {
    /// `User`: `user1`, `contoso\user1` or `user1@contoso.com`.
    pub user: Option<String>,
    /// `DeviceId`.
    pub device_id: Option<String>,
    /// `DeviceType`, such as `iPhone`.
    pub device_type: Option<String>,
}

/// Reads the query of an ActiveSync request (`cs-uri-query`, `UrlQuery`): named
/// values in any order and case, percent-encoded, or the compact base64 form
/// (MS-ASHTTP 2.2.1.1.1.1). What cannot be read is absent.
pub fn active_sync_query(query: &str) -> ActiveSyncQuery {
    let query = query.trim_start_matches('?');
    let named = named_values(query);
    if named != ActiveSyncQuery::default() {
        return named;
    }
    let first = query.split('&').next().unwrap_or_default();
    base64(&percent_decode(first)).and_then(|bytes| compact_form(&bytes)).unwrap_or_default()
}

fn named_values(query: &str) -> ActiveSyncQuery {
    let mut found = ActiveSyncQuery::default();
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        let slot = match name.trim().to_ascii_lowercase().as_str() {
            "user" => &mut found.user,
            "deviceid" => &mut found.device_id,
            "devicetype" => &mut found.device_type,
            _ => continue,
        };
        if slot.is_none() && !value.is_empty() {
            *slot = Some(percent_decode(value));
        }
    }
    found
}

/// Decodes `%5C` and the like; what is no escape stays as it is.
pub fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte == b'%'
            && let Some((&[high, low], after)) = tail.split_first_chunk()
            && let (Some(high), Some(low)) = (hex_digit(high), hex_digit(low))
        {
            bytes.push(high << 4 | low);
            rest = after;
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}

/// Decodes base64 (RFC 4648, 4), padded or not.
fn base64(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=');
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut bits_held) = (0_u32, 0);
    for byte in text.bytes() {
        let sextet = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(sextet);
        bits_held += 6;
        if bits_held >= 8 {
            bits_held -= 8;
            bytes.push((bits >> bits_held) as u8);
        }
    }
    Some(bytes)
}

/// The protocol versions that use the compact form, times ten: 12.1 to 16.1.
const COMPACT_VERSIONS: std::ops::RangeInclusive<u8> = 121..=161;
/// Tag of the `User` parameter of a command.
const TAG_USER: u8 = 8;

/// Version, command, locale (2 bytes), then length-prefixed device id, policy key
/// and device type, then tagged parameters of the command.
fn compact_form(mut bytes: &[u8]) -> Option<ActiveSyncQuery> {
    let header = take(&mut bytes, 4)?;
    if !header.first().is_some_and(|version| COMPACT_VERSIONS.contains(version)) {
        return None;
    }
    let device_id = take_prefixed(&mut bytes)?;
    let _policy_key = take_prefixed(&mut bytes)?;
    let device_type = take_prefixed(&mut bytes)?;
    let mut user = None;
    while let Some(&[tag]) = take(&mut bytes, 1)
        && let Some(value) = take_prefixed(&mut bytes)
    {
        if tag == TAG_USER {
            user = text_of(value);
        }
    }
    Some(ActiveSyncQuery {
        user,
        device_id: text_of(device_id).or_else(|| hex_of(device_id)),
        device_type: text_of(device_type),
    })
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(taken)
}

fn take_prefixed<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let count = usize::from(*take(bytes, 1)?.first()?);
    take(bytes, count)
}

/// Printable text; `None` for nothing and for anything binary.
fn text_of(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    let printable = !text.is_empty() && !text.contains(char::is_control);
    printable.then(|| text.to_owned())
}

/// A binary device id (a GUID) as Exchange shows it.
fn hex_of(bytes: &[u8]) -> Option<String> {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).map(|c| c.to_ascii_uppercase());
    let hex: String =
        bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).filter_map(digit).collect();
    (!hex.is_empty()).then_some(hex)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(user: &str, device_id: &str, device_type: &str) -> ActiveSyncQuery {
        let value = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        ActiveSyncQuery {
            user: value(user),
            device_id: value(device_id),
            device_type: value(device_type),
        }
    }

    /// Scenario: queries as IIS and the HTTP proxy log them, in several orders,
    /// cases and escapes, with what servers append.
    /// Guarantees: user and device are read; a foreign query gives nothing.
    #[test]
    fn named_queries_are_read() {
        for text in [
            "Cmd=Sync&User=contoso%5Cuser1&DeviceId=ABC123&DeviceType=iPhone&CorrelationID=<empty>;&cafeReqId=3656c386;",
            "?devicetype=iPhone&DEVICEID=ABC123&user=contoso%5cuser1&Cmd=Ping&Log=V141_LdapC1_Mbx:x",
        ] {
            assert_eq!(
                active_sync_query(text),
                query("contoso\\user1", "ABC123", "iPhone"),
                "{text}"
            );
        }
        assert_eq!(
            active_sync_query("User=user1%40contoso.com"),
            query("user1@contoso.com", "", "")
        );
        for text in
            ["", "-", "&CorrelationID=<empty>;&cafeReqId=1;", "realm=contoso.com", "%%%", "User="]
        {
            assert_eq!(active_sync_query(text), ActiveSyncQuery::default(), "{text}");
        }
    }

    /// Scenario: compact queries: the one printed in MS-ASHTTP, one with a binary
    /// device id, policy key, user and padding, and damaged ones.
    /// Guarantees: they are decoded; damage gives nothing and does not panic.
    #[test]
    fn compact_queries_are_read() {
        let printed = "jAAJBAp2MTQwRGV2aWNlAApTbWFydFBob25l";
        assert_eq!(active_sync_query(printed), query("", "v140Device", "SmartPhone"));
        assert_eq!(
            active_sync_query(&format!("{printed}&CorrelationID=<empty>;")),
            query("", "v140Device", "SmartPhone")
        );
        // a1 00 0904, 02 beef, 04 00000001, 02 "WP", tag 8 05 "user1"
        let binary = "oQAJBAK+7wQAAAABAldQCAV1c2VyMQ==";
        assert_eq!(active_sync_query(binary), query("user1", "BEEF", "WP"));
        let escaped = "oQAJBAK%2B7wQAAAABAldQCAV1c2VyMQ%3D%3D";
        assert_eq!(active_sync_query(escaped), query("user1", "BEEF", "WP"));
        for cut in 0..printed.len() {
            let part: String = printed.chars().take(cut).collect();
            assert_eq!(active_sync_query(&part), ActiveSyncQuery::default(), "{part}");
        }
    }

    /// Scenario: escapes at the end of the text and of characters beyond ASCII.
    /// Guarantees: whole escapes are decoded, halves stay.
    #[test]
    fn percent_escapes_are_decoded() {
        for (text, decoded) in [
            ("a%5Cb", "a\\b"),
            ("%C3%A9", "é"),
            ("50%", "50%"),
            ("%4", "%4"),
            ("%zz", "%zz"),
            ("%FF", "\u{fffd}"),
        ] {
            assert_eq!(percent_decode(text), decoded, "{text}");
        }
    }
}
