//! Detectors, from names and files to running guests with their subscriptions.

use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};

use logwasp_core::event::Kind;
use logwasp_core::interest::{Interest, Subscription, SubscriptionSpec};
use sha2::{Digest, Sha256};

use super::reasons;
use crate::alert::Incidents;
use crate::config::{self, Component, Config, check_options};
use crate::hash::hex;
use crate::problem::{Problem, nearest};
use crate::sandbox::{
    Cache, Fault, Guest, Instance, Limits, LoadError, Manifest, Plugin, Sandbox, Started,
};

/// Which detectors shall run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// All stock detectors and all that the config names, unless it disables them.
    All,
    /// These, by name or as component files.
    Named(Vec<String>),
}

/// A running detector.
pub struct Loaded {
    /// Its name in alerts.
    pub name: String,
    /// Itself.
    pub guest: Box<dyn Guest>,
    /// How many columns each of its subscriptions has.
    pub columns: Vec<usize>,
    /// Second stage: whether it may revise the alerts of others.
    pub may_amend: bool,
    /// Its open incidents.
    pub incidents: Incidents,
}

/// All running detectors, and what they want to see.
#[derive(Default)]
pub struct Detectors {
    /// Detectors that see records.
    first: Stage,
    /// Detectors that see the alerts of the others.
    second: Stage,
}

/// Detectors in the order in which they were loaded, and what they want to see.
#[derive(Default)]
pub(crate) struct Stage {
    pub(crate) loaded: Vec<Loaded>,
    subscriptions: Vec<Subscription>,
}

impl Stage {
    pub(crate) fn names(&self) -> Vec<String> {
        self.loaded.iter().map(|detector| detector.name.clone()).collect()
    }

    /// What all of them want to see, and themselves.
    pub(crate) fn split(self) -> (Interest, Vec<Loaded>) {
        (Interest::new(self.subscriptions), self.loaded)
    }
}

impl Detectors {
    /// No detector yet.
    pub fn none() -> Self {
        Self::default()
    }

    /// Adds a detector that was started; `may_amend` lets one of the second stage
    /// revise the alerts of others.
    pub fn add<G: Guest + 'static>(
        &mut self,
        name: &str,
        started: Started<G>,
        may_amend: bool,
    ) -> Result<(), Problem> {
        let mut subscriptions = Vec::new();
        for (index, spec) in started.subscriptions.iter().enumerate() {
            let subscription = Subscription::compile(spec).map_err(|error| {
                Problem::new(format!("subscription {index} of detector `{name}`: {error}"))
            })?;
            subscriptions.push(subscription);
        }
        let of_alerts = subscriptions.iter().filter(|wanted| wanted.kind == Kind::Alert).count();
        let stage = match of_alerts {
            0 => &mut self.first,
            count if count == subscriptions.len() => &mut self.second,
            _ => {
                let what = format!("detector `{name}` subscribes to alerts and to records");
                return Err(Problem::new(what).hint("a detector sees one or the other: make two"));
            }
        };
        let columns = subscriptions.iter().map(|wanted| wanted.columns.len()).collect();
        stage.subscriptions.extend(subscriptions);
        let guest = Box::new(started.guest);
        let (name, incidents) = (name.to_owned(), Incidents::new(name));
        stage.loaded.push(Loaded { name, guest, columns, may_amend, incidents });
        Ok(())
    }

    /// What they want to see of records; the detectors themselves are stopped.
    pub fn into_interest(self) -> Interest {
        Interest::new(self.first.subscriptions)
    }

    /// The detectors of the first stage, and those of the second.
    pub(crate) fn stages(self) -> (Stage, Stage) {
        (self.first, self.second)
    }
}

/// A detector that is about to be loaded.
struct Selected {
    name: String,
    component: Component,
    options: serde_json::Map<String, serde_json::Value>,
    limits: Limits,
    may_amend: bool,
}

/// Loads and starts the wanted detectors. `visit` sees the manifest of each.
pub fn load(
    config: &Config,
    wanted: &Wanted,
    mut visit: impl FnMut(&str, &Manifest),
) -> Result<Detectors, Problem> {
    start_all(config, wanted, false, |name, manifest, _| visit(name, manifest))
}

/// The same; each detector that can is asked to explain its decisions. `visit` also
/// sees what each subscribed to.
pub fn load_asked(
    config: &Config,
    wanted: &Wanted,
    visit: impl FnMut(&str, &Manifest, &[SubscriptionSpec]),
) -> Result<Detectors, Problem> {
    start_all(config, wanted, true, visit)
}

