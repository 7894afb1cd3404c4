//! Logs for benches: deterministic, and as ordinary as real ones. About one record
//! in a thousand is of interest to a stock detector.
#![expect(clippy::let_underscore_must_use, reason = "writing to a string cannot fail")]

use std::fmt::Write as _;
use std::io::{self, Write};

/// What can be generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Log {
    /// Event XML of a domain controller's Security channel, one event a line.
    EventXml,
    /// The same events as Winlogbeat writes them.
    Ndjson,
    /// IIS W3C lines of an Exchange server.
    Iis,
    /// An Exchange SMTP receive log.
    ExchangeSmtp,
    /// Syslog lines of Linux hosts.
    Syslog,
}

impl Log {
    /// All of them.
    pub(crate) const ALL: [Self; 5] =
        [Self::Syslog, Self::EventXml, Self::Ndjson, Self::Iis, Self::ExchangeSmtp];

    /// Its name in tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::EventXml => "Event XML",
            Self::Ndjson => "Winlogbeat NDJSON",
            Self::Iis => "IIS W3C",
            Self::ExchangeSmtp => "Exchange CSV",
            Self::Syslog => "syslog",
        }
    }

    /// Its file's name.
    pub(crate) fn file_name(self) -> &'static str {
        match self {
            Self::EventXml => "security.xml",
            Self::Ndjson => "winlogbeat.ndjson",
            Self::Iis => "u_ex261120.log",
            Self::ExchangeSmtp => "RECV20261120-1.LOG",
            Self::Syslog => "messages.log",
        }
    }
}

/// How many records are of interest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mix {
    /// One in a thousand.
    Little,
    /// A domain controller: 35 % 4769, 25 % 4624 and 4634; an Exchange server: 1 % of
    /// the sessions refused.
    Honest,
    /// Every IIS line is a failed logon of somebody.
    All,
}

/// A small generator of numbers (SplitMix64): the same on every machine.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len() as u64) as usize]
    }
}

const USERS: [&str; 16] = [
    "anna", "bernd", "clara", "dieter", "erika", "frank", "gerda", "hans", "ines", "jonas",
    "karin", "lukas", "maria", "nils", "olga", "peter",
];
const SERVERS: [&str; 6] = ["EXCH01$", "FILE02$", "DC01$", "SQL03$", "PRINT01$", "APP07$"];

/// Writes about `bytes` of a log.
pub(crate) fn write(log: Log, mix: Mix, bytes: u64, out: &mut impl Write) -> io::Result<()> {
    let mut numbers = Numbers(0x1064_A5B0);
    let mut text = String::with_capacity(1 << 20);
    let mut clock = Clock { millis: 1_795_132_800_000 };
    let mut written = 0;
    let mut record = 0_u64;
    header(log, &mut text);
    while written + (text.len() as u64) < bytes {
        record += 1;
        clock.millis += numbers.below(40);
        match log {
            Log::EventXml => event_xml(&mut text, &mut numbers, &clock, record, mix),
            Log::Ndjson => ndjson(&mut text, &mut numbers, &clock, record, mix),
            Log::Iis => iis(&mut text, &mut numbers, &clock, record, mix),
            Log::ExchangeSmtp => smtp_session(&mut text, &mut numbers, &mut clock, record, mix),
            Log::Syslog => syslog(&mut text, &mut numbers, &clock, record, mix),
        }
        if text.len() > (1 << 19) {
            written += text.len() as u64;
            out.write_all(text.as_bytes())?;
            text.clear();
        }
    }
    out.write_all(text.as_bytes())
}

struct Clock {
    millis: u64,
}

impl Clock {
    /// Hour, minute, second, millisecond of the day. The day never ends: logs here
    /// are shorter than they look.
    fn parts(&self) -> (u64, u64, u64, u64) {
        let of_day = self.millis % 86_400_000;
        (of_day / 3_600_000, of_day / 60_000 % 60, of_day / 1_000 % 60, of_day % 1_000)
    }

    fn iso(&self) -> String {
        let (h, m, s, ms) = self.parts();
        format!("2026-11-20T{h:02}:{m:02}:{s:02}.{ms:03}")
    }
}

