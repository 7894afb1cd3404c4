//! The engine: one configuration for all guests, and the way a component gets in.

use std::sync::{Arc, Weak};
use std::thread;

use sha2::{Digest, Sha256};
use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{Config, Engine, OptLevel, Store};

use super::abi::v0_1::{self, DetectorPre, LogLines, Manifest};
use super::cache::{Cache, Hash};
use super::fault::Fault;
use super::instance::{HostState, Instance, Started};
use super::limits::{self, Limits};

/// Runs detectors. Cheap to clone.
#[derive(Clone)]
pub struct Sandbox {
    engine: Ticking,
    cache: Option<Cache>,
}

/// An engine whose epoch advances as long as anything of it is in use: without the
/// ticks no deadline would ever be looked at.
#[derive(Clone)]
pub(super) struct Ticking {
    engine: Engine,
    _ticker: Arc<Ticker>,
}

/// While this lives, the epoch advances.
struct Ticker;

/// A component that was compiled and checked, and can be started.
#[derive(Clone)]
pub struct Plugin {
    engine: Ticking,
    pre: DetectorPre<HostState>,
    manifest: Manifest,
    limits: Limits,
}

/// Why a component cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Not a component at all, or one this engine cannot compile.
    #[error("it is not a component that can be compiled: {0}")]
    Component(String),
    /// It wants more than a detector gets.
    #[error("it imports `{0}`, and detectors get nothing but `logwasp:detector/host`")]
    Import(String),
    /// It does not export what a detector must.
    #[error("it is no detector of a known version of the contract: {0}")]
    World(String),
    /// It failed when it was asked who it is.
    #[error("describe failed: {0}")]
    Describe(Fault),
}

impl Sandbox {
    /// An engine; compiled code is kept in `cache`.
    pub fn new(cache: Option<Cache>) -> Result<Self, String> {
        let engine = Engine::new(&config()).map_err(|error| format!("{error:#}"))?;
        let ticker = Arc::new(Ticker);
        start_ticker(&engine, Arc::downgrade(&ticker))?;
        Ok(Self { engine: Ticking { engine, _ticker: ticker }, cache })
    }

    /// Compiles a component, or takes it from the cache, and asks who it is.
    pub fn load(&self, bytes: &[u8]) -> Result<Plugin, LoadError> {
        self.load_known(bytes, &Sha256::digest(bytes).into())
    }

    /// The same, of a component whose SHA-256 is known.
    pub(crate) fn load_known(&self, bytes: &[u8], hash: &Hash) -> Result<Plugin, LoadError> {
        let component = self.component(bytes, hash)?;
        check_imports(self.engine.engine(), &component)?;
        let mut linker = Linker::new(self.engine.engine());
        let link_error = |error: wasmtime::Error| LoadError::World(format!("{error:#}"));
        v0_1::Detector::add_to_linker::<_, HasSelf<LogLines>>(
            &mut linker,
            |state: &mut HostState| &mut state.log,
        )
        .map_err(link_error)?;
        let pre = linker.instantiate_pre(&component).map_err(link_error)?;
        let pre = DetectorPre::new(pre).map_err(link_error)?;
        let manifest = Instance::instantiate(&self.engine, &pre, Limits::default())
            .and_then(|mut instance| instance.describe())
            .map_err(LoadError::Describe)?;
        Ok(Plugin { engine: self.engine.clone(), pre, manifest, limits: Limits::default() })
    }

    fn component(&self, bytes: &[u8], hash: &Hash) -> Result<Component, LoadError> {
        let engine = self.engine.engine();
        if let Some(component) = self.cache.as_ref().and_then(|cache| cache.get(engine, hash)) {
            return Ok(component);
        }
        if let Some(cache) = &self.cache
            && let Some(component) = compile_into(cache, engine, bytes, hash)?
        {
            return Ok(component);
        }
        compile(engine, bytes)
    }
}

/// Compiles with an engine that is dropped at once, for an engine keeps the memory
/// that its compiler took; what is mapped from the cache takes none that cannot be
/// reclaimed. `None` when it cannot be kept.
fn compile_into(
    cache: &Cache,
    engine: &Engine,
    bytes: &[u8],
    hash: &Hash,
) -> Result<Option<Component>, LoadError> {
    let Ok(compiler) = Engine::new(&config()) else { return Ok(None) };
    cache.put(&compiler, hash, &compile(&compiler, bytes)?);
    Ok(cache.get(engine, hash))
}

fn compile(engine: &Engine, bytes: &[u8]) -> Result<Component, LoadError> {
    Component::new(engine, bytes).map_err(|error| LoadError::Component(format!("{error:#}")))
}

impl Ticking {
    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }
}

impl Plugin {
    /// Who it says it is.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The same, within other limits.
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// A new instance, with its options as JSON and maybe an earlier snapshot.
    pub fn start(&self, config: &str, state: Option<&[u8]>) -> Result<Started<Instance>, Fault> {
        let mut instance = Instance::instantiate(&self.engine, &self.pre, self.limits)?;
        let subscriptions = instance.start(config, state)?;
        Ok(Started { guest: instance, subscriptions })
    }
}

fn config() -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .max_wasm_stack(limits::STACK_BYTES_MAX)
        .cranelift_opt_level(OptLevel::Speed)
        // Nobody debugs a guest through the host: half the bytes to load.
        .generate_address_map(false)
        .native_unwind_info(false)
        // What rustc and other compilers of guests use stays on; the rest only
        // widens what a hostile component can try.
        .wasm_relaxed_simd(false)
        .wasm_multi_memory(false)
        .wasm_memory64(false)
        .wasm_tail_call(false)
        .wasm_extended_const(false);
    config
}

/// Advances the engine's epoch until nothing of it is in use.
fn start_ticker(engine: &Engine, ticker: Weak<Ticker>) -> Result<(), String> {
    let engine = engine.weak();
    let tick = move || {
        while ticker.strong_count() > 0 {
            thread::sleep(limits::EPOCH_TICK);
            match engine.upgrade() {
                Some(engine) => engine.increment_epoch(),
                None => return,
            }
        }
    };
    let thread = thread::Builder::new().name("epoch".to_owned());
    thread.spawn(tick).map(drop).map_err(|error| format!("no thread for deadlines: {error}"))
}

/// Names the first import that detectors do not get.
fn check_imports(engine: &Engine, component: &Component) -> Result<(), LoadError> {
    let component_type = component.component_type();
    let mut imports = component_type.imports(engine).map(|(name, _)| name.to_owned());
    match imports.find(|name| !v0_1::IMPORTS.contains(&name.as_str())) {
        Some(name) => Err(LoadError::Import(name)),
        None => Ok(()),
    }
}

/// A store with its limits, ready for a guest.
pub(super) fn new_store(engine: &Engine, limits: Limits) -> Store<HostState> {
    let mut store = Store::new(engine, HostState::new(limits));
    store.limiter(|state| &mut state.limiter);
    store.set_hostcall_fuel(limits::ANSWER_BYTES_MAX);
    store.epoch_deadline_callback(|context| Ok(context.data().deadline.decide()));
    store
}
