//! The rules: id, threshold, severity, confidence.

use logwasp_sdk::{Confidence, Duration, Severity};
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::inventory::Peer;

/// What a failure counts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Rule {
    /// F1: our own certificate or its key cannot be used.
    OwnKey,
    /// F1: the peer's certificate is not accepted.
    PeerCertificate,
    /// F1: another failure with Exchange Online or a gateway of ours.
    KnownPeer,
    /// F1: another failure with anybody else.
    AnyPeer,
    /// F2: OWA instant messaging, TLS.
    OwaTls,
    /// F2: OWA instant messaging, another code.
    OwaOther,
    /// F3: transport misses a certificate.
    Event,
    /// F4: the peer demands STARTTLS.
    MustStartTls,
}

/// The rule of an error of Exchange's handshake.
pub(crate) fn error_rule(error: &str, peer: Option<&Peer>) -> Rule {
    match error {
        "NoCredentials" | "UnknownCredentials" => Rule::OwnKey,
        "UntrustedRoot" | "WrongPrincipal" | "CertExpired" => Rule::PeerCertificate,
        _ if peer.is_some_and(|peer| matches!(peer.class, "eop" | "gateway")) => Rule::KnownPeer,
        _ => Rule::AnyPeer,
    }
}

impl Rule {
    /// The id in alerts.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::OwnKey | Self::PeerCertificate | Self::KnownPeer | Self::AnyPeer => "F1",
            Self::OwaTls | Self::OwaOther => "F2",
            Self::Event => "F3",
            Self::MustStartTls => "F4",
        }
    }

    /// How many failures within the window make an alert.
    pub(crate) fn min(self, config: &Config) -> usize {
        let min = match self {
            Self::OwnKey => config.own_key_min,
            Self::PeerCertificate => config.peer_certificate_min,
            Self::KnownPeer | Self::AnyPeer => config.handshake_min,
            Self::OwaTls => config.owa_tls_min,
            Self::OwaOther => config.owa_other_min,
            Self::Event => 1,
            Self::MustStartTls => config.starttls_min,
        };
        min as usize
    }

    /// How bad it is.
    pub(crate) fn severity(self) -> Severity {
        match self {
            Self::OwnKey => Severity::High,
            Self::AnyPeer | Self::OwaOther => Severity::Low,
            _ => Severity::Medium,
        }
    }

    /// How sure: that our handshake is at fault is inferred from the peer's demand.
    pub(crate) fn confidence(self) -> Confidence {
        if self == Self::MustStartTls { Confidence::Medium } else { Confidence::High }
    }

    /// So long without a failure ends an incident.
    pub(crate) fn cooldown(self, config: &Config) -> Duration {
        if self == Self::Event { config.event_cooldown } else { config.cooldown }
    }
}
