//! Which logs were read of which server, so that "the log does not name the user"
//! is not said of a log that nobody collected.

use logwasp_sdk::Timestamp;
use logwasp_sdk::state::{BoundedMap, Keep, Ring, Weigh};
use serde::{Deserialize, Serialize};

/// A kind of log in which a client can be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum LogKind {
    /// IIS. The HTTP proxy's log seldom names a user, so it excludes nobody.
    Http,
    /// The SMTP receive log, or that of the SMTP service of IIS 6.
    Smtp,
    /// IMAP4 and POP3.
    Mailbox,
}

impl LogKind {
    /// The log that a `coverage` row is about, if a client can be found there.
    pub fn of(kind: &str, direction: Option<&str>, path: Option<&str>) -> Option<Self> {
        let is_smtpsvc = path.is_some_and(|path| path.to_ascii_lowercase().contains("smtpsvc"));
        match kind {
            "iis" if is_smtpsvc => Some(Self::Smtp),
            "iis" => Some(Self::Http),
            "exchange-smtp" if direction != Some("send") => Some(Self::Smtp),
            "exchange-imap-pop" => Some(Self::Mailbox),
            _ => None,
        }
    }
}

/// Spans of time remembered of one log.
const SPANS_MAX: usize = 16;

/// What was read, by server and kind of log.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Coverage {
    spans: BoundedMap<(String, LogKind), Spans>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Spans {
    newest: Ring<(Timestamp, Timestamp)>,
}

impl Coverage {
    /// Remembers within `bytes_max`.
    pub fn new(bytes_max: usize) -> Self {
        Self { spans: BoundedMap::new(bytes_max) }
    }

    /// Changes the bound.
    pub fn set_bytes_max(&mut self, bytes_max: usize) {
        self.spans.set_bytes_max(bytes_max);
    }

    /// The log of the server was read from `from` to `to`.
    pub fn read(&mut self, server: &str, log: LogKind, from: Timestamp, to: Timestamp) {
        if server.is_empty() {
            return;
        }
        let new = || Spans { newest: Ring::new(SPANS_MAX) };
        self.spans
            .touch((server.to_owned(), log), from, new, |spans| spans.add(from, to.max(from)));
    }

    /// True when something of the server's log between `from` and `until` was read.
    pub fn has(&self, server: &str, log: LogKind, from: Timestamp, until: Timestamp) -> bool {
        self.spans.get(&(server.to_owned(), log)).is_some_and(|spans| {
            spans.newest.iter().any(|&(start, end)| start <= until && end >= from)
        })
    }

    /// True when any log of the server was read.
    pub fn knows(&self, server: &str) -> bool {
        [LogKind::Http, LogKind::Smtp, LogKind::Mailbox]
            .into_iter()
            .any(|log| self.spans.get(&(server.to_owned(), log)).is_some())
    }

    /// Forgets logs that were last read before `before`.
    pub fn expire(&mut self, before: Timestamp) {
        self.spans.expire(before);
    }
}

impl Spans {
    fn add(&mut self, from: Timestamp, to: Timestamp) {
        let touching = self.newest.iter_mut().find(|(start, end)| from <= *end && to >= *start);
        match touching {
            Some((start, end)) => (*start, *end) = ((*start).min(from), (*end).max(to)),
            None => {
                self.newest.push((from, to));
            }
        }
    }
}

impl Weigh for Spans {
    fn heap_bytes(&self) -> usize {
        self.newest.heap_bytes()
    }

    fn keep(&self) -> Keep {
        Keep::Several
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: a log read in three pieces, two of which touch, and a gap.
    /// Guarantees: what was read is known to its edges; the gap is a gap; other
    /// logs and other servers are not read.
    #[test]
    fn what_was_read_is_known() {
        let mut coverage = Coverage::new(1 << 16);
        for (from, to) in [(10, 20), (20, 30), (50, 60)] {
            coverage.read("exch01", LogKind::Http, from, to);
        }
        let has = |from, until| coverage.has("exch01", LogKind::Http, from, until);
        assert!(has(30, 40) && has(0, 10) && has(15, 16) && has(60, 70));
        assert!(!has(31, 49) && !has(0, 9) && !has(61, 99));
        assert!(!coverage.has("exch01", LogKind::Smtp, 0, 99));
        assert!(!coverage.has("exch02", LogKind::Http, 0, 99));
        assert!(coverage.knows("exch01") && !coverage.knows("exch02"));
    }

    /// Scenario: the kinds of rows that `coverage` names.
    /// Guarantees: only logs in which a client can be found count, by direction.
    #[test]
    fn logs_have_kinds() {
        let smtpsvc = Some("C:/WINDOWS/system32/LogFiles/SMTPSVC1/ex090310.log");
        for (kind, direction, path, log) in [
            ("iis", None, None, Some(LogKind::Http)),
            ("iis", None, smtpsvc, Some(LogKind::Smtp)),
            ("exchange-smtp", Some("receive"), None, Some(LogKind::Smtp)),
            ("exchange-smtp", Some("send"), None, None),
            ("exchange-imap-pop", None, None, Some(LogKind::Mailbox)),
            ("exchange-httpproxy", None, None, None),
            ("exchange-tracking", None, None, None),
        ] {
            assert_eq!(LogKind::of(kind, direction, path), log, "{kind} {direction:?}");
        }
    }
}
