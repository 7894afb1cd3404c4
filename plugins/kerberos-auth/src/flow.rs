//! Does Internet mail flow while submissions from mailboxes fail? Then it is Kerberos
//! between Mailbox and Hub: mail from outside needs none.

use logwasp_sdk::time::MINUTE;
use logwasp_sdk::{Event, Timestamp, tracking};
use serde::{Deserialize, Serialize};

use crate::config::Config;

/// Minutes remembered: two windows are compared.
const MINUTES_MAX: usize = 240;
/// So many failed submissions in a window are a sign.
const FAILURES_MIN: u32 = 3;
/// A window with so many submissions, followed by one with none, is a sign.
const SUBMISSIONS_MIN: u32 = 5;

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Flow {
    minutes: Vec<Counts>,
}

#[derive(Debug, Default, Clone, Copy, Serialize, Deserialize)]
struct Counts {
    minute: i64,
    received: u32,
    submitted: u32,
    failed: u32,
}

/// True for the failure of a submission.
pub(crate) fn is_failure(event_id: Option<&str>) -> bool {
    matches!(event_id, Some("SUBMITFAIL" | "SUBMITDEFER"))
}

impl Flow {
    /// Notes a message received by SMTP; what an own server authenticated for does
    /// not count.
    pub(crate) fn receive(&mut self, message_info: Option<&str>, event: &Event<'_>) {
        let code = message_info.and_then(tracking::auth_code);
        if code.is_none_or(|code| !code.internal) {
            self.at(event.time(), |counts| counts.received += 1);
        }
    }

    /// Notes a submission, or its failure.
    pub(crate) fn submit(&mut self, event_id: Option<&str>, event: &Event<'_>) {
        let is_failure = is_failure(event_id);
        self.at(event.time(), |counts| {
            if is_failure {
                counts.failed += 1;
            } else {
                counts.submitted += 1;
            }
        });
    }

    fn at(&mut self, time: Timestamp, count: impl FnOnce(&mut Counts)) {
        let minute = time.div_euclid(MINUTE);
        if let Some(counts) = self.minutes.iter_mut().rev().find(|counts| counts.minute == minute) {
            count(counts);
            return;
        }
        let mut counts = Counts { minute, ..Counts::default() };
        count(&mut counts);
        self.minutes.push(counts);
        if self.minutes.len() > MINUTES_MAX {
            self.minutes.remove(0);
        }
    }

    /// True when within the window mail came in, and submissions failed more than in
    /// the window before, or ceased.
    pub(crate) fn is_split(&self, now: Timestamp, config: &Config) -> bool {
        let span = (config.window.nanos() / MINUTE).max(1);
        let now = now.div_euclid(MINUTE);
        let sum = |from: i64, to: i64| {
            let within = self.minutes.iter().filter(|c| c.minute > from && c.minute <= to);
            within.fold(Counts::default(), |sum, c| Counts {
                minute: 0,
                received: sum.received.saturating_add(c.received),
                submitted: sum.submitted.saturating_add(c.submitted),
                failed: sum.failed.saturating_add(c.failed),
            })
        };
        let (recent, before) = (sum(now - span, now), sum(now - 2 * span, now - span));
        let fails = recent.failed >= FAILURES_MIN && recent.failed > before.failed;
        let ceased = recent.submitted == 0 && before.submitted >= SUBMISSIONS_MIN;
        recent.received > 0 && (fails || ceased)
    }
}
