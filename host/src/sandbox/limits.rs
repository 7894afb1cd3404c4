//! What a guest may use and say. The numbers are arbitrary but for their order:
//! far above what a detector needs, far below what would hurt.

use std::time::Duration;

use wasmtime::ResourceLimiter;

/// What one detector may use, as far as an operator may decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Linear memory.
    pub memory_bytes_max: usize,
    /// CPU time of one `process` or `advance`.
    pub call_cpu_max: Duration,
    /// Lines of its log in one call; the rest is dropped.
    pub log_lines_max: u32,
}

impl Limits {
    /// The same with room for what a detector tells of its decisions.
    pub(crate) fn with_explanations(self) -> Self {
        Self { log_lines_max: EXPLANATION_LINES_MAX, ..self }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes_max: 64 << 20,
            call_cpu_max: Duration::from_millis(200),
            log_lines_max: LOG_LINES_MAX,
        }
    }
}

/// CPU time of one `describe`, `start`, `finish` or `snapshot`.
pub(super) const START_CPU_MAX: Duration = Duration::from_secs(5);
/// A call may wait ten times as long as it may compute: a pause of the machine is
/// nobody's fault.
pub(super) const WALL_FACTOR: u32 = 10;
/// How often deadlines are looked at.
pub(super) const EPOCH_TICK: Duration = Duration::from_millis(10);

/// Elements of one table of a guest.
const TABLE_ELEMENTS_MAX: usize = 100_000;
/// Native stack of a guest's calls.
pub(super) const STACK_BYTES_MAX: usize = 1 << 20;

/// Bytes that one answer may carry over, all strings and lists together.
pub(super) const ANSWER_BYTES_MAX: usize = 32 << 20;
/// Bytes of a snapshot.
pub(super) const SNAPSHOT_BYTES_MAX: usize = 32 << 20;
/// Alerts of one call.
pub(super) const ALERTS_MAX: usize = 10_000;
/// Subscriptions of one detector.
pub(super) const SUBSCRIPTIONS_MAX: usize = 256;
/// A rule's name.
pub(super) const RULE_BYTES_MAX: usize = 32;
/// An incident's key, and a title.
pub(super) const LINE_BYTES_MAX: usize = 1_024;
/// A description or a remediation.
pub(super) const TEXT_BYTES_MAX: usize = 16 * 1_024;
/// A name or value among entities, attributes and labels.
pub(super) const VALUE_BYTES_MAX: usize = 4 * 1_024;
/// Entities, attributes or labels of one alert.
pub(super) const PAIRS_MAX: usize = 64;
/// ATT&CK techniques of one alert.
pub(super) const ATTACK_MAX: usize = 16;
/// Evidence of one alert.
pub(super) const EVIDENCE_MAX: usize = 64;
/// A line of the guest's log; the rest is cut.
pub(super) const LOG_BYTES_MAX: usize = 1_024;
/// Lines of a guest's log in one call.
const LOG_LINES_MAX: u32 = 20;
/// The same while it explains: some for each of a batch's rows.
const EXPLANATION_LINES_MAX: u32 = 20_000;

/// Refuses growth beyond the limits, and remembers that it did: a guest whose
/// allocation was refused aborts, and that trap looks like any other.
#[derive(Debug)]
pub(super) struct Limiter {
    pub(super) memory_bytes_max: usize,
    /// What the memory has grown to.
    pub(super) memory_bytes: usize,
    pub(super) refused: bool,
}

impl Limiter {
    pub(super) fn new(memory_bytes_max: usize) -> Self {
        Self { memory_bytes_max, memory_bytes: 0, refused: false }
    }

    fn allow(&mut self, desired: usize, limit: usize) -> bool {
        let allowed = desired <= limit;
        self.refused |= !allowed;
        allowed
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let allowed = self.allow(desired, self.memory_bytes_max);
        if allowed {
            self.memory_bytes = desired;
        }
        Ok(allowed)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(self.allow(desired, TABLE_ELEMENTS_MAX))
    }

    fn instances(&self) -> usize {
        8
    }

    fn tables(&self) -> usize {
        8
    }

    fn memories(&self) -> usize {
        1
    }
}
