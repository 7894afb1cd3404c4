//! Certificate rows of SMTP protocol logs: subject, issuer, serial, thumbprint,
//! validity and alternate names, all separated by blanks only.

/// What a certificate row says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Certificate<'c> {
    pub(super) subject: &'c str,
    pub(super) thumbprint: Option<&'c str>,
}

/// Takes a row's data apart, from the right: everything behind the issuer has a
/// shape of its own. Older builds log the subject alone.
pub(super) fn parse(data: &str) -> Option<Certificate<'_>> {
    let data = data.trim();
    if !data.contains('=') {
        return None;
    }
    let words: Vec<&str> = data.split(' ').collect();
    let thumbprint_at = words.iter().rposition(|word| is_hex(word, 40, 40));
    let serial_at = thumbprint_at
        .and_then(|at| at.checked_sub(1))
        .filter(|at| words.get(*at).is_some_and(|word| is_hex(word, 8, 40)));
    let names = match serial_at {
        Some(at) => {
            let length: usize = words.iter().take(at).map(|word| word.len() + 1).sum();
            data.get(..length.saturating_sub(1))?
        }
        None => data,
    };
    Some(Certificate {
        subject: names.get(..issuer_start(names))?.trim_end(),
        thumbprint: thumbprint_at.and_then(|at| words.get(at).copied()),
    })
}

fn is_hex(word: &str, digits_min: usize, digits_max: usize) -> bool {
    (digits_min..=digits_max).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Where the issuer begins: at the first `KEY=` after a blank that no comma
/// precedes. Inside a name, a comma stands before every further part.
fn issuer_start(names: &str) -> usize {
    let starts = names.match_indices(' ').filter(|(at, _)| {
        let before = names.get(..*at).unwrap_or_default();
        let after = names.get(at + 1..).unwrap_or_default();
        let key = after.split_once('=').map_or("", |(key, _)| key);
        !before.ends_with(',')
            && (1..=3).contains(&key.len())
            && key.bytes().all(|b| b.is_ascii_uppercase())
    });
    starts.map(|(at, _)| at).next().unwrap_or(names.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: rows of current and old builds.
    /// Guarantees: subject and thumbprint, whatever else is there.
    #[test]
    fn certificate_rows_are_taken_apart() {
        let row = " CN=mail.protection.outlook.com, O=Microsoft Corporation, L=Redmond, S=Washington, C=US \
                   CN=DigiCert Cloud Services CA-1, O=DigiCert Inc, C=US 0700204CC3051A9ED4F65599C48E742C \
                   5D440E75FE29C4D5A223314BB0EC1DCBEB1A0903 2021-02-05T19:00:00.000Z 2022-02-05T18:59:59.000Z \
                   mail.protection.outlook.com;*.mail.protection.outlook.com";
        let certificate = parse(row).unwrap();
        assert_eq!(
            certificate.subject,
            "CN=mail.protection.outlook.com, O=Microsoft Corporation, L=Redmond, S=Washington, C=US"
        );
        assert_eq!(certificate.thumbprint, Some("5D440E75FE29C4D5A223314BB0EC1DCBEB1A0903"));
        let old = parse("CN=gw.contoso.com, O=Contoso").unwrap();
        assert_eq!((old.subject, old.thumbprint), ("CN=gw.contoso.com, O=Contoso", None));
        assert_eq!(parse("none"), None);
    }
}
