//! The options.

use logwasp_sdk::{Duration, options};

options! {
    /// Options of the connector-attribution detector.
    pub struct Config {
        /// A message that Exchange Online accepted must be in its trace within this span.
        discard_wait: Duration = Duration::minutes(30),
        /// Also report strangers' mail to own recipients that comes in through the hybrid
        /// connector: normal where a gateway on premises takes all mail in.
        report_inbound_via_hybrid: bool = false,
        /// One alert per connector and sender domain and this long; what follows is an update.
        cooldown: Duration = Duration::hours(6),
        /// An open alert is told about at most so often, unless it got worse or clearer.
        update_interval: Duration = Duration::minutes(5),
        /// Bytes of memory for all that is remembered.
        state_bytes_max: u32 = 12_582_912,
    }
}

impl Config {
    /// Refuses what makes no sense.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.discard_wait.nanos() == 0 || self.cooldown.nanos() == 0 {
            return Err("`discard_wait` and `cooldown` must be longer than 0s".to_owned());
        }
        Ok(())
    }
}
