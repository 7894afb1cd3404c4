//! Certificate rows of SMTP protocol logs: subject, issuer, serial number,
//! thumbprint, validity and alternate names, all separated by blanks only. Builds
//! of 2010 and 2013 write a row for each of them.

use crate::bytes::split_once;

/// What a certificate row says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Certificate<'c> {
    pub(crate) subject: &'c [u8],
    pub(crate) issuer: Option<&'c [u8]>,
    pub(crate) serial_number: Option<&'c [u8]>,
    pub(crate) thumbprint: Option<&'c [u8]>,
    pub(crate) not_before: Option<&'c [u8]>,
    pub(crate) not_after: Option<&'c [u8]>,
    pub(crate) alternate_names: Option<&'c [u8]>,
}

/// The part `name` of a certificate in a row's `data`, if the row's `context` says
/// that it is about one.
pub(super) fn part<'c>(data: &'c [u8], context: &[u8], name: &[u8]) -> Option<&'c [u8]> {
    let context = context.trim_ascii();
    let single =
        SINGLE_PARTS.iter().find(|(text, _)| context.eq_ignore_ascii_case(text.as_bytes()));
    if let Some((_, part)) = single {
        return (part.as_bytes() == name).then(|| data.trim_ascii());
    }
    let is_about =
        |text: &[u8]| context.get(..text.len()).is_some_and(|s| s.eq_ignore_ascii_case(text));
    if !is_about(b"Sending certificate") && !is_about(b"Remote certificate") {
        return None;
    }
    let certificate = Certificate::parse(data)?;
    match name {
        b"subject" => Some(certificate.subject),
        b"issuer" => certificate.issuer,
        b"serial-number" => certificate.serial_number,
        b"thumbprint" => certificate.thumbprint,
        b"not-before" => certificate.not_before,
        b"not-after" => certificate.not_after,
        b"alternate-names" => certificate.alternate_names,
        _ => None,
    }
}

/// Contexts of rows that hold one part each.
const SINGLE_PARTS: [(&str, &str); 5] = [
    ("Certificate subject", "subject"),
    ("Certificate issuer name", "issuer"),
    ("Certificate serial number", "serial-number"),
    ("Certificate thumbprint", "thumbprint"),
    ("Certificate alternate names", "alternate-names"),
];

impl<'c> Certificate<'c> {
    /// Takes a row's data apart, from the right: everything behind the issuer has a
    /// shape of its own. Older builds log the subject alone.
    pub(crate) fn parse(data: &'c [u8]) -> Option<Self> {
        let data = data.trim_ascii();
        if !data.contains(&b'=') {
            return None;
        }
        let mut certificate = Self::default();
        let mut names = data;
        if let Some((before, thumbprint, after)) = split_at_thumbprint(data) {
            certificate.thumbprint = Some(thumbprint);
            let (before, serial) = split_last(before);
            if is_hex(serial, 8, 40) {
                certificate.serial_number = Some(serial);
                names = before;
                certificate.set_validity(after);
            }
        }
        let issuer_start = issuer_start(names);
        certificate.subject = names.get(..issuer_start)?.trim_ascii_end();
        certificate.issuer = names.get(issuer_start + 1..);
        Some(certificate)
    }

    /// `not-before not-after names`, what there is of it.
    fn set_validity(&mut self, text: &'c [u8]) {
        let mut words = text.splitn(3, |byte| *byte == b' ');
        let is_stamp = |word: &&[u8]| crate::time::iso8601(word).is_some();
        self.not_before = words.next().filter(is_stamp);
        self.not_after = words.next().filter(is_stamp);
        self.alternate_names = words.next().filter(|_| self.not_after.is_some());
    }
}

/// What stands before the last word of 40 hexadecimal digits, that word, and what
/// stands behind.
fn split_at_thumbprint(data: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let mut end = data.len();
    loop {
        let (before, word) = split_last(data.get(..end)?);
        if is_hex(word, 40, 40) {
            let after = data.get(end..)?;
            return Some((before, word, after.strip_prefix(b" ").unwrap_or(after)));
        }
        if before.is_empty() {
            return None;
        }
        end = before.len();
    }
}

/// The text before the last word, and that word.
fn split_last(text: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memrchr(b' ', text) {
        Some(at) => (text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default()),
        None => (b"", text),
    }
}

fn is_hex(word: &[u8], digits_min: usize, digits_max: usize) -> bool {
    (digits_min..=digits_max).contains(&word.len()) && word.iter().all(u8::is_ascii_hexdigit)
}

/// The blank before the issuer: the first that no comma precedes and a `KEY=`
/// follows. Inside a name, a comma stands before every further part.
fn issuer_start(names: &[u8]) -> usize {
    let mut blanks = memchr::memchr_iter(b' ', names).filter(|at| {
        let before = names.get(..*at).unwrap_or_default();
        let after = names.get(at + 1..).unwrap_or_default();
        let key = split_once(after, b'=').map_or(b"".as_slice(), |(key, _)| key);
        !before.ends_with(b",")
            && (1..=3).contains(&key.len())
            && key.iter().all(u8::is_ascii_uppercase)
    });
    blanks.next().unwrap_or(names.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &[u8] =
        b" CN=mail.protection.outlook.com, O=Microsoft Corporation, L=Redmond, S=Washington, C=US \
        CN=DigiCert Cloud Services CA-1, O=DigiCert Inc, C=US 0700204CC3051A9ED4F65599C48E742C \
        5D440E75FE29C4D5A223314BB0EC1DCBEB1A0903 2021-02-05T19:00:00.000Z 2022-02-05T18:59:59.000Z \
        mail.protection.outlook.com;*.mail.protection.outlook.com";

    /// Scenario: rows of current and old builds.
    /// Guarantees: each part, whatever else is there.
    #[test]
    fn certificate_rows_are_taken_apart() {
        let text = |part: &[u8]| String::from_utf8(part.to_vec()).unwrap();
        let get =
            |name: &str| part(ROW, b"Remote certificate Subject ...", name.as_bytes()).map(text);
        for (name, expected) in [
            (
                "subject",
                "CN=mail.protection.outlook.com, O=Microsoft Corporation, L=Redmond, S=Washington, C=US",
            ),
            ("issuer", "CN=DigiCert Cloud Services CA-1, O=DigiCert Inc, C=US"),
            ("serial-number", "0700204CC3051A9ED4F65599C48E742C"),
            ("thumbprint", "5D440E75FE29C4D5A223314BB0EC1DCBEB1A0903"),
            ("not-before", "2021-02-05T19:00:00.000Z"),
            ("not-after", "2022-02-05T18:59:59.000Z"),
            ("alternate-names", "mail.protection.outlook.com;*.mail.protection.outlook.com"),
        ] {
            assert_eq!(get(name).as_deref(), Some(expected), "{name}");
        }
        assert_eq!(part(ROW, b"something else", b"subject"), None);
        let old = Certificate::parse(b"CN=gw.contoso.com, O=Contoso").unwrap();
        assert_eq!(
            (old.subject, old.thumbprint, old.issuer),
            (&b"CN=gw.contoso.com, O=Contoso"[..], None, None)
        );
        assert_eq!(Certificate::parse(b"none"), None);
        assert_eq!(part(b"AB12", b"Certificate thumbprint", b"thumbprint"), Some(&b"AB12"[..]));
        assert_eq!(part(b"AB12", b"Certificate thumbprint", b"subject"), None);
    }
}
