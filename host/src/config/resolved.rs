//! The config with every value checked.

use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use logwasp_core::time::Zones;
use serde_json::{Map, Value};

use super::admin::{self, Admin};
use super::located::File;
use super::raw::{self, Raw, Site};
use super::read_sink;
use super::service::{self, Service, Source, SourceKind};
use super::sink::Sink;
use crate::problem::{Problem, nearest};
use crate::sandbox::Limits;

/// What the operator decided.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where `run` keeps its state.
    pub state_dir: Option<PathBuf>,
    /// The shared inventory.
    pub site: Site,
    /// Zones of hosts that write local time.
    pub zones: Zones,
    /// Detectors that the file names, in the order of their names.
    pub detectors: Vec<Detector>,
    /// How `run` works.
    pub service: Service,
    /// Its own endpoints.
    pub admin: Admin,
    /// Where records come from, in the order of their names.
    pub sources: Vec<Source>,
    /// Where alerts go, in the order of their names.
    pub sinks: Vec<Sink>,
    /// Where compiled components are kept.
    pub cache_dir: Option<PathBuf>,
    file: Option<File>,
}

/// One detector.
#[derive(Debug, Clone)]
pub struct Detector {
    /// Its name in alerts.
    pub name: String,
    /// Where its code comes from.
    pub component: Component,
    /// False to leave it out.
    pub enabled: bool,
    /// Whether it may revise the alerts of others.
    pub may_amend: bool,
    /// What it may use.
    pub limits: Limits,
    /// Its own options.
    pub options: Map<String, Value>,
}

/// Where a detector's code comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Component {
    /// A stock detector.
    Bundled(String),
    /// A file, pinned by its hash.
    File {
        /// The file.
        path: PathBuf,
        /// Its SHA-256, when it is pinned.
        sha256: Option<String>,
    },
}

impl Config {
    /// What holds without a file.
    pub fn without_file() -> Self {
        Self {
            state_dir: None,
            site: Site::default(),
            zones: Zones::all_in(TimeZone::system()),
            detectors: Vec::new(),
            service: Service::default(),
            admin: Admin::default(),
            sources: Vec::new(),
            sinks: Vec::new(),
            cache_dir: super::default_cache_dir(),
            file: None,
        }
    }

    /// Reads a file.
    pub fn load(path: &Path) -> Result<Self, Problem> {
        let name = path.display().to_string();
        let text = fs::read_to_string(path).map_err(|error| {
            Problem::new(format!("the config cannot be read: {error}")).at(&name)
        })?;
        Self::parse(File { name, text }, path.parent().unwrap_or(Path::new(".")))
    }

    /// Reads the same file again.
    pub fn reload(&self) -> Result<Self, Problem> {
        match &self.file {
            Some(file) => Self::load(Path::new(&file.name)),
            None => Ok(self.clone()),
        }
    }

    /// Reads a config that is part of the program.
    pub fn embedded(name: &str, text: &str) -> Result<Self, Problem> {
        Self::parse(File { name: name.to_owned(), text: text.to_owned() }, Path::new("."))
    }

    fn parse(file: File, folder: &Path) -> Result<Self, Problem> {
        let raw: Raw = toml::from_str(&file.text).map_err(|error| syntax_problem(&file, &error))?;
        let zones = zones(&raw.site, &file)?;
        let detectors = raw.detector.into_iter();
        let detectors = detectors
            .map(|(name, raw)| detector(name, raw, folder, &file))
            .collect::<Result<_, _>>()?;
        let sources = raw.source.into_iter();
        let sources = sources
            .map(|(name, table)| service::source(&name, table, folder, &file))
            .collect::<Result<Vec<_>, _>>()?;
        one_stdin(&sources, &file)?;
        let sinks = raw.sink.into_iter();
        let sinks = sinks
            .map(|(name, table)| read_sink::sink(&name, table, folder, &file))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            state_dir: raw.state_dir.map(|dir| folder.join(dir)),
            site: raw.site,
            zones,
            detectors,
            service: service::service(raw.service, folder, &file)?,
            admin: admin::admin(raw.admin, folder, &file)?,
            sources,
            sinks,
            cache_dir: match raw.plugins.cache_dir.as_deref() {
                None => super::default_cache_dir(),
                Some("none") => None,
                Some(path) => Some(folder.join(path)),
            },
            file: Some(file),
        })
    }

    /// The detector of that name, if the file names it.
    pub fn detector(&self, name: &str) -> Option<&Detector> {
        self.detectors.iter().find(|detector| detector.name == name)
    }

    /// The JSON that a detector is started with: its options, and the inventory.
    pub fn start_json(&self, options: &Map<String, Value>) -> String {
        let mut config = options.clone();
        let site = serde_json::to_value(&self.site).unwrap_or_default();
        config.insert("site".to_owned(), site);
        Value::Object(config).to_string()
    }

    /// A problem with what stands at a path of keys in the file.
    pub fn problem_at(&self, path: &[&str], what: impl Into<String>) -> Problem {
        match &self.file {
            Some(file) => file.problem_at(path, what),
            None => Problem::new(what),
        }
    }
}

