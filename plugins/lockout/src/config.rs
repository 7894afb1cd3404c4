//! Options of the detector.

use logwasp_sdk::time::{DAY, HOUR, MINUTE};
use logwasp_sdk::{Duration, options};

options! {
    /// Options of the lockout detector.
    pub struct Config {
        /// How far back the failures of a locked account are looked at.
        lookback: Duration = Duration::minutes(30),
        /// How long after a lockout the detector waits for records that explain it.
        settle: Duration = Duration::seconds(20),
        /// Lockout events of one account this close together are copies of one lockout.
        dup_window: Duration = Duration::seconds(10),
        /// So many failures with the status "locked" within 10 minutes imply a lockout that
        /// no domain controller reported.
        implied_min: u32 = 3,
        /// How far apart a failed logon and an SMTP AUTH failure without a user may be.
        join_skew: Duration = Duration::seconds(3),
        /// How much later the 535 reply may be when nothing else of the failure was logged.
        tarpit: Duration = Duration::seconds(6),
        /// So many failed logons must coincide with failures of one client.
        join_min: u32 = 3,
        /// Share of the failed logons that must coincide with failures of that client.
        join_ratio: f64 = 0.8,
        /// A source that failed for so many accounts within 10 minutes guesses passwords.
        spray_users: u32 = 5,
        /// So many lockouts of one account within 24 hours are severe.
        relock_high: u32 = 5,
        /// So many intervals are needed to call failures periodic.
        cadence_min: u32 = 5,
        /// Further lockouts of one account by one source within this time are updates.
        cooldown: Duration = Duration::minutes(60),
        /// Updates of one alert are at least this far apart, unless it gets worse or clearer.
        update_interval: Duration = Duration::minutes(5),
        /// Bytes of state; beyond it the least telling accounts are forgotten.
        state_bytes_max: u32 = 24 * 1024 * 1024,
    }
}

/// Failures this close together are tested for an implied lockout.
pub(crate) const IMPLIED_WINDOW: i64 = 10 * MINUTE;
/// A lockout is known this long; `locks_24h` counts within it.
pub(crate) const LOCK_KNOWN: i64 = 24 * HOUR;
/// Accounts that a source touches within this time make it a guesser.
pub(crate) const SPRAY_WINDOW: i64 = 10 * MINUTE;
/// A password change this recent explains stale credentials.
pub(crate) const PASSWORD_RECENT: i64 = 14 * DAY;
/// A source that locks so many accounts denies them their work.
pub(crate) const MASS_LOCK_USERS: usize = 10;

/// Less state than this holds no attack in progress.
const STATE_BYTES_LEAST: u32 = 256 * 1024;

impl Config {
    /// Refuses options that make no sense.
    pub fn check(&self) -> Result<(), String> {
        let refuse = |wrong: bool, why: &str| if wrong { Err(why.to_owned()) } else { Ok(()) };
        refuse(self.lookback.nanos() == 0, "lookback must be longer than 0s")?;
        refuse(self.implied_min == 0, "implied_min must be at least 1")?;
        refuse(self.join_min == 0, "join_min must be at least 1")?;
        refuse(self.spray_users < 2, "spray_users must be at least 2")?;
        refuse(
            !(self.join_ratio > 0.0 && self.join_ratio <= 1.0),
            "join_ratio must be more than 0 and at most 1",
        )?;
        refuse(
            self.state_bytes_max < STATE_BYTES_LEAST,
            &format!("state_bytes_max must be at least {STATE_BYTES_LEAST}"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: the defaults, and one nonsense value for each option that has any.
    /// Guarantees: defaults are accepted; a refusal names the option.
    #[test]
    fn nonsense_is_refused() {
        assert_eq!(Config::default().check(), Ok(()));
        for json in [
            r#"{"lookback": "0s"}"#,
            r#"{"implied_min": 0}"#,
            r#"{"join_min": 0}"#,
            r#"{"spray_users": 1}"#,
            r#"{"join_ratio": 1.01}"#,
            r#"{"join_ratio": 0}"#,
            r#"{"state_bytes_max": 1000}"#,
        ] {
            let config: Config = logwasp_sdk::serde_json::from_str(json).expect("it is valid JSON");
            let option = json.split('"').nth(1).expect("the option's name");
            assert!(config.check().is_err_and(|why| why.starts_with(option)), "{json}");
        }
    }
}
