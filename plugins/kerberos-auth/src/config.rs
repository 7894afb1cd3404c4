//! The options.

use logwasp_sdk::{Duration, options};

options! {
    /// Options of the kerberos-auth detector.
    pub struct Config {
        /// Failures and their companions within this span belong together.
        window: Duration = Duration::minutes(10),
        /// Status or SubStatus of a failed Kerberos logon that means a broken key: a code,
        /// or `status/substatus`.
        status_list: Vec<String> = STATUSES.map(str::to_owned).to_vec(),
        /// Numbers under which texts quote the audit failure besides 4625 and 537.
        alias_ids: Vec<u32> = vec![4265],
        /// One alert per server and this long; what follows is an update.
        cooldown: Duration = Duration::hours(6),
        /// An open alert is told about at most so often, unless it got worse or clearer.
        update_interval: Duration = Duration::minutes(5),
        /// Bytes of memory for all that is remembered.
        state_bytes_max: u32 = 25_165_824,
    }
}

/// SSPI's invalid token, wrong principal, bad key, decrypt failure, no Kerberos key,
/// an unexplained logon failure, and the detected downgrade (MS-ERREF 2.1 and 2.3).
const STATUSES: [&str; 7] = [
    "0x80090308",
    "0x80090322",
    "0x80090003",
    "0x80090330",
    "0x80090342",
    "0xC000006D/0x0",
    "0xC0000388",
];

impl Config {
    /// Refuses what makes no sense.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.window.nanos() == 0 || self.cooldown.nanos() == 0 {
            return Err("`window` and `cooldown` must be longer than 0s".to_owned());
        }
        Ok(())
    }
}
