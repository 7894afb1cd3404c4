//! All that the detector remembers, within its bound of bytes.

use logwasp_sdk::state::{BoundedMap, Keep, Ring, Timers, Weigh};
use logwasp_sdk::time::{DAY, HOUR, MINUTE};
use logwasp_sdk::{Hosts, Timestamp};
use serde::{Deserialize, Serialize};

use crate::client::Anonymous;
use crate::coverage::Coverage;
use crate::sources::Sources;
use crate::storm::Storm;
use crate::user::User;

/// Failures without a user remembered of one server.
const ANONYMOUS_MAX: usize = 512;
/// How long an account is remembered: a password change explains a lockout for
/// two weeks.
const USER_KEPT: i64 = 14 * DAY;
/// How long sources, servers and their logs are remembered.
const SERVER_KEPT: i64 = DAY;
/// How long a POP3 session may last between USER and PASS.
const SESSION_KEPT: i64 = 15 * MINUTE;
/// How often what is too old is forgotten.
const SWEEP_EVERY: i64 = HOUR;

/// The state.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct State {
    /// Accounts.
    pub users: BoundedMap<String, User>,
    /// Accounts by source.
    pub sources: Sources,
    /// Failures that do not name the user, by server; empty for an unknown one.
    pub anonymous: BoundedMap<String, AnonymousFailures>,
    /// Exchange servers, named by the operator or learned.
    pub exchange: Hosts,
    /// Which logs were read.
    pub coverage: Coverage,
    /// The user that a POP3 session named, by server and session.
    pub pop_sessions: BoundedMap<(String, String), PopUser>,
    /// Lockouts told together.
    pub(crate) storm: Storm,
    /// Accounts for which something is due; none for what concerns them all.
    pub timers: Timers<String>,
    swept: Timestamp,
}

/// Failures on one server that do not name the user, the newest.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AnonymousFailures {
    /// The newest last.
    pub newest: Ring<Anonymous>,
}

/// A user named before the password.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PopUser {
    /// As the client wrote it.
    pub name: String,
}

impl Default for State {
    fn default() -> Self {
        Self {
            users: BoundedMap::new(0),
            sources: Sources::new(0),
            anonymous: BoundedMap::new(0),
            exchange: Hosts::default(),
            coverage: Coverage::new(0),
            pop_sessions: BoundedMap::new(0),
            storm: Storm::default(),
            timers: Timers::default(),
            swept: Timestamp::MIN,
        }
    }
}

impl State {
    /// Divides the bound: most for accounts, a part for each other map.
    pub fn set_bytes_max(&mut self, bytes_max: usize) {
        let sixteenth = bytes_max / 16;
        self.users.set_bytes_max(10 * sixteenth);
        self.sources.set_bytes_max(3 * sixteenth);
        self.anonymous.set_bytes_max(sixteenth);
        self.coverage.set_bytes_max(sixteenth);
        self.pop_sessions.set_bytes_max(sixteenth);
    }

    /// Takes in a failure that does not name the user.
    pub fn failed_anonymously(&mut self, server: &str, failure: Anonymous) {
        let new = || AnonymousFailures { newest: Ring::new(ANONYMOUS_MAX) };
        self.anonymous.touch(server.to_owned(), failure.at, new, |known| {
            known.newest.push(failure);
        });
    }

    /// Forgets what is too old, now and then. Returns accounts that go, for a last
    /// word about them.
    pub fn sweep(&mut self, now: Timestamp) -> Vec<(String, User)> {
        if now.saturating_sub(self.swept) < SWEEP_EVERY {
            return Vec::new();
        }
        self.swept = now;
        let before = |kept: i64| now.saturating_sub(kept);
        self.sources.expire(before(SERVER_KEPT));
        self.anonymous.expire(before(SERVER_KEPT));
        self.coverage.expire(before(SERVER_KEPT));
        self.pop_sessions.expire(before(SESSION_KEPT));
        self.users.expire(before(USER_KEPT))
    }
}

impl Weigh for AnonymousFailures {
    fn heap_bytes(&self) -> usize {
        self.newest.heap_bytes()
    }

    fn keep(&self) -> Keep {
        if self.newest.len() > 1 { Keep::Several } else { Keep::Once }
    }
}

impl Weigh for PopUser {
    fn heap_bytes(&self) -> usize {
        self.name.len()
    }

    fn keep(&self) -> Keep {
        Keep::Once
    }
}
