//! From rows to what they say: a failed logon, a refusal, a failure without a
//! user. A row that says nothing about an account that counts gives `None`.

pub(crate) mod iis;
pub(crate) mod mailbox;
pub(crate) mod smtp;
pub(crate) mod windows;

use logwasp_sdk::identity;

use crate::client::{Anonymous, Refusal};

/// Longest user agent kept.
const AGENT_BYTES_MAX: usize = 128;

/// A refusal, of a user or of nobody in particular.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The log names the user.
    User(identity::User, Refusal),
    /// It does not; the server's key and what it logged.
    Nobody(String, Anonymous),
}
