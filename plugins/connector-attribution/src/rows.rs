//! What the detector reads.

use logwasp_sdk::{Site, Subscription, any_of, contains, equals, present, rows};

rows! {
    /// What the detector reads.
    pub(crate) enum Row<'a> {
        /// A row of the extended trace of Exchange Online, or of message tracking.
        Trace on "exchange-tracking" {
            event_id: "event-id",
            source: "source",
            client_hostname: "client-hostname",
            server_hostname: "server-hostname",
            connector: "connector-id",
            message_id: "message-id",
            recipients: "recipient-address",
            sender: "sender-address",
            tenant: "tenant-id",
            original_client_ip: "original-client-ip",
            custom_data: "custom-data",
        }
        /// The headers of a message that Exchange Online attributed to a tenant.
        Mail on "mail-headers" {
            message_id: "Message-ID",
            tenant: "X-EOPTenantAttributedMessage",
            from: "From",
        }
        /// A message that the next hop accepted, in a send log.
        Session on "exchange-smtp-session" {
            host: "@host",
            direction: "direction",
            reply: "reply",
            connector: "connector",
            server: "server",
            peer_name: "peer_name",
            sent_thumbprint: "sent_thumbprint",
            sent_subject: "sent_subject",
            mail_from: "mail_from",
            rcpts: "rcpts[*]",
            accepted_rcpts: "accepted_rcpts[*]",
        }
        /// The same in a gateway's syslog.
        Syslog on "syslog" { host: "@host", message: "message" }
        /// The same in a gateway's own log file.
        Text on "text" { host: "@host", message: "message" }
    }
}

/// Events that show the trace alive; the messages that came in are among them.
const TRACE_EVENTS: [&str; 5] = ["RECEIVE", "SEND", "SENDEXTERNAL", "DELIVER", "FAIL"];
/// The reply to a message that was taken over.
const ACCEPTED: &str = "250 2.6.0 ";
pub(crate) const FRONT_DOOR: &str = ".mail.protection.outlook.com";

pub(crate) fn subscriptions(site: &Site) -> Vec<Subscription> {
    let mut all = vec![
        Trace::subscribe([any_of("event-id", TRACE_EVENTS)]),
        Mail::subscribe([present("X-EOPTenantAttributedMessage")]),
    ];
    // Without own domains nobody can tell whose mail was discarded, and the many
    // successful deliveries need not be looked at.
    if !site.accepted_domains.is_empty() {
        let in_line =
            || [contains("message", [ACCEPTED]), contains("message", [FRONT_DOOR]).ignoring_case()];
        all.push(Session::subscribe([equals("event", "<"), contains("reply", [ACCEPTED])]));
        all.push(Syslog::subscribe(in_line()));
        all.push(Text::subscribe(in_line()));
    }
    all
}
