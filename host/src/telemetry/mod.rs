//! Telemetry: what an operator wants to know, as numbers.
//!
//! [`metrics`] names every number there is; [`Exposition`] gathers them and writes
//! them down for Prometheus. Who counts keeps plain numbers of his own: nothing here
//! is shared between threads.

mod exposition;
mod histogram;
pub mod metrics;
mod process;

pub use exposition::Exposition;
pub use histogram::Histogram;
pub use metrics::{Kind, Metric};
pub use process::expose_process;
