//! Open incidents: what was told, what came since, when to tell again.
//!
//! A case begins with a `create`. For the cooldown further hits of its group are
//! updates of it, held back by the update interval; what is held back is told when
//! the interval is over, or at the end of input. After the cooldown the next hit
//! begins a new case, with a key of its own.

use logwasp_sdk::state::{BoundedMap, Cooldown, Keep, Timers, Verdict, Weigh};
use logwasp_sdk::time::{DAY, SECOND};
use logwasp_sdk::{Alert, Alerts, Confidence, Duration, Evidence, Severity, Timestamp};
use serde::{Deserialize, Serialize};

use crate::rule::Rule;
use crate::text;

/// A case is remembered this long, so that a repair can close it.
const KEPT_NANOS: i64 = 7 * DAY;
/// Different values told of one entity.
const ENTITY_VALUES_MAX: usize = 8;
/// Records told: the first, and the newest of the rest.
const EVIDENCE_MAX: usize = 20;

/// What a rule concluded from one message.
pub(crate) struct Hit {
    pub(crate) rule: Rule,
    /// Hits of one group within the cooldown are one case.
    pub(crate) group: String,
    pub(crate) severity: Severity,
    pub(crate) confidence: Confidence,
    /// Empty: it has nothing to say that a case does not say already.
    pub(crate) title: String,
    /// Another rule that says the same of the same message.
    pub(crate) also: Option<Rule>,
    pub(crate) entities: Vec<(&'static str, String)>,
    /// About the message: told as the best evidence has them.
    pub(crate) facts: Vec<(&'static str, String)>,
    /// About the case: told as they are now.
    pub(crate) running: Vec<(&'static str, String)>,
    /// For a new case: when it began.
    pub(crate) first_seen: Timestamp,
    /// For a new case: how many messages it begins with.
    pub(crate) count: u64,
    /// For a new case: the records before the latest, oldest first.
    pub(crate) earlier: Vec<Evidence>,
    pub(crate) latest: Evidence,
}

/// What a hit may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    /// Begin a case, or add to one.
    Full,
    /// Add to an open case: it came late, or the case may not begin now.
    AddOnly,
    /// The message is counted already; it may be understood better now.
    Repeat,
}

/// The spans that rule over cases.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spans {
    pub(crate) cooldown: Duration,
    pub(crate) update_interval: Duration,
}

/// All cases.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Cases {
    cases: BoundedMap<String, Case>,
    updates: Timers<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Case {
    rule: Rule,
    /// The alert as last told, and what came since; texts that follow from the
    /// rest are written when it is raised.
    alert: Alert,
    cooldown: Cooldown,
    /// When held-back hits are told.
    update_due: Option<Timestamp>,
}

impl Default for Cases {
    fn default() -> Self {
        Self { cases: BoundedMap::new(0), updates: Timers::default() }
    }
}

impl Cases {
    pub(crate) fn set_bytes_max(&mut self, bytes_max: usize) {
        self.cases.set_bytes_max(bytes_max);
    }

    pub(crate) fn is_open(&self, group: &str, now: Timestamp, spans: Spans) -> bool {
        let case = self.cases.get(&group.to_owned());
        case.is_some_and(|case| case.cooldown.is_open(now, spans.cooldown))
    }

    /// Takes a hit; says what became of it, and nothing when no case took it.
    pub(crate) fn report(
        &mut self,
        hit: Hit,
        weight: Weight,
        spans: Spans,
        alerts: &mut Alerts,
    ) -> Option<Verdict> {
        let now = alerts.now();
        let group = hit.group.clone();
        if weight != Weight::Full && !self.is_open(&group, now, spans) {
            return None;
        }
        if weight == Weight::Repeat && !self.cases.get(&group).is_some_and(|c| c.learns(&hit)) {
            return None;
        }
        self.settle(&group, spans, alerts);
        let new = || Case::new(&hit);
        let ((verdict, pending), evicted) =
            self.cases.touch(group.clone(), now, new, |case| case.take(&hit, weight, now, spans));
        for (gone, case) in evicted {
            self.let_go(gone, &case, alerts);
        }
        self.reschedule(&group, pending);
        if verdict != Verdict::Hold
            && let Some(case) = self.cases.get(&group)
        {
            alerts.raise(case.told(verdict));
        }
        Some(verdict)
    }