/// There is one standard input.
fn one_stdin(sources: &[Source], file: &File) -> Result<(), Problem> {
    let mut pipes = sources.iter().filter(|source| source.kind == SourceKind::Stdin);
    match (pipes.next(), pipes.next()) {
        (Some(first), Some(second)) => {
            let what = format!("`{}` and `{}` both are standard input", first.name, second.name);
            let problem = file.problem_at(&["source", &second.name], what);
            Err(problem.hint("keep one source with `type = \"stdin\"`"))
        }
        _ => Ok(()),
    }
}

fn detector(
    name: String,
    raw: raw::Detector,
    folder: &Path,
    file: &File,
) -> Result<Detector, Problem> {
    if raw.sha256.is_some() && raw.path.is_none() {
        let what = format!("detector `{name}` has a `sha256`, but no `path` that it could pin");
        return Err(file
            .problem_at(&["detector", &name, "sha256"], what)
            .hint("write the `path` of the component, or remove the line"));
    }
    let component = match (&raw.use_, &raw.path) {
        (Some(_), Some(_)) => {
            let what = format!("detector `{name}` has both `use` and `path`");
            return Err(file
                .problem_at(&["detector", &name, "path"], what)
                .hint("keep one of them"));
        }
        (None, Some(path)) => {
            Component::File { path: folder.join(path), sha256: raw.sha256.clone() }
        }
        (used, None) => bundled(&name, used.as_deref(), file)?,
    };
    let options = serde_json::to_value(&raw.config).ok();
    let options = options.and_then(|value| value.as_object().cloned()).unwrap_or_default();
    let limits = limits(&name, &raw.limits, file)?;
    let may_amend = raw.amends.unwrap_or_else(|| match &component {
        Component::Bundled(name) => may_amend(name),
        Component::File { .. } => false,
    });
    let enabled = raw.enabled.unwrap_or(true);
    Ok(Detector { name, component, enabled, may_amend, limits, options })
}

/// Whether a stock detector may revise the alerts of others, unless the config says
/// otherwise: correlation is what `incident` is for.
pub fn may_amend(bundled: &str) -> bool {
    bundled == "incident"
}

/// Memory that a detector may be given: less does not start, and a component
/// cannot address more.
const MEMORY_BYTES: RangeInclusive<u64> = 1 << 20..=4 << 30;

fn limits(name: &str, raw: &raw::Limits, file: &File) -> Result<Limits, Problem> {
    let mut limits = Limits::default();
    if let Some(bytes) = raw.memory_bytes_max {
        if !MEMORY_BYTES.contains(&bytes) {
            let what = format!("{bytes} bytes are no sensible memory for a detector");
            return Err(file
                .problem_at(&["detector", name, "limits", "memory_bytes_max"], what)
                .hint("from 1048576 (1 MiB) to 4294967296 (4 GiB); the default is 67108864"));
        }
        limits.memory_bytes_max = bytes as usize;
    }
    if let Some(text) = &raw.call_cpu_max {
        let duration = text.parse::<SignedDuration>().ok().and_then(|d| Duration::try_from(d).ok());
        limits.call_cpu_max = duration.filter(|duration| !duration.is_zero()).ok_or_else(|| {
            file.problem_at(
                &["detector", name, "limits", "call_cpu_max"],
                format!("`{text}` is no duration"),
            )
            .hint("write it like \"200ms\" or \"1s\"")
        })?;
    }
    Ok(limits)
}

/// The stock detector that `use = "bundled:<name>"` or the table's name means.
fn bundled(name: &str, used: Option<&str>, file: &File) -> Result<Component, Problem> {
    let wanted = match used {
        None => name,
        Some(used) => used.strip_prefix("bundled:").ok_or_else(|| {
            file.problem_at(&["detector", name, "use"], format!("`{used}` is not `bundled:<name>`"))
                .hint("for a component of your own, write `path` and `sha256` instead")
        })?,
    };
    if logwasp_detectors::find(wanted).is_some() {
        return Ok(Component::Bundled(wanted.to_owned()));
    }
    let known = logwasp_detectors::BUNDLED.iter().map(|bundled| bundled.name);
    let hint = match nearest(wanted, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the stock detectors are {}", known.collect::<Vec<_>>().join(", ")),
    };
    let path = if used.is_some() { vec!["detector", name, "use"] } else { vec!["detector", name] };
    Err(file.problem_at(&path, format!("there is no stock detector `{wanted}`")).hint(hint))
}

