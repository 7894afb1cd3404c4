//! Expectations written as JSON.

use serde_json::Value;

/// A scalar as text; `None` for null and for what is none.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// The first of these members that is a scalar.
pub(crate) fn first_text(object: &Value, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| text(&object[*name]))
}

/// The scalar members of an object.
pub(crate) fn members(object: &Value) -> Vec<(String, String)> {
    let members = object.as_object().into_iter().flatten();
    members.filter_map(|(name, value)| Some((name.clone(), text(value)?))).collect()
}

/// The instant of an RFC 3339 text; without a zone it is UTC.
pub(crate) fn nanos(time: &str) -> i64 {
    let zoned = if time.ends_with('Z') { time.to_owned() } else { format!("{time}Z") };
    let parsed = zoned.parse::<jiff::Timestamp>().or_else(|_| time.parse());
    parsed.map_or(0, |time| i64::try_from(time.as_nanosecond()).unwrap_or(0))
}
