//! The worked examples, run natively.

use detector_schannel::{Schannel, examples};

/// Scenario: every worked example.
/// Guarantees: each raises exactly what it says, and they cover the section.
#[test]
fn worked_examples_hold() {
    for example in examples::all() {
        println!("{}", example.name);
        example.run::<Schannel>();
    }
    for number in 1..=8 {
        let prefix = format!("2.{number} ");
        assert!(examples::all().iter().any(|e| e.name.starts_with(&prefix)), "{prefix}");
    }
}
