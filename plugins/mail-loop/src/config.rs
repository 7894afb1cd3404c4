//! The options.

use logwasp_sdk::{Duration, options};

options! {
    /// Options of the mail-loop detector.
    pub struct Config {
        /// One server receives a message so often within `window`: L2.
        loop_receives: u32 = 4,
        /// `X-EOPAttributedMessage` from which on a message loops: L3. It counts passes
        /// through Exchange Online from 0; 1 is normal for some ways.
        attr_min: u32 = 2,
        /// How far back visits of one message count together.
        window: Duration = Duration::minutes(30),
        /// One alert per loop and this long; further messages are updates of it.
        cooldown: Duration = Duration::minutes(30),
        /// An open alert is told about at most so often, unless it got worse or clearer.
        update_interval: Duration = Duration::minutes(5),
        /// Bytes of memory for messages and incidents.
        state_bytes_max: u32 = 25_165_824,
    }
}

impl Config {
    /// Refuses what makes no sense.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.window.nanos() == 0 || self.cooldown.nanos() == 0 {
            return Err("`window` and `cooldown` must be longer than 0s".to_owned());
        }
        let receives_max = crate::visits::VISITS_MAX as u32 / 2;
        if !(2..=receives_max).contains(&self.loop_receives) {
            let value = self.loop_receives;
            return Err(format!("`loop_receives` is {value}; it must be 2 to {receives_max}"));
        }
        if self.attr_min == 0 {
            return Err("`attr_min` must be at least 1: every message has passed once".to_owned());
        }
        Ok(())
    }
}
