//! What the detector reads.

use logwasp_sdk::{Condition, Subscription, any_of, contains, equals, rows};

rows! {
    /// What the detector reads.
    pub(crate) enum Row<'a> {
        /// A failed handshake, or a peer that demands STARTTLS, in an SMTP protocol log.
        Smtp on "exchange-smtp" {
            host: "@host",
            connector: "connector-id",
            local: "local-endpoint",
            remote: "remote-endpoint",
            direction: "direction",
            data: "data",
            context: "context",
        }
        /// A line of OWA's instant messaging log.
        InstantMessaging on "exchange-owa-im" { host: "@host", line: "@raw" }
        /// The same in a file whose format was not recognised.
        Text on "text" { host: "@host", line: "message" }
        /// Transport misses a certificate.
        Transport on "windows-event" {
            event_id: "@event_id",
            host: "@host",
            first: "Data",
            second: "Data#2",
            third: "Data#3",
            message: "Message",
        }
        /// A log that only an Exchange server writes: its host is one.
        Coverage on "coverage" { host: "@host" }
    }
}

/// The words of a failed handshake; the error follows.
pub(crate) const FAILED: &str = "TLS negotiation failed with error";
/// A peer that does not take mail without TLS.
const MUST_STARTTLS: &str = "451 5.7.3 Must issue a STARTTLS";
/// The mark of a failed sign-in to the instant messaging server.
pub(crate) const IM_FAILURE: &str = "UCWEB Failure";

pub(crate) fn subscriptions() -> Vec<Subscription> {
    let must_starttls =
        [contains("data", [MUST_STARTTLS]), equals("direction", "send"), equals("event", "<")];
    vec![
        Smtp::subscribe([contains("context", [FAILED])]),
        Smtp::subscribe(must_starttls),
        InstantMessaging::subscribe([contains("@raw", [IM_FAILURE])]),
        Text::subscribe([contains("message", [IM_FAILURE])]),
        Transport::subscribe(certificate_missing()),
        Coverage::subscribe([equals("exchange", "true")]),
    ]
}

fn certificate_missing() -> [Condition; 2] {
    [
        any_of("@event_id", ["12013", "12014", "12024"]),
        any_of("@provider", ["MSExchangeTransport", "MSExchangeFrontEndTransport"]).ignoring_case(),
    ]
}
