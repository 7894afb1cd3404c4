//! What the host does between an event and a detector: match and project.

use std::collections::BTreeMap;

use super::TestEvent;
use crate::abi::{Column, Rows};
use crate::event::RecordRef;
use crate::subscription::{Condition, Op, Subscription};

/// The rows of a batch, as the host projects them.
pub(super) fn project<'a>(
    subscriptions: &[Subscription],
    events: impl IntoIterator<Item = (RecordRef, &'a TestEvent)>,
) -> Vec<Rows> {
    let mut groups: BTreeMap<u32, Rows> = BTreeMap::new();
    for (place, (record, event)) in events.into_iter().enumerate() {
        for (index, subscription) in subscriptions.iter().enumerate() {
            if satisfies(subscription, event) {
                let rows = groups.entry(index as u32).or_insert_with(|| Rows {
                    subscription: index as u32,
                    columns: vec![Column::default(); subscription.columns.len()],
                    ..Rows::default()
                });
                push(rows, subscription, event, place as u32, record);
            }
        }
    }
    groups.into_values().collect()
}

fn push(
    rows: &mut Rows,
    subscription: &Subscription,
    event: &TestEvent,
    order: u32,
    record: RecordRef,
) {
    rows.order.push(order);
    rows.times.push(event.time);
    rows.time_quality.push(0);
    rows.late.push(u8::from(event.late));
    rows.records.push(record);
    for (column, name) in rows.columns.iter_mut().zip(&subscription.columns) {
        column.push(event.values(name).first().map(String::as_str));
    }
}

fn satisfies(subscription: &Subscription, event: &TestEvent) -> bool {
    subscription.kind == event.kind
        && subscription.all_of.iter().all(|condition| holds(condition, event))
}

fn holds(condition: &Condition, event: &TestEvent) -> bool {
    let values = event.values(&condition.field);
    let fold = |text: &str| {
        if condition.ignore_case { text.to_ascii_lowercase() } else { text.to_owned() }
    };
    let any = |test: &dyn Fn(&str, &str) -> bool| {
        values
            .iter()
            .any(|value| condition.values.iter().any(|want| test(&fold(value), &fold(want))))
    };
    let result = match condition.op {
        Op::Equals | Op::AnyOf => any(&|value, want| value == want),
        Op::Prefix => any(&|value, want| value.starts_with(want)),
        Op::Suffix => any(&|value, want| value.ends_with(want)),
        Op::Contains => any(&|value, want| value.contains(want)),
        Op::Present => !values.is_empty(),
        Op::Absent => values.is_empty(),
        Op::NumberIn => any(&|value, want| {
            let Some(value) = number(value) else { return false };
            match want.split_once("..") {
                Some((low, high)) => {
                    number(low).zip(number(high)).is_some_and(|(l, h)| (l..=h).contains(&value))
                }
                None => number(want) == Some(value),
            }
        }),
    };
    result != condition.negate
}

/// Decimal or 0x hex; negative numbers fold to u32, or to u64 when they do not fit.
fn number(text: &str) -> Option<u64> {
    let text = text.trim();
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return u64::from_str_radix(hex, 16).ok();
    }
    if text.starts_with('-') {
        let signed: i64 = text.parse().ok()?;
        return Some(
            i32::try_from(signed).map_or(signed.cast_unsigned(), |v| v.cast_unsigned().into()),
        );
    }
    text.parse().ok()
}
