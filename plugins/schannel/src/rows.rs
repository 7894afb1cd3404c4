//! What the detector reads.

use logwasp_sdk::{Subscription, any_of, contains, equals, prefix, rows};

rows! {
    /// A row of one of the subscriptions.
    pub(crate) enum Row<'a> {
        /// 4625: a logon that failed in Schannel.
        Logon on "windows-event" {
            host: "@host",
            process: "LogonProcessName",
            package: "AuthenticationPackageName",
            user: "TargetUserName",
            domain: "TargetDomainName",
            status: "Status",
            sub_status: "SubStatus",
            ip: "IpAddress",
        }
        /// An event of the provider Schannel. Newer builds put fields in front,
        /// so they are read by name only.
        Channel on "windows-event" {
            host: "@host",
            event_id: "@event_id",
            kind: "Type",
            error_code: "ErrorCode",
            error_status: "ErrorStatus",
            error_state: "ErrorState",
            protocol: "Protocol",
            alert: "AlertDesc",
            name: "Name",
            target_name: "TargetName",
            process: "CallerProcessImageName",
        }
        /// An SMTP session that negotiated TLS.
        Session on "exchange-smtp-session" {
            host: "@host",
            id: "session-id",
            direction: "direction",
            ip: "ip",
            ehlo: "ehlo",
            connector: "connector",
            tls_subject: "tls_subject",
        }
    }
}

/// Levels are no condition: 36887 and 36888 are errors on old builds and
/// informational on new ones.
const CHANNEL_EVENT_IDS: [&str; 11] = [
    "36870", "36871", "36874", "36876", "36879", "36881", "36882", "36883", "36884", "36887",
    "36888",
];

pub(crate) fn subscriptions() -> Vec<Subscription> {
    vec![
        Logon::subscribe([
            equals("@event_id", "4625"),
            prefix("LogonProcessName", ["Schannel"]).ignoring_case(),
        ]),
        Channel::subscribe([
            equals("@provider", "Schannel"),
            any_of("@event_id", CHANNEL_EVENT_IDS),
        ]),
        Session::subscribe([contains("context", ["negotiation succeeded"])]),
        Session::subscribe([prefix("context", ["Remote certificate"])]),
    ]
}
