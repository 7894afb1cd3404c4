//! Alerts: what detectors claim, with the identity that the host gives.

mod amend;
pub mod encode;
mod identity;
mod stored;

pub use amend::Amended;
pub use identity::{Identified, Incidents, OpenIncident, SavedIncidents, newest_revisions};
use serde::{Deserialize, Serialize};
pub use stored::{from_stored, to_stored};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Worth a look in a quiet hour.
    Low,
    /// Something is broken or suspicious.
    Medium,
    /// Act today.
    High,
    /// Act now.
    Critical,
}

impl Severity {
    /// All severities, ascending.
    pub const ALL: [Self; 5] = [Self::Info, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The severity's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The severity of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.name() == name)
    }
}

/// How sure the detector is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Confidence {
    /// A guess worth checking.
    Low,
    /// Inferred from several records.
    Medium,
    /// Stands in the records.
    High,
}

impl Confidence {
    /// All confidences, ascending.
    pub const ALL: [Self; 3] = [Self::Low, Self::Medium, Self::High];

    /// The confidence of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|confidence| confidence.name() == name)
    }

    /// The confidence's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// What happens to the incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Activity {
    /// It begins.
    Create,
    /// It goes on, or is understood better.
    Update,
    /// It is over.
    Close,
}

impl Activity {
    /// All activities.
    pub const ALL: [Self; 3] = [Self::Create, Self::Update, Self::Close];

    /// The activity of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|activity| activity.name() == name)
    }

    /// The activity's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Close => "close",
        }
    }
}

/// A record that supports an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The record, to be resolved to source and position.
    pub record: u64,
    /// Its event time.
    pub time: i64,
    /// What it says.
    pub summary: String,
}

/// What a detector claims. Times are nanoseconds since the Unix epoch, UTC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// What happens to the incident.
    pub activity: Activity,
    /// Stable id inside the detector.
    pub rule: String,
    /// The incident, unique among the detector's open ones.
    pub key: String,
    /// How bad it is.
    pub severity: Severity,
    /// How sure the detector is.
    pub confidence: Confidence,
    /// True for what must not page anybody.
    pub noise: bool,
    /// Event time of the decision.
    pub time: i64,
    /// First contributing event.
    pub first_seen: i64,
    /// Last contributing event.
    pub last_seen: i64,
    /// Contributing events.
    pub count: u64,
    /// One line.
    pub title: String,
    /// What happened and why we think so.
    pub description: String,
    /// What to do.
    pub remediation: String,
    /// Who and what it is about; a name may repeat.
    pub entities: Vec<(String, String)>,
    /// Everything else a rule reports.
    pub attributes: Vec<(String, String)>,
    /// Short tags.
    pub labels: Vec<(String, String)>,
    /// MITRE ATT&CK technique ids.
    pub attack: Vec<String>,
    /// Oldest first.
    pub evidence: Vec<Evidence>,
    /// Second-stage detectors only: id of the alert that this one revises.
    pub amends: Option<String>,
}
