//! What the detector reads.

use logwasp_sdk::{Condition, Subscription, absent, any_of, contains, equals, present, rows};

rows! {
    /// What the detector reads.
    pub(crate) enum Row<'a> {
        /// The reply that ends a loop, in an SMTP protocol log.
        Session on "exchange-smtp-session" {
            host: "@host",
            direction: "direction",
            id: "session-id",
            reply: "reply",
            server: "server",
            connector: "connector",
            ip: "ip",
            local_ip: "local_ip",
            peer_name: "peer_name",
            ehlo: "ehlo",
            mail_from: "mail_from",
            rcpts: "rcpts[*]",
        }
        /// A message that comes or goes by SMTP, in a tracking log.
        Visit on "exchange-tracking" {
            host: "@host",
            event_id: "event-id",
            client_ip: "client-ip",
            client_hostname: "client-hostname",
            server_ip: "server-ip",
            server_hostname: "server-hostname",
            connector: "connector-id",
            message_id: "message-id",
            recipients: "recipient-address",
            sender: "sender-address",
            tenant: "tenant-id",
        }
        /// A tracking row that quotes the reply.
        Failed on "exchange-tracking" {
            host: "@host",
            server_hostname: "server-hostname",
            connector: "connector-id",
            status: "recipient-status",
            message_id: "message-id",
            recipients: "recipient-address",
            sender: "sender-address",
            tenant: "tenant-id",
        }
        /// A mail: a bounce, or the header block of a message that loops.
        Mail on "mail-headers" { headers: "@raw", body: "body" }
        /// A gateway's log line that quotes the reply.
        Syslog on "syslog" { host: "@host", app: "app-name", message: "message" }
        /// The same in a file without syslog headers.
        Text on "text" { host: "@host", message: "message" }
        /// A log that only an Exchange server writes: its host is one.
        Coverage on "coverage" { host: "@host" }
    }
}

/// Status codes of replies that end a loop.
const CODES: [&str; 2] = ["5.4.6", "5.4.14"];
/// Words of which a log line that quotes one has at least one.
const WORDS: [&str; 3] = ["hop count", "attr34", "remote server returned"];
/// Copies that servers keep for each other, and what is sent again from them, are no
/// visits: they have other sources and events.
const VISITS: [&str; 2] = ["RECEIVE", "SEND"];

pub(crate) fn subscriptions() -> Vec<Subscription> {
    vec![
        Session::subscribe([contains("reply", CODES)]),
        Visit::subscribe([equals("source", "SMTP"), any_of("event-id", VISITS)]),
        Failed::subscribe([
            contains("recipient-status", CODES),
            any_of("event-id", VISITS).negated(),
        ]),
        // Repetitions in the route give a loop away, so every mail with one is read.
        Mail::subscribe([present("Received")]),
        Mail::subscribe([absent("Received"), contains("body", CODES)]),
        Mail::subscribe([
            absent("Received"),
            contains("body", CODES).negated(),
            present("X-EOPAttributedMessage"),
        ]),
        Syslog::subscribe(quotes()),
        Text::subscribe(quotes()),
        Coverage::subscribe([equals("exchange", "true")]),
    ]
}

fn quotes() -> [Condition; 2] {
    [contains("message", CODES), contains("message", WORDS).ignoring_case()]
}