fn header(log: Log, text: &mut String) {
    match log {
        Log::Iis => text.push_str(
            "#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n\
             #Date: 2026-11-20 00:00:00\r\n#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query \
             s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus \
             sc-win32-status time-taken\r\n",
        ),
        Log::ExchangeSmtp => text.push_str(
            "#Software: Microsoft Exchange Server\r\n#Version: 15.0.0.0\r\n\
             #Log-type: SMTP Receive Protocol Log\r\n#Date: 2026-11-20T00:00:00.113Z\r\n\
             #Fields: date-time,connector-id,session-id,sequence-number,local-endpoint,\
             remote-endpoint,event,data,context\r\n",
        ),
        _ => {}
    }
}

/// One of the Security channel's events: its id, and its data.
fn security_event(
    numbers: &mut Numbers,
    record: u64,
    mix: Mix,
) -> (u32, Vec<(&'static str, String)>) {
    let user = numbers.of(&USERS).to_owned();
    let ip = format!("10.0.{}.{}", numbers.below(16), numbers.below(250));
    let s = |text: &str| text.to_owned();
    let interesting = record % 1_000 == 500;
    let dice = numbers.below(100);
    if interesting {
        return (
            4776,
            vec![
                ("PackageName", s("MICROSOFT_AUTHENTICATION_PACKAGE_V1_0")),
                ("TargetUserName", user),
                ("Workstation", s("WS042")),
                ("Status", s("0xc000006a")),
            ],
        );
    }
    let (tickets, logons) = match mix {
        Mix::Honest => (35, 60),
        _ => (30, 70),
    };
    if dice < tickets {
        return (
            4769,
            vec![
                ("TargetUserName", format!("{user}@CONTOSO.COM")),
                ("TargetDomainName", s("CONTOSO.COM")),
                ("ServiceName", s(numbers.of(&SERVERS))),
                ("ServiceSid", s("S-1-5-21-3457937927-2839227994-823803824-1104")),
                ("TicketOptions", s("0x40810000")),
                ("TicketEncryptionType", s("0x12")),
                ("IpAddress", format!("::ffff:{ip}")),
                ("IpPort", (49_152 + numbers.below(16_000)).to_string()),
                ("Status", s("0x0")),
                ("LogonGuid", s("{2f6c1a3e-91b4-4a37-8d1c-5be2b1a7c901}")),
                ("TransmittedServices", s("-")),
            ],
        );
    }
    if dice < logons {
        return (
            if dice.is_multiple_of(3) { 4634 } else { 4624 },
            vec![
                ("SubjectUserSid", s("S-1-0-0")),
                ("SubjectUserName", s("-")),
                ("SubjectDomainName", s("-")),
                ("SubjectLogonId", s("0x0")),
                ("TargetUserSid", s("S-1-5-21-3457937927-2839227994-823803824-1163")),
                ("TargetUserName", user),
                ("TargetDomainName", s("CONTOSO")),
                ("TargetLogonId", format!("0x{:x}", numbers.below(1 << 32))),
                ("LogonType", s("3")),
                ("LogonProcessName", s("Kerberos")),
                ("AuthenticationPackageName", s("Kerberos")),
                ("WorkstationName", s("-")),
                ("LogonGuid", s("{8f4c6b1e-03a2-1d55-9a71-c2f80de1b6a4}")),
                ("TransmittedServices", s("-")),
                ("LmPackageName", s("-")),
                ("KeyLength", s("0")),
                ("ProcessId", s("0x0")),
                ("ProcessName", s("-")),
                ("IpAddress", ip),
                ("IpPort", (49_152 + numbers.below(16_000)).to_string()),
                ("ImpersonationLevel", s("%%1833")),
            ],
        );
    }
    (
        if dice.is_multiple_of(2) { 5156 } else { 4688 },
        vec![
            ("SubjectUserSid", s("S-1-5-18")),
            ("SubjectUserName", s("DC01$")),
            ("SubjectDomainName", s("CONTOSO")),
            ("SubjectLogonId", s("0x3e7")),
            ("NewProcessId", format!("0x{:x}", numbers.below(1 << 16))),
            ("NewProcessName", s("C:\\Windows\\System32\\svchost.exe")),
            ("TokenElevationType", s("%%1936")),
            ("ProcessId", s("0x2a4")),
            ("CommandLine", format!("C:\\Windows\\System32\\svchost.exe -k netsvcs -p -s {user}")),
            ("ParentProcessName", s("C:\\Windows\\System32\\services.exe")),
        ],
    )
}

fn event_xml(text: &mut String, numbers: &mut Numbers, clock: &Clock, record: u64, mix: Mix) {
    let (id, data) = security_event(numbers, record, mix);
    let _ = write!(
        text,
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>\
         <Provider Name='Microsoft-Windows-Security-Auditing' Guid='{{54849625-5478-4994-a5ba-3e3b0328c30d}}'/>\
         <EventID>{id}</EventID><Version>0</Version><Level>0</Level><Task>12544</Task><Opcode>0</Opcode>\
         <Keywords>0x8020000000000000</Keywords><TimeCreated SystemTime='{}4021Z'/>\
         <EventRecordID>{record}</EventRecordID><Correlation/><Execution ProcessID='724' ThreadID='4012'/>\
         <Channel>Security</Channel><Computer>DC01.contoso.com</Computer><Security/></System><EventData>",
        clock.iso()
    );
    for (name, value) in data {
        let _ = write!(text, "<Data Name='{name}'>{value}</Data>");
    }
    text.push_str("</EventData></Event>\n");
}

fn ndjson(text: &mut String, numbers: &mut Numbers, clock: &Clock, record: u64, mix: Mix) {
    let (id, data) = security_event(numbers, record, mix);
    let _ = write!(
        text,
        "{{\"@timestamp\":\"{}Z\",\"@metadata\":{{\"beat\":\"winlogbeat\",\"type\":\"_doc\",\"version\":\"8.15.1\"}},\
         \"event\":{{\"code\":\"{id}\",\"kind\":\"event\",\"provider\":\"Microsoft-Windows-Security-Auditing\",\
         \"action\":\"Logon\",\"outcome\":\"success\",\"created\":\"{}Z\"}},\"host\":{{\"name\":\"dc01.contoso.com\"}},\
         \"log\":{{\"level\":\"information\"}},\"agent\":{{\"name\":\"DC01\",\"type\":\"winlogbeat\",\"version\":\"8.15.1\",\
         \"ephemeral_id\":\"5a1b0a2f-7a55-4b0c-9c2c-6f2a3d1c9f11\",\"id\":\"0c1f1f52-35d7-4a10-8b0e-1b5f6f0f2f10\"}},\
         \"ecs\":{{\"version\":\"8.0.0\"}},\"winlog\":{{\"channel\":\"Security\",\"event_id\":\"{id}\",\
         \"provider_name\":\"Microsoft-Windows-Security-Auditing\",\"provider_guid\":\"{{54849625-5478-4994-a5ba-3e3b0328c30d}}\",\
         \"computer_name\":\"DC01.contoso.com\",\"record_id\":{record},\"task\":\"Logon\",\"opcode\":\"Info\",\
         \"keywords\":[\"Audit Success\"],\"api\":\"wineventlog\",\"version\":2,\
         \"process\":{{\"pid\":724,\"thread\":{{\"id\":4012}}}},\"event_data\":{{",
        clock.iso(),
        clock.iso()
    );
    for (index, (name, value)) in data.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let _ = write!(text, "{comma}\"{name}\":\"{}\"", value.replace('\\', "\\\\"));
    }
    text.push_str("}},\"message\":\"An account was successfully logged on.\\n\\nSubject:\\n\\tSecurity ID:\\t\\tS-1-0-0\\n\\tAccount Name:\\t\\t-\"}\n");
}

