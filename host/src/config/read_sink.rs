//! `[sink.NAME]`, read: each value checked, each default filled in.

use std::path::Path;
use std::time::Duration;

use super::keys::Keys;
use super::located::File;
use super::secret::Secret;
use super::sink::{
    BacklogBounds, BatchBounds, ElasticsearchSink, Encoding, FileSink, Filter, Framing,
    HeaderValue, OnFull, Retry, Sink, SinkKind, SplunkHecSink, SyslogSink, Template, Tls,
    Transport, Url, WebhookSink,
};
use crate::alert::Severity;
use crate::problem::Problem;

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
