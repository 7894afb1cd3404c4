//! Book-keeping of incidents: hits are counted per key, become an alert, its
//! updates, and its end.
//!
//! A detector that looks for *too many of these in that time* writes a [`Story`]:
//! what is remembered of one key, when it is enough, and what to say about it. The
//! [`Book`] does the rest, which is the same for all: the memory limit, timers, one
//! create per cooldown, updates that are not too frequent, evidence, late rows.
//!
//! An incident stays open while hits keep coming and is closed after
//! [`Pace::quiet`] without any, or when the detector sees that it is over
//! ([`Book::recover`]). The end of the input closes nothing.

mod entry;
mod facts;
mod ledger;
#[cfg(test)]
mod tests;
mod why;

pub use facts::Facts;
pub use ledger::{Book, Hit};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::alert::{Alert, Severity};
use crate::state::Keep;
use crate::time::{Duration, Timestamp};

/// What is known about one key, and when it is enough.
pub trait Story: Serialize + DeserializeOwned {
    /// The detector's options.
    type Config;

    /// How often it may speak, and when it is over.
    fn pace(&self, config: &Self::Config) -> Pace;

    /// Whether the hits within the window that ends `now` are an incident.
    fn verdict(&mut self, now: Timestamp, config: &Self::Config) -> Verdict;

    /// Hits since the first that counts.
    fn count(&self) -> u64;

    /// Time of the first hit that counts. Evidence older than it is dropped as
    /// long as there is no incident.
    fn first_seen(&self) -> Timestamp;

    /// The alert's words: rule, confidence, title, description, remediation,
    /// entities, attributes, labels. The book sets the rest.
    fn alert(&self, key: &str, seen: &Seen, config: &Self::Config) -> Alert;

    /// Key and story that take the hit when [`OPEN_MAX`] incidents are open; it
    /// must be enough with one hit.
    fn overflow(&self, config: &Self::Config) -> (String, Self);

    /// The rule, and what was counted against what would be enough, such as `3 of 5
    /// failures within 10m`: the words of [`crate::explain()`]. Called after
    /// [`Story::verdict`], and only when somebody asked.
    fn measure(&self, config: &Self::Config) -> (String, String) {
        let _ = config;
        (String::new(), format!("{} hits", self.count()))
    }

    /// Heap bytes behind the story, about.
    fn heap_bytes(&self) -> usize;

    /// How much a story without an incident deserves to stay.
    fn keep(&self) -> Keep;
}

/// How many incidents are open at once, pending decisions apart. All of them may be told about and closed in
/// one call, to which the host sets a limit of 1,000 alerts.
pub const OPEN_MAX: usize = 300;

/// How often an incident may speak, and when it is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// At most one create of a key in this time.
    pub cooldown: Duration,
    /// News that are neither worse nor clearer wait so long.
    pub update_interval: Duration,
    /// So long without a hit ends the incident; hits older than this are forgotten.
    pub quiet: Duration,
}

/// What the hits so far amount to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    Silent,
    /// An incident at that time, unless another verdict comes before it.
    Pending(Timestamp, Severity),
    /// An incident.
    Alert(Severity),
}

/// What a story's alert is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// The first hit, as the create said.
    pub first: Timestamp,
    /// The newest hit.
    pub last: Timestamp,
    /// How many hits.
    pub count: u64,
    /// The worst so far.
    pub severity: Severity,
}
