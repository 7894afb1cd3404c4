//! Cases: the alerts in the order in which the page tells them.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::alert::{Identified, Severity, newest_revisions};

/// What an alert is on the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Role {
    /// An alert that joins others.
    Incident,
    /// One of those.
    Member,
    /// It stands alone.
    Single,
    /// It stands alone and needs nobody.
    Noise,
}

/// One alert on the page.
#[derive(Debug)]
pub(super) struct Case<'a> {
    /// As it stands in the end.
    pub told: &'a Identified,
    /// What it is on the page.
    pub role: Role,
    /// The members of an incident, or the incidents of a member.
    pub links: Vec<Link<'a>>,
}

/// Another alert that belongs to a case.
#[derive(Debug, Clone, Copy)]
pub(super) struct Link<'a> {
    /// As it stands in the end.
    pub told: &'a Identified,
    /// False when its story is not on the page.
    pub is_shown: bool,
}

/// All alerts, as the page shows them.
#[derive(Debug)]
pub(super) struct Cases<'a> {
    /// Shown in full: incidents, each before its members, then the others, then noise;
    /// the worst first.
    pub shown: Vec<Case<'a>>,
    /// Only counted.
    pub rest: Vec<&'a Identified>,
    /// How many of each severity, noise apart, the worst first.
    pub severities: Vec<(Severity, u64)>,
    /// Noise of any severity.
    pub noise: u64,
}

/// The attribute with which an alert of the second stage names those it joins: ids
/// with commas between them.
const MEMBERS: &str = "children";

impl<'a> Cases<'a> {
    /// The alerts, of which at most `shown_max` are shown in full.
    pub(super) fn new(alerts: &'a [Identified], shown_max: usize) -> Self {
        let mut newest = newest_revisions(alerts);
        newest.sort_by_key(|told| (std::cmp::Reverse(told.alert.severity), told.alert.first_seen));
        let families = Families::new(&newest);
        let mut shown: Vec<Case<'a>> = Vec::new();
        for incident in newest.iter().filter(|told| families.of.contains_key(&*told.id)) {
            families.tell(incident, &mut shown);
        }
        let alone = newest.iter().filter(|told| !families.is_in_one(told));
        let (noise, singles): (Vec<&Identified>, Vec<&Identified>) =
            alone.partition(|told| told.alert.noise);
        let case = |told, role| Case { told, role, links: Vec::new() };
        shown.extend(singles.into_iter().map(|told| case(told, Role::Single)));
        shown.extend(noise.into_iter().map(|told| case(told, Role::Noise)));
        let rest = shown.split_off(shown.len().min(shown_max));
        let rest: Vec<&Identified> = rest.into_iter().map(|case| case.told).collect();
        let left_out: HashSet<&str> = rest.iter().map(|told| &*told.id).collect();
        for link in shown.iter_mut().flat_map(|case| &mut case.links) {
            link.is_shown = !left_out.contains(&*link.told.id);
        }
        let (severities, noise) = totals(&newest);
        Self { shown, rest, severities, noise }
    }

    /// Alerts, shown or counted.
    pub(super) fn count(&self) -> u64 {
        (self.shown.len() + self.rest.len()) as u64
    }
}

fn totals(alerts: &[&Identified]) -> (Vec<(Severity, u64)>, u64) {
    let loud = |severity| {
        let alerts =
            alerts.iter().filter(move |told| told.alert.severity == severity && !told.alert.noise);
        (severity, alerts.count() as u64)
    };
    let noise = alerts.iter().filter(|told| told.alert.noise).count();
    (Severity::ALL.into_iter().rev().map(loud).collect(), noise as u64)
}

/// Which alert joins which.
struct Families<'a> {
    /// The members of an incident, oldest first.
    of: HashMap<&'a str, Vec<&'a Identified>>,
    /// The incidents of a member.
    parents: BTreeMap<&'a str, Vec<&'a Identified>>,
}

