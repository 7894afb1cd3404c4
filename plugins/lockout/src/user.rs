//! What is remembered of one account.

use logwasp_sdk::Timestamp;
use logwasp_sdk::state::{Keep, Ring, Weigh};
use logwasp_sdk::time::MINUTE;
use logwasp_sdk::windows::FailureClass;
use serde::{Deserialize, Serialize};

use crate::client::{Refusal, Service};
use crate::config::{Config, IMPLIED_WINDOW, LOCK_KNOWN};
use crate::failure::{Failure, Reported, attempts};
use crate::incident::Incident;
use crate::lock::Lock;

/// Failures and refusals remembered of one account, each kind.
const FAILURES_MAX: usize = 64;
/// Refusals of the HTTP proxy, which only name a device.
const PROXIED_MAX: usize = 8;
/// Lockouts counted for `locks_24h`.
const LOCKS_MAX: usize = 128;
/// Incidents that an unlock can close.
const INCIDENTS_MAX: usize = 4;
/// A wrong password is weighed again this long after an implied lockout: until
/// then the reports of several machines may cross.
const CROSSING: i64 = MINUTE;

/// One account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct User {
    /// Its domain as last named by a record, empty when unknown.
    pub domain: String,
    /// Failed logons that Windows reported.
    pub failures: Ring<Failure>,
    /// Refusals of the web server.
    pub http: Ring<Refusal>,
    /// Refusals of IMAP and POP.
    pub mailbox: Ring<Refusal>,
    /// Refusals of SMTP AUTH.
    pub smtp: Ring<Refusal>,
    /// Refusals that the HTTP proxy logged.
    pub proxied: Ring<Refusal>,
    /// When its password was last changed.
    pub password_changed: Option<Timestamp>,
    /// Lockouts whose settling time is not over.
    pub pending: Vec<Lock>,
    /// Lockouts told of, the newest last.
    pub incidents: Vec<Incident>,
    /// When it was locked out.
    pub locks: Ring<Timestamp>,
    /// The lockout that holds as far as is known.
    held: Option<Held>,
    /// When a domain controller last reported a lockout.
    reported: Option<Timestamp>,
    /// When the last lockout ended.
    freed: Option<Timestamp>,
}

/// A lockout that nothing has ended yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Held {
    at: Timestamp,
    implied: bool,
}

impl Default for User {
    fn default() -> Self {
        Self {
            domain: String::new(),
            failures: Ring::new(FAILURES_MAX),
            http: Ring::new(FAILURES_MAX),
            mailbox: Ring::new(FAILURES_MAX),
            smtp: Ring::new(FAILURES_MAX),
            proxied: Ring::new(PROXIED_MAX),
            password_changed: None,
            pending: Vec::new(),
            incidents: Vec::new(),
            locks: Ring::new(LOCKS_MAX),
            held: None,
            reported: None,
            freed: None,
        }
    }
}

impl User {
    /// Takes in a failed logon.
    pub fn failed(&mut self, mut failure: Failure) {
        // "Revoked" (0x12) means disabled, expired or locked; a known lockout
        // tells which.
        let revoked =
            failure.reported() == Reported::Kerberos && failure.class == FailureClass::Disabled;
        if revoked && self.is_locked(failure.at) {
            failure.class = FailureClass::Locked;
        }
        // While an account is locked its passwords are not even weighed: a wrong
        // one says that an implied lockout is over.
        let crossed = |held: Held| held.implied && failure.at - held.at > CROSSING;
        if failure.class == FailureClass::BadPassword && self.held.is_some_and(crossed) {
            self.free(failure.at);
        }
        self.failures.push(failure);
    }

    /// Takes in a refusal.
    pub fn refused(&mut self, refusal: Refusal) {
        let ring = match refusal.service {
            Service::Smtp => &mut self.smtp,
            Service::Imap | Service::Pop => &mut self.mailbox,
            _ => &mut self.http,
        };
        ring.push(refusal);
    }

    /// Takes in a report of a lockout that is known already. Returns false when it
    /// is news.
    pub fn copy_of(&mut self, lock: &Lock, dup_window: i64) -> bool {
        let is_copy = |known: &&mut Lock| known.is_copy(lock, dup_window);
        // What was implied moments ago is reported now.
        let pending = self.pending.iter_mut().rev().find(|known| known.implied || is_copy(known));
        let mut told = self.incidents.iter_mut().rev().map(|told| &mut told.lock);
        let Some(known) = pending.or_else(|| told.find(is_copy)) else { return false };
        known.merge(lock.clone());
        self.hold(lock.at, false);
        true
    }

