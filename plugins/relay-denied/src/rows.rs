//! What the detector reads, and under which conditions.
//!
//! Each condition on letters without regard to case stands beside literals of
//! digits, so that the host can look for the digits at full speed. There is one
//! subscription per place a reply can stand in: an event that satisfied two
//! would be handed over twice.

use logwasp_sdk::{Condition, Site, Subscription, absent, contains, equals};

use crate::config::Config;

logwasp_sdk::rows! {
    /// What the detector reads.
    pub(crate) enum Row<'a> {
        /// A refusal in an SMTP protocol log, with the facts of its session.
        Session on "exchange-smtp-session" {
            host: "@host",
            direction: "direction",
            event: "event",
            reply: "reply",
            ip: "ip",
            local_ip: "local_ip",
            connector: "connector",
            server: "server",
            ehlo: "ehlo",
            peer_name: "peer_name",
            tls_subject: "tls_subject",
            sent_subject: "sent_subject",
            sent_thumbprint: "sent_thumbprint",
            mail_from: "mail_from",
            rcpts: "rcpts[*]",
            accepted_rcpts: "accepted_rcpts[*]",
            auth_user: "auth_user",
            xoorg: "xoorg",
        }
        /// A mail, above all a bounce, that quotes a refusal.
        Mail on "mail-headers" {
            body: "body",
            headers: "@raw",
            from: "From",
            to: "To",
            subject: "Subject",
            return_path: "Return-Path",
            content_type: "Content-Type",
            auto_submitted: "Auto-Submitted",
            failed_recipients: "X-Failed-Recipients",
        }
        /// A log line of a gateway that quotes a refusal.
        Syslog on "syslog" { host: "@host", app: "app-name", message: "message" }
        /// The same in a file without syslog headers.
        Text on "text" { host: "@host", message: "message" }
        /// A failed recipient in a message tracking log.
        Tracking on "exchange-tracking" {
            host: "@host",
            server: "server-hostname",
            connector: "connector-id",
            status: "recipient-status",
            sender: "sender-address",
            recipient: "recipient-address",
            message_id: "message-id",
        }
        /// A management command that may explain a sudden refusal.
        Command on "windows-event" {
            event_id: "@event_id",
            data: "Data[*]",
            message: "Message",
        }
        /// A log that only an Exchange server writes: its host is one.
        Coverage on "coverage" { host: "@host" }
    }
}

/// Codes of the refusals, as the protocol writes them. `550 5.7.1` and
/// `530 5.7.1` have a blank behind them: `5.7.1xx` is something else.
const CODES: [&str; 10] = [
    "550 5.7.1 ",
    "550-5.7.1 ",
    "550 5.7.54",
    "550-5.7.54",
    "550 5.7.6",
    "550-5.7.6",
    "550 5.7.511",
    "550-5.7.511",
    "530 5.7.1 ",
    "530 5.7.57",
];
/// Words of which a refusal has one.
const WORDS: [&str; 5] = [
    "unable to relay",
    "client was not authenticated",
    "tenantattribution",
    "access denied",
    "banned send",
];
/// The same for text that may be broken into lines anywhere.
const CODES_WRAPPED: [&str; 5] = ["550 5.7.1", "550 5.7.54", "550 5.7.6", "550 5.7.511", "530 5.7"];
const WORDS_WRAPPED: [&str; 5] =
    ["unable", "authenticated", "tenantattribution", "denied", "banned"];

/// Commands after which a refused connector is likely the command's doing.
pub(crate) const CHANGE_COMMANDS: [&str; 4] = [
    "New-ReceiveConnector",
    "New-HybridConfiguration",
    "Set-HybridConfiguration",
    "Update-HybridConfiguration",
];

/// Everything the detector wants to see.
pub(crate) fn subscriptions(config: &Config, _: &Site) -> Vec<Subscription> {
    vec![
        Session::subscribe(refusal_in_reply(config.include_d6)),
        Mail::subscribe(refusal_in_text("body")),
        Mail::subscribe([refusal_in_text("@raw").as_slice(), &[no_code_in_body()]].concat()),
        Syslog::subscribe(refusal_in_line("message")),
        Text::subscribe(refusal_in_line("message")),
        Tracking::subscribe(
            [&[equals("event-id", "FAIL")], refusal_in_line("recipient-status").as_slice()]
                .concat(),
        ),
        Command::subscribe(management([contains("Data", CHANGE_COMMANDS)])),
        Command::subscribe(management([absent("Data"), contains("Message", CHANGE_COMMANDS)])),
        Coverage::subscribe([equals("exchange", "true")]),
    ]
}

fn refusal_in_reply(include_d6: bool) -> [Condition; 2] {
    let (mut codes, mut words) = (CODES.to_vec(), WORDS.to_vec());
    if include_d6 {
        codes.push("550 5.1.10 ");
        words.extend(["recipientnotfound", "recipient not found"]);
    }
    [contains("reply", codes), contains("reply", words).ignoring_case()]
}

fn refusal_in_line(field: &str) -> [Condition; 2] {
    [contains(field, CODES), contains(field, WORDS).ignoring_case()]
}

fn refusal_in_text(field: &str) -> [Condition; 2] {
    [contains(field, CODES_WRAPPED), contains(field, WORDS_WRAPPED).ignoring_case()]
}

/// Keeps a mail that quotes in both places from being handed over twice.
fn no_code_in_body() -> Condition {
    contains("body", CODES_WRAPPED).negated()
}

/// The event id, 1, is no condition: as one it would have the host look at every
/// event with that common id.
fn management<const N: usize>(what: [Condition; N]) -> Vec<Condition> {
    let mut all = vec![equals("@channel", "MSExchange Management")];
    all.extend(what);
    all
}