impl<'a> Families<'a> {
    fn new(alerts: &[&'a Identified]) -> Self {
        let by_id: HashMap<&str, &Identified> =
            alerts.iter().map(|told| (&*told.id, *told)).collect();
        let joins =
            |told: &Identified| told.alert.attributes.iter().any(|(name, _)| name == MEMBERS);
        let mut families = Self { of: HashMap::new(), parents: BTreeMap::new() };
        for incident in alerts.iter().filter(|told| joins(told)) {
            let lists = incident.alert.attributes.iter().filter(|(name, _)| name == MEMBERS);
            let ids = lists.flat_map(|(_, ids)| ids.split(',')).map(str::trim);
            let mut seen = HashSet::new();
            // An incident is no member: there are two levels, whatever a guest says.
            let known = ids.filter(|id| seen.insert(*id)).filter_map(|id| by_id.get(id));
            let mut members: Vec<&Identified> =
                known.copied().filter(|told| !joins(told)).collect();
            members.sort_by_key(|told| told.alert.first_seen);
            for member in &members {
                families.parents.entry(&member.id).or_default().push(incident);
            }
            families.of.insert(&incident.id, members);
        }
        families
    }

    fn is_in_one(&self, told: &Identified) -> bool {
        self.of.contains_key(&*told.id) || self.parents.contains_key(&*told.id)
    }

    /// The incident, and behind it the members that have not been told yet.
    fn tell(&self, incident: &'a Identified, shown: &mut Vec<Case<'a>>) {
        let link = |told: &&'a Identified| Link { told, is_shown: true };
        let members = self.of.get(&*incident.id).cloned().unwrap_or_default();
        let links = members.iter().map(link).collect();
        shown.push(Case { told: incident, role: Role::Incident, links });
        for member in members {
            let parents = self.parents.get(&*member.id).cloned().unwrap_or_default();
            // With the first of its incidents.
            if parents.first().is_some_and(|first| first.id == incident.id) {
                let links = parents.iter().map(link).collect();
                shown.push(Case { told: member, role: Role::Member, links });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::examples::told;

    fn joins(mut told: Identified, members: &str) -> Identified {
        told.alert.attributes.push((MEMBERS.into(), members.into()));
        told
    }

    fn order(cases: &Cases<'_>) -> Vec<String> {
        cases.shown.iter().map(|case| format!("{:?} {}", case.role, case.told.id)).collect()
    }

    /// Scenario: two incidents that share a member, one of which names itself, the
    /// other, and an unknown alert; noise, and alerts that stand alone.
    /// Guarantees: each alert once, members behind their first incident, the worst
    /// first, noise last.
    #[test]
    fn incidents_come_before_the_others() {
        let mut noise = told("n", Severity::High, 1);
        noise.alert.noise = true;
        let alerts = [
            told("low", Severity::Low, 1),
            told("b", Severity::Low, 5),
            told("a", Severity::Medium, 9),
            noise,
            joins(told("p1", Severity::High, 5), "a,b,a"),
            joins(told("p2", Severity::Critical, 5), " b, p2,p1,unknown"),
            told("high", Severity::High, 1),
        ];
        let cases = Cases::new(&alerts, 100);
        let expected = [
            "Incident p2",
            "Member b",
            "Incident p1",
            "Member a",
            "Single high",
            "Single low",
            "Noise n",
        ];
        assert_eq!(order(&cases), expected);
        let links: Vec<usize> = cases.shown.iter().map(|case| case.links.len()).collect();
        assert_eq!(links, [1, 2, 2, 1, 0, 0, 0]);
        assert_eq!((cases.count(), cases.noise), (7, 1));
        let counts: Vec<u64> = cases.severities.iter().map(|(_, count)| *count).collect();
        assert_eq!(counts, [1, 2, 1, 2, 0]);
    }

    /// Scenario: an alert in three revisions, and more alerts than are shown.
    /// Guarantees: the newest revision counts; the worst are shown, the rest is kept.
    #[test]
    fn what_is_not_shown_is_counted() {
        let mut newer = told("x", Severity::High, 1);
        newer.revision = 3;
        let alerts = [told("x", Severity::Low, 1), told("y", Severity::Medium, 1), newer];
        let cases = Cases::new(&alerts, 1);
        assert_eq!((order(&cases), cases.rest.len()), (vec!["Single x".to_owned()], 1));
        assert_eq!(cases.shown[0].told.revision, 3);
        assert_eq!(Cases::new(&alerts, 0).rest.len(), 2);
    }
}
