//! What the detector reads: typed rows and the conditions that choose them.
//!
//! Conditions carry literals wherever there are any, so that the host can skip
//! what matches none of them without decoding it.

use logwasp_sdk::{Subscription, any_of, contains, equals, number_in, prefix, rows};

rows! {
    /// What the detector reads.
    pub enum Row<'a> {
        /// An account was locked out (4740, 644), unlocked (4767, 671), or its password
        /// was changed (4723, 627) or set (4724, 628).
        Account on "windows-event" {
            event_id: "@event_id",
            host: "@host",
            provider: "@provider",
            user: "TargetUserName",
            domain: "TargetDomainName",
            sid: "TargetSid",
            subject: "SubjectUserName",
            subject_domain: "SubjectDomainName",
            keywords: "Keywords",
        }
        /// A failed logon (4625, 529-537, 539).
        Logon on "windows-event" {
            event_id: "@event_id",
            host: "@host",
            provider: "@provider",
            user: "TargetUserName",
            domain: "TargetDomainName",
            status: "Status",
            sub_status: "SubStatus",
            kind: "LogonType",
            workstation: "WorkstationName",
            ip: "IpAddress",
            process: "ProcessName",
            process_id: "ProcessId",
        }
        /// A failed Kerberos pre-authentication or ticket request (4771, 675, 4768).
        Kerberos on "windows-event" {
            event_id: "@event_id",
            host: "@host",
            provider: "@provider",
            user: "TargetUserName",
            status: "Status",
            ip: "IpAddress",
        }
        /// A failed NTLM validation (4776, 680, 681).
        Ntlm on "windows-event" {
            event_id: "@event_id",
            host: "@host",
            provider: "@provider",
            user: "TargetUserName",
            workstation: "Workstation",
            status: "Status",
        }
        /// An event of an Exchange server; 1035 is a failed SMTP AUTH.
        ExchangeEvent on "windows-event" {
            event_id: "@event_id",
            host: "@host",
            error: "Error",
            ip: "IpAddress",
        }
        /// A failed logon in netlogon.log.
        Netlogon on "netlogon" {
            user: "user",
            domain: "domain",
            workstation: "workstation",
            via: "via",
            status: "status",
        }
        /// A refused HTTP request, or an AUTH command of the SMTP service of IIS 6.
        Iis on "iis" {
            host: "@host",
            server_name: "s-computername",
            server_ip: "s-ip",
            site: "s-sitename",
            port: "s-port",
            method: "cs-method",
            path: "cs-uri-stem",
            query: "cs-uri-query",
            user: "cs-username",
            client: "c-ip",
            forwarded: "X-Forwarded-For",
            agent: "cs(User-Agent)",
            status: "sc-status",
            win32: "sc-win32-status",
        }
        /// A failed SMTP AUTH with the facts of its session.
        Session on "exchange-smtp-session" {
            host: "@host",
            server: "server",
            local_ip: "local_ip",
            ip: "ip",
            direction: "direction",
            auth_user: "auth_user",
            auth_error: "auth_error",
            data: "data",
            context: "context",
        }
        /// A refused IMAP4 or POP3 logon, or a POP3 USER command.
        Mailbox on "exchange-imap-pop" {
            host: "@host",
            server: "sIp",
            client: "cIp",
            session: "sessionId",
            user: "user",
            command: "command",
            parameters: "parameters",
            context: "context",
        }
        /// A refused ActiveSync request in the log of the HTTP proxy.
        Proxy on "exchange-httpproxy" {
            host: "@host",
            server: "ServerHostName",
            client: "ClientIpAddress",
            agent: "UserAgent",
            query: "UrlQuery",
        }
        /// Which logs were read of which host.
        Coverage on "coverage" {
            host: "@host",
            kind: "kind",
            from: "from",
            to: "to",
            direction: "direction",
            exchange: "exchange",
            source: "source",
        }
    }
}

/// `sc-win32-status` of refused logons; handshakes and vanished clients are not
/// among them.
const WIN32_FAILURES: [&str; 11] =
    ["1326", "1327", "1328", "1329", "1330", "1331", "1385", "1793", "1907", "1909", "2148074252"];

/// NTSTATUS of failed logons in netlogon.log.
const NETLOGON_FAILURES: [&str; 8] = [
    "0xC000006A",
    "0xC000006D",
    "0xC0000234",
    "0xC0000064",
    "0xC0000071",
    "0xC0000072",
    "0xC0000193",
    "0xC0000224",
];

/// A failed SMTP AUTH (1035), and what every Exchange server writes each quarter of
/// an hour when it looks for domain controllers (2080): enough to know the servers,
/// without having each of their events delivered.
const EXCHANGE_EVENTS: [&str; 2] = ["1035", "2080"];

/// What the detector wants to see.
pub(crate) fn subscriptions() -> Vec<Subscription> {
    let mut all = windows();
    all.extend(servers());
    all.push(Coverage::subscribe([any_of(
        "kind",
        [
            "iis",
            "exchange-smtp",
            "exchange-imap-pop",
            "exchange-httpproxy",
            "exchange-tracking",
            "exchange-connectivity",
        ],
    )]));
    // The event log of an Exchange server says nothing about clients, but whose it is.
    all.push(Coverage::subscribe([equals("kind", "windows-event"), equals("exchange", "true")]));
    all
}

fn windows() -> Vec<Subscription> {
    let id = |ids: &[&str]| any_of("@event_id", ids.iter().copied());
    let legacy = ["4625", "529", "530", "531", "532", "533", "534", "535", "536", "537", "539"];
    vec![
        Account::subscribe([id(&["4740", "644", "4767", "671", "4723", "4724", "627", "628"])]),
        // A logon without a user is Schannel's certificate mapping.
        Logon::subscribe([id(&legacy), any_of("TargetUserName", ["", "-"]).negated()]),
        // Pre-authentication required and clock skew are nobody's failure.
        Kerberos::subscribe([
            id(&["4771", "675"]),
            number_in("Status", ["0x19", "0x25"]).negated(),
        ]),
        Kerberos::subscribe([
            id(&["4768"]),
            number_in("Status", ["0x1", "0x6", "0x12", "0x17", "0x18"]),
        ]),
        Ntlm::subscribe([id(&["4776", "680", "681"]), number_in("Status", ["0"]).negated()]),
        ExchangeEvent::subscribe([
            any_of("@event_id", EXCHANGE_EVENTS),
            prefix("@provider", ["MSExchange"]),
        ]),
        Netlogon::subscribe([any_of("status", NETLOGON_FAILURES).ignoring_case()]),
    ]
}

fn servers() -> Vec<Subscription> {
    let auth = || equals("cs-method", "AUTH");
    let user = || equals("command", "user").ignoring_case();
    vec![
        Iis::subscribe([any_of("sc-win32-status", WIN32_FAILURES), auth().negated()]),
        Iis::subscribe([auth()]),
        Session::subscribe([contains("context", ["failed because of"])]),
        // Older servers log nothing but the reply.
        Session::subscribe([prefix("data", ["535 "]), equals("event", ">")]),
        Mailbox::subscribe([
            any_of("command", ["login", "authenticate", "auth", "pass"]).ignoring_case(),
            contains("context", ["NO ", "-ERR", "LogonDenied", "LogonFailed"]),
        ]),
        Mailbox::subscribe([user()]),
        Proxy::subscribe([equals("Protocol", "Eas"), equals("HttpStatus", "401")]),
    ]
}
