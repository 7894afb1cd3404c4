//! Texts of sinks that may be secrets: what is read of them, what is printed.

use std::fmt;

use serde::{Serialize, Serializer};

use super::sink::{HeaderValue, Url};
use crate::problem::Problem;

impl Url {
    /// The address itself.
    pub fn read(&self) -> Result<String, Problem> {
        match self {
            Self::Text(text) => Ok(text.clone()),
            Self::Secret(secret) => secret.read(),
        }
    }
}

impl HeaderValue {
    /// The value itself.
    pub fn read(&self) -> Result<String, Problem> {
        match self {
            Self::Text(text) => Ok(text.clone()),
            Self::Secret(secret) => secret.read(),
        }
    }
}

/// Scheme and host: the path of a webhook is often its password.
impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret(secret) => write!(f, "{secret}"),
            Self::Text(text) => {
                let host = text.match_indices('/').nth(2).map_or(text.len(), |(at, _)| at);
                let (host, path) = text.split_at(host);
                f.write_str(host)?;
                if path.len() > 1 { f.write_str("/***") } else { Ok(()) }
            }
        }
    }
}

/// A header that is written out may still be a token.
impl fmt::Debug for HeaderValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret(secret) => write!(f, "{secret}"),
            Self::Text(_) => f.write_str("***"),
        }
    }
}

impl Serialize for Url {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{self:?}"))
    }
}

impl Serialize for HeaderValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{self:?}"))
    }
}
