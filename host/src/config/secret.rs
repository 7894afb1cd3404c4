//! Secrets: the config says where they are, never what they are.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

use crate::problem::Problem;

/// Where a secret is. What is printed of it is this place.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// `${NAME}`: a variable of the environment.
    Env(String),
    /// `file:PATH`: the first line of a file.
    File(PathBuf),
}

impl Secret {
    /// Reads `${NAME}` or `file:PATH`, relative to the config's folder. `None` for
    /// anything else: a secret itself has no place in a config.
    pub(super) fn parse(text: &str, folder: &Path) -> Option<Self> {
        if let Some(path) = text.strip_prefix("file:") {
            return (!path.is_empty()).then(|| Self::File(folder.join(path)));
        }
        let name = text.strip_prefix("${")?.strip_suffix('}')?;
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        (!name.is_empty() && name.chars().all(is_name)).then(|| Self::Env(name.to_owned()))
    }

    /// The secret itself.
    pub fn read(&self) -> Result<String, Problem> {
        let text = match self {
            Self::Env(name) => std::env::var_os(name).and_then(|value| value.into_string().ok()),
            Self::File(path) => {
                let text = fs::read_to_string(path).map_err(|error| {
                    Problem::new(format!("a secret cannot be read: {error}"))
                        .at(path.display().to_string())
                })?;
                text.lines().next().map(str::to_owned)
            }
        };
        text.filter(|text| !text.is_empty())
            .ok_or_else(|| Problem::new("a secret is not set or empty").at(self.to_string()))
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "${{{name}}}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: secrets in files and variables, and texts that are none.
    /// Guarantees: they are read where they are; a text itself is refused, and
    /// nothing that is printed holds what was read.
    #[test]
    fn secrets_are_read_where_they_are() {
        let dir = tempfile::tempdir().expect("a directory");
        fs::write(dir.path().join("token"), "geheim\nrest\n").expect("written");
        let secret = Secret::parse("file:token", dir.path()).expect("a place");
        assert_eq!(secret.read().as_deref(), Ok("geheim"));
        assert!(!format!("{secret} {secret:?}").contains("geheim"));
        let path = Secret::parse("${PATH}", dir.path()).expect("a place");
        assert_eq!((path.to_string().as_str(), path.read().is_ok()), ("${PATH}", true));
        for missing in ["${LOGWASP_NOT_SET}", "file:missing"] {
            assert!(Secret::parse(missing, dir.path()).expect("a place").read().is_err());
        }
        for wrong in ["geheim", "${}", "${A", "$A", "file:", "${A B}"] {
            assert_eq!(Secret::parse(wrong, dir.path()), None, "{wrong}");
        }
    }
}
