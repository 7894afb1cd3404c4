//! The route of a message, and whether it goes in circles.

use std::collections::{BTreeMap, BTreeSet};

use logwasp_sdk::{Hosts, Timestamp, mail};

use crate::date;
use crate::places::{Place, Places};

/// Exchange stops a message after 60 hops; more lines than this are forged.
const HOPS_MAX: usize = 128;

/// The systems that a message passed, oldest first, neighbours joined.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Chain {
    stops: Vec<Stop>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Stop {
    place: Place,
    /// When the system took the message.
    at: Option<Timestamp>,
}

/// A route that goes in circles.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Circle {
    /// How often the message went there and back.
    pub(crate) repetitions: u64,
    pub(crate) places: BTreeSet<Place>,
}

impl Chain {
    /// From the values of `Received` headers, newest first as they stand in a message.
    pub(crate) fn read(received: &[String], places: &Places, learned: &Hosts) -> Self {
        let mut chain = Self::default();
        for value in received.iter().take(HOPS_MAX).rev() {
            let line = mail::received(value);
            if let Some(place) = places.of(line.from, line.from_ip, learned) {
                chain.push(place, None);
            }
            if let Some(place) = places.of(line.by, line.by_ip, learned) {
                chain.push(place, line.date.and_then(date::parse));
            }
        }
        chain
    }

    fn push(&mut self, place: Place, at: Option<Timestamp>) {
        match self.stops.last_mut() {
            Some(last) if last.place == place => last.at = last.at.or(at),
            _ => self.stops.push(Stop { place, at }),
        }
    }

    /// All systems on the way.
    pub(crate) fn places(&self) -> BTreeSet<Place> {
        self.stops.iter().map(|stop| stop.place.clone()).collect()
    }

    /// How often the message came to Exchange Online from elsewhere.
    pub(crate) fn online_visits(&self) -> usize {
        self.stops.iter().filter(|stop| stop.place == Place::Online).count()
    }

    /// The two systems between which the message went to and fro most often. Between
    /// us and Exchange Online, gateways in the path and which server of ours it was
    /// do not matter.
    pub(crate) fn circle(&self) -> Option<Circle> {
        let route: Vec<&Place> = self.stops.iter().map(|stop| &stop.place).collect();
        let sides: Vec<&Place> =
            route.iter().copied().filter(|place| !matches!(place, Place::Other(_))).collect();
        let is_online = |place: &Place| *place == Place::Online;
        let mut crossings = [0_u64; 2];
        for pair in sides.windows(2) {
            if let [a, b] = pair
                && is_online(a) != is_online(b)
            {
                crossings[usize::from(is_online(a))] += 1;
            }
        }
        let hybrid = Circle {
            repetitions: crossings[0].min(crossings[1]),
            places: sides.into_iter().cloned().collect(),
        };
        let best = pairs(&route).into_iter().chain([hybrid]).max_by_key(|c| c.repetitions)?;
        (best.repetitions > 0).then_some(best)
    }

    /// The times at which the system visited most often was visited.
    pub(crate) fn visits(&self) -> Vec<Timestamp> {
        let mut by_place: BTreeMap<&Place, Vec<Timestamp>> = BTreeMap::new();
        for stop in &self.stops {
            by_place.entry(&stop.place).or_default().extend(stop.at);
        }
        by_place.into_values().max_by_key(Vec::len).unwrap_or_default()
    }
}

/// Each pair of neighbours, with how often the message went there and back.
fn pairs(route: &[&Place]) -> Vec<Circle> {
    let mut steps: BTreeMap<(&Place, &Place), u64> = BTreeMap::new();
    for pair in route.windows(2) {
        if let [a, b] = pair {
            *steps.entry((a, b)).or_default() += 1;
        }
    }
    let back = |a, b| steps.get(&(b, a)).copied().unwrap_or(0);
    let both = steps.iter().filter(|((a, b), _)| a < b);
    both.map(|((a, b), there)| Circle {
        repetitions: (*there).min(back(*a, *b)),
        places: [(*a).clone(), (*b).clone()].into(),
    })
    .collect()
}

/// The median of the intervals between visits, in seconds.
pub(crate) fn period_s(visits: &[Timestamp]) -> Option<i64> {
    let mut visits = visits.to_vec();
    visits.sort_unstable();
    let mut intervals: Vec<i64> = visits.windows(2).map(|pair| pair[1] - pair[0]).collect();
    intervals.sort_unstable();
    let middle = intervals.len().checked_sub(1)? / 2;
    let (low, high) = (intervals.get(middle)?, intervals.get(intervals.len() / 2)?);
    let median = i64::midpoint(*low, *high);
    (median > 0).then(|| (median + 500_000_000) / 1_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use logwasp_sdk::Site;
    use logwasp_sdk::time::SECOND;

    const EOP: &str = "HE1EUR01FT049.mail.protection.outlook.com";

    fn chain(hops: &[(&str, &str)]) -> Chain {
        let places = Places::new(Site::default()).expect("the nets parse");
        let lines: Vec<String> = hops
            .iter()
            .enumerate()
            .map(|(n, (from, by))| {
                format!("from {from} by {by}; 20 Nov 2026 09:00:{:02} +0000", 10 + 8 * n)
            })
            .rev()
            .collect();
        Chain::read(&lines, &places, &Hosts::default())
    }

    /// Scenario: there and back twice, once, through a gateway, over two own servers.
    /// Guarantees: complete circles are counted, own servers are one side.
    #[test]
    fn circles_are_counted() {
        let own = "ex1.domain.local";
        let to_and_fro = [(own, EOP), (EOP, own), (own, EOP), (EOP, own)];
        let twice = chain(&to_and_fro);
        let circle = twice.circle().expect("a circle");
        assert_eq!((circle.repetitions, circle.places.len()), (2, 2));
        assert_eq!(twice.visits().len(), 2);
        assert_eq!(period_s(&twice.visits()), Some(16));
        assert_eq!(chain(&to_and_fro[..2]).circle().map(|c| c.repetitions), Some(1));
        let gateway = "gw.filter.example";
        let through = [
            (own, gateway),
            (gateway, EOP),
            (EOP, own),
            (own, gateway),
            (gateway, EOP),
            (EOP, "ex2.domain.local"),
        ];
        assert_eq!(chain(&through).circle().map(|c| c.repetitions), Some(2));
        let others = [
            ("a.x.example", "b.y.example"),
            ("b.y.example", "a.x.example"),
            ("a.x.example", "b.y.example"),
            ("b.y.example", "a.x.example"),
        ];
        assert_eq!(chain(&others).circle().map(|c| c.repetitions), Some(2));
        assert_eq!(chain(&[("a.x.example", own), (own, "ex2.domain.local")]).circle(), None);
        assert_eq!(chain(&[]).circle(), None);
        let filter = [("mx.x.example", "localhost"), ("localhost", "mx.x.example")];
        let filters = chain(&[filter[0], filter[1], filter[0], filter[1]]);
        assert_eq!(filters.circle(), None, "two content filters on one host");
    }

    /// Scenario: visits 16 s and 40 s apart; one visit.
    /// Guarantees: the median of the intervals.
    #[test]
    fn periods_are_medians() {
        assert_eq!(period_s(&[0, 16 * SECOND, 56 * SECOND]), Some(28));
        assert_eq!(period_s(&[0, 40 * SECOND, 80 * SECOND, 96 * SECOND]), Some(40));
        assert_eq!((period_s(&[0]), period_s(&[])), (None, None));
    }
}
