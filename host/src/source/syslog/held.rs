//! Bytes of unfinished messages, bounded over all connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Every connection may hold so much whatever the others hold.
const BYTES_FREE: usize = 8 << 10;

/// What all connections together may hold beyond their free part.
#[derive(Debug)]
pub(super) struct Budget {
    left: AtomicUsize,
}

impl Budget {
    pub(super) fn new(bytes_max: usize) -> Arc<Self> {
        Arc::new(Self { left: AtomicUsize::new(bytes_max) })
    }

    fn try_take(&self, bytes: usize) -> bool {
        let take = |left: usize| left.checked_sub(bytes);
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
    }

    fn give_back(&self, bytes: usize) {
        self.left.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// What one connection holds.
#[derive(Debug)]
pub(super) struct Held {
    bytes: Vec<u8>,
    reserved: usize,
    budget: Arc<Budget>,
}

impl Held {
    pub(super) fn new(budget: &Arc<Budget>) -> Self {
        Self { bytes: Vec::new(), reserved: 0, budget: Arc::clone(budget) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The bytes, to go on with; they stay reserved until the next [`Self::keep`].
    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }

    /// Keeps bytes, or gives them back when there is no room for them.
    pub(super) fn keep(&mut self, mut bytes: Vec<u8>) -> Result<(), Vec<u8>> {
        let needed = if bytes.len() > BYTES_FREE { bytes.len() } else { 0 };
        if needed > self.reserved && !self.budget.try_take(needed - self.reserved) {
            self.release();
            return Err(bytes);
        }
        if needed < self.reserved {
            self.budget.give_back(self.reserved - needed);
        }
        self.reserved = needed;
        // What one long message needed is not kept for short ones.
        if bytes.capacity() > bytes.len().saturating_mul(2).max(BYTES_FREE) {
            bytes.shrink_to_fit();
        }
        self.bytes = bytes;
        Ok(())
    }

    fn release(&mut self) {
        self.budget.give_back(std::mem::take(&mut self.reserved));
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.release();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: two connections hold more than there is room for.
    /// Guarantees: the second is refused until the first lets go; small parts are free.
    #[test]
    fn what_is_held_is_bounded() {
        let budget = Budget::new(BYTES_FREE * 3);
        let (mut one, mut two) = (Held::new(&budget), Held::new(&budget));
        assert_eq!(one.keep(vec![0; BYTES_FREE * 2]), Ok(()));
        let long = vec![0; BYTES_FREE * 2];
        assert_eq!(two.keep(long.clone()), Err(long.clone()));
        assert_eq!(two.keep(vec![0; BYTES_FREE]), Ok(()));
        drop(one);
        assert_eq!(two.keep(long), Ok(()));
        assert_eq!(two.take().len(), BYTES_FREE * 2);
        assert_eq!(two.keep(Vec::new()), Ok(()));
        drop(two);
        assert_eq!(budget.left.load(Ordering::Relaxed), BYTES_FREE * 3);
    }
}
