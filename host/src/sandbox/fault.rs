//! What a guest can do wrong. Faults are values: the detector stops, the flow
//! goes on.

/// Why a detector was stopped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It crashed: a panic, an out-of-bounds access, a stack overflow.
    #[error("it crashed: {0}")]
    Trap(String),
    /// It computed or waited too long.
    #[error("it ran longer than {limit_ms} ms of CPU time in one call")]
    Deadline {
        /// What it had.
        limit_ms: u64,
    },
    /// It asked for more memory than it may have.
    #[error("it asked for more than {limit_mib} MiB of memory")]
    Memory {
        /// What it may have.
        limit_mib: u64,
    },
    /// It gave an answer out of bounds.
    #[error("its answer is out of bounds: {0}")]
    Answer(String),
    /// It said itself that it cannot go on.
    #[error("it gave up: {0}")]
    Refused(String),
}

impl Fault {
    /// The fault's name in counters.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Trap(_) => "trap",
            Self::Deadline { .. } => "deadline",
            Self::Memory { .. } => "memory",
            Self::Answer(_) => "answer",
            Self::Refused(_) => "refused",
        }
    }
}
