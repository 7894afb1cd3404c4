//! What is told of decisions when somebody asks.

use logwasp_sdk::time::format_timestamp;
use logwasp_sdk::{Cell, Timestamp, explain};

use crate::config::Config;
use crate::user::User;

/// An account whose failures never count.
pub(crate) fn ignored(account: &str, because: &str) {
    explain("", account, || format!("not counted: {because}, silent"));
}

/// A failure was taken in: how far it is from an implied lockout.
pub(crate) fn failed(account: &str, user: &User, at: Timestamp, config: &Config) {
    explain("T1", account, || {
        let failures = user.failures_since(at.saturating_sub(config.lookback.nanos()));
        let reported = match user.reported() {
            Some(lock) => format!("locked out at {} as reported", format_timestamp(lock)),
            None => "no lockout reported (4740), silent".to_owned(),
        };
        format!("failures within {}: {failures}, {reported}", config.lookback)
    });
    explain("T2", account, || {
        let (seen, min) = (user.locked_attempts(at), config.implied_min);
        let counted = format!("{seen} of {min} logons refused as locked within 10m");
        if user.is_lock_implied(at, config) {
            format!("{counted}, enough: decided after {}", config.settle)
        } else if seen >= min as usize {
            format!("{counted}, the lockout is known already")
        } else {
            format!("{counted}, silent")
        }
    });
}

/// A record came behind its time.
pub(crate) fn late(account: &str) {
    explain("", account, || {
        "a late record: it may explain an incident, and begins none".to_owned()
    });
}

/// A domain controller reported a lockout.
pub(crate) fn locked(account: &str, summary: &str, is_copy: bool, config: &Config) {
    explain("T1", account, || {
        if is_copy {
            format!("{summary}, a copy of one within {}", config.dup_window)
        } else {
            format!("{summary}, decided after {}", config.settle)
        }
    });
}

/// A lockout became more of an incident, or one of a storm.
pub(crate) fn told(account: &str, as_what: &str, due: Option<Timestamp>) {
    explain("T1", account, || match due {
        Some(due) => format!("{as_what}, told at {}", format_timestamp(due)),
        None => as_what.to_owned(),
    });
}

/// The account was unlocked.
pub(crate) fn unlocked(account: &str, incidents: usize) {
    explain("", account, || format!("unlocked; {incidents} incidents were open"));
}

/// A server's failure that names no user.
pub(crate) fn nobody(server: &str) {
    explain("", server, || {
        "a failed logon without a user: kept to be joined with a lockout by its time".to_owned()
    });
}

/// A record that is no failure.
pub(crate) fn no_failure(user: Cell<'_>) {
    explain("", user.unwrap_or_default(), || {
        "the record is no failed logon of an account that counts, silent".to_owned()
    });
}