fn start_all(
    config: &Config,
    wanted: &Wanted,
    is_asked: bool,
    mut visit: impl FnMut(&str, &Manifest, &[SubscriptionSpec]),
) -> Result<Detectors, Problem> {
    let mut detectors = Detectors::none();
    prepare(config, wanted, is_asked, |prepared| {
        let started = prepared.start(None).map_err(|fault| prepared.no_start(config, &fault))?;
        visit(&prepared.name, prepared.plugin.manifest(), &started.subscriptions);
        detectors.add(&prepared.name, started, prepared.may_amend)
    })?;
    Ok(detectors)
}

/// A detector that is compiled and can be started, again and again.
pub(crate) struct Prepared {
    /// Its name in alerts.
    pub(crate) name: String,
    /// Whether it may revise the alerts of others.
    pub(crate) may_amend: bool,
    plugin: Plugin,
    start_json: String,
    /// SHA-256 of the component.
    component: [u8; 32],
}

impl Prepared {
    /// Starts it, from an earlier state or empty.
    pub(crate) fn start(&self, state: Option<&[u8]>) -> Result<Started<Instance>, Fault> {
        self.plugin.start(&self.start_json, state)
    }

    /// A detector that does not start.
    pub(crate) fn no_start(&self, config: &Config, fault: &Fault) -> Problem {
        let name = &self.name;
        let what = format!("detector `{name}` does not start: {fault}");
        config
            .problem_at(&["detector", name], what)
            .hint("`logwasp check -c <config>` shows its options and their defaults")
    }

    /// What tells whether rows and states of an earlier run are its own: the hash of
    /// its code, its options and what it subscribed to.
    pub(crate) fn fingerprint(&self, subscriptions: &[SubscriptionSpec]) -> String {
        let mut hash = Sha256::new();
        hash.update(self.component);
        hash.update((self.start_json.len() as u64).to_le_bytes());
        hash.update(&self.start_json);
        hash.update(format!("{subscriptions:?}"));
        hex(&hash.finalize())
    }
}

/// Compiles the wanted detectors, and hands each to `take`; each that can is asked to
/// explain its decisions when `is_asked`.
pub(crate) fn prepare(
    config: &Config,
    wanted: &Wanted,
    is_asked: bool,
    mut take: impl FnMut(Prepared) -> Result<(), Problem>,
) -> Result<(), Problem> {
    let selected = select(config, wanted)?;
    let cache = config.cache_dir.as_deref().and_then(Cache::open);
    let sandbox = Sandbox::new(cache).map_err(Problem::new)?;
    for Selected { name, component, options, limits, may_amend } in selected {
        let (bytes, hash) = component_bytes(config, &name, &component)?;
        let plugin = sandbox
            .load_known(&bytes, &hash)
            .map_err(|error| load_problem(&name, &component, &error))?;
        let is_asked = is_asked && explains_itself(plugin.manifest());
        let limits = if is_asked { limits.with_explanations() } else { limits };
        let plugin = plugin.with_limits(limits);
        check_options(config, &name, &options, &plugin.manifest().config_schema)?;
        let start_json = start_json(config, &options, is_asked);
        take(Prepared { name, may_amend, plugin, start_json, component: hash })?;
    }
    Ok(())
}

fn start_json(
    config: &Config,
    options: &serde_json::Map<String, serde_json::Value>,
    is_asked: bool,
) -> String {
    if !is_asked {
        return config.start_json(options);
    }
    let mut options = options.clone();
    options.insert(reasons::CONFIG_KEY.to_owned(), true.into());
    config.start_json(&options)
}

/// True when the detector's schema says that it understands the question.
pub fn explains_itself(manifest: &Manifest) -> bool {
    let schema = serde_json::from_str::<serde_json::Value>(&manifest.config_schema);
    schema.is_ok_and(|schema| schema.get(reasons::CONFIG_KEY) == Some(&true.into()))
}

fn select(config: &Config, wanted: &Wanted) -> Result<Vec<Selected>, Problem> {
    match wanted {
        Wanted::All => Ok(select_all(config)),
        Wanted::Named(names) => names.iter().map(|name| select_one(config, name)).collect(),
    }
}

