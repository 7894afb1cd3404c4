//! Checkpoint: what `run` must not forget, in one transactional store.
//!
//! What it promises: a commit is all or nothing, also when the power goes in the
//! middle of a write; what a commit returned for is on disk; an alert (id and
//! revision) enters the outbox once; an alert leaves the outbox when every sink has
//! it, or was told to give it up.
//!
//! # How the engine uses it
//!
//! 1. [`Store::open`], then [`Store::set_detectors`] and [`Store::set_sinks`] with
//!    the names of the config.
//! 2. [`Store::recover`]: start each detector with its snapshot and the incidents
//!    of that snapshot, feed it [`Store::journal_from`] its place, commit the alerts
//!    it raises: those that were recorded before are dropped as repeats.
//! 3. [`Store::commit`] every interval; [`Store::snapshot`] when a detector's
//!    journal has grown. While [`Committed::full`] names a sink, nothing more is
//!    taken from the sources until [`Store::full_sink`] is `None`.
//! 4. A sink takes [`Store::pending`], delivers, then calls [`Store::acknowledge`].
//!
//! Open incidents are kept as of the snapshot, not as of the last commit: the
//! journal is fed again from the snapshot on, and only the incidents of that moment
//! make the replayed alerts get the same ids and revisions.
//!
//! # The files
//!
//! `state_dir` holds `lock`, an empty file but for the pid of its owner, locked
//! with `flock`; and `state.redb`, a [redb](https://docs.rs/redb) database (its own
//! file format is in redb's `docs/design.md`) with these tables; `state.redb.new` is
//! one that was never finished. Integers are u64,
//! times i64 nanoseconds since the Unix epoch.
//!
//! | table | key | value |
//! |---|---|---|
//! | `meta` | name | `format`, `journal_next`, `outbox_next`, `dead_letters_next`, `dead_letters_dropped` |
//! | `positions` | key of the source | position, in the source's own encoding |
//! | `journal` | sequence | row or advance, in the engine's encoding |
//! | `detectors` | name | (first journal sequence that its state has not seen, state or none) |
//! | `incidents` | (detector, key) | (id, revision), as of the detector's state |
//! | `recorded` | (detector, alert id, revision) | journal sequence behind the rows that raised it |
//! | `outbox` | sequence | (alert id, revision, time of the commit, alert) |
//! | `sinks` | name | (first outbox sequence not delivered, bytes from there on, entries given up) |
//! | `dead_letters` | sequence | (sink, alert id, revision, time, reason, alert) |
//!
//! `format` is 1. A store of a higher format is refused; a lower one is brought up
//! when it is opened, once there is one.

#[cfg(test)]
mod crash_tests;
mod inspect;
mod open;
mod outbox;
#[cfg(test)]
pub(crate) mod power_cut;
mod recorded;
mod recover;
mod store;
mod tables;
#[cfg(test)]
pub(crate) mod tests;

pub use inspect::{Checked, DetectorShown, Shown, SinkShown};
pub use open::{DATABASE, holder};
pub use outbox::{Backlog, OnFull, Outgoing, SinkBound};
pub use recover::{Journal, Recovered, RecoveredDetector};
pub use store::{Commit, Committed, NewAlert, Snapshot, Store};
