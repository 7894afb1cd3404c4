//! What the operator can set.

use logwasp_sdk::Duration;

logwasp_sdk::options! {
    /// Options of the tenant-throttle detector.
    pub struct Config {
        /// So many throttled submissions of one source address within `window` are an alert.
        min: u32 = 5,
        /// So many within `window` are a grave one.
        burst: u32 = 200,
        /// How far back they are counted together.
        window: Duration = Duration::minutes(10),
        /// Throttling that lasts longer than this is grave, however slow.
        lasting: Duration = Duration::minutes(60),
        /// An incident ends after this long without a throttled submission.
        recovery: Duration = Duration::minutes(30),
        /// At most one alert of one source address is created in this time.
        cooldown: Duration = Duration::minutes(60),
        /// An open incident is told about again at most this often, unless it gets worse.
        update_interval: Duration = Duration::minutes(5),
        /// Memory for what is counted and for incidents.
        state_bytes_max: u32 = 24 * 1024 * 1024,
    }
}

/// Largest threshold: submissions are remembered one by one up to it.
const THRESHOLD_MAX: u32 = 10_000;

impl Config {
    /// Refuses what makes no sense.
    pub(crate) fn validate(&self) -> Result<(), String> {
        for (name, value) in [("min", self.min), ("burst", self.burst)] {
            if !(1..=THRESHOLD_MAX).contains(&value) {
                return Err(format!("`{name}` is {value}; it must be 1 to {THRESHOLD_MAX}"));
            }
        }
        if self.window.nanos() == 0 || self.recovery < self.window {
            return Err("`window` must be longer than 0s and no longer than `recovery`".to_owned());
        }
        Ok(())
    }
}
