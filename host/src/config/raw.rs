//! The config file as it is written. Keys that nobody knows are errors.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    /// Where `run` keeps its state.
    pub(super) state_dir: Option<String>,
    /// The shared inventory.
    #[serde(default)]
    pub(super) site: Site,
    /// How `run` works.
    #[serde(default)]
    pub(super) service: toml::Table,
    /// Where records come from; only `run` looks at it.
    #[serde(default)]
    pub(super) source: BTreeMap<String, toml::Table>,
    /// Detectors by name.
    #[serde(default)]
    pub(super) detector: BTreeMap<String, Detector>,
    /// Where alerts go; only `run` looks at it.
    #[serde(default)]
    pub(super) sink: BTreeMap<String, toml::Table>,
    /// The service's own endpoints; only `run` looks at it.
    #[serde(default)]
    pub(super) admin: toml::Table,
    /// How components are loaded.
    #[serde(default)]
    pub(super) plugins: Plugins,
}

/// One detector.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Detector {
    /// `bundled:<name>`; the default is the table's own name.
    #[serde(rename = "use")]
    pub(super) use_: Option<String>,
    /// A component file instead.
    pub(super) path: Option<String>,
    /// The SHA-256 of that file, in hex.
    pub(super) sha256: Option<String>,
    /// False to leave it out.
    pub(super) enabled: Option<bool>,
    /// True to let it revise the alerts of others.
    pub(super) amends: Option<bool>,
    /// What it may use.
    #[serde(default)]
    pub(super) limits: Limits,
    /// Its own options.
    #[serde(default)]
    pub(super) config: toml::Table,
}

/// What a detector may use.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Limits {
    /// Linear memory, in bytes.
    pub(super) memory_bytes_max: Option<u64>,
    /// CPU time of one call, such as `"200ms"`.
    pub(super) call_cpu_max: Option<String>,
}

/// How components are loaded.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Plugins {
    /// Where compiled components are kept; `"none"` keeps none.
    pub(super) cache_dir: Option<String>,
}

/// The shared inventory, as detectors get it: what is not written is left out, so
/// that their defaults hold.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// Name of the PDC emulator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pdc: Option<String>,
    /// Domain controllers: `name`, `address` or `name=address`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dcs: Option<Vec<String>>,
    /// Exchange servers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exchange_hosts: Option<Vec<String>>,
    /// Hosts that pass logons on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relay_hosts: Option<Vec<String>>,
    /// Mail gateways of our own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateways: Option<Vec<String>>,
    /// Networks of our own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub internal_nets: Option<Vec<String>>,
    /// Networks of Exchange Online Protection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eop_nets: Option<Vec<String>>,
    /// Mail domains of our own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted_domains: Option<Vec<String>>,
    /// Ids of our own tenants.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub own_tenant_ids: Option<Vec<String>>,
    /// The hybrid side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hybrid: Option<Hybrid>,
    /// Globs of accounts whose trouble weighs more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub privileged_users: Option<Vec<String>>,
    /// Globs of accounts that are never counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ignore_users: Option<Vec<String>>,
    /// Zone of hosts that write local time.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub time_zones: BTreeMap<String, String>,
}

/// The hybrid side of the inventory.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hybrid {
    /// FQDNs or certificate names allowed to enter Exchange Online.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub onprem_hosts: Option<Vec<String>>,
}
