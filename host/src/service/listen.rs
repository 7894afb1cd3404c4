//! Listen: syslog sources, from their sockets to the engine.
//!
//! Without a journal, batches come through a bounded channel. With one, a thread
//! writes them to segment files, and the engine tails these like any other file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::mpsc::{self, Receiver};

use crate::config::{Config, SourceKind};
use crate::problem::Problem;
use crate::source::syslog::{
    self, Appended, Batch, Counters, Inherited, Journal, Running, Settings,
};

/// Batches that wait for the engine.
const BATCHES_MAX: usize = 64;
/// How often is looked whether a journal is due to be forced to the disk.
const SYNC_LOOK: Duration = Duration::from_millis(250);

/// A source that listens.
pub(super) struct Listener {
    runtime: Runtime,
    running: Option<Running>,
    pub(super) way: Way,
    pub(super) counters: Arc<Counters>,
}

/// How its batches come.
pub(super) enum Way {
    /// At once.
    Channel(Receiver<Batch>),
    /// Over segment files.
    Journal(Journaled),
}

/// A journal, and who writes it.
pub(super) struct Journaled {
    pub(super) journal: Arc<Journal>,
    writer: Option<thread::JoinHandle<()>>,
    /// What finds no room is given up from now on.
    is_ending: Arc<AtomicBool>,
}

/// Where the segments of a source are.
pub(super) fn segments(state_dir: &Path, source: &str) -> PathBuf {
    state_dir.join("journal").join(source)
}

/// All sources that listen, by their place in the config.
pub(super) type Listeners = BTreeMap<usize, Listener>;

/// Opens the sockets of all sources.
pub(super) fn listen_all(config: &Config, inherited: &Inherited) -> Result<Listeners, Problem> {
    let state_dir = config.state_dir.clone().unwrap_or_default();
    let failed = |error| Problem::new(format!("sockets of systemd cannot be used: {error}"));
    let mut inherited = inherited.try_clone().map_err(failed)?;
    let mut listeners = Listeners::new();
    for (index, source) in config.sources.iter().enumerate() {
        if let SourceKind::Syslog(settings) = &source.kind {
            listeners.insert(index, listen(settings, &state_dir, &mut inherited)?);
        }
    }
    Ok(listeners)
}

/// Opens the sockets of a source.
fn listen(
    settings: &Settings,
    state_dir: &Path,
    inherited: &mut Inherited,
) -> Result<Listener, Problem> {
    let name = &settings.name;
    let failed =
        |error: std::io::Error| Problem::new(format!("source `{name}` cannot be run: {error}"));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name(format!("source {name}"))
        .enable_all()
        .build()
        .map_err(failed)?;
    let (sender, receiver) = mpsc::channel(BATCHES_MAX);
    let counters = Arc::<Counters>::default();
    let way = match &settings.journal {
        None => Way::Channel(receiver),
        Some(journal) => {
            let journal = Arc::new(Journal::open(&segments(state_dir, name), *journal)?);
            if journal.torn_bytes() > 0 {
                let bytes = journal.torn_bytes();
                tracing::warn!(source = name, bytes, "half a line was cut off the journal");
            }
            let is_ending = Arc::new(AtomicBool::new(false));
            let (writes, source) = (Arc::clone(&journal), name.clone());
            let ending = Arc::clone(&is_ending);
            let thread = thread::Builder::new().name(format!("journal {name}"));
            let writer =
                thread.spawn(move || write(&source, &writes, &ending, receiver)).map_err(failed)?;
            runtime.spawn(sync(name.clone(), Arc::clone(&journal)));
            Way::Journal(Journaled { journal, writer: Some(writer), is_ending })
        }
    };
    let running = syslog::start(
        settings.clone(),
        inherited,
        runtime.handle(),
        sender,
        Arc::clone(&counters),
    )?;
    for address in running.local_addrs() {
        tracing::info!(source = name, %address, "listening");
    }
    Ok(Listener { runtime, running: Some(running), way, counters })
}

impl Listener {
    /// Forces to the disk what is due of a journal.
    pub(super) fn tick(&self) -> Result<(), Problem> {
        match &self.way {
            Way::Channel(_) => Ok(()),
            Way::Journal(journaled) => journaled.journal.tick(),
        }
    }

    /// Takes nothing more from anybody; what has arrived is handed on.
    pub(super) fn drain(&mut self, deadline: Duration, take: &mut dyn FnMut(Batch)) {
        let Some(running) = self.running.take() else { return };
        let (done, is_done) = std::sync::mpsc::channel();
        self.runtime.spawn(async move {
            // Whoever waited is gone when the time is over.
            done.send(running.drain(deadline).await).ok();
        });
        match &mut self.way {
            // The channel ends when the last socket is closed.
            Way::Channel(receiver) => {
                while let Some(batch) = receiver.blocking_recv() {
                    take(batch);
                }
            }
            Way::Journal(journaled) => {
                journaled.is_ending.store(true, Ordering::Relaxed);
                drop(journaled.writer.take().map(thread::JoinHandle::join));
            }
        }
        if is_done.recv_timeout(deadline) != Ok(true) {
            tracing::warn!("messages that were on their way are lost");
        }
    }
}

impl Listener {
    pub(super) fn journal(&self) -> Option<&Arc<Journal>> {
        match &self.way {
            Way::Channel(_) => None,
            Way::Journal(journaled) => Some(&journaled.journal),
        }
    }
}

impl Journaled {
    /// Deletes the segments that are read to their end.
    pub(super) fn delete_read(&self, read: impl Fn(&Path) -> u64) -> Result<(), Problem> {
        let sealed = self.journal.sealed_segments();
        let is_read = |segment: &&syslog::Segment| read(&segment.path) >= segment.bytes;
        match sealed.iter().take_while(is_read).last() {
            Some(last) => self.journal.delete_up_to(last.number),
            None => Ok(()),
        }
    }
}

/// Forces to the disk what is due while nothing comes; ends with the runtime.
async fn sync(source: String, journal: Arc<Journal>) {
    loop {
        tokio::time::sleep(SYNC_LOOK).await;
        let journal = Arc::clone(&journal);
        let synced = tokio::task::spawn_blocking(move || journal.tick()).await;
        if let Ok(Err(problem)) = synced {
            tracing::error!(source, "{}", problem.what);
        }
    }
}

/// Writes what comes until nothing comes any more.
fn write(source: &str, journal: &Journal, is_ending: &AtomicBool, mut batches: Receiver<Batch>) {
    while let Some(batch) = batches.blocking_recv() {
        loop {
            match journal.append(&batch.bytes) {
                Ok(Appended::Written { .. }) => break,
                Ok(Appended::Full) | Err(_) if is_ending.load(Ordering::Relaxed) => return,
                Ok(Appended::Full) => journal.wait_for_room(Duration::from_millis(200)),
                Err(problem) => {
                    tracing::error!(source, "{}", problem.what);
                    thread::sleep(Duration::from_secs(1));
                }
            }
        }
    }
}