fn select_all(config: &Config) -> Vec<Selected> {
    let bundled = logwasp_detectors::BUNDLED.iter().map(|bundled| bundled.name);
    let stock = bundled.filter(|name| config.detector(name).is_none()).map(|name| Selected {
        name: name.to_owned(),
        component: Component::Bundled(name.to_owned()),
        options: serde_json::Map::new(),
        limits: Limits::default(),
        may_amend: config::may_amend(name),
    });
    let configured = config.detectors.iter().filter(|detector| detector.enabled);
    let configured = configured.map(|detector| Selected {
        name: detector.name.clone(),
        component: detector.component.clone(),
        options: detector.options.clone(),
        limits: detector.limits,
        may_amend: detector.may_amend,
    });
    let mut all: Vec<_> = stock.chain(configured).collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

/// A name of the config, of a stock detector, or a component file.
fn select_one(config: &Config, name: &str) -> Result<Selected, Problem> {
    if let Some(detector) = config.detector(name) {
        return Ok(Selected {
            name: detector.name.clone(),
            component: detector.component.clone(),
            options: detector.options.clone(),
            limits: detector.limits,
            may_amend: detector.may_amend,
        });
    }
    if logwasp_detectors::find(name).is_some() {
        let component = Component::Bundled(name.to_owned());
        let (options, limits) = (serde_json::Map::new(), Limits::default());
        let may_amend = config::may_amend(name);
        return Ok(Selected { name: name.to_owned(), component, options, limits, may_amend });
    }
    let path = PathBuf::from(name);
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("wasm")) {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let configured = config.detector(&stem);
        return Ok(Selected {
            component: Component::File { path, sha256: configured.and_then(pinned_hash) },
            options: configured.map(|detector| detector.options.clone()).unwrap_or_default(),
            limits: configured.map(|detector| detector.limits).unwrap_or_default(),
            may_amend: configured.is_some_and(|detector| detector.may_amend),
            name: stem,
        });
    }
    let known: Vec<&str> = logwasp_detectors::BUNDLED.iter().map(|bundled| bundled.name).collect();
    let problem = Problem::new(format!("there is no detector `{name}`"));
    Err(match nearest(name, known.iter().copied()) {
        Some(near) => problem.hint(format!("did you mean `{near}`?")),
        None => problem.hint(format!(
            "the stock detectors are {}; a component of your own is named by its .wasm file",
            known.join(", ")
        )),
    })
}

/// The hash that the config pins, so that naming the file does not loosen it.
fn pinned_hash(detector: &config::Detector) -> Option<String> {
    match &detector.component {
        Component::File { sha256, .. } => sha256.clone(),
        Component::Bundled(_) => None,
    }
}

/// The component, and its SHA-256.
fn component_bytes(
    config: &Config,
    name: &str,
    component: &Component,
) -> Result<(Cow<'static, [u8]>, [u8; 32]), Problem> {
    match component {
        Component::Bundled(bundled) => {
            let found = logwasp_detectors::find(bundled);
            found
                .map(|bundled| (Cow::Borrowed(bundled.component), bundled.sha256))
                .ok_or_else(|| Problem::new(format!("there is no stock detector `{bundled}`")))
        }
        Component::File { path, sha256 } => {
            let bytes = read_component(path)?;
            let hash = Sha256::digest(&bytes);
            let found = hex(&hash);
            match sha256 {
                Some(pinned) if !pinned.eq_ignore_ascii_case(&found) => Err(config
                    .problem_at(
                        &["detector", name, "sha256"],
                        format!("{} is not the component that was pinned", path.display()),
                    )
                    .hint(format!("if you trust the file, pin it: sha256 = \"{found}\""))),
                _ => Ok((Cow::Owned(bytes), hash.into())),
            }
        }
    }
}

fn read_component(path: &Path) -> Result<Vec<u8>, Problem> {
    fs::read(path).map_err(|error| {
        Problem::new(format!("the component cannot be read: {error}"))
            .at(path.display().to_string())
    })
}

fn load_problem(name: &str, component: &Component, error: &LoadError) -> Problem {
    let place = match component {
        Component::Bundled(bundled) => format!("bundled:{bundled}"),
        Component::File { path, .. } => path.display().to_string(),
    };
    let problem = Problem::new(format!("detector `{name}` cannot be loaded: {error}")).at(place);
    match error {
        LoadError::Import(import) if import.starts_with("wasi:") => {
            problem.hint("build it for wasm32-unknown-unknown: detectors have no WASI")
        }
        LoadError::Component(_) => {
            problem.hint("a core module must be made a component first; the SDK's guide shows how")
        }
        _ => problem,
    }
}
