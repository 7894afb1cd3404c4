//! What is said about an alert of the first stage, gathered over one row.

use std::collections::BTreeMap;

use logwasp_sdk::state::BoundedMap;
use logwasp_sdk::{Alert, Alerts, Confidence};

use crate::member::Member;

/// New labels and facts of one alert.
#[derive(Debug, Default)]
struct Amendment {
    labels: Vec<(&'static str, String)>,
    attributes: Vec<(&'static str, String)>,
    is_sure: bool,
    is_noise: bool,
    /// What was said is no longer true of the severity or the confidence.
    is_again: bool,
}

/// Amendments by the id of the alert.
#[derive(Debug, Default)]
pub(crate) struct Amendments {
    by_id: BTreeMap<String, Amendment>,
}

/// What throttled mail turned out to be.
const CAUSE: &str = "unattributed (anonymous) submission";

impl Amendments {
    /// The alert is part of `parent`.
    pub(crate) fn parent(&mut self, id: &str, parent: &str) {
        self.of(id).labels.push(("parent", format!("incident.{parent}")));
    }

    /// The throttling was caused by what the alert `because` tells.
    pub(crate) fn cause(&mut self, id: &str, because: &str) {
        let amendment = self.of(id);
        amendment.is_sure = true;
        amendment.attributes.push(("cause", CAUSE.to_owned()));
        amendment.attributes.push(("linked", because.to_owned()));
    }

    /// The alert only shows what `because` tells; it must not page anybody.
    pub(crate) fn suppress(&mut self, id: &str, because: &str) {
        let amendment = self.of(id);
        amendment.is_noise = true;
        amendment.labels.push(("suppressed_by", because.to_owned()));
    }

    /// The alert got worse or surer since it was amended.
    pub(crate) fn again(&mut self, id: &str) {
        self.of(id).is_again = true;
    }

    fn of(&mut self, id: &str) -> &mut Amendment {
        self.by_id.entry(id.to_owned()).or_default()
    }

    /// Raises what was not said before.
    pub(crate) fn raise(self, members: &mut BoundedMap<String, Member>, alerts: &mut Alerts) {
        for (id, amendment) in self.by_id {
            let Some(member) = members.get_mut(&id) else { continue };
            if let Some(alert) = amend(&id, member, amendment) {
                alerts.raise(alert);
            }
        }
    }
}

fn amend(id: &str, member: &mut Member, amendment: Amendment) -> Option<Alert> {
    let Amendment { mut labels, mut attributes, is_sure, is_noise, is_again } = amendment;
    // One label of a name, once: the first parent, the first suppressor.
    labels.retain(|(name, _)| say(&mut member.amended, name));
    attributes.retain(|(name, _)| say(&mut member.amended, name));
    if labels.is_empty() && attributes.is_empty() && !is_again {
        return None;
    }
    if is_sure {
        member.confidence = Confidence::High;
    }
    member.is_suppressed |= is_noise;
    let code = member.rule.rsplit('.').next().unwrap_or_default();
    let mut alert = Alert::amend(id, code, &member.key, member.severity)
        .confidence(member.confidence)
        .seen(member.first_seen, member.last_seen, 1);
    alert.noise = member.is_suppressed;
    for (name, value) in labels {
        alert = alert.label(name, value);
    }
    for (name, value) in attributes {
        alert = alert.attribute(name, value);
    }
    Some(alert)
}

/// True when `name` was not said yet.
fn say(amended: &mut Vec<String>, name: &str) -> bool {
    let is_new = !amended.iter().any(|have| have == name);
    if is_new {
        amended.push(name.to_owned());
    }
    is_new
}
