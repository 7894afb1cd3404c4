//! Events of the transport service about a certificate it does not find.
//!
//! They carry unnamed strings; where the rendered text is there too, it says which
//! is which.

use logwasp_sdk::book::Facts;
use logwasp_sdk::identity::meaningful;

use crate::rows::Transport;

/// What the event names: `connector` and `fqdn` (12014), `thumbprint` (12013, 12024).
pub(crate) fn facts(row: &Transport<'_>) -> Facts {
    if row.event_id == Some("12014") {
        let (fqdn, connector) = connector_and_name(row);
        return Facts::default().with("connector", connector).with("fqdn", fqdn);
    }
    Facts::default().with("thumbprint", thumbprint(row))
}

/// `... the STARTTLS SMTP verb for the connector <name> with a FQDN parameter of
/// <name>`; the strings are the domain name, the connector and the FQDN.
fn connector_and_name<'a>(row: &Transport<'a>) -> (Option<&'a str>, Option<&'a str>) {
    let message = row.message.unwrap_or_default();
    let from_text = message.split_once("for the connector ").and_then(|(_, rest)| {
        let (connector, rest) = rest.split_once(" with a FQDN parameter of ")?;
        let fqdn = rest.split([' ', '\r', '\n']).next()?.trim_end_matches('.');
        Some((meaningful(fqdn), meaningful(connector)))
    });
    from_text.unwrap_or_else(|| {
        let fqdn = row.third.and_then(meaningful).or(row.first);
        (fqdn, row.second)
    })
}

/// The first run of 40 hex digits (SHA-1).
fn thumbprint<'a>(row: &Transport<'a>) -> Option<&'a str> {
    let texts = [row.first, row.second, row.third, row.message];
    let is_thumbprint =
        |word: &&str| word.len() == 40 && word.bytes().all(|b| b.is_ascii_hexdigit());
    texts
        .into_iter()
        .flatten()
        .find_map(|text| text.split(|c: char| !c.is_ascii_alphanumeric()).find(is_thumbprint))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row<'a>(event_id: &'a str, data: [Option<&'a str>; 3], message: Option<&'a str>) -> Facts {
        let [first, second, third] = data;
        facts(&Transport { event_id: Some(event_id), host: None, first, second, third, message })
    }

    /// Scenario: the strings of the event, its rendered text, and neither.
    /// Guarantees: the same connector, name and thumbprint from both.
    #[test]
    fn strings_and_text_say_the_same() {
        let data = [Some("mail.contoso.com"), Some("Internet mail"), Some("mail.contoso.com")];
        let text = "Microsoft Exchange could not find a certificate that contains the domain name \
                    mail.contoso.com in the personal store on the local computer. Therefore, it \
                    is unable to support the STARTTLS SMTP verb for the connector Internet mail \
                    with a FQDN parameter of mail.contoso.com. If the connector's FQDN is not ...";
        let expected = Facts::default()
            .with("connector", Some("Internet mail"))
            .with("fqdn", Some("mail.contoso.com"));
        assert_eq!(row("12014", data, None), expected);
        assert_eq!(row("12014", [None; 3], Some(text)), expected);
        let print = "6185A6B241DE02FCD5DEAA247130D947F912D04F";
        let expected = Facts::default().with("thumbprint", Some(print));
        assert_eq!(row("12013", [Some(print), None, None], None), expected);
        let text = format!("The certificate with thumbprint {print} cannot be loaded.");
        assert_eq!(row("12024", [None; 3], Some(&text)), expected);
        assert_eq!(row("12013", [Some("x"), None, None], None), Facts::default());
    }
}
