//! What an event is.

use serde::{Deserialize, Serialize};

/// The kinds of events; the names are the contract's.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub enum Kind {
    /// A Windows event in any coat.
    WindowsEvent,
    /// A row of an IIS W3C log.
    Iis,
    /// A row of an Exchange SMTP protocol log.
    ExchangeSmtp,
    /// The facts of the SMTP session of one candidate row.
    ExchangeSmtpSession,
    /// A row of a message tracking log.
    ExchangeTracking,
    /// A row of a connectivity log.
    ExchangeConnectivity,
    /// A row of an HttpProxy log.
    ExchangeHttpProxy,
    /// A row of an IMAP4 or POP3 log.
    ExchangeImapPop,
    /// A row of an OWA instant messaging log.
    ExchangeOwaIm,
    /// A line of netlogon.log.
    Netlogon,
    /// The headers of a mail.
    MailHeaders,
    /// A syslog message whose payload is nothing of the above.
    Syslog,
    /// A JSON object that is nothing of the above.
    Json,
    /// A line of text.
    #[default]
    Text,
    /// What was read of whom; made by the host.
    Coverage,
    /// An alert, for second-stage detectors; made by the host.
    Alert,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 16] = [
        Self::WindowsEvent,
        Self::Iis,
        Self::ExchangeSmtp,
        Self::ExchangeSmtpSession,
        Self::ExchangeTracking,
        Self::ExchangeConnectivity,
        Self::ExchangeHttpProxy,
        Self::ExchangeImapPop,
        Self::ExchangeOwaIm,
        Self::Netlogon,
        Self::MailHeaders,
        Self::Syslog,
        Self::Json,
        Self::Text,
        Self::Coverage,
        Self::Alert,
    ];

    /// The kind's name in subscriptions and output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::WindowsEvent => "windows-event",
            Self::Iis => "iis",
            Self::ExchangeSmtp => "exchange-smtp",
            Self::ExchangeSmtpSession => "exchange-smtp-session",
            Self::ExchangeTracking => "exchange-tracking",
            Self::ExchangeConnectivity => "exchange-connectivity",
            Self::ExchangeHttpProxy => "exchange-httpproxy",
            Self::ExchangeImapPop => "exchange-imap-pop",
            Self::ExchangeOwaIm => "exchange-owa-im",
            Self::Netlogon => "netlogon",
            Self::MailHeaders => "mail-headers",
            Self::Syslog => "syslog",
            Self::Json => "json",
            Self::Text => "text",
            Self::Coverage => "coverage",
            Self::Alert => "alert",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The kind's place among all kinds, for tables.
    pub const fn index(self) -> usize {
        self as usize
    }
}
