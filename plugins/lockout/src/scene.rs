//! What a verdict looks at. Nothing here changes while one is made.

use logwasp_sdk::Timestamp;

use crate::client::Refusal;
use crate::config::Config;
use crate::failure::Failure;
use crate::inventory::Inventory;
use crate::lock::Lock;
use crate::place::Place;
use crate::state::State;
use crate::user::User;

/// One lockout with all that may explain it.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// The options.
    pub config: &'a Config,
    /// The site.
    pub inventory: &'a Inventory,
    /// What is known beside the account.
    pub state: &'a State,
    /// The account's key.
    pub account: &'a str,
    /// What is known of the account.
    pub user: &'a User,
    /// Its lockout.
    pub lock: &'a Lock,
}

impl<'a> Scene<'a> {
    /// Where the look-back begins.
    pub fn from(&self) -> Timestamp {
        self.lock.at.saturating_sub(self.config.lookback.nanos())
    }

    /// Where the settling time ends.
    pub fn until(&self) -> Timestamp {
        self.lock.at.saturating_add(self.config.settle.nanos())
    }

    /// True for a moment between [`Scene::from`] and [`Scene::until`].
    pub fn covers(&self, at: Timestamp) -> bool {
        (self.from()..=self.until()).contains(&at)
    }

    /// All failures remembered up to [`Scene::until`], oldest first: late rows
    /// come out of order.
    pub fn history(&self) -> Vec<&'a Failure> {
        let failures = self.user.failures.iter().filter(|failure| failure.at <= self.until());
        let mut failures: Vec<&Failure> = failures.collect();
        failures.sort_by_key(|failure| (failure.at, failure.record));
        failures
    }

    /// The failures that led to the lockout, oldest first.
    pub fn failures(&self) -> Vec<&'a Failure> {
        let mut failures = self.history();
        failures.retain(|failure| self.covers(failure.at) && failure.counts());
        failures
    }

    /// Refusals by any service in the look-back, as logged by the servers.
    pub fn refusals(&self) -> impl Iterator<Item = &'a Refusal> {
        let scene = *self;
        let user = self.user;
        user.http
            .iter()
            .chain(user.mailbox.iter())
            .chain(user.smtp.iter())
            .filter(move |refusal| scene.covers(refusal.at))
    }

    /// One key for a machine, whether records name it or give its address.
    pub fn machine_key(&self, place: &Place) -> String {
        let known = self.state.exchange.canonical(&place.key);
        known
            .or_else(|| self.inventory.relays().canonical(&place.key))
            .unwrap_or_else(|| place.key.clone())
    }
}
