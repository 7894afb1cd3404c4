//! The stock detectors, compiled to components and embedded.

/// One stock detector.
#[derive(Debug, Clone, Copy)]
pub struct Bundled {
    /// Its name, as in `bundled:<name>`.
    pub name: &'static str,
    /// The component's bytes.
    pub component: &'static [u8],
    /// Their SHA-256.
    pub sha256: [u8; 32],
}

include!(concat!(env!("OUT_DIR"), "/bundled.rs"));

/// The stock detector `name`.
pub fn find(name: &str) -> Option<Bundled> {
    BUNDLED.iter().copied().find(|bundled| bundled.name == name)
}
