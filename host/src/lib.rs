//! logwasp: an embedded log-stream processor that hosts sandboxed WebAssembly
//! detectors.
//!
//! In reading order: [`source`] opens inputs, `logwasp_core` makes events of their
//! bytes, [`pipeline`] brings matched rows into order and to the detectors,
//! [`sandbox`] runs these, [`alert`] gives what they claim an identity and an
//! encoding, [`checkpoint`] makes all that durable, [`sink`] delivers
//! it, [`service`] does so for
//! logs that are being written and tells how it fares over [`admin`] in the words of
//! [`telemetry`], [`cli`] is the command line on top. `docs/architecture.md` has the
//! picture and the invariants.

pub mod admin;
pub mod alert;
pub mod checkpoint;
pub mod cli;
pub mod clock;
pub mod config;
pub mod event_line;
pub mod examples;
pub mod explain;
pub mod hash;
pub mod pipeline;
pub mod problem;
pub mod record;
pub mod report;
pub mod sandbox;
pub mod service;
pub mod sink;
pub mod source;
pub mod telemetry;
