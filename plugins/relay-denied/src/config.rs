//! What the operator can set, and the limits that are ours.

use logwasp_sdk::Duration;

logwasp_sdk::options! {
    /// Options of the relay-denied detector.
    pub struct Config {
        /// So many refusals of one internal host by one connector within `window` are an alert.
        internal_min: u32 = 1,
        /// So many refusals of one Internet address within `window` are probing.
        probe_min: u32 = 5,
        /// How far back refusals of one peer are counted together.
        window: Duration = Duration::minutes(10),
        /// One alert per incident and this long; later refusals are updates of it.
        cooldown: Duration = Duration::minutes(60),
        /// An open incident is told about again at most this often, unless it gets worse.
        update_interval: Duration = Duration::minutes(5),
        /// Also look for directory harvesting: many unknown recipients from one address.
        include_d6: bool = false,
        /// Memory for peers and incidents.
        state_bytes_max: u32 = STATE_BYTES_MAX_DEFAULT,
    }
}

/// Default of `state_bytes_max`.
pub(crate) const STATE_BYTES_MAX_DEFAULT: u32 = 12 * 1024 * 1024;
/// Largest threshold: a peer's refusals are remembered one by one up to it.
const THRESHOLD_MAX: u32 = 10_000;

impl Config {
    /// Refuses what makes no sense.
    pub(crate) fn validate(&self) -> Result<(), String> {
        if self.window.nanos() == 0 || self.cooldown.nanos() == 0 {
            return Err("`window` and `cooldown` must be longer than 0s".to_owned());
        }
        let thresholds = [("internal_min", self.internal_min), ("probe_min", self.probe_min)];
        for (name, value) in thresholds {
            if !(1..=THRESHOLD_MAX).contains(&value) {
                return Err(format!("`{name}` is {value}; it must be 1 to {THRESHOLD_MAX}"));
            }
        }
        Ok(())
    }

    /// A peer without an open incident is forgotten after this span.
    pub(crate) fn retention(&self) -> Duration {
        self.window.max(self.cooldown)
    }
}
