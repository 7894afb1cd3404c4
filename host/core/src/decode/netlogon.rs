//! `netlogon.log` of domain controllers: local time without a year.
//!
//! ```text
//! MM/DD HH:MM:SS [CATEGORY] [tid] DOMAIN: SamLogon: <kind> logon of <user> from <workstation> (via <server>) Entered
//! MM/DD HH:MM:SS [CATEGORY] [tid] DOMAIN: SamLogon: <kind> logon of <user> from <workstation> (via <server>) Returns 0xC000006A
//! ```
//!
//! Thread, domain and `via` may be missing, the workstation may be empty; NT 4 has
//! no thread, writes `\\` before workstations, and may write no time at all. Any
//! other line is an event, too, with its `message`.

use super::{Context, Damage};
use crate::bytes::split_once;
use crate::event::{Event, Kind, Value};
use crate::time::{self, YearReference};

/// Decodes one line.
pub(super) fn decode<'c>(
    frame: &'c [u8],
    context: &Context<'c, '_>,
    event: &mut Event<'c>,
) -> Result<(), Damage> {
    event.reset(Kind::Netlogon, frame);
    event.names_are_unique = true;
    let line = frame.trim_ascii_end();
    let (stamp, rest) = match time::netlogon(line, context.year) {
        Some((stamp, rest)) => (Some(stamp), rest.trim_ascii_start()),
        None => (None, line),
    };
    if let Some(stamp) = stamp {
        event.set_time(stamp.in_zone_and_year(false, context.zones.of(None)));
    }
    let Some((category, rest)) = bracketed(rest) else {
        if stamp.is_none() {
            return Err(Damage { reason: "the line has neither time nor category", at: 0 });
        }
        event.push(b"message", Value::plain(rest));
        return Ok(());
    };
    event.push(b"category", Value::plain(category));
    let message = match bracketed(rest).filter(|(thread, _)| thread.iter().all(u8::is_ascii_digit))
    {
        Some((thread, message)) => {
            event.push(b"thread", Value::plain(thread));
            message
        }
        None => rest,
    };
    if let Some(logon) = Logon::parse(message) {
        logon.push_to(event);
    }
    event.push(b"message", Value::plain(message));
    Ok(())
}

/// The inside of the brackets that `text` begins with, and what follows.
fn bracketed(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (inside, rest) = split_once(text.strip_prefix(b"[")?, b']')?;
    let is_word =
        !inside.is_empty() && inside.len() <= 32 && inside.iter().all(u8::is_ascii_graphic);
    is_word.then(|| (inside, rest.trim_ascii_start()))
}

struct Logon<'c> {
    domain: Option<&'c [u8]>,
    kind: Option<&'c [u8]>,
    user: &'c [u8],
    workstation: &'c [u8],
    via: Option<&'c [u8]>,
    status: Option<&'c [u8]>,
}

impl<'c> Logon<'c> {
    fn parse(message: &'c [u8]) -> Option<Self> {
        let (head, tail) = split_at_words(message, b" of ")?;
        let (domain, kind) = function(head)?;
        // From the right: names may hold blanks, what follows them does not.
        let (tail, status) = result(tail)?;
        let (tail, via) = via(tail);
        let (user, workstation) = if let Some(user) = tail.strip_suffix(b" from") {
            (user, b"".as_slice())
        } else {
            let at = memchr::memmem::rfind(tail, b" from ")?;
            (tail.get(..at)?, tail.get(at + b" from ".len()..)?)
        };
        let workstation = workstation.trim_ascii();
        let workstation = workstation.strip_prefix(b"\\\\").unwrap_or(workstation);
        Some(Self { domain, kind, user: user.trim_ascii(), workstation, via, status })
    }

    fn push_to(&self, event: &mut Event<'c>) {
        let parts = [
            ("domain", self.domain),
            ("logon_kind", self.kind),
            ("user", Some(self.user)),
            ("workstation", Some(self.workstation)),
            ("via", self.via),
            ("status", self.status),
        ];
        for (name, part) in parts {
            if let Some(part) = part {
                event.push(name.as_bytes(), Value::plain(part));
            }
        }
    }
}

fn split_at_words<'c>(text: &'c [u8], words: &[u8]) -> Option<(&'c [u8], &'c [u8])> {
    let at = memchr::memmem::find(text, words)?;
    Some((text.get(..at)?, text.get(at + words.len()..)?))
}

/// Domain and kind, each of which a line may lack.
type Function<'c> = (Option<&'c [u8]>, Option<&'c [u8]>);

/// Domain and kind of `CONTOSO: SamLogon: Transitive Network logon`, or of
/// `NetrLogonUasLogon`, which is a function without a kind.
fn function(head: &[u8]) -> Option<Function<'_>> {
    if head.ends_with(b"Logon") && !head.contains(&b' ') {
        return Some((None, None));
    }
    let (before, kind) = split_at_words(head, b"SamLogon: ")?;
    let domain = before.trim_ascii().strip_suffix(b":").filter(|domain| !domain.is_empty());
    Some((domain, kind.strip_suffix(b" logon")))
}

/// The text before `Entered` or `Returns <status>`, and the status.
fn result(tail: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    let (before, word) = last_word(tail);
    if word == b"Entered" {
        return Some((before, None));
    }
    let (before, verb) = last_word(before);
    verb.eq_ignore_ascii_case(b"Returns").then_some((before, Some(word)))
}

/// The text before its last word, and that word.
fn last_word(text: &[u8]) -> (&[u8], &[u8]) {
    let text = text.trim_ascii_end();
    let at = memchr::memrchr(b' ', text).map_or(0, |blank| blank + 1);
    let (before, word) = text.split_at_checked(at).unwrap_or((b"", text));
    (before.trim_ascii_end(), word)
}

