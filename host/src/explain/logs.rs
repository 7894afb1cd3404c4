//! Which logs give events of a kind.

use logwasp_core::event::Kind;

/// The log that has to be there, in words.
pub(super) fn of(kind: Kind) -> &'static str {
    match kind {
        Kind::WindowsEvent => "event logs of Windows (EVTX, XML, JSON, or forwarded)",
        Kind::Iis => "W3C logs of IIS",
        Kind::ExchangeSmtp | Kind::ExchangeSmtpSession => {
            "SMTP protocol logs of Exchange (receive and send)"
        }
        Kind::ExchangeTracking => "message tracking logs of Exchange",
        Kind::ExchangeConnectivity => "connectivity logs of Exchange",
        Kind::ExchangeHttpProxy => "HttpProxy logs of Exchange",
        Kind::ExchangeImapPop => "IMAP4 and POP3 protocol logs of Exchange",
        Kind::ExchangeOwaIm => "OWA instant messaging logs of Exchange",
        Kind::Netlogon => "netlogon.log of domain controllers",
        Kind::MailHeaders => "mails, or their header blocks",
        Kind::Syslog => "syslog of gateways and devices",
        Kind::Json => "JSON objects, one a line",
        Kind::Text => "lines of text",
        Kind::Coverage => "nothing: the host makes them of every log with times",
        Kind::Alert => "nothing: they are the alerts of the other detectors",
    }
}
