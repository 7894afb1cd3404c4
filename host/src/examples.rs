//! The example logs of the repository, embedded for `logwasp demo`.

/// Their config.
pub const CONFIG: &str = include_str!("../../examples/logwasp.toml");

/// Names and bytes, in the order of their names.
pub const LOGS: &[(&str, &[u8])] = &[];