    /// Ends the case of a group, if there is one.
    pub(crate) fn close(&mut self, group: &str, alerts: &mut Alerts) {
        let group = group.to_owned();
        let Some(case) = self.cases.remove(&group) else { return };
        self.reschedule(&group, Pending { was: case.update_due, is: None });
        alerts.raise(text::close(case.rule, case.alert));
    }

    pub(crate) fn deadline(&self) -> Option<Timestamp> {
        self.updates.deadline()
    }

    /// Tells what was held back long enough.
    pub(crate) fn timer(&mut self, now: Timestamp, spans: Spans, alerts: &mut Alerts) {
        while let Some(group) = self.updates.pop(now) {
            if let Some(case) = self.cases.get_mut(&group) {
                case.update_due = None;
                case.note_told(now, spans);
                alerts.raise(case.told(Verdict::Update));
            }
        }
    }

    /// Tells all that was held back.
    pub(crate) fn finish(&mut self, alerts: &mut Alerts) {
        for (_, group) in self.updates.drain() {
            if let Some(case) = self.cases.get_mut(&group) {
                case.update_due = None;
                alerts.raise(case.told(Verdict::Update));
            }
        }
    }

    pub(crate) fn expire(&mut self, now: Timestamp, alerts: &mut Alerts) {
        for (group, case) in self.cases.expire(now - KEPT_NANOS) {
            self.let_go(group, &case, alerts);
        }
    }

    /// A case whose cooldown is over tells what it held back before the next begins.
    fn settle(&mut self, group: &str, spans: Spans, alerts: &mut Alerts) {
        if self.is_open(group, alerts.now(), spans) {
            return;
        }
        let Some(case) = self.cases.get_mut(&group.to_owned()) else { return };
        if let Some(due) = case.update_due.take() {
            alerts.raise(case.told(Verdict::Update));
            self.updates.clear(due, group.to_owned());
        }
    }

    /// A case that had to go says its last word.
    fn let_go(&mut self, group: String, case: &Case, alerts: &mut Alerts) {
        if let Some(due) = case.update_due {
            self.updates.clear(due, group);
            alerts.raise(case.told(Verdict::Update));
        }
    }

    fn reschedule(&mut self, group: &str, pending: Pending) {
        if pending.was == pending.is {
            return;
        }
        if let Some(at) = pending.was {
            self.updates.clear(at, group.to_owned());
        }
        if let Some(at) = pending.is {
            self.updates.set(at, group.to_owned());
        }
    }
}

/// When held-back hits were to be told, and are now.
struct Pending {
    was: Option<Timestamp>,
    is: Option<Timestamp>,
}

impl Case {
    fn new(hit: &Hit) -> Self {
        Self {
            rule: hit.rule,
            alert: Alert::create(hit.rule.code(), "", hit.severity),
            cooldown: Cooldown::default(),
            update_due: None,
        }
    }

    fn take(
        &mut self,
        hit: &Hit,
        weight: Weight,
        now: Timestamp,
        spans: Spans,
    ) -> (Verdict, Pending) {
        let was = self.update_due;
        let learns = self.learns(hit);
        let verdict =
            self.cooldown.judge(now, hit.severity, learns, spans.cooldown, spans.update_interval);
        if verdict == Verdict::Create {
            self.begin(hit);
        } else {
            self.add(hit, weight);
        }
        self.update_due = match verdict {
            Verdict::Hold => was.or(Some(now.saturating_add(spans.update_interval.nanos()))),
            Verdict::Create | Verdict::Update => None,
        };
        (verdict, Pending { was, is: self.update_due })
    }

