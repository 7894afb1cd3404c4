//! A detector that was made without the SDK, and knows nothing of what the host may
//! ask beside the contract.

use logwasp::pipeline::explains_itself;
use logwasp::sandbox::{Guest, Sandbox};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::support::root;

/// The component of the foreign detector.
pub(crate) fn component() -> Vec<u8> {
    let mut module =
        wat::parse_str(include_str!("../foreign/detector.wat")).expect("it is a module");
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(root().join("wit/v0.1")).expect("the contract parses");
    let world = resolve.select_world(&[package], Some("detector")).expect("it has the world");
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false)
        .expect("it fits");
    let mut encoder = ComponentEncoder::default();
    let encoder = encoder.module(&module).expect("it is a component's");
    encoder.encode().expect("it is a component")
}

/// Scenario: a detector without the SDK is loaded and started.
/// Guarantees: the contract is all that it takes; it is not asked to explain itself.
#[test]
fn the_contract_is_enough() {
    let plugin = Sandbox::new(None).expect("an engine").load(&component()).expect("it loads");
    assert_eq!(plugin.manifest().name, "foreign");
    assert!(!explains_itself(plugin.manifest()));
    let mut started = plugin.start("{}", None).expect("it starts");
    assert_eq!(started.subscriptions.len(), 2);
    assert_eq!(started.guest.finish(), Ok(Vec::new()));
}