    /// Takes in a lockout that is no copy of a known one.
    pub fn locked(&mut self, at: Timestamp, implied: bool) {
        self.locks.push(at);
        self.hold(at, implied);
    }

    fn hold(&mut self, at: Timestamp, implied: bool) {
        if !implied {
            self.reported = self.reported.max(Some(at));
        }
        let is_newest = self.held.is_none_or(|held| held.at <= at);
        if is_newest && self.freed.is_none_or(|freed| freed < at) {
            self.held = Some(Held { at, implied });
        }
    }

    /// The account is not locked any more.
    pub fn free(&mut self, at: Timestamp) {
        self.held = self.held.filter(|held| held.at > at);
        self.freed = self.freed.max(Some(at));
    }

    /// True while a lockout is known to hold.
    fn is_locked(&self, at: Timestamp) -> bool {
        self.held.is_some_and(|held| at - held.at < LOCK_KNOWN)
    }

    /// True when the failures up to `at` make a lockout certain that no domain
    /// controller reported.
    pub fn is_lock_implied(&self, at: Timestamp, config: &Config) -> bool {
        let reported = self.reported.is_some_and(|lock| at - lock < LOCK_KNOWN);
        !reported && !self.is_locked(at) && self.locked_attempts(at) >= config.implied_min as usize
    }

    /// Attempts refused as "locked" within [`IMPLIED_WINDOW`] before `at`.
    pub(crate) fn locked_attempts(&self, at: Timestamp) -> usize {
        let recent = |time: Timestamp, class: FailureClass| {
            class == FailureClass::Locked
                && (0..=IMPLIED_WINDOW).contains(&(at - time))
                && self.freed.is_none_or(|freed| time > freed)
        };
        let logons = self.failures.iter().filter(|failure| recent(failure.at, failure.class));
        let http = self.http.iter().filter(|refusal| recent(refusal.at, refusal.class));
        // Windows may report what the web server refused as well.
        attempts(logons).len().max(http.count())
    }

    /// Failed logons and refusals since a time.
    pub(crate) fn failures_since(&self, from: Timestamp) -> usize {
        let rings = [&self.http, &self.mailbox, &self.smtp];
        let refusals = rings.into_iter().flat_map(Ring::iter).filter(|refusal| refusal.at >= from);
        let logons = self.failures.iter().filter(|failure| failure.at >= from);
        logons.count().max(refusals.count())
    }

    /// When a domain controller last reported a lockout.
    pub(crate) fn reported(&self) -> Option<Timestamp> {
        self.reported
    }

    /// Lockouts in the 24 hours up to `at`.
    pub fn locks_until(&self, at: Timestamp) -> usize {
        self.locks.iter().filter(|&&lock| lock <= at && at - lock < LOCK_KNOWN).count()
    }

    /// Remembers what was told, the newest.
    pub fn remember(&mut self, mut incidents: Vec<Incident>) {
        incidents.drain(..incidents.len().saturating_sub(INCIDENTS_MAX));
        self.incidents = incidents;
    }
}

impl Weigh for User {
    fn heap_bytes(&self) -> usize {
        let rings = [&self.http, &self.mailbox, &self.smtp, &self.proxied];
        let refusals: usize = rings
            .iter()
            .map(|ring| ring.heap_bytes() + ring.iter().map(Refusal::heap_bytes).sum::<usize>())
            .sum();
        let failures: usize = self.failures.iter().map(Failure::heap_bytes).sum();
        let pending: usize =
            self.pending.iter().map(|lock| size_of::<Lock>() + lock.heap_bytes()).sum();
        let incidents: usize = self.incidents.iter().map(Incident::bytes).sum();
        self.domain.len()
            + self.failures.heap_bytes()
            + failures
            + refusals
            + pending
            + incidents
            + self.locks.heap_bytes()
    }

    fn keep(&self) -> Keep {
        let rows = self.failures.len() + self.http.len() + self.mailbox.len() + self.smtp.len();
        if !self.pending.is_empty() || !self.incidents.is_empty() || self.held.is_some() {
            Keep::Protected
        } else if rows > 1 {
            Keep::Several
        } else {
            Keep::Once
        }
    }
}
