//! Writes events as the host's normalization gives them.

use logwasp_sdk::testkit::{TestEvent, windows};

/// The SID of `user1`.
pub const SID: &str = "S-1-5-21-3457937927-2839227994-823803824-2104";

/// 4740: a domain controller locked an account.
pub fn locked(second: i64, dc: &str, user: &str, caller: &str) -> TestEvent {
    windows(
        second,
        dc,
        4740,
        &[
            ("TargetUserName", user),
            ("TargetDomainName", caller),
            ("TargetSid", if user == "user1" { SID } else { "" }),
            ("SubjectUserSid", "S-1-5-18"),
            ("SubjectUserName", "DC01$"),
            ("SubjectDomainName", "CONTOSO"),
            ("SubjectLogonId", "0x3e7"),
        ],
    )
}

/// 4767: an account was unlocked.
pub fn unlocked(second: i64, dc: &str, user: &str) -> TestEvent {
    windows(
        second,
        dc,
        4767,
        &[
            ("TargetUserName", user),
            ("TargetDomainName", "CONTOSO"),
            ("TargetSid", if user == "user1" { SID } else { "" }),
            ("SubjectUserName", "helpdesk7"),
            ("SubjectDomainName", "CONTOSO"),
        ],
    )
}

/// 4723: a user changed the own password.
pub fn password_changed(second: i64, dc: &str, user: &str) -> TestEvent {
    let fields = [("TargetUserName", user), ("Keywords", "0x8020000000000000")];
    windows(second, dc, 4723, &fields)
}

/// 4771: Kerberos pre-authentication failed.
pub fn kerberos(second: i64, dc: &str, user: &str, status: &str, ip: &str) -> TestEvent {
    windows(
        second,
        dc,
        4771,
        &[
            ("TargetUserName", user),
            ("ServiceName", "krbtgt/CONTOSO"),
            ("Status", status),
            ("PreAuthType", "2"),
            ("IpAddress", ip),
            ("IpPort", "49254"),
        ],
    )
}

/// 4776: NTLM validation failed.
pub fn ntlm(second: i64, dc: &str, user: &str, status: &str, workstation: &str) -> TestEvent {
    windows(
        second,
        dc,
        4776,
        &[
            ("PackageName", "MICROSOFT_AUTHENTICATION_PACKAGE_V1_0"),
            ("TargetUserName", user),
            ("Workstation", workstation),
            ("Status", status),
        ],
    )
}

/// 4625: a logon failed; further fields replace the usual ones.
pub fn logon(second: i64, host: &str, user: &str, fields: &[(&str, &str)]) -> TestEvent {
    let usual = [
        ("TargetUserName", user),
        ("TargetDomainName", "CONTOSO"),
        ("Status", "0xc000006d"),
        ("SubStatus", "0xc000006a"),
        ("LogonType", "3"),
        ("LogonProcessName", "NtLmSsp "),
        ("AuthenticationPackageName", "NTLM"),
        ("WorkstationName", "-"),
        ("ProcessId", "0x0"),
        ("ProcessName", "-"),
        ("IpAddress", "-"),
    ];
    let replaced = |name: &str| fields.iter().any(|(other, _)| *other == name);
    let mut all: Vec<(&str, &str)> =
        usual.into_iter().filter(|(name, _)| !replaced(name)).collect();
    all.extend(fields);
    windows(second, host, 4625, &all)
}

/// 529 of Windows 2003: a service on the host itself tried the logon.
pub fn legacy_logon(second: i64, host: &str, user: &str, process_id: &str) -> TestEvent {
    windows(
        second,
        host,
        529,
        &[
            ("TargetUserName", user),
            ("TargetDomainName", ""),
            ("LogonType", "3"),
            ("LogonProcessName", "Advapi  "),
            ("AuthenticationPackageName", "MICROSOFT_AUTHENTICATION_PACKAGE_V1_0"),
            ("WorkstationName", host),
            ("SubjectUserName", "EXCHSRV01$"),
            ("SubjectDomainName", "CONTOSO"),
            ("SubjectLogonId", "(0x0,0x3E7)"),
            ("ProcessId", process_id),
        ],
    )
}

