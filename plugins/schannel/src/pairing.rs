//! Which noise records belong together: the halves of one failed mapping, and
//! the SMTP session that caused it.
//!
//! Everything is first in, first out within the pair window, and nothing is
//! remembered longer than that, except sessions: their rows may be further apart.

use std::collections::VecDeque;

use logwasp_sdk::time::MINUTE;
use logwasp_sdk::{Evidence, Timestamp};
use serde::{Deserialize, Serialize};

use crate::reading::Half;

/// Records that wait for their other half. More than this within seconds is a
/// flood, in which a pair proves nothing.
const WAITING_MAX: usize = 1_024;
/// Sessions of one host that are remembered.
const SESSIONS_MAX: usize = 128;
/// How long a session is known, so that its next row is not a new session.
const SESSION_NANOS: i64 = MINUTE;

/// When a record came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrival {
    OnTime,
    /// Behind the watermark: it may join what waits, and does not wait itself.
    Late,
}

/// An SMTP session whose peer showed a certificate.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Session {
    /// Empty when the log has none.
    pub(crate) id: String,
    /// The common name of the peer's certificate.
    pub(crate) peer: String,
    pub(crate) evidence: Evidence,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Known {
    session: Session,
    /// It explains a noise record already.
    used: bool,
}

/// What waits for company.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Pairing {
    audit_failures: VecDeque<Timestamp>,
    warnings: VecDeque<Timestamp>,
    /// Failed mappings (a pair is one) without a session.
    unexplained: VecDeque<Timestamp>,
    sessions: VecDeque<Known>,
}

impl Pairing {
    /// True when `half` completes a pair; else it waits for its other half.
    pub(crate) fn pair(
        &mut self,
        half: Half,
        at: Timestamp,
        window: i64,
        arrival: Arrival,
    ) -> bool {
        let (own, other) = match half {
            Half::AuditFailure => (&mut self.audit_failures, &mut self.warnings),
            Half::Warning => (&mut self.warnings, &mut self.audit_failures),
        };
        if take_near(other, at, window) {
            return true;
        }
        if arrival == Arrival::OnTime {
            wait(own, at, window);
        }
        false
    }

    /// The session that explains a failed mapping; without one the mapping waits.
    pub(crate) fn explain(
        &mut self,
        at: Timestamp,
        window: i64,
        arrival: Arrival,
    ) -> Option<Session> {
        let near =
            |known: &&mut Known| !known.used && is_near(known.session.evidence.time, at, window);
        if let Some(known) = self.sessions.iter_mut().find(near) {
            known.used = true;
            return Some(known.session.clone());
        }
        if arrival == Arrival::OnTime {
            wait(&mut self.unexplained, at, window);
        }
        None
    }

    /// A row of a session; true when the session explains a mapping that waited.
    pub(crate) fn session(&mut self, session: &Session, window: i64, arrival: Arrival) -> bool {
        let at = session.evidence.time;
        let known = self
            .sessions
            .iter()
            .position(|known| !session.id.is_empty() && known.session.id == session.id);
        if let Some(place) = known {
            if self.sessions.get(place).is_some_and(|known| known.used) {
                return false;
            }
            self.sessions.remove(place);
        }
        let used = take_near(&mut self.unexplained, at, window);
        if arrival == Arrival::OnTime {
            self.remember(Known { session: session.clone(), used }, window);
        }
        used
    }

    fn remember(&mut self, known: Known, window: i64) {
        let oldest =
            known.session.evidence.time.saturating_sub(SESSION_NANOS.saturating_add(window));
        while self.sessions.len() >= SESSIONS_MAX
            || self.sessions.front().is_some_and(|k| k.session.evidence.time < oldest)
        {
            self.sessions.pop_front();
        }
        self.sessions.push_back(known);
    }

    /// By length, not by capacity: a snapshot must not change what is evicted.
    pub(crate) fn heap_bytes(&self) -> usize {
        let waiting = self.audit_failures.len() + self.warnings.len() + self.unexplained.len();
        let sessions: usize = self.sessions.iter().map(Known::heap_bytes).sum();
        waiting * size_of::<Timestamp>() + sessions
    }
}

impl Known {
    fn heap_bytes(&self) -> usize {
        let Session { id, peer, evidence } = &self.session;
        size_of::<Self>() + id.len() + peer.len() + evidence.summary.len()
    }
}

fn is_near(a: Timestamp, b: Timestamp, window: i64) -> bool {
    a.saturating_sub(b).saturating_abs() <= window
}

/// Takes the oldest that is near enough.
fn take_near(waiting: &mut VecDeque<Timestamp>, at: Timestamp, window: i64) -> bool {
    drop_older(waiting, at, window);
    let near = waiting.iter().position(|&then| is_near(then, at, window));
    near.is_some_and(|place| waiting.remove(place).is_some())
}

fn wait(waiting: &mut VecDeque<Timestamp>, at: Timestamp, window: i64) {
    drop_older(waiting, at, window);
    if waiting.len() >= WAITING_MAX {
        waiting.pop_front();
    }
    waiting.push_back(at);
}

fn drop_older(waiting: &mut VecDeque<Timestamp>, at: Timestamp, window: i64) {
    let oldest = at.saturating_sub(window);
    while waiting.front().is_some_and(|&then| then < oldest) {
        waiting.pop_front();
    }
}
