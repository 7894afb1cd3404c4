//! What the detector reads.
//!
//! Each condition stands beside a rare literal where one exists: tickets with AES are
//! most of what a DC logs, so only those for listed Exchange servers are asked for.

use logwasp_sdk::{
    Condition, Site, Subscription, any_of, contains, equals, identity, number_in, prefix, rows,
};

use crate::config::Config;

rows! {
    /// What the detector reads.
    pub(crate) enum Row<'a> {
        /// A failed logon by Kerberos.
        Failure on "windows-event" {
            host: "@host",
            event_id: "@event_id",
            user_sid: "TargetUserSid",
            user: "TargetUserName",
            logon_type: "LogonType",
            package: "AuthenticationPackageName",
            process: "LogonProcessName",
            status: "Status",
            sub_status: "SubStatus",
            luid: "SubjectLogonId",
            message: "Message",
        }
        /// The same as a line of text.
        Syslog on "syslog" { host: "@host", app: "app-name", message: "message" }
        /// The same in a file of unknown format.
        Text on "text" { host: "@host", message: "message" }
        /// A client was told that its ticket cannot be decrypted.
        Modified on "windows-event" {
            host: "@host",
            server: "Server",
            server_name: "ServerName",
            target: "TargetName",
            data: "Data[*]",
            message: "Message",
        }
        /// Failed authentication between Exchange servers.
        Inbound on "windows-event" { host: "@host", ip: "IpAddress", error: "Error" }
        /// `454 4.7.0` in an SMTP protocol log.
        Session on "exchange-smtp-session" {
            host: "@host",
            direction: "direction",
            reply: "reply",
            server: "server",
            connector: "connector",
            ip: "ip",
            local_ip: "local_ip",
            peer_name: "peer_name",
            ehlo: "ehlo",
        }
        /// Clocks that differ too much.
        Skew on "windows-event" {
            host: "@host",
            ip: "IpAddress",
            server_name: "ServerName",
            target: "TargetName",
        }
        /// A service ticket.
        Ticket on "windows-event" {
            host: "@host",
            service: "ServiceName",
            etype: "TicketEncryptionType",
            status: "Status",
            ip: "IpAddress",
            user: "TargetUserName",
            keys: "ServiceAvailableKeys",
        }
        /// A DC has no key of the requested type, or warns about RC4.
        Kdc on "windows-event" {
            host: "@host",
            event_id: "@event_id",
            data: "Data[*]",
            message: "Message",
        }
        /// A ticket refused for its encryption type.
        Unsupported on "windows-event" { host: "@host", event_id: "@event_id", ip: "IpAddress" }
        /// A registry value changed, as the audit tells.
        Audit on "windows-event" {
            host: "@host",
            key: "ObjectName",
            operation: "OperationType",
            value: "NewValue",
            user: "SubjectUserName",
            process: "ProcessName",
        }
        /// The same as Sysmon tells.
        Sysmon on "windows-event" {
            host: "@host",
            target: "TargetObject",
            value: "Details",
            user: "User",
            process: "Image",
        }
        /// A message received by SMTP.
        Receive on "exchange-tracking" { message_info: "message-info" }
        /// A submission from a mailbox, or its failure.
        Submit on "exchange-tracking" { event_id: "event-id" }
        /// Whatever only an Exchange server logs: its host is one.
        Exchange on "windows-event" { host: "@host" }
        /// A log that only an Exchange server writes.
        Coverage on "coverage" { host: "@host" }
    }
}

const KERBEROS: [&str; 2] = ["Microsoft-Windows-Security-Kerberos", "Kerberos"];
const KDC: [&str; 3] = ["Microsoft-Windows-Kerberos-Key-Distribution-Center", "KDC", "Kdcsvc"];
/// 14 and 26 for the first ticket, 16 and 27 for service tickets; 201 to 209 about RC4.
const KDC_EVENTS: [&str; 13] =
    ["14", "16", "26", "27", "201", "202", "203", "204", "205", "206", "207", "208", "209"];
