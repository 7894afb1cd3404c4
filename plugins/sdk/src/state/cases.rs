//! Open incidents: what was told, what came since, when to tell again.
//!
//! A case begins with a `create`. Until its cooldown is over, further hits of its
//! group are updates of it, held back by the update interval; what is held back is
//! told when the interval is over or the input ends. After the cooldown the case is
//! closed, and the next hit of the group begins a new one with a key of its own.

use serde::{Deserialize, Serialize};

use super::map::{BoundedMap, Keep, Weigh};
use super::timers::Timers;
use crate::alert::{Alert, Alerts, Evidence};
use crate::explain;
use crate::time::{Duration, SECOND, Timestamp};

/// Different values told of one entity.
const ENTITY_VALUES_MAX: usize = 8;
/// Records told: the first, and the newest of the rest.
const EVIDENCE_MAX: usize = 20;
/// Longest group: the host takes keys of 512 bytes.
const GROUP_BYTES_MAX: usize = 480;

/// How long a case stays open, and how often it is told about.
#[derive(Debug, Clone, Copy)]
pub struct Spans {
    /// From the create to the close.
    pub cooldown: Duration,
    /// Between two updates, unless the case gets worse or clearer.
    pub update_interval: Duration,
}

/// What a hit may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Begin a case, or add so much to the count of an open one.
    Count(u64),
    /// Add so much to an open case; it came late and begins none.
    Late(u64),
}

