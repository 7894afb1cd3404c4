//! Mails and bounces in all their shapes.

use super::*;
use crate::time::{TimeQuality, YearReference, Zones, to_rfc3339};

/// The fields of a mail, and when it was.
fn read(mail: &str) -> (Vec<(String, String)>, Option<String>) {
    let arena = Bump::new();
    let zones = Zones::all_in(jiff::tz::TimeZone::UTC);
    let context = Context { arena: &arena, zones: &zones, year: YearReference { nanos: 0 } };
    let mut event = Event::default();
    decode(mail.as_bytes(), &context, &mut event).unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let fields = event.fields.iter();
    let fields = fields.map(|field| (text(field.name), text(field.value.text(&arena)))).collect();
    let time = (event.time_quality != TimeQuality::None).then(|| to_rfc3339(event.time));
    (fields, time)
}

fn body(mail: &str) -> String {
    let (fields, _) = read(mail);
    fields.into_iter().rfind(|(name, _)| name == "body").map(|(_, text)| text).unwrap_or_default()
}

/// Scenario: folded headers in any case, repeated ones, lines that are none.
/// Guarantees: order and repetitions stay, names are the usual ones, the newest
/// server's time counts.
#[test]
fn headers_are_read_in_order() {
    let mail = "RECEIVED: from a\r\n\tby b; Fri, 20 Nov 2026 10:12:09 +0100\r\nnonsense\r\n\
                Received: from c by d; Fri, 20 Nov 2026 10:12:08 +0100\r\nsubject: =?utf-8?q?=41?=\r\n\
                X-Own:\r\n\r\nbody\r\n";
    let (fields, time) = read(mail);
    let fields: Vec<_> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(
        fields,
        [
            ("Received", "from a\tby b; Fri, 20 Nov 2026 10:12:09 +0100"),
            ("Received", "from c by d; Fri, 20 Nov 2026 10:12:08 +0100"),
            ("Subject", "=?utf-8?q?=41?="),
            ("X-Own", ""),
            ("body", "body\r\n"),
        ]
    );
    assert_eq!(time.as_deref(), Some("2026-11-20T09:12:09.000000000Z"));
}

/// Scenario: the text of a bounce, which quotes the headers of the mail.
/// Guarantees: the headers are the mail's, the body says why, the server is named.
#[test]
fn bounces_quote_headers() {
    let text = "Delivery has failed to these recipients:\n\nanna@x\n\nDiagnostic information for administrators:\n\n\
                Generating server: EXCH01.contoso.com\n\nanna@x\nRemote Server returned '554 5.4.6'\n\n\
                Original message headers:\n\nReceived: from a by b; Fri, 20 Nov 2026 10:12:09 +0100\nX-EOPAttributedMessage: 2\n";
    let (fields, time) = read(text);
    let value = |name: &str| {
        fields.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    };
    assert_eq!(value("X-EOPAttributedMessage"), "2");
    assert_eq!(value("Generating server"), "EXCH01.contoso.com");
    assert!(value("body").contains("Remote Server returned '554 5.4.6'"));
    assert!(!value("body").contains("X-EOP") && time.is_some());
}

/// Scenario: bodies in base64 and quoted-printable, alone and as parts, with an
/// attachment.
/// Guarantees: what people would read is there, the attachment is not.
#[test]
fn packed_bodies_become_readable() {
    let packed =
        "From: a\nContent-Transfer-Encoding: BASE64\n\nNTUwIDUuNy4xIFVuYWJsZSB0\r\nbyByZWxheQ==\n";
    assert_eq!(body(packed).trim_end(), "550 5.7.1 Unable to relay");
    let quoted =
        "From: a\nContent-Transfer-Encoding: quoted-printable\n\n550 5.7.1 Un=\r\nable=20to=zz\n";
    assert_eq!(body(quoted).trim_end(), "550 5.7.1 Unable to=zz");
    let report = "From: a\nContent-Type: multipart/report;\n boundary=\"x y\"\n\n--x y\nContent-Type: text/plain\n\
                  Content-Transfer-Encoding: base64\n\nNTUwIDUuNy4x\n--x y\nContent-Type: message/delivery-status\n\n\
                  Diagnostic-Code: smtp;550\n--x y\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=\n--x y--\n";
    let text = body(report);
    assert!(text.contains("550 5.7.1\n") && text.contains("smtp;550"), "{text}");
    assert!(!text.contains("iVBOR") && !text.contains("NTUw"), "{text}");
    let plain = "From: a\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\ntext\n--b--\n";
    assert_eq!(body(plain), "--b\n\ntext\n--b--\n");
}

/// Scenario: a mail of a mailbox file, with protected lines.
/// Guarantees: one quote goes, and only where it protects.
#[test]
fn mailbox_quotes_go() {
    let mail = "From a@b Fri Nov 20 10:12:09 2026\nFrom: a\n\n>From here\n>>From there\n> From\n";
    assert_eq!(body(mail), "From here\n>From there\n> From\n");
}
