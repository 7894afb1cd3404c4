//! `[service]` and `[source.NAME]`: how `run` works, and where its records come from.

use std::path::{Path, PathBuf};
use std::time::Duration;

use logwasp_core::format::Format;
use serde::{Serialize, Serializer};

use super::keys::Keys;
use super::located::File;
use super::{source_file, source_syslog};
use crate::problem::Problem;
use crate::source::{syslog, tail};

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
    /// Bytes that they take at most.
    pub rows_waiting_bytes_max: u64,
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
            rows_waiting_bytes_max: 48 << 20,
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
    /// What is piped into the service.
    Stdin,
    /// Listens for syslog.
    Syslog(Box<syslog::Settings>),
}

/// Files that are written to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileSource {
    /// Files, folders, patterns.
    pub paths: Vec<PathBuf>,
    /// Patterns of paths that are left out.
    pub exclude: Vec<String>,
    /// True to leave out what stood in files when they were first seen.
    #[serde(rename = "start", serialize_with = "start_name")]
    pub from_end: bool,
    /// Whether the kernel is asked what has changed. What it does not see, as on
    /// network file systems, is found by looking.
    #[serde(serialize_with = "watch_name")]
    pub watch: bool,
    /// How often everything is looked at.
    #[serde(serialize_with = "duration")]
    pub poll_interval: Duration,
    /// A file that was quiet this long is closed until it grows.
    #[serde(serialize_with = "duration")]
    pub close_idle_after: Duration,
    /// A file that was rotated or deleted ends when it was quiet for so long.
    #[serde(serialize_with = "duration")]
    pub rotated_wait: Duration,
    /// Files that are held open at most.
    pub files_open_max: usize,
    /// What was last written longer ago when the service starts is left out.
    #[serde(serialize_with = "maybe_duration", skip_serializing_if = "Option::is_none")]
    pub ignore_older_than: Option<Duration>,
    /// Bytes that are read from one file before it is another's turn.
    pub chunk_bytes: usize,
    /// Whether symbolic links are followed.
    pub follow_symlinks: bool,
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
        rows_waiting_bytes_max: keys.number(
            "rows_waiting_bytes_max",
            default.rows_waiting_bytes_max,
            1 << 20..=1 << 40,
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
    let kind = keys.choice("type", &KINDS)?;
    let kind = kind.ok_or_else(|| {
        let what = format!("source `{name}` has no `type`");
        keys.problem_here(what).hint("it is one of file, stdin, syslog")
    })?;
    let formats: Vec<(&'static str, Format)> =
        Format::ALL.iter().map(|format| (format.name(), *format)).collect();
    let source = Source {
        name: name.to_owned(),
        format: keys.choice("format", &formats)?,
        silent_after: keys.duration("silent_after")?,
        kind: match kind {
            Kind::File => SourceKind::File(file_source(name, &mut keys)?),
            Kind::Stdin => SourceKind::Stdin,
            Kind::Syslog => SourceKind::Syslog(Box::new(source_syslog::syslog(name, &mut keys)?)),
        },
    };
    keys.finish()?;
    Ok(source)
}

#[derive(Clone, Copy)]
enum Kind {
    File,
    Stdin,
    Syslog,
}

const KINDS: [(&str, Kind); 3] =
    [("file", Kind::File), ("stdin", Kind::Stdin), ("syslog", Kind::Syslog)];

fn file_source(name: &str, keys: &mut Keys<'_>) -> Result<FileSource, Problem> {
    let settings = source_file::file(name, keys)?;
    Ok(FileSource {
        paths: settings.paths,
        exclude: settings.exclude,
        from_end: settings.start == tail::Start::End,
        watch: settings.watch,
        poll_interval: settings.poll_interval,
        close_idle_after: settings.close_idle_after,
        rotated_wait: settings.rotated_wait,
        files_open_max: settings.files_open_max,
        ignore_older_than: settings.ignore_older_than,
        chunk_bytes: settings.chunk_bytes,
        follow_symlinks: settings.follow_symlinks,
    })
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn start_name<S: Serializer>(from_end: &bool, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(if *from_end { "end" } else { "beginning" })
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn watch_name<S: Serializer>(watch: &bool, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(if *watch { "inotify" } else { "poll" })
}

pub(super) fn duration<S: Serializer>(
    duration: &Duration,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format!("{}ms", duration.as_millis()))
}

#[expect(clippy::ref_option, reason = "serde asks for it")]
fn maybe_duration<S: Serializer>(
    duration: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    self::duration(&duration.unwrap_or_default(), serializer)
}

#[expect(clippy::ref_option, clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn format_name<S: Serializer>(format: &Option<Format>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(format.map_or("auto", Format::name))
}
