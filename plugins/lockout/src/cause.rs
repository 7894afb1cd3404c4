//! Why it happened, how bad it is, how sure that is.

use std::collections::BTreeSet;

use logwasp_sdk::{Cadence, Confidence, Severity, Timestamp, cadence};

use crate::chain::{Attribution, Kind};
use crate::client::Service;
use crate::config::{LOCK_KNOWN, PASSWORD_RECENT, SPRAY_WINDOW};
use crate::failure::Failure;
use crate::scene::Scene;

/// Failed logons of a person before giving up, at most.
const USER_ATTEMPTS_MAX: usize = 10;
/// Logon types at a keyboard or a remote desktop.
const KEYBOARD_LOGONS: [u8; 4] = [2, 7, 10, 11];
/// So many addresses outside try one account: somebody guesses its password.
const GUESSING_ADDRESSES: usize = 3;

/// Why the account was locked out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// One source tries many accounts.
    Spraying,
    /// Many sources try one account.
    Guessing,
    /// A phone with an old password.
    StaleMobile,
    /// A program with an old password.
    StaleApp,
    /// Something with an old password: it was changed not long ago.
    StaleAfterChange,
    /// A person who mistyped or forgot it.
    UserError,
    /// The records do not tell.
    Unknown,
}

impl Cause {
    /// The attribute `cause`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Spraying | Self::Guessing => "password_guessing",
            Self::StaleMobile => "stale_credential_mobile",
            Self::StaleApp => "stale_credential_app",
            Self::StaleAfterChange => "stale_after_password_change",
            Self::UserError => "user_error",
            Self::Unknown => "unknown",
        }
    }

    /// The ATT&CK technique, for what is an attack.
    pub fn technique(self) -> Option<&'static str> {
        match self {
            Self::Spraying => Some("T1110.003"),
            Self::Guessing => Some("T1110.001"),
            _ => None,
        }
    }
}

/// A judgement of the attribution.
#[derive(Debug, Clone)]
pub struct Judgement {
    /// Why.
    pub cause: Cause,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// The rhythm of the failures.
    pub cadence: Option<Cadence>,
    /// When the password was changed, when that is recent.
    pub password_changed: Option<Timestamp>,
    /// Lockouts in 24 hours with this one.
    pub locks_24h: usize,
    /// Accounts that the source failed for in 10 minutes.
    pub accounts_failed: usize,
}

impl Judgement {
    /// Judges an attribution; `attempts` is how many failures led to the lockout.
    pub fn of(
        scene: &Scene<'_>,
        attribution: &Attribution,
        failures: &[&Failure],
        attempts: usize,
    ) -> Self {
        let cadence = cadence(&attribution.beats, scene.config.cadence_min as usize);
        let since = scene.lock.at.saturating_sub(PASSWORD_RECENT);
        let password_changed =
            scene.user.password_changed.filter(|at| (since..=scene.lock.at).contains(at));
        let locks_24h = scene.user.locks_until(scene.lock.at);
        let accounts_failed = accounts_failed(scene, attribution);
        let mut judgement = Self {
            cause: Cause::Unknown,
            severity: Severity::Medium,
            confidence: confidence(scene, attribution),
            cadence,
            password_changed,
            locks_24h,
            accounts_failed,
        };
        judgement.cause = judgement.cause(scene, attribution, failures, attempts);
        judgement.severity = judgement.severity(scene);
        judgement
    }

    /// The first cause that applies.
    fn cause(
        &self,
        scene: &Scene<'_>,
        attribution: &Attribution,
        failures: &[&Failure],
        attempts: usize,
    ) -> Cause {
        let service = attribution.client.as_ref().map(|client| client.service);
        if self.accounts_failed >= scene.config.spray_users as usize {
            Cause::Spraying
        } else if addresses_outside(scene, failures) >= GUESSING_ADDRESSES {
            Cause::Guessing
        } else if service == Some(Service::ActiveSync) {
            Cause::StaleMobile
        } else if self.cadence.is_some() || service.is_some_and(|service| !service.is_http()) {
            Cause::StaleApp
        } else if self.password_changed.is_some() {
            Cause::StaleAfterChange
        } else if attribution.kind == Kind::Workstation
            && attempts <= USER_ATTEMPTS_MAX
            && is_at_keyboard(failures)
        {
            Cause::UserError
        } else {
            Cause::Unknown
        }
    }

    fn severity(&self, scene: &Scene<'_>) -> Severity {
        let grave = scene.inventory.is_privileged(scene.account)
            || self.cause.technique().is_some()
            || self.locks_24h >= scene.config.relock_high as usize;
        match self.cause {
            _ if grave => Severity::High,
            Cause::UserError => Severity::Low,
            _ => Severity::Medium,
        }
    }
}

fn accounts_failed(scene: &Scene<'_>, attribution: &Attribution) -> usize {
    let since = scene.lock.at.saturating_sub(SPRAY_WINDOW);
    let sources = attribution.sources();
    let counts = sources.iter().map(|source| scene.state.sources.accounts_failed(source, since));
    counts.max().unwrap_or(0)
}

fn addresses_outside(scene: &Scene<'_>, failures: &[&Failure]) -> usize {
    let addresses = failures.iter().filter_map(|failure| failure.ip);
    let outside = addresses.filter(|ip| !scene.inventory.is_internal(*ip));
    outside.collect::<BTreeSet<_>>().len()
}

/// True when the failures say how the user logged on, and always at a keyboard.
fn is_at_keyboard(failures: &[&Failure]) -> bool {
    let mut types = failures.iter().map(|f| f.logon_type).filter(|&kind| kind != 0).peekable();
    types.peek().is_some() && types.all(|kind| KEYBOARD_LOGONS.contains(&kind))
}

fn confidence(scene: &Scene<'_>, attribution: &Attribution) -> Confidence {
    let since = scene.lock.at.saturating_sub(LOCK_KNOWN);
    let shared = |source: &str| scene.state.sources.is_shared(source, scene.account, since);
    match attribution.kind {
        Kind::Client => Confidence::High,
        Kind::InferredClient if shared(&attribution.source()) => Confidence::Low,
        Kind::NonDomainDevice => Confidence::Low,
        _ => Confidence::Medium,
    }
}
