//! Any bytes, recognised as whatever they look like.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| support::read_recognized(bytes));
