//! A map bounded by bytes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// How much an entry deserves to stay, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Keep {
    /// Seen once: a flood is made of these.
    Once,
    /// Seen more often.
    Several,
    /// Past half of a threshold, or an open incident.
    Protected,
}

/// What the bound needs to know about a value.
pub trait Weigh {
    /// Heap bytes behind the value, about.
    fn heap_bytes(&self) -> usize;

    /// How much it deserves to stay.
    fn keep(&self) -> Keep;
}

/// A map that forgets the least worthy entries when its bytes exceed a limit.
///
/// Entries are weighed when [`BoundedMap::touch`]ed. Eviction sorts once and
/// frees an eighth of the limit, so its cost per insertion stays small, and it
/// depends only on the sequence of calls, never on hashing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BoundedMap<K: Ord, V> {
    entries: BTreeMap<K, Entry<V>>,
    bytes: usize,
    bytes_max: usize,
    evicted: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Entry<V> {
    value: V,
    last_seen: Timestamp,
    bytes: usize,
}

impl<K: Ord + Clone, V: Weigh> BoundedMap<K, V> {
    /// A map that holds about `bytes_max` bytes.
    pub fn new(bytes_max: usize) -> Self {
        Self { entries: BTreeMap::new(), bytes: 0, bytes_max, evicted: 0 }
    }

    /// Changes the bound, for a map that came out of a snapshot.
    pub fn set_bytes_max(&mut self, bytes_max: usize) {
        self.bytes_max = bytes_max;
    }

    /// The value of `key`.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key).map(|entry| &entry.value)
    }

    /// Changes the value of `key`, made by `new` when there is none, and marks it
    /// as seen at `now`. Returns what `change` returns, and the entries that had
    /// to go to make room (never `key` itself).
    pub fn touch<R>(
        &mut self,
        key: K,
        now: Timestamp,
        new: impl FnOnce() -> V,
        change: impl FnOnce(&mut V) -> R,
    ) -> (R, Vec<(K, V)>) {
        // The key is copied for a new entry alone: most are known.
        let entry = match self.entries.get_mut(&key) {
            Some(entry) => entry,
            None => self.entries.entry(key.clone()).or_insert_with(|| Entry {
                value: new(),
                last_seen: now,
                bytes: 0,
            }),
        };
        let result = change(&mut entry.value);
        entry.last_seen = entry.last_seen.max(now);
        let bytes = ENTRY_BYTES + size_of::<K>() + size_of::<Entry<V>>() + entry.value.heap_bytes();
        self.bytes = self.bytes - entry.bytes + bytes;
        entry.bytes = bytes;
        let evicted = if self.bytes > self.bytes_max { self.evict(&key) } else { Vec::new() };
        (result, evicted)
    }

    /// Changes the value of `key` if there is one; it is not weighed again.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.entries.get_mut(key).map(|entry| &mut entry.value)
    }

    /// Takes `key` out.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let entry = self.entries.remove(key)?;
        self.bytes -= entry.bytes;
        Some(entry.value)
    }

    /// Forgets every entry not seen since `before`.
    pub fn expire(&mut self, before: Timestamp) -> Vec<(K, V)> {
        let old: Vec<K> = self
            .entries
            .iter()
            .filter(|(_, entry)| entry.last_seen < before)
            .map(|(key, _)| key.clone())
            .collect();
        old.into_iter().filter_map(|key| self.remove(&key).map(|value| (key, value))).collect()
    }

    /// All entries, in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.entries.iter().map(|(key, entry)| (key, &entry.value))
    }

    /// All entries, in the order of their keys, to change.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&K, &mut V)> {
        self.entries.iter_mut().map(|(key, entry)| (key, &mut entry.value))
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many entries had to go so far.
    pub fn evicted(&self) -> u64 {
        self.evicted
    }

    fn evict(&mut self, spared: &K) -> Vec<(K, V)> {
        let mut candidates: Vec<_> = self
            .entries
            .iter()
            .filter(|(key, _)| *key != spared)
            .map(|(key, entry)| (entry.value.keep(), entry.last_seen, key))
            .collect();
        candidates.sort_unstable();
        let target = self.bytes_max - self.bytes_max / 8;
        let mut freed = 0;
        let going: Vec<K> = candidates
            .into_iter()
            .map(|(_, _, key)| key)
            .take_while(|key| {
                let enough = self.bytes - freed <= target;
                freed += self.entries[*key].bytes;
                !enough
            })
            .cloned()
            .collect();
        self.evicted += going.len() as u64;
        going.into_iter().filter_map(|key| self.remove(&key).map(|value| (key, value))).collect()
    }
}

/// What a tree node costs beside key and value, about.
const ENTRY_BYTES: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, PartialEq)]
    struct Hits(u32);

    impl Weigh for Hits {
        fn heap_bytes(&self) -> usize {
            0
        }

        fn keep(&self) -> Keep {
            match self.0 {
                0 | 1 => Keep::Once,
                2..5 => Keep::Several,
                _ => Keep::Protected,
            }
        }
    }

    fn hit(map: &mut BoundedMap<u32, Hits>, key: u32, now: Timestamp) -> usize {
        map.touch(key, now, || Hits(0), |hits| hits.0 += 1).1.len()
    }

    /// Scenario: a slow attack (5 hits) and an older acquaintance (2 hits), then a
    /// flood of a hundred thousand fresh keys.
    /// Guarantees: the bound holds, the slow attack and the acquaintance survive.
    #[test]
    fn a_flood_does_not_evict_a_slow_attack() {
        let mut map = BoundedMap::new(64 * 1024);
        for now in 0..5 {
            hit(&mut map, 1, now);
        }
        hit(&mut map, 2, 5);
        hit(&mut map, 2, 6);
        for key in 10..100_000 {
            hit(&mut map, key, i64::from(key));
        }
        assert!(map.bytes <= map.bytes_max);
        assert_eq!(map.get(&1), Some(&Hits(5)));
        assert_eq!(map.get(&2), Some(&Hits(2)));
        assert!(map.len() < 2_000 && map.evicted() > 90_000);
    }

    /// Scenario: nothing but protected entries, and too many of them.
    /// Guarantees: the bound still holds; the oldest go first.
    #[test]
    fn the_bound_holds_when_all_are_protected() {
        let mut map = BoundedMap::new(4 * 1024);
        for key in 0..1_000 {
            let (found, evicted) = map.touch(key, i64::from(key), || Hits(9), |hits| hits.0);
            assert_eq!(found, 9);
            assert!(evicted.iter().all(|(gone, _)| *gone < key));
        }
        assert!(map.bytes <= map.bytes_max);
        assert!(map.get(&999).is_some() && map.get(&0).is_none());
    }

    /// Scenario: entries of different ages expire.
    /// Guarantees: the bytes of what expires are given back.
    #[test]
    fn expiry_gives_bytes_back() {
        let mut map = BoundedMap::new(1 << 20);
        for key in 0..10 {
            hit(&mut map, key, i64::from(key));
        }
        assert_eq!(map.expire(5).len(), 5);
        assert_eq!(map.expire(100).len(), 5);
        assert_eq!((map.bytes, map.len()), (0, 0));
    }
}
