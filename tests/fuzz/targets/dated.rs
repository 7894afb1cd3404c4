//! Any bytes as dated lines.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| support::date_lines(bytes));
