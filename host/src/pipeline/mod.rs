//! Pipeline: from inputs to alerts, the stages in their order.
//!
//! Files are read in any order by as many threads as there are; what matched is
//! put in order of event time, and then handed to the detectors, each on its own.

pub(crate) mod coverage;
mod detect;
pub(crate) mod detectors;
pub(crate) mod dispatch;
pub(crate) mod harvest;
pub(crate) mod order;
pub(crate) mod read;
pub mod reasons;
pub(crate) mod row;
pub(crate) mod second_stage;
pub(crate) mod sessions;
pub(crate) mod texts;
mod witness;

pub use detect::{Options, Outcome, Stats, detect, detect_seen};
pub use detectors::{Detectors, Loaded, Wanted, explains_itself, load, load_asked};
pub use dispatch::Faulted;
pub use read::{Finding, ReadOptions, read_events};
pub use witness::Witness;
