//! Figures of this process, with the names that every client of Prometheus uses.

use std::fs;

use rustix::param::{clock_ticks_per_second, page_size};
use rustix::process::{Resource, getrlimit};

use super::exposition::Exposition;
use super::metrics;
use crate::clock::{now_nanos, process_cpu, since_boot};

/// Adds them. What the system does not tell is left out.
pub fn expose_process(out: &mut Exposition) {
    out.add(&metrics::PROCESS_CPU, &[], process_cpu().as_secs_f64());
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        // One of them is this look at the folder.
        out.count(&metrics::PROCESS_OPEN_FDS, &[], (open.count() as u64).saturating_sub(1));
    }
    if let Some(most) = getrlimit(Resource::Nofile).current {
        out.count(&metrics::PROCESS_MAX_FDS, &[], most);
    }
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    if let Some(stat) = Stat::parse(&stat) {
        out.count(&metrics::PROCESS_THREADS, &[], stat.threads);
        out.count(&metrics::PROCESS_VIRTUAL, &[], stat.virtual_bytes);
        out.count(&metrics::PROCESS_RESIDENT, &[], stat.resident_pages * page_size() as u64);
        let booted_s = stat.start_ticks as f64 / clock_ticks_per_second() as f64;
        let age_s = since_boot().as_secs_f64() - booted_s;
        out.add(&metrics::PROCESS_START, &[], now_nanos() as f64 / 1e9 - age_s);
    }
}

/// Some fields of `/proc/PID/stat` (proc_pid_stat(5)).
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    threads: u64,
    start_ticks: u64,
    virtual_bytes: u64,
    resident_pages: u64,
}

impl Stat {
    fn parse(text: &str) -> Option<Self> {
        // The name before it may hold anything, closing brackets too.
        let (_, rest) = text.rsplit_once(") ")?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        // The third field is the first one here.
        let field = |number: usize| fields.get(number - 3)?.parse().ok();
        Some(Self {
            threads: field(20)?,
            start_ticks: field(22)?,
            virtual_bytes: field(23)?,
            resident_pages: field(24)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: the line of a process with a name that looks like fields.
    /// Guarantees: the fields are those of the manual page.
    #[test]
    fn the_line_is_read() {
        let line = "42 (a) b) S 1 42 42 0 -1 4194560 5 6 7 8 9 10 11 12 20 0 3 0 777 4096 25 18446744073709551615 1";
        let expected =
            Stat { threads: 3, start_ticks: 777, virtual_bytes: 4096, resident_pages: 25 };
        assert_eq!(Stat::parse(line), Some(expected));
        assert_eq!(Stat::parse("42 (a) S 1"), None);
    }

    /// Scenario: this process.
    /// Guarantees: it started before now, computes, has memory and descriptors.
    #[test]
    fn this_process_has_figures() {
        let mut out = Exposition::default();
        expose_process(&mut out);
        let text = out.text();
        let value = |name: &str| -> f64 {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            line.and_then(|value| value.parse().ok()).expect(name)
        };
        let now = now_nanos() as f64 / 1e9;
        let age = now - value("process_start_time_seconds");
        assert!((-2.0..86_400.0).contains(&age), "{age}");
        assert!(value("process_cpu_seconds_total") > 0.0);
        assert!(value("process_resident_memory_bytes") > 1e6);
        assert!(value("process_open_fds") >= 3.0 && value("process_threads") >= 1.0);
    }
}