fn iis(text: &mut String, numbers: &mut Numbers, clock: &Clock, record: u64, mix: Mix) {
    let (h, m, s, _) = clock.parts();
    let user = numbers.of(&USERS);
    let device = numbers.below(1 << 40);
    let (status, win32) = match (mix, record % 1_000) {
        (Mix::All, _) | (_, 500) => ("401 1", "1326"),
        (Mix::Honest, n) if n % 100 == 7 => ("401 1", "1326"),
        (_, n) if n % 5 == 0 => ("401 1", "2148074254"),
        (_, n) if n % 7 == 0 => ("401 2", "5"),
        _ => ("200 0", "0"),
    };
    let _ = write!(
        text,
        "2026-11-20 {h:02}:{m:02}:{s:02} 10.0.0.25 POST /Microsoft-Server-ActiveSync/default.eas \
         Cmd=Sync&User={user}&DeviceId={device:012X}&DeviceType=iPhone&CorrelationID=<empty>;\
         &cafeReqId={:08x}-6be1-4301-865a-27c1f99599bd; 443 CONTOSO\\{user} 203.0.113.{} \
         Apple-iPhone15C2/2107.102 - {status} {win32} {}\r\n",
        numbers.below(1 << 32),
        numbers.below(250),
        numbers.below(900)
    );
}