/// The text before `(via SERVER)`, and the server.
fn via(tail: &[u8]) -> (&[u8], Option<&[u8]>) {
    let parts = tail.strip_suffix(b")").and_then(|open| {
        let at = memchr::memmem::rfind(open, b"(via ")?;
        Some((open.get(..at)?.trim_ascii_end(), open.get(at + b"(via ".len()..)?))
    });
    parts.map_or((tail, None), |(before, server)| (before, Some(server)))
}

/// True for a line of the log: a time or none, and a category in brackets.
pub(super) fn looks_like_line(line: &[u8]) -> bool {
    const CATEGORIES: [&[u8]; 12] = [
        b"LOGON",
        b"CRITICAL",
        b"MISC",
        b"SITE",
        b"SESSION",
        b"MAILSLOT",
        b"DNS",
        b"PERF",
        b"INIT",
        b"CHANGELOG",
        b"SYNC",
        b"DOMAIN",
    ];
    let stamped = time::netlogon(line, YearReference { nanos: 0 });
    let rest = stamped.map_or(line, |(_, rest)| rest.trim_ascii_start());
    bracketed(rest).is_some_and(|(category, _)| {
        let is_upper = category.iter().all(|byte| byte.is_ascii_uppercase() || *byte == b'_');
        if stamped.is_some() { is_upper } else { CATEGORIES.contains(&category) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{TimeQuality, Zones};
    use bumpalo::Bump;

    /// 2026-12-01T00:00:00Z
    const REFERENCE_NANOS: i64 = 1_796_083_200_000_000_000;

    fn read(line: &str) -> (String, String) {
        let arena = Bump::new();
        let zones = Zones::all_in(jiff::tz::TimeZone::fixed(jiff::tz::offset(1)));
        let year = YearReference { nanos: REFERENCE_NANOS };
        let context = Context { arena: &arena, zones: &zones, year };
        let mut event = Event::default();
        decode(line.as_bytes(), &context, &mut event).unwrap();
        let time = match event.time_quality {
            TimeQuality::None => "none".to_owned(),
            _ => time::to_rfc3339(event.time),
        };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let fields = event.fields.iter().filter(|field| field.name != b"message");
        let fields =
            fields.map(|field| format!("{}={}", text(field.name), text(field.value.spelled())));
        (time, fields.collect::<Vec<_>>().join("|"))
    }

    /// Scenario: lines of NT 4 to today: with and without thread, domain, server,
    /// workstation and time, and lines that are no logons.
    /// Guarantees: each part by its name; empty and absent stay two things; the year
    /// is the reference's, the zone the host's.
    #[test]
    fn lines_are_taken_apart() {
        for (line, time, fields) in [
            (
                "11/20 09:13:01 [LOGON] [1044] CONTOSO: SamLogon: Transitive Network logon of CONTOSO\\user1 from EXCH01 (via EXCH02) Entered \r",
                "2026-11-20T08:13:01.000000000Z",
                "category=LOGON|thread=1044|domain=CONTOSO|logon_kind=Transitive Network|user=CONTOSO\\user1|workstation=EXCH01|via=EXCH02",
            ),
            (
                "12/20 09:14:01 [LOGON] [1044] CONTOSO: SamLogon: Transitive Network logon of CONTOSO\\user1 from  (via RADIUS01) Returns 0xC000006A",
                "2025-12-20T08:14:01.000000000Z",
                "category=LOGON|thread=1044|domain=CONTOSO|logon_kind=Transitive Network|user=CONTOSO\\user1|workstation=|via=RADIUS01|status=0xC000006A",
            ),
            (
                "11/20 09:14:03 [LOGON] SamLogon: Network logon of (null)\\a from b from Returns 0x0",
                "2026-11-20T08:14:03.000000000Z",
                "category=LOGON|logon_kind=Network|user=(null)\\a from b|workstation=|status=0x0",
            ),
            (
                "[LOGON] SamLogon: Network logon of (null)\\EXAMPLE from \\\\928WIN95 Returns 0xC0000234",
                "none",
                "category=LOGON|logon_kind=Network|user=(null)\\EXAMPLE|workstation=928WIN95|status=0xC0000234",
            ),
            (
                "[LOGON] NetrLogonUasLogon of EXAMPLE from 928WIN95 returns 0",
                "none",
                "category=LOGON|user=EXAMPLE|workstation=928WIN95|status=0",
            ),
            (
                "11/20 09:15:00 [CRITICAL] [1044] NlPrintRpcDebug: Couldn't get EEInfo for I_NetLogonSamLogonEx: 1761",
                "2026-11-20T08:15:00.000000000Z",
                "category=CRITICAL|thread=1044",
            ),
            ("11/20 09:15:00 Rotating", "2026-11-20T08:15:00.000000000Z", ""),
        ] {
            assert_eq!(read(line), (time.to_owned(), fields.to_owned()), "{line}");
        }
    }

    /// Scenario: lines of this log and of others.
    /// Guarantees: only the former are recognised.
    #[test]
    fn lines_are_recognised() {
        assert!(looks_like_line(b"11/20 09:15:00 [CRITICAL] x"));
        assert!(looks_like_line(b"[LOGON] SamLogon: x"));
        for other in ["[INFO] x", "11/20 09:15:00 x", "13/20 09:15:00 [LOGON] x", "[1] x"] {
            assert!(!looks_like_line(other.as_bytes()), "{other}");
        }
    }
}
