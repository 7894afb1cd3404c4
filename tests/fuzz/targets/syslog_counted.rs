//! Any bytes as syslog with octet counts: no panic, balanced, the same in every chunking.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| support::read_counted(bytes));
