//! A table of the config, read key by key: each value checked where it stands, and
//! what nobody asked for refused.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::SignedDuration;
use toml::{Table, Value};

use super::located::File;
use super::secret::Secret;
use crate::problem::{Problem, nearest};

/// The rest of a table that was not read yet.
pub(super) struct Keys<'a> {
    file: &'a File,
    folder: &'a Path,
    path: Vec<String>,
    rest: Table,
    known: Vec<&'static str>,
}

impl<'a> Keys<'a> {
    pub(super) fn new(file: &'a File, folder: &'a Path, path: &[&str], table: Table) -> Self {
        let path = path.iter().map(|&key| key.to_owned()).collect();
        Self { file, folder, path, rest: table, known: Vec::new() }
    }

    /// A problem with the value of a key.
    pub(super) fn problem(&self, key: &str, what: impl Into<String>) -> Problem {
        let mut path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        path.push(key);
        self.file.problem_at(&path, what)
    }

    /// A problem with the table.
    pub(super) fn problem_here(&self, what: impl Into<String>) -> Problem {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        self.file.problem_at(&path, what)
    }

    fn take(&mut self, key: &'static str) -> Option<Value> {
        self.known.push(key);
        self.rest.remove(key)
    }

    fn wrong(&self, key: &str, value: &Value, expected: &str) -> Problem {
        let found = value.type_str();
        self.problem(key, format!("`{key}` must be {expected}, this is of type {found}"))
    }

    pub(super) fn text(&mut self, key: &'static str) -> Result<Option<String>, Problem> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::String(text)) if !text.is_empty() => Ok(Some(text)),
            Some(value) => Err(self.wrong(key, &value, "a text that is not empty")),
        }
    }

    pub(super) fn needed_text(&mut self, key: &'static str) -> Result<String, Problem> {
        let text = self.text(key)?;
        text.ok_or_else(|| self.problem_here(format!("`{key}` is missing")))
    }

    pub(super) fn path(&mut self, key: &'static str) -> Result<Option<PathBuf>, Problem> {
        Ok(self.text(key)?.map(|text| self.folder.join(text)))
    }

    pub(super) fn flag(&mut self, key: &'static str, default: bool) -> Result<bool, Problem> {
        match self.take(key) {
            None => Ok(default),
            Some(Value::Boolean(flag)) => Ok(flag),
            Some(value) => Err(self.wrong(key, &value, "true or false")),
        }
    }

    pub(super) fn number(
        &mut self,
        key: &'static str,
        default: u64,
        range: RangeInclusive<u64>,
    ) -> Result<u64, Problem> {
        let number = match self.take(key) {
            None => return Ok(default),
            Some(Value::Integer(number)) => u64::try_from(number).ok(),
            Some(value) => return Err(self.wrong(key, &value, "a whole number")),
        };
        number.filter(|number| range.contains(number)).ok_or_else(|| {
            let (least, most) = (range.start(), range.end());
            self.problem(key, format!("`{key}` is out of range"))
                .hint(format!("from {least} to {most}; the default is {default}"))
        })
    }

    pub(super) fn duration(&mut self, key: &'static str) -> Result<Option<Duration>, Problem> {
        let Some(text) = self.text(key)? else { return Ok(None) };
        let duration = text.parse::<SignedDuration>().ok().and_then(|d| Duration::try_from(d).ok());
        duration.map(Some).ok_or_else(|| {
            self.problem(key, format!("`{text}` is no duration"))
                .hint("write it like \"200ms\" or \"1s\"")
        })
    }

    /// One of some names.
    pub(super) fn choice<T: Copy>(
        &mut self,
        key: &'static str,
        choices: &[(&'static str, T)],
    ) -> Result<Option<T>, Problem> {
        let Some(text) = self.text(key)? else { return Ok(None) };
        let found = choices.iter().find(|(name, _)| *name == text);
        found.map(|(_, value)| Some(*value)).ok_or_else(|| {
            let names = choices.iter().map(|(name, _)| *name);
            let hint = match nearest(&text, names.clone()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("it is one of {}", names.collect::<Vec<_>>().join(", ")),
            };
            self.problem(key, format!("`{text}` is no {key} that fits here")).hint(hint)
        })
    }

    pub(super) fn texts(&mut self, key: &'static str) -> Result<Vec<String>, Problem> {
        let list = match self.take(key) {
            None => return Ok(Vec::new()),
            Some(Value::Array(list)) => list,
            Some(value) => return Err(self.wrong(key, &value, "a list of texts")),
        };
        let text = |value: Value| match value {
            Value::String(text) => Ok(text),
            value => Err(self.wrong(key, &value, "a list of texts")),
        };
        list.into_iter().map(text).collect()
    }

    /// A table of texts with names that the operator gives.
    pub(super) fn named_texts(
        &mut self,
        key: &'static str,
    ) -> Result<Vec<(String, String)>, Problem> {
        let table = match self.take(key) {
            None => return Ok(Vec::new()),
            Some(Value::Table(table)) => table,
            Some(value) => return Err(self.wrong(key, &value, "a table of texts")),
        };
        let text = |(name, value): (String, Value)| match value {
            Value::String(text) => Ok((name, text)),
            value => Err(self.wrong(key, &value, "a table of texts")),
        };
        table.into_iter().map(text).collect()
    }

    pub(super) fn secret(&mut self, key: &'static str) -> Result<Option<Secret>, Problem> {
        let Some(text) = self.text(key)? else { return Ok(None) };
        // The text is not told: it may be the secret.
        Secret::parse(&text, self.folder).map(Some).ok_or_else(|| {
            self.problem(key, format!("`{key}` must say where the secret is, not what it is"))
                .hint("write `${NAME}` for a variable of the environment, or `file:PATH`")
        })
    }

    /// A table inside; empty when it is not written.
    pub(super) fn table(&mut self, key: &'static str) -> Result<Self, Problem> {
        let table = match self.take(key) {
            None => Table::new(),
            Some(Value::Table(table)) => table,
            Some(value) => return Err(self.wrong(key, &value, "a table")),
        };
        let mut path = self.path.clone();
        path.push(key.to_owned());
        Ok(Self { file: self.file, folder: self.folder, path, rest: table, known: Vec::new() })
    }

    /// Nothing may be left.
    pub(super) fn finish(self) -> Result<(), Problem> {
        let Some(unknown) = self.rest.keys().next() else { return Ok(()) };
        let problem = self.problem(unknown, format!("unknown key `{unknown}`"));
        Err(match nearest(unknown, self.known.iter().copied()) {
            Some(near) => problem.hint(format!("did you mean `{near}`?")),
            None => problem.hint(format!("known keys here: {}", self.known.join(", "))),
        })
    }

    pub(super) fn folder(&self) -> &'a Path {
        self.folder
    }
}
