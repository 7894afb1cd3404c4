//! `[sink.NAME]`: where alerts go.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::secret::Secret;
use crate::alert::Severity;

/// One sink, with every value checked and every default filled in.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sink {
    /// Its name.
    #[serde(skip)]
    pub name: String,
    /// What it is, with what only this kind has.
    #[serde(flatten)]
    pub kind: SinkKind,
    /// How alerts are written.
    pub encoding: Encoding,
    /// Which alerts it gets.
    #[serde(flatten)]
    pub filter: Filter,
    /// How it tries again.
    pub retry: Retry,
    /// What it sends at once.
    pub batch: BatchBounds,
    /// How far it may fall behind.
    #[serde(flatten)]
    pub backlog: BacklogBounds,
    /// The time that one exchange with the peer may take.
    #[serde(serialize_with = "duration")]
    pub timeout: Duration,
    /// Whom it trusts, and who it is.
    #[serde(skip_serializing_if = "Tls::is_default")]
    pub tls: Tls,
}

/// What a sink is.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum SinkKind {
    /// Standard output.
    Stdout,
    /// A file.
    File(FileSink),
    /// A syslog receiver.
    Syslog(SyslogSink),
    /// Any HTTP endpoint.
    Webhook(WebhookSink),
    /// Elasticsearch or OpenSearch.
    Elasticsearch(ElasticsearchSink),
    /// Splunk's HTTP event collector.
    SplunkHec(SplunkHecSink),
}

/// A file that alerts are appended to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FileSink {
    /// The file.
    pub path: PathBuf,
    /// It is rotated before it grows beyond this. 0 never.
    pub rotate_bytes: u64,
    /// It is rotated when a new period of this length begins, counted from the Unix
    /// epoch.
    #[serde(serialize_with = "optional_duration", skip_serializing_if = "Option::is_none")]
    pub rotate_every: Option<Duration>,
    /// Rotated files that are kept.
    pub keep: u64,
    /// Whether each batch is on disk before it counts as delivered.
    pub fsync: bool,
}

/// A syslog receiver.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SyslogSink {
    /// `host:port`.
    pub address: String,
    /// How to get there.
    pub transport: Transport,
    /// How messages are told apart, except over UDP.
    pub framing: Framing,
    /// Whether a connection is closed behind each batch, and the batch counts as
    /// delivered when the receiver closes too. Not over UDP.
    pub confirm: bool,
}

/// How to get to a syslog receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// RFC 5426.
    Udp,
    /// RFC 6587.
    Tcp,
    /// RFC 5425.
    Tls,
}

/// How messages of a stream are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Framing {
    /// The length stands before each.
    OctetCounting,
    /// A line feed stands behind each.
    Newline,
}

/// Any HTTP endpoint.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WebhookSink {
    /// Where to.
    pub url: Url,
    /// The form of the body.
    pub template: Template,
    /// More headers, such as an authorization.
    pub headers: BTreeMap<String, HeaderValue>,
    /// Signs the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signing_key: Option<Secret>,
}

/// The value of a header.
#[derive(Clone, PartialEq)]
pub enum HeaderValue {
    /// As it is written.
    Text(String),
    /// Kept elsewhere.
    Secret(Secret),
}

/// A URL that may hold a secret, as those of chat services do.
#[derive(Clone, PartialEq)]
pub enum Url {
    /// As it is written.
    Text(String),
    /// Kept elsewhere.
    Secret(Secret),
}

/// The form of a webhook's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Template {
    /// The alert in the sink's encoding.
    Alert,
    /// `{"text": ...}`: Slack, Mattermost, Rocket.Chat.
    Slack,
    /// An adaptive card: Teams.
    Teams,
}

/// Elasticsearch or OpenSearch.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ElasticsearchSink {
    /// Its address, without `/_bulk`.
    pub url: Url,
    /// The index or write alias; no data stream.
    pub index: String,
    /// The key, as `ApiKey` wants it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key: Option<Secret>,
    /// A user instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// And the password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
}

/// Splunk's HTTP event collector.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SplunkHecSink {
    /// Its address, without `/services/collector`.
    pub url: Url,
    /// The token.
    pub token: Secret,
    /// The index; the token's when it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<String>,
    /// The sourcetype.
    pub sourcetype: String,
    /// Whether to wait until the indexers have it.
    pub ack: bool,
    /// How long to wait for that.
    #[serde(serialize_with = "duration")]
    pub ack_timeout: Duration,
}

/// How alerts are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// Our own JSON.
    Ndjson,
    /// Elastic Common Schema.
    Ecs,
    /// OCSF Detection Finding.
    Ocsf,
    /// Common Event Format.
    Cef,
    /// Log Event Extended Format.
    Leef,
    /// RFC 5424.
    Syslog,
}

/// Which alerts a sink gets.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Filter {
    /// This severity and above.
    #[serde(serialize_with = "severity")]
    pub min_severity: Severity,
    /// Of these detectors; of all when it is empty.
    pub detectors: Vec<String>,
    /// With all of these labels.
    pub labels: BTreeMap<String, String>,
}

/// How a sink tries again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Retry {
    /// The longest first wait; each further one doubles it.
    #[serde(serialize_with = "duration")]
    pub initial: Duration,
    /// No wait is longer.
    #[serde(serialize_with = "duration")]
    pub max: Duration,
}

/// What a sink sends at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct BatchBounds {
    /// Alerts.
    pub count: u64,
    /// Bytes of these alerts in the outbox.
    pub bytes: u64,
    /// How long the first may wait for the others.
    #[serde(serialize_with = "duration")]
    pub linger: Duration,
}

/// How far a sink may fall behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct BacklogBounds {
    /// What happens then.
    pub on_full: OnFull,
    /// Bytes that may wait for it.
    pub backlog_bytes_max: u64,
    /// Bytes that may wait for it with `spill`.
    pub spill_bytes_max: u64,
    /// With `drop-counted`, no alert waits longer.
    #[serde(serialize_with = "optional_duration", skip_serializing_if = "Option::is_none")]
    pub backlog_age_max: Option<Duration>,
}

/// What happens when a sink's backlog is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnFull {
    /// Sources are slowed.
    Block,
    /// It grows on to a second bound.
    Spill,
    /// The oldest are given up and counted.
    DropCounted,
}

/// Whom a sink trusts, and who it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Tls {
    /// Certificates of authorities, PEM; those of the machine when it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// Our certificate chain, PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cert_file: Option<PathBuf>,
    /// Its key, PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_file: Option<PathBuf>,
}

impl Tls {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

fn duration<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format!("{}ms", duration.as_millis()))
}

#[expect(clippy::ref_option, reason = "serde gives it so")]
fn optional_duration<S: Serializer>(
    optional: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    duration(&optional.unwrap_or_default(), serializer)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives it so")]
fn severity<S: Serializer>(severity: &Severity, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(severity.name())
}
