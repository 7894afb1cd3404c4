//! `[sink.NAME]`: where alerts go.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::keys::Keys;
use super::located::File;
use super::secret::Secret;
use crate::alert::Severity;
use crate::problem::Problem;

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

const KINDS: [(&str, Kind); 6] = [
    ("stdout", Kind::Stdout),
    ("file", Kind::File),
    ("syslog", Kind::Syslog),
    ("webhook", Kind::Webhook),
    ("elasticsearch", Kind::Elasticsearch),
    ("splunk-hec", Kind::SplunkHec),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Stdout,
    File,
    Syslog,
    Webhook,
    Elasticsearch,
    SplunkHec,
}

impl Kind {
    /// Encodings that fit, the default first.
    fn encodings(self) -> &'static [(&'static str, Encoding)] {
        const JSON: &[(&str, Encoding)] =
            &[("ndjson", Encoding::Ndjson), ("ecs", Encoding::Ecs), ("ocsf", Encoding::Ocsf)];
        match self {
            Self::Stdout | Self::File | Self::SplunkHec => &[
                ("ndjson", Encoding::Ndjson),
                ("ecs", Encoding::Ecs),
                ("ocsf", Encoding::Ocsf),
                ("cef", Encoding::Cef),
                ("leef", Encoding::Leef),
                ("syslog", Encoding::Syslog),
            ],
            Self::Syslog => &[
                ("syslog", Encoding::Syslog),
                ("cef", Encoding::Cef),
                ("leef", Encoding::Leef),
                ("ndjson", Encoding::Ndjson),
                ("ecs", Encoding::Ecs),
                ("ocsf", Encoding::Ocsf),
            ],
            Self::Webhook => JSON,
            Self::Elasticsearch => {
                &[("ecs", Encoding::Ecs), ("ndjson", Encoding::Ndjson), ("ocsf", Encoding::Ocsf)]
            }
        }
    }

    fn reads_tls(self) -> bool {
        !matches!(self, Self::Stdout | Self::File)
    }
}

/// Reads one table.
pub(super) fn sink(
    name: &str,
    table: toml::Table,
    folder: &Path,
    file: &File,
) -> Result<Sink, Problem> {
    let mut keys = Keys::new(file, folder, &["sink", name], table);
    let kind = keys.choice("type", &KINDS)?;
    let kind = kind.ok_or_else(|| {
        let names = KINDS.map(|(name, _)| name).join(", ");
        keys.problem_here(format!("sink `{name}` has no `type`"))
            .hint(format!("it is one of {names}"))
    })?;
    let encodings = kind.encodings();
    let encoding = keys.choice("encoding", encodings)?;
    let sink = Sink {
        name: name.to_owned(),
        encoding: encoding
            .or(encodings.first().map(|(_, first)| *first))
            .unwrap_or(Encoding::Ndjson),
        filter: filter(&mut keys)?,
        retry: retry(&mut keys)?,
        batch: batch(&mut keys)?,
        backlog: backlog(&mut keys)?,
        timeout: positive(&mut keys, "timeout", Duration::from_secs(10))?,
        tls: if kind.reads_tls() { tls(&mut keys)? } else { Tls::default() },
        kind: match kind {
            Kind::Stdout => SinkKind::Stdout,
            Kind::File => SinkKind::File(file_sink(&mut keys)?),
            Kind::Syslog => SinkKind::Syslog(syslog(&mut keys)?),
            Kind::Webhook => SinkKind::Webhook(webhook(&mut keys)?),
            Kind::Elasticsearch => SinkKind::Elasticsearch(elasticsearch(&mut keys)?),
            Kind::SplunkHec => SinkKind::SplunkHec(splunk_hec(&mut keys)?),
        },
    };
    keys.finish()?;
    Ok(sink)
}

fn filter(keys: &mut Keys<'_>) -> Result<Filter, Problem> {
    let severities = Severity::ALL.map(|severity| (severity.name(), severity));
    Ok(Filter {
        min_severity: keys.choice("min_severity", &severities)?.unwrap_or(Severity::Info),
        detectors: keys.texts("detectors")?,
        labels: keys.named_texts("labels")?.into_iter().collect(),
    })
}

fn retry(keys: &mut Keys<'_>) -> Result<Retry, Problem> {
    let mut keys = keys.table("retry")?;
    let initial = positive(&mut keys, "initial", Duration::from_millis(500))?;
    let max = positive(&mut keys, "max", Duration::from_secs(30))?;
    if max < initial {
        return Err(keys.problem("max", "`max` is less than `initial`"));
    }
    keys.finish()?;
    Ok(Retry { initial, max })
}

fn batch(keys: &mut Keys<'_>) -> Result<BatchBounds, Problem> {
    let mut keys = keys.table("batch")?;
    let bounds = BatchBounds {
        count: keys.number("count", 100, 1..=10_000)?,
        bytes: keys.number("bytes", 1 << 20, 1..=64 << 20)?,
        linger: keys.duration("linger")?.unwrap_or(Duration::from_millis(200)),
    };
    keys.finish()?;
    Ok(bounds)
}

fn backlog(keys: &mut Keys<'_>) -> Result<BacklogBounds, Problem> {
    let policies =
        [("block", OnFull::Block), ("spill", OnFull::Spill), ("drop-counted", OnFull::DropCounted)];
    let on_full = keys.choice("on_full", &policies)?.unwrap_or(OnFull::Block);
    let bounds = BacklogBounds {
        on_full,
        backlog_bytes_max: keys.number("backlog_bytes_max", 256 << 20, 1 << 16..=1 << 40)?,
        spill_bytes_max: keys.number("spill_bytes_max", 16 << 30, 1 << 16..=1 << 50)?,
        backlog_age_max: keys.duration("backlog_age_max")?,
    };
    if bounds.backlog_age_max.is_some() && on_full != OnFull::DropCounted {
        return Err(keys
            .problem("backlog_age_max", "`backlog_age_max` gives up alerts, `on_full` does not")
            .hint("write `on_full = \"drop-counted\"`, or remove the line"));
    }
    Ok(bounds)
}

