//! What is counted: one subject of one host, each with its rule, its threshold
//! and its severity.

use std::fmt;

use logwasp_sdk::windows::tls_alert_name;
use logwasp_sdk::{Severity, Timestamp};
use serde::{Deserialize, Serialize};

use crate::config::Config;

/// What the records of one incident have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Subject {
    /// R0: a certificate was mapped to an account whose logon then failed.
    CertificateLogon { user: String },
    /// R0b: a logon without a user failed with a code that is not noise.
    UnusualLogon { code: Option<u32> },
    /// R1: the private key of a certificate cannot be used.
    PrivateKey { error_code: Option<u32> },
    /// R2: a TLS credential cannot be created.
    Credential { error_state: Option<u32> },
    /// R3: client and server share no cipher.
    NoSharedCipher { protocol: String },
    /// R4: the peer sent a fatal TLS alert.
    AlertReceived { alert: u32 },
    /// R4: this host sent a fatal TLS alert.
    AlertSent { alert: u32 },
    /// R5: this host refused a server's certificate; the event says why.
    PeerCertificate { event_id: u32 },
}

impl Subject {
    pub(crate) fn rule(&self) -> &'static str {
        match self {
            Self::CertificateLogon { .. } => "R0",
            Self::UnusualLogon { .. } => "R0b",
            Self::PrivateKey { .. } => "R1",
            Self::Credential { .. } => "R2",
            Self::NoSharedCipher { .. } => "R3",
            Self::AlertReceived { .. } | Self::AlertSent { .. } => "R4",
            Self::PeerCertificate { .. } => "R5",
        }
    }

    pub(crate) fn event_id(&self) -> u32 {
        match self {
            Self::CertificateLogon { .. } | Self::UnusualLogon { .. } => 4625,
            Self::PrivateKey { .. } => 36870,
            Self::Credential { .. } => 36871,
            Self::NoSharedCipher { .. } => 36874,
            Self::AlertReceived { .. } => 36887,
            Self::AlertSent { .. } => 36888,
            Self::PeerCertificate { event_id } => *event_id,
        }
    }

    /// So many records within the window make an incident.
    pub(crate) fn hits_min(&self, config: &Config) -> u32 {
        match self {
            Self::CertificateLogon { .. } => config.r0_min,
            Self::UnusualLogon { .. } => config.r0b_min,
            Self::PrivateKey { .. } => 1,
            Self::Credential { .. } => config.r2_min,
            Self::NoSharedCipher { .. } => config.r3_min,
            Self::AlertReceived { .. } | Self::AlertSent { .. } => config.r4_min,
            Self::PeerCertificate { .. } => config.r5_min,
        }
    }

    pub(crate) fn severity(&self, config: &Config) -> Severity {
        let edge = |severity: Severity| {
            if config.suppress_hosts_edge { severity.min(Severity::Low) } else { severity }
        };
        match self {
            Self::PrivateKey { .. } => Severity::High,
            Self::UnusualLogon { .. } => Severity::Low,
            Self::NoSharedCipher { .. } => edge(Severity::Medium),
            Self::AlertReceived { alert } | Self::AlertSent { alert } => {
                edge(tls_alert_severity(*alert).unwrap_or(Severity::Low))
            }
            Self::CertificateLogon { .. }
            | Self::Credential { .. }
            | Self::PeerCertificate { .. } => Severity::Medium,
        }
    }

    /// The subject as attributes of an alert, and as words of its evidence.
    pub(crate) fn attributes(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::CertificateLogon { user } => vec![("user", user.clone())],
            Self::UnusualLogon { code } => vec![("sub_status", hex(*code))],
            Self::PrivateKey { error_code } => vec![("error_code", hex(*error_code))],
            Self::Credential { error_state } => vec![("error_state", decimal(*error_state))],
            Self::NoSharedCipher { protocol } => vec![("protocol", protocol.clone())],
            Self::AlertReceived { alert } | Self::AlertSent { alert } => {
                vec![
                    ("alert", alert.to_string()),
                    ("alert_name", tls_alert_name(*alert).to_owned()),
                ]
            }
            Self::PeerCertificate { .. } => Vec::new(),
        }
    }
}

/// How bad a TLS alert is, `None` for those that say nothing about our set-up:
/// 0 and 90 end sessions in good order, the rest is damage on the wire.
pub(crate) fn tls_alert_severity(alert: u32) -> Option<Severity> {
    match alert {
        42..=46 | 48 | 70 | 71 => Some(Severity::Medium),
        10 | 20 | 40 | 49 | 80 => Some(Severity::Low),
        _ => None,
    }
}

/// Writes a code as `0x8009030D`.
pub(crate) fn hex(code: Option<u32>) -> String {
    code.map_or_else(|| "unknown".to_owned(), |code| format!("0x{code:08X}"))
}

/// Writes an internal state as `10013`.
pub(crate) fn decimal(state: Option<u32>) -> String {
    state.map_or_else(|| "unknown".to_owned(), |state| state.to_string())
}

/// One subject of one host.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Key {
    pub(crate) host: String,
    pub(crate) subject: Subject,
}

/// `exch01 36874 TLS 1.0`
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.host, self.subject.event_id())?;
        self.subject.attributes().iter().try_for_each(|(_, value)| write!(f, " {value}"))
    }
}

impl Key {
    /// The key of the incident that began at `first_seen`. The time is part of
    /// it: after the cooldown the same subject makes a new incident.
    pub(crate) fn incident(&self, first_seen: Timestamp) -> String {
        let subject: Vec<_> = self.subject.attributes().into_iter().map(|(_, v)| v).collect();
        let (rule, event_id) = (self.subject.rule(), self.subject.event_id());
        format!("{rule}|{}|{event_id}|{}|{first_seen}", self.host, subject.join("|"))
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        let text = match &self.subject {
            Subject::CertificateLogon { user: text }
            | Subject::NoSharedCipher { protocol: text } => text.len(),
            _ => 0,
        };
        self.host.len() + text
    }
}