const TRANSPORT: [&str; 2] = ["MSExchangeTransport", "MSExchangeFrontEndTransport"];

pub(crate) fn subscriptions(config: &Config, site: &Site) -> Vec<Subscription> {
    let mut all = failures(config);
    all.extend(companions());
    all.extend(tickets(site));
    let id = |id: &str| equals("@event_id", id);
    all.extend([
        Audit::subscribe([
            id("4657"),
            equals("ObjectValueName", "DefaultEncryptionType").ignoring_case(),
        ]),
        Sysmon::subscribe([
            id("13"),
            contains("TargetObject", ["DefaultEncryptionType"]).ignoring_case(),
        ]),
        Receive::subscribe([equals("source", "SMTP"), equals("event-id", "RECEIVE")]),
        Submit::subscribe([
            equals("source", "STOREDRIVER"),
            any_of("event-id", ["SUBMIT", "SUBMITFAIL", "SUBMITDEFER"]),
        ]),
        Exchange::subscribe([prefix("@provider", ["MSExchange"])]),
        Coverage::subscribe([equals("exchange", "true")]),
    ]);
    all
}

/// By package, else by logon process, else by words: never the same event twice.
fn failures(config: &Config) -> Vec<Subscription> {
    let aliases: Vec<String> = config.alias_ids.iter().map(u32::to_string).collect();
    let ids = || {
        any_of("@event_id", ["4625", "537"].into_iter().chain(aliases.iter().map(String::as_str)))
    };
    let package = || equals("AuthenticationPackageName", "Kerberos").ignoring_case();
    let process = || prefix("LogonProcessName", ["Kerberos"]).ignoring_case();
    let words = contains("Message", ["invalid key"]).ignoring_case();
    let mut all = vec![
        Failure::subscribe([ids(), package()]),
        Failure::subscribe([ids(), package().negated(), process()]),
        Failure::subscribe([ids(), package().negated(), process().negated(), words]),
    ];
    if !aliases.is_empty() {
        let line = || -> [Condition; 2] {
            [
                contains("message", aliases.clone()),
                contains("message", ["kerberos"]).ignoring_case(),
            ]
        };
        all.push(Syslog::subscribe(line()));
        all.push(Text::subscribe(line()));
    }
    all
}

fn companions() -> Vec<Subscription> {
    let id = |id: &str| equals("@event_id", id);
    vec![
        Modified::subscribe([any_of("@provider", KERBEROS), id("4")]),
        Inbound::subscribe([
            any_of("@provider", TRANSPORT),
            id("1035"),
            equals("Mechanism", "ExchangeAuth").ignoring_case(),
        ]),
        Session::subscribe([
            contains("reply", ["454 4.7.0 "]),
            contains("reply", ["temporary authentication failure"]).ignoring_case(),
        ]),
        Skew::subscribe([
            any_of("@event_id", ["4768", "4769", "4771"]),
            number_in("Status", ["0x25"]),
        ]),
        Skew::subscribe([any_of("@provider", KERBEROS), id("3"), number_in("ErrorCode", ["0x25"])]),
    ]
}

fn tickets(site: &Site) -> Vec<Subscription> {
    let etype = |types: [&str; 2]| number_in("TicketEncryptionType", types);
    let id = || equals("@event_id", "4769");
    let accounts: Vec<String> = site
        .exchange_hosts
        .iter()
        .filter_map(|entry| identity::host(entry.split('=').next()?))
        .filter(|host| identity::ip(host).is_none())
        .map(|host| format!("{host}$"))
        .collect();
    let mut all = vec![
        Ticket::subscribe([id(), etype(["0x17", "0x18"])]),
        Kdc::subscribe([any_of("@provider", KDC), any_of("@event_id", KDC_EVENTS)]),
        Unsupported::subscribe([
            any_of("@event_id", ["4768", "4769"]),
            number_in("Status", ["0xE"]),
        ]),
    ];
    if !accounts.is_empty() {
        let service = any_of("ServiceName", accounts).ignoring_case();
        all.push(Ticket::subscribe([id(), service, etype(["0x11", "0x12"])]));
    }
    all
}
