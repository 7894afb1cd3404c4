//! JSON objects, read from left to right without building anything.
//!
//! Strings stay as spelled; what nobody asks for is skipped. Accepts every
//! object that RFC 8259 allows, and control characters in strings, which loggers
//! leave there.

use memchr::memchr2;

use super::Damage;
use crate::event::{Escape, Value};
use crate::limits::DEPTH_MAX;

/// Reads one JSON text.
#[derive(Debug, Clone)]
pub(crate) struct Cursor<'c> {
    text: &'c [u8],
    at: usize,
    depth: usize,
}

/// A value that is no object or array.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Scalar<'c> {
    /// A string, as spelled.
    String(Value<'c>),
    /// A number or `true` or `false`, as written.
    Literal(&'c [u8]),
    /// `null`: as if the member were not there.
    Null,
}

impl<'c> Scalar<'c> {
    /// The value, if it is one.
    pub(crate) fn value(self) -> Option<Value<'c>> {
        match self {
            Self::String(value) => Some(value),
            Self::Literal(text) => Some(Value::plain(text)),
            Self::Null => None,
        }
    }
}

/// What a value begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// `{`
    Object,
    /// `[`
    Array,
    /// Anything else.
    Scalar,
}

impl<'c> Cursor<'c> {
    pub(crate) fn new(text: &'c [u8]) -> Self {
        Self { text, at: 0, depth: 0 }
    }

    pub(crate) fn damage(&self, reason: &'static str) -> Damage {
        Damage { reason, at: self.at }
    }

    fn rest(&self) -> &'c [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// How much was read.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// True when `null` comes next.
    pub(crate) fn is_null(&mut self) -> bool {
        self.peek() == Some(b'n')
    }

    /// The next byte that is no white space.
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        loop {
            match self.text.get(self.at) {
                Some(b' ' | b'\t' | b'\r' | b'\n') => self.at += 1,
                byte => return byte.copied(),
            }
        }
    }

    #[inline]
    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// The shape of the value that comes next.
    pub(crate) fn shape(&mut self) -> Shape {
        match self.peek() {
            Some(b'{') => Shape::Object,
            Some(b'[') => Shape::Array,
            _ => Shape::Scalar,
        }
    }

    /// Enters the object or array that comes next.
    pub(crate) fn enter(&mut self) -> Result<(), Damage> {
        match self.peek() {
            Some(b'{' | b'[') => self.at += 1,
            _ => return Err(self.damage("an object or array is missing")),
        }
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.damage("values nest too deep"));
        }
        Ok(())
    }

    /// The inside of the string that comes next, if a string does.
    #[inline]
    pub(crate) fn string_if_next(&mut self) -> Result<Option<Value<'c>>, Damage> {
        if self.peek() == Some(b'"') { self.string().map(Some) } else { Ok(None) }
    }

    /// The next member's key; `None` leaves the object. `first` is true until the
    /// first call returned.
    #[inline]
    pub(crate) fn next_key(&mut self, first: &mut bool) -> Result<Option<Value<'c>>, Damage> {
        if !self.goes_on(b'}', first)? {
            return Ok(None);
        }
        if self.peek() != Some(b'"') {
            return Err(self.damage("a key is missing"));
        }
        let key = self.string()?;
        if !self.take(b':') {
            return Err(self.damage("`:` is missing"));
        }
        Ok(Some(key))
    }

    /// True when another element follows; false leaves the array.
    pub(crate) fn next_element(&mut self, first: &mut bool) -> Result<bool, Damage> {
        self.goes_on(b']', first)
    }

    #[inline]
    fn goes_on(&mut self, end: u8, first: &mut bool) -> Result<bool, Damage> {
        let was_first = std::mem::replace(first, false);
        if self.take(end) {
            self.depth -= 1;
            return Ok(false);
        }
        if !was_first && !self.take(b',') {
            return Err(self.damage("`,` is missing"));
        }
        Ok(true)
    }

    /// Reads a string, number, `true`, `false` or `null`.
    #[inline]
    pub(crate) fn scalar(&mut self) -> Result<Scalar<'c>, Damage> {
        if self.peek() == Some(b'"') {
            return Ok(Scalar::String(self.string()?));
        }
        self.literal()
    }

    fn literal(&mut self) -> Result<Scalar<'c>, Damage> {
        let length = self
            .rest()
            .iter()
            .position(|byte| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n'));
        let literal = self.rest().get(..length.unwrap_or(self.rest().len())).unwrap_or_default();
        let is_literal = matches!(literal, b"true" | b"false" | b"null") || is_number(literal);
        if !is_literal {
            return Err(self.damage("a value is missing"));
        }
        self.at += literal.len();
        Ok(if literal == b"null" { Scalar::Null } else { Scalar::Literal(literal) })
    }

    /// The inside of the string that starts here. Most strings have no escape, and
    /// are plain then.
    #[inline]
    fn string(&mut self) -> Result<Value<'c>, Damage> {
        let start = self.at + 1;
        let mut end = start;
        let mut escape = Escape::None;
        loop {
            let rest = self.text.get(end..).unwrap_or_default();
            let Some(length) = memchr2(b'"', b'\\', rest) else {
                return Err(self.damage("a string is cut off"));
            };
            end += length;
            if self.text.get(end) == Some(&b'"') {
                self.at = end + 1;
                let inside = self.text.get(start..end).unwrap_or_default();
                return Ok(Value::new(inside, escape));
            }
            escape = Escape::Json;
            end += 2;
        }
    }

    /// Reads over the value that comes next.
    pub(crate) fn skip(&mut self) -> Result<(), Damage> {
        match self.shape() {
            Shape::Scalar => self.scalar().map(|_| ()),
            Shape::Object => {
                self.enter()?;
                let mut first = true;
                while self.next_key(&mut first)?.is_some() {
                    self.skip()?;
                }
                Ok(())
            }
            Shape::Array => {
                self.enter()?;
                let mut first = true;
                while self.next_element(&mut first)? {
                    self.skip()?;
                }
                Ok(())
            }
        }
    }

    /// Fails when anything but white space is left.
    pub(crate) fn finish(&mut self) -> Result<(), Damage> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.damage("text follows the object")),
        }
    }
}

