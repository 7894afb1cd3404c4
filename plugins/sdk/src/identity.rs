//! One spelling for one user, one host, one address, whatever wrote it.

use std::net::{IpAddr, Ipv6Addr};

/// A user as a correlation key, with what the record said about its domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Lower-case sAMAccountName.
    pub key: String,
    /// The part before `\` or after `@`, as written, if there was one.
    pub domain_hint: Option<String>,
}

/// Text without the blanks that Windows pads with; `None` for what stands for
/// nothing: empty, `-`, `N/A`, `(null)`, `NULL`.
pub fn meaningful(text: &str) -> Option<&str> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    let nothing = match text.len() {
        0 => true,
        1 => text == "-",
        3..=6 => ["n/a", "(null)", "null"].iter().any(|word| text.eq_ignore_ascii_case(word)),
        _ => false,
    };
    (!nothing).then_some(text)
}

/// Reads `user1`, `CONTOSO\user1` and `user1@contoso.com` as the same user.
pub fn user(text: &str) -> Option<User> {
    let text = meaningful(text)?;
    let (domain, name) = match text.split_once('\\') {
        Some((domain, name)) => (meaningful(domain), name),
        None => match text.rsplit_once('@') {
            Some((name, realm)) => (meaningful(realm), name),
            None => (None, text),
        },
    };
    // A name after a domain may still be an address: `CONTOSO\user1@contoso.com`.
    let name = name.split_once('@').map_or(name, |(local, _)| local);
    let key = meaningful(name)?.to_lowercase();
    Some(User { key, domain_hint: domain.map(str::to_owned) })
}

/// True for `DC01$`: the account of a computer.
pub fn is_computer_account(user_key: &str) -> bool {
    user_key.ends_with('$')
}

/// The key of a host: lower case, first DNS label. An address stays an address.
pub fn host(text: &str) -> Option<String> {
    let text = meaningful(text)?.trim_start_matches('\\');
    if let Some(address) = ip(text) {
        return Some(address.to_string());
    }
    let label = text.split('.').next().unwrap_or(text);
    meaningful(label).map(str::to_lowercase)
}

/// An address in canonical form: `::ffff:` and the zone are stripped, brackets
/// and a port are not part of it.
pub fn ip(text: &str) -> Option<IpAddr> {
    let text = meaningful(text)?;
    let text = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
    let text = text.split_once('%').map_or(text, |(address, _zone)| address);
    match text.parse().ok()? {
        IpAddr::V6(v6) => Some(unmapped(v6)),
        v4 @ IpAddr::V4(_) => Some(v4),
    }
}

fn unmapped(v6: Ipv6Addr) -> IpAddr {
    v6.to_ipv4_mapped().map_or(IpAddr::V6(v6), IpAddr::V4)
}

/// The address of an endpoint: `10.0.0.25:587`, `[::1]:25`, `fe80::1:25` (split at
/// the last colon when the whole is not an address), or a bare address.
pub fn endpoint_ip(text: &str) -> Option<IpAddr> {
    let text = meaningful(text)?;
    if let Some((address, port)) = text.rsplit_once(':')
        && port.bytes().all(|b| b.is_ascii_digit())
        && (address.contains('.') || address.starts_with('[') || address.matches(':').count() > 6)
    {
        return ip(address);
    }
    ip(text).or_else(|| ip(text.rsplit_once(':')?.0))
}

/// The domain of a mail address, lower case: `user@Contoso.com` gives `contoso.com`.
pub fn mail_domain(address: &str) -> Option<String> {
    let address = meaningful(address)?.trim_matches(|c| c == '<' || c == '>');
    let (_, domain) = address.rsplit_once('@')?;
    let domain = domain.trim_end_matches(['.', '>']).trim();
    (!domain.is_empty()).then(|| domain.to_lowercase())
}

/// True when `pattern` (with `*` for any run of characters) matches the whole of
/// `text`, both already in lower case.
pub fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: the spellings of one user in Security events, IIS and SMTP logs.
    /// Guarantees: one key; the domain is kept as a hint; blanks are nobody.
    #[test]
    fn one_user_has_one_key() {
        for text in [
            "user1",
            "CONTOSO\\User1",
            "USER1@CONTOSO.COM",
            " user1 ",
            "contoso\\user1@contoso.com",
        ] {
            assert_eq!(user(text).map(|u| u.key).as_deref(), Some("user1"), "{text}");
        }
        assert_eq!(user("(null)\\user1").and_then(|u| u.domain_hint), None);
        assert_eq!(user("CONTOSO\\user1").and_then(|u| u.domain_hint).as_deref(), Some("CONTOSO"));
        for text in ["", "-", "  ", "N/A", "NULL", "CONTOSO\\"] {
            assert_eq!(user(text), None, "{text}");
        }
    }

    /// Scenario: hosts and addresses as Windows, IIS and Exchange write them.
    /// Guarantees: NetBIOS and FQDN agree, mapped addresses are unmapped.
    #[test]
    fn hosts_and_addresses_are_canonical() {
        assert_eq!(host("EXCH01.contoso.com").as_deref(), Some("exch01"));
        assert_eq!(host("\\\\WS042").as_deref(), Some("ws042"));
        assert_eq!(host("::ffff:10.0.0.25").as_deref(), Some("10.0.0.25"));
        assert_eq!(ip("fe80::1%3").map(|a| a.to_string()).as_deref(), Some("fe80::1"));
        for (text, address) in [
            ("10.0.0.25:587", "10.0.0.25"),
            ("[::1]:25", "::1"),
            ("2001:db8::25", "2001:db8::25"),
            ("10.1.2.3", "10.1.2.3"),
            ("2001:db8:0:0:0:0:0:25:25", "2001:db8::25"),
        ] {
            assert_eq!(
                endpoint_ip(text).map(|a| a.to_string()).as_deref(),
                Some(address),
                "{text}"
            );
        }
        assert_eq!(endpoint_ip("x.x.x.x:25"), None);
    }

    /// Scenario: globs of `ignore_users`.
    /// Guarantees: the star matches any run, everything else itself.
    #[test]
    fn globs_match_whole_texts() {
        assert!(glob("healthmailbox*", "healthmailbox1f"));
        assert!(glob("*$", "dc01$"));
        assert!(glob("svc-*-prod", "svc-mail-prod"));
        assert!(!glob("svc-*-prod", "svc-mail-test"));
        assert!(glob("admin", "admin") && !glob("admin", "admin2"));
        assert!(glob("*", ""));
        assert!(!glob("ab*ba", "aba"));
    }
}
