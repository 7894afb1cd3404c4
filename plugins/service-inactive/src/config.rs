//! What the operator can set.

use logwasp_sdk::Duration;

logwasp_sdk::options! {
    /// Options of the service-inactive detector.
    pub struct Config {
        /// So many refused connections within `window` are an outage, as are two peers.
        min: u32 = 3,
        /// How far back refused connections are counted together; so long the verdict on one or
        /// two of them waits.
        window: Duration = Duration::minutes(2),
        /// So long after a server was put into maintenance its refusals are planned.
        planned_window: Duration = Duration::hours(4),
        /// An incident ends after this long without a refused connection, if no recovery ended it.
        cooldown: Duration = Duration::minutes(30),
        /// An open incident is told about again at most this often, unless it gets worse.
        update_interval: Duration = Duration::minutes(5),
        /// Memory for what is counted and for incidents.
        state_bytes_max: u32 = 24 * 1024 * 1024,
    }
}

/// Largest `min`: connections are remembered one by one up to it.
const MIN_MAX: u32 = 1_000;

impl Config {
    /// Refuses what makes no sense.
    pub(crate) fn validate(&self) -> Result<(), String> {
        if !(1..=MIN_MAX).contains(&self.min) {
            return Err(format!("`min` is {}; it must be 1 to {MIN_MAX}", self.min));
        }
        if self.window.nanos() == 0 || self.cooldown < self.window {
            return Err("`window` must be longer than 0s and no longer than `cooldown`".to_owned());
        }
        Ok(())
    }
}