/// RFC 8259, 6.
fn is_number(text: &[u8]) -> bool {
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let whole = digits(text);
    if whole == 0 || (whole > 1 && text.first() == Some(&b'0')) {
        return false;
    }
    let mut rest = text.get(whole..).unwrap_or_default();
    if let Some(fraction) = rest.strip_prefix(b".") {
        let count = digits(fraction);
        if count == 0 {
            return false;
        }
        rest = fraction.get(count..).unwrap_or_default();
    }
    if let Some(exponent) = rest.strip_prefix(b"e").or_else(|| rest.strip_prefix(b"E")) {
        let exponent =
            exponent.strip_prefix(b"+").or_else(|| exponent.strip_prefix(b"-")).unwrap_or(exponent);
        return digits(exponent) > 0 && digits(exponent) == exponent.len();
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn accepts(text: &str) -> bool {
        let mut cursor = Cursor::new(text.as_bytes());
        cursor.skip().and_then(|()| cursor.finish()).is_ok()
    }

    /// Scenario: texts that are nearly JSON.
    /// Guarantees: refused, each at its place.
    #[test]
    fn near_json_is_refused() {
        for text in [
            "",
            "{",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "[1 2]",
            "{\"a\":01}",
            "nul",
            "{}x",
            "\"\\\"",
            "{a:1}",
            "1.",
            "1e",
            "-",
        ] {
            assert!(!accepts(text), "{text}");
        }
        assert!(!accepts(&"[".repeat(100)));
        assert!(accepts(" {\"a\" : [ true , null, -0.5e+3 ] , \"b\":{}} "));
    }

    proptest! {
        /// Scenario: any JSON value, written by a library, compact and pretty.
        /// Guarantees: accepted.
        #[test]
        fn all_json_is_accepted(value in any_json()) {
            prop_assert!(accepts(&value.to_string()));
            prop_assert!(accepts(&serde_json::to_string_pretty(&value).unwrap()));
        }

        /// Scenario: any text made of JSON's characters.
        /// Guarantees: what a library accepts, we accept; no panic.
        #[test]
        fn no_more_strict_than_a_library(text in "[\\[\\]{}:,\"\\\\ \\-+.0-9eEtrufalsn]{0,24}") {
            if serde_json::from_str::<serde_json::Value>(&text).is_ok() {
                prop_assert!(accepts(&text));
            } else {
                accepts(&text);
            }
        }
    }

    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<f64>().prop_map(|number| serde_json::json!(number)),
            "\\PC{0,8}|[\"\\\\\n]{0,4}".prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
                proptest::collection::hash_map("\\PC{0,6}", inner, 0..6)
                    .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
            ]
        })
    }
}
