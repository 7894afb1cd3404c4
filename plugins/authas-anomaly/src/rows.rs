//! What the detector reads.

use logwasp_sdk::{Subscription, absent, contains, equals, present, rows};

rows! {
    /// The rows of the three inputs.
    pub enum Row<'a> {
        /// The header block of a message. It is read from the raw text, since the
        /// order of the headers matters.
        Mail on "mail-headers" { block: "@raw" }
        /// A message that a server took over, as tracking or the extended trace of
        /// Exchange Online tells it.
        Trace on "exchange-tracking" {
            message_id: "message-id",
            sender: "sender-address",
            client_hostname: "client-hostname",
            original_client_ip: "original-client-ip",
            connector: "connector-id",
            message_info: "message-info",
            directionality: "directionality",
            tenant: "tenant-id",
            custom_data: "custom-data",
        }
        /// A line of a mail gateway that quotes headers.
        GatewaySyslog on "syslog" { host: "@host", message: "message" }
        /// The same from a gateway's own log file.
        GatewayText on "text" { host: "@host", message: "message" }
    }
}

const AUTH_AS: &str = "X-MS-Exchange-Organization-AuthAs";

/// What only a server of Exchange Online writes about the host it took mail from.
const TRACE_MARKS: [&str; 2] = ["S:FromEntity=", "S:ProxiedClient"];

pub(crate) fn subscriptions() -> Vec<Subscription> {
    let quotes_auth_as = || contains("message", [AUTH_AS]).ignoring_case();
    vec![
        // Any X-MS-Exchange-Organization-* header may have been injected, so every
        // message with a route is looked at; one without a route, only for AuthAs.
        Mail::subscribe([present("Received")]),
        Mail::subscribe([absent("Received"), present(AUTH_AS)]),
        Trace::subscribe([
            equals("source", "SMTP"),
            equals("event-id", "RECEIVE"),
            contains("custom-data", TRACE_MARKS),
        ]),
        GatewaySyslog::subscribe([quotes_auth_as()]),
        GatewayText::subscribe([quotes_auth_as()]),
    ]
}
