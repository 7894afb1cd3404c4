//! A gateway's log line that quotes headers, one or several.
//!
//! ```text
//! postfix/cleanup[811]: 4F1: warning: header X-MS-Exchange-Organization-AuthAs: Internal
//!     from mx.evil.example[198.51.100.9]; from=<ceo@contoso.com> to=<user1@contoso.com>
//! ```
//!
//! Lines are not joined with each other: what stands in the line is used.

use logwasp_sdk::identity;

use crate::message::{Hop, Message};

/// Headers looked for in a line; `From` and `Message-ID` are also written as
/// `from=` and `message-id=`.
const NAMES: [&str; 14] = [
    "x-ms-exchange-organization-authas",
    "x-ms-exchange-organization-authsource",
    "x-ms-exchange-organization-authmechanism",
    "x-ms-exchange-organization-messagedirectionality",
    "x-ms-exchange-organization-scl",
    "x-ms-exchange-crosstenant-fromentityheader",
    "x-ms-exchange-crosstenant-id",
    "x-originatororg",
    "x-eopattributedmessage",
    "x-eoptenantattributedmessage",
    "received",
    "message-id",
    "return-path",
    "from",
];
/// A line may quote a whole block, not a whole mailbox.
const LINE_BYTES_MAX: usize = 64 * 1024;

/// The ends of quoted lines, plain and as logs escape them.
const LINE_ENDS: [&str; 6] = ["\r", "\n", "\\r", "\\n", "#015", "#012"];

/// Reads a line of the gateway `host`.
pub(crate) fn read(host: Option<&str>, line: &str) -> Message {
    let line = line.get(..line.floor_char_boundary(LINE_BYTES_MAX)).unwrap_or(line);
    let lower = line.to_ascii_lowercase();
    let marks = marks(&lower);
    let values = marks.iter().enumerate().map(|(index, mark)| {
        let end = marks.get(index + 1).map_or(line.len(), |next| next.name_start);
        (mark.name, one_line(line.get(mark.value_start..end).unwrap_or_default()))
    });
    let mut message = Message::from_quoted(values);
    if message.hops.is_empty()
        && let Some(hop) = client(host, line, &lower)
    {
        // The gateway saw these headers come in: all of them are the sender's.
        message.hops.push(hop);
        for header in &mut message.organization {
            (header.hops_above, header.inside) = (1, true);
        }
    }
    message
}

/// A header name in the line, and where its value starts.
struct Mark {
    name: &'static str,
    name_start: usize,
    value_start: usize,
}

fn marks(lower: &str) -> Vec<Mark> {
    let mut marks: Vec<Mark> = NAMES
        .iter()
        .flat_map(|name| lower.match_indices(name).filter_map(|(at, _)| mark(lower, name, at)))
        .collect();
    marks.sort_by_key(|mark| mark.name_start);
    marks
}

/// `name:`, `name=` or `"name":` at `at`; not the end of a longer name.
fn mark(lower: &str, name: &'static str, at: usize) -> Option<Mark> {
    let before = lower.get(..at)?;
    let is_tail = before.ends_with(|c: char| c.is_alphanumeric() || "-_.@".contains(c));
    if is_tail && !LINE_ENDS.iter().any(|end| before.ends_with(end)) {
        return None;
    }
    let after = lower.get(at + name.len()..)?.trim_start_matches(['"', '\'', ' ']);
    let value = after.strip_prefix([':', '='])?;
    // `from=` is the envelope's sender, `From:` the author.
    let is_envelope = name == "from" && after.starts_with('=');
    let value = value.trim_start_matches(['"', '\'', ' ', '[']);
    Some(Mark {
        name: if is_envelope { "return-path" } else { name },
        name_start: at,
        value_start: lower.len() - value.len(),
    })
}

/// The value up to the end of its line, written out or escaped.
fn one_line(value: &str) -> &str {
    let end = LINE_ENDS.iter().filter_map(|end| value.find(end)).min().unwrap_or(value.len());
    value.get(..end).unwrap_or(value).trim()
}

