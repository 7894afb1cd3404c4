//! Recognize: which format is it? By magic bytes, header lines, and the first
//! records; never by the file's name.

use memchr::memmem;

use super::json::{Cursor, Shape};
use super::{
    exchange_csv, mail, ncsa, netlogon, owa_im, syslog, tabular, w3c, winevent_json, winevent_text,
};
use crate::bytes::{is_blank, without_cr};
use crate::format::Format;
use crate::frame::{Framing, event_xml, octets, windows_block};
use crate::time::{YearReference, iso8601, rfc3164};

/// What a stream's beginning says about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recognized {
    /// Its format.
    pub format: Format,
    /// How its records are delimited.
    pub framing: Framing,
    /// What tells the columns of a tabular log.
    pub rows: Rows,
}

/// What tells the columns of a tabular log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// A line of the log names them.
    Named,
    /// The log has no such line; the server always writes these.
    Columns(&'static [u8]),
    /// The NCSA common or combined format.
    Ncsa,
    /// The native format of IIS.
    IisNative,
}

impl Recognized {
    /// A format as it usually is.
    pub fn plain(format: Format) -> Self {
        Self { format, framing: format.framing(), rows: Rows::Named }
    }
}

/// Lines at the beginning that are looked at.
const LINES_MAX: usize = 64;

/// Recognises the format of a stream from its first bytes. `asked` is the format
/// that the operator named, if any: then only the details are looked for.
pub fn recognize(beginning: &[u8], asked: Option<Format>) -> Recognized {
    let format = asked.unwrap_or_else(|| format(beginning));
    let plain = Recognized::plain(format);
    match format {
        Format::WinEventJson | Format::Ndjson if !has_object_per_line(beginning) => {
            Recognized { framing: Framing::JsonDocument, ..plain }
        }
        Format::Mail if beginning.starts_with(b"From ") => {
            Recognized { framing: Framing::Mbox, ..plain }
        }
        Format::Syslog if has_counted_line(beginning) => {
            Recognized { framing: Framing::Octets, ..plain }
        }
        Format::W3c => Recognized { rows: w3c_rows(beginning), ..plain },
        Format::ExchangeCsv => Recognized { rows: exchange_rows(beginning), ..plain },
        _ => plain,
    }
}

fn format(beginning: &[u8]) -> Format {
    if beginning.starts_with(b"ElfFile\0") {
        return Format::Evtx;
    }
    let lines = || beginning.split(|byte| *byte == b'\n').take(LINES_MAX);
    let Some(first) = lines().find(|line| !is_blank(line)) else { return Format::Text };
    let first = without_cr(first).trim_ascii_start();
    if first.starts_with(b"#") {
        return by_directives(lines());
    }
    let may_be_json = first.starts_with(b"{") || first.starts_with(b"[");
    if may_be_json && let Some(format) = json_format(beginning) {
        return format;
    }
    if is_event_xml(beginning) {
        return Format::WinEventXml;
    }
    if windows_block::begins_block(beginning) {
        return Format::WinEventText;
    }
    match by_lines(lines()) {
        // Something may stand before the first block.
        Format::Text if Framing::WindowsBlocks.start_at_or_after(beginning, 1).is_ok() => {
            Format::WinEventText
        }
        format => format,
    }
}

/// Tabular logs say what they are.
fn by_directives<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Format {
    for line in lines {
        let Some((name, value)) = tabular::directive(line) else { continue };
        if tabular::is_log_type(name) {
            let is_im = exchange_csv::is_instant_messaging(value);
            return if is_im { Format::OwaIm } else { Format::ExchangeCsv };
        }
        if tabular::is_fields(name) {
            return if value.contains(&b',') { Format::ExchangeCsv } else { Format::W3c };
        }
    }
    Format::Text
}

/// How soon the System block follows the start of an event.
const EVENT_HEAD_BYTES: usize = 512;

/// True when an event's start stands somewhere; garbage may come first. An event
/// inside a syslog line is the line's payload.
fn is_event_xml(beginning: &[u8]) -> bool {
    memmem::find_iter(beginning, b"<Event").any(|at| {
        let after = beginning.get(at + b"<Event".len()).copied();
        let head =
            beginning.get(at..beginning.len().min(at + EVENT_HEAD_BYTES)).unwrap_or_default();
        let before = beginning.get(..at).unwrap_or_default();
        let line_start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
        let line = beginning.get(line_start..).unwrap_or_default();
        after.is_some_and(event_xml::is_delimiter)
            && memmem::find(head, b"<System").is_some()
            && !looks_like_syslog(line)
    })
}

