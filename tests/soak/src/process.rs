//! What a child costs, by `proc(5)`.

use std::fs;
use std::process::{Child, ExitStatus};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};

/// A child; killed when it is dropped.
pub(crate) struct Process(pub(crate) Child);

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

impl Process {
    /// User and system time of all its threads; also of one that has ended and was not
    /// waited for.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        const UTIME_AND_STIME: usize = 11;
        // `USER_HZ`: 100 wherever Linux runs on hardware of this century.
        const TICK_MS: u64 = 10;
        let stat = self.stat()?;
        let ticks = stat.iter().skip(UTIME_AND_STIME).take(2);
        let ticks: u64 = ticks.filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
        Ok(Duration::from_millis(ticks * TICK_MS))
    }

    /// Memory that it holds now.
    pub(crate) fn rss_mib(&self) -> Result<f64> {
        self.status("VmRSS:")
    }

    /// The most that it held.
    pub(crate) fn rss_mib_max(&self) -> Result<f64> {
        self.status("VmHWM:")
    }

    fn status(&self, name: &str) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.and_then(|line| line.split_whitespace().next()).context("it has ended")?;
        Ok(kib.parse::<f64>()? / 1024.0)
    }

    /// The fields of `stat` behind the program's name, the state first.
    fn stat(&self) -> Result<Vec<String>> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0.id()))?;
        let (_, rest) = stat.rsplit_once(')').context("a stat")?;
        Ok(rest.split_whitespace().map(str::to_owned).collect())
    }

    /// Waits until it ends by itself: the most memory that was seen, its CPU time, and
    /// how it ended.
    pub(crate) fn wait(&mut self) -> Result<(f64, Duration, ExitStatus)> {
        let mut rss_mib_max = 0.0;
        while self.stat()?.first().is_none_or(|state| state != "Z") {
            rss_mib_max = self.rss_mib_max().unwrap_or(rss_mib_max);
            sleep(Duration::from_millis(5));
        }
        let cpu = self.cpu()?;
        Ok((rss_mib_max, cpu, self.0.wait()?))
    }

    /// Asks it to end, and waits.
    pub(crate) fn stop(mut self) -> Result<ExitStatus> {
        kill_process(Pid::from_child(&self.0), Signal::TERM)?;
        Ok(self.0.wait()?)
    }

    /// Waits until it has computed nothing for so long.
    pub(crate) fn wait_until_quiet(&self, quiet: Duration) -> Result<()> {
        const STEP: Duration = Duration::from_millis(100);
        // What an idle service does in a step.
        const LITTLE: Duration = Duration::from_millis(20);
        let (mut before, mut since) = (self.cpu()?, Duration::ZERO);
        while since < quiet {
            sleep(STEP);
            let now = self.cpu()?;
            since = if now.saturating_sub(before) > LITTLE { Duration::ZERO } else { since + STEP };
            before = now;
        }
        Ok(())
    }
}
