//! A conjunction of conditions on one kind of event, and the columns wanted.

use bumpalo::Bump;

use super::condition::{Condition, ConditionError, ConditionSpec, Test};
use super::is_event_id;
use crate::bytes::digits;
use crate::event::{Event, Kind, Selector};
use crate::session;

/// A subscription as the contract writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionSpec {
    /// The kind's name.
    pub kind: String,
    /// All must hold.
    pub all_of: Vec<ConditionSpec>,
    /// What the rows shall contain.
    pub columns: Vec<String>,
}

/// A compiled subscription.
#[derive(Debug)]
pub struct Subscription {
    /// The kind of event.
    pub kind: Kind,
    /// All must hold.
    pub all_of: Vec<Condition>,
    /// What is projected, in order.
    pub columns: Vec<Selector>,
}

/// Conditions of one subscription at most.
const CONDITIONS_MAX: usize = 32;
/// Values of one condition at most.
const VALUES_MAX: usize = 1_024;
/// Columns of one subscription at most.
const COLUMNS_MAX: usize = 64;

/// Why a subscription cannot be compiled.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SubscriptionError {
    /// The kind does not exist.
    #[error("unknown kind `{0}`")]
    UnknownKind(String),
    /// A condition is wrong.
    #[error("condition on `{field}`: {error}")]
    Condition {
        /// The condition's field.
        field: String,
        /// What is wrong with it.
        error: ConditionError,
    },
    /// A column addresses an unknown member.
    #[error("unknown member `{0}`")]
    UnknownMember(String),
    /// A session subscription that every row would be a candidate of.
    #[error(
        "a session needs a condition on its candidate row: `reply`, `auth_error`, `event`, `data` or `context`"
    )]
    NoCandidate,
    /// More than the limit of something.
    #[error("more than {limit} {what}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
}

impl Subscription {
    /// Compiles a subscription.
    pub fn compile(spec: &SubscriptionSpec) -> Result<Self, SubscriptionError> {
        let kind = Kind::from_name(&spec.kind)
            .ok_or_else(|| SubscriptionError::UnknownKind(spec.kind.clone()))?;
        check_limit("conditions", spec.all_of.len(), CONDITIONS_MAX)?;
        check_limit("columns", spec.columns.len(), COLUMNS_MAX)?;
        let all_of: Vec<_> = spec.all_of.iter().map(compile_condition).collect::<Result<_, _>>()?;
        if kind == Kind::ExchangeSmtpSession && !all_of.iter().any(names_candidate) {
            return Err(SubscriptionError::NoCandidate);
        }
        let columns = spec.columns.iter().map(|text| {
            Selector::parse(text).ok_or_else(|| SubscriptionError::UnknownMember(text.clone()))
        });
        Ok(Self { kind, all_of, columns: columns.collect::<Result<_, _>>()? })
    }

    /// True when every condition holds.
    pub fn matches<'c>(&self, event: &Event<'c>, arena: &'c Bump) -> bool {
        self.all_of.iter().all(|condition| condition.holds(event, arena))
    }

    /// The event ids it can only match, when a condition names them.
    pub(crate) fn event_ids(&self) -> Option<Vec<u32>> {
        let named = self.all_of.iter().filter(|c| is_event_id(c) && !c.negate);
        named.into_iter().find_map(|condition| match &condition.test {
            // An id that is no number cannot match, so it is left out.
            Test::AnyOf(texts) => Some(texts.iter().filter_map(|text| digits(text)).collect()),
            _ => None,
        })
    }
}

/// True for a condition that tells candidate rows from others.
fn names_candidate(condition: &Condition) -> bool {
    let Selector::Nth(name, 0) = &condition.selector else { return false };
    !condition.negate && session::is_candidate_field(name)
}

fn compile_condition(spec: &ConditionSpec) -> Result<Condition, SubscriptionError> {
    check_limit("values of a condition", spec.values.len(), VALUES_MAX)?;
    Condition::compile(spec)
        .map_err(|error| SubscriptionError::Condition { field: spec.field.clone(), error })
}

fn check_limit(what: &'static str, count: usize, limit: usize) -> Result<(), SubscriptionError> {
    if count > limit { Err(SubscriptionError::TooMany { what, limit }) } else { Ok(()) }
}
