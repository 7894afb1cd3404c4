//! Who wrote a record.

use logwasp_sdk::{Cell, identity};

use crate::evidence::clip;

/// Bytes of a host's name: longer than a DNS label ever is.
const NAME_BYTES_MAX: usize = 64;

/// A host, as a key and as people know it.
#[derive(Debug, Clone)]
pub(crate) struct Host {
    /// What its records are joined by; empty when the record names no host.
    pub(crate) key: String,
    /// For titles and texts.
    pub(crate) name: String,
}

impl Host {
    pub(crate) fn of(cell: Cell<'_>) -> Self {
        let Some(key) = cell.and_then(identity::host) else {
            return Self {
                key: String::new(),
                name: "a host that the log does not name".to_owned(),
            };
        };
        // The key is the name's first label in lower case, or an address.
        let written = cell.unwrap_or_default().trim().trim_start_matches('\\');
        let label = written.split('.').next().unwrap_or_default();
        let name = if identity::ip(&key).is_some() { key.as_str() } else { label };
        Self { name: clip(name, NAME_BYTES_MAX), key: clip(&key, NAME_BYTES_MAX) }
    }
}