fn smtp_session(
    text: &mut String,
    numbers: &mut Numbers,
    clock: &mut Clock,
    record: u64,
    mix: Mix,
) {
    let id = format!("08DE1F0A{record:08X}");
    let peer = format!("198.51.100.{}:{}", numbers.below(250), 20_000 + numbers.below(40_000));
    let (from, to) = (numbers.of(&USERS), numbers.of(&USERS));
    // A session is about twenty rows, so one refused in fifty is one row in a thousand.
    let refused = match mix {
        Mix::Honest => record % 5 == 3,
        _ => record % 50 == 25,
    };
    let recipient = if refused {
        "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain"
    } else {
        "250 2.1.5 Recipient OK"
    };
    let host = format!("mx{}.fabrikam.com", numbers.below(90));
    let size = 2_000 + numbers.below(90_000);
    let rows: [(&str, String, &str); 16] = [
        ("+", String::new(), ""),
        ("*", "SMTPSubmit SMTPAcceptAnySender SMTPAcceptAuthoritativeDomainSender AcceptRoutingHeaders".into(), "Set Session Permissions"),
        (">", "\"220 EXCH01.contoso.com Microsoft ESMTP MAIL Service ready at Fri, 20 Nov 2026 09:38:10 +0000\"".into(), ""),
        ("<", format!("EHLO {host}"), ""),
        (">", format!("250  EXCH01.contoso.com Hello [{}] SIZE 37748736 PIPELINING DSN ENHANCEDSTATUSCODES STARTTLS X-ANONYMOUSTLS AUTH NTLM X-EXPS GSSAPI NTLM 8BITMIME BINARYMIME CHUNKING XRDST", peer.split(':').next().unwrap_or_default()), ""),
        ("<", format!("MAIL FROM:<{from}@fabrikam.com> SIZE={size}"), ""),
        ("*", format!("{id};{}Z;1", clock.iso()), "receiving message"),
        (">", "250 2.1.0 Sender OK".into(), ""),
        ("<", format!("RCPT TO:<{to}@contoso.com>"), ""),
        (">", recipient.into(), ""),
        ("<", "DATA".into(), ""),
        (">", "354 Start mail input; end with <CRLF>.<CRLF>".into(), ""),
        (">", format!("\"250 2.6.0 <{id}@{host}> [InternalId=1679332212747, Hostname=EXCH01.contoso.com] {size} bytes in 0.120, 20.1 KB/sec Queued mail for delivery\""), ""),
        ("<", "QUIT".into(), ""),
        (">", "221 2.0.0 Service closing transmission channel".into(), ""),
        ("-", String::new(), "Local"),
    ];
    for (sequence, (event, data, context)) in rows.iter().enumerate() {
        clock.millis += numbers.below(4);
        let _ = write!(
            text,
            "{}Z,EXCH01\\Default Frontend EXCH01,{id},{sequence},10.0.0.25:25,{peer},{event},{data},{context}\r\n",
            clock.iso()
        );
    }
}

fn syslog(text: &mut String, numbers: &mut Numbers, clock: &Clock, record: u64, mix: Mix) {
    let (h, m, s, _) = clock.parts();
    let user = numbers.of(&USERS);
    let pid = numbers.below(32_000);
    let ip = format!("198.51.{}.{}", numbers.below(250), numbers.below(250));
    let port = 1_024 + numbers.below(60_000);
    let refused = match mix {
        Mix::Honest => record % 100 == 50,
        _ => record % 1_000 == 500,
    };
    let _ = write!(
        text,
        "<{}>Nov 20 {h:02}:{m:02}:{s:02} mx{} ",
        8 + numbers.below(100),
        numbers.below(9)
    );
    let _ = if refused {
        writeln!(
            text,
            "postfix/smtp[{pid}]: 4F1A2B3C4D: to=<kunde@fabrikam.com>, relay=exch01.contoso.com[10.0.0.25]:25, delay=1.2, dsn=5.7.1, status=bounced (host exch01.contoso.com[10.0.0.25] said: 550 5.7.1 Unable to relay (in reply to RCPT TO command))"
        )
    } else {
        match numbers.below(4) {
            0 => writeln!(
                text,
                "sshd[{pid}]: Failed password for invalid user {user} from {ip} port {port} ssh2"
            ),
            1 => writeln!(text, "postfix/smtpd[{pid}]: connect from unknown[{ip}]"),
            2 => writeln!(
                text,
                "CRON[{pid}]: pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)"
            ),
            _ => writeln!(
                text,
                "postfix/qmgr[{pid}]: 4F1A2B3C4D: from=<{user}@contoso.com>, size=3121, nrcpt=1 (queue active)"
            ),
        }
    };
}
