//! Sessions gathered in any text, from any place in it.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| support::gather_anywhere(bytes));