fn tls(keys: &mut Keys<'_>) -> Result<Tls, Problem> {
    let mut keys = keys.table("tls")?;
    let tls = Tls {
        ca_file: keys.path("ca_file")?,
        cert_file: keys.path("cert_file")?,
        key_file: keys.path("key_file")?,
    };
    if tls.cert_file.is_some() != tls.key_file.is_some() {
        return Err(keys.problem_here("`cert_file` and `key_file` need each other"));
    }
    keys.finish()?;
    Ok(tls)
}

fn file_sink(keys: &mut Keys<'_>) -> Result<FileSink, Problem> {
    let path = keys.path("path")?.ok_or_else(|| keys.problem_here("`path` is missing"))?;
    Ok(FileSink {
        path,
        rotate_bytes: keys.number("rotate_bytes", 100 << 20, 0..=1 << 40)?,
        rotate_every: match keys.duration("rotate_every")? {
            Some(every) if every < Duration::from_secs(1) => {
                return Err(keys.problem("rotate_every", "`rotate_every` is less than a second"));
            }
            every => every,
        },
        keep: keys.number("keep", 5, 0..=1_000)?,
        fsync: keys.flag("fsync", true)?,
    })
}

fn syslog(keys: &mut Keys<'_>) -> Result<SyslogSink, Problem> {
    let transports = [("udp", Transport::Udp), ("tcp", Transport::Tcp), ("tls", Transport::Tls)];
    let framings = [("octet-counting", Framing::OctetCounting), ("newline", Framing::Newline)];
    let address = keys.needed_text("address")?;
    let port = address.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
    if port.is_none() {
        return Err(keys.problem("address", format!("`{address}` is not `host:port`")));
    }
    Ok(SyslogSink {
        address,
        transport: keys.choice("transport", &transports)?.unwrap_or(Transport::Tcp),
        framing: keys.choice("framing", &framings)?.unwrap_or(Framing::OctetCounting),
        confirm: keys.flag("confirm", true)?,
    })
}

fn webhook(keys: &mut Keys<'_>) -> Result<WebhookSink, Problem> {
    let templates =
        [("alert", Template::Alert), ("slack", Template::Slack), ("teams", Template::Teams)];
    let folder = keys.folder();
    let header = |(name, text): (String, String)| match Secret::parse(&text, folder) {
        Some(secret) => (name, HeaderValue::Secret(secret)),
        None => (name, HeaderValue::Text(text)),
    };
    Ok(WebhookSink {
        url: url(keys)?,
        template: keys.choice("template", &templates)?.unwrap_or(Template::Alert),
        headers: keys.named_texts("headers")?.into_iter().map(header).collect(),
        signing_key: keys.secret("signing_key")?,
    })
}

fn elasticsearch(keys: &mut Keys<'_>) -> Result<ElasticsearchSink, Problem> {
    let sink = ElasticsearchSink {
        url: url(keys)?,
        index: keys.text("index")?.unwrap_or_else(|| "logwasp-alerts".to_owned()),
        api_key: keys.secret("api_key")?,
        user: keys.text("user")?,
        password: keys.secret("password")?,
    };
    if sink.user.is_some() != sink.password.is_some() {
        return Err(keys.problem_here("`user` and `password` need each other"));
    }
    if sink.user.is_some() && sink.api_key.is_some() {
        return Err(keys.problem("api_key", "there is a `user` and an `api_key`").hint("keep one"));
    }
    Ok(sink)
}

fn splunk_hec(keys: &mut Keys<'_>) -> Result<SplunkHecSink, Problem> {
    Ok(SplunkHecSink {
        url: url(keys)?,
        token: match keys.secret("token")? {
            Some(token) => token,
            None => return Err(keys.problem_here("`token` is missing")),
        },
        index: keys.text("index")?,
        sourcetype: keys.text("sourcetype")?.unwrap_or_else(|| "logwasp:alert".to_owned()),
        ack: keys.flag("ack", true)?,
        ack_timeout: positive(keys, "ack_timeout", Duration::from_mins(2))?,
    })
}

fn url(keys: &mut Keys<'_>) -> Result<Url, Problem> {
    let text = keys.needed_text("url")?;
    if let Some(secret) = Secret::parse(&text, keys.folder()) {
        return Ok(Url::Secret(secret));
    }
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let authority = rest.map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    match authority {
        None | Some("") => Err(keys
            .problem("url", "`url` is no address")
            .hint("it begins with `https://` or `http://`")),
        Some(authority) if authority.contains('@') => Err(keys
            .problem("url", "`url` holds a user and a password")
            .hint("keep the whole URL elsewhere: `url = \"${NAME}\"` or `url = \"file:PATH\"`")),
        Some(_) => Ok(Url::Text(text)),
    }
}

fn positive(
    keys: &mut Keys<'_>,
    key: &'static str,
    default: Duration,
) -> Result<Duration, Problem> {
    match keys.duration(key)? {
        Some(duration) if duration.is_zero() => {
            Err(keys.problem(key, format!("`{key}` must be longer than nothing")))
        }
        duration => Ok(duration.unwrap_or(default)),
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
