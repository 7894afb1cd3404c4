//! Conformance: what we read of real logs against what somebody else made of them.
//!
//! Each module holds one group of the corpus (`LOGWASP_CORPUS`; without it the tests
//! say so and pass) against its expectations, field by field, and asserts the share
//! that must be equal. `cargo xtask conformance` prints the tables.

mod exchange;
mod iis;
mod mail;
mod netlogon;
mod report;
mod support;
