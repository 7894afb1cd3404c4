//! Options of detectors, held against the JSON Schema that each gives.

use serde_json::{Map, Value};

use super::resolved::Config;
use crate::problem::{Problem, nearest};

/// Checks a detector's options: every key must be one of the schema's, every value
/// of its type. What only the detector can judge, it judges when it starts.
pub fn check_options(
    config: &Config,
    detector: &str,
    options: &Map<String, Value>,
    schema: &str,
) -> Result<(), Problem> {
    let schema: Value = serde_json::from_str(schema).unwrap_or_default();
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return Ok(());
    };
    for (name, value) in options {
        let path = ["detector", detector, "config", name];
        let Some(property) = properties.get(name) else {
            let problem = config
                .problem_at(&path, format!("unknown option `{name}` of detector `{detector}`"));
            let known = properties.keys().map(String::as_str);
            return Err(match nearest(name, known) {
                Some(near) => problem.hint(format!("did you mean `{near}`?")),
                None => problem.hint(format!(
                    "its options are {}",
                    properties.keys().cloned().collect::<Vec<_>>().join(", ")
                )),
            });
        };
        if let Some(expected) = wrong_type(value, property) {
            let what = format!("option `{name}` of detector `{detector}` must be {expected}");
            let default =
                property.get("default").map(|default| format!("the default is {default}"));
            let problem = config.problem_at(&path, what);
            return Err(match default {
                Some(default) => problem.hint(default),
                None => problem,
            });
        }
    }
    Ok(())
}

/// What the value should be, when it is something else.
fn wrong_type(value: &Value, property: &Value) -> Option<String> {
    let expected = property.get("type")?.as_str()?;
    let fits = match expected {
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.as_array().is_some_and(|items| {
            items
                .iter()
                .all(|item| property.get("items").is_none_or(|of| wrong_type(item, of).is_none()))
        }),
        _ => true,
    };
    if fits {
        return None;
    }
    let is_duration = property.get("pattern").is_some();
    Some(match (expected, is_duration) {
        ("string", true) => "a duration such as \"30m\"".to_owned(),
        ("array", _) => "a list of the right kind".to_owned(),
        ("integer", _) => "a whole number".to_owned(),
        (other, _) => format!("a {other}"),
    })
}
