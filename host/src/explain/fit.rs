//! How well an event fits a subscription of its kind.

use bumpalo::Bump;
use logwasp_core::event::{Event, Selector};
use logwasp_core::interest::Subscription;

/// How well an event fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    /// Every condition holds.
    Matches,
    /// All but this condition hold.
    AllBut(usize),
    /// It is something else.
    Other,
}

/// How well an event of the subscription's kind fits it. Another event id is another
/// event, and a condition that is the only one is not nearly satisfied.
pub(super) fn fit<'c>(subscription: &Subscription, event: &Event<'c>, arena: &'c Bump) -> Fit {
    let mut failing = None;
    for (index, condition) in subscription.all_of.iter().enumerate() {
        if condition.holds(event, arena) {
            continue;
        }
        if failing.is_some() || condition.selector == Selector::EventId {
            return Fit::Other;
        }
        failing = Some(index);
    }
    match failing {
        None => Fit::Matches,
        Some(index) if subscription.all_of.len() > 1 => Fit::AllBut(index),
        Some(_) => Fit::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use logwasp_core::event::{Kind, Value};
    use logwasp_core::interest::{ConditionSpec, SubscriptionSpec};

    fn subscribe(conditions: &[(&str, &str, &str)]) -> Subscription {
        let all_of = conditions.iter().map(|(field, op, value)| ConditionSpec {
            field: (*field).to_owned(),
            op: (*op).to_owned(),
            values: vec![(*value).to_owned()],
            ignore_case: false,
            negate: false,
        });
        let kind = "windows-event".to_owned();
        let spec = SubscriptionSpec { kind, all_of: all_of.collect(), columns: Vec::new() };
        Subscription::compile(&spec).expect("it compiles")
    }

    fn windows(event_id: u32, fields: &[(&'static str, &'static str)]) -> Event<'static> {
        let mut event = Event { kind: Kind::WindowsEvent, event_id, ..Event::default() };
        for (name, value) in fields {
            event.push(name.as_bytes(), Value::plain(value.as_bytes()));
        }
        event
    }

    /// Scenario: events that satisfy all conditions, all but one, fewer, or have
    /// another id.
    /// Guarantees: exactly those of the right id that fail by one condition are near
    /// misses, and that condition is named.
    #[test]
    fn near_misses_fail_by_one_condition() {
        let subscription = subscribe(&[
            ("@event_id", "equals", "4625"),
            ("LogonType", "equals", "3"),
            ("Status", "number-in", "0xc000006d"),
        ]);
        let arena = Bump::new();
        for (event, expected) in [
            (windows(4625, &[("LogonType", "3"), ("Status", "0xC000006D")]), Fit::Matches),
            (windows(4625, &[("LogonType", "2"), ("Status", "0xC000006D")]), Fit::AllBut(1)),
            (windows(4625, &[("LogonType", "3")]), Fit::AllBut(2)),
            (windows(4625, &[]), Fit::Other),
            (windows(4624, &[("LogonType", "3"), ("Status", "0xC000006D")]), Fit::Other),
        ] {
            assert_eq!(fit(&subscription, &event, &arena), expected, "{event:?}");
        }
    }

    /// Scenario: a subscription with a single condition.
    /// Guarantees: every other event of the kind is no near miss.
    #[test]
    fn one_condition_is_not_nearly_satisfied() {
        let subscription = subscribe(&[("LogonType", "equals", "3")]);
        let (event, arena) = (windows(4625, &[("LogonType", "2")]), Bump::new());
        assert_eq!(fit(&subscription, &event, &arena), Fit::Other);
    }
}
