//! What a run costs: CPU time of a child or of this process, the median of several
//! runs that took turns with their peers.

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use logwasp::clock::{Stopwatch, process_cpu};

/// What one run cost.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cost {
    /// User and system time of all its threads.
    pub cpu: Duration,
    /// From start to end.
    pub wall: Duration,
    /// The most memory that it held, for a child.
    pub rss_bytes_max: u64,
}

/// Somebody who can do the work.
pub(crate) struct Contender<'a> {
    /// Who.
    pub name: String,
    /// Does it once.
    pub run: Box<dyn FnMut() -> Result<Cost> + 'a>,
}

impl<'a> Contender<'a> {
    pub(crate) fn new(name: &str, run: impl FnMut() -> Result<Cost> + 'a) -> Self {
        Self { name: name.to_owned(), run: Box::new(run) }
    }
}

/// The median cost of each contender. They take turns, so that what else the machine
/// does hits all of them; a round before the first one warms caches.
pub(crate) fn medians(rounds: usize, contenders: &mut [Contender<'_>]) -> Result<Vec<Cost>> {
    let mut costs = vec![Vec::new(); contenders.len()];
    for round in 0..=rounds {
        for (contender, costs) in contenders.iter_mut().zip(&mut costs) {
            let cost = (contender.run)().with_context(|| contender.name.clone())?;
            if round > 0 {
                costs.push(cost);
            }
        }
    }
    Ok(costs.into_iter().map(median).collect())
}

fn median(mut costs: Vec<Cost>) -> Cost {
    let rss_bytes_max = costs.iter().map(|cost| cost.rss_bytes_max).max().unwrap_or(0);
    costs.sort_by_key(|cost| cost.cpu);
    let middle = costs.get(costs.len() / 2).copied().unwrap_or_default();
    Cost { rss_bytes_max, ..middle }
}

/// Does something in this process.
pub(crate) fn here<R>(work: impl FnOnce() -> Result<R>) -> Result<(Cost, R)> {
    let (watch, cpu_before) = (Stopwatch::start(), process_cpu());
    let result = work()?;
    let cpu = process_cpu().saturating_sub(cpu_before);
    Ok((Cost { cpu, wall: watch.elapsed(), rss_bytes_max: 0 }, result))
}

/// Exit codes that are no failure: ripgrep's 1 says that nothing was found.
const EXITS: [i32; 2] = [0, 1];

/// Runs a child to its end. Returns its cost, and what it wrote to stdout and to
/// stderr.
pub(crate) fn child(command: &mut Command) -> Result<(Cost, String, String)> {
    let program = command.get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let watch = Stopwatch::start();
    let mut child = command.spawn().with_context(|| format!("{program} cannot be started"))?;
    let (mut out, mut err) = (Vec::new(), Vec::new());
    // What goes to stderr fits a pipe's buffer.
    child.stdout.take().context("stdout is piped")?.read_to_end(&mut out)?;
    child.stderr.take().context("stderr is piped")?.read_to_end(&mut err)?;
    let (exit, mut cost) = wait(child.id())?;
    cost.wall = watch.elapsed();
    let (out, err) = (String::from_utf8_lossy(&out), String::from_utf8_lossy(&err));
    ensure!(exit.is_some_and(|code| EXITS.contains(&code)), "{program} failed: {err}");
    Ok((cost, out.into_owned(), err.into_owned()))
}

/// Waits for a child of ours, which nobody else waits for. Its exit code, if it
/// exited, and what it used.
#[expect(unsafe_code, reason = "wait4 has no safe wrapper that also tells the usage; see SAFETY")]
fn wait(pid: u32) -> Result<(Option<i32>, Cost)> {
    let pid = libc::pid_t::try_from(pid)?;
    let mut status = 0;
    // SAFETY: `rusage` is plain numbers, for which zeros are valid; both pointers are
    // to locals that outlive the call.
    let (waited, usage) = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        let waited = libc::wait4(pid, &raw mut status, 0, &raw mut usage);
        (waited, usage)
    };
    ensure!(waited == pid, "waiting for a child failed");
    let time = |time: libc::timeval| {
        Duration::new(time.tv_sec.cast_unsigned(), time.tv_usec as u32 * 1_000)
    };
    let cost = Cost {
        cpu: time(usage.ru_utime) + time(usage.ru_stime),
        wall: Duration::ZERO,
        rss_bytes_max: usage.ru_maxrss.cast_unsigned() * 1_024,
    };
    Ok((libc::WIFEXITED(status).then(|| libc::WEXITSTATUS(status)), cost))
}