/// Windows events or any JSON, if the first object is one.
fn json_format(beginning: &[u8]) -> Option<Format> {
    let object = memchr::memchr(b'{', beginning)?;
    let text = beginning.get(object..)?;
    let is_object = {
        let mut cursor = Cursor::new(text);
        // The object may be longer than what is here: then its keys must do.
        cursor.skip().is_ok() || is_beginning_of_object(text)
    };
    if !is_object {
        return None;
    }
    let is_windows = has_windows_object(beginning) || has_windows_mark(beginning);
    Some(if is_windows { Format::WinEventJson } else { Format::Ndjson })
}

/// Objects at the beginning that are looked at.
const OBJECTS_MAX: usize = 16;

/// True when one of the first objects is a Windows event, in whatever dialect.
fn has_windows_object(beginning: &[u8]) -> bool {
    let mut rest = beginning;
    for _ in 0..OBJECTS_MAX {
        let Some(object) = memchr::memchr(b'{', rest).and_then(|at| rest.get(at..)) else {
            return false;
        };
        if winevent_json::is_windows(object) {
            return true;
        }
        let mut cursor = Cursor::new(object);
        if cursor.skip().is_err() {
            return false;
        }
        rest = object.get(cursor.at()..).unwrap_or_default();
    }
    false
}

/// True when a key stands somewhere that only Windows events have, for objects longer
/// than what is here.
fn has_windows_mark(beginning: &[u8]) -> bool {
    let marks: [&[u8]; 7] = [
        b"\"winlog\"",
        b"\"winlog.",
        b"\"event_data\"",
        b"\"computer_name\"",
        b"\"eventdata\"",
        b"\"EventRecordID\"",
        b"\"im_msvistalog\"",
    ];
    marks.iter().any(|mark| memmem::find(beginning, mark).is_some())
}

fn is_beginning_of_object(text: &[u8]) -> bool {
    let mut cursor = Cursor::new(text);
    let mut first = true;
    cursor.shape() == Shape::Object
        && cursor.enter().is_ok()
        && matches!(cursor.next_key(&mut first), Ok(Some(_)))
}

/// True when the first line that is not blank holds a whole object.
fn has_object_per_line(beginning: &[u8]) -> bool {
    let mut lines = beginning.split(|byte| *byte == b'\n').filter(|line| !is_blank(line));
    lines.any(|line| {
        let mut cursor = Cursor::new(line);
        cursor.shape() == Shape::Object && cursor.skip().is_ok() && cursor.finish().is_ok()
    })
}

/// What tells the columns of a W3C log: its directive, or its first row.
fn w3c_rows(beginning: &[u8]) -> Rows {
    if has_fields_directive(beginning) {
        return Rows::Named;
    }
    let mut lines = first_lines(beginning);
    let shape = lines.find_map(|line| match w3c::default_columns(line) {
        Some(columns) => Some(Rows::Columns(columns)),
        None if ncsa::looks_like_row(line) => Some(Rows::Ncsa),
        None if ncsa::looks_like_native_row(line) => Some(Rows::IisNative),
        None => None,
    });
    shape.unwrap_or(Rows::Columns(w3c::DEFAULT_COLUMNS))
}

/// What tells the columns of an Exchange log: its directive, a first row of names,
/// or the shape of its rows.
fn exchange_rows(beginning: &[u8]) -> Rows {
    let first = first_lines(beginning).next().unwrap_or_default();
    if has_fields_directive(beginning) || exchange_csv::names_columns(first) {
        return Rows::Named;
    }
    let columns = first_lines(beginning).find_map(exchange_csv::default_columns);
    Rows::Columns(columns.unwrap_or(exchange_csv::SMTP_COLUMNS))
}

fn first_lines(beginning: &[u8]) -> impl Iterator<Item = &[u8]> {
    let lines = beginning.split(|byte| *byte == b'\n').take(LINES_MAX);
    lines.map(without_cr).filter(|line| !is_blank(line))
}

/// True when one of the first lines begins with its length.
fn has_counted_line(beginning: &[u8]) -> bool {
    beginning.split(|byte| *byte == b'\n').take(LINES_MAX).any(octets::is_counted)
}

fn has_fields_directive(beginning: &[u8]) -> bool {
    let mut lines = beginning.split(|byte| *byte == b'\n');
    lines.any(|line| tabular::directive(line).is_some_and(|(name, _)| tabular::is_fields(name)))
}

