//! `[admin]`: the service's own endpoints.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::keys::Keys;
use super::located::File;
use super::service::duration;
use crate::problem::Problem;

/// Where the service tells how it fares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Admin {
    /// Where it listens; `None` for nowhere.
    #[serde(serialize_with = "address")]
    pub listen: Option<SocketAddr>,
    /// Whether the operator chose that. The default may be in use by somebody else.
    #[serde(skip)]
    pub is_chosen: bool,
    /// When the main loop has not turned for so long, the service is not healthy.
    #[serde(serialize_with = "duration")]
    pub stalled_after: Duration,
}

/// Where exporters of OpenTelemetry listen too: scrapers know it.
const PORT: u16 = 9464;

impl Default for Admin {
    fn default() -> Self {
        Self {
            listen: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, PORT))),
            is_chosen: false,
            stalled_after: Duration::from_mins(1),
        }
    }
}

/// Reads `[admin]`.
pub(super) fn admin(table: toml::Table, folder: &Path, file: &File) -> Result<Admin, Problem> {
    let default = Admin::default();
    let mut keys = Keys::new(file, folder, &["admin"], table);
    let listen = match keys.text("listen")? {
        None => None,
        Some(text) if text == "none" => Some(None),
        Some(text) => Some(Some(text.parse().map_err(|_| {
            keys.problem("listen", format!("`{text}` is no address with a port"))
                .hint("write it like \"127.0.0.1:9464\" or \"[::1]:9464\", or \"none\"")
        })?)),
    };
    let admin = Admin {
        is_chosen: listen.is_some(),
        listen: listen.unwrap_or(default.listen),
        stalled_after: keys.duration("stalled_after")?.unwrap_or(default.stalled_after),
    };
    if admin.stalled_after < Duration::from_secs(1) {
        return Err(keys
            .problem("stalled_after", "`stalled_after` is too short")
            .hint("at least \"1s\"; the default is \"1m\""));
    }
    keys.finish()?;
    Ok(admin)
}

#[expect(clippy::ref_option, reason = "serde asks for it")]
fn address<S: Serializer>(listen: &Option<SocketAddr>, serializer: S) -> Result<S::Ok, S::Error> {
    match listen {
        Some(address) => serializer.collect_str(address),
        None => serializer.serialize_str("none"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Admin, Problem> {
        let file = File { name: "logwasp.toml".to_owned(), text: format!("[admin]\n{text}\n") };
        let table = toml::from_str(text).expect("TOML");
        admin(table, Path::new("."), &file)
    }

    /// Scenario: nothing, an address, none at all, and mistakes.
    /// Guarantees: nothing but loopback is the default; mistakes are told with their
    /// place.
    #[test]
    fn addresses_are_resolved() {
        let default = read("").expect("valid");
        assert_eq!(default, Admin::default());
        assert!(default.listen.is_some_and(|address| address.ip().is_loopback()));
        let chosen = read("listen = '[::]:80'\nstalled_after = '5s'").expect("valid");
        assert_eq!(chosen.listen, "[::]:80".parse().ok());
        assert!(chosen.is_chosen && !default.is_chosen);
        let none = read("listen = 'none'").expect("valid");
        assert_eq!((none.listen, none.is_chosen), (None, true));
        for (text, what) in [
            ("listen = 'localhost'", "`localhost` is no address with a port"),
            ("listen = '127.0.0.1'", "`127.0.0.1` is no address with a port"),
            ("listn = 'none'", "unknown key `listn`"),
            ("stalled_after = '0s'", "`stalled_after` is too short"),
        ] {
            let problem = read(text).expect_err("it is wrong");
            assert_eq!(problem.what, what);
            assert_eq!(problem.place.as_deref(), Some("logwasp.toml:2:1"));
        }
    }
}
