//! Interest: which events some detector wants, and the exact test of each
//! subscription on an event.

mod condition;
mod subscription;

pub use condition::{Condition, ConditionSpec, Test};
pub use subscription::{Subscription, SubscriptionError, SubscriptionSpec};

use bumpalo::Bump;

use crate::event::{Event, Kind, Selector};

/// All subscriptions of all detectors, arranged for matching. A subscription is
/// named by its place in the list given to [`Interest::new`].
#[derive(Debug)]
pub struct Interest {
    subscriptions: Vec<Subscription>,
    by_kind: Vec<OfKind>,
}

/// The subscriptions of one kind: those that name event ids are found by the id.
#[derive(Debug, Default)]
struct OfKind {
    /// (event id, subscription), sorted.
    by_event_id: Vec<(u32, usize)>,
    other: Vec<usize>,
}

impl Interest {
    /// Arranges the subscriptions.
    pub fn new(subscriptions: Vec<Subscription>) -> Self {
        let mut by_kind: Vec<OfKind> = Kind::ALL.iter().map(|_| OfKind::default()).collect();
        for (index, subscription) in subscriptions.iter().enumerate() {
            let Some(of_kind) = by_kind.get_mut(subscription.kind.index()) else { continue };
            match subscription.event_ids() {
                Some(ids) => of_kind.by_event_id.extend(ids.into_iter().map(|id| (id, index))),
                None => of_kind.other.push(index),
            }
        }
        for of_kind in &mut by_kind {
            of_kind.by_event_id.sort_unstable();
            of_kind.by_event_id.dedup();
        }
        Self { subscriptions, by_kind }
    }

    /// The subscriptions, in the order given.
    pub fn subscriptions(&self) -> &[Subscription] {
        &self.subscriptions
    }

    /// The subscriptions of one kind.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Subscription> {
        self.subscriptions.iter().filter(move |subscription| subscription.kind == kind)
    }

    /// True when somebody wants events of this kind.
    pub fn wants(&self, kind: Kind) -> bool {
        self.of_kind(kind).next().is_some()
    }

    /// False when no subscription of this kind can match an event with this id,
    /// whatever its fields are.
    pub fn may_match_event_id(&self, kind: Kind, event_id: u32) -> bool {
        let Some(of_kind) = self.by_kind.get(kind.index()) else { return false };
        let named = of_kind.by_event_id.binary_search_by_key(&event_id, |(id, _)| *id).is_ok();
        named || !of_kind.other.is_empty()
    }

    /// Writes the subscriptions that the event satisfies to `found`, ascending.
    pub fn matching<'c>(&self, event: &Event<'c>, arena: &'c Bump, found: &mut Vec<usize>) {
        found.clear();
        let Some(of_kind) = self.by_kind.get(event.kind.index()) else { return };
        if event.event_id != 0 {
            let ids = &of_kind.by_event_id;
            let first = ids.partition_point(|(id, _)| *id < event.event_id);
            let named = ids.get(first..).unwrap_or_default().iter();
            let named = named.take_while(|(id, _)| *id == event.event_id).map(|(_, index)| *index);
            found.extend(named.filter(|index| self.satisfies(*index, event, arena)));
        }
        let named_count = found.len();
        found.extend(of_kind.other.iter().filter(|index| self.satisfies(**index, event, arena)));
        if named_count > 0 && found.len() > named_count {
            found.sort_unstable();
        }
    }

    fn satisfies<'c>(&self, index: usize, event: &Event<'c>, arena: &'c Bump) -> bool {
        self.subscriptions.get(index).is_some_and(|subscription| subscription.matches(event, arena))
    }
}

/// True when the selector is the event id.
fn is_event_id(condition: &Condition) -> bool {
    condition.selector == Selector::EventId
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Escape, Value};

    fn subscribe(kind: &str, all_of: &[(&str, &str, &[&str])]) -> Subscription {
        let conditions = all_of.iter().map(|(field, op, values)| ConditionSpec {
            field: (*field).to_owned(),
            op: (*op).to_owned(),
            values: values.iter().map(|&value| value.to_owned()).collect(),
            ignore_case: false,
            negate: false,
        });
        let spec = SubscriptionSpec {
            kind: kind.to_owned(),
            all_of: conditions.collect(),
            columns: vec!["@host".to_owned()],
        };
        Subscription::compile(&spec).unwrap()
    }

    fn windows(event_id: u32, fields: &[(&'static str, &'static str)]) -> Event<'static> {
        let mut event = Event { kind: Kind::WindowsEvent, event_id, ..Event::default() };
        for (name, value) in fields {
            event.push(name.as_bytes(), Value::new(value.as_bytes(), Escape::Xml));
        }
        event
    }

    /// Scenario: subscriptions with and without event ids, of several kinds.
    /// Guarantees: exactly those are found whose every condition holds.
    #[test]
    fn events_find_their_subscriptions() {
        let interest = Interest::new(vec![
            subscribe("windows-event", &[("@event_id", "any-of", &["4740", "644"])]),
            subscribe("windows-event", &[("TargetUserName", "prefix", &["admin"])]),
            subscribe("iis", &[("sc-status", "equals", &["401"])]),
            subscribe(
                "windows-event",
                &[
                    ("@event_id", "equals", &["4625"]),
                    ("Status", "number-in", &["0xC0000000..0xC00000FF"]),
                ],
            ),
            subscribe("windows-event", &[("@event_id", "number-in", &["4700..4799"])]),
        ]);
        let arena = Bump::new();
        let find = |event: &Event<'static>| {
            let mut found = Vec::new();
            interest.matching(event, &arena, &mut found);
            found
        };
        assert_eq!(find(&windows(4740, &[("TargetUserName", "administrator")])), [0, 1, 4]);
        assert_eq!(find(&windows(4625, &[("Status", "-1073741715")])), [3]);
        assert_eq!(find(&windows(4625, &[("Status", "0xc0000234")])), Vec::<usize>::new());
        assert_eq!(find(&windows(0, &[])), Vec::<usize>::new());
        assert!(interest.wants(Kind::Iis) && !interest.wants(Kind::Syslog));
    }
}
