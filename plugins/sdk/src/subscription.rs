//! What a detector asks for: kinds of events, conditions, columns.
//!
//! Subscriptions are declarative so that the host can push them down: from the
//! conditions come the literals of its raw prefilter, from the columns what is
//! decoded at all. A condition with `equals`, `any_of`, `prefix` or `contains`
//! makes the scan fast; `number_in`, `present`, `absent` and negated ones only
//! narrow what is delivered.

use serde::{Deserialize, Serialize};

/// How a condition tests its field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Op {
    /// The value is one given text.
    Equals,
    /// The value is one of several texts.
    AnyOf,
    /// The value starts with one of the texts.
    Prefix,
    /// The value ends with one of the texts.
    Suffix,
    /// The value contains one of the texts.
    Contains,
    /// The field is there, even if empty.
    Present,
    /// The field is not there.
    Absent,
    /// The value is a number among the given numbers and ranges.
    NumberIn,
}

impl Op {
    /// The contract's name of the operator.
    pub fn name(self) -> &'static str {
        match self {
            Self::Equals => "equals",
            Self::AnyOf => "any-of",
            Self::Prefix => "prefix",
            Self::Suffix => "suffix",
            Self::Contains => "contains",
            Self::Present => "present",
            Self::Absent => "absent",
            Self::NumberIn => "number-in",
        }
    }
}

/// One test of one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// A field name, or a member such as `@event_id`.
    pub field: String,
    /// The test.
    pub op: Op,
    /// What the test compares with.
    pub values: Vec<String>,
    /// ASCII case does not matter.
    pub ignore_case: bool,
    /// The condition holds when the test fails.
    pub negate: bool,
}

impl Condition {
    fn new<V: Into<String>>(field: &str, op: Op, values: impl IntoIterator<Item = V>) -> Self {
        let values = values.into_iter().map(Into::into).collect();
        Self { field: field.to_owned(), op, values, ignore_case: false, negate: false }
    }

    /// The same test without regard to ASCII case.
    pub fn ignoring_case(self) -> Self {
        Self { ignore_case: true, ..self }
    }

    /// The opposite test.
    pub fn negated(self) -> Self {
        Self { negate: !self.negate, ..self }
    }
}

/// The field is exactly `value`.
pub fn equals(field: &str, value: &str) -> Condition {
    Condition::new(field, Op::Equals, [value])
}

/// The field is one of `values`.
pub fn any_of<V: Into<String>>(field: &str, values: impl IntoIterator<Item = V>) -> Condition {
    Condition::new(field, Op::AnyOf, values)
}

/// The field starts with one of `values`.
pub fn prefix<V: Into<String>>(field: &str, values: impl IntoIterator<Item = V>) -> Condition {
    Condition::new(field, Op::Prefix, values)
}

/// The field ends with one of `values`.
pub fn suffix<V: Into<String>>(field: &str, values: impl IntoIterator<Item = V>) -> Condition {
    Condition::new(field, Op::Suffix, values)
}

/// The field contains one of `values`.
pub fn contains<V: Into<String>>(field: &str, values: impl IntoIterator<Item = V>) -> Condition {
    Condition::new(field, Op::Contains, values)
}

/// The field is there, even if empty.
pub fn present(field: &str) -> Condition {
    Condition::new(field, Op::Present, [""; 0])
}

/// The field is not there.
pub fn absent(field: &str) -> Condition {
    Condition::new(field, Op::Absent, [""; 0])
}

/// The field is a number among `values`: decimal, `0x` hex, or `a..b` with both
/// ends included. Negative numbers fold to their unsigned form.
pub fn number_in<V: Into<String>>(field: &str, values: impl IntoIterator<Item = V>) -> Condition {
    Condition::new(field, Op::NumberIn, values)
}

/// A conjunction of conditions on one kind of event, and the columns wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    pub(crate) kind: String,
    pub(crate) tag: u32,
    pub(crate) all_of: Vec<Condition>,
    pub(crate) columns: Vec<String>,
}

impl Subscription {
    /// Made by the variants of [`crate::rows!`].
    #[doc(hidden)]
    pub fn new(
        kind: &str,
        tag: u32,
        all_of: impl IntoIterator<Item = Condition>,
        columns: &[&str],
    ) -> Self {
        Self {
            kind: kind.to_owned(),
            tag,
            all_of: all_of.into_iter().collect(),
            columns: columns.iter().map(|&column| column.to_owned()).collect(),
        }
    }

    /// The kind of event.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The conditions, all of which must hold.
    pub fn all_of(&self) -> &[Condition] {
        &self.all_of
    }

    /// The subscribed columns.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }
}
