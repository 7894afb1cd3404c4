//! Alerts: what a detector claims, and how it hands them over.

use serde::{Deserialize, Serialize};

use crate::event::{Event, RecordRef};
use crate::explain::{self, explain};
use crate::time::Timestamp;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing, nobody is paged.
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

/// How sure the detector is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// A guess worth checking.
    Low,
    /// Inferred from several records.
    Medium,
    /// Stands in the records.
    High,
}

/// What happens to the incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activity {
    /// It begins.
    Create,
    /// It goes on, or is understood better.
    Update,
    /// It is over.
    Close,
}

/// One record that supports an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The record.
    pub record: RecordRef,
    /// Its event time.
    pub time: Timestamp,
    /// What it says, in a few words.
    pub summary: String,
}

impl Evidence {
    /// Evidence from the event at hand.
    pub fn of(event: &Event<'_>, summary: impl Into<String>) -> Self {
        Self { record: event.record(), time: event.time(), summary: summary.into() }
    }
}

/// A claim of a detector. Build one with [`Alert::create`] and the methods that
/// follow; [`Alerts::raise`] stamps its `time`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// What happens to the incident.
    pub activity: Activity,
    /// Stable id inside the detector, such as `T1`.
    pub rule: String,
    /// The incident: unique among this detector's open incidents.
    pub key: String,
    /// How bad it is.
    pub severity: Severity,
    /// How sure the detector is.
    pub confidence: Confidence,
    /// True for what must not page anybody.
    pub noise: bool,
    /// Event time of the decision.
    pub time: Timestamp,
    /// First contributing event.
    pub first_seen: Timestamp,
    /// Last contributing event.
    pub last_seen: Timestamp,
    /// How many events contributed.
    pub count: u64,
    /// One line: what, who, from where.
    pub title: String,
    /// What happened and why we think so.
    pub description: String,
    /// What to do.
    pub remediation: String,
    /// `user`, `host`, `src_ip`, `device`, ...; a repeated name becomes an array.
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

impl Alert {
    /// The first alert of the incident `key`.
    pub fn create(rule: &str, key: impl Into<String>, severity: Severity) -> Self {
        Self {
            activity: Activity::Create,
            rule: rule.to_owned(),
            key: key.into(),
            severity,
            confidence: Confidence::Medium,
            noise: false,
            time: 0,
            first_seen: 0,
            last_seen: 0,
            count: 1,
            title: String::new(),
            description: String::new(),
            remediation: String::new(),
            entities: Vec::new(),
            attributes: Vec::new(),
            labels: Vec::new(),
            attack: Vec::new(),
            evidence: Vec::new(),
            amends: None,
        }
    }

    /// A revision of the alert `id` of another detector, whose rule and key these
    /// are. Labels and attributes join the other's; severity, confidence and noise
    /// replace the other's and hold for what it says later, so an amendment that does
    /// not mean them repeats them. Times, count and texts stay the other's. Only
    /// second-stage detectors to which the configuration grants it are heard.
    pub fn amend(id: impl Into<String>, rule: &str, key: &str, severity: Severity) -> Self {
        Self { amends: Some(id.into()), ..Self::create(rule, key, severity).as_update() }
    }

    /// Makes it an update of the incident.
    pub fn as_update(mut self) -> Self {
        self.activity = Activity::Update;
        self
    }

    /// Makes it the end of the incident.
    pub fn as_close(mut self) -> Self {
        self.activity = Activity::Close;
        self
    }

    /// Sets how sure the detector is.
    pub fn confidence(mut self, confidence: Confidence) -> Self {
        self.confidence = confidence;
        self
    }

    /// Marks what must not page anybody.
    pub fn noise(mut self) -> Self {
        self.noise = true;
        self
    }

    /// Sets when it was first and last seen, and how often.
    pub fn seen(mut self, first: Timestamp, last: Timestamp, count: u64) -> Self {
        self.first_seen = first;
        self.last_seen = last;
        self.count = count;
        self
    }

    /// Sets the one line.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Sets the explanation.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// Sets the advice.
    pub fn remediation(mut self, remediation: impl Into<String>) -> Self {
        self.remediation = remediation.into();
        self
    }

    /// Adds an entity; a blank value adds nothing.
    pub fn entity(mut self, name: &str, value: impl Into<String>) -> Self {
        push_unless_blank(&mut self.entities, name, value.into());
        self
    }

    /// Adds an attribute; a blank value adds nothing.
    pub fn attribute(mut self, name: &str, value: impl ToString) -> Self {
        push_unless_blank(&mut self.attributes, name, value.to_string());
        self
    }

    /// Adds a label.
    pub fn label(mut self, name: &str, value: impl Into<String>) -> Self {
        self.labels.push((name.to_owned(), value.into()));
        self
    }

    /// Adds an ATT&CK technique.
    pub fn attack(mut self, technique: &str) -> Self {
        self.attack.push(technique.to_owned());
        self
    }

    /// Sets the evidence.
    pub fn evidence(mut self, evidence: impl IntoIterator<Item = Evidence>) -> Self {
        self.evidence = evidence.into_iter().collect();
        self
    }

    /// The value of the first attribute `name`.
    pub fn attribute_value(&self, name: &str) -> Option<&str> {
        find(&self.attributes, name)
    }

    /// The value of the first label `name`.
    pub fn label_value(&self, name: &str) -> Option<&str> {
        find(&self.labels, name)
    }

    /// The value of the first entity `name`.
    pub fn entity_value(&self, name: &str) -> Option<&str> {
        find(&self.entities, name)
    }
}

fn push_unless_blank(list: &mut Vec<(String, String)>, name: &str, value: String) {
    if !value.is_empty() {
        list.push((name.to_owned(), value));
    }
}

fn find<'a>(list: &'a [(String, String)], name: &str) -> Option<&'a str> {
    list.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
}

/// `alert (create, high, 5 events): Account user1 is locked`
fn raised(alert: &Alert) -> String {
    let activity = match alert.activity {
        Activity::Create => "create",
        Activity::Update => "update",
        Activity::Close => "close",
    };
    let severity = format!("{:?}", alert.severity).to_lowercase();
    format!("alert ({activity}, {severity}, count {}): {}", alert.count, alert.title)
}

/// Where a detector puts its alerts.
#[derive(Debug, Default)]
pub struct Alerts {
    now: Timestamp,
    raised: Vec<Alert>,
}

impl Alerts {
    /// Raises an alert, decided now.
    pub fn raise(&mut self, mut alert: Alert) {
        alert.time = self.now;
        explain(&alert.rule, &alert.key, || raised(&alert));
        self.raised.push(alert);
    }

    /// Raises several alerts, decided now.
    pub fn extend(&mut self, alerts: impl IntoIterator<Item = Alert>) {
        alerts.into_iter().for_each(|alert| self.raise(alert));
    }

    /// The event time of the row or timer at hand.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    pub(crate) fn set_now(&mut self, now: Timestamp) {
        self.now = now;
        explain::set_now(now);
    }

    pub(crate) fn take(&mut self) -> Vec<Alert> {
        std::mem::take(&mut self.raised)
    }
}
