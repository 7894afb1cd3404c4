//! The newest few of something.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// Keeps the newest `capacity` items; grows on demand up to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ring<T> {
    items: VecDeque<T>,
    capacity: usize,
}

impl<T> Ring<T> {
    /// An empty ring of at most `capacity` items.
    pub fn new(capacity: usize) -> Self {
        Self { items: VecDeque::new(), capacity }
    }

    /// Adds an item; returns the one that had to go.
    pub fn push(&mut self, item: T) -> Option<T> {
        let oldest = if self.items.len() >= self.capacity { self.items.pop_front() } else { None };
        self.items.push_back(item);
        oldest
    }

    /// Drops items from the old end while `old` says so.
    pub fn drop_while(&mut self, mut old: impl FnMut(&T) -> bool) {
        while self.items.front().is_some_and(&mut old) {
            self.items.pop_front();
        }
    }

    /// Oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> + ExactSizeIterator {
        self.items.iter()
    }

    /// Oldest first, to change.
    pub fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut T> {
        self.items.iter_mut()
    }

    /// The newest item.
    pub fn newest(&self) -> Option<&T> {
        self.items.back()
    }

    /// The oldest item.
    pub fn oldest(&self) -> Option<&T> {
        self.items.front()
    }

    /// How many items there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.items.clear();
    }

    /// Heap bytes of the ring itself, without what its items point to.
    pub fn heap_bytes(&self) -> usize {
        self.items.capacity() * size_of::<T>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: more items than fit, then the old ones are dropped.
    /// Guarantees: the newest stay, in order.
    #[test]
    fn the_newest_stay() {
        let mut ring = Ring::new(3);
        assert_eq!((1..=5).filter_map(|n| ring.push(n)).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(ring.iter().copied().collect::<Vec<_>>(), [3, 4, 5]);
        ring.drop_while(|n| *n < 5);
        assert_eq!((ring.oldest(), ring.newest(), ring.len()), (Some(&5), Some(&5), 1));
    }
}
