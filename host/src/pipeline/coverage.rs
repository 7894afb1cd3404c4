//! Coverage: what was read of whom, so that a detector can tell "no line named the
//! user" from "no log was read".

use std::collections::BTreeMap;

use bumpalo::Bump;
use logwasp_core::event::{Event, Kind, Value};
use logwasp_core::probe::Probe;
use logwasp_core::time::{HOUR, TimeQuality};

/// Whose log of which kind.
type Whose = (String, Kind, Option<String>);

/// A time this far after a file's modification was never written by its clock.
pub(crate) const FUTURE_SKEW_MAX: i64 = 26 * HOUR;

/// Hosts of one stream at most: a collector's file may hold thousands, and probes
/// see one record in 64 KiB.
pub(crate) const HOSTS_MAX: usize = 65_536;

/// True for a server's requests to itself, which are no one's log.
pub(crate) fn is_loopback(host: &str) -> bool {
    host == "::1" || host.starts_with("127.")
}

/// What the probes of one stream prove.
#[derive(Debug)]
pub(super) struct Coverage {
    reference_nanos: i64,
    spans: BTreeMap<Whose, Span>,
    oldest: Option<i64>,
    newest: Option<i64>,
    future: u64,
}

#[derive(Debug, Clone, Copy)]
struct Span {
    from: i64,
    to: i64,
    is_exchange: bool,
}

impl Coverage {
    /// Nothing is proved yet. `reference_nanos` is the time of the file.
    pub(super) fn new(reference_nanos: i64) -> Self {
        Self { reference_nanos, spans: BTreeMap::new(), oldest: None, newest: None, future: 0 }
    }

    /// Takes a probe in. Times that are inherited prove nothing, nor do those from
    /// the future; requests of a server to itself are no one's log.
    pub(super) fn probe(&mut self, probe: &Probe) {
        if probe.time_quality >= TimeQuality::Inherited {
            return;
        }
        if probe.time > self.reference_nanos.saturating_add(FUTURE_SKEW_MAX) {
            self.future += 1;
            return;
        }
        self.newest = self.newest.max(Some(probe.time));
        self.oldest = Some(self.oldest.map_or(probe.time, |oldest| oldest.min(probe.time)));
        let whose = (probe.host.clone(), probe.kind, probe.direction.clone());
        if is_loopback(&probe.host)
            || (self.spans.len() >= HOSTS_MAX && !self.spans.contains_key(&whose))
        {
            return;
        }
        let span = self.spans.entry(whose).or_insert(Span {
            from: probe.time,
            to: probe.time,
            is_exchange: false,
        });
        span.from = span.from.min(probe.time);
        span.to = span.to.max(probe.time);
        span.is_exchange |= probe.is_exchange;
    }

    /// The oldest probed time.
    pub(super) fn oldest(&self) -> Option<i64> {
        self.oldest
    }

    /// The newest probed time.
    pub(super) fn newest(&self) -> Option<i64> {
        self.newest
    }

    /// Probes whose time lies in the future.
    pub(super) fn future(&self) -> u64 {
        self.future
    }

    /// Hands one event of kind `coverage` for each host and kind to `give`.
    pub(super) fn events(&self, source: &str, mut give: impl for<'c> FnMut(&Event<'c>, &'c Bump)) {
        for ((host, kind, direction), span) in &self.spans {
            let arena = Bump::new();
            let mut event = Event::default();
            let whose = (host.as_str(), *kind, direction.as_deref());
            fill(&mut event, &arena, whose, (span.from, span.to), span.is_exchange, source);
            give(&event, &arena);
        }
    }
}

/// The event that says: of this host, kind and direction everything between two
/// times was read.
pub(crate) fn fill<'c>(
    event: &mut Event<'c>,
    arena: &'c Bump,
    (host, kind, direction): (&'c str, Kind, Option<&'c str>),
    (from, to): (i64, i64),
    is_exchange: bool,
    source: &'c str,
) {
    event.reset(Kind::Coverage, b"");
    event.set_time((from, TimeQuality::Exact));
    event.host = Some(host).filter(|host| !host.is_empty()).map(text);
    event.push(b"kind", text(kind.name()));
    event.push(b"from", text(arena.alloc_str(&from.to_string())));
    event.push(b"to", text(arena.alloc_str(&to.to_string())));
    event.push(b"source", text(source));
    if let Some(direction) = direction {
        event.push(b"direction", text(direction));
    }
    if is_exchange {
        event.push(b"exchange", text("true"));
    }
}

fn text(text: &str) -> Value<'_> {
    Value::plain(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probe(host: &str, time: i64, is_exchange: bool) -> Probe {
        Probe {
            kind: Kind::Iis,
            time,
            time_quality: TimeQuality::Exact,
            host: host.to_owned(),
            direction: None,
            is_exchange,
        }
    }

    /// Scenario: probes of two hosts, out of order, one from the future, one that a
    /// server sent to itself.
    /// Guarantees: one span a host; the future and loopback prove nothing.
    #[test]
    fn probes_become_spans() {
        let mut coverage = Coverage::new(1_000);
        for probe in [
            probe("a", 500, false),
            probe("a", 100, true),
            probe("b", 300, false),
            probe("::1", 900, true),
            probe("a", 1_001 + FUTURE_SKEW_MAX, false),
        ] {
            coverage.probe(&probe);
        }
        let mut seen = Vec::new();
        coverage.events("x.log", |event, arena| {
            let field = |name: &[u8]| {
                let value = event.field(name).map(|value| value.text(arena));
                String::from_utf8_lossy(value.unwrap_or_default()).into_owned()
            };
            let host = event.host.map(|host| host.spelled()).unwrap_or_default();
            let host = String::from_utf8_lossy(host).into_owned();
            seen.push(format!(
                "{host} {}..{} {}",
                field(b"from"),
                field(b"to"),
                field(b"exchange")
            ));
        });
        assert_eq!(seen, ["a 100..500 true", "b 300..300 "]);
        assert_eq!((coverage.oldest(), coverage.newest()), (Some(100), Some(900)));
        assert_eq!(coverage.future(), 1);
    }
}
