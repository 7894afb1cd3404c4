//! Any bytes as `WinEventText`: no panic, balanced, the same in every chunking.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| support::read_any(support::Format::WinEventText, bytes));