/// What most of the first lines look like.
fn by_lines<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Format {
    let mut votes = [
        (Format::ExchangeCsv, 0),
        (Format::OwaIm, 0),
        (Format::W3c, 0),
        (Format::Netlogon, 0),
        (Format::Syslog, 0),
        (Format::Mail, 0),
    ];
    let mut in_headers = true;
    let mut is_bounce = false;
    for line in lines.map(without_cr) {
        // Headers end at the first empty line, and a bounce quotes some anywhere.
        is_bounce = is_bounce || mail::is_bounce_line(line);
        in_headers = is_bounce || (in_headers && !line.is_empty());
        let vote = line_format(line, in_headers);
        for (format, count) in &mut votes {
            *count += u32::from(vote == Some(*format));
        }
    }
    // Two headers make a mail; a line of anything else decides for itself.
    let mail = votes.iter().find(|(format, count)| *format == Format::Mail && *count >= 2);
    let most =
        votes.iter().filter(|(format, _)| *format != Format::Mail).max_by_key(|(_, count)| *count);
    match (most, mail) {
        (Some((_, 0)), Some(_)) => Format::Mail,
        (Some((format, count)), None) if *count > 0 => *format,
        (Some((format, count)), Some((_, headers))) => {
            if count >= headers {
                *format
            } else {
                Format::Mail
            }
        }
        _ => Format::Text,
    }
}

fn line_format(line: &[u8], in_headers: bool) -> Option<Format> {
    if is_instant_messaging_row(line) {
        return Some(Format::OwaIm);
    }
    if exchange_csv::default_columns(line).is_some() || exchange_csv::names_columns(line) {
        return Some(Format::ExchangeCsv);
    }
    if w3c::default_columns(line).is_some()
        || ncsa::looks_like_row(line)
        || ncsa::looks_like_native_row(line)
    {
        return Some(Format::W3c);
    }
    if netlogon::looks_like_line(line) {
        return Some(Format::Netlogon);
    }
    if looks_like_syslog(line) || winevent_text::is_agent_line(line) {
        return Some(Format::Syslog);
    }
    if mail::is_bounce_line(line) {
        return Some(Format::Mail);
    }
    let (name, _) = crate::bytes::split_once(line, b':')?;
    (in_headers && mail::is_mail_header(name)).then_some(Format::Mail)
}

/// A failure of the UCWEB library in a dated row of cells.
fn is_instant_messaging_row(line: &[u8]) -> bool {
    let is_dated = iso8601(line.strip_prefix(b"\"").unwrap_or(line))
        .is_some_and(|(_, rest)| rest.strip_prefix(b"\"").unwrap_or(rest).starts_with(b","));
    is_dated && memmem::find(line, owa_im::FAILURE).is_some()
}

