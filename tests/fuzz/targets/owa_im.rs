//! Any bytes as `OwaIm`: no panic, balanced, the same in every chunking.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| support::read_any(support::Format::OwaIm, bytes));
