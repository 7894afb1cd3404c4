//! Which hosts are Exchange servers of ours.

use logwasp_sdk::{Hosts, Site, identity};

use crate::rows::Session;

/// How much of a text is searched for names.
const TEXT_BYTES_MAX: usize = 4 * 1024;

pub(crate) struct Inventory {
    exchange: Hosts,
}

impl Inventory {
    pub(crate) fn new(site: &Site) -> Self {
        Self { exchange: Hosts::parse(&site.exchange_hosts) }
    }

    /// The key of an Exchange server, by its name or its address.
    pub(crate) fn exchange(&self, name: &str, learned: &Hosts) -> Option<String> {
        self.exchange.canonical(name).or_else(|| learned.canonical(name))
    }

    /// The Exchange server of a service account or name: `EXCH01$`, `HTTP/exch01.contoso.com`.
    pub(crate) fn service(&self, name: &str, learned: &Hosts) -> Option<String> {
        let name = name.split('@').next().unwrap_or(name);
        let host = name.split('/').nth(1).unwrap_or(name);
        self.exchange(host.trim_end_matches('$'), learned)
    }

    /// Every Exchange server that the texts name.
    pub(crate) fn named_in(&self, texts: &[Option<&str>], learned: &Hosts) -> Vec<String> {
        let is_break = |c: char| !(c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '$'));
        let mut named: Vec<String> = texts
            .iter()
            .flatten()
            .flat_map(|text| logwasp_sdk::text::shorten(text, TEXT_BYTES_MAX).split(is_break))
            .map(|word| word.trim_end_matches(['.', '$']))
            .filter(|word| !word.is_empty())
            .filter_map(|word| self.exchange(word, learned))
            .collect();
        named.sort();
        named.dedup();
        named
    }

    /// The server a line of text is about: the line's own host, else one it names.
    /// Quoted lines often name none.
    pub(crate) fn host_of_line(&self, host: Option<&str>, line: &str, learned: &Hosts) -> String {
        host.and_then(|host| self.exchange(host, learned))
            .or_else(|| self.named_in(&[Some(line)], learned).into_iter().next())
            .unwrap_or_default()
    }

    /// Both ends of a session between Exchange servers of ours: the log's own server,
    /// and its peer.
    pub(crate) fn ends(&self, row: &Session<'_>, learned: &Hosts) -> Option<[String; 2]> {
        let key = |name: Option<&str>| name.and_then(|name| self.exchange(name, learned));
        let own = key(row.server)
            .or_else(|| key(row.local_ip))
            .or_else(|| row.server.or(row.host).and_then(identity::host));
        let peer = key(row.ip).or_else(|| key(row.peer_name)).or_else(|| key(row.ehlo));
        // This connector leads to nobody else.
        let is_intra = row
            .connector
            .is_some_and(|name| name.to_ascii_lowercase().starts_with("intra-organization"));
        let named = || row.ip.or(row.peer_name).and_then(identity::host).unwrap_or_default();
        let peer = peer.or_else(|| is_intra.then(named))?;
        Some([own.unwrap_or_default(), peer])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: servers by account, service name, address, and inside sentences.
    /// Guarantees: found as whole words, under one key.
    #[test]
    fn servers_are_found() {
        let site: Site = logwasp_sdk::serde_json::from_str(
            r#"{"exchange_hosts": ["EXCH01=10.0.0.25", "HUB01"]}"#,
        )
        .expect("the site reads");
        let inventory = Inventory::new(&site);
        let none = Hosts::default();
        for name in
            ["EXCH01$", "HTTP/exch01.contoso.com", "exch01", "10.0.0.25", "SMTP/EXCH01@CONTOSO"]
        {
            assert_eq!(inventory.service(name, &none).as_deref(), Some("exch01"), "{name}");
        }
        let text =
            "KRB_AP_ERR_MODIFIED error from the server hub01$. The target name was SMTPSVC/exch01.";
        assert_eq!(inventory.named_in(&[Some(text), None], &none), ["exch01", "hub01"]);
        assert!(inventory.named_in(&[Some("exch012 xhub01 é")], &none).is_empty());
    }
}
