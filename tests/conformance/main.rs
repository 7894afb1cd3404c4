//! Conformance: what we read of real logs against what somebody else made of them.
//!
//! Each module holds one group of the corpus (`LOGWASP_CORPUS`; without it the tests
//! say so and pass) against its expectations, field by field, and asserts the share
//! that must be equal. `cargo xtask conformance` prints the tables.
#![allow(clippy::print_stdout, clippy::string_slice, reason = "tables for people, ASCII samples")]

mod dated;
mod elastic_windows;
mod evtx_golden;
mod exchange;
mod iis;
mod json;
mod mail;
mod netlogon;
mod otrf;
mod report;
mod sekoia_windows;
mod support;
mod syslog;
mod syslog_pairs;
mod windows_text;
mod windows_xml;
