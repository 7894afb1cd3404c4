//! Whom the question is about.

use bumpalo::Bump;
use logwasp_core::event::Event;

use crate::alert::Alert;

/// A user, a host, an address, a message, or any text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entity {
    /// What it is: `user`, `host`, `src_ip`, `message_id`, or `text`.
    pub name: &'static str,
    /// As the operator wrote it.
    pub written: String,
    /// What is looked for, in lower case.
    needle: String,
}

impl Entity {
    /// An account, with or without its domain.
    pub fn user(written: &str) -> Self {
        let account = written.rsplit('\\').next().unwrap_or(written);
        let account = account.split('@').next().unwrap_or(account);
        Self::new("user", written, account)
    }

    /// A machine: logs write its name with and without the domain.
    pub fn host(written: &str) -> Self {
        let is_address = written.parse::<std::net::IpAddr>().is_ok();
        let label = written.split('.').next().unwrap_or(written);
        Self::new("host", written, if is_address { written } else { label })
    }

    /// An address.
    pub fn src_ip(written: &str) -> Self {
        let address = written.strip_prefix("::ffff:").unwrap_or(written);
        Self::new("src_ip", written, address)
    }

    /// A mail, with or without the angle brackets.
    pub fn message_id(written: &str) -> Self {
        Self::new("message_id", written, written.trim_matches(['<', '>']))
    }

    /// Any text.
    pub fn text(written: &str) -> Self {
        Self::new("text", written, written)
    }

    fn new(name: &'static str, written: &str, looked_for: &str) -> Self {
        let needle = looked_for.trim().to_lowercase();
        Self { name, written: written.to_owned(), needle }
    }

    /// True when there is nothing to look for.
    pub fn is_blank(&self) -> bool {
        self.needle.is_empty()
    }

    /// True when the text names it, as a word of its own.
    fn is_in(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
        text.match_indices(&self.needle).any(|(at, found)| {
            let before = text.get(..at).and_then(|before| before.chars().next_back());
            let after = text.get(at + found.len()..).and_then(|after| after.chars().next());
            !before.is_some_and(is_word) && !after.is_some_and(is_word)
        })
    }
}

/// All that the question is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entities(pub Vec<Entity>);

impl Entities {
    /// True when the question is about everything.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// True when the record names all of them.
    pub fn all_in_event<'c>(&self, event: &Event<'c>, arena: &'c Bump) -> bool {
        self.0.iter().all(|entity| {
            let own = event.fields.iter().chain(&event.envelope).map(|field| field.value);
            let mut values = own.chain(event.host).map(|value| value.text(arena));
            let is_in = |bytes: &[u8]| entity.is_in(&String::from_utf8_lossy(bytes));
            values.any(is_in) || is_in(event.raw)
        })
    }

    /// True when a text names one of them, or the question is about everything.
    pub fn any_in(&self, text: &str) -> bool {
        self.is_empty() || self.0.iter().any(|entity| entity.is_in(text))
    }

    /// True when an alert names one of them.
    pub fn any_in_alert(&self, alert: &Alert) -> bool {
        let pairs = alert.entities.iter().chain(&alert.attributes).map(|(_, value)| value);
        let evidence = alert.evidence.iter().map(|evidence| &evidence.summary);
        let texts = [&alert.key, &alert.title, &alert.description];
        pairs.chain(evidence).chain(texts).any(|text| self.any_in(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: entities as operators write them, and texts of logs.
    /// Guarantees: the domain and case do not matter; a part of a word is no match.
    #[test]
    fn entities_are_words() {
        for (entity, text, is_in) in [
            (Entity::user("CONTOSO\\JDoe"), "4740 of jdoe@contoso.com", true),
            (Entity::user("jdoe@contoso.com"), "CONTOSO\\jdoe", true),
            (Entity::user("jdoe"), "jdoe2 ajdoe jdoe-x", false),
            (Entity::host("EXCH01.contoso.local"), "exch01", true),
            (Entity::host("EXCH01"), "exch011", false),
            (Entity::src_ip("::ffff:10.0.0.1"), "[10.0.0.1]:25", true),
            (Entity::src_ip("10.0.0.1"), "10.0.0.11", false),
            (Entity::message_id("<a@b>"), "id a@b", true),
        ] {
            assert_eq!(entity.is_in(text), is_in, "{entity:?} in {text}");
        }
        assert!(Entity::user("CONTOSO\\").is_blank());
    }
}
