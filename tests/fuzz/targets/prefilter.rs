//! Law 2: with and without the scan, the same matches and probes, in every format
//! that scans.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| support::same_with_and_without_scan(bytes));
