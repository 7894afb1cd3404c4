//! What the operator can set.

use logwasp_sdk::Duration;

logwasp_sdk::options! {
    /// Options of the incident detector.
    pub struct Config {
        /// Alerts about broken hybrid trust belong together within this time; so long without
        /// one ends their parent.
        window: Duration = Duration::hours(24),
        /// Alerts about TLS of one host belong together within this time.
        tls_window: Duration = Duration::minutes(10),
        /// Broken TLS connections this close to a server's outage are put down to it.
        suppress_window: Duration = Duration::minutes(10),
        /// Memory for alerts that may belong together. Each new one is compared with all.
        state_bytes_max: u32 = 4 * 1024 * 1024,
    }
}

impl Config {
    /// Refuses what makes no sense.
    pub(crate) fn validate(&self) -> Result<(), String> {
        if self.window < self.tls_window.max(self.suppress_window) {
            return Err(
                "`window` must be no shorter than `tls_window` and `suppress_window`".to_owned()
            );
        }
        Ok(())
    }
}
