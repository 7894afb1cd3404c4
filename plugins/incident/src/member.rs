//! One alert of the first stage, and what it can be part of.

use logwasp_sdk::state::{Keep, Weigh};
use logwasp_sdk::text::clean;
use logwasp_sdk::{Confidence, Duration, Evidence, Severity, Timestamp, identity};
use serde::{Deserialize, Serialize};

use crate::rows::Alert;

/// What an alert says about the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Role {
    /// Own mail arrives anonymous (authas-anomaly A1, A5).
    Untrusted,
    /// Exchange Online no longer attributes our mail (relay-denied R5).
    NotAttributed,
    /// Exchange Online throttles us (tenant-throttle Q1).
    Throttled,
    /// Exchange Online blocks us (tenant-throttle Q2).
    Blocked,
    /// Mail loops (mail-loop).
    Loop,
    /// A private key cannot be used (schannel R1).
    PrivateKey,
    /// TLS of mail fails (tls-failure).
    Tls,
    /// TLS of mail breaks off (tls-failure F1 with SocketError).
    BrokenTls,
    /// A server's transport is inactive (service-inactive).
    Inactive,
}

impl Role {
    fn of(detector: &str, rule: &str, error: Option<&str>) -> Option<Self> {
        match (detector, rule) {
            ("authas-anomaly", "A1" | "A5") => Some(Self::Untrusted),
            ("relay-denied", "R5") => Some(Self::NotAttributed),
            ("tenant-throttle", "Q1") => Some(Self::Throttled),
            ("tenant-throttle", _) => Some(Self::Blocked),
            ("mail-loop", _) => Some(Self::Loop),
            ("schannel", "R1") => Some(Self::PrivateKey),
            ("tls-failure", "F1") if error == Some("SocketError") => Some(Self::BrokenTls),
            ("tls-failure", _) => Some(Self::Tls),
            ("service-inactive", _) => Some(Self::Inactive),
            _ => None,
        }
    }

    /// What broken trust leads to.
    pub(crate) fn is_consequence(self) -> bool {
        matches!(self, Self::Throttled | Self::Blocked | Self::Loop)
    }

    /// Part of the parent about hybrid trust, once there is one.
    pub(crate) fn is_hybrid(self) -> bool {
        self.is_consequence() || matches!(self, Self::Untrusted | Self::NotAttributed)
    }

    pub(crate) fn is_tls(self) -> bool {
        matches!(self, Self::Tls | Self::BrokenTls)
    }
}

/// What is remembered of an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Member {
    pub(crate) role: Role,
    /// `authas-anomaly.A1`.
    pub(crate) rule: String,
    pub(crate) key: String,
    pub(crate) severity: Severity,
    pub(crate) confidence: Confidence,
    pub(crate) title: String,
    pub(crate) first_seen: Timestamp,
    pub(crate) last_seen: Timestamp,
    pub(crate) is_closed: bool,
    /// Hosts it is about.
    pub(crate) hosts: Vec<String>,
    /// The other side of a connection.
    pub(crate) peer: Option<String>,
    /// The records that tell most: the first of all, and the newest.
    pub(crate) evidence: Vec<Evidence>,
    /// What it was already amended with.
    pub(crate) amended: Vec<String>,
    /// It was amended to be noise, and stays that.
    pub(crate) is_suppressed: bool,
}

/// Hosts of one alert that are looked at.
const HOSTS_MAX: usize = 16;

impl Member {
    /// Reads an alert; `None` when it is part of nothing.
    pub(crate) fn read(row: &Alert<'_>, at: Timestamp) -> Option<(String, Self)> {
        let id = row.id.and_then(identity::meaningful)?;
        let detector = row.detector?;
        let rule = row.rule?;
        let code = rule.rsplit('.').next().unwrap_or(rule);
        let time = |cell: Option<&str>| cell.and_then(|text| text.parse().ok()).unwrap_or(at);
        let hosts = row.hosts.unwrap_or_default().split('\u{1f}');
        let member = Self {
            role: Role::of(detector, code, row.error).filter(|_| row.noise != Some("true"))?,
            rule: clean(&format!("{detector}.{code}"), 100),
            key: clean(row.key.unwrap_or_default(), 400),
            severity: severity(row.severity),
            confidence: confidence(row.confidence),
            title: clean(row.title.unwrap_or_default(), 200),
            first_seen: time(row.first_seen),
            last_seen: time(row.last_seen),
            is_closed: row.activity == Some("close"),
            hosts: hosts.filter_map(identity::host).take(HOSTS_MAX).collect(),
            peer: row.peer.and_then(identity::host),
            evidence: evidence(row),
            amended: Vec::new(),
            is_suppressed: false,
        };
        Some((clean(id, ID_BYTES_MAX), member))
    }

