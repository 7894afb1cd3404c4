//! Whose a host name is: its organizational domain (RFC 7489, 3.2).
//!
//! The public suffix list weighs more than a whole detector. What a detector asks
//! is whether two names have one owner; for that it is enough to know the labels
//! under which registries of country domains give out names.

/// Second levels that many registries of countries have, as the public suffix
/// list (publicsuffix.org) has them.
const SECOND_LEVELS: [&str; 17] = [
    "ac", "co", "com", "edu", "go", "gob", "gouv", "gov", "govt", "gv", "mil", "ne", "net", "nom",
    "or", "org", "sch",
];

/// Countries whose registries give out second levels only: what looks like one
/// there is a name like any other (`co.de`, `com.nl`).
const FLAT_COUNTRIES: [&str; 14] =
    ["be", "ca", "ch", "cz", "de", "dk", "eu", "fi", "ie", "li", "lu", "nl", "sk", "us"];

/// Further second levels, by country.
const MORE_SECOND_LEVELS: [(&str, &[&str]); 14] = [
    ("at", &["priv"]),
    ("au", &["asn", "id"]),
    ("br", &["adv", "art", "blog", "eco", "eng", "ind", "inf", "jus", "leg", "mp", "tv"]),
    ("fr", &["asso", "prd", "tm"]),
    ("hu", &["info", "priv", "sport", "tm"]),
    ("il", &["idf", "k12", "muni"]),
    ("in", &["firm", "gen", "ind", "nic", "res"]),
    ("jp", &["ad", "ed", "gr", "lg"]),
    ("kr", &["es", "hs", "kg", "ms", "pe", "re", "sc"]),
    ("nz", &["cri", "geek", "gen", "iwi", "kiwi", "maori", "school"]),
    ("pl", &["agro", "biz", "info", "mail", "priv", "waw"]),
    ("tr", &["av", "bel", "biz", "dr", "gen", "info", "k12", "name", "pol", "web"]),
    ("uk", &["ltd", "me", "nhs", "plc", "police"]),
    ("za", &["alt", "law", "school", "web"]),
];

/// Below these every tenant of Microsoft 365 has its own name.
const TENANTS: [&str; 2] = [".onmicrosoft.com", ".mail.onmicrosoft.com"];

/// The part of a host name that somebody registered, in lower case:
/// `MX1.Contoso.co.uk.` gives `contoso.co.uk`. A name without anything below a
/// public suffix, and a single label, stays as it is.
pub fn organizational(name: &str) -> String {
    let name = name.trim().trim_end_matches('.').to_lowercase();
    if TENANTS.iter().any(|suffix| name.strip_suffix(suffix).is_some_and(|n| !n.contains('.'))) {
        return name;
    }
    let mut labels = name.rsplit('.');
    let (Some(top), Some(second)) = (labels.next(), labels.next()) else { return name };
    match labels.next() {
        Some(third) if is_public(second, top) => format!("{third}.{second}.{top}"),
        _ => format!("{second}.{top}"),
    }
}

fn is_public(second: &str, top: &str) -> bool {
    let is_country = top.len() == 2 && !FLAT_COUNTRIES.contains(&top);
    is_country && SECOND_LEVELS.contains(&second)
        || MORE_SECOND_LEVELS
            .iter()
            .any(|(country, more)| *country == top && more.contains(&second))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: names under generic and country domains, with and without second
    /// levels, and what is no domain at all.
    /// Guarantees: the part that was registered; nothing is lost or invented.
    #[test]
    fn organizational_domains_are_found() {
        for (name, part) in [
            ("mx01.contoso.com.", "contoso.com"),
            ("Contoso.co.uk", "contoso.co.uk"),
            ("a.b.contoso.co.uk", "contoso.co.uk"),
            ("a.b.contoso.me.uk", "contoso.me.uk"),
            ("mx.contoso.com.au", "contoso.com.au"),
            ("mx.contoso.or.jp", "contoso.or.jp"),
            ("mx.ministerium.gv.at", "ministerium.gv.at"),
            ("mx.mairie.gouv.fr", "mairie.gouv.fr"),
            ("mx.contoso.de", "contoso.de"),
            ("mx.co.de", "co.de"),
            ("mx.me.com", "me.com"),
            ("Contoso.onmicrosoft.com", "contoso.onmicrosoft.com"),
            ("contoso.mail.onmicrosoft.com", "contoso.mail.onmicrosoft.com"),
            ("co.uk", "co.uk"),
            ("localhost", "localhost"),
            ("", ""),
        ] {
            assert_eq!(organizational(name), part, "{name}");
        }
    }
}
