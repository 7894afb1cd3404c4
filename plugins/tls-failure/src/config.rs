//! What the operator can set.

use logwasp_sdk::Duration;

logwasp_sdk::options! {
    /// Options of the tls-failure detector.
    pub struct Config {
        /// So many handshakes that fail for want of our own certificate key (NoCredentials,
        /// UnknownCredentials) within `window` are an alert.
        own_key_min: u32 = 1,
        /// So many handshakes that fail for the peer's certificate (UntrustedRoot, WrongPrincipal,
        /// CertExpired) within `window` are an alert.
        peer_certificate_min: u32 = 3,
        /// So many handshakes with one peer that fail for another reason within `window` are an alert.
        handshake_min: u32 = 10,
        /// So many TlsFailure of OWA instant messaging on one server within `window` are an alert.
        owa_tls_min: u32 = 3,
        /// So many failures with another code are.
        owa_other_min: u32 = 10,
        /// So often a peer demands STARTTLS within `window` until it is an alert.
        starttls_min: u32 = 5,
        /// How far back failures are counted together.
        window: Duration = Duration::minutes(10),
        /// An incident ends after this long without a failure.
        cooldown: Duration = Duration::hours(6),
        /// The same for events about a missing certificate (12013, 12014, 12024).
        event_cooldown: Duration = Duration::hours(24),
        /// An open incident is told about again at most this often, unless it gets worse.
        update_interval: Duration = Duration::minutes(5),
        /// Memory for what is counted and for incidents.
        state_bytes_max: u32 = 24 * 1024 * 1024,
    }
}

/// Largest threshold: failures are remembered one by one up to it.
const THRESHOLD_MAX: u32 = 10_000;

impl Config {
    /// Refuses what makes no sense.
    pub(crate) fn validate(&self) -> Result<(), String> {
        let thresholds = [
            ("own_key_min", self.own_key_min),
            ("peer_certificate_min", self.peer_certificate_min),
            ("handshake_min", self.handshake_min),
            ("owa_tls_min", self.owa_tls_min),
            ("owa_other_min", self.owa_other_min),
            ("starttls_min", self.starttls_min),
        ];
        for (name, value) in thresholds {
            if !(1..=THRESHOLD_MAX).contains(&value) {
                return Err(format!("`{name}` is {value}; it must be 1 to {THRESHOLD_MAX}"));
            }
        }
        let shortest = self.cooldown.min(self.event_cooldown);
        if self.window.nanos() == 0 || shortest < self.window {
            return Err("`window` must be longer than 0s and no longer than `cooldown` and \
                 `event_cooldown`"
                .to_owned());
        }
        Ok(())
    }
}
