//! Options of a detector: one declaration gives the struct, its defaults, its
//! reader and its JSON Schema.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::time::Duration;

/// The options of a detector; implemented by [`crate::options!`].
pub trait Options: Default + DeserializeOwned {
    /// JSON Schema of the options object.
    fn schema() -> Value;
}

/// A type an option can have.
pub trait OptionType: Serialize {
    /// JSON Schema of the type, without the default.
    fn schema() -> Value;
}

impl OptionType for bool {
    fn schema() -> Value {
        json!({"type": "boolean"})
    }
}

impl OptionType for u32 {
    fn schema() -> Value {
        json!({"type": "integer", "minimum": 0, "maximum": u32::MAX})
    }
}

impl OptionType for f64 {
    fn schema() -> Value {
        json!({"type": "number"})
    }
}

impl OptionType for String {
    fn schema() -> Value {
        json!({"type": "string"})
    }
}

impl OptionType for Duration {
    fn schema() -> Value {
        json!({"type": "string", "pattern": "^([0-9]+(ms|s|m|h|d))+$"})
    }
}

impl<T: OptionType> OptionType for Vec<T> {
    fn schema() -> Value {
        json!({"type": "array", "items": T::schema()})
    }
}

/// One property of the schema: the type's, with the option's text and default.
#[doc(hidden)]
pub fn property<T: OptionType>(description: &str, default: &T) -> Value {
    let mut schema = T::schema();
    if let Value::Object(members) = &mut schema {
        members.insert("description".into(), description.trim().into());
        members.insert("default".into(), serde_json::to_value(default).unwrap_or_default());
    }
    schema
}

/// The schema of an options object: an unknown key is an error.
#[doc(hidden)]
pub fn object(properties: Map<String, Value>) -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    })
}

/// Declares a detector's options.
///
/// ```
/// use logwasp_sdk::{Duration, Options};
///
/// logwasp_sdk::options! {
///     /// Options of the lockout detector.
///     pub struct Config {
///         /// How far back the failures of a locked user count.
///         lookback: Duration = Duration::minutes(30),
///         /// So many failures with the status "locked" imply a lockout.
///         implied_min: u32 = 3,
///     }
/// }
/// let config: Config = serde_json::from_str(r#"{"lookback": "1h"}"#).unwrap();
/// assert_eq!((config.lookback, config.implied_min), (Duration::hours(1), 3));
/// assert_eq!(Config::schema()["properties"]["implied_min"]["default"], 3);
/// ```
#[macro_export]
macro_rules! options {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $(
                $(#[doc = $doc:literal])+
                $field:ident: $type:ty = $default:expr
            ),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, $crate::serde::Serialize, $crate::serde::Deserialize)]
        #[serde(crate = "logwasp_sdk::serde", default, deny_unknown_fields)]
        $vis struct $name {
            $($(#[doc = $doc])+ pub $field: $type,)*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }

        impl $crate::Options for $name {
            fn schema() -> $crate::serde_json::Value {
                let default = Self::default();
                let mut properties = $crate::serde_json::Map::new();
                $(
                    properties.insert(
                        stringify!($field).to_owned(),
                        $crate::options::property(concat!($($doc),+), &default.$field),
                    );
                )*
                $crate::options::object(properties)
            }
        }
    };
}
