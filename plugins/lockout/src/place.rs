//! Machines as records name them: by name, by address, in any spelling.

use std::net::IpAddr;

use logwasp_sdk::identity::{self, meaningful};

/// Longest name kept of a machine, program, device or account. NetBIOS names have
/// 15 characters, account names 20, DNS labels 63; longer is not meant well.
pub(crate) const NAME_BYTES_MAX: usize = 64;

/// A machine named by a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Lower case, first DNS label; or the address.
    pub key: String,
    /// As the record spells it, without its domain.
    pub shown: String,
}

impl Place {
    /// The machine that `text` names, if it names one.
    pub fn of(text: &str) -> Option<Self> {
        let shown = shown(text);
        Some(Self { key: identity::host(&shown)?, shown })
    }

    /// The machine with an address.
    pub fn at(address: IpAddr) -> Self {
        Self { key: address.to_string(), shown: address.to_string() }
    }

    /// Its address, when that is all that is known of it.
    pub fn address(&self) -> Option<IpAddr> {
        identity::ip(&self.key)
    }
}

/// A machine's name as the record spells it, without `\\` and domain; empty when
/// it names none.
pub(crate) fn shown(text: &str) -> String {
    let Some(text) = meaningful(text.trim_start_matches('\\')) else { return String::new() };
    match identity::ip(text) {
        Some(address) => address.to_string(),
        None => clip(text.split('.').next().unwrap_or(text), NAME_BYTES_MAX).to_owned(),
    }
}

/// The key of a machine as [`Place::key`]; empty when it names none.
pub(crate) fn key(text: &str) -> String {
    Place::of(text).map(|place| place.key).unwrap_or_default()
}

/// The address of a client. Loopback and unspecified addresses are no source:
/// they say only that a program on the machine itself asked.
pub(crate) fn client_ip(text: &str) -> Option<IpAddr> {
    identity::endpoint_ip(text).filter(|ip| !ip.is_loopback() && !ip.is_unspecified())
}

/// At most `bytes_max` bytes of `text`, whole characters.
pub(crate) fn clip(text: &str, bytes_max: usize) -> &str {
    text.split_at(text.floor_char_boundary(bytes_max)).0
}

/// A cell's text, clipped; empty when it says nothing.
pub(crate) fn word(cell: Option<&str>, bytes_max: usize) -> String {
    cell.and_then(meaningful).map(|text| clip(text, bytes_max).to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: spellings of machines in events and logs, and texts that name none.
    /// Guarantees: one key for one machine, the spelling kept, nothing made up.
    #[test]
    fn machines_are_named() {
        for (text, key, shown) in [
            ("EXCH01", "exch01", "EXCH01"),
            ("EXCH01.contoso.com", "exch01", "EXCH01"),
            ("\\\\WS042 ", "ws042", "WS042"),
            ("::ffff:10.0.0.25", "10.0.0.25", "10.0.0.25"),
        ] {
            let place = Place::of(text).expect("it names a machine");
            assert_eq!((place.key.as_str(), place.shown.as_str()), (key, shown), "{text}");
        }
        for text in ["", "-", "  ", "\\\\", "N/A"] {
            assert_eq!(Place::of(text), None, "{text}");
        }
        assert_eq!(Place::of(&"é".repeat(500)).map(|p| p.shown.len()), Some(NAME_BYTES_MAX));
    }

    /// Scenario: addresses of clients, with ports, and of the machine itself.
    /// Guarantees: loopback and unspecified addresses are no client.
    #[test]
    fn loopback_is_no_client() {
        assert_eq!(
            client_ip("10.1.2.3:50122").map(|ip| ip.to_string()).as_deref(),
            Some("10.1.2.3")
        );
        for text in ["::1", "127.0.0.1", "::ffff:127.0.0.1", "0.0.0.0", "-", "", "WS042"] {
            assert_eq!(client_ip(text), None, "{text}");
        }
    }
}
