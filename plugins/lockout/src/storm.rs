//! A storm of lockouts is told together.
//!
//! Somebody who locks a whole domain would otherwise fill the operator's screen,
//! and the host refuses a detector that says too much at once.

use logwasp_sdk::time::{MINUTE, format_timestamp};
use logwasp_sdk::{Alert, Alerts, Severity, Timestamp};
use serde::{Deserialize, Serialize};

use crate::evidence::merge;
use crate::verdict::Verdict;

/// New incidents told one by one in a minute of event time.
pub(crate) const TOLD_PER_MINUTE_MAX: u32 = 250;
/// Accounts named by the alert that tells of all others.
const ACCOUNTS_NAMED_MAX: usize = 32;

/// What was told in the current minute.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Storm {
    /// Minutes since the epoch.
    minute: i64,
    told: u32,
    /// The alert that tells of all others, and the count when it was last told.
    others: Option<(Alert, u64)>,
}

impl Storm {
    /// True when there is room for a new incident of its own.
    pub(crate) fn admits(&mut self, now: Timestamp, alerts: &mut Alerts) -> bool {
        let minute = now.div_euclid(MINUTE);
        if minute > self.minute {
            self.tell(alerts);
            *self = Self { minute, ..Self::default() };
        }
        self.told += 1;
        self.told <= TOLD_PER_MINUTE_MAX
    }

    /// Adds a lockout to those told together.
    pub(crate) fn add(&mut self, verdict: &Verdict<'_>, alerts: &mut Alerts) {
        let next = verdict.alert();
        let user = next.entity_value("user").unwrap_or_default().to_owned();
        if let Some((alert, _)) = &mut self.others {
            alert.count += 1;
            alert.last_seen = alert.last_seen.max(next.last_seen);
            alert.evidence = merge(std::mem::take(&mut alert.evidence), next.evidence);
            if alert.entities.len() < ACCOUNTS_NAMED_MAX {
                alert.entities.push(("user".to_owned(), user));
            }
            alert.title = title(alert.count);
        } else {
            let alert = Alert::create(&next.rule, format!("storm@{}", self.minute), Severity::High)
                .seen(next.first_seen, next.last_seen, 1)
                .title(title(1))
                .description(description(self.minute * MINUTE))
                .remediation(
                    "Find what the alerts of this minute have in common and stop it; unlock the \
                     accounts when it is gone.",
                )
                .entity("user", user)
                .attribute("told_alone", TOLD_PER_MINUTE_MAX)
                .evidence(next.evidence);
            alerts.raise(alert.clone());
            self.others = Some((alert, 1));
        }
    }

    /// When those that came since the last time are told.
    pub(crate) fn due(&self) -> Option<Timestamp> {
        let (alert, told) = self.others.as_ref()?;
        (alert.count > *told).then_some((self.minute + 1) * MINUTE)
    }

    /// Tells when the minute is over at `now`.
    pub(crate) fn tell_until(&mut self, now: Timestamp, alerts: &mut Alerts) {
        if now.div_euclid(MINUTE) > self.minute {
            self.tell(alerts);
        }
    }

    /// Tells of those that came since the last time.
    pub(crate) fn tell(&mut self, alerts: &mut Alerts) {
        if let Some((alert, told)) = &mut self.others
            && alert.count > *told
        {
            *told = alert.count;
            alerts.raise(alert.clone().as_update());
        }
    }
}

fn title(count: u64) -> String {
    format!("{count} more accounts locked out within a minute")
}

fn description(minute: Timestamp) -> String {
    format!(
        "In the minute from {} more than {TOLD_PER_MINUTE_MAX} lockouts were judged. The first \
         have alerts of their own; this alert counts the others and names some of the accounts.",
        format_timestamp(minute)
    )
}
