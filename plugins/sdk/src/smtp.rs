//! Facts about SMTP that several detectors share.

/// A reply such as `550 5.7.1 Unable to relay`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reply<'a> {
    /// The three digits.
    pub code: u16,
    /// The enhanced status code (RFC 3463), such as `5.7.1`, if there is one.
    pub enhanced: Option<&'a str>,
    /// What follows.
    pub text: &'a str,
}

/// Reads a reply at the start of `line` (RFC 5321, 4.2).
pub fn reply(line: &str) -> Option<Reply<'_>> {
    let line = line.trim_start();
    let (code, rest) = line.split_at_checked(3)?;
    if !code.bytes().all(|b| b.is_ascii_digit()) || !code.starts_with(['2', '3', '4', '5']) {
        return None;
    }
    let rest = match rest.strip_prefix([' ', '-']) {
        Some(rest) => rest.trim_start(),
        None if rest.is_empty() => rest,
        None => return None,
    };
    let word = rest.split([' ', ';']).next().unwrap_or_default();
    let enhanced = is_enhanced_code(word).then_some(word);
    let text = enhanced.map_or(rest, |code| rest.split_at(code.len()).1.trim_start());
    Some(Reply { code: code.parse().ok()?, enhanced, text })
}

/// Finds the first reply inside longer text, such as a bounce or a gateway's log
/// line: a word of three digits that starts with 4 or 5, before an enhanced code.
pub fn find_reply(text: &str) -> Option<Reply<'_>> {
    text.char_indices()
        .filter(|&(at, c)| {
            matches!(c, '4' | '5')
                && text.get(..at).is_none_or(|before| {
                    !before.ends_with(|c: char| c.is_alphanumeric() || c == '.')
                })
        })
        .find_map(|(at, _)| reply(text.get(at..)?).filter(|reply| reply.enhanced.is_some()))
}

/// `2.1.5`, `5.7.54`, `4.7.500`: class, subject, detail.
fn is_enhanced_code(word: &str) -> bool {
    let mut parts = word.split('.');
    let number = |part: Option<&str>, digits_max: usize| {
        part.is_some_and(|p| {
            (1..=digits_max).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_digit())
        })
    };
    number(parts.next(), 1)
        && number(parts.next(), 3)
        && number(parts.next(), 3)
        && parts.next().is_none()
}

/// The address inside `MAIL FROM:<a@b> SIZE=1` or `<a@b>`.
pub fn bracketed(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once('<')?;
    rest.split_once('>').map(|(address, _)| address)
}

/// The common name of a certificate subject such as `CN=mail.contoso.com, O=...`.
pub fn common_name(subject: &str) -> Option<&str> {
    subject.split(',').find_map(|part| {
        let (name, value) = part.trim().split_once('=')?;
        name.eq_ignore_ascii_case("CN").then_some(value.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: replies as they stand in protocol logs.
    /// Guarantees: code, enhanced code and text are told apart.
    #[test]
    fn replies_are_read() {
        let relay = reply("550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain");
        assert_eq!(relay.and_then(|r| r.enhanced), Some("5.7.54"));
        assert_eq!(relay.map(|r| r.code), Some(550));
        assert_eq!(
            reply("421 4.3.2 Service not active").map(|r| r.text),
            Some("Service not active")
        );
        assert_eq!(
            reply("250-SIZE").map(|r| (r.code, r.enhanced, r.text)),
            Some((250, None, "SIZE"))
        );
        assert_eq!(reply("334 <authentication response>").map(|r| r.enhanced), Some(None));
        for line in ["EHLO host", "5501 no", "99 x", "", "55é", "650 5.7.1 x"] {
            assert_eq!(reply(line), None, "{line}");
        }
    }

    /// Scenario: a gateway quotes the reply it got.
    /// Guarantees: the reply inside is found, ports and times are not taken for it.
    #[test]
    fn quoted_replies_are_found() {
        let line = "to=<a@b>, relay=x[10.0.0.1]:25, delay=5.4.1, status=bounced (host mail.contoso.com \
                    said: 550 5.7.1 Unable to relay (in reply to RCPT TO command))";
        let found = find_reply(line).expect("there is one");
        assert_eq!((found.code, found.enhanced), (550, Some("5.7.1")));
        assert!(found.text.starts_with("Unable to relay"));
        assert_eq!(find_reply("port 5500 and 500 errors"), None);
    }

    /// Scenario: a certificate subject.
    /// Guarantees: the common name is found wherever it stands.
    #[test]
    fn common_names_are_found() {
        let subject = "CN=mail.protection.outlook.com, O=Microsoft Corporation, C=US";
        assert_eq!(common_name(subject), Some("mail.protection.outlook.com"));
        assert_eq!(common_name("C=US, cn = x"), None);
        assert_eq!(bracketed("MAIL FROM:<erp@contoso.com> SIZE=1"), Some("erp@contoso.com"));
    }
}
