//! The formats of streams.

use crate::frame::Framing;
use serde::{Deserialize, Serialize};

/// A format that can be asked for or recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Format {
    /// Event XML.
    WinEventXml,
    /// Windows events as JSON.
    WinEventJson,
    /// Windows events as text: copied blocks, rendered messages.
    WinEventText,
    /// Windows event log files.
    Evtx,
    /// Syslog lines, with or without priority.
    Syslog,
    /// W3C extended logs.
    W3c,
    /// Exchange's own logs.
    ExchangeCsv,
    /// OWA's instant messaging log.
    OwaIm,
    /// netlogon.log of domain controllers.
    Netlogon,
    /// Mails and header blocks.
    Mail,
    /// JSON objects.
    Ndjson,
    /// Lines of text.
    Text,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 12] = [
        Self::WinEventXml,
        Self::WinEventJson,
        Self::WinEventText,
        Self::Evtx,
        Self::Syslog,
        Self::W3c,
        Self::ExchangeCsv,
        Self::OwaIm,
        Self::Netlogon,
        Self::Mail,
        Self::Ndjson,
        Self::Text,
    ];

    /// The format's name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::WinEventXml => "winevent-xml",
            Self::WinEventJson => "winevent-json",
            Self::WinEventText => "winevent-text",
            Self::Evtx => "evtx",
            Self::Syslog => "syslog",
            Self::W3c => "w3c",
            Self::ExchangeCsv => "exchange-csv",
            Self::OwaIm => "owa-im",
            Self::Netlogon => "netlogon",
            Self::Mail => "mail",
            Self::Ndjson => "ndjson",
            Self::Text => "text",
        }
    }

    /// The format of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// How its records are delimited, unless the stream's beginning says otherwise.
    pub(crate) const fn framing(self) -> Framing {
        match self {
            Self::WinEventXml => Framing::EventXml,
            Self::WinEventText => Framing::WindowsBlocks,
            Self::ExchangeCsv | Self::OwaIm => Framing::DatedLines,
            Self::Mail => Framing::Whole,
            // EVTX has no frames; its reader cuts chunks.
            Self::WinEventJson
            | Self::Evtx
            | Self::Syslog
            | Self::W3c
            | Self::Netlogon
            | Self::Ndjson
            | Self::Text => Framing::Lines,
        }
    }
}