/// A `Returns` line of netlogon.log.
pub fn netlogon(second: i64, user: &str, workstation: &str, via: &str, status: &str) -> TestEvent {
    let mut fields = vec![
        ("category", "LOGON"),
        ("domain", "CONTOSO"),
        ("logon_kind", "Transitive Network"),
        ("user", user),
        ("workstation", workstation),
        ("status", status),
    ];
    if !via.is_empty() {
        fields.push(("via", via));
    }
    TestEvent::new("netlogon", second, "", &fields)
}

/// A refused request of the web server.
pub struct Http<'a> {
    /// `@host`.
    pub host: &'a str,
    /// `cs-uri-stem`.
    pub path: &'a str,
    /// `cs-uri-query`.
    pub query: &'a str,
    /// `cs-username`.
    pub user: &'a str,
    /// `c-ip`.
    pub ip: &'a str,
    /// `sc-win32-status`.
    pub win32: &'a str,
}

impl Default for Http<'_> {
    fn default() -> Self {
        Self {
            host: "EXCH01",
            path: "/Microsoft-Server-ActiveSync/default.eas",
            query: "-",
            user: "CONTOSO\\user1",
            ip: "203.0.113.45",
            win32: "1326",
        }
    }
}

impl Http<'_> {
    /// The request at a second; further fields come first.
    pub fn at(&self, second: i64, fields: &[(&str, &str)]) -> TestEvent {
        let mut all = fields.to_vec();
        all.extend([
            ("s-ip", "10.0.0.25"),
            ("cs-method", "POST"),
            ("cs-uri-stem", self.path),
            ("cs-uri-query", self.query),
            ("s-port", "443"),
            ("cs-username", self.user),
            ("c-ip", self.ip),
            ("cs(User-Agent)", "Apple-iPhone15C2/2107.102"),
            ("sc-status", "401"),
            ("sc-substatus", "1"),
            ("sc-win32-status", self.win32),
        ]);
        TestEvent::new("iis", second, self.host, &all)
    }
}

/// An AUTH command that the SMTP service of IIS 6 refused.
pub fn iis6_auth(second: i64, host: &str, ip: &str) -> TestEvent {
    TestEvent::new(
        "iis",
        second,
        host,
        &[
            ("c-ip", ip),
            ("cs-username", "webapp01"),
            ("s-sitename", "SMTPSVC1"),
            ("s-computername", host),
            ("s-ip", "10.0.0.25"),
            ("cs-method", "AUTH"),
            ("cs-uri-stem", "-"),
            ("cs-uri-query", "LOGIN"),
            ("sc-status", "535"),
            ("sc-win32-status", "0"),
        ],
    )
}

/// The session of a failed SMTP AUTH; the candidate is the row that tells why.
pub fn smtp_auth(second: i64, server: &str, ip: &str, user: &str) -> TestEvent {
    let mut fields = vec![
        ("server", server),
        ("connector", "EXCH01\\Client Frontend EXCH01"),
        ("direction", "receive"),
        ("session-id", "08DE1F0A5C000031"),
        ("local_ip", "10.0.0.25"),
        ("ip", ip),
        ("auth_error", "LogonDenied"),
        ("event", "*"),
        ("data", ""),
        ("context", "Inbound AUTH LOGIN failed because of LogonDenied"),
    ];
    if !user.is_empty() {
        fields.push(("auth_user", user));
    }
    TestEvent::new("exchange-smtp-session", second, server, &fields)
}

/// The session of a refused SMTP AUTH of which only the reply was logged.
pub fn smtp_reply(second: i64, server: &str, ip: &str) -> TestEvent {
    let fields = [
        ("server", server),
        ("direction", "receive"),
        ("local_ip", "10.0.0.25"),
        ("ip", ip),
        ("event", ">"),
        ("data", "535 5.7.3 Authentication unsuccessful"),
        ("reply", "535 5.7.3 Authentication unsuccessful"),
        ("context", ""),
    ];
    TestEvent::new("exchange-smtp-session", second, server, &fields)
}

/// A log was read.
pub fn coverage(from: i64, to: i64, host: &str, kind: &str, exchange: bool) -> TestEvent {
    let nanos = |second: i64| format!("{second}000000000");
    let (from_text, to_text) = (nanos(from), nanos(to));
    let mut fields = vec![("kind", kind), ("from", &from_text), ("to", &to_text)];
    if kind == "exchange-smtp" {
        fields.push(("direction", "receive"));
    }
    if exchange {
        fields.push(("exchange", "true"));
    }
    TestEvent::new("coverage", from, host, &fields)
}
