//! Config: the only place that reads settings.
//!
//! A file is read in two steps: raw, as it is written, with unknown keys refused;
//! then resolved, with every value checked. Errors say where in the file.

mod admin;
mod keys;
mod located;
mod options;
mod raw;
mod read_sink;
mod resolved;
mod secret;
mod service;
mod sink;
mod sink_text;
mod source_file;
mod source_syslog;

pub use admin::Admin;
pub use options::check_options;
pub use resolved::{Component, Config, Detector, may_amend};
pub use secret::Secret;
pub use service::{FileSource, LogForm, Service, Source, SourceKind};
pub use sink::{
    BacklogBounds, BatchBounds, ElasticsearchSink, Encoding, FileSink, Filter, Framing,
    HeaderValue, OnFull, Retry, Sink, SinkKind, SplunkHecSink, SyslogSink, Template, Tls,
    Transport, Url, WebhookSink,
};

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// Where compiled detectors are kept unless the config says otherwise:
/// `$XDG_CACHE_HOME/logwasp`, else `$HOME/.cache/logwasp`.
pub fn default_cache_dir() -> Option<PathBuf> {
    let absolute =
        |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))?;
    Some(base.join("logwasp"))
}

/// The names that systemd gave to the sockets it passed on (`sd_listen_fds(3)`).
pub fn passed_socket_names() -> Option<String> {
    std::env::var_os("LISTEN_FDNAMES")?.into_string().ok()
}

/// The socket on which the service manager listens (`sd_notify(3)`).
pub fn notify_socket() -> Option<OsString> {
    std::env::var_os("NOTIFY_SOCKET").filter(|name| !name.is_empty())
}

/// How often the service manager wants to hear from this process
/// (`sd_watchdog_enabled(3)`).
pub fn watchdog() -> Option<Duration> {
    let number = |name| std::env::var_os(name)?.to_str()?.parse::<u64>().ok();
    let is_ours = number("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(std::process::id()));
    let usec = number("WATCHDOG_USEC").filter(|usec| is_ours && *usec > 0)?;
    Some(Duration::from_micros(usec))
}
