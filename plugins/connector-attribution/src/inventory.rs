//! Whose domain, host, tenant is this?

use logwasp_sdk::{Site, identity};

/// What the site says about itself.
pub(crate) struct Inventory {
    /// Names allowed to enter Exchange Online as ours, lower case.
    allowed_hosts: Vec<String>,
    tenants: Vec<String>,
    site: Site,
}

impl Inventory {
    pub(crate) fn new(site: Site) -> Self {
        Self {
            allowed_hosts: site.hybrid.onprem_hosts.iter().map(|name| host_name(name)).collect(),
            tenants: site.own_tenant_ids.iter().map(|id| tenant_id(id)).collect(),
            site,
        }
    }

    /// False when no own domain is known: then nothing can be called foreign.
    pub(crate) fn knows_domains(&self) -> bool {
        !self.site.accepted_domains.is_empty()
    }

    /// True for an accepted domain, and for the tenant's own `*.onmicrosoft.com` names
    /// that begin like one.
    pub(crate) fn is_own_domain(&self, domain: &str) -> bool {
        self.site.accepts_domain(domain) || self.is_tenant_domain(domain)
    }

    fn is_tenant_domain(&self, domain: &str) -> bool {
        let Some(tenant) = domain.strip_suffix(".onmicrosoft.com") else { return false };
        let label = tenant.split('.').next().unwrap_or_default();
        let mut own = self.site.accepted_domains.iter();
        own.any(|own| own.split('.').next().is_some_and(|own| own.eq_ignore_ascii_case(label)))
    }

    /// True for a host that may enter Exchange Online as ours, by its exact name or a
    /// wildcard that the operator listed.
    pub(crate) fn is_allowed_host(&self, host: &str) -> bool {
        self.allowed_hosts.iter().any(|allowed| identity::glob(allowed, host))
    }

    /// The allowed name that shares its parent domain with a host that is not allowed.
    pub(crate) fn sibling(&self, host: &str) -> Option<&str> {
        if self.is_allowed_host(host) {
            return None;
        }
        let parent = parent(host)?;
        let is_sibling = |allowed: &&String| self::parent(allowed) == Some(parent);
        self.allowed_hosts.iter().find(is_sibling).map(String::as_str)
    }

    /// True when own tenants are listed and this is none of them.
    pub(crate) fn is_foreign_tenant(&self, id: &str) -> bool {
        !self.tenants.is_empty() && !self.tenants.contains(&tenant_id(id))
    }
}

/// A host name in one spelling.
pub(crate) fn host_name(name: &str) -> String {
    name.trim().trim_end_matches('.').to_lowercase()
}

/// A tenant id in one spelling: lower case, without braces.
pub(crate) fn tenant_id(id: &str) -> String {
    id.trim().trim_matches(['{', '}', '[', ']']).to_lowercase()
}

fn parent(host: &str) -> Option<&str> {
    host.split_once('.').map(|(_, parent)| parent).filter(|parent| parent.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inventory() -> Inventory {
        let site: Site = logwasp_sdk::serde_json::from_str(
            r#"{"accepted_domains": ["contoso.com", "*.contoso.net"], "own_tenant_ids": ["{AAAA-1}"],
                "hybrid": {"onprem_hosts": ["SMTPO365.contoso.com", "*.edge.contoso.com"]}}"#,
        )
        .expect("the site reads");
        Inventory::new(site)
    }

    /// Scenario: allowed hosts, siblings of theirs, strangers, hosts of a listed wildcard.
    /// Guarantees: exact names decide; only a host of the same parent is a sibling.
    #[test]
    fn hosts_are_compared_exactly() {
        let inventory = inventory();
        assert_eq!(inventory.sibling("mx01.contoso.com"), Some("smtpo365.contoso.com"));
        for host in
            ["smtpo365.contoso.com", "a.edge.contoso.com", "mx.fabrikam.com", "contoso.com", ""]
        {
            assert_eq!(inventory.sibling(host), None, "{host}");
        }
    }

    /// Scenario: own, tenant and foreign domains; own and foreign tenants.
    /// Guarantees: the tenant's onmicrosoft.com names are ours.
    #[test]
    fn domains_and_tenants_are_judged() {
        let inventory = inventory();
        for own in ["contoso.com", "x.contoso.net", "contoso.mail.onmicrosoft.com"] {
            assert!(inventory.is_own_domain(own), "{own}");
        }
        assert!(!inventory.is_own_domain("fabrikam.onmicrosoft.com"));
        assert!(inventory.is_foreign_tenant("bbbb") && !inventory.is_foreign_tenant("aaaa-1"));
    }
}
