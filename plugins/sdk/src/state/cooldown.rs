//! One alert per incident and time: what follows becomes an update, and not too
//! often.

use serde::{Deserialize, Serialize};

use super::map::{Keep, Weigh};
use crate::alert::Severity;
use crate::time::{Duration, Timestamp};

/// What to do with a further hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// A new incident.
    Create,
    /// Tell about the open one.
    Update,
    /// Count it, say nothing yet.
    Hold,
}

/// The open incident of one key: when it began, when it was last told about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cooldown {
    open: Option<Open>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Open {
    created: Timestamp,
    told: Timestamp,
    severity: Severity,
}

impl Cooldown {
    /// Judges a hit at `now`. Within `cooldown` of the create, hits are updates,
    /// told at most every `update_interval`, but at once when the severity rises
    /// or `improved` says that the incident is understood better.
    pub fn judge(
        &mut self,
        now: Timestamp,
        severity: Severity,
        improved: bool,
        cooldown: Duration,
        update_interval: Duration,
    ) -> Verdict {
        let open = self.open.as_mut().filter(|open| now - open.created < cooldown.nanos());
        let Some(open) = open else {
            self.open = Some(Open { created: now, told: now, severity });
            return Verdict::Create;
        };
        let worse = severity > open.severity;
        if worse || improved || now - open.told >= update_interval.nanos() {
            open.told = now;
            open.severity = open.severity.max(severity);
            return Verdict::Update;
        }
        Verdict::Hold
    }

    /// True while an incident is open at `now`.
    pub fn is_open(&self, now: Timestamp, cooldown: Duration) -> bool {
        self.open.as_ref().is_some_and(|open| now - open.created < cooldown.nanos())
    }

    /// When the open incident was created.
    pub fn created(&self) -> Option<Timestamp> {
        self.open.as_ref().map(|open| open.created)
    }

    /// Forgets the incident.
    pub fn close(&mut self) {
        self.open = None;
    }
}

impl Weigh for Cooldown {
    fn heap_bytes(&self) -> usize {
        0
    }

    fn keep(&self) -> Keep {
        if self.open.is_some() { Keep::Protected } else { Keep::Once }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::MINUTE;

    /// Scenario: a hit a minute for two hours, one of them worse.
    /// Guarantees: one create an hour, an update every five minutes, and one at
    /// once when it gets worse.
    #[test]
    fn hits_become_updates() {
        let mut cooldown = Cooldown::default();
        let (hour, five) = (Duration::hours(1), Duration::minutes(5));
        let mut verdicts = Vec::new();
        for minute in 0..120 {
            let severity = if minute == 7 { Severity::High } else { Severity::Medium };
            verdicts.push(cooldown.judge(minute * MINUTE, severity, false, hour, five));
        }
        let at = |wanted| -> Vec<usize> {
            verdicts.iter().enumerate().filter(|(_, v)| **v == wanted).map(|(i, _)| i).collect()
        };
        assert_eq!(at(Verdict::Create), [0, 60]);
        assert_eq!(at(Verdict::Update)[..4], [5, 7, 12, 17]);
    }
}
