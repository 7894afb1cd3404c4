//! What the detector reads: each place in which a reply of Exchange Online can stand.

use logwasp_sdk::{Condition, Subscription, contains, equals, rows};

rows! {
    /// What the detector reads.
    pub(crate) enum Row<'a> {
        /// A reply in the send log.
        Smtp on "exchange-smtp" {
            host: "@host",
            connector: "connector-id",
            local: "local-endpoint",
            remote: "remote-endpoint",
            reply: "data",
        }
        /// A deferred or failed recipient in the message tracking log.
        Tracking on "exchange-tracking" {
            host: "@host",
            server: "server-hostname",
            server_ip: "server-ip",
            connector: "connector-id",
            status: "recipient-status",
            context: "source-context",
        }
        /// A line of a gateway that quotes the reply.
        Syslog on "syslog" { host: "@host", app: "app-name", line: "message" }
        /// The same in a file without syslog headers.
        Text on "text" { host: "@host", line: "message" }
    }
}

/// Starts of the replies, as the protocol writes them.
const REPLIES: [&str; 7] =
    ["451 4.7.5", "451 4.7.6", "451-4.7.5", "451-4.7.6", "5.7.705", "5.7.708", "5.7.750"];

pub(crate) fn subscriptions() -> Vec<Subscription> {
    let reply = |field: &str| -> Condition { contains(field, REPLIES) };
    vec![
        Smtp::subscribe([reply("data"), equals("direction", "send"), equals("event", "<")]),
        Tracking::subscribe([reply("recipient-status")]),
        // A row that says it twice is handed over once.
        Tracking::subscribe([reply("source-context"), reply("recipient-status").negated()]),
        Syslog::subscribe([reply("message")]),
        Text::subscribe([reply("message")]),
    ]
}