fn zones(site: &Site, file: &File) -> Result<Zones, Problem> {
    let mut zones = Zones::all_in(TimeZone::system());
    for (host, name) in &site.time_zones {
        let zone = TimeZone::get(name).map_err(|_| {
            let path = ["site", "time_zones", host.as_str()];
            file.problem_at(&path, format!("there is no time zone `{name}`"))
                .hint("write it as in the IANA database, such as `Europe/Berlin`")
        })?;
        zones.set(host, zone);
    }
    Ok(zones)
}

/// What serde says, with the place and the nearest known key.
fn syntax_problem(file: &File, error: &toml::de::Error) -> Problem {
    let place = error.span().map_or_else(|| file.name.clone(), |span| file.place(span.start));
    let message = error.message();
    let mut names = message.split('`').skip(1).step_by(2);
    let problem = Problem::new(message.trim_end()).at(place);
    match (message.starts_with("unknown field"), names.next()) {
        (true, Some(unknown)) => {
            let problem = Problem { what: format!("unknown key `{unknown}`"), ..problem };
            match nearest(unknown, names.clone()) {
                Some(near) => problem.hint(format!("did you mean `{near}`?")),
                None => problem
                    .hint(format!("known keys here: {}", names.collect::<Vec<_>>().join(", "))),
            }
        }
        _ => problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Encoding;

    fn parse(text: &str) -> Result<Config, Problem> {
        let file = File { name: "logwasp.toml".into(), text: text.into() };
        Config::parse(file, Path::new("/etc/logwasp"))
    }

    /// Scenario: limits of a detector, and some that make no sense.
    /// Guarantees: they are taken; the others are refused with their place.
    #[test]
    fn limits_are_checked() {
        let limits = |text: &str| parse(&format!("[detector.lockout.limits]\n{text}\n"));
        let config = limits("memory_bytes_max = 33554432\ncall_cpu_max = '1s'").expect("valid");
        let lockout = config.detector("lockout").expect("named").limits;
        assert_eq!((lockout.memory_bytes_max, lockout.call_cpu_max.as_millis()), (32 << 20, 1_000));
        for wrong in ["memory_bytes_max = 5", "call_cpu_max = 'soon'", "call_cpu_max = '-1s'"] {
            let problem = limits(wrong).expect_err(wrong);
            assert!(problem.to_string().contains("logwasp.toml:2:"), "{problem}");
        }
    }

    /// Scenario: a config as an operator writes it.
    /// Guarantees: tables by name are resolved, what is left out stays out.
    #[test]
    fn a_config_is_resolved() {
        let config = parse(
            "[site]\npdc = 'DC01'\n[site.time_zones]\nEXCH01 = 'Europe/Berlin'\n\
             [detector.lockout.config]\nlookback = '1h'\n\
             [detector.mine]\npath = 'mine.wasm'\nsha256 = 'ab'\n\
             [source.files]\ntype = 'file'\npaths = ['a']\n",
        )
        .expect("it is valid");
        let lockout = config.detector("lockout").expect("named");
        assert_eq!(lockout.component, Component::Bundled("lockout".into()));
        let json: Value = serde_json::from_str(&config.start_json(&lockout.options)).expect("JSON");
        assert_eq!(
            json,
            serde_json::json!({
                "lookback": "1h",
                "site": {"pdc": "DC01", "time_zones": {"EXCH01": "Europe/Berlin"}},
            })
        );
        let Component::File { path, .. } = &config.detector("mine").expect("named").component
        else {
            panic!("a file")
        };
        assert_eq!(path, Path::new("/etc/logwasp/mine.wasm"));
    }

    /// Scenario: misspelt keys, unknown zones and detectors, broken syntax.
    /// Guarantees: each error says what, where and what to do.
    #[test]
    fn errors_have_three_parts() {
        for (text, what, place, hint) in [
            ("[site]\npcd = 'x'\n", "unknown key `pcd`", "logwasp.toml:2:1", "did you mean `pdc`?"),
            (
                "[detector.lockot]\n",
                "there is no stock detector `lockot`",
                "logwasp.toml:1:11",
                "did you mean `lockout`?",
            ),
            (
                "\n[site.time_zones]\nDC01 = 'Berlin'\n",
                "there is no time zone `Berlin`",
                "logwasp.toml:3:1",
                "write it as in the IANA database, such as `Europe/Berlin`",
            ),
        ] {
            let problem = parse(text).expect_err("it is wrong");
            assert_eq!(problem.what, what);
            assert_eq!(problem.place.as_deref(), Some(place), "{text}");
            assert_eq!(problem.hint.as_deref(), Some(hint), "{text}");
        }
        let problem = parse("[site\n").expect_err("it is wrong");
        assert!(problem.place.is_some_and(|place| place.starts_with("logwasp.toml:1:")));
    }

    /// Scenario: sinks as an operator writes them, with secrets by place.
    /// Guarantees: defaults are filled in; what is printed holds no secret, no path
    /// of a webhook and no header.
    #[test]
    fn sinks_are_resolved() {
        let text = "[sink.out]\ntype = 'stdout'\n\
             [sink.hook]\ntype = 'webhook'\nurl = 'https://hooks.example/T0/geheim'\n\
             signing_key = '${KEY}'\nmin_severity = 'high'\nheaders = { X-Token = 'geheim' }\n\
             retry = { initial = '1s', max = '1m' }\n\
             [sink.es]\ntype = 'elasticsearch'\nurl = 'http://127.0.0.1:9200'\napi_key = 'file:key'\n";
        let config = parse(text).expect("valid");
        let [es, hook, out] = config.sinks.as_slice() else { panic!("three") };
        assert_eq!((es.encoding, out.encoding), (Encoding::Ecs, Encoding::Ndjson));
        assert_eq!((hook.retry.max.as_secs(), out.retry.max.as_secs()), (60, 30));
        let printed = toml::to_string(&config.sinks[1]).expect("a table");
        assert!(printed.contains("url = \"https://hooks.example/***\""), "{printed}");
        assert!(printed.contains("signing_key = \"${KEY}\""), "{printed}");
        for text in [printed, format!("{:?}", config.sinks)] {
            assert!(!text.contains("geheim"), "{text}");
        }
    }

    /// Scenario: misspelt, missing and senseless values of sinks.
    /// Guarantees: each is refused where it stands, with what to do.
    #[test]
    fn wrong_sinks_are_refused() {
        for (text, what, line) in [
            ("url = 'x'", "sink `s` has no `type`", 1),
            ("type = 'fiel'", "`fiel` is no type that fits here", 2),
            ("type = 'file'", "`path` is missing", 1),
            ("type = 'file'\npath = 'a'\nrotate_byte = 5", "unknown key `rotate_byte`", 4),
            ("type = 'stdout'\nretry = { inital = '1s' }", "unknown key `inital`", 3),
            ("type = 'stdout'\nbatch = { count = 0 }", "`count` is out of range", 3),
            ("type = 'stdout'\ntimeout = 3", "`timeout` must be a text", 3),
            ("type = 'stdout'\ntimeout = 'soon'", "`soon` is no duration", 3),
            ("type = 'stdout'\nbacklog_age_max = '1h'", "`backlog_age_max` gives up", 3),
            ("type = 'syslog'\naddress = 'x'", "`x` is not `host:port`", 3),
            ("type = 'webhook'\nurl = 'hooks'", "`url` is no address", 3),
            ("type = 'webhook'\nurl = 'http://u:p@h/'", "`url` holds a user", 3),
            ("type = 'webhook'\nencoding = 'cef'\nurl = 'http://h'", "`cef` is no encoding", 3),
            (
                "type = 'splunk-hec'\nurl = 'http://h'\ntoken = 'geheim'",
                "`token` must say where",
                4,
            ),
            ("type = 'elasticsearch'\nurl = 'http://h'\nuser = 'u'", "`user` and `password`", 1),
        ] {
            let problem = parse(&format!("[sink.s]\n{text}\n")).expect_err(text);
            assert!(problem.what.starts_with(what), "{text}: {problem}");
            let place = problem.place.clone().unwrap_or_default();
            assert!(place.starts_with(&format!("logwasp.toml:{line}:")), "{text}: {place}");
            assert!(!problem.to_string().contains("geheim"));
        }
    }

    /// Scenario: options held against a schema.
    /// Guarantees: unknown keys and wrong types are found where they stand.
    #[test]
    fn options_are_held_against_the_schema() {
        let schema = serde_json::json!({"properties": {
            "lookback": {"type": "string", "pattern": "x", "default": "30m"},
            "implied_min": {"type": "integer"},
        }})
        .to_string();
        let check = |text: &str| {
            let config = parse(&format!("[detector.lockout.config]\n{text}\n")).expect("parses");
            let options = config.detector("lockout").expect("named").options.clone();
            super::super::check_options(&config, "lockout", &options, &schema)
        };
        assert_eq!(check("lookback = '1h'\nimplied_min = 4"), Ok(()));
        let unknown = check("lokback = '1h'").expect_err("unknown");
        assert_eq!(unknown.place.as_deref(), Some("logwasp.toml:2:1"));
        assert_eq!(unknown.hint.as_deref(), Some("did you mean `lookback`?"));
        let wrong = check("lookback = 30").expect_err("a number");
        assert!(wrong.what.contains("a duration such as \"30m\""), "{wrong}");
    }
}
