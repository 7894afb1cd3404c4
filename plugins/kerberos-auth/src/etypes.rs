//! K3: encryption types that a DC does not know. Harmless as such, so it is summed up
//! once a day; the way in which it is often silenced is not harmless.

use std::collections::BTreeMap;

use logwasp_sdk::state::{BoundedMap, Keep, Ring, Timers, Weigh};
use logwasp_sdk::text::clean;
use logwasp_sdk::time::{DAY, HOUR};
use logwasp_sdk::{Alert, Alerts, Confidence, Event, Evidence, Severity, Timestamp, identity};
use serde::{Deserialize, Serialize};

use crate::Hit;
use crate::rows::{Kdc, Unsupported};
use crate::text;
use crate::why;

/// More errors than this within an hour are worth a look.
const ERRORS_PER_HOUR_MAX: usize = 500;

#[derive(Serialize, Deserialize)]
pub(crate) struct Etypes {
    days: BoundedMap<String, Day>,
    due: Timers<String>,
}

/// What one DC logged since its last summary.
#[derive(Serialize, Deserialize)]
struct Day {
    since: Timestamp,
    last: Timestamp,
    count: u64,
    /// By event id.
    ids: BTreeMap<u32, u64>,
    recent: Ring<Timestamp>,
    requested: Option<String>,
    available: Option<String>,
    first: Evidence,
    newest: Evidence,
    /// A summary would only repeat the alert.
    is_raised: bool,
}

impl Default for Etypes {
    fn default() -> Self {
        Self { days: BoundedMap::new(0), due: Timers::default() }
    }
}

impl Etypes {
    pub(crate) fn set_bytes_max(&mut self, bytes_max: usize) {
        self.days.set_bytes_max(bytes_max);
    }

    pub(crate) fn deadline(&self) -> Option<Timestamp> {
        self.due.deadline()
    }

    /// An event of the KDC itself.
    pub(crate) fn kdc(&mut self, row: &Kdc<'_>, event: &Event<'_>) -> Option<Hit> {
        let id: u32 = row.event_id?.parse().ok()?;
        let text = row.message.or(row.data).unwrap_or_default();
        let etypes = (after(text, "requested etypes were"), after(text, "available etypes were"));
        self.note(row.host, id, etypes, (201..=209).contains(&id), event)
    }

    /// A ticket refused with KDC_ERR_ETYPE_NOSUPP.
    pub(crate) fn unsupported(&mut self, row: &Unsupported<'_>, event: &Event<'_>) -> Option<Hit> {
        let id: u32 = row.event_id?.parse().ok()?;
        self.note(row.host, id, (None, None), false, event)
    }

    fn note(
        &mut self,
        host: Option<&str>,
        id: u32,
        etypes: (Option<String>, Option<String>),
        is_warning: bool,
        event: &Event<'_>,
    ) -> Option<Hit> {
        let dc = host.and_then(identity::host).map(|host| clean(&host, 128))?;
        if event.is_late() && self.days.get(&dc).is_none() {
            why::etypes(&dc, 0, 0, ERRORS_PER_HOUR_MAX, true);
            return None;
        }
        let at = event.time();
        let evidence = Evidence::of(event, text::etype_error(id, etypes.0.as_deref()));
        let is_new = self.days.get(&dc).is_none();
        let new = || Day::new(at, evidence.clone());
        let note = |day: &mut Day| {
            day.note(id, etypes, is_warning, at, &evidence);
            why::etypes(&dc, day.count, day.recent.len(), ERRORS_PER_HOUR_MAX, false);
            let too_many = day.is_too_many();
            day.is_raised |= too_many;
            too_many.then(|| day.alert(&dc))
        };
        let (alert, evicted) = self.days.touch(dc.clone(), at, new, note);
        if is_new {
            self.due.set(at.saturating_add(DAY), dc);
        }
        for (gone, day) in evicted {
            self.due.clear(day.since.saturating_add(DAY), gone);
        }
        alert.map(Hit::new)
    }

    pub(crate) fn timer(&mut self, now: Timestamp, alerts: &mut Alerts) {
        while let Some(dc) = self.due.pop(now) {
            self.sum_up(dc, alerts);
        }
    }

    pub(crate) fn finish(&mut self, alerts: &mut Alerts) {
        for (_, dc) in self.due.drain() {
            self.sum_up(dc, alerts);
        }
    }

    fn sum_up(&mut self, dc: String, alerts: &mut Alerts) {
        let Some(day) = self.days.remove(&dc).filter(|day| !day.is_raised) else { return };
        let alert = day.alert(&dc);
        let key = format!("K3 summary|{dc}|{}", day.since);
        alerts.raise(Alert { key, severity: Severity::Info, noise: true, ..alert });
    }
}

impl Day {
    fn new(at: Timestamp, first: Evidence) -> Self {
        Self {
            since: at,
            last: at,
            count: 0,
            ids: BTreeMap::new(),
            recent: Ring::new(ERRORS_PER_HOUR_MAX + 1),
            requested: None,
            available: None,
            newest: first.clone(),
            first,
            is_raised: false,
        }
    }

    fn note(
        &mut self,
        id: u32,
        (requested, available): (Option<String>, Option<String>),
        is_warning: bool,
        at: Timestamp,
        evidence: &Evidence,
    ) {
        self.count += 1;
        self.last = self.last.max(at);
        *self.ids.entry(id).or_default() += 1;
        self.requested = requested.or(self.requested.take());
        self.available = available.or(self.available.take());
        self.newest = evidence.clone();
        if !is_warning {
            self.recent.push(at);
        }
    }

    fn is_too_many(&self) -> bool {
        let span = self.recent.newest().zip(self.recent.oldest());
        self.recent.len() > ERRORS_PER_HOUR_MAX
            && span.is_some_and(|(newest, oldest)| newest - oldest <= HOUR)
    }

    fn alert(&self, dc: &str) -> Alert {
        let ids: Vec<String> =
            self.ids.iter().map(|(id, count)| format!("{id}: {count}")).collect();
        let evidence = [Some(&self.first), Some(&self.newest).filter(|_| self.count > 1)];
        Alert::create("K3", format!("K3|{dc}"), Severity::Medium)
            .confidence(Confidence::High)
            .seen(self.first.time.min(self.last), self.last, self.count)
            .title(text::etype_errors(dc, self.count))
            .description(text::ETYPES)
            .remediation(text::ETYPES_REMEDIATION)
            .entity("host", dc)
            .attribute("events", ids.join(", "))
            .attribute("requested_etypes", self.requested.clone().unwrap_or_default())
            .attribute("available_etypes", self.available.clone().unwrap_or_default())
            .evidence(evidence.into_iter().flatten().cloned())
    }
}

/// The list of numbers behind some words.
fn after(text: &str, words: &str) -> Option<String> {
    let is_list = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '-' | ',');
    let rest = text.split_once(words)?.1.trim_start_matches([':', ' ']);
    let end = rest.find(|c: char| !is_list(c)).unwrap_or(rest.len());
    let list = clean(rest.get(..end)?, 120);
    (!list.is_empty()).then_some(list)
}

impl Weigh for Day {
    fn heap_bytes(&self) -> usize {
        let texts = [&self.requested, &self.available];
        self.recent.heap_bytes()
            + self.ids.len() * 32
            + texts.into_iter().flatten().map(String::len).sum::<usize>()
            + self.first.summary.len()
            + self.newest.summary.len()
            + 128
    }

    fn keep(&self) -> Keep {
        if self.count > 1 { Keep::Protected } else { Keep::Once }
    }
}
