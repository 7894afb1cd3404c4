//! The options.

use logwasp_sdk::{Duration, options};

options! {
    /// Options of the authas-anomaly detector.
    pub struct Config {
        /// Messages and senders of A1 are counted over this span.
        window: Duration = Duration::minutes(30),
        /// So many own messages within the window that arrived as Anonymous make A1.
        min_messages: u32 = 1,
        /// So many of them within the window make A1 high.
        burst: u32 = 20,
        /// After an alert, further messages of the same kind are updates for so long.
        cooldown: Duration = Duration::minutes(60),
        /// Exchange Online needs this long to spread a change of a connector: after
        /// the first good message that follows an alert, no new A1 or A5 is created
        /// for so long; if all is still well then, the alert is closed.
        post_fix_quiet: Duration = Duration::minutes(60),
        /// An open alert is told about at most so often, unless it got worse.
        update_interval: Duration = Duration::minutes(5),
        /// Bytes of memory for all that is remembered.
        state_bytes_max: u32 = 25_165_824,
    }
}

/// More than this need not be told apart: the windows remember each message.
const COUNT_MAX: u32 = 10_000;

impl Config {
    /// Refuses what makes no sense.
    pub(crate) fn check(&self) -> Result<(), String> {
        for (name, value) in [("min_messages", self.min_messages), ("burst", self.burst)] {
            if !(1..=COUNT_MAX).contains(&value) {
                return Err(format!("`{name}` is {value}; it must be 1 to {COUNT_MAX}"));
            }
        }
        Ok(())
    }
}