    /// The hit is surer than what was told, or names another rule for the first time.
    fn learns(&self, hit: &Hit) -> bool {
        hit.confidence > self.alert.confidence
            || (hit.also.is_some() && self.alert.attribute_value("also").is_none())
    }

    fn begin(&mut self, hit: &Hit) {
        let key = format!("{}|{}", hit.group, hit.first_seen / SECOND);
        self.rule = hit.rule;
        self.alert = Alert::create(hit.rule.code(), key, hit.severity)
            .confidence(hit.confidence)
            .seen(hit.first_seen, hit.latest.time, hit.count)
            .evidence(hit.earlier.iter().chain([&hit.latest]).cloned());
        for technique in hit.rule.attack() {
            self.alert.attack.push((*technique).to_owned());
        }
        self.set_facts(hit);
        self.tell(hit);
    }

    fn add(&mut self, hit: &Hit, weight: Weight) {
        let alert = &mut self.alert;
        if weight != Weight::Repeat {
            alert.count += 1;
        }
        alert.last_seen = alert.last_seen.max(hit.latest.time);
        alert.severity = alert.severity.max(hit.severity);
        if alert.evidence.len() >= EVIDENCE_MAX {
            alert.evidence.remove(1);
        }
        alert.evidence.push(hit.latest.clone());
        if hit.confidence > alert.confidence {
            alert.confidence = hit.confidence;
            self.set_facts(hit);
        }
        self.tell(hit);
    }

    fn set_facts(&mut self, hit: &Hit) {
        for (name, value) in &hit.facts {
            set(&mut self.alert.attributes, name, value);
        }
    }

    fn tell(&mut self, hit: &Hit) {
        let alert = &mut self.alert;
        // The title of a hit that knows less does not replace a better one.
        let knows_less = hit.also.is_none() && alert.attribute_value("also").is_some();
        if !hit.title.is_empty() && !knows_less {
            alert.title.clone_from(&hit.title);
        }
        if let Some(also) = hit.also {
            set(&mut alert.attributes, "also", also.code());
        }
        for (name, value) in &hit.running {
            set(&mut alert.attributes, name, value);
        }
        for (name, value) in &hit.entities {
            let told = alert.entities.iter().filter(|(n, _)| n == name).count();
            let known = alert.entities.iter().any(|(n, v)| n == name && v == value);
            if !known && told < ENTITY_VALUES_MAX {
                alert.entities.push(((*name).to_owned(), value.clone()));
            }
        }
    }

    /// An update told by the timer counts for the interval as well.
    fn note_told(&mut self, now: Timestamp, spans: Spans) {
        if self.cooldown.is_open(now, spans.cooldown) {
            let severity = self.alert.severity;
            self.cooldown.judge(now, severity, true, spans.cooldown, spans.update_interval);
        }
    }

    fn told(&self, verdict: Verdict) -> Alert {
        let alert = text::describe(self.rule, self.alert.clone());
        if verdict == Verdict::Create { alert } else { alert.as_update() }
    }
}

fn set(list: &mut Vec<(String, String)>, name: &str, value: &str) {
    match list.iter_mut().find(|(n, _)| n == name) {
        Some((_, old)) => value.clone_into(old),
        None => list.push((name.to_owned(), value.to_owned())),
    }
}

impl Weigh for Case {
    fn heap_bytes(&self) -> usize {
        let pairs = |list: &[(String, String)]| -> usize {
            list.iter().map(|pair| size_of_val(pair) + pair.0.len() + pair.1.len()).sum()
        };
        let alert = &self.alert;
        let evidence: usize =
            alert.evidence.iter().map(|item| size_of_val(item) + item.summary.len()).sum();
        // The group is the map's key and, while an update waits, the timer's.
        3 * alert.key.len()
            + alert.title.len()
            + pairs(&alert.entities)
            + pairs(&alert.attributes)
            + evidence
            + 64
    }

    fn keep(&self) -> Keep {
        if self.alert.count > 1 || self.update_due.is_some() {
            Keep::Protected
        } else {
            Keep::Several
        }
    }
}
