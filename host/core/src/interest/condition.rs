//! One test of one field.

use bumpalo::Bump;
use memchr::memmem;

use crate::bytes::number;
use crate::event::{Event, Selector};

/// A condition as the contract writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConditionSpec {
    /// A field name, or a member such as `@event_id`.
    pub field: String,
    /// The operator's name.
    pub op: String,
    /// What to compare with.
    pub values: Vec<String>,
    /// ASCII case does not matter.
    pub ignore_case: bool,
    /// The condition holds when the test fails.
    pub negate: bool,
}

/// A compiled condition.
#[derive(Debug)]
pub struct Condition {
    /// What is tested.
    pub selector: Selector,
    /// The test.
    pub test: Test,
    /// ASCII case does not matter; the values of `test` are in lower case then.
    pub ignore_case: bool,
    /// The condition holds when the test fails.
    pub negate: bool,
}

/// What is asked of a value.
#[derive(Debug)]
pub enum Test {
    /// It is one of these (sorted).
    AnyOf(Vec<Box<[u8]>>),
    /// It starts with one of these.
    Prefix(Vec<Box<[u8]>>),
    /// It ends with one of these.
    Suffix(Vec<Box<[u8]>>),
    /// It contains one of these.
    Contains(Vec<memmem::Finder<'static>>),
    /// It is there.
    Present,
    /// It is not there.
    Absent,
    /// It is a number in one of these ranges, both ends included.
    NumberIn(Vec<(u64, u64)>),
}

/// Why a condition cannot be compiled.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConditionError {
    /// The operator does not exist.
    #[error("unknown operator `{0}`")]
    UnknownOp(String),
    /// The member does not exist.
    #[error("unknown member `{0}`")]
    UnknownMember(String),
    /// An operator that compares has nothing to compare with.
    #[error("`{0}` needs at least one value")]
    NoValues(String),
    /// Not a number or range.
    #[error("`{0}` is not a number or a range `a..b`")]
    NotANumber(String),
}

impl Condition {
    /// Compiles a condition.
    pub fn compile(spec: &ConditionSpec) -> Result<Self, ConditionError> {
        let selector = Selector::parse(&spec.field)
            .ok_or_else(|| ConditionError::UnknownMember(spec.field.clone()))?;
        let test = compile_test(spec)?;
        Ok(Self { selector, test, ignore_case: spec.ignore_case, negate: spec.negate })
    }

    /// True when the condition holds for the event.
    pub fn holds<'c>(&self, event: &Event<'c>, arena: &'c Bump) -> bool {
        let result = match &self.test {
            Test::Present => self.selector.is_present(event, arena),
            Test::Absent => !self.selector.is_present(event, arena),
            test if self.ignore_case => self.selector.any(event, arena, |value| {
                test.holds(arena.alloc_slice_fill_iter(value.iter().map(u8::to_ascii_lowercase)))
            }),
            test => self.selector.any(event, arena, |value| test.holds(value)),
        };
        result != self.negate
    }

    /// True when the condition holds for a field that has this value, or none.
    pub fn holds_for(&self, value: Option<&[u8]>, arena: &Bump) -> bool {
        let result = match (&self.test, value) {
            (Test::Present, value) => value.is_some(),
            (Test::Absent, value) => value.is_none(),
            (_, None) => false,
            (test, Some(value)) if self.ignore_case => {
                test.holds(arena.alloc_slice_fill_iter(value.iter().map(u8::to_ascii_lowercase)))
            }
            (test, Some(value)) => test.holds(value),
        };
        result != self.negate
    }
}

impl Test {
    fn holds(&self, value: &[u8]) -> bool {
        match self {
            Self::AnyOf(texts) => texts.binary_search_by(|text| (**text).cmp(value)).is_ok(),
            Self::Prefix(texts) => texts.iter().any(|text| value.starts_with(text)),
            Self::Suffix(texts) => texts.iter().any(|text| value.ends_with(text)),
            Self::Contains(finders) => finders.iter().any(|finder| finder.find(value).is_some()),
            Self::Present => true,
            Self::Absent => false,
            Self::NumberIn(ranges) => number(value)
                .is_some_and(|n| ranges.iter().any(|(low, high)| (*low..=*high).contains(&n))),
        }
    }
}

fn compile_test(spec: &ConditionSpec) -> Result<Test, ConditionError> {
    let texts = || -> Result<Vec<Box<[u8]>>, ConditionError> {
        if spec.values.is_empty() {
            return Err(ConditionError::NoValues(spec.op.clone()));
        }
        let fold = |value: &String| {
            if spec.ignore_case { value.to_ascii_lowercase() } else { value.clone() }
        };
        Ok(spec.values.iter().map(|value| fold(value).into_bytes().into()).collect())
    };
    Ok(match spec.op.as_str() {
        "equals" | "any-of" => {
            let mut texts = texts()?;
            texts.sort_unstable();
            Test::AnyOf(texts)
        }
        "prefix" => Test::Prefix(texts()?),
        "suffix" => Test::Suffix(texts()?),
        "contains" => {
            let finders = texts()?;
            Test::Contains(finders.iter().map(|t| memmem::Finder::new(t).into_owned()).collect())
        }
        "present" => Test::Present,
        "absent" => Test::Absent,
        "number-in" => {
            texts()?;
            Test::NumberIn(spec.values.iter().map(|text| range(text)).collect::<Result<_, _>>()?)
        }
        unknown => return Err(ConditionError::UnknownOp(unknown.to_owned())),
    })
}

fn range(text: &str) -> Result<(u64, u64), ConditionError> {
    let wrong = || ConditionError::NotANumber(text.to_owned());
    let (low, high) = text.split_once("..").unwrap_or((text, text));
    let low = number(low.as_bytes()).ok_or_else(wrong)?;
    let high = number(high.as_bytes()).ok_or_else(wrong)?;
    if low > high { Err(wrong()) } else { Ok((low, high)) }
}
