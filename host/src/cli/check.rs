//! `logwasp check`: is the config right, and what does it come to?

use std::io::Write;

use serde_json::{Map, Value};

use super::{Exit, Failure, args, output};
use crate::config::{Component, Config, may_amend};
use crate::pipeline::{self, Wanted};
use crate::sandbox::Limits;

pub(super) fn run(args: &args::Check) -> Result<Exit, Failure> {
    let config = Config::load(&args.config).map_err(Failure::Usage)?;
    let mut detectors = Map::new();
    pipeline::load(&config, &Wanted::All, |name, manifest| {
        let schema = serde_json::from_str(&manifest.config_schema).unwrap_or(Value::Null);
        let options = config.detector(name).map(|detector| &detector.options);
        let resolved = with_defaults(&schema, options);
        let stock = Component::Bundled(name.to_owned());
        let mut table = match config.detector(name) {
            Some(found) => source_of(&found.component, found.limits, found.may_amend),
            None => source_of(&stock, Limits::default(), may_amend(name)),
        };
        table.insert("enabled".to_owned(), true.into());
        table.insert("config".to_owned(), resolved.into());
        detectors.insert(name.to_owned(), table.into());
    })
    .map_err(Failure::Usage)?;
    for detector in config.detectors.iter().filter(|detector| !detector.enabled) {
        detectors.insert(detector.name.clone(), serde_json::json!({"enabled": false}));
    }
    let site = serde_json::to_value(&config.site).unwrap_or_default();
    let sinks = config.sinks.iter();
    let sinks: Map<String, Value> = sinks
        .filter_map(|sink| Some((sink.name.clone(), serde_json::to_value(sink).ok()?)))
        .collect();
    let mut resolved =
        serde_json::json!({"service": config.service, "site": site, "detector": detectors});
    resolved["admin"] = serde_json::to_value(&config.admin).unwrap_or_default();
    let sources = config.sources.iter();
    let sources: Map<String, Value> = sources
        .filter_map(|source| Some((source.name.clone(), serde_json::to_value(source).ok()?)))
        .collect();
    if !sources.is_empty() {
        resolved["source"] = sources.into();
    }
    if !sinks.is_empty() {
        resolved["sink"] = sinks.into();
    }
    let text = toml::to_string_pretty(&resolved).unwrap_or_default();
    let mut out = output::stdout();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(Exit::Done)
}

/// Where a detector's code comes from and what it may use, as the config says it.
fn source_of(component: &Component, limits: Limits, amends: bool) -> Map<String, Value> {
    let mut table = Map::new();
    match component {
        Component::Bundled(name) => {
            table.insert("use".to_owned(), format!("bundled:{name}").into());
        }
        Component::File { path, sha256 } => {
            table.insert("path".to_owned(), path.display().to_string().into());
            table.extend(sha256.iter().map(|hash| ("sha256".to_owned(), hash.as_str().into())));
        }
    }
    let limits = serde_json::json!({
        "memory_bytes_max": limits.memory_bytes_max,
        "call_cpu_max": format!("{}ms", limits.call_cpu_max.as_millis()),
    });
    table.insert("limits".to_owned(), limits);
    table.insert("amends".to_owned(), amends.into());
    table
}

/// Every option of the schema: as configured, else its default.
fn with_defaults(schema: &Value, options: Option<&Map<String, Value>>) -> Map<String, Value> {
    let properties = schema.get("properties").and_then(Value::as_object);
    let properties = properties.into_iter().flatten();
    let value = |(name, property): (&String, &Value)| {
        let configured = options.and_then(|options| options.get(name));
        let value = configured.or_else(|| property.get("default"))?;
        Some((name.clone(), value.clone()))
    };
    properties.filter_map(value).collect()
}