/// A priority (also behind a count of octets), a bare CEF or LEEF header, or a stamp
/// that a host and more follow.
fn looks_like_syslog(line: &[u8]) -> bool {
    let has_priority = line.strip_prefix(b"<").is_some_and(|rest| {
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        (1..=3).contains(&digits) && rest.get(digits) == Some(&b'>')
    });
    if has_priority || octets::is_counted(line) || syslog::is_bare_payload(line) {
        return true;
    }
    // Any year does: only the shape of the stamp counts here.
    let reference = YearReference { nanos: 0 };
    let rest = rfc3164(line, &reference).map(|(_, _, rest)| rest);
    let rest =
        rest.or_else(|| iso8601(line).filter(|(s, _)| s.offset_s.is_some()).map(|(_, rest)| rest));
    let rest = rest.or_else(|| {
        let (_, line) = syslog::cluster_parts(line)?;
        rfc3164(line, &reference).map(|(_, _, rest)| rest)
    });
    // A stamp, a host, and a tag that ends with a colon.
    let rest = rest.and_then(|rest| rest.strip_prefix(b":").unwrap_or(rest).strip_prefix(b" "));
    rest.is_some_and(|rest| {
        let mut words = rest.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
        words.next().is_some()
            && words.next().is_some()
            && rest.iter().take(128).any(|b| *b == b':')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(beginning: &str) -> &'static str {
        recognize(beginning.as_bytes(), None).format.name()
    }

    /// Scenario: the beginnings of all formats, also with garbage before them.
    /// Guarantees: each is recognised by what it says, not by its name.
    #[test]
    fn formats_are_recognised() {
        for (beginning, format) in [
            ("ElfFile\0...", "evtx"),
            ("\n <Event xmlns='x'><System>", "winevent-xml"),
            ("<?xml version=\"1.0\"?><Events><Event xmlns='x'><System>", "winevent-xml"),
            ("- <Event xmlns='x'>\n- <System>", "winevent-xml"),
            ("garbage\n<Event><System>", "winevent-xml"),
            ("the <Event x> was\n", "text"),
            ("{\"@timestamp\":\"x\",\"winlog\":{\"event_id\":1}}\n", "winevent-json"),
            ("[\n {\"winlog\": {", "winevent-json"),
            ("{\"a\":1}\n", "ndjson"),
            (
                "#Software: Microsoft Internet Information Services 10.0\n#Fields: date time c-ip\n",
                "w3c",
            ),
            ("# Fields: date time c-ip\n", "w3c"),
            (
                "#Software: Microsoft Exchange Server\n#Version: 15\n#Log-type: SMTP Receive Protocol Log\n",
                "exchange-csv",
            ),
            ("2016-12-14T01:17:34.808Z,EX\\Default ,0,1,x:25,1.2.3.4:5,+,,\n", "exchange-csv"),
            ("#Log-Type: OWA InstantMessaging Log\n#Fields: a,b\n", "owa-im"),
            ("2026-11-20T10:01:22.511Z,1,\"ERROR:UCWEB Failure: Code=x\"\n", "owa-im"),
            (
                "\"date_time_utc\",\"event_id\",\"message_id\",\"recipient_address\"\n",
                "exchange-csv",
            ),
            ("2026-11-20T09:33:05.000Z,08DE,SMTP,h,+,x\n", "exchange-csv"),
            ("2026-11-20 09:14:03 10.0.0.25 GET / - 443 - 10.1.1.1 UA - 401 1 1326 3\n", "w3c"),
            ("1.1.1.1 - - [20/Nov/2026:09:14:03 +0100] \"GET / HTTP/1.1\" 200 1\n", "w3c"),
            ("::1, -, 11/20/2026, 15:44:03, W3SVC1, h, ::1, 2, 7, 1, 304, 0, GET, /, -,\n", "w3c"),
            ("11/20 09:13:01 [LOGON] [1044] x\n", "netlogon"),
            ("[LOGON] SamLogon: x\n[INFO] y\n", "netlogon"),
            ("<13>Nov 20 09:14:03 h app: m\n", "syslog"),
            ("Nov 20 09:14:03 h app[1]: m\n", "syslog"),
            ("2026-11-20T09:14:03+01:00 h app: m\n", "syslog"),
            ("<13>1 - h - - - - <Event xmlns='x'>\n", "syslog"),
            ("Received: from a by b\n\twith c\nFrom: x\n\nbody\n", "mail"),
            ("From a@b Fri Nov 20 10:12:09 2026\nFrom: a\nTo: b\n\nbody\n", "mail"),
            (
                "It failed.\n\nGenerating server: x\n\nOriginal message headers:\n\nReceived: from a\n",
                "mail",
            ),
            ("34 <13>Dec  2 16:31:03 host app: Test", "syslog"),
            ("CEF:0|v|p|1|2|n|5|src=10.0.0.1\n", "syslog"),
            ("LEEF:2.0|v|p|1|2|^|src=10.0.0.1\n", "syslog"),
            ("Feb 15 11:25:46 gw.local system,error login failure: x\n", "syslog"),
            ("[Thu Nov 20 09:14:03 2026] [notice] started: x\n", "text"),
            ("hello\nworld\n", "text"),
            ("", "text"),
            ("{not json\n", "text"),
        ] {
            assert_eq!(name(beginning), format, "{beginning:?}");
        }
    }

    /// Scenario: JSON as lines, as an array, and pretty-printed; logs without header.
    /// Guarantees: the details are seen, also when the format is named.
    #[test]
    fn details_are_recognised() {
        let framing = |text: &str| recognize(text.as_bytes(), Some(Format::WinEventJson)).framing;
        assert_eq!(framing("{\"winlog\":{}}\n{"), Framing::Lines);
        assert_eq!(framing("[{\"winlog\":{}}]"), Framing::JsonDocument);
        assert_eq!(framing("{\n \"winlog\": {}\n}"), Framing::JsonDocument);
        let rows = |text: &str, format| recognize(text.as_bytes(), format).rows;
        let smtp = Rows::Columns(exchange_csv::SMTP_COLUMNS);
        assert_eq!(rows("2016-12-14T01:17:34.808Z,EX,0,1,x:25,1.2.3.4:5,+,,\n", None), smtp);
        assert_eq!(rows("#Fields: date time\n", Some(Format::W3c)), Rows::Named);
        let named = "date-time,event-id,message-id,recipient-address\n2026";
        assert_eq!(rows(named, None), Rows::Named);
        assert_eq!(recognize(b"<1>a\n5 <1>ab\n", None).framing, Framing::Octets);
        assert_eq!(recognize(b"<1>a\n<1>ab\n", None).framing, Framing::Lines);
    }
}
