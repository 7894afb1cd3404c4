//! Places in the text of a config file.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::problem::Problem;

/// A config file: its name and its text.
#[derive(Debug, Clone)]
pub(super) struct File {
    pub(super) name: String,
    pub(super) text: String,
}

impl File {
    /// `file:line:column` of a byte offset; both count from 1.
    pub(super) fn place(&self, offset: usize) -> String {
        let before = self.text.get(..offset).unwrap_or(&self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        format!("{}:{line}:{column}", self.name)
    }

    /// A problem with the value (or the key) at a path of keys.
    pub(super) fn problem_at(&self, path: &[&str], what: impl Into<String>) -> Problem {
        let offset =
            DeTable::parse(&self.text).ok().and_then(|table| key_offset(table.get_ref(), path));
        Problem::new(what).at(offset.map_or_else(|| self.name.clone(), |offset| self.place(offset)))
    }
}

/// Where the last key of a path stands.
fn key_offset(table: &DeTable<'_>, path: &[&str]) -> Option<usize> {
    let (name, rest) = path.split_first()?;
    let (key, value): (&Spanned<_>, &Spanned<DeValue<'_>>) =
        table.iter().find(|(key, _)| key.get_ref().as_ref() == *name)?;
    match (rest.is_empty(), value.get_ref().as_table()) {
        (true, _) | (false, None) => Some(key.span().start),
        (false, Some(inner)) => key_offset(inner, rest).or(Some(key.span().start)),
    }
}
