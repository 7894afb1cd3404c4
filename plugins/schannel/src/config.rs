//! The options, and which of them make sense.

use logwasp_sdk::serde_json::{Value, json};
use logwasp_sdk::windows::{self, SEC_E_UNTRUSTED_ROOT};
use logwasp_sdk::{Duration, OptionType, options};
use serde::{Deserialize, Serialize};

options! {
    /// Options of the detector.
    pub struct Config {
        /// A 4625 and a 36879 of one host are a pair when they are no further apart; an SMTP session belongs to them within the same span.
        pair_window: Duration = Duration::seconds(2),
        /// Time from a host's first noise record to its summary.
        summary_interval: Duration = Duration::hours(24),
        /// So much noise of a host makes a summary; less is dropped.
        summary_min: u32 = 10,
        /// Sub-statuses that make a 4625 of Schannel without a user noise: numbers, or texts such as "0x80090325".
        noise_substatus: StatusCodes = StatusCodes(vec![SEC_E_UNTRUSTED_ROOT]),
        /// The sliding window of the thresholds below.
        window: Duration = Duration::minutes(10),
        /// R0: failed certificate logons of one user on one host.
        r0_min: u32 = 3,
        /// R0b: Schannel logon failures without a user, with one unusual code.
        r0b_min: u32 = 20,
        /// R2: credentials that could not be created (36871), with one state.
        r2_min: u32 = 5,
        /// R3: handshakes without a shared cipher (36874), with one protocol.
        r3_min: u32 = 10,
        /// R4: TLS alerts of one number, received (36887) or sent (36888).
        r4_min: u32 = 20,
        /// R5: server certificates that were refused for one reason (36876, 36881-36884).
        r5_min: u32 = 3,
        /// Keeps R3 and R4 at low: scanners cause them on servers that face the Internet.
        suppress_hosts_edge: bool = false,
        /// Labels a first R5 that concerns a name of `site.accepted_domains` with T1557 (adversary in the middle).
        label_t1557: bool = false,
        /// Further hits of an incident are updates of it for so long.
        cooldown: Duration = Duration::hours(6),
        /// Updates of one incident come no more often.
        update_interval: Duration = Duration::minutes(5),
        /// Memory for what is remembered, in bytes.
        state_bytes_max: u32 = 25_165_824,
    }
}

/// Hits below a threshold are held in memory; so many are the most it may ask for.
const HITS_MAX: u32 = 10_000;

impl Config {
    /// Refuses what would never fire, or fire on nothing.
    pub(crate) fn validate(&self) -> Result<(), String> {
        let thresholds = [
            ("summary_min", self.summary_min, u32::MAX),
            ("r0_min", self.r0_min, HITS_MAX),
            ("r0b_min", self.r0b_min, HITS_MAX),
            ("r2_min", self.r2_min, HITS_MAX),
            ("r3_min", self.r3_min, HITS_MAX),
            ("r4_min", self.r4_min, HITS_MAX),
            ("r5_min", self.r5_min, HITS_MAX),
        ];
        for (name, value, max) in thresholds {
            if !(1..=max).contains(&value) {
                return Err(format!("`{name}` is {value}; it must be 1 to {max}"));
            }
        }
        for (name, value) in [("summary_interval", self.summary_interval), ("window", self.window)]
        {
            if value.nanos() == 0 {
                return Err(format!("`{name}` must be longer than nothing"));
            }
        }
        Ok(())
    }
}

/// A list of status codes, as people write them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Written>", into = "Vec<u32>")]
pub struct StatusCodes(pub Vec<u32>);

/// TOML has hex numbers, JSON has not: a text is taken as well.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Number(u32),
    Text(String),
}

impl TryFrom<Vec<Written>> for StatusCodes {
    type Error = String;

    fn try_from(codes: Vec<Written>) -> Result<Self, String> {
        let read = |code| match code {
            Written::Number(number) => Ok(number),
            Written::Text(text) => windows::status(&text)
                .ok_or_else(|| format!("`{text}` is not a status; write it as `0x80090325`")),
        };
        codes.into_iter().map(read).collect::<Result<_, _>>().map(Self)
    }
}

impl From<StatusCodes> for Vec<u32> {
    fn from(codes: StatusCodes) -> Self {
        codes.0
    }
}

impl OptionType for StatusCodes {
    fn schema() -> Value {
        json!({"type": "array", "items": {"type": ["integer", "string"]}})
    }
}