    /// Takes over the newest revision. What was amended stays; true when it must be
    /// said again, because an amendment holds its severity and confidence for good.
    pub(crate) fn revise(&mut self, new: &Self) -> bool {
        let before = (self.severity, self.confidence);
        let first = self.evidence.first().cloned();
        *self = Self {
            evidence: first_and_newest(first.into_iter().chain(new.evidence.iter().cloned())),
            confidence: new.confidence.max(self.confidence),
            amended: std::mem::take(&mut self.amended),
            is_suppressed: self.is_suppressed,
            ..new.clone()
        };
        !self.amended.is_empty() && before != (self.severity, self.confidence)
    }

    /// True when both happened within `window` of each other.
    pub(crate) fn is_near(&self, other: &Self, window: Duration) -> bool {
        let gap = (self.first_seen.saturating_sub(other.last_seen))
            .max(other.first_seen.saturating_sub(self.last_seen));
        gap <= window.nanos()
    }
}

/// Ids are 32 hex digits; so many of them fit into an attribute.
const ID_BYTES_MAX: usize = 60;
/// With the rule before it, the host takes 512.
const SUMMARY_BYTES_MAX: usize = 400;

/// The records that the alert names.
fn evidence(row: &Alert<'_>) -> Vec<Evidence> {
    let list = |cell: Option<&str>| -> Vec<String> {
        cell.map_or_else(Vec::new, |cell| cell.split('\u{1f}').map(str::to_owned).collect())
    };
    let [records, times, summaries] =
        [row.evidence_records, row.evidence_times, row.evidence_summaries].map(list);
    first_and_newest(records.iter().zip(&times).zip(&summaries).filter_map(
        |((record, time), summary)| {
            Some(Evidence {
                record: record.parse().ok()?,
                time: time.parse().ok()?,
                summary: clean(summary, SUMMARY_BYTES_MAX),
            })
        },
    ))
}

/// The first and the newest of them, when there is more than one.
fn first_and_newest(evidence: impl Iterator<Item = Evidence>) -> Vec<Evidence> {
    let mut kept: Vec<Evidence> = evidence.collect();
    kept.sort_by_key(|piece| piece.time);
    kept.dedup_by_key(|piece| piece.record);
    let newest = kept.pop();
    kept.truncate(1);
    kept.extend(newest);
    kept
}

fn severity(cell: Option<&str>) -> Severity {
    match cell {
        Some("critical") => Severity::Critical,
        Some("high") => Severity::High,
        Some("low") => Severity::Low,
        Some("info") => Severity::Info,
        _ => Severity::Medium,
    }
}

fn confidence(cell: Option<&str>) -> Confidence {
    match cell {
        Some("high") => Confidence::High,
        Some("low") => Confidence::Low,
        _ => Confidence::Medium,
    }
}

/// What may be the cause of others outlives a flood of these.
impl Weigh for Member {
    fn heap_bytes(&self) -> usize {
        let texts = [&self.rule, &self.key, &self.title].map(String::capacity);
        let lists = self.hosts.iter().chain(&self.amended).chain(&self.peer);
        let evidence = self.evidence.iter();
        texts.iter().sum::<usize>()
            + evidence.map(|piece| size_of::<Evidence>() + piece.summary.len()).sum::<usize>()
            + lists.map(|text| text.capacity() + 24).sum::<usize>()
    }

    fn keep(&self) -> Keep {
        match self.role {
            _ if self.is_closed => Keep::Once,
            _ if !self.amended.is_empty() => Keep::Protected,
            Role::Untrusted | Role::NotAttributed | Role::PrivateKey | Role::Inactive => {
                Keep::Protected
            }
            Role::Throttled | Role::Blocked | Role::Loop => Keep::Several,
            Role::Tls | Role::BrokenTls => Keep::Once,
        }
    }
}