/// The client that the gateway names: `mx.evil.example[198.51.100.9]`, or
/// `client-ip=198.51.100.9`.
fn client(host: Option<&str>, line: &str, lower: &str) -> Option<Hop> {
    let authenticated = lower.contains("sasl_username=") || lower.contains("authenticated sender");
    let hop = Hop { by: host.map(str::to_owned), authenticated, own_log: true, ..Hop::default() };
    let bracketed = line.match_indices('[').find_map(|(at, _)| {
        let (before, rest) = line.split_at_checked(at)?;
        let ip = identity::ip(rest.get(1..rest.find(']')?)?)?;
        let name = before.rsplit([' ', '=', ',', ';', '(', '<']).next().unwrap_or_default();
        Some((identity::meaningful(name).map(str::to_owned), ip))
    });
    if let Some((from, ip)) = bracketed {
        return Some(Hop { from, from_ip: Some(ip), ..hop });
    }
    let ip = ["client-ip=", "client_ip=", "src_ip=", "src=", "ip="].iter().find_map(|key| {
        let at = lower.find(key)? + key.len();
        let value = line.get(at..)?.trim_start_matches('"');
        identity::ip(value.split([' ', ',', ';', '"', ')']).next()?)
    })?;
    Some(Hop { from_ip: Some(ip), ..hop })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(message: &Message) -> Option<String> {
        Some(message.hops.first()?.from_ip?.to_string())
    }

    /// Scenario: one header in a Postfix warning.
    /// Guarantees: value, client, envelope sender; the process id is no client.
    #[test]
    fn postfix_warnings_are_read() {
        let line = "postfix/cleanup[811]: 4F1: warning: header x-ms-exchange-organization-authas: \
                    Internal from mx.evil.example[198.51.100.9]; from=<ceo@contoso.com> \
                    to=<user1@contoso.com> proto=ESMTP";
        let message = read(Some("gw01"), line);
        assert!(message.is_internal());
        assert_eq!(message.sender.as_deref(), Some("ceo@contoso.com"));
        assert_eq!(ip(&message).as_deref(), Some("198.51.100.9"));
        assert_eq!(message.hops[0].from.as_deref(), Some("mx.evil.example"));
        assert!(message.organization.iter().all(|header| header.inside));
    }

    /// Scenario: several headers in one line: joined by semicolons, as JSON, with
    /// escaped line ends, with a Received line.
    /// Guarantees: each value is its own.
    #[test]
    fn joined_headers_are_read() {
        let joined = "X-MS-Exchange-Organization-AuthAs: Anonymous; \
            X-MS-Exchange-Organization-AuthSource: EXCH01.contoso.com; From: Erp <erp@contoso.com>; \
            Message-ID: <m1@contoso.com>";
        let json = "{\"X-MS-Exchange-Organization-AuthAs\":\"Anonymous\",\
            \"X-MS-Exchange-Organization-AuthSource\":\"EXCH01.contoso.com\",\
            \"From\":\"Erp <erp@contoso.com>\",\"Message-ID\":\"<m1@contoso.com>\"}";
        let escaped = "X-MS-Exchange-Organization-AuthAs: Anonymous\\r\\n\
            X-MS-Exchange-Organization-AuthSource: EXCH01.contoso.com\\r\\nFrom: erp@contoso.com\\r\\n\
            Message-ID: <m1@contoso.com>";
        for line in [joined, json, escaped] {
            let message = read(None, line);
            assert!(message.is_anonymous(), "{line}");
            assert_eq!(message.auth_source.as_deref(), Some("EXCH01.contoso.com"), "{line}");
            assert_eq!(message.sender.as_deref(), Some("erp@contoso.com"), "{line}");
            assert_eq!(message.id.as_deref(), Some("m1@contoso.com"), "{line}");
            assert!(message.hops.is_empty(), "{line}");
        }
        let received = "header dump: Received: from a (198.51.100.9) by exch01 with SMTP; d\\n\
            X-MS-Exchange-Organization-AuthAs: Internal\\nFrom: x@y.z";
        let message = read(Some("gw01"), received);
        assert_eq!(message.hops[0].by.as_deref(), Some("exch01"));
        assert!(message.organization[0].inside);
    }

    /// Scenario: lines without a client, with a port or a date in brackets.
    /// Guarantees: nothing is taken for a client that is none.
    #[test]
    fn clients_are_addresses() {
        let quoted = "X-MS-Exchange-Organization-AuthAs: Internal";
        assert!(read(None, quoted).hops.is_empty());
        assert!(read(None, &format!("[12:00] gw[17]: {quoted} [é")).hops.is_empty());
        let keyed = format!("client-ip=198.51.100.9; {quoted}");
        assert_eq!(ip(&read(None, &keyed)).as_deref(), Some("198.51.100.9"));
    }
}
