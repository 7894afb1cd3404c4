//! Which of Exchange's logs it is, told by its columns, and what its rows give.

use super::super::csv::Row;
use super::super::tabular::Columns;
use crate::event::Kind;
use serde::{Deserialize, Serialize};

/// A log of Exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) enum Log {
    /// SMTP receive and send protocol logs.
    Smtp,
    /// Message tracking, and the extended message trace of Exchange Online.
    Tracking,
    /// Transport connectivity.
    Connectivity,
    /// The HTTP proxy of the frontend, whatever the protocol behind it.
    HttpProxy,
    /// IMAP4 and POP3 protocol logs.
    ImapPop,
    /// OWA instant messaging.
    OwaIm,
    /// Any other: agent logs, ECP, EWS, ...
    #[default]
    Other,
}

/// Columns that a log has and no other: all of them must be there.
const MARKS: [(Log, &[&str]); 5] = [
    (Log::Smtp, &["session-id", "sequence-number", "event", "data"]),
    (Log::Tracking, &["event-id", "message-id", "recipient-address"]),
    (Log::Connectivity, &["session", "Destination", "direction", "description"]),
    (Log::HttpProxy, &["ClientIpAddress", "HttpStatus", "BackEndStatus", "ProxyAction"]),
    (Log::ImapPop, &["sessionId", "seqNumber", "cIp", "command"]),
];

impl Log {
    /// The log with these columns, whose `#Log-type` is `log_type`.
    pub(super) fn of(columns: &Columns, log_type: &[u8]) -> Self {
        let has_all =
            |marks: &[&str]| marks.iter().all(|mark| columns.position(mark.as_bytes()).is_some());
        let by_columns = MARKS.iter().find(|(_, marks)| has_all(marks));
        match by_columns {
            Some((log, _)) => *log,
            None if is_instant_messaging(log_type) => Self::OwaIm,
            None => Self::Other,
        }
    }

    /// What its rows are. Logs without a kind of their own give text whose columns
    /// are fields.
    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::Smtp => Kind::ExchangeSmtp,
            Self::Tracking => Kind::ExchangeTracking,
            Self::Connectivity => Kind::ExchangeConnectivity,
            Self::HttpProxy => Kind::ExchangeHttpProxy,
            Self::ImapPop => Kind::ExchangeImapPop,
            Self::OwaIm => Kind::ExchangeOwaIm,
            Self::Other => Kind::Text,
        }
    }

    /// The column that names the server whose log it is.
    pub(super) fn host_column(self) -> &'static [u8] {
        match self {
            Self::Smtp => b"local-endpoint",
            Self::Tracking => b"server-hostname",
            Self::HttpProxy => b"ServerHostName",
            Self::ImapPop => b"sIp",
            Self::Other => b"ServerName",
            Self::Connectivity | Self::OwaIm => b"",
        }
    }
}

/// `OWA InstantMessaging Log`, with or without blanks.
pub(in crate::decode) fn is_instant_messaging(log_type: &[u8]) -> bool {
    let letters: Vec<u8> =
        log_type.iter().filter(|byte| byte.is_ascii_alphabetic()).copied().collect();
    memchr::memmem::find(&letters.to_ascii_lowercase(), b"instantmessaging").is_some()
}

/// The columns that a line names, `None` when it is no such line. Exports quote
/// names; Exchange Online writes underscores where the servers write hyphens, and
/// calls the time `date_time_utc`.
pub(in crate::decode) fn columns(line: &[u8]) -> Columns {
    let mut row = Row::new(line);
    let mut names: Vec<Vec<u8>> = Vec::new();
    while let Some(Ok(cell)) = row.next_cell() {
        names.push(cell.spelled().trim_ascii().to_vec());
    }
    let is_export = names.iter().any(|name| name == b"event_id" || name == b"message_id");
    for name in &mut names {
        if is_export {
            name.iter_mut().filter(|byte| **byte == b'_').for_each(|byte| *byte = b'-');
        }
        match name.as_slice() {
            b"date-time-utc" => *name = b"date-time".to_vec(),
            // Documented in lower case, written in upper case.
            b"destination" => *name = b"Destination".to_vec(),
            _ => {}
        }
    }
    Columns::new(names.iter().map(Vec::as_slice))
}

/// True for a line that names the columns of a known log, as exports begin.
pub(in crate::decode) fn names_columns(line: &[u8]) -> bool {
    !line.first().is_some_and(u8::is_ascii_digit)
        && !line.starts_with(b"#")
        && memchr::memchr(b',', line).is_some()
        && Log::of(&columns(line), b"") != Log::Other
}

/// Where the time is: the column that says so, else the first.
pub(super) fn time_column(columns: &Columns) -> usize {
    let is_time = |name: &[u8]| {
        let letters = name.iter().filter(|byte| !matches!(byte, b'-' | b'_'));
        let letters: Vec<u8> = letters.map(u8::to_ascii_lowercase).collect();
        matches!(letters.as_slice(), b"datetime" | b"timestamp")
    };
    columns.iter().position(is_time).unwrap_or_default()
}
