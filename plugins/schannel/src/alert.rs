//! Makes the alert of an incident.

use logwasp_sdk::{Alert, Confidence, Severity};

use crate::codes::{BAD_KEYSET, UNKNOWN_CREDENTIALS};
use crate::incident::Incident;
use crate::reading::Fact;
use crate::remediation;
use crate::subject::{Key, Subject};
use crate::text::Story;

/// The alert as it begins; `as_update` makes an update of it.
pub(crate) fn of(key: &Key, host_name: &str, incident: &Incident) -> Alert {
    let story = Story { subject: &key.subject, host_name, incident };
    let alert =
        Alert::create(key.subject.rule(), key.incident(incident.first_seen), incident.severity)
            .confidence(confidence(&key.subject))
            .seen(incident.first_seen, incident.last_seen, incident.count)
            .title(story.title())
            .description(story.description())
            .remediation(remediation::of(&story))
            .entity("host", &key.host)
            .attribute("event_id", key.subject.event_id())
            .evidence(incident.evidence.to_vec());
    let alert = with_subject(alert, &key.subject, incident);
    let alert = with_facts(alert, incident);
    with_rhythm(alert, incident)
}

/// Codes and counts stand in the records; only what an unusual code means is open.
fn confidence(subject: &Subject) -> Confidence {
    match subject {
        Subject::UnusualLogon { .. } => Confidence::Medium,
        _ => Confidence::High,
    }
}

fn with_subject(alert: Alert, subject: &Subject, incident: &Incident) -> Alert {
    let alert = match subject {
        Subject::CertificateLogon { user } => return alert.entity("user", user),
        Subject::PrivateKey { error_code } => {
            alert.attribute("cause", KeyTrouble::of(*error_code, incident).name())
        }
        _ => alert,
    };
    let attributes = subject.attributes();
    attributes.into_iter().fold(alert, |alert, (name, value)| alert.attribute(name, value))
}

fn with_facts(alert: Alert, incident: &Incident) -> Alert {
    incident.facts.iter().fold(alert, |alert, (fact, values)| match fact {
        Fact::SourceIp => values.iter().fold(alert, |alert, ip| alert.entity("src_ip", ip)),
        Fact::OwnName if incident.is_first => alert.label("T1557", values.join(", ")),
        Fact::OwnName => alert,
        _ => alert.attribute(fact.name(), values.join(", ")),
    })
}

fn with_rhythm(alert: Alert, incident: &Incident) -> Alert {
    match incident.rhythm().filter(|_| incident.severity == Severity::Info) {
        Some(rhythm) => {
            alert.attribute("period_s", rhythm.period_s).attribute("jitter_s", rhythm.jitter_s)
        }
        None => alert,
    }
}

/// Why a private key cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyTrouble {
    /// The account of the service may not read it.
    NotReadable,
    /// The certificate has none on this machine.
    Missing,
    Other,
}

impl KeyTrouble {
    /// The error code decides; the internal state does when there is none.
    pub(crate) fn of(error_code: Option<u32>, incident: &Incident) -> Self {
        let has_status = |status: &str| {
            incident.facts.get(&Fact::ErrorStatus).is_some_and(|v| v.iter().any(|v| v == status))
        };
        match error_code {
            Some(UNKNOWN_CREDENTIALS) => Self::NotReadable,
            Some(BAD_KEYSET) => Self::Missing,
            None if has_status("10001") => Self::NotReadable,
            None if has_status("10003") => Self::Missing,
            _ => Self::Other,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::NotReadable => "key_not_readable",
            Self::Missing => "keyset_missing",
            Self::Other => "other",
        }
    }
}
