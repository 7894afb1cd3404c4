//! The rules: id, severity, what it takes.

use logwasp_sdk::Severity;
use serde::{Deserialize, Serialize};

use crate::config::Config;

/// What a refusal speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Rule {
    /// R1: we refuse Exchange Online.
    ExchangeOnline,
    /// R2: one of our Exchange servers refuses another.
    OwnExchange,
    /// R3: we refuse a host of our own.
    Internal,
    /// R4: an Internet address tries to relay.
    Internet,
    /// R5: Exchange Online refuses us as nobody's tenant.
    Attribution,
    /// R6: Exchange Online has blocked our address.
    BlockedIp,
    /// R7: a host of our own did not authenticate.
    NotAuthenticated,
    /// R8: an address tries out recipients.
    Harvest,
    /// R9: somebody else tells of a refusal.
    Quoted,
}

/// So many refusals of one internal host within the window are an outage.
pub(crate) const INTERNAL_HIGH_MIN: usize = 50;
/// So many distinct recipient domains are probing, however few the refusals.
pub(crate) const PROBE_DOMAINS_MIN: usize = 3;
/// So many distinct unknown recipients within the window are harvesting.
pub(crate) const HARVEST_MIN: usize = 50;

impl Rule {
    /// The id in alerts.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::ExchangeOnline => "R1",
            Self::OwnExchange => "R2",
            Self::Internal => "R3",
            Self::Internet => "R4",
            Self::Attribution => "R5",
            Self::BlockedIp => "R6",
            Self::NotAuthenticated => "R7",
            Self::Harvest => "R8",
            Self::Quoted => "R9",
        }
    }

    /// The severity it begins with.
    pub(crate) fn severity(self) -> Severity {
        match self {
            Self::ExchangeOnline | Self::OwnExchange | Self::Attribution | Self::BlockedIp => {
                Severity::High
            }
            Self::Internal | Self::Quoted => Severity::Medium,
            Self::Internet | Self::NotAuthenticated | Self::Harvest => Severity::Low,
        }
    }

    /// How many refusals within the window make an alert.
    pub(crate) fn refusals_min(self, config: &Config) -> usize {
        match self {
            Self::Internal => config.internal_min as usize,
            Self::Internet => config.probe_min as usize,
            Self::Harvest => HARVEST_MIN,
            _ => 1,
        }
    }

    /// How many times of refusals are worth remembering.
    pub(crate) fn refusals_kept(self, config: &Config) -> usize {
        match self {
            Self::Internal => self.refusals_min(config).max(INTERNAL_HIGH_MIN),
            Self::Internet => self.refusals_min(config).max(PROBE_DOMAINS_MIN),
            // Repeated recipients do not count, so more refusals may be needed.
            Self::Harvest => 4 * HARVEST_MIN,
            _ => 1,
        }
    }

    /// How many incidents of the rule are open at once; the rest share one. All
    /// of them may be told about and closed in one call, to which the host sets a
    /// limit of 1,000 alerts.
    pub(crate) fn open_max(self) -> usize {
        match self {
            Self::Internal => 80,
            Self::Internet => 40,
            _ => 15,
        }
    }

    /// MITRE ATT&CK technique.
    pub(crate) fn attack(self) -> Option<&'static str> {
        (self == Self::Internet).then_some("T1595")
    }
}