/// All open cases of a detector.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Cases {
    cases: BoundedMap<String, Case>,
    timers: Timers<(Due, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Due {
    Close,
    Tell,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Case {
    alert: Alert,
    close_at: Timestamp,
    told_at: Timestamp,
    /// When held-back hits are told.
    tell_at: Option<Timestamp>,
}

impl Default for Cases {
    fn default() -> Self {
        Self { cases: BoundedMap::new(0), timers: Timers::default() }
    }
}

impl Cases {
    /// Sets the memory for cases.
    pub fn set_bytes_max(&mut self, bytes_max: usize) {
        self.cases.set_bytes_max(bytes_max);
    }

    /// What the open case of `group` says, if there is one.
    pub fn open(&self, group: &str) -> Option<&Alert> {
        self.cases.get(&group_key(group)).map(|case| &case.alert)
    }

    /// Takes a hit: an alert as it would be raised if a case began now, with its
    /// group for a key and its newest record last in the evidence. An open case
    /// takes its count from `weight`, keeps its rule (another one becomes the
    /// attribute `also`), and takes the hit's texts unless it knew better.
    /// Returns false when no case took it.
    pub fn report(
        &mut self,
        hit: Alert,
        weight: Weight,
        spans: Spans,
        alerts: &mut Alerts,
    ) -> bool {
        let group = group_key(&hit.key);
        if self.cases.get(&group).is_some() {
            explain(&hit.rule, &hit.key, || "one more of an open incident".to_owned());
            self.add(&group, hit, weight, spans, alerts);
            return true;
        }
        let Weight::Count(_) = weight else {
            explain(&hit.rule, &hit.key, || "a late record begins no incident, silent".to_owned());
            return false;
        };
        self.begin(group, hit, spans, alerts);
        true
    }

    fn begin(&mut self, group: String, hit: Alert, spans: Spans, alerts: &mut Alerts) {
        let now = alerts.now();
        let key = format!("{group}|{}", hit.first_seen / SECOND);
        let mut case = Case {
            alert: Alert { key, ..hit },
            close_at: now.saturating_add(spans.cooldown.nanos().max(1)),
            told_at: now,
            tell_at: None,
        };
        trim(&mut case.alert.evidence);
        self.timers.set(case.close_at, (Due::Close, group.clone()));
        alerts.raise(case.alert.clone());
        let ((), evicted) = self.cases.touch(group, now, || case, |_| ());
        for (gone, case) in evicted {
            self.let_go(gone, case, alerts);
        }
    }

    fn add(&mut self, group: &str, hit: Alert, weight: Weight, spans: Spans, alerts: &mut Alerts) {
        let now = alerts.now();
        let (Weight::Count(more) | Weight::Late(more)) = weight;
        let change = |case: &mut Case| {
            let clearer = merge(&mut case.alert, hit, more);
            let due = case.told_at.saturating_add(spans.update_interval.nanos());
            let was = case.tell_at.take();
            let told = (clearer || now >= due).then(|| {
                case.told_at = now;
                case.alert.clone().as_update()
            });
            if told.is_none() {
                case.tell_at = was.or(Some(due));
            }
            (told, was, case.tell_at)
        };
        // The case is there: the caller looked.
        let unused = || Case {
            alert: Alert::create("", "", crate::Severity::Info),
            close_at: 0,
            told_at: 0,
            tell_at: None,
        };
        let ((told, was, is), evicted) = self.cases.touch(group.to_owned(), now, unused, change);
        if was != is {
            if let Some(at) = was {
                self.timers.clear(at, (Due::Tell, group.to_owned()));
            }
            if let Some(at) = is {
                self.timers.set(at, (Due::Tell, group.to_owned()));
            }
        }
        if let Some(alert) = told {
            alerts.raise(alert);
        }
        for (gone, case) in evicted {
            self.let_go(gone, case, alerts);
        }
    }

    /// The earliest moment at which [`Cases::timer`] has something to do.
    pub fn deadline(&self) -> Option<Timestamp> {
        self.timers.deadline()
    }

    /// Tells what was held back long enough, and closes what is over.
    pub fn timer(&mut self, now: Timestamp, alerts: &mut Alerts) {
        while let Some((due, group)) = self.timers.pop(now) {
            match due {
                Due::Tell => self.tell(&group, now, alerts),
                Due::Close => self.close(&group, alerts),
            }
        }
    }

    /// End of input: tells what was held back; nothing is closed.
    pub fn finish(&mut self, alerts: &mut Alerts) {
        let pending: Vec<String> = self
            .cases
            .iter()
            .filter(|(_, case)| case.tell_at.is_some())
            .map(|(group, _)| group.clone())
            .collect();
        for group in pending {
            if let Some(at) = self.cases.get(&group).and_then(|case| case.tell_at) {
                self.timers.clear(at, (Due::Tell, group.clone()));
            }
            self.tell(&group, alerts.now(), alerts);
        }
    }

    /// Ends the case of a group, if there is one.
    pub fn close(&mut self, group: &str, alerts: &mut Alerts) {
        let group = group_key(group);
        if let Some(case) = self.cases.remove(&group) {
            self.forget_timers(&group, &case);
            alerts.raise(case.alert.as_close());
        }
    }

    fn tell(&mut self, group: &str, now: Timestamp, alerts: &mut Alerts) {
        if let Some(case) = self.cases.get_mut(&group.to_owned()) {
            case.tell_at = None;
            case.told_at = now;
            alerts.raise(case.alert.clone().as_update());
        }
    }

    /// A case that had to go says its last word.
    fn let_go(&mut self, group: String, case: Case, alerts: &mut Alerts) {
        self.forget_timers(&group, &case);
        alerts.raise(case.alert.as_close());
    }

    fn forget_timers(&mut self, group: &str, case: &Case) {
        self.timers.clear(case.close_at, (Due::Close, group.to_owned()));
        if let Some(at) = case.tell_at {
            self.timers.clear(at, (Due::Tell, group.to_owned()));
        }
    }
}

fn group_key(group: &str) -> String {
    crate::text::shorten(group, GROUP_BYTES_MAX).to_owned()
}

/// Adds a hit to an alert; true when the alert got worse or clearer by it.
fn merge(alert: &mut Alert, hit: Alert, more: u64) -> bool {
    let worse = hit.severity > alert.severity || hit.confidence > alert.confidence;
    let knows_as_much = hit.severity >= alert.severity && hit.confidence >= alert.confidence;
    alert.count += more;
    alert.last_seen = alert.last_seen.max(hit.last_seen);
    alert.severity = alert.severity.max(hit.severity);
    alert.confidence = alert.confidence.max(hit.confidence);
    alert.noise &= hit.noise;
    if knows_as_much && (worse || hit.rule == alert.rule) {
        (alert.title, alert.description) = (hit.title, hit.description);
        alert.remediation = hit.remediation;
    }
    let also_before = attribute(alert, "also");
    name_rules(alert, &hit.rule);
    for (name, value) in hit.attributes {
        match alert.attributes.iter_mut().find(|(known, _)| *known == name) {
            _ if name == "also" => value.split(',').for_each(|rule| name_rules(alert, rule)),
            Some((_, old)) if knows_as_much => *old = value,
            Some(_) => {}
            None => alert.attributes.push((name, value)),
        }
    }
    for (name, value) in hit.entities {
        let told = alert.entities.iter().filter(|(known, _)| *known == name);
        if told.clone().all(|(_, known)| *known != value) && told.count() < ENTITY_VALUES_MAX {
            alert.entities.push((name, value));
        }
    }
    for label in hit.labels {
        if alert.labels.iter().all(|(name, _)| *name != label.0) {
            alert.labels.push(label);
        }
    }
    for technique in hit.attack {
        if !alert.attack.contains(&technique) {
            alert.attack.push(technique);
        }
    }
    if let Some(newest) = hit.evidence.into_iter().next_back() {
        alert.evidence.push(newest);
    }
    trim(&mut alert.evidence);
    worse || attribute(alert, "also") != also_before
}

fn attribute(alert: &Alert, name: &str) -> Option<String> {
    alert.attribute_value(name).map(str::to_owned)
}

/// Names another rule that says the same: `also=C2`, `also=C2,C4`.
fn name_rules(alert: &mut Alert, rule: &str) {
    if rule == alert.rule {
        return;
    }
    match alert.attributes.iter_mut().find(|(name, _)| name == "also") {
        Some((_, also)) if also.split(',').any(|known| known == rule) => {}
        Some((_, also)) => {
            also.push(',');
            also.push_str(rule);
        }
        None => alert.attributes.push(("also".to_owned(), rule.to_owned())),
    }
}

fn trim(evidence: &mut Vec<Evidence>) {
    while evidence.len() > EVIDENCE_MAX {
        evidence.remove(1);
    }
}

impl Weigh for Case {
    fn heap_bytes(&self) -> usize {
        let alert = &self.alert;
        let pairs = |list: &[(String, String)]| -> usize {
            list.iter().map(|pair| size_of_val(pair) + pair.0.len() + pair.1.len()).sum()
        };
        let evidence: usize =
            alert.evidence.iter().map(|item| size_of_val(item) + item.summary.len()).sum();
        // The group is the map's key and stands in two timers.
        4 * (alert.key.len() + 64)
            + alert.title.len()
            + alert.description.len()
            + alert.remediation.len()
            + pairs(&alert.entities)
            + pairs(&alert.attributes)
            + pairs(&alert.labels)
            + evidence
    }

    fn keep(&self) -> Keep {
        if self.alert.count > 1 { Keep::Protected } else { Keep::Several }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::{Activity, Severity};
    use crate::time::MINUTE;

    const SPANS: Spans =
        Spans { cooldown: Duration::minutes(60), update_interval: Duration::minutes(5) };

    fn hit(group: &str, at: Timestamp, severity: Severity) -> Alert {
        let evidence = Evidence { record: 1, time: at, summary: "x".to_owned() };
        Alert::create("C1", group, severity).seen(at, at, 1).evidence([evidence])
    }

    fn alerts_at(now: Timestamp) -> Alerts {
        let mut alerts = Alerts::default();
        alerts.set_now(now);
        alerts
    }

    fn cases() -> Cases {
        let mut cases = Cases::default();
        cases.set_bytes_max(1 << 20);
        cases
    }

    fn told(alerts: &mut Alerts) -> Vec<(Activity, u64)> {
        alerts.take().iter().map(|alert| (alert.activity, alert.count)).collect()
    }

    /// Scenario: a hit a minute, one of them worse; then silence.
    /// Guarantees: one create, held updates told after the interval, the worse one
    /// at once, a close when the cooldown is over.
    #[test]
    fn a_case_is_told_opened_and_closed() {
        let mut cases = cases();
        let mut said = Vec::new();
        for minute in 0..8 {
            let severity = if minute == 2 { Severity::High } else { Severity::Medium };
            let mut alerts = alerts_at(minute * MINUTE);
            while cases.deadline().is_some_and(|due| due <= alerts.now()) {
                cases.timer(alerts.now(), &mut alerts);
            }
            cases.report(hit("g", minute * MINUTE, severity), Weight::Count(1), SPANS, &mut alerts);
            said.extend(told(&mut alerts));
        }
        assert_eq!(said, [(Activity::Create, 1), (Activity::Update, 3), (Activity::Update, 7)]);
        let mut alerts = alerts_at(60 * MINUTE);
        cases.timer(60 * MINUTE, &mut alerts);
        assert_eq!(told(&mut alerts), [(Activity::Update, 8), (Activity::Close, 8)]);
        assert_eq!(cases.deadline(), None);
    }

    /// Scenario: a late hit without and with a case; a hit of another rule.
    /// Guarantees: late hits begin nothing; the other rule is named once, at once.
    #[test]
    fn late_hits_and_other_rules_only_add() {
        let mut cases = cases();
        let mut alerts = alerts_at(0);
        assert!(!cases.report(hit("g", 0, Severity::High), Weight::Late(1), SPANS, &mut alerts));
        cases.report(hit("g", 0, Severity::High), Weight::Count(1), SPANS, &mut alerts);
        let other = || Alert { rule: "C2".to_owned(), ..hit("g", 1, Severity::Medium) };
        assert!(cases.report(other(), Weight::Late(1), SPANS, &mut alerts));
        cases.report(other().attribute("also", "C4"), Weight::Count(1), SPANS, &mut alerts);
        assert_eq!(cases.open("g").and_then(|a| a.attribute_value("also")), Some("C2,C4"));
        assert_eq!(told(&mut alerts).len(), 3);
        cases.finish(&mut alerts);
        assert_eq!(told(&mut alerts), []);
    }

    /// Scenario: two hundred thousand groups, each hit once.
    /// Guarantees: memory stays bounded, timers too; a case hit often survives.
    #[test]
    fn floods_are_bounded() {
        let mut cases = cases();
        let mut alerts = alerts_at(0);
        for at in 0..3 {
            cases.report(hit("slow", at, Severity::Low), Weight::Count(1), SPANS, &mut alerts);
        }
        for n in 0..200_000 {
            cases.report(
                hit(&n.to_string(), n, Severity::Low),
                Weight::Count(1),
                SPANS,
                &mut alerts,
            );
            alerts.take();
        }
        assert!(cases.cases.len() < 2_000 && cases.timers.len() <= 2 * cases.cases.len());
        assert!(cases.open("slow").is_some_and(|alert| alert.count == 3));
    }
}
