//! `[service]` and `[source.NAME]`: how `run` works, and where its records come from.

use std::path::{Path, PathBuf};
use std::time::Duration;

use logwasp_core::format::Format;
use serde::{Serialize, Serializer};

use super::keys::Keys;
use super::located::File;
use crate::problem::Problem;

/// How `run` works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Service {
    /// How often progress is made durable. Zero keeps no journal: positions and
    /// alerts are written every second, and a crash may lose or repeat what was
    /// between.
    #[serde(serialize_with = "duration")]
    pub commit_interval: Duration,
    /// How far records may come out of the order of their times.
    #[serde(serialize_with = "duration")]
    pub lateness: Duration,
    /// A source that is silent for so long holds nobody back.
    #[serde(serialize_with = "duration")]
    pub idle_after: Duration,
    /// Matched rows that wait for their time at most.
    pub rows_waiting_max: u64,
    /// How long stopping may take.
    #[serde(serialize_with = "duration")]
    pub drain_timeout: Duration,
    /// The form of the service's own log.
    pub log: LogForm,
}

/// The form of the service's own log, on stderr.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogForm {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Default for Service {
    fn default() -> Self {
        Self {
            commit_interval: Duration::from_millis(200),
            lateness: Duration::from_secs(30),
            idle_after: Duration::from_secs(30),
            rows_waiting_max: 200_000,
            drain_timeout: Duration::from_secs(30),
            log: LogForm::Text,
        }
    }
}

/// Where records come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Source {
    /// Its name.
    #[serde(skip)]
    pub name: String,
    /// What its records are; recognised when it is not said.
    #[serde(serialize_with = "format_name")]
    pub format: Option<Format>,
    /// An alert says so when it is silent for so long.
    #[serde(serialize_with = "maybe_duration", skip_serializing_if = "Option::is_none")]
    pub silent_after: Option<Duration>,
    /// What it is.
    #[serde(flatten)]
    pub kind: SourceKind,
}

/// What a source is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum SourceKind {
    /// Files that are written to.
    File(FileSource),
}

/// Files that are written to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileSource {
    /// Files, folders, patterns.
    pub paths: Vec<PathBuf>,
    /// Patterns of paths that are left out.
    pub exclude: Vec<String>,
    /// True to leave out what stood in files when they were first seen.
    pub from_end: bool,
    /// How often folders are looked at.
    #[serde(serialize_with = "duration")]
    pub poll_interval: Duration,
}

/// Reads `[service]`.
pub(super) fn service(table: toml::Table, folder: &Path, file: &File) -> Result<Service, Problem> {
    let default = Service::default();
    let mut keys = Keys::new(file, folder, &["service"], table);
    let service = Service {
        commit_interval: keys.duration("commit_interval")?.unwrap_or(default.commit_interval),
        lateness: keys.duration("lateness")?.unwrap_or(default.lateness),
        idle_after: keys.duration("idle_after")?.unwrap_or(default.idle_after),
        rows_waiting_max: keys.number(
            "rows_waiting_max",
            default.rows_waiting_max,
            1_000..=100_000_000,
        )?,
        drain_timeout: keys.duration("drain_timeout")?.unwrap_or(default.drain_timeout),
        log: keys
            .choice("log", &[("text", LogForm::Text), ("json", LogForm::Json)])?
            .unwrap_or(default.log),
    };
    keys.finish()?;
    Ok(service)
}

/// Reads one `[source.NAME]`.
pub(super) fn source(
    name: &str,
    table: toml::Table,
    folder: &Path,
    file: &File,
) -> Result<Source, Problem> {
    let mut keys = Keys::new(file, folder, &["source", name], table);
    if keys.choice("type", &[("file", ())])?.is_none() {
        let what = format!("source `{name}` has no `type`");
        return Err(keys.problem_here(what).hint("it is `file`"));
    }
    let formats: Vec<(&'static str, Format)> =
        Format::ALL.iter().map(|format| (format.name(), *format)).collect();
    let every = Duration::from_millis(250);
    let paths = keys.texts("paths")?;
    if paths.is_empty() {
        let what = format!("source `{name}` has no `paths`");
        return Err(keys.problem_here(what).hint("such as `paths = [\"/var/log/iis/*.log\"]`"));
    }
    let source = Source {
        name: name.to_owned(),
        format: keys.choice("format", &formats)?,
        silent_after: keys.duration("silent_after")?,
        kind: SourceKind::File(FileSource {
            paths: paths.into_iter().map(|path| folder.join(path)).collect(),
            exclude: keys.texts("exclude")?,
            from_end: keys
                .choice("start", &[("beginning", false), ("end", true)])?
                .unwrap_or_default(),
            poll_interval: keys.duration("poll_interval")?.unwrap_or(every),
        }),
    };
    keys.finish()?;
    Ok(source)
}

fn duration<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format!("{}ms", duration.as_millis()))
}

fn maybe_duration<S: Serializer>(
    duration: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    self::duration(&duration.unwrap_or_default(), serializer)
}

fn format_name<S: Serializer>(format: &Option<Format>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(format.map_or("auto", Format::name))
}
