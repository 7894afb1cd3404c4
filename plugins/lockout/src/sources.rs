//! Which accounts a source failed for: one account is a forgotten password, many
//! are guesses.

use std::collections::BTreeMap;

use logwasp_sdk::Timestamp;
use logwasp_sdk::state::{BoundedMap, Keep, Weigh};
use serde::{Deserialize, Serialize};

/// Accounts remembered of one source.
const ACCOUNTS_MAX: usize = 256;
/// Half of the default of `spray_users`: such a source is worth keeping.
const SUSPICIOUS_ACCOUNTS: usize = 3;

/// Sources - addresses, machine names, devices - with their accounts.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sources {
    by_key: BoundedMap<String, Source>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Source {
    accounts: BTreeMap<String, Touch>,
    text_bytes: usize,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Touch {
    failed: Timestamp,
    locked: Option<Timestamp>,
}

impl Sources {
    /// Remembers within `bytes_max`.
    pub fn new(bytes_max: usize) -> Self {
        Self { by_key: BoundedMap::new(bytes_max) }
    }

    /// Changes the bound.
    pub fn set_bytes_max(&mut self, bytes_max: usize) {
        self.by_key.set_bytes_max(bytes_max);
    }

    /// The source failed for the account.
    pub fn failed(&mut self, source: &str, account: &str, at: Timestamp) {
        self.touch(source, account, at, |touch| touch.failed = touch.failed.max(at));
    }

    /// The source locked the account.
    pub fn locked(&mut self, source: &str, account: &str, at: Timestamp) {
        self.touch(source, account, at, |touch| {
            touch.failed = touch.failed.max(at);
            touch.locked = touch.locked.max(Some(at));
        });
    }

    fn touch(
        &mut self,
        source: &str,
        account: &str,
        at: Timestamp,
        change: impl FnOnce(&mut Touch),
    ) {
        self.by_key.touch(source.to_owned(), at, Source::default, |known| {
            change(known.account(account, at));
        });
    }

    /// How many accounts it failed for since `from`.
    pub fn accounts_failed(&self, source: &str, from: Timestamp) -> usize {
        self.count(source, |_, touch| touch.failed >= from)
    }

    /// How many accounts it locked since `from`.
    pub fn accounts_locked(&self, source: &str, from: Timestamp) -> usize {
        self.count(source, |_, touch| touch.locked.is_some_and(|at| at >= from))
    }

    /// True when it locked the account since `from`.
    pub fn has_locked(&self, source: &str, account: &str, from: Timestamp) -> bool {
        let is_locked = |touch: &Touch| touch.locked.is_some_and(|at| at >= from);
        self.count(source, |other, touch| other == account && is_locked(touch)) > 0
    }

    /// True when it failed for another account than this one since `from`.
    pub fn is_shared(&self, source: &str, account: &str, from: Timestamp) -> bool {
        self.count(source, |other, touch| other != account && touch.failed >= from) > 0
    }

    fn count(&self, source: &str, test: impl Fn(&str, &Touch) -> bool) -> usize {
        self.by_key.get(&source.to_owned()).map_or(0, |known| {
            known.accounts.iter().filter(|(account, touch)| test(account, touch)).count()
        })
    }

    /// Forgets what did nothing since `before`.
    pub fn expire(&mut self, before: Timestamp) {
        self.by_key.expire(before);
    }
}

impl Source {
    fn account(&mut self, account: &str, at: Timestamp) -> &mut Touch {
        if !self.accounts.contains_key(account) {
            if self.accounts.len() >= ACCOUNTS_MAX {
                self.forget_one();
            }
            self.text_bytes += account.len();
        }
        self.accounts.entry(account.to_owned()).or_insert(Touch { failed: at, locked: None })
    }

    /// Forgets the account that failed longest ago, a locked one last.
    fn forget_one(&mut self) {
        let oldest = self
            .accounts
            .iter()
            .min_by_key(|(_, touch)| (touch.locked, touch.failed))
            .map(|(account, _)| account.clone());
        if let Some(account) = oldest {
            self.text_bytes -= account.len();
            self.accounts.remove(&account);
        }
    }
}

impl Weigh for Source {
    fn heap_bytes(&self) -> usize {
        const NODE_BYTES: usize = size_of::<(String, Touch)>() + 16;
        self.text_bytes + self.accounts.len() * NODE_BYTES
    }

    fn keep(&self) -> Keep {
        match self.accounts.len() {
            0 | 1 => Keep::Once,
            2..SUSPICIOUS_ACCOUNTS => Keep::Several,
            _ => Keep::Protected,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: a source that touches three accounts at different times and locks
    /// one of them.
    /// Guarantees: only what lies in the window counts; sharing means others.
    #[test]
    fn accounts_are_counted_in_the_window() {
        let mut sources = Sources::new(1 << 20);
        for (at, account) in [(0, "a"), (50, "b"), (100, "c"), (120, "a")] {
            sources.failed("kali", account, at);
        }
        sources.locked("kali", "b", 50);
        assert_eq!(
            (sources.accounts_failed("kali", 51), sources.accounts_failed("kali", 50)),
            (2, 3)
        );
        assert_eq!(sources.accounts_locked("kali", 0), 1);
        assert!(sources.is_shared("kali", "a", 100) && !sources.is_shared("kali", "a", 101));
        assert_eq!(sources.accounts_failed("other", 0), 0);
    }

    /// Scenario: one source touches ten thousand accounts after locking one, while
    /// twenty thousand other sources appear once.
    /// Guarantees: at most 256 accounts are kept, the locked one among them, and
    /// the source survives the flood.
    #[test]
    fn a_flood_is_bounded() {
        let mut sources = Sources::new(256 * 1024);
        sources.failed("kali", "victim", 0);
        sources.locked("kali", "victim", 0);
        for n in 0..10_000 {
            sources.failed("kali", &format!("user{n}"), n);
        }
        for n in 0..20_000 {
            sources.failed(&format!("10.0.{}.{}", n / 250, n % 250), "user1", 10_000 + n);
        }
        assert_eq!(sources.accounts_failed("kali", 0), ACCOUNTS_MAX);
        assert_eq!(sources.accounts_locked("kali", 0), 1);
        assert!(sources.by_key.len() < 5_000);
    }
}
