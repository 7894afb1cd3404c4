//! Deadlines in event time.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// Deadlines with what is due, in order. The same pair is held once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timers<T: Ord> {
    due: BTreeSet<(Timestamp, T)>,
}

impl<T: Ord> Default for Timers<T> {
    fn default() -> Self {
        Self { due: BTreeSet::new() }
    }
}

impl<T: Ord> Timers<T> {
    /// Makes `what` due at `at`.
    pub fn set(&mut self, at: Timestamp, what: T) {
        self.due.insert((at, what));
    }

    /// Takes back what `set` said.
    pub fn clear(&mut self, at: Timestamp, what: T) {
        self.due.remove(&(at, what));
    }

    /// The earliest deadline.
    pub fn deadline(&self) -> Option<Timestamp> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Takes the next thing that is due at or before `now`.
    pub fn pop(&mut self, now: Timestamp) -> Option<T> {
        if self.deadline()? > now {
            return None;
        }
        self.due.pop_first().map(|(_, what)| what)
    }

    /// Takes everything, in order of its deadlines, for the end of input.
    pub fn drain(&mut self) -> Vec<(Timestamp, T)> {
        std::mem::take(&mut self.due).into_iter().collect()
    }

    /// How many deadlines are pending.
    pub fn len(&self) -> usize {
        self.due.len()
    }

    /// True when nothing is pending.
    pub fn is_empty(&self) -> bool {
        self.due.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: deadlines set out of order, one taken back.
    /// Guarantees: they come in order, and not before their time.
    #[test]
    fn deadlines_come_in_order() {
        let mut timers = Timers::default();
        timers.set(30, "late");
        timers.set(10, "early");
        timers.set(20, "never");
        timers.clear(20, "never");
        assert_eq!(timers.deadline(), Some(10));
        assert_eq!(timers.pop(9), None);
        assert_eq!((timers.pop(10), timers.pop(29)), (Some("early"), None));
        assert_eq!(timers.drain(), [(30, "late")]);
    }
}
